/* SPDX-License-Identifier: Apache-2.0 */
/* The interfaces of this machine, against what others say of them: /sys/class/net and ip(8). */
#include "tests/support/skip.h"
#include "tests/support/support.h"

#include <dirent.h>
#include <errno.h>
#include <firth/port.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CAPACITY = 64, CANNOT = 77 };

/* In children as well, so not by cmocka's assertions. */
#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            (void)support_failed(__FILE__, __LINE__, #condition);                                                      \
            return;                                                                                                    \
        }                                                                                                              \
    } while (0)

static int all_of_them(firth_interface *interfaces)
{
    int count = firth_interfaces(interfaces, CAPACITY);

    assert_in_range(count, 1, CAPACITY);
    return count;
}

/* ---- /sys/class/net ------------------------------------------------------------------------------------------------ */

static unsigned long told(const char *name, const char *what, int base)
{
    char path[512], text[64] = "";
    FILE *file;

    snprintf(path, sizeof path, "/sys/class/net/%s/%s", name, what);
    file = fopen(path, "re");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof text, file));
    fclose(file);
    return strtoul(text, NULL, base);
}

static void sysfs_tells_the_same(void **state)
{
    DIR *folder = opendir("/sys/class/net");
    firth_interface interfaces[CAPACITY];
    int count = all_of_them(interfaces), links = 0;

    (void)state;
    if (folder == NULL) {
        SKIP("there is no /sys/class/net");
        return;
    }
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
        links += entry->d_type == DT_LNK; /* the bonding driver has a file there */
    closedir(folder);
    assert_int_equal(count, links);
    for (int i = 0; i < count; i++) {
        const firth_interface *one = &interfaces[i];
        unsigned long flags = told(one->name, "flags", 16);

        print_message("%s\n", one->name);
        assert_int_equal(one->index, told(one->name, "ifindex", 10));
        assert_int_equal(one->mtu_bytes, told(one->name, "mtu", 10));
        assert_int_equal((one->flags & FIRTH_INTERFACE_UP) != 0, (flags & IFF_UP) != 0);
        assert_int_equal((one->flags & FIRTH_INTERFACE_LOOPBACK) != 0, (flags & IFF_LOOPBACK) != 0);
        assert_int_equal((one->flags & FIRTH_INTERFACE_BROADCAST) != 0, (flags & IFF_BROADCAST) != 0);
        assert_int_equal((one->flags & FIRTH_INTERFACE_POINT_TO_POINT) != 0, (flags & IFF_POINTOPOINT) != 0);
        assert_int_equal((one->flags & FIRTH_INTERFACE_MULTICAST) != 0, (flags & IFF_MULTICAST) != 0);
    }
}

static void loopback_is_up_runs_and_has_its_address(void **state)
{
    firth_interface interfaces[CAPACITY];
    int count = all_of_them(interfaces);

    (void)state;
    for (int i = 0; i < count; i++) {
        firth_subnet addresses[CAPACITY];
        int found = 0, several;

        if ((interfaces[i].flags & FIRTH_INTERFACE_LOOPBACK) == 0)
            continue;
        several = firth_interface_addresses(interfaces[i].index, addresses, CAPACITY);
        assert_in_range(several, 1, CAPACITY);
        for (int j = 0; j < several; j++)
            found += firth_address_classify(&addresses[j].address) == FIRTH_ADDRESS_LOOPBACK;
        assert_true(found > 0);
        assert_true((interfaces[i].flags & FIRTH_INTERFACE_UP) != 0);
        assert_true((interfaces[i].flags & FIRTH_INTERFACE_RUNNING) != 0);
        return;
    }
    fail_msg("no loopback");
}

/* ---- names and numbers --------------------------------------------------------------------------------------------- */

static void name_and_index_find_each_other(void **state)
{
    firth_interface interfaces[CAPACITY], found;
    int count = all_of_them(interfaces);

    (void)state;
    for (int i = 0; i < count; i++) {
        assert_true(i == 0 || interfaces[i].index > interfaces[i - 1].index);
        assert_int_equal(firth_interface_by_name(interfaces[i].name, &found), FIRTH_OK);
        assert_memory_equal(&found, &interfaces[i], sizeof found);
        assert_int_equal(firth_interface_by_index(interfaces[i].index, &found), FIRTH_OK);
        assert_memory_equal(&found, &interfaces[i], sizeof found);
        assert_int_equal(interfaces[i].index, if_nametoindex(interfaces[i].name));
    }
}

