/* SPDX-License-Identifier: Apache-2.0 */
/* Opening sockets, options, and what cannot be. */
#include "tests/udp/faults.h"
#include "tests/udp/sockets.h"

TASK_TEST(taken_address_is_in_use_and_free_again_after_close)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *first, *second;
    firth_address address;

    EXPECT_EQUAL(firth_udp_bind(&udp, "127.0.0.1", 0, &first), FIRTH_OK);
    EXPECT_EQUAL(firth_datagram_socket_local_address(first, &address), FIRTH_OK);
    EXPECT_EQUAL(firth_udp_bind(&udp, "127.0.0.1", address.port, &second), FIRTH_ERR_ADDRESS_IN_USE);
    EXPECT(second == NULL);
    firth_datagram_socket_close(first);
    EXPECT_EQUAL(firth_udp_bind(&udp, "127.0.0.1", address.port, &second), FIRTH_OK);
    firth_datagram_socket_close(second);
    return FIRTH_OK;
}

TASK_TEST(tcp_and_udp_have_ports_of_their_own)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_datagram_socket *socket = NULL;
    firth_server *server;
    int rc;

    EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, &server), FIRTH_OK);
    firth_scope_own_server(scope, server);
    rc = firth_udp_bind(&udp, "127.0.0.1", firth_server_address(server)->port, &socket);
    EXPECT(rc == FIRTH_OK || rc == FIRTH_ERR_ADDRESS_IN_USE); /* some other program's may be there */
    EXPECT(rc == FIRTH_OK || !support_backend_is("sim"));
    firth_datagram_socket_close(socket);
    return FIRTH_OK;
}

TASK_TEST(wildcard_takes_both_families_and_shows_ipv4_as_ipv6_has_it)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *all, *ipv4;
    firth_address at, from, to;
    char bytes[8];

    EXPECT_EQUAL(sockets_open(scope, &udp, NULL, &all, &at), FIRTH_OK);
    EXPECT_EQUAL(sockets_open_plain(scope, &ipv4, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_address_make(&to, "127.0.0.1", at.port), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(ipv4, "hello", 5, &to), FIRTH_OK);
    EXPECT_EQUAL(firth_receive_from(all, bytes, sizeof bytes, &from), 5);
    EXPECT_EQUAL(from.family, at.family);
    EXPECT_EQUAL(firth_send_to(all, "shown", 5, &from), FIRTH_OK);
    EXPECT_EQUAL(sockets_expect(ipv4, "shown"), FIRTH_OK);
    /* In IPv4's own form it goes as well. */
    EXPECT_EQUAL(firth_datagram_socket_local_address(ipv4, &to), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(all, "own", 3, &to), FIRTH_OK);
    return sockets_expect(ipv4, "own");
}

TASK_TEST(ipv6_only_takes_no_ipv4)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *all, *ipv4;
    firth_address at, to;

    if (!support_backend_is("sim") && !support_has_ipv6())
        return FIRTH_OK;
    udp.ipv6_only = true;
    EXPECT_EQUAL(sockets_open(scope, &udp, "*", &all, &at), FIRTH_OK);
    EXPECT_EQUAL(at.family, FIRTH_FAMILY_IPV6);
    EXPECT_EQUAL(sockets_open_plain(scope, &ipv4, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_address_make(&to, "127.0.0.1", at.port), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(ipv4, "x", 1, &to), FIRTH_OK);
    EXPECT_EQUAL(sockets_expect_nothing(all), FIRTH_OK);
    EXPECT(firth_send_to(all, "x", 1, &to) < 0);
    EXPECT_EQUAL(firth_address_make(&to, "::1", at.port), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(all, "self", 4, &to), FIRTH_OK);
    return sockets_expect(all, "self");
}

