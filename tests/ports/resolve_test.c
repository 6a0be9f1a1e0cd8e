/* SPDX-License-Identifier: Apache-2.0 */
/* Names, by a resolver that has no network to ask. */
#include "tests/support/support.h"

#include <firth/port.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CAPACITY = 16 };

/* The call as most tests want it: into an array, with the system's code. */
static int resolve(const char *host, const char *service, firth_address *addresses, size_t capacity, int *os_code)
{
    const firth_port_name name = {.host = host, .service = service};
    firth_port_answer answer = {.os_code = -1};
    int count = firth_port_resolve(&name, &answer);

    *os_code = answer.os_code;
    for (int i = 0; i < count && (size_t)i < capacity; i++)
        addresses[i] = answer.addresses[i];
    firth_port_release(answer.addresses);
    return count;
}

static bool is_loopback(const firth_address *address)
{
    static const unsigned char ipv6[16] = {[15] = 1};

    if (address->family == FIRTH_FAMILY_IPV4)
        return address->ip[0] == 127;
    return address->family == FIRTH_FAMILY_IPV6 && memcmp(address->ip, ipv6, sizeof ipv6) == 0;
}

static void localhost_is_this_machine_at_the_port_asked_for(void **state)
{
    firth_address addresses[CAPACITY];
    int os_code = -1, count = resolve("localhost", "9002", addresses, CAPACITY, &os_code);

    (void)state;
    assert_true(count >= 1);
    assert_int_equal(os_code, 0);
    for (int i = 0; i < count; i++) {
        assert_true(is_loopback(&addresses[i]));
        assert_int_equal(addresses[i].port, 9002);
    }
}

/* ---- a host of several addresses --------------------------------------------------------------------------------- */

enum { CANNOT = 77 };

/* In the child alone, a table of hosts with a host of three addresses, one of which stands there twice. */
static void set_hosts(void)
{
    static const char hosts[] = "127.0.0.2 several\n127.0.0.2 several\n127.0.0.3 several\n::1 several\n";
    char path[] = "/tmp/firth-hosts-XXXXXX";
    int file = mkstemp(path);
    bool done = file >= 0 && write(file, hosts, sizeof hosts - 1) == (ssize_t)sizeof hosts - 1 &&
                fchmod(file, 0644) == 0 && (unshare(CLONE_NEWNS) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0) &&
                mount("none", "/", "none", MS_REC | MS_PRIVATE, "") == 0 &&
                mount(path, "/etc/hosts", "none", MS_BIND, "") == 0;

    (void)unlink(path);
    if (!done)
        _exit(CANNOT);
}

static void resolve_several(void *argument)
{
    int os_code = -1, count;
    firth_address addresses[CAPACITY];

    (void)argument;
    set_hosts();
    count = resolve("several", NULL, addresses, CAPACITY, &os_code);
    if (count != 3 || os_code != 0)
        (void)support_differs(__FILE__, __LINE__, "addresses", count, 3);
    for (int i = 0; i < count; i++)
        for (int j = 0; j < i; j++)
            if (firth_address_equal(&addresses[i], &addresses[j]))
                (void)support_failed(__FILE__, __LINE__, "an address came twice");
}

static void each_address_comes_once(void **state)
{
    char text[4096];
    int status = support_in_child(resolve_several, NULL, text, sizeof text);

    (void)state;
    if (status == CANNOT << 8) {
        print_message("this process may not have an /etc/hosts of its own\n");
        skip();
    }
    if (status != 0)
        print_error("%s", text);
    assert_int_equal(status, 0);
}

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

static void without_a_host_the_port_of_a_service_is_told(void **state)
{
    struct servent *service = getservbyname("https", "tcp");
    firth_port_name name = {.service = "no-such-service"};
    firth_port_answer answer;
    firth_address address;
    int os_code;

    (void)state;
    assert_int_equal(firth_port_resolve(&name, &answer), FIRTH_ERR_NAME_NOT_FOUND);
    assert_string_equal(answer.step, "service");
    assert_null(answer.addresses);
    if (service == NULL)
        return; /* a system without a table of them, as a container may be */
    assert_true(resolve(NULL, "https", &address, 1, &os_code) >= 1);
    assert_int_equal(address.port, ntohs((uint16_t)service->s_port));
}