static void what_is_no_interface_is_not_found(void **state)
{
    static const char *const names[] = {"", "no-such-one", "a-name-that-is-too-long-for-any-interface", NULL};
    firth_interface found;
    firth_subnet address;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(firth_interface_by_name(names[i], &found), FIRTH_ERR_ADDRESS_NOT_AVAILABLE);
    assert_int_equal(firth_interface_by_index(0, &found), FIRTH_ERR_ADDRESS_NOT_AVAILABLE);
    assert_int_equal(firth_interface_by_index(INT32_MAX, &found), FIRTH_ERR_ADDRESS_NOT_AVAILABLE);
    assert_int_equal(firth_interface_addresses(INT32_MAX, &address, 1), FIRTH_ERR_ADDRESS_NOT_AVAILABLE);
    assert_int_equal(firth_last_failure()->os_code, ENXIO);
}

static void no_more_are_stored_than_there_is_room_for(void **state)
{
    firth_interface interfaces[CAPACITY], few[2];
    int count = all_of_them(interfaces);

    (void)state;
    assert_int_equal(firth_interfaces(NULL, 0), count);
    memset(few, 0x5a, sizeof few);
    assert_int_equal(firth_interfaces(few, 1), count);
    assert_memory_equal(&few[0], &interfaces[0], sizeof few[0]);
    for (size_t i = 0; i < sizeof few[1]; i++)
        assert_int_equal(((const unsigned char *)&few[1])[i], 0x5a);
}

/* ---- ip(8), in a network of its own --------------------------------------------------------------------------------- */

static void enter_network_of(const char *const *commands, size_t count)
{
    if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        _exit(CANNOT);
    for (size_t i = 0; i < count; i++) {
        char line[256];

        snprintf(line, sizeof line, "%s >/dev/null 2>&1", commands[i]);
        if (system(line) != 0) /* NOLINT(concurrency-mt-unsafe): the child's only thread */
            _exit(CANNOT);
    }
}

static const char *const two_ends[] = {
    "ip link set lo up",
    "ip link add firth0 type veth peer name firth1",
    "ip link set firth0 mtu 1400 up",
    "ip link set firth1 up",
    "ip addr add 10.9.8.7/20 dev firth0",
    "ip addr add 10.9.8.8/31 dev firth0 label firth0:also",
    "ip addr add 10.1.1.1 peer 10.1.1.2/32 dev firth1",
    "ip -6 addr add 2001:db8::5/57 dev firth0 nodad",
    "ip -6 addr add fe80::5/64 dev firth1 nodad",
};

/* A line of "ip -o addr show": "3: firth0    inet 10.9.8.7/20 …", or "… inet 10.1.1.1 peer 10.1.1.2/32 …", whose
 * prefix is of the peer's address. */
static void check_line(const char *line, int *lines)
{
    char name[64], family[16], text[128], slash[128];
    firth_subnet expected, addresses[CAPACITY];
    unsigned index;
    int count, found = 0;

    CHECK(sscanf(line, "%u: %63s %15s %127s peer %127s", &index, name, family, text, slash) >= 4);
    if (strchr(text, '/') == NULL)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s", strchr(slash, '/'));
    CHECK(firth_subnet_parse(&expected, text) == FIRTH_OK);
    count = firth_interface_addresses(index, addresses, CAPACITY);
    CHECK(count > 0 && count <= CAPACITY);
    for (int i = 0; i < count; i++) {
        bool link_local = firth_address_classify(&addresses[i].address) == FIRTH_ADDRESS_LINK_LOCAL;

        if (strcmp(family, "inet6") == 0 && link_local)
            CHECK(addresses[i].address.scope_id == index);
        addresses[i].address.scope_id = 0;
        found += strcmp(firth_subnet_text(&addresses[i]).text, firth_subnet_text(&expected).text) == 0;
    }
    if (found != 1)
        (void)support_differs(line, __LINE__, "addresses like this", found, 1);
    ++*lines;
}

