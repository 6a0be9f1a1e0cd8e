/* SPDX-License-Identifier: Apache-2.0 */
/* firth_resolve, against what the system's resolver says when it is asked directly. */
#include "tests/support/support.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

enum { CAPACITY = 32 };

TASK_TEST(a_name_has_the_systems_addresses_in_the_systems_order)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
    firth_address addresses[CAPACITY];
    int count = firth_resolve("localhost", "9002", NULL, addresses, CAPACITY), i = 0;

    EXPECT(count >= 1 && count <= CAPACITY);
    EXPECT_EQUAL(getaddrinfo("localhost", "9002", &hints, &list), 0);
    for (const struct addrinfo *info = list; info != NULL; info = info->ai_next) {
        char host[64], text[80];
        bool six = info->ai_family == AF_INET6;

        EXPECT_EQUAL(getnameinfo(info->ai_addr, info->ai_addrlen, host, sizeof host, NULL, 0, NI_NUMERICHOST), 0);
        snprintf(text, sizeof text, six ? "[%s]:9002" : "%s:9002", host);
        if (i < count && strcmp(firth_address_text(&addresses[i]).text, text) == 0)
            i++; /* else it came twice */
    }
    freeaddrinfo(list);
    EXPECT_EQUAL(i, count);
    return FIRTH_OK;
}

TASK_TEST(a_family_can_be_chosen)
{
    static const firth_family families[] = {FIRTH_FAMILY_IPV4, FIRTH_FAMILY_IPV6};
    int found = 0;

    for (int i = 0; i < 2; i++) {
        const firth_resolve_options options = {.family = families[i]};
        firth_address addresses[CAPACITY];
        int count = firth_resolve("localhost", NULL, &options, addresses, CAPACITY);

        EXPECT(count == FIRTH_ERR_NAME_NOT_FOUND || count >= 1);
        for (int j = 0; j < count; j++, found++)
            EXPECT_EQUAL(addresses[j].family, families[i]);
    }
    EXPECT(found >= 1);
    return FIRTH_OK;
}

static int run_without_threads(firth_scope *scope, void *argument)
{
    static const struct {
        const char *host;
        const char *service;
        const char *text;
    } rows[] = {
        {"192.0.2.7", "80", "192.0.2.7:80"},       {"192.0.2.7", NULL, "192.0.2.7:0"},
        {"192.0.2.7", "", "192.0.2.7:0"},          {"192.0.2.7", "65535", "192.0.2.7:65535"},
        {"192.0.2.7", "0", "192.0.2.7:0"},         {"192.0.2.7", "00080", "192.0.2.7:80"},
        {"2001:db8::7", "80", "[2001:db8::7]:80"}, {"[2001:db8::7]", "80", "[2001:db8::7]:80"},
        {"fe80::1%3", "80", "[fe80::1%3]:80"},
    };
    firth_address address;

    (void)scope;
    (void)argument;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        EXPECT_EQUAL(firth_resolve(rows[i].host, rows[i].service, NULL, &address, 1), 1);
        EXPECT(strcmp(firth_address_text(&address).text, rows[i].text) == 0);
    }
    EXPECT_EQUAL(firth_resolve("localhost", "80", NULL, &address, 1), FIRTH_ERR_NOT_SUPPORTED);
    EXPECT(strcmp(firth_last_failure()->step, "option resolver_threads") == 0);
    EXPECT_EQUAL(firth_resolve("192.0.2.7", "https", NULL, &address, 1), FIRTH_ERR_NOT_SUPPORTED);
    return FIRTH_OK;
}

static void numeric_addresses_never_leave_the_thread(void **state)
{
    firth_selector_options options = support_options();

    options.resolver_threads = 0;
    support_run_with(&options, run_without_threads, *state);
}

/* Forms of inet_aton(3), which systems read differently, and what is no address at all. */
TASK_TEST(what_looks_like_an_address_and_is_none_is_refused_at_once)
{
    static const char *const hosts[] = {
        "1.2.3",     "127.1",          "2130706433",         "0x7f.1", "0x7f000001",  "0177.0.0.1", "010.0.0.1",
        "1.2.3.4.5", "256.0.0.1",      "127.0.0.1.",         "1.2.3 ", "127.0.0.1 x", "::1::2",     "1:2",
        "[::1",      "[127.0.0.1]:80", "fe80::1%no-such-one"};
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_address address;
    firth_socket *socket;

    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        EXPECT_EQUAL(firth_resolve(hosts[i], "80", NULL, &address, 1), FIRTH_ERR_ADDRESS_INVALID);
        EXPECT(strcmp(firth_last_failure()->step, "host") == 0);
        EXPECT(strstr(firth_last_failure()->detail, hosts[i]) != NULL);
        EXPECT_EQUAL(firth_resolve(hosts[i], "https", NULL, &address, 1), FIRTH_ERR_ADDRESS_INVALID);
        EXPECT_EQUAL(firth_tcp_connect(&tcp, hosts[i], 80, &socket), FIRTH_ERR_ADDRESS_INVALID);
    }
    return FIRTH_OK;
}