static void numbers_are_names_too(void **state)
{
    firth_address address;
    int os_code;

    (void)state;
    assert_int_equal(resolve("192.0.2.7", "80", &address, 1, &os_code), 1);
    assert_string_equal(firth_address_text(&address).text, "192.0.2.7:80");
    assert_int_equal(resolve("2001:db8::7", "80", &address, 1, &os_code), 1);
    assert_string_equal(firth_address_text(&address).text, "[2001:db8::7]:80");
}

static void a_scope_id_is_kept(void **state)
{
    firth_address address;
    int os_code;

    (void)state;
    if (resolve("fe80::1%1", "80", &address, 1, &os_code) != 1) {
        print_message("this resolver knows no scope ids\n");
        skip();
    }
    assert_int_equal(address.scope_id, 1);
}

/* ---- failures ---------------------------------------------------------------------------------------------------- */

/* Without a network of its own no name server can be reached; where that is not allowed it is whatever there is. */
static void resolve_offline(void *argument)
{
    firth_address address;
    int os_code = 0, rc;

    (void)unshare(CLONE_NEWUSER | CLONE_NEWNET);
    rc = resolve(argument, "80", &address, 1, &os_code);
    fprintf(stderr, "%s %d\n", firth_error_name(rc), os_code);
}

static void failure_of(const char *host, char *name, size_t size, int *os_code)
{
    char text[4096], *line, *number;
    int status = support_in_child(resolve_offline, (void *)(uintptr_t)host, text, sizeof text);

    assert_int_equal(status, 0);
    line = strstr(text, "FIRTH_");
    assert_non_null(line);
    number = strchr(line, ' ');
    assert_non_null(number);
    *os_code = (int)strtol(number, NULL, 10);
    *number = '\0';
    snprintf(name, size, "%s", line);
}

static void a_name_that_cannot_be_is_a_failure_with_the_resolvers_code(void **state)
{
    char name[64];
    int os_code;
    int64_t start_ns = firth_port_now_ns();

    (void)state;
    failure_of("no-such-host.invalid", name, sizeof name, &os_code); /* RFC 6761 §6.4 */
    if (os_code == EAI_NONAME)
        assert_string_equal(name, "FIRTH_ERR_NAME_NOT_FOUND");
    else
        assert_string_equal(name, os_code == EAI_AGAIN ? "FIRTH_ERR_NAME_TRY_AGAIN" : "FIRTH_ERR_NAME_FAILED");
    assert_int_not_equal(os_code, 0);
    assert_in_range(firth_port_now_ns() - start_ns, 0, 30 * INT64_C(1000000000));
}

/* 64 letters are one too many for a part of a name (RFC 1035 §2.3.4), so nobody is asked. */
static void a_name_of_impossible_form_is_a_failure(void **state)
{
    char host[65], name[64];
    int os_code;

    (void)state;
    memset(host, 'a', 64);
    host[64] = '\0';
    failure_of(host, name, sizeof name, &os_code);
    assert_non_null(strstr(name, "FIRTH_ERR_NAME_"));
    assert_int_not_equal(os_code, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(localhost_is_this_machine_at_the_port_asked_for),
        cmocka_unit_test(each_address_comes_once),
        cmocka_unit_test(without_a_host_the_port_of_a_service_is_told),
        cmocka_unit_test(numbers_are_names_too),
        cmocka_unit_test(a_scope_id_is_kept),
        cmocka_unit_test(a_name_that_cannot_be_is_a_failure_with_the_resolvers_code),
        cmocka_unit_test(a_name_of_impossible_form_is_a_failure),
    };

    return support_main(argc, argv, "resolve", tests, sizeof tests / sizeof *tests);
}