/* The system notes it some time later; it gets ten seconds. */
static void wait_until_carrier_is_lost(const char *name, firth_interface *interface)
{
    int64_t end_ns = firth_port_now_ns() + 10 * INT64_C(1000000000);

    do {
        CHECK(firth_interface_by_name(name, interface) == FIRTH_OK);
        sched_yield();
    } while ((interface->flags & FIRTH_INTERFACE_RUNNING) != 0 && firth_port_now_ns() < end_ns);
}

static void compare_with_ip(void *argument)
{
    firth_interface interfaces[CAPACITY], firth0 = {.index = 0};
    FILE *output;
    char line[512];
    int lines = 0, addresses = 0, count;

    (void)argument;
    enter_network_of(two_ends, sizeof two_ends / sizeof two_ends[0]);
    output = popen("ip -o addr show", "re"); /* NOLINT(cert-env33-c): a test's own words */
    CHECK(output != NULL);
    while (fgets(line, sizeof line, output) != NULL)
        check_line(line, &lines);
    pclose(output);
    count = firth_interfaces(interfaces, CAPACITY);
    CHECK(count == 3); /* and with those that have no address */
    for (int i = 0; i < count; i++)
        addresses += firth_interface_addresses(interfaces[i].index, NULL, 0);
    CHECK(addresses == lines && lines >= 7);
    CHECK(firth_interface_by_name("firth0", &firth0) == FIRTH_OK);
    CHECK(firth0.mtu_bytes == 1400);
    CHECK((firth0.flags & (FIRTH_INTERFACE_UP | FIRTH_INTERFACE_RUNNING | FIRTH_INTERFACE_BROADCAST |
                           FIRTH_INTERFACE_MULTICAST | FIRTH_INTERFACE_LOOPBACK)) ==
          (FIRTH_INTERFACE_UP | FIRTH_INTERFACE_RUNNING | FIRTH_INTERFACE_BROADCAST | FIRTH_INTERFACE_MULTICAST));
    CHECK(system("ip link set firth1 down") == 0); /* NOLINT(concurrency-mt-unsafe) */
    wait_until_carrier_is_lost("firth0", &firth0);
    CHECK((firth0.flags & FIRTH_INTERFACE_UP) != 0 && (firth0.flags & FIRTH_INTERFACE_RUNNING) == 0);
}

static void expect_child(void (*fn)(void *argument))
{
    char text[4096];
    int status = support_in_child(fn, NULL, text, sizeof text);

    if (status == CANNOT << 8)
        SKIP("the system allows this user no network of its own, or has no ip(8)");
    if (status != 0)
        print_error("%s", text);
    assert_int_equal(status, 0);
}

static void ip_tells_the_same(void **state)
{
    (void)state;
    expect_child(compare_with_ip);
}

static void expect_label(void *argument)
{
    firth_interface found;
    firth_subnet addresses[CAPACITY];
    int count;

    (void)argument;
    enter_network_of(two_ends, sizeof two_ends / sizeof two_ends[0]);
    CHECK(firth_interface_by_name("firth0:also", &found) == FIRTH_OK);
    CHECK(strcmp(found.name, "firth0") == 0);
    count = firth_interface_addresses(found.index, addresses, CAPACITY);
    for (int i = 0; i < count; i++)
        if (strcmp(firth_subnet_text(&addresses[i]).text, "10.9.8.8/31") == 0)
            return;
    (void)support_failed(__FILE__, __LINE__, "it has no such address");
}

static void an_address_with_a_label_is_its_interfaces(void **state)
{
    (void)state;
    expect_child(expect_label);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sysfs_tells_the_same),
        cmocka_unit_test(loopback_is_up_runs_and_has_its_address),
        cmocka_unit_test(name_and_index_find_each_other),
        cmocka_unit_test(what_is_no_interface_is_not_found),
        cmocka_unit_test(no_more_are_stored_than_there_is_room_for),
        cmocka_unit_test(ip_tells_the_same),
        cmocka_unit_test(an_address_with_a_label_is_its_interfaces),
    };

    return support_main(argc, argv, "interfaces", tests, sizeof tests / sizeof *tests);
}