TASK_TEST(a_scope_may_be_an_interface_by_name)
{
    firth_interface all[1], one;
    firth_address address;
    char host[sizeof one.name + 16];

    EXPECT(firth_interfaces(all, 1) >= 1);
    one = all[0];
    snprintf(host, sizeof host, "fe80::1%%%s", one.name);
    EXPECT_EQUAL(firth_resolve(host, "80", NULL, &address, 1), 1);
    EXPECT_EQUAL(address.scope_id, one.index);
    EXPECT_EQUAL(address.port, 80);
    return FIRTH_OK;
}

TASK_TEST(a_service_by_name_goes_with_a_numeric_address_of_any_form)
{
    static const char *const hosts[] = {"192.0.2.7", "2001:db8::7", "[2001:db8::7]", "fe80::1%3"};
    struct servent *service = getservbyname("https", "tcp");

    if (service == NULL)
        return FIRTH_OK; /* a system without a table of them, as a container may be */
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        firth_address expected, address;

        EXPECT_EQUAL(firth_address_make(&expected, hosts[i], ntohs((uint16_t)service->s_port)), FIRTH_OK);
        EXPECT_EQUAL(firth_resolve(hosts[i], "https", NULL, &address, 1), 1);
        EXPECT(firth_address_equal(&address, &expected));
    }
    return FIRTH_OK;
}

TASK_TEST(a_numeric_address_of_another_family_is_none)
{
    const firth_resolve_options four = {.family = FIRTH_FAMILY_IPV4}, six = {.family = FIRTH_FAMILY_IPV6};
    firth_address address;

    EXPECT_EQUAL(firth_resolve("192.0.2.7", "80", &four, &address, 1), 1);
    EXPECT_EQUAL(firth_resolve("192.0.2.7", "80", &six, &address, 1), FIRTH_ERR_NAME_NOT_FOUND);
    EXPECT_EQUAL(firth_resolve("::1", "80", &six, &address, 1), 1);
    EXPECT_EQUAL(firth_resolve("::1", "80", &four, &address, 1), FIRTH_ERR_NAME_NOT_FOUND);
    EXPECT_EQUAL(firth_resolve("::1", "http", &four, &address, 1), FIRTH_ERR_NAME_NOT_FOUND);
    return FIRTH_OK;
}

/* The numbers are those of the system's own services(5), if it has one. */
TASK_TEST(a_service_has_its_port_of_tcp_or_udp)
{
    static const struct {
        const char *name;
        bool datagrams;
    } rows[] = {{"https", false}, {"domain", false}, {"domain", true}, {"tftp", true}, {"ntp", true}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const firth_resolve_options options = {.datagrams = rows[i].datagrams};
        struct servent *service = getservbyname(rows[i].name, rows[i].datagrams ? "udp" : "tcp");
        firth_address address;
        int rc = firth_resolve("127.0.0.1", rows[i].name, &options, &address, 1);

        if (service == NULL) {
            EXPECT_EQUAL(rc, FIRTH_ERR_NAME_NOT_FOUND);
        } else {
            EXPECT_EQUAL(rc, 1);
            EXPECT_EQUAL(address.port, ntohs((uint16_t)service->s_port));
        }
    }
    return FIRTH_OK;
}

TASK_TEST(what_is_no_service_is_said_to_be_none)
{
    char long_one[100];
    firth_address address;

    memset(long_one, 'a', sizeof long_one - 1);
    long_one[sizeof long_one - 1] = '\0';
    EXPECT_EQUAL(firth_resolve("127.0.0.1", "no-such-service", NULL, &address, 1), FIRTH_ERR_NAME_NOT_FOUND);
    EXPECT(strcmp(firth_last_failure()->step, "service") == 0);
    EXPECT_EQUAL(firth_resolve("127.0.0.1", long_one, NULL, &address, 1), FIRTH_ERR_NAME_NOT_FOUND);
    EXPECT(strcmp(firth_last_failure()->step, "service") == 0);
    EXPECT_EQUAL(firth_resolve("127.0.0.1", "-1", NULL, &address, 1), FIRTH_ERR_NAME_NOT_FOUND);
    EXPECT_EQUAL(firth_resolve("127.0.0.1", "+80", NULL, &address, 1), FIRTH_ERR_NAME_NOT_FOUND);
    EXPECT_EQUAL(firth_resolve("127.0.0.1", " 80", NULL, &address, 1), FIRTH_ERR_NAME_NOT_FOUND);
    EXPECT_EQUAL(firth_resolve("127.0.0.1", "65536", NULL, &address, 1), FIRTH_ERR_PORT_RANGE);
    EXPECT_EQUAL(firth_resolve("127.0.0.1", "99999999999999999999", NULL, &address, 1), FIRTH_ERR_PORT_RANGE);
    return FIRTH_OK;
}

