/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets with one peer, and what ICMP says of it. */
#include "tests/udp/faults.h"
#include "tests/udp/sockets.h"

TASK_TEST(connected_socket_sends_without_an_address_and_knows_its_peer)
{
    firth_datagram_socket *peer, *socket;
    firth_address to, from, known;
    char bytes[16];

    EXPECT_EQUAL(sockets_open_plain(scope, &peer, &to), FIRTH_OK);
    EXPECT_EQUAL(firth_datagram_socket_peer_address(peer, &known), FIRTH_ERR_NOT_CONNECTED);
    EXPECT_EQUAL(sockets_connect(scope, &to, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_datagram_socket_peer_address(socket, &known), FIRTH_OK);
    EXPECT(firth_address_equal(&known, &to));
    EXPECT_EQUAL(firth_send_to(socket, "hello", 5, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(socket, "again", 5, &to), FIRTH_OK);
    EXPECT_EQUAL(firth_receive_from(peer, bytes, sizeof bytes, &from), 5);
    EXPECT_BYTES(bytes, "hello", 5);
    EXPECT_EQUAL(firth_datagram_socket_local_address(socket, &known), FIRTH_OK);
    EXPECT(firth_address_equal(&known, &from));
    EXPECT_EQUAL(sockets_expect(peer, "again"), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(peer, "answer", 6, &from), FIRTH_OK);
    return sockets_expect(socket, "answer");
}

TASK_TEST(sending_to_another_than_the_peer_is_an_argument_error)
{
    firth_datagram_socket *peer, *other, *socket;
    firth_address to, elsewhere;

    EXPECT_EQUAL(sockets_open_plain(scope, &peer, &to), FIRTH_OK);
    EXPECT_EQUAL(sockets_open_plain(scope, &other, &elsewhere), FIRTH_OK);
    EXPECT_EQUAL(sockets_connect(scope, &to, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(socket, "x", 1, &elsewhere), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(sockets_expect_nothing(other), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(socket, "y", 1, &to), FIRTH_OK);
    return sockets_expect(peer, "y");
}

TASK_TEST(sending_without_an_address_or_a_peer_is_not_connected)
{
    firth_datagram_socket *socket;
    firth_address self;

    EXPECT_EQUAL(sockets_open_plain(scope, &socket, &self), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(socket, "x", 1, NULL), FIRTH_ERR_NOT_CONNECTED);
    EXPECT_EQUAL(firth_send_to(socket, "y", 1, &self), FIRTH_OK);
    return sockets_expect(socket, "y");
}

TASK_TEST(connected_socket_does_not_hear_others)
{
    firth_datagram_socket *peer, *stranger, *socket;
    firth_address to, local;

    EXPECT_EQUAL(sockets_open_plain(scope, &peer, &to), FIRTH_OK);
    EXPECT_EQUAL(sockets_open_plain(scope, &stranger, NULL), FIRTH_OK);
    EXPECT_EQUAL(sockets_connect(scope, &to, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_datagram_socket_local_address(socket, &local), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(stranger, "stranger", 8, &local), FIRTH_OK);
    EXPECT_EQUAL(sockets_expect_nothing(socket), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(peer, "peer", 4, &local), FIRTH_OK);
    return sockets_expect(socket, "peer");
}

TASK_TEST(connect_by_name_and_port)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *peer, *socket;
    firth_address to;

    EXPECT_EQUAL(sockets_open_plain(scope, &peer, &to), FIRTH_OK);
    EXPECT_EQUAL(firth_udp_connect(&udp, "127.0.0.1", to.port, &socket), FIRTH_OK);
    firth_scope_own_datagram_socket(scope, socket);
    EXPECT_EQUAL(firth_send_to(socket, "hello", 5, NULL), FIRTH_OK);
    EXPECT_EQUAL(sockets_expect(peer, "hello"), FIRTH_OK);
    EXPECT_EQUAL(firth_udp_connect(&udp, "", 1, &socket), FIRTH_ERR_ARGUMENT);
    EXPECT(socket == NULL);
    EXPECT_EQUAL(firth_udp_connect(&udp, "127.0.0.1", 0, &socket), FIRTH_ERR_PORT_RANGE);
    EXPECT_EQUAL(firth_udp_connect(&udp, "127.0.0.1", 65536, &socket), FIRTH_ERR_PORT_RANGE);
    return FIRTH_OK;
}

TASK_TEST(local_address_is_bound_first)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *peer, *socket;
    firth_address to, wanted, local;

    EXPECT_EQUAL(sockets_open_plain(scope, &peer, &to), FIRTH_OK);
    EXPECT_EQUAL(sockets_nobody(scope, &wanted), FIRTH_OK);
    udp.reuse_address = true;
    udp.local_address = &wanted;
    EXPECT_EQUAL(firth_udp_connect_to(&udp, &to, &socket), FIRTH_OK);
    firth_scope_own_datagram_socket(scope, socket);
    EXPECT_EQUAL(firth_datagram_socket_local_address(socket, &local), FIRTH_OK);
    EXPECT(firth_address_equal(&local, &wanted));
    return FIRTH_OK;
}

TASK_TEST(peer_at_port_0_is_out_of_range)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *socket;
    firth_address to = {.family = FIRTH_FAMILY_NONE};

    EXPECT_EQUAL(firth_udp_connect_to(&udp, &to, &socket), FIRTH_ERR_ADDRESS_INVALID);
    EXPECT_EQUAL(firth_address_make(&to, "127.0.0.1", 0), FIRTH_OK);
    EXPECT_EQUAL(firth_udp_connect_to(&udp, &to, &socket), FIRTH_ERR_PORT_RANGE);
    EXPECT(socket == NULL);
    EXPECT(strcmp(firth_last_failure()->step, "port") == 0);
    return FIRTH_OK;
}

TASK_TEST(local_address_of_the_other_family_is_invalid)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *socket;
    firth_address to, local;
    static const char *const pairs[][2] = {
        {"127.0.0.1", "::1"}, {"127.0.0.1", "::ffff:127.0.0.1"}, {"127.0.0.1", "::"}, {"::1", "127.0.0.1"}};

    udp.local_address = &local;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (pairs[i][0][0] == ':' && !support_backend_is("sim") && !support_has_ipv6())
            continue;
        EXPECT_EQUAL(firth_address_make(&to, pairs[i][0], 9), FIRTH_OK);
        EXPECT_EQUAL(firth_address_make(&local, pairs[i][1], 0), FIRTH_OK);
        EXPECT_EQUAL(firth_udp_connect_to(&udp, &to, &socket), FIRTH_ERR_ADDRESS_INVALID);
        EXPECT(socket == NULL);
        EXPECT(strcmp(firth_last_failure()->step, "option local_address") == 0);
        EXPECT_EQUAL(firth_udp_connect(&udp, pairs[i][0], 9, &socket), FIRTH_ERR_ADDRESS_INVALID);
    }
    return FIRTH_OK;
}