/* The option says something of IPv6 alone, so a program can have a socket of each by one builder. */
TASK_TEST(one_builder_with_ipv6_only_binds_a_socket_of_each_family_to_one_port)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *ipv6, *ipv4;
    firth_address at, to;

    if (!support_backend_is("sim") && !support_has_ipv6())
        return FIRTH_OK;
    udp.ipv6_only = true;
    EXPECT_EQUAL(sockets_open(scope, &udp, "::", &ipv6, &at), FIRTH_OK);
    EXPECT_EQUAL(firth_udp_bind(&udp, "0.0.0.0", at.port, &ipv4), FIRTH_OK);
    firth_scope_own_datagram_socket(scope, ipv4);
    EXPECT_EQUAL(firth_address_make(&to, "127.0.0.1", at.port), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(ipv4, "four", 4, &to), FIRTH_OK);
    EXPECT_EQUAL(sockets_expect(ipv4, "four"), FIRTH_OK);
    EXPECT_EQUAL(firth_address_make(&to, "::1", at.port), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(ipv6, "six", 3, &to), FIRTH_OK);
    return sockets_expect(ipv6, "six");
}

TASK_TEST(address_of_the_wrong_family_is_an_argument_error)
{
    firth_datagram_socket *socket;
    firth_address self, ipv6;

    EXPECT_EQUAL(sockets_open_plain(scope, &socket, &self), FIRTH_OK);
    EXPECT_EQUAL(firth_address_make(&ipv6, "::1", 9), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(socket, "x", 1, &ipv6), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_send_to(socket, "y", 1, &self), FIRTH_OK);
    return sockets_expect(socket, "y");
}

TASK_TEST(ipv4_inside_ipv6_is_of_the_wrong_family_for_an_ipv4_socket)
{
    firth_datagram_control control = firth_datagram_control_none();
    firth_datagram_socket *socket;
    firth_address self, mapped;
    firth_datagram datagram = {.bytes = "x", .size = 1};

    EXPECT_EQUAL(sockets_open_plain(scope, &socket, &self), FIRTH_OK);
    mapped = self;
    EXPECT(firth_address_map(&mapped));
    EXPECT_EQUAL(firth_send_to(socket, "x", 1, &mapped), FIRTH_ERR_ARGUMENT);
    datagram.address = self;
    datagram.control = &control;
    control.local = mapped;
    EXPECT_EQUAL(firth_send(socket, &datagram), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_send_to(socket, "y", 1, &self), FIRTH_OK);
    return sockets_expect(socket, "y");
}

TASK_TEST(what_cannot_be_is_refused)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope)), bad;
    firth_datagram_socket *socket;

    EXPECT_EQUAL(firth_udp_bind(&udp, "nonsense", 0, &socket), FIRTH_ERR_ADDRESS_INVALID);
    EXPECT_EQUAL(firth_udp_bind(&udp, "127.0.0.1", 65536, &socket), FIRTH_ERR_PORT_RANGE);
    bad = udp;
    bad.hop_limit = 256;
    EXPECT_EQUAL(firth_udp_bind(&bad, NULL, 0, &socket), FIRTH_ERR_ARGUMENT);
    EXPECT(strcmp(firth_last_failure()->step, "option hop_limit") == 0);
    bad = udp;
    bad.traffic_class = 256;
    EXPECT_EQUAL(firth_udp_bind(&bad, NULL, 0, &socket), FIRTH_ERR_ARGUMENT);
    bad = udp;
    bad.selector = NULL;
    EXPECT_EQUAL(firth_udp_bind(&bad, NULL, 0, &socket), FIRTH_ERR_ARGUMENT);
    bad = udp;
    bad.struct_bytes = 1;
    EXPECT_EQUAL(firth_udp_bind(&bad, NULL, 0, &socket), FIRTH_ERR_ARGUMENT);
    EXPECT(socket == NULL);
    return FIRTH_OK;
}

TASK_TEST_UNLESS(fault_seen(FAULT_BINDS_ANY_ADDRESS), address_of_another_machine_is_not_available)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *socket;

    EXPECT_EQUAL(firth_udp_bind(&udp, "192.0.2.1", 0, &socket), FIRTH_ERR_ADDRESS_NOT_AVAILABLE);
    EXPECT(socket == NULL);
    return FIRTH_OK;
}

