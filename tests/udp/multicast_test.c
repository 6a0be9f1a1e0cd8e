/* SPDX-License-Identifier: Apache-2.0 */
/* Groups on one machine, by its loopback interface; between hosts: hosts_test.c; from some sources: source_test.c. */
#include "tests/udp/faults.h"
#include "tests/udp/sockets.h"

#include <errno.h>
#include <stdio.h>

enum { LOOPBACK = 1 }; /* the index of the first interface, on Linux and in the simulator */

static const char group_text[] = "239.192.7.1", other_group_text[] = "239.192.7.2";

/* A member's socket, and the group's address with its port. */
static int open_member(firth_scope *scope, firth_datagram_socket **socket, firth_address *group)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_address local;

    udp.multicast_interface = LOOPBACK;
    EXPECT_EQUAL(sockets_open(scope, &udp, "0.0.0.0", socket, &local), FIRTH_OK);
    return firth_address_make(group, group_text, local.port);
}

TASK_TEST(member_hears_the_group_until_it_leaves)
{
    firth_datagram_socket *socket;
    firth_address group;

    EXPECT_EQUAL(open_member(scope, &socket, &group), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(socket, "before", 6, &group), FIRTH_OK);
    EXPECT_EQUAL(sockets_expect_nothing(socket), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_join(socket, &group, LOOPBACK, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(socket, "within", 6, &group), FIRTH_OK);
    EXPECT_EQUAL(sockets_expect(socket, "within"), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_leave(socket, &group, LOOPBACK, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(socket, "after", 5, &group), FIRTH_OK);
    return sockets_expect_nothing(socket);
}

/* Names are for people and numbers for sockets: the one is found by the other. */
TASK_TEST(interface_found_by_its_name_is_joined)
{
    firth_interface all[32], found;
    firth_datagram_socket *socket;
    int count = firth_interfaces(all, 32), i = 0;
    firth_address group;

    EXPECT(count > 0);
    while (i < count && i < 32 && (all[i].flags & FIRTH_INTERFACE_LOOPBACK) == 0)
        i++;
    EXPECT(i < count && i < 32);
    EXPECT_EQUAL(firth_interface_by_name(all[i].name, &found), FIRTH_OK);
    EXPECT_EQUAL(open_member(scope, &socket, &group), FIRTH_OK);
    EXPECT_EQUAL(firth_datagram_socket_set_option(socket, FIRTH_OPTION_MULTICAST_INTERFACE, (int)found.index),
                 FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_join(socket, &group, found.index, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(socket, "named", 5, &group), FIRTH_OK);
    return sockets_expect(socket, "named");
}

/* The systems tell an address of IPv4's, and Firth what it set last. */
TASK_TEST(interface_is_told_as_it_was_set_last)
{
    firth_datagram_socket *socket;
    firth_address group;
    int value = -1;

    EXPECT_EQUAL(open_member(scope, &socket, &group), FIRTH_OK);
    EXPECT_EQUAL(firth_datagram_socket_get_option(socket, FIRTH_OPTION_MULTICAST_INTERFACE, &value), FIRTH_OK);
    EXPECT_EQUAL(value, LOOPBACK);
    EXPECT_EQUAL(firth_datagram_socket_set_option(socket, FIRTH_OPTION_MULTICAST_INTERFACE, 0), FIRTH_OK);
    EXPECT(firth_datagram_socket_set_option(socket, FIRTH_OPTION_MULTICAST_INTERFACE, 99999) < 0);
    EXPECT_EQUAL(firth_datagram_socket_get_option(socket, FIRTH_OPTION_MULTICAST_INTERFACE, &value), FIRTH_OK);
    EXPECT_EQUAL(value, 0);
    return FIRTH_OK;
}

/* Linux alone would let it hear any group that anybody on the machine has joined. */
TASK_TEST_UNLESS(fault_seen(FAULT_SHARES_GROUPS), group_that_only_others_have_joined_is_not_heard)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *member, *other;
    firth_address group, at;

    udp.reuse_address = true;
    udp.multicast_interface = LOOPBACK;
    EXPECT_EQUAL(sockets_open(scope, &udp, "0.0.0.0", &member, &at), FIRTH_OK);
    EXPECT_EQUAL(firth_udp_bind(&udp, "0.0.0.0", at.port, &other), FIRTH_OK);
    firth_scope_own_datagram_socket(scope, other);
    EXPECT_EQUAL(firth_address_make(&group, group_text, at.port), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_join(member, &group, LOOPBACK, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(other, "members", 7, &group), FIRTH_OK);
    EXPECT_EQUAL(sockets_expect(member, "members"), FIRTH_OK);
    EXPECT_EQUAL(sockets_expect_nothing(other), FIRTH_OK);
    /* Both, once both are members: that is what reuse_address is for. */
    EXPECT_EQUAL(firth_multicast_join(other, &group, LOOPBACK, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(other, "both", 4, &group), FIRTH_OK);
    EXPECT_EQUAL(sockets_expect(member, "both"), FIRTH_OK);
    return sockets_expect(other, "both");
}

TASK_TEST(without_loop_nothing_comes_back)
{
    firth_datagram_socket *socket;
    firth_address group;

    EXPECT_EQUAL(open_member(scope, &socket, &group), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_join(socket, &group, LOOPBACK, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_datagram_socket_set_option(socket, FIRTH_OPTION_MULTICAST_LOOP, 0), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(socket, "x", 1, &group), FIRTH_OK);
    /* The loopback interface itself brings back what is sent by it, loop or not: Linux's is no network. */
    if (support_backend_is("sim"))
        EXPECT_EQUAL(sockets_expect_nothing(socket), FIRTH_OK);
    return FIRTH_OK;
}

TASK_TEST(joining_twice_is_an_error)
{
    firth_datagram_socket *socket;
    firth_address group;

    EXPECT_EQUAL(open_member(scope, &socket, &group), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_join(socket, &group, LOOPBACK, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_join(socket, &group, LOOPBACK, NULL), FIRTH_ERR_ADDRESS_IN_USE);
    return firth_multicast_leave(socket, &group, LOOPBACK, NULL);
}

TASK_TEST(leaving_twice_is_an_error)
{
    firth_datagram_socket *socket;
    firth_address group;

    EXPECT_EQUAL(open_member(scope, &socket, &group), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_join(socket, &group, LOOPBACK, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_leave(socket, &group, LOOPBACK, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_leave(socket, &group, LOOPBACK, NULL), FIRTH_ERR_ADDRESS_NOT_AVAILABLE);
    return FIRTH_OK;
}

/* Which a machine without a network has not: then there is no interface. */
TASK_TEST(interface_0_is_the_one_the_routes_name)
{
    firth_datagram_socket *socket;
    firth_address group;
    int rc;

    EXPECT_EQUAL(open_member(scope, &socket, &group), FIRTH_OK);
    rc = firth_multicast_join(socket, &group, 0, NULL);
    if (rc == FIRTH_ERR_ADDRESS_NOT_AVAILABLE && firth_last_failure()->os_code == ENODEV)
        return FIRTH_OK;
    EXPECT_EQUAL(rc, FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_join(socket, &group, 0, NULL), FIRTH_ERR_ADDRESS_IN_USE);
    EXPECT_EQUAL(firth_multicast_leave(socket, &group, 0, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_leave(socket, &group, 0, NULL), FIRTH_ERR_ADDRESS_NOT_AVAILABLE);
    return FIRTH_OK;
}

TASK_TEST(what_is_no_group_cannot_be_joined)
{
    firth_datagram_socket *socket;
    firth_address group, address;

    EXPECT_EQUAL(open_member(scope, &socket, &group), FIRTH_OK);
    EXPECT_EQUAL(firth_address_make(&address, "192.0.2.1", 0), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_join(socket, &address, LOOPBACK, NULL), FIRTH_ERR_ADDRESS_INVALID);
    EXPECT_EQUAL(firth_multicast_join(socket, NULL, LOOPBACK, NULL), FIRTH_ERR_ADDRESS_INVALID);
    EXPECT_EQUAL(firth_address_make(&address, "ff15::1", 0), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_join(socket, &address, LOOPBACK, NULL), FIRTH_ERR_ADDRESS_INVALID);
    EXPECT_EQUAL(firth_multicast_join(socket, &group, LOOPBACK, &group), FIRTH_ERR_ADDRESS_INVALID);
    EXPECT_EQUAL(firth_multicast_join(socket, &group, 987654, NULL), FIRTH_ERR_ADDRESS_NOT_AVAILABLE);
    return FIRTH_OK;
}

TASK_TEST(groups_are_kept_apart)
{
    firth_datagram_socket *socket;
    firth_address group, other;

    EXPECT_EQUAL(open_member(scope, &socket, &group), FIRTH_OK);
    EXPECT_EQUAL(firth_address_make(&other, other_group_text, group.port), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_join(socket, &group, LOOPBACK, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(socket, "other", 5, &other), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(socket, "own", 3, &group), FIRTH_OK);
    EXPECT_EQUAL(sockets_expect(socket, "own"), FIRTH_OK);
    return sockets_expect_nothing(socket);
}

/* Until the system has no room for more; leaving one makes room. */
TASK_TEST_UNLESS(fault_seen(FAULT_ONE_GROUP_TOO_MANY_IS_AN_ARGUMENT), groups_beyond_the_systems_limit_have_no_buffers)
{
    firth_datagram_socket *socket;
    firth_address group;
    char text[32];
    int rc = FIRTH_OK, count = 0;

    EXPECT_EQUAL(open_member(scope, &socket, &group), FIRTH_OK);
    for (; count < 2000 && rc == FIRTH_OK; count++) {
        snprintf(text, sizeof text, "239.193.%d.%d", count / 250, count % 250);
        EXPECT_EQUAL(firth_address_make(&group, text, 0), FIRTH_OK);
        rc = firth_multicast_join(socket, &group, LOOPBACK, NULL);
    }
    if (rc == FIRTH_OK)
        return FIRTH_OK; /* this system has room for as many */
    EXPECT_EQUAL(rc, FIRTH_ERR_NO_BUFFERS);
    EXPECT_EQUAL(firth_address_make(&group, "239.193.0.0", 0), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_leave(socket, &group, LOOPBACK, NULL), FIRTH_OK);
    return firth_multicast_join(socket, &group, LOOPBACK, NULL);
}

TASK_TEST(destination_of_a_group_is_told)
{
    firth_datagram_control control = firth_datagram_control_none();
    char bytes[8];
    firth_datagram got = {.bytes = bytes, .capacity = sizeof bytes, .control = &control};
    firth_datagram_socket *socket;
    firth_address group;

    EXPECT_EQUAL(open_member(scope, &socket, &group), FIRTH_OK);
    EXPECT_EQUAL(firth_datagram_socket_set_option(socket, FIRTH_OPTION_PACKET_INFO, 1), FIRTH_OK);
    EXPECT_EQUAL(firth_datagram_socket_set_option(socket, FIRTH_OPTION_RECEIVE_HOP_LIMIT, 1), FIRTH_OK);
    EXPECT_EQUAL(firth_datagram_socket_set_option(socket, FIRTH_OPTION_MULTICAST_HOP_LIMIT, 5), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_join(socket, &group, LOOPBACK, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(socket, "x", 1, &group), FIRTH_OK);
    EXPECT_EQUAL(firth_receive(socket, &got), 1);
    EXPECT_BYTES(control.local.ip, group.ip, 4);
    EXPECT_EQUAL(control.interface_index, LOOPBACK);
    EXPECT_EQUAL(control.hop_limit, 5);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(member_hears_the_group_until_it_leaves),
        cmocka_unit_test(interface_found_by_its_name_is_joined),
        cmocka_unit_test(interface_is_told_as_it_was_set_last),
        cmocka_unit_test(group_that_only_others_have_joined_is_not_heard),
        cmocka_unit_test(without_loop_nothing_comes_back),
        cmocka_unit_test(joining_twice_is_an_error),
        cmocka_unit_test(leaving_twice_is_an_error),
        cmocka_unit_test(interface_0_is_the_one_the_routes_name),
        cmocka_unit_test(what_is_no_group_cannot_be_joined),
        cmocka_unit_test(groups_are_kept_apart),
        cmocka_unit_test(groups_beyond_the_systems_limit_have_no_buffers),
        cmocka_unit_test(destination_of_a_group_is_told),
    };

    return support_main(argc, argv, "groups", tests, sizeof tests / sizeof tests[0]);
}
