/* SPDX-License-Identifier: Apache-2.0 */
/* What loopback cannot show, between two hosts: groups, broadcasts, and what the path's MTU does. */
#include "tests/udp/hosts.h"

#include <net/if.h>

/* ---- groups ------------------------------------------------------------------------------------------------------ */

static int group_between_hosts(firth_scope *scope, const char *group_text, const char *any)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *member, *sender;
    firth_address group, at;
    uint32_t far_index;

    EXPECT_EQUAL(hosts_open(HOSTS_FAR, scope, &udp, any, &member, &at), FIRTH_OK);
    EXPECT_EQUAL(firth_address_make(&group, group_text, at.port), FIRTH_OK);
    far_index = if_nametoindex("direct");
    EXPECT(far_index > 0);
    EXPECT_EQUAL(firth_multicast_join(member, &group, far_index, NULL), FIRTH_OK);
    hosts_enter(HOSTS_NEAR);
    udp.multicast_interface = if_nametoindex("direct");
    EXPECT(udp.multicast_interface > 0);
    EXPECT_EQUAL(sockets_open(scope, &udp, any, &sender, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(sender, "hello", 5, &group), FIRTH_OK);
    EXPECT_EQUAL(sockets_expect(member, "hello"), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_leave(member, &group, far_index, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(sender, "gone", 4, &group), FIRTH_OK);
    EXPECT_EQUAL(sockets_expect_nothing(member), FIRTH_OK);
    /* A hop limit of 0 stays on its machine (RFC 1112 §6.1, RFC 4291 §2.7); of IPv4 Linux makes sure of that only where
     * the machine is a member itself (ip_mc_output). */
    EXPECT_EQUAL(firth_multicast_join(sender, &group, udp.multicast_interface, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_join(member, &group, far_index, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_datagram_socket_set_option(sender, FIRTH_OPTION_MULTICAST_HOP_LIMIT, 0), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(sender, "home", 4, &group), FIRTH_OK);
    return sockets_expect_nothing(member);
}

HOSTS_TEST(ipv4_group_reaches_the_member_on_another_host)
{
    return group_between_hosts(scope, "239.192.1.2", "0.0.0.0");
}

HOSTS_TEST(ipv6_group_reaches_the_member_on_another_host)
{
    return group_between_hosts(scope, "ff15::77", "::");
}

/* Only on the interface it was joined on, and only from the interface chosen. */
HOSTS_TEST(group_is_joined_on_one_interface_and_sent_by_one)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *member, *sender;
    firth_datagram_control control = firth_datagram_control_none();
    firth_datagram datagram = {.bytes = "x", .size = 1, .control = &control};
    firth_address group, at;

    EXPECT_EQUAL(hosts_open(HOSTS_FAR, scope, &udp, "0.0.0.0", &member, &at), FIRTH_OK);
    EXPECT_EQUAL(firth_address_make(&group, "239.192.1.3", at.port), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_join(member, &group, if_nametoindex("routed"), NULL), FIRTH_OK);
    hosts_enter(HOSTS_NEAR);
    udp.multicast_interface = if_nametoindex("direct");
    EXPECT_EQUAL(sockets_open(scope, &udp, "0.0.0.0", &sender, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(sender, "direct", 6, &group), FIRTH_OK);
    EXPECT_EQUAL(sockets_expect_nothing(member), FIRTH_OK);
    hosts_enter(HOSTS_FAR);
    EXPECT_EQUAL(firth_multicast_join(member, &group, if_nametoindex("direct"), NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_datagram_socket_set_option(sender, FIRTH_OPTION_MULTICAST_INTERFACE, 0), FIRTH_OK);
    hosts_enter(HOSTS_NEAR);
    control.interface_index = if_nametoindex("direct");
    datagram.address = group;
    EXPECT_EQUAL(firth_send(sender, &datagram), FIRTH_OK);
    return sockets_expect(member, "x");
}

HOSTS_TEST(ipv6_source_filter_lets_in_that_source_alone)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *member, *sender;
    firth_address group, at, nobody, source, to = {.family = FIRTH_FAMILY_NONE};
    char bytes[8];
    uint32_t index;

    EXPECT_EQUAL(hosts_open(HOSTS_FAR, scope, &udp, "::", &member, &at), FIRTH_OK);
    EXPECT_EQUAL(firth_address_make(&group, "ff35::78", at.port), FIRTH_OK);
    index = if_nametoindex("direct");
    EXPECT_EQUAL(firth_address_make(&nobody, "fd77:2::5", 0), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_join(member, &group, index, &nobody), FIRTH_OK);
    hosts_enter(HOSTS_NEAR);
    udp.multicast_interface = if_nametoindex("direct");
    EXPECT_EQUAL(sockets_open(scope, &udp, "::", &sender, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(sender, "x", 1, &group), FIRTH_OK);
    EXPECT_EQUAL(sockets_expect_nothing(member), FIRTH_OK);
    /* Which address it sends from, a join without a filter tells. */
    EXPECT_EQUAL(firth_multicast_leave(member, &group, index, &nobody), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_join(member, &group, index, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_leave(member, &group, index, &nobody), FIRTH_ERR_ADDRESS_NOT_AVAILABLE);
    EXPECT_EQUAL(firth_multicast_join(member, &group, index, &nobody), FIRTH_ERR_ADDRESS_IN_USE);
    EXPECT_EQUAL(firth_send_to(sender, "y", 1, &group), FIRTH_OK);
    EXPECT_EQUAL(firth_receive_from(member, bytes, sizeof bytes, &source), 1);
    EXPECT_EQUAL(firth_multicast_leave(member, &group, index, NULL), FIRTH_OK);
    to = source;
    to.port = 0;
    EXPECT_EQUAL(firth_multicast_join(member, &group, index, &to), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(sender, "z", 1, &group), FIRTH_OK);
    return sockets_expect(member, "z");
}

HOSTS_TEST(without_loop_members_on_other_hosts_alone_hear_it)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *far, *near;
    firth_address group, at;

    EXPECT_EQUAL(hosts_open(HOSTS_FAR, scope, &udp, "0.0.0.0", &far, &at), FIRTH_OK);
    EXPECT_EQUAL(firth_address_make(&group, "239.192.1.4", at.port), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_join(far, &group, if_nametoindex("direct"), NULL), FIRTH_OK);
    hosts_enter(HOSTS_NEAR);
    udp.multicast_interface = if_nametoindex("direct");
    EXPECT_EQUAL(firth_udp_bind(&udp, "0.0.0.0", at.port, &near), FIRTH_OK);
    firth_scope_own_datagram_socket(scope, near);
    EXPECT_EQUAL(firth_multicast_join(near, &group, udp.multicast_interface, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(near, "both", 4, &group), FIRTH_OK);
    EXPECT_EQUAL(sockets_expect(near, "both"), FIRTH_OK);
    EXPECT_EQUAL(sockets_expect(far, "both"), FIRTH_OK);
    EXPECT_EQUAL(firth_datagram_socket_set_option(near, FIRTH_OPTION_MULTICAST_LOOP, 0), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(near, "others", 6, &group), FIRTH_OK);
    EXPECT_EQUAL(sockets_expect(far, "others"), FIRTH_OK);
    return sockets_expect_nothing(near);
}

HOSTS_TEST(broadcast_reaches_the_hosts_of_the_network)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *far, *near;
    firth_address at, all;

    EXPECT_EQUAL(hosts_open(HOSTS_FAR, scope, &udp, "0.0.0.0", &far, &at), FIRTH_OK);
    EXPECT_EQUAL(firth_address_make(&all, "10.77.3.255", at.port), FIRTH_OK);
    EXPECT_EQUAL(hosts_open(HOSTS_NEAR, scope, &udp, "0.0.0.0", &near, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(near, "x", 1, &all), FIRTH_ERR_PERMISSION);
    EXPECT_EQUAL(firth_datagram_socket_set_option(near, FIRTH_OPTION_BROADCAST, 1), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(near, "to all", 6, &all), FIRTH_OK);
    return sockets_expect(far, "to all");
}

/* ---- MTU --------------------------------------------------------------------------------------------------------- */

static int fragments_arrive(firth_scope *scope, const char *any, const char *far_ip)
{
    static char bytes[60000], got[60000];
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *far, *near;
    firth_address at;

    udp.receive_buffer_bytes = 1 << 20;
    EXPECT_EQUAL(hosts_open(HOSTS_FAR, scope, &udp, any, &far, &at), FIRTH_OK);
    EXPECT_EQUAL(hosts_connect_from_near(scope, far_ip, at.port, &near), FIRTH_OK);
    support_fill(bytes, sizeof bytes, 5);
    /* Routers cut IPv4 up; of IPv6 the first is lost and tells the sender of the narrow way (RFC 8201 §4). */
    if (at.family == FIRTH_FAMILY_IPV6) {
        EXPECT_EQUAL(firth_send_to(near, bytes, 1400, NULL), FIRTH_OK);
        EXPECT_EQUAL(sockets_receive_within(10000, near), FIRTH_ERR_TOO_LONG);
    }
    for (size_t size = 1400; size <= sizeof bytes; size += sizeof bytes - 1400) {
        EXPECT_EQUAL(firth_send_to(near, bytes, size, NULL), FIRTH_OK);
        EXPECT_EQUAL(firth_receive_from(far, got, sizeof got, NULL), size);
        EXPECT(support_is_filled(got, size, 5));
    }
    return FIRTH_OK;
}

HOSTS_TEST(datagram_longer_than_the_path_takes_arrives_in_fragments_of_ipv4)
{
    return fragments_arrive(scope, "0.0.0.0", "10.77.2.1");
}

HOSTS_TEST(datagram_longer_than_the_path_takes_arrives_in_fragments_of_ipv6)
{
    return fragments_arrive(scope, "::", "fd77:2::1");
}

static int path_is_learned(firth_scope *scope, const char *any, const char *far_ip, int header)
{
    static char bytes[2000];
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope)), strict = udp;
    firth_datagram_socket *far, *near;
    firth_address at, to;
    int mtu = 0;

    EXPECT_EQUAL(hosts_open(HOSTS_FAR, scope, &udp, any, &far, &at), FIRTH_OK);
    EXPECT_EQUAL(firth_address_make(&to, far_ip, at.port), FIRTH_OK);
    strict.dont_fragment = true;
    hosts_enter(HOSTS_NEAR);
    EXPECT_EQUAL(firth_udp_connect_to(&strict, &to, &near), FIRTH_OK);
    firth_scope_own_datagram_socket(scope, near);
    EXPECT_EQUAL(firth_datagram_socket_get_option(near, FIRTH_OPTION_PATH_MTU_BYTES, &mtu), FIRTH_OK);
    EXPECT_EQUAL(mtu, 1500);
    EXPECT_EQUAL(firth_send_to(near, bytes, 1501, NULL), FIRTH_ERR_TOO_LONG);
    /* It leaves the host; the router says no. */
    EXPECT_EQUAL(firth_send_to(near, bytes, 1400, NULL), FIRTH_OK);
    EXPECT_EQUAL(sockets_receive_within(10000, near), FIRTH_ERR_TOO_LONG);
    EXPECT_EQUAL(firth_datagram_socket_get_option(near, FIRTH_OPTION_PATH_MTU_BYTES, &mtu), FIRTH_OK);
    EXPECT_EQUAL(mtu, 1300);
    EXPECT_EQUAL(firth_send_to(near, bytes, 1400, NULL), FIRTH_ERR_TOO_LONG);
    EXPECT_EQUAL(firth_send_to(near, bytes, (size_t)(1300 - header), NULL), FIRTH_OK);
    EXPECT_EQUAL(sockets_receive_within(10000, far), 1300 - header);
    return FIRTH_OK;
}

HOSTS_TEST(dont_fragment_learns_the_mtu_of_the_path_of_ipv4)
{
    return path_is_learned(scope, "0.0.0.0", "10.77.2.1", 28);
}

HOSTS_TEST(dont_fragment_learns_the_mtu_of_the_path_of_ipv6)
{
    return path_is_learned(scope, "::", "fd77:2::1", 48);
}

/* A batch of one size goes as one buffer that the kernel cuts up, as long as the pieces fit in packets. */
HOSTS_TEST(batch_over_the_narrow_path_arrives)
{
    enum { COUNT = 20, SIZE = 1400 };
    static char bytes[COUNT][SIZE], got[COUNT][SIZE];
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *far, *near;
    firth_datagram out[COUNT], in[COUNT];
    firth_address at, to;

    udp.receive_buffer_bytes = 1 << 20;
    EXPECT_EQUAL(hosts_open(HOSTS_FAR, scope, &udp, "0.0.0.0", &far, &at), FIRTH_OK);
    EXPECT_EQUAL(firth_address_make(&to, "10.77.2.1", at.port), FIRTH_OK);
    EXPECT_EQUAL(hosts_open(HOSTS_NEAR, scope, &udp, "0.0.0.0", &near, NULL), FIRTH_OK);
    for (int i = 0; i < COUNT; i++) {
        support_fill(bytes[i], SIZE, (uint64_t)i);
        out[i] = (firth_datagram){.bytes = bytes[i], .size = SIZE, .address = to};
        in[i] = (firth_datagram){.bytes = got[i], .capacity = SIZE};
    }
    for (int64_t sent = 0; sent < COUNT;) {
        int64_t n = firth_send_many(near, out + sent, (size_t)(COUNT - sent));

        EXPECT(n > 0);
        sent += n;
    }
    for (int64_t received = 0; received < COUNT;) {
        int64_t n = firth_receive_many(far, in + received, (size_t)(COUNT - received));

        EXPECT(n > 0);
        received += n;
    }
    for (int i = 0; i < COUNT; i++)
        EXPECT(support_is_filled(got[i], SIZE, (uint64_t)i));
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ipv4_group_reaches_the_member_on_another_host),
        cmocka_unit_test(ipv6_group_reaches_the_member_on_another_host),
        cmocka_unit_test(group_is_joined_on_one_interface_and_sent_by_one),
        cmocka_unit_test(ipv6_source_filter_lets_in_that_source_alone),
        cmocka_unit_test(without_loop_members_on_other_hosts_alone_hear_it),
        cmocka_unit_test(broadcast_reaches_the_hosts_of_the_network),
        cmocka_unit_test(datagram_longer_than_the_path_takes_arrives_in_fragments_of_ipv4),
        cmocka_unit_test(datagram_longer_than_the_path_takes_arrives_in_fragments_of_ipv6),
        cmocka_unit_test(dont_fragment_learns_the_mtu_of_the_path_of_ipv4),
        cmocka_unit_test(dont_fragment_learns_the_mtu_of_the_path_of_ipv6),
        cmocka_unit_test(batch_over_the_narrow_path_arrives),
    };

    return support_main(argc, argv, "two hosts", tests, sizeof tests / sizeof tests[0]);
}