TASK_TEST(bad_arguments_of_calls_are_refused)
{
    firth_datagram_socket *socket;
    firth_datagram datagram = {.bytes = NULL};
    firth_datagram_control control = {.struct_bytes = 0};
    char byte = 0;
    firth_address self;

    EXPECT_EQUAL(sockets_open_plain(scope, &socket, &self), FIRTH_OK);
    EXPECT_EQUAL(firth_receive_from(socket, NULL, 1, NULL), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_receive_from(socket, &byte, 0, NULL), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_receive(socket, &datagram), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_receive_many(socket, &datagram, 0), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_receive_many(socket, NULL, 0), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_send_many(socket, &datagram, 0), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_send_many(socket, NULL, 0), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_send_to(socket, NULL, 1, &self), FIRTH_ERR_ARGUMENT);
    datagram.bytes = &byte;
    datagram.capacity = datagram.size = 1;
    datagram.address = self;
    datagram.control = &control;
    EXPECT_EQUAL(firth_send(socket, &datagram), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_receive(socket, &datagram), FIRTH_ERR_ARGUMENT);
    return FIRTH_OK;
}

/* Windows refuses them by name. */
static bool is_refused(firth_option option)
{
    return support_backend_is("iocp") && (option == FIRTH_OPTION_REUSE_PORT || option == FIRTH_OPTION_TRAFFIC_CLASS ||
                                          option == FIRTH_OPTION_RECEIVE_DROPS);
}

static int expect_option(firth_datagram_socket *socket, firth_option option, int expected)
{
    int value = -1;

    if (is_refused(option)) {
        EXPECT_EQUAL(firth_datagram_socket_get_option(socket, option, &value), FIRTH_ERR_NOT_SUPPORTED);
        EXPECT_EQUAL(firth_datagram_socket_set_option(socket, option, 1), FIRTH_ERR_NOT_SUPPORTED);
        return FIRTH_OK;
    }
    EXPECT_EQUAL(firth_datagram_socket_get_option(socket, option, &value), FIRTH_OK);
    EXPECT_EQUAL(value, expected);
    return FIRTH_OK;
}

/* Each is in the builder; what is read back comes from the system. */
TASK_TEST(every_option_is_applied_and_read_back)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    static const struct {
        firth_option option;
        int value;
    } expected[] = {
        {FIRTH_OPTION_BROADCAST, 1},
        {FIRTH_OPTION_REUSE_ADDRESS, 1},
        {FIRTH_OPTION_REUSE_PORT, 1},
        {FIRTH_OPTION_DONT_FRAGMENT, 1},
        {FIRTH_OPTION_PACKET_INFO, 1},
        {FIRTH_OPTION_RECEIVE_HOP_LIMIT, 1},
        {FIRTH_OPTION_RECEIVE_ECN, 1},
        {FIRTH_OPTION_MULTICAST_LOOP, 0},
        {FIRTH_OPTION_SEND_BUFFER_BYTES, 30000},
        {FIRTH_OPTION_RECEIVE_BUFFER_BYTES, 40000},
        {FIRTH_OPTION_TRAFFIC_CLASS, 0xb9},
        {FIRTH_OPTION_HOP_LIMIT, 7},
        {FIRTH_OPTION_MULTICAST_HOP_LIMIT, 3},
        {FIRTH_OPTION_RECEIVE_DROPS, 0},
    };
    const char *hosts[] = {"127.0.0.1", "::1"};

    udp.broadcast = udp.reuse_address = udp.dont_fragment = true;
    udp.reuse_port = !is_refused(FIRTH_OPTION_REUSE_PORT);
    udp.packet_info = udp.receive_hop_limit = udp.receive_ecn = true;
    udp.multicast_loop = false;
    udp.send_buffer_bytes = 30000;
    udp.receive_buffer_bytes = 40000;
    if (!is_refused(FIRTH_OPTION_TRAFFIC_CLASS))
        udp.traffic_class = 0xb9;
    udp.hop_limit = 7;
    udp.multicast_hop_limit = 3;
    for (size_t family = 0; family < 2; family++) {
        firth_datagram_socket *socket;

        if (family == 1 && !support_backend_is("sim") && !support_has_ipv6())
            break;
        EXPECT_EQUAL(sockets_open(scope, &udp, hosts[family], &socket, NULL), FIRTH_OK);
        for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
            EXPECT_EQUAL(expect_option(socket, expected[i].option, expected[i].value), FIRTH_OK);
    }
    return FIRTH_OK;
}