TASK_TEST(what_is_no_name_is_refused_before_anybody_is_asked)
{
    const firth_resolve_options odd = {.family = (firth_family)5};
    char long_one[1000];
    firth_address address;

    memset(long_one, 'a', sizeof long_one - 1);
    long_one[sizeof long_one - 1] = '\0';
    EXPECT_EQUAL(firth_resolve(NULL, "80", NULL, &address, 1), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_resolve("", "80", NULL, &address, 1), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_resolve("localhost", "80", NULL, NULL, 1), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_resolve("localhost", "80", &odd, &address, 1), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_resolve(long_one, "80", NULL, &address, 1), FIRTH_ERR_NAME_NOT_FOUND);
    return FIRTH_OK;
}

TASK_TEST(no_more_addresses_are_stored_than_there_is_room_for)
{
    firth_address addresses[CAPACITY], untouched;
    int count = firth_resolve("localhost", NULL, NULL, addresses, CAPACITY);

    memset(&untouched, 0x5a, sizeof untouched);
    memset(addresses, 0x5a, sizeof addresses);
    EXPECT_EQUAL(firth_resolve("localhost", NULL, NULL, NULL, 0), count);
    EXPECT_EQUAL(firth_resolve("127.0.0.1", NULL, NULL, NULL, 0), 1);
    EXPECT_EQUAL(firth_resolve("localhost", NULL, NULL, addresses, 1), count);
    EXPECT_BYTES(&addresses[1], &untouched, sizeof untouched);
    return FIRTH_OK;
}

TASK_TEST(in_a_cancelled_scope_nothing_is_resolved)
{
    firth_scope inner;
    firth_address address;

    firth_scope_open(&inner, scope, NULL);
    firth_scope_cancel(&inner);
    EXPECT_EQUAL(firth_resolve("localhost", NULL, NULL, &address, 1), FIRTH_ERR_CANCELED);
    EXPECT_EQUAL(firth_resolve("127.0.0.1", NULL, NULL, &address, 1), FIRTH_ERR_CANCELED);
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_OK), FIRTH_OK);
    return FIRTH_OK;
}

static int resolve_one(firth_scope *scope, void *argument)
{
    firth_address address;
    int rc = firth_resolve("localhost", NULL, NULL, &address, 1);

    (void)scope;
    *(int *)argument += rc >= 1;
    return rc >= 1 || rc == FIRTH_ERR_CANCELED ? FIRTH_OK : rc;
}

/* The cancel comes before, during and after the answer: whoever got one keeps it, and nothing is left. */
TASK_TEST(cancel_at_any_moment_leaves_nothing)
{
    int answered = 0;

    for (int round = 0; round < 200; round++) {
        firth_scope asking;

        firth_scope_open(&asking, scope, NULL);
        for (int i = 0; i < 3; i++)
            EXPECT_EQUAL(firth_spawn(&asking, resolve_one, &answered, NULL), FIRTH_OK);
        for (int i = 0, before = answered; i < round % 10 || (round % 3 == 0 && answered == before); i++)
            EXPECT_EQUAL(firth_yield(), FIRTH_OK);
        firth_scope_cancel(&asking);
        EXPECT_EQUAL(firth_scope_close(&asking, FIRTH_OK), FIRTH_OK);
    }
    EXPECT(answered > 0 && answered < 600);
    return FIRTH_OK;
}

TASK_TEST(many_names_at_once_are_all_resolved)
{
    enum { COUNT = 300 };
    int answered = 0;
    firth_scope asking;

    firth_scope_open(&asking, scope, NULL);
    for (int i = 0; i < COUNT; i++)
        EXPECT_EQUAL(firth_spawn(&asking, resolve_one, &answered, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_scope_close(&asking, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(answered, COUNT);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_has_the_systems_addresses_in_the_systems_order),
        cmocka_unit_test(a_family_can_be_chosen),
        cmocka_unit_test(numeric_addresses_never_leave_the_thread),
        cmocka_unit_test(what_looks_like_an_address_and_is_none_is_refused_at_once),
        cmocka_unit_test(a_scope_may_be_an_interface_by_name),
        cmocka_unit_test(a_service_by_name_goes_with_a_numeric_address_of_any_form),
        cmocka_unit_test(a_numeric_address_of_another_family_is_none),
        cmocka_unit_test(a_service_has_its_port_of_tcp_or_udp),
        cmocka_unit_test(what_is_no_service_is_said_to_be_none),
        cmocka_unit_test(what_is_no_name_is_refused_before_anybody_is_asked),
        cmocka_unit_test(no_more_addresses_are_stored_than_there_is_room_for),
        cmocka_unit_test(in_a_cancelled_scope_nothing_is_resolved),
        cmocka_unit_test(cancel_at_any_moment_leaves_nothing),
        cmocka_unit_test(many_names_at_once_are_all_resolved),
    };

    return support_main(argc, argv, "resolve", tests, sizeof tests / sizeof *tests);
}
