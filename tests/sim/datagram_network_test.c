/* SPDX-License-Identifier: Apache-2.0 */
/* What senders of datagrams hear in a simulated network, and whom groups reach. */
#include "tests/sim/world.h"

enum { MS = 1000000 };

static int bind_server(firth_scope *scope, firth_datagram_socket **socket)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));

    EXPECT_EQUAL(firth_udp_bind(&udp, NULL, WORLD_PORT, socket), FIRTH_OK);
    firth_scope_own_datagram_socket(scope, *socket);
    return FIRTH_OK;
}

static int connect_to_server(firth_scope *scope, firth_datagram_socket **socket)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));

    EXPECT_EQUAL(firth_udp_connect(&udp, SERVER_IP, WORLD_PORT, socket), FIRTH_OK);
    firth_scope_own_datagram_socket(scope, *socket);
    return FIRTH_OK;
}

static void play(firth_task_fn *client, firth_task_fn *server)
{
    world_open(1);
    if (server != NULL)
        assert_int_equal(world_spawn(here.server, server, NULL), FIRTH_OK);
    assert_int_equal(world_spawn(here.client, client, NULL), FIRTH_OK);
    assert_int_equal(world_run(), FIRTH_OK);
    assert_int_equal(world_close(), FIRTH_OK);
}

/* ---- what senders hear ---------------------------------------------------------------------------------------------- */

static int hear_of_nobody(firth_scope *scope, void *argument)
{
    firth_datagram_socket *socket;
    char byte;
    int64_t start_ns = firth_now_ns();

    (void)argument;
    EXPECT_EQUAL(connect_to_server(scope, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(socket, "x", 1, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_receive_from(socket, &byte, 1, NULL), FIRTH_ERR_REFUSED);
    EXPECT_EQUAL(firth_now_ns() - start_ns, 2 * MS);
    EXPECT_EQUAL(firth_send_to(socket, "x", 1, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep(10), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(socket, "x", 1, NULL), FIRTH_ERR_REFUSED);
    return FIRTH_OK;
}

static void a_closed_port_is_refused_after_a_round_trip(void **state)
{
    (void)state;
    play(hear_of_nobody, NULL);
}

static int hear_of_no_host(firth_scope *scope, void *argument)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *socket;
    char byte;

    (void)argument;
    EXPECT_EQUAL(firth_udp_connect(&udp, "10.0.0.99", 7, &socket), FIRTH_OK);
    firth_scope_own_datagram_socket(scope, socket);
    EXPECT_EQUAL(firth_send_to(socket, "x", 1, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_receive_from(socket, &byte, 1, NULL), FIRTH_ERR_HOST_UNREACHABLE);
    EXPECT_EQUAL(world_ms(), 3000);
    return FIRTH_OK;
}

static void an_address_of_nobody_is_an_unreachable_host(void **state)
{
    (void)state;
    play(hear_of_no_host, NULL);
}

static int keep_whole(firth_scope *scope, void *argument)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    static char bytes[1473];
    firth_datagram_socket *socket;
    int mtu = 0;

    (void)argument;
    udp.dont_fragment = true;
    EXPECT_EQUAL(firth_udp_connect(&udp, SERVER_IP, WORLD_PORT, &socket), FIRTH_OK);
    firth_scope_own_datagram_socket(scope, socket);
    EXPECT_EQUAL(firth_datagram_socket_get_option(socket, FIRTH_OPTION_PATH_MTU_BYTES, &mtu), FIRTH_OK);
    EXPECT_EQUAL(mtu, 1500);
    EXPECT_EQUAL(firth_send_to(socket, bytes, 1473, NULL), FIRTH_ERR_TOO_LONG);
    EXPECT_EQUAL(firth_send_to(socket, bytes, 1472, NULL), FIRTH_OK);
    return FIRTH_OK;
}

static void without_fragments_the_mtu_is_the_limit(void **state)
{
    (void)state;
    play(keep_whole, NULL);
}

/* ---- groups ---------------------------------------------------------------------------------------------------------- */

static int join_and_receive(firth_scope *scope, void *argument)
{
    firth_datagram_socket *socket;
    firth_address group;
    char byte;

    (void)argument;
    EXPECT_EQUAL(bind_server(scope, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_address_make(&group, "ff15::1", 0), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_join(socket, &group, 0, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_address_make(&group, "239.1.2.3", 0), FIRTH_OK);
    EXPECT_EQUAL(firth_multicast_join(socket, &group, 0, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_receive_from(socket, &byte, 1, NULL), 1);
    EXPECT_EQUAL(byte, '4');
    EXPECT_EQUAL(firth_receive_from(socket, &byte, 1, NULL), 1);
    EXPECT_EQUAL(byte, '6');
    EXPECT_EQUAL(firth_receive_from(socket, &byte, 1, NULL), 1);
    EXPECT_EQUAL(byte, 'b');
    return FIRTH_OK;
}

static int send_to_groups(firth_scope *scope, void *argument)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *socket;
    firth_address to;

    (void)argument;
    EXPECT_EQUAL(firth_sleep(10), FIRTH_OK); /* until they have joined */
    udp.broadcast = true;
    EXPECT_EQUAL(firth_udp_bind(&udp, NULL, 0, &socket), FIRTH_OK);
    firth_scope_own_datagram_socket(scope, socket);
    EXPECT_EQUAL(firth_address_make(&to, "239.1.2.3", WORLD_PORT), FIRTH_OK);
    EXPECT_EQUAL(firth_datagram_socket_set_option(socket, FIRTH_OPTION_MULTICAST_HOP_LIMIT, 0), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(socket, "0", 1, &to), FIRTH_OK);
    EXPECT_EQUAL(firth_datagram_socket_set_option(socket, FIRTH_OPTION_MULTICAST_HOP_LIMIT, 1), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(socket, "4", 1, &to), FIRTH_OK);
    EXPECT_EQUAL(firth_address_make(&to, "ff15::1", WORLD_PORT), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(socket, "6", 1, &to), FIRTH_OK);
    EXPECT_EQUAL(firth_address_make(&to, "239.9.9.9", WORLD_PORT), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(socket, "9", 1, &to), FIRTH_OK);
    EXPECT_EQUAL(firth_address_make(&to, "255.255.255.255", WORLD_PORT), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(socket, "b", 1, &to), FIRTH_OK);
    return FIRTH_OK;
}

static void groups_and_broadcasts_reach_their_members_on_other_hosts(void **state)
{
    (void)state;
    play(send_to_groups, join_and_receive);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_closed_port_is_refused_after_a_round_trip),
        cmocka_unit_test(an_address_of_nobody_is_an_unreachable_host),
        cmocka_unit_test(without_fragments_the_mtu_is_the_limit),
        cmocka_unit_test(groups_and_broadcasts_reach_their_members_on_other_hosts),
    };

    return support_main(argc, argv, "the network of simulated datagrams", tests, sizeof tests / sizeof tests[0]);
}