TASK_TEST(switches_go_off_again)
{
    static const firth_option switches[] = {FIRTH_OPTION_BROADCAST,   FIRTH_OPTION_DONT_FRAGMENT,
                                            FIRTH_OPTION_PACKET_INFO, FIRTH_OPTION_RECEIVE_HOP_LIMIT,
                                            FIRTH_OPTION_RECEIVE_ECN, FIRTH_OPTION_MULTICAST_LOOP};
    firth_datagram_socket *socket;

    EXPECT_EQUAL(sockets_open_plain(scope, &socket, NULL), FIRTH_OK);
    for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++) {
        for (int wanted = 1; wanted >= 0; wanted--) {
            int value = -1;

            EXPECT_EQUAL(firth_datagram_socket_set_option(socket, switches[i], wanted), FIRTH_OK);
            EXPECT_EQUAL(firth_datagram_socket_get_option(socket, switches[i], &value), FIRTH_OK);
            EXPECT_EQUAL(value, wanted);
        }
    }
    EXPECT_EQUAL(firth_datagram_socket_set_option(socket, FIRTH_OPTION_BROADCAST, 2), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_datagram_socket_set_option(socket, FIRTH_OPTION_RECEIVE_DROPS, 1), FIRTH_ERR_NOT_SUPPORTED);
    EXPECT(strcmp(firth_last_failure()->step, "option receive_drops") == 0);
    EXPECT_EQUAL(firth_datagram_socket_set_option(socket, FIRTH_OPTION_COUNT_, 1), FIRTH_ERR_ARGUMENT);
    return FIRTH_OK;
}

TASK_TEST_UNLESS(fault_seen(FAULT_HAS_NO_PATH_MTU), path_mtu_is_known_when_connected)
{
    firth_datagram_socket *socket, *connected;
    firth_address self;
    int mtu = 0;

    EXPECT_EQUAL(sockets_open_plain(scope, &socket, &self), FIRTH_OK);
    EXPECT_EQUAL(firth_datagram_socket_get_option(socket, FIRTH_OPTION_PATH_MTU_BYTES, &mtu), FIRTH_ERR_NOT_CONNECTED);
    EXPECT_EQUAL(sockets_connect(scope, &self, &connected), FIRTH_OK);
    EXPECT_EQUAL(firth_datagram_socket_get_option(connected, FIRTH_OPTION_PATH_MTU_BYTES, &mtu), FIRTH_OK);
    EXPECT(mtu >= 576 && mtu <= 65536);
    return FIRTH_OK;
}

