/* SPDX-License-Identifier: Apache-2.0 */
/* Groups of which some sources alone are heard, on one machine; between hosts: hosts_test.c. */
#include "tests/udp/faults.h"
#include "tests/udp/sockets.h"

#include <errno.h>

enum {
    LOOPBACK = 1,      /* the index of the first interface, on Linux and in the simulator */
    ARRIVAL_MS = 10000 /* what a socket may have gone deaf to must come within */
};

/* A member-to-be, the group's address with its port, and two sources. */
static int open_for_sources(firth_scope *scope, firth_datagram_socket **socket, firth_address *group,
                            firth_address *source, firth_address *other)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_address local;

    EXPECT_EQUAL(firth_address_make(source, "127.0.0.2", 0), FIRTH_OK);
    EXPECT_EQUAL(firth_address_make(other, "127.0.0.3", 0), FIRTH_OK);
    EXPECT_EQUAL(sockets_open(scope, &udp, "0.0.0.0", socket, &local), FIRTH_OK);
    return firth_address_make(group, "239.192.7.1", local.port);
}

TASK_TEST_UNLESS(fault_seen(FAULT_SWAPS_SOURCE_AND_INTERFACE), source_filter_lets_in_that_source_alone)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *member, *good, *bad;
    firth_address group, source, other;

    udp.multicast_interface = LOOPBACK;
    EXPECT_EQUAL(open_for_sources(scope, &member, &group, &source, &other), FIRTH_OK);
    EXPECT_EQUAL(sockets_open(scope, &udp, "127.0.0.2", &good, NULL), FIRTH_OK);
    EXPECT_EQUAL(sockets_open(scope, &udp, "127.0.0.3", &bad, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_join(member, &group, LOOPBACK, &source), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(bad, "bad", 3, &group), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(good, "good", 4, &group), FIRTH_OK);
    EXPECT_EQUAL(sockets_expect(member, "good"), FIRTH_OK);
    EXPECT_EQUAL(sockets_expect_nothing(member), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_join(member, &group, LOOPBACK, &other), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(bad, "second", 6, &group), FIRTH_OK);
    EXPECT_EQUAL(sockets_expect(member, "second"), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_leave(member, &group, LOOPBACK, &source), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(good, "gone", 4, &group), FIRTH_OK);
    return sockets_expect_nothing(member);
}

TASK_TEST_UNLESS(fault_seen(FAULT_SWAPS_SOURCE_AND_INTERFACE), joining_a_source_twice_is_an_error)
{
    firth_datagram_socket *socket;
    firth_address group, source, other;

    EXPECT_EQUAL(open_for_sources(scope, &socket, &group, &source, &other), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_join(socket, &group, LOOPBACK, &source), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_join(socket, &group, LOOPBACK, &source), FIRTH_ERR_ADDRESS_IN_USE);
    return firth_multicast_leave(socket, &group, LOOPBACK, &source);
}

TASK_TEST_UNLESS(fault_seen(FAULT_SWAPS_SOURCE_AND_INTERFACE), leaving_a_source_twice_is_an_error)
{
    firth_datagram_socket *socket;
    firth_address group, source, other;

    EXPECT_EQUAL(open_for_sources(scope, &socket, &group, &source, &other), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_leave(socket, &group, LOOPBACK, &source), FIRTH_ERR_ADDRESS_NOT_AVAILABLE);
    EXPECT_EQUAL(firth_multicast_join(socket, &group, LOOPBACK, &source), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_leave(socket, &group, LOOPBACK, &other), FIRTH_ERR_ADDRESS_NOT_AVAILABLE);
    EXPECT_EQUAL(firth_multicast_leave(socket, &group, LOOPBACK, &source), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_leave(socket, &group, LOOPBACK, &source), FIRTH_ERR_ADDRESS_NOT_AVAILABLE);
    /* And nothing is left of it. */
    EXPECT_EQUAL(firth_multicast_join(socket, &group, LOOPBACK, NULL), FIRTH_OK);
    return firth_multicast_leave(socket, &group, LOOPBACK, NULL);
}