/* A connected socket hears once that nobody is there, by a receive or a send, and is as good as before. */
TASK_TEST_UNLESS(fault_seen(FAULT_FORGETS_REFUSALS), udp_survives_port_unreachable_connected)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *socket, *peer;
    firth_address nobody;

    EXPECT_EQUAL(sockets_nobody(scope, &nobody), FIRTH_OK);
    EXPECT_EQUAL(sockets_connect(scope, &nobody, &socket), FIRTH_OK);
    for (int i = 0; i < 3; i++) {
        EXPECT_EQUAL(firth_send_to(socket, "x", 1, NULL), FIRTH_OK);
        EXPECT_EQUAL(sockets_receive_within(10000, socket), FIRTH_ERR_REFUSED);
        EXPECT_EQUAL(sockets_expect_nothing(socket), FIRTH_OK);
    }
    udp.reuse_address = true;
    EXPECT_EQUAL(firth_udp_bind(&udp, "127.0.0.1", nobody.port, &peer), FIRTH_OK);
    firth_scope_own_datagram_socket(scope, peer);
    EXPECT_EQUAL(firth_send_to(socket, "later", 5, NULL), FIRTH_OK);
    return sockets_expect(peer, "later");
}

/* The next call hears of it, and that may be a send. */
TASK_TEST_UNLESS(fault_seen(FAULT_FORGETS_REFUSALS), send_after_port_unreachable_hears_of_it_once)
{
    firth_datagram_socket *socket;
    firth_address nobody;
    int rc = FIRTH_OK;

    EXPECT_EQUAL(sockets_nobody(scope, &nobody), FIRTH_OK);
    EXPECT_EQUAL(sockets_connect(scope, &nobody, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(socket, "x", 1, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep(1), FIRTH_OK); /* the simulator's network takes time */
    EXPECT_EQUAL(firth_send_to(socket, "y", 1, NULL), FIRTH_ERR_REFUSED);
    EXPECT_EQUAL(firth_send_to(socket, "z", 1, NULL), FIRTH_OK);
    /* Of many that were refused one error is told. */
    for (int i = 0; i < 10; i++)
        rc = firth_send_to(socket, "w", 1, NULL);
    EXPECT(rc == FIRTH_OK || rc == FIRTH_ERR_REFUSED);
    return FIRTH_OK;
}

TASK_TEST(udp_survives_port_unreachable_unconnected)
{
    firth_datagram_socket *socket;
    firth_address nobody, self;

    EXPECT_EQUAL(sockets_nobody(scope, &nobody), FIRTH_OK);
    EXPECT_EQUAL(sockets_open_plain(scope, &socket, &self), FIRTH_OK);
    for (int i = 0; i < 3; i++) {
        EXPECT_EQUAL(firth_send_to(socket, "x", 1, &nobody), FIRTH_OK);
        EXPECT_EQUAL(sockets_expect_nothing(socket), FIRTH_OK);
    }
    EXPECT_EQUAL(firth_send_to(socket, "later", 5, &self), FIRTH_OK);
    return sockets_expect(socket, "later");
}

static int expect_refused(firth_scope *scope, void *socket)
{
    (void)scope;
    EXPECT_EQUAL(sockets_receive_within(10000, socket), FIRTH_ERR_REFUSED);
    return FIRTH_OK;
}

TASK_TEST(suspended_receiver_hears_of_port_unreachable)
{
    firth_datagram_socket *socket;
    firth_address nobody;

    EXPECT_EQUAL(sockets_nobody(scope, &nobody), FIRTH_OK);
    EXPECT_EQUAL(sockets_connect(scope, &nobody, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(scope, expect_refused, socket, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(socket, "x", 1, NULL), FIRTH_OK);
    return FIRTH_OK;
}

TASK_TEST(ipv6_peer_needs_no_local_address)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *peer, *socket;
    firth_address to, from;
    char bytes[8];

    if (!support_backend_is("sim") && !support_has_ipv6())
        return FIRTH_OK;
    EXPECT_EQUAL(sockets_open(scope, &udp, "::1", &peer, &to), FIRTH_OK);
    EXPECT_EQUAL(sockets_connect(scope, &to, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(socket, "hello", 5, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_receive_from(peer, bytes, sizeof bytes, &from), 5);
    EXPECT_EQUAL(from.family, FIRTH_FAMILY_IPV6);
    EXPECT_EQUAL(firth_send_to(peer, "answer", 6, &from), FIRTH_OK);
    return sockets_expect(socket, "answer");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connected_socket_sends_without_an_address_and_knows_its_peer),
        cmocka_unit_test(sending_to_another_than_the_peer_is_an_argument_error),
        cmocka_unit_test(sending_without_an_address_or_a_peer_is_not_connected),
        cmocka_unit_test(connected_socket_does_not_hear_others),
        cmocka_unit_test(connect_by_name_and_port),
        cmocka_unit_test(local_address_is_bound_first),
        cmocka_unit_test(peer_at_port_0_is_out_of_range),
        cmocka_unit_test(local_address_of_the_other_family_is_invalid),
        cmocka_unit_test(udp_survives_port_unreachable_connected),
        cmocka_unit_test(send_after_port_unreachable_hears_of_it_once),
        cmocka_unit_test(udp_survives_port_unreachable_unconnected),
        cmocka_unit_test(suspended_receiver_hears_of_port_unreachable),
        cmocka_unit_test(ipv6_peer_needs_no_local_address),
    };

    return support_main(argc, argv, "connected datagram sockets", tests, sizeof tests / sizeof tests[0]);
}