static int check_mtu_after_traffic_class(firth_scope *scope, const char *host)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *peer, *connected;
    firth_address to, before, after;
    int mtu = 0, again = 0;

    EXPECT_EQUAL(sockets_open(scope, &udp, host, &peer, &to), FIRTH_OK);
    EXPECT_EQUAL(sockets_connect(scope, &to, &connected), FIRTH_OK);
    EXPECT_EQUAL(firth_datagram_socket_local_address(connected, &before), FIRTH_OK);
    EXPECT_EQUAL(firth_datagram_socket_get_option(connected, FIRTH_OPTION_PATH_MTU_BYTES, &mtu), FIRTH_OK);
    EXPECT_EQUAL(firth_datagram_socket_set_option(connected, FIRTH_OPTION_TRAFFIC_CLASS, 16), FIRTH_OK);
    EXPECT_EQUAL(firth_datagram_socket_get_option(connected, FIRTH_OPTION_PATH_MTU_BYTES, &again), FIRTH_OK);
    EXPECT_EQUAL(again, mtu);
    EXPECT_EQUAL(firth_datagram_socket_local_address(connected, &after), FIRTH_OK);
    EXPECT(firth_address_equal(&before, &after));
    EXPECT_EQUAL(firth_datagram_socket_peer_address(connected, &after), FIRTH_OK);
    EXPECT(firth_address_equal(&to, &after));
    return FIRTH_OK;
}

TASK_TEST_UNLESS(fault_seen(FAULT_HAS_NO_PATH_MTU), path_mtu_is_known_after_an_option_that_drops_the_route)
{
    if (is_refused(FIRTH_OPTION_TRAFFIC_CLASS))
        return FIRTH_OK;
    EXPECT_EQUAL(check_mtu_after_traffic_class(scope, "127.0.0.1"), FIRTH_OK);
    return support_backend_is("sim") || support_has_ipv6() ? check_mtu_after_traffic_class(scope, "::1") : FIRTH_OK;
}

/* What comes while nobody receives, and does not fit any more, is counted where the system does so. */
TASK_TEST(drops_of_a_full_receive_buffer_are_counted)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *socket;
    firth_address self;
    char bytes[1000] = {0};
    int sent = 0, received = 0, drops = 0;

    udp.receive_buffer_bytes = 5000;
    EXPECT_EQUAL(sockets_open(scope, &udp, "127.0.0.1", &socket, &self), FIRTH_OK);
    for (; sent < 100; sent++)
        EXPECT_EQUAL(firth_send_to(socket, bytes, sizeof bytes, &self), FIRTH_OK);
    while (sockets_receive_within(30, socket) >= 0)
        received++;
    EXPECT(received > 0 && received < sent);
    if (is_refused(FIRTH_OPTION_RECEIVE_DROPS)) {
        EXPECT_EQUAL(firth_datagram_socket_get_option(socket, FIRTH_OPTION_RECEIVE_DROPS, &drops),
                     FIRTH_ERR_NOT_SUPPORTED);
        EXPECT(strcmp(firth_last_failure()->step, "option receive_drops") == 0);
        return FIRTH_OK;
    }
    EXPECT_EQUAL(firth_datagram_socket_get_option(socket, FIRTH_OPTION_RECEIVE_DROPS, &drops), FIRTH_OK);
    EXPECT_EQUAL(drops, sent - received);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(taken_address_is_in_use_and_free_again_after_close),
        cmocka_unit_test(tcp_and_udp_have_ports_of_their_own),
        cmocka_unit_test(wildcard_takes_both_families_and_shows_ipv4_as_ipv6_has_it),
        cmocka_unit_test(ipv6_only_takes_no_ipv4),
        cmocka_unit_test(one_builder_with_ipv6_only_binds_a_socket_of_each_family_to_one_port),
        cmocka_unit_test(address_of_the_wrong_family_is_an_argument_error),
        cmocka_unit_test(ipv4_inside_ipv6_is_of_the_wrong_family_for_an_ipv4_socket),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(address_of_another_machine_is_not_available),
        cmocka_unit_test(bad_arguments_of_calls_are_refused),
        cmocka_unit_test(every_option_is_applied_and_read_back),
        cmocka_unit_test(switches_go_off_again),
        cmocka_unit_test(path_mtu_is_known_when_connected),
        cmocka_unit_test(path_mtu_is_known_after_an_option_that_drops_the_route),
        cmocka_unit_test(drops_of_a_full_receive_buffer_are_counted),
    };

    return support_main(argc, argv, "opening datagram sockets", tests, sizeof tests / sizeof tests[0]);
}