/* Linux would narrow the one down to the other, or take it back, and say that the call failed, or that it did not. */
TASK_TEST_UNLESS(fault_seen(FAULT_SWAPS_SOURCE_AND_INTERFACE), joins_of_any_and_of_sources_do_not_mix)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *member, *sender;
    firth_address group, source, other;

    udp.multicast_interface = LOOPBACK;
    EXPECT_EQUAL(open_for_sources(scope, &member, &group, &source, &other), FIRTH_OK);
    EXPECT_EQUAL(sockets_open(scope, &udp, "127.0.0.2", &sender, NULL), FIRTH_OK);

    EXPECT_EQUAL(firth_multicast_join(member, &group, LOOPBACK, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_leave(member, &group, LOOPBACK, &other), FIRTH_ERR_ADDRESS_NOT_AVAILABLE);
    EXPECT_EQUAL(firth_send_to(sender, "left", 4, &group), FIRTH_OK);
    EXPECT_EQUAL(sockets_receive_within(ARRIVAL_MS, member), 4);
    EXPECT_EQUAL(firth_multicast_join(member, &group, LOOPBACK, &other), FIRTH_ERR_ADDRESS_IN_USE);
    EXPECT_EQUAL(firth_send_to(sender, "joined", 6, &group), FIRTH_OK);
    EXPECT_EQUAL(sockets_receive_within(ARRIVAL_MS, member), 6);
    EXPECT_EQUAL(firth_multicast_leave(member, &group, LOOPBACK, NULL), FIRTH_OK);

    EXPECT_EQUAL(firth_multicast_join(member, &group, LOOPBACK, &source), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_join(member, &group, LOOPBACK, &other), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_join(member, &group, LOOPBACK, NULL), FIRTH_ERR_ADDRESS_IN_USE);
    EXPECT_EQUAL(firth_multicast_leave(member, &group, LOOPBACK, NULL), FIRTH_ERR_ADDRESS_NOT_AVAILABLE);
    EXPECT_EQUAL(firth_send_to(sender, "still", 5, &group), FIRTH_OK);
    EXPECT_EQUAL(sockets_receive_within(ARRIVAL_MS, member), 5);
    EXPECT_EQUAL(firth_multicast_leave(member, &group, LOOPBACK, &source), FIRTH_OK);
    return firth_multicast_leave(member, &group, LOOPBACK, &other);
}

/* The same of IPv6, by its codes and by what the socket has joined after them; who is heard: hosts_test.c. */
static int joins_of_ipv6_do_not_mix(firth_datagram_socket *socket, uint32_t interface_index)
{
    firth_address group, source, other;

    EXPECT_EQUAL(firth_address_make(&group, "ff15::7:1", 0), FIRTH_OK);
    EXPECT_EQUAL(firth_address_make(&source, "2001:db8::1", 0), FIRTH_OK);
    EXPECT_EQUAL(firth_address_make(&other, "2001:db8::2", 0), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_leave(socket, &group, interface_index, &source), FIRTH_ERR_ADDRESS_NOT_AVAILABLE);
    EXPECT_EQUAL(firth_multicast_join(socket, &group, interface_index, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_leave(socket, &group, interface_index, &source), FIRTH_ERR_ADDRESS_NOT_AVAILABLE);
    EXPECT_EQUAL(firth_multicast_join(socket, &group, interface_index, &source), FIRTH_ERR_ADDRESS_IN_USE);
    EXPECT_EQUAL(firth_multicast_leave(socket, &group, interface_index, NULL), FIRTH_OK);

    EXPECT_EQUAL(firth_multicast_join(socket, &group, interface_index, &source), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_join(socket, &group, interface_index, &source), FIRTH_ERR_ADDRESS_IN_USE);
    EXPECT_EQUAL(firth_multicast_join(socket, &group, interface_index, &other), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_join(socket, &group, interface_index, NULL), FIRTH_ERR_ADDRESS_IN_USE);
    EXPECT_EQUAL(firth_multicast_leave(socket, &group, interface_index, NULL), FIRTH_ERR_ADDRESS_NOT_AVAILABLE);
    EXPECT_EQUAL(firth_multicast_leave(socket, &group, interface_index, &source), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_leave(socket, &group, interface_index, &source), FIRTH_ERR_ADDRESS_NOT_AVAILABLE);
    EXPECT_EQUAL(firth_multicast_leave(socket, &group, interface_index, &other), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_leave(socket, &group, interface_index, &other), FIRTH_ERR_ADDRESS_NOT_AVAILABLE);
    EXPECT_EQUAL(firth_multicast_join(socket, &group, interface_index, NULL), FIRTH_OK);
    return firth_multicast_leave(socket, &group, interface_index, NULL);
}

/* Which a machine without a network has not: then there is no interface, and *rc is what a join says. */
static bool routes_name_none(firth_datagram_socket *socket, const firth_address *group, int *rc)
{
    *rc = firth_multicast_join(socket, group, 0, NULL);
    return *rc == FIRTH_ERR_ADDRESS_NOT_AVAILABLE && firth_last_failure()->os_code == ENODEV;
}

TASK_TEST_UNLESS(fault_seen(FAULT_HAS_NO_SOURCES_OF_IPV6), ipv6_joins_of_any_and_of_sources_do_not_mix)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *socket;
    firth_address group, source;
    int rc;

    if (!support_backend_is("sim") && !support_has_ipv6())
        return FIRTH_OK;
    EXPECT_EQUAL(sockets_open(scope, &udp, "::", &socket, NULL), FIRTH_OK);
    EXPECT_EQUAL(joins_of_ipv6_do_not_mix(socket, LOOPBACK), FIRTH_OK);
    EXPECT_EQUAL(firth_address_make(&group, "ff15::7:2", 0), FIRTH_OK);
    EXPECT_EQUAL(firth_address_make(&source, "2001:db8::1", 0), FIRTH_OK);
    if (routes_name_none(socket, &group, &rc))
        return FIRTH_OK;
    EXPECT_EQUAL(rc, FIRTH_OK);
    if (!support_backend_is("kqueue"))
        return joins_of_ipv6_do_not_mix(socket, 0);
    /* FreeBSD and macOS want an interface for sources of IPv6. */
    EXPECT_EQUAL(firth_multicast_join(socket, &group, 0, &source), FIRTH_ERR_ADDRESS_IN_USE);
    EXPECT_EQUAL(firth_multicast_leave(socket, &group, 0, &source), FIRTH_ERR_ADDRESS_NOT_AVAILABLE);
    EXPECT_EQUAL(firth_multicast_leave(socket, &group, 0, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_join(socket, &group, 0, &source), FIRTH_ERR_ADDRESS_NOT_AVAILABLE);
    return FIRTH_OK;
}

TASK_TEST_UNLESS(fault_seen(FAULT_SWAPS_SOURCE_AND_INTERFACE), sources_are_joined_on_the_interface_the_routes_name)
{
    firth_datagram_socket *socket;
    firth_address group, source, other;
    int rc;

    EXPECT_EQUAL(open_for_sources(scope, &socket, &group, &source, &other), FIRTH_OK);
    if (routes_name_none(socket, &group, &rc))
        return FIRTH_OK;
    EXPECT_EQUAL(rc, FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_join(socket, &group, 0, &source), FIRTH_ERR_ADDRESS_IN_USE);
    EXPECT_EQUAL(firth_multicast_leave(socket, &group, 0, &source), FIRTH_ERR_ADDRESS_NOT_AVAILABLE);
    EXPECT_EQUAL(firth_multicast_leave(socket, &group, 0, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_join(socket, &group, 0, &source), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_join(socket, &group, 0, &source), FIRTH_ERR_ADDRESS_IN_USE);
    EXPECT_EQUAL(firth_multicast_join(socket, &group, 0, NULL), FIRTH_ERR_ADDRESS_IN_USE);
    EXPECT_EQUAL(firth_multicast_leave(socket, &group, 0, NULL), FIRTH_ERR_ADDRESS_NOT_AVAILABLE);
    return firth_multicast_leave(socket, &group, 0, &source);
}

#ifdef __linux__
/* The others do not tell which interface that is, so there a join on any stands in its way. */
TASK_TEST(sources_are_joined_on_that_interface_whatever_is_joined_on_others)
{
    firth_datagram_socket *socket;
    firth_address group, source, other;
    int rc;

    EXPECT_EQUAL(open_for_sources(scope, &socket, &group, &source, &other), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_join(socket, &group, LOOPBACK, NULL), FIRTH_OK);
    if (routes_name_none(socket, &group, &rc) || rc == FIRTH_ERR_ADDRESS_IN_USE)
        return FIRTH_OK; /* or the loopback interface */
    EXPECT_EQUAL(rc, FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_leave(socket, &group, 0, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_join(socket, &group, 0, &source), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_leave(socket, &group, LOOPBACK, &source), FIRTH_ERR_ADDRESS_NOT_AVAILABLE);
    EXPECT_EQUAL(firth_multicast_leave(socket, &group, 0, NULL), FIRTH_ERR_ADDRESS_NOT_AVAILABLE);
    EXPECT_EQUAL(firth_multicast_leave(socket, &group, 0, &source), FIRTH_OK);
    return firth_multicast_leave(socket, &group, LOOPBACK, NULL);
}
#endif

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(source_filter_lets_in_that_source_alone),
        cmocka_unit_test(joining_a_source_twice_is_an_error),
        cmocka_unit_test(leaving_a_source_twice_is_an_error),
        cmocka_unit_test(joins_of_any_and_of_sources_do_not_mix),
        cmocka_unit_test(ipv6_joins_of_any_and_of_sources_do_not_mix),
        cmocka_unit_test(sources_are_joined_on_the_interface_the_routes_name),
#ifdef __linux__
        cmocka_unit_test(sources_are_joined_on_that_interface_whatever_is_joined_on_others),
#endif
    };

    return support_main(argc, argv, "sources of groups", tests, sizeof tests / sizeof tests[0]);
}
