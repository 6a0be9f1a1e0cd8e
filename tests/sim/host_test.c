/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts: who has which address and port, and who can be reached. */
#include "tests/sim/world.h"

enum { MS = 1000000 };

static firth_address make_address(const char *text)
{
    firth_address address;

    assert_int_equal(firth_address_parse(&address, text), FIRTH_OK);
    return address;
}

static int play(firth_task_fn *client, firth_task_fn *server)
{
    return world_play(1, client, server);
}

static int nothing(firth_scope *scope, void *argument)
{
    (void)scope;
    (void)argument;
    return FIRTH_OK;
}

/* ---- names of both ends ------------------------------------------------------------------------------------------ */

static int expect_address(const firth_address *address, const char *text)
{
    EXPECT(strcmp(firth_address_text(address).text, text) == 0);
    return FIRTH_OK;
}

static int expect_ends(const firth_socket *socket, const char *local, const char *peer)
{
    firth_address address;

    EXPECT_EQUAL(firth_socket_local_address(socket, &address), FIRTH_OK);
    EXPECT_EQUAL(expect_address(&address, local), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_peer_address(socket, &address), FIRTH_OK);
    return expect_address(&address, peer);
}

static const char *const clients_ends[][2] = {{"10.0.0.1:32768", "10.0.0.2:7000"},
                                              {"[2001:db8::1]:32769", "[2001:db8::2]:7000"}};
static const char *const servers_ends[][2] = {{"[::ffff:10.0.0.2]:7000", "[::ffff:10.0.0.1]:32768"},
                                              {"[2001:db8::2]:7000", "[2001:db8::1]:32769"}};

static int connect_both_ways(firth_scope *scope, void *argument)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    static const char *const hosts[] = {"10.0.0.2", "2001:db8::2"};

    (void)argument;
    for (int i = 0; i < 2; i++) {
        firth_socket *socket;
        char byte;

        EXPECT_EQUAL(firth_tcp_connect(&tcp, hosts[i], WORLD_PORT, &socket), FIRTH_OK);
        EXPECT_EQUAL(expect_ends(socket, clients_ends[i][0], clients_ends[i][1]), FIRTH_OK);
        EXPECT_EQUAL(firth_read(firth_socket_input(socket), &byte, 1), FIRTH_EOF);
        EXPECT_EQUAL(firth_socket_close(socket), FIRTH_OK);
    }
    return FIRTH_OK;
}

static int accept_both_ways(firth_scope *scope, void *argument)
{
    (void)argument;
    for (int i = 0; i < 2; i++) {
        firth_socket *socket;

        EXPECT_EQUAL(world_accept(scope, &socket), FIRTH_OK);
        EXPECT_EQUAL(expect_ends(socket, servers_ends[i][0], servers_ends[i][1]), FIRTH_OK);
        EXPECT_EQUAL(firth_socket_close(socket), FIRTH_OK);
    }
    return FIRTH_OK;
}

static void a_wildcard_is_dual_stack_and_each_end_knows_both_names(void **state)
{
    (void)state;
    assert_int_equal(play(connect_both_ways, accept_both_ways), FIRTH_OK);
}

/* ---- who cannot be reached --------------------------------------------------------------------------------------- */

static int reach_nobody(firth_scope *scope, void *argument)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    int64_t start_ns = firth_now_ns();
    firth_socket *socket;

    (void)argument;
    EXPECT_EQUAL(firth_tcp_connect(&tcp, "10.9.9.9", 80, &socket), FIRTH_ERR_HOST_UNREACHABLE);
    EXPECT_EQUAL(firth_now_ns() - start_ns, 3000 * (int64_t)MS);
    start_ns = firth_now_ns();
    EXPECT_EQUAL(firth_tcp_connect(&tcp, SERVER_IP, 80, &socket), FIRTH_ERR_REFUSED);
    EXPECT_EQUAL(firth_now_ns() - start_ns, 2 * (int64_t)MS);
    EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", 80, &socket), FIRTH_ERR_REFUSED);
    EXPECT_EQUAL(firth_sim_host_descriptors(here.client), 0);
    return FIRTH_OK;
}

static void nobody_and_nobody_listening_are_two_things(void **state)
{
    (void)state;
    assert_int_equal(play(reach_nobody, nothing), FIRTH_OK);
}

static firth_sim_host *lonely;

static int reach_the_other_family(firth_scope *scope, void *argument)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *socket;

    (void)argument;
    EXPECT_EQUAL(firth_tcp_connect(&tcp, SERVER_IP, WORLD_PORT, &socket), FIRTH_ERR_NETWORK_UNREACHABLE);
    return FIRTH_OK;
}

static void a_host_without_the_family_has_no_network_to_it(void **state)
{
    firth_sim_host_options options = firth_sim_host_defaults();

    (void)state;
    world_open(1);
    options.name = "lonely";
    options.addresses[0] = "2001:db8::3";
    assert_int_equal(firth_sim_host_open(here.sim, &options, &lonely), FIRTH_OK);
    assert_string_equal(firth_sim_host_name(lonely), "lonely");
    assert_int_equal(world_spawn(lonely, reach_the_other_family, NULL), FIRTH_OK);
    assert_int_equal(world_run(), FIRTH_OK);
    assert_int_equal(world_close(), FIRTH_OK);
}

static int connect_to_itself(firth_scope *scope, void *argument)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_address local;
    firth_socket *socket;

    (void)argument;
    EXPECT_EQUAL(firth_address_parse(&local, "127.0.0.1:5000"), FIRTH_OK);
    tcp.local_address = &local;
    EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", 5000, &socket), FIRTH_ERR_REFUSED);
    EXPECT_EQUAL(strcmp(firth_last_failure()->step, "connect to itself"), 0);
    return FIRTH_OK;
}

static void a_socket_that_met_itself_is_refused(void **state)
{
    (void)state;
    assert_int_equal(play(connect_to_itself, nothing), FIRTH_OK);
}

/* ---- addresses and ports ------------------------------------------------------------------------------------------ */

static void an_address_belongs_to_one_host(void **state)
{
    firth_sim_host_options options = firth_sim_host_defaults();
    firth_sim_host *host;

    (void)state;
    world_open(1);
    options.addresses[0] = SERVER_IP;
    assert_int_equal(firth_sim_host_open(here.sim, &options, &host), FIRTH_ERR_ADDRESS_IN_USE);
    options.addresses[0] = "10.0.0.256";
    assert_int_equal(firth_sim_host_open(here.sim, &options, &host), FIRTH_ERR_ADDRESS_INVALID);
    assert_int_equal(firth_sim_host_close(here.server), FIRTH_OK);
    options.addresses[0] = SERVER_IP;
    assert_int_equal(firth_sim_host_open(here.sim, &options, &here.server), FIRTH_OK);
    assert_int_equal(world_close(), FIRTH_OK);
}

static int bind_error(firth_scope *scope, const char *host, int port, firth_server **server)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));

    return firth_tcp_bind(&tcp, host, port, server);
}

static int bind_ports(firth_scope *scope, void *argument)
{
    firth_server *one, *other;

    (void)argument;
    EXPECT_EQUAL(bind_error(scope, SERVER_IP, 80, &one), FIRTH_ERR_ADDRESS_NOT_AVAILABLE);
    EXPECT_EQUAL(bind_error(scope, CLIENT_IP, 80, &one), FIRTH_OK);
    EXPECT_EQUAL(bind_error(scope, CLIENT_IP, 80, &other), FIRTH_ERR_ADDRESS_IN_USE);
    EXPECT_EQUAL(bind_error(scope, "*", 80, &other), FIRTH_ERR_ADDRESS_IN_USE);
    EXPECT_EQUAL(bind_error(scope, "127.0.0.1", 80, &other), FIRTH_OK);
    firth_server_close(other);
    firth_server_close(one);
    for (int i = 0; i < 10; i++) {
        EXPECT_EQUAL(bind_error(scope, "*", 80, &one), FIRTH_OK);
        firth_server_close(one);
    }
    EXPECT_EQUAL(bind_error(scope, "*", 0, &one), FIRTH_OK);
    EXPECT_EQUAL(bind_error(scope, "*", 0, &other), FIRTH_OK);
    EXPECT_EQUAL(firth_server_address(one)->port, 32768);
    EXPECT_EQUAL(firth_server_address(other)->port, 32769);
    firth_server_close(other);
    firth_server_close(one);
    return FIRTH_OK;
}

static void ports_are_shared_as_on_linux_and_given_out_in_turn(void **state)
{
    (void)state;
    assert_int_equal(play(bind_ports, nothing), FIRTH_OK);
}

/* ---- SO_REUSEPORT and the backlog ---------------------------------------------------------------------------------- */

static int counts[2];

static int count_clients(firth_scope *scope, void *argument)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    int *count = argument;
    firth_server *server;
    firth_socket *socket;

    tcp.reuse_port = true;
    EXPECT_EQUAL(firth_tcp_bind(&tcp, NULL, WORLD_PORT, &server), FIRTH_OK);
    firth_scope_own_server(scope, server);
    while (counts[0] + counts[1] < 100 && firth_accept(server, &socket) >= 0) {
        ++*count;
        firth_socket_abort(socket);
        if (counts[0] + counts[1] == 100)
            firth_scope_cancel(firth_selector_scope(firth_scope_selector(scope)));
    }
    return FIRTH_OK;
}

static int connect_often(firth_scope *scope, void *argument)
{
    (void)argument;
    for (int i = 0; i < 100; i++) {
        firth_socket *socket;

        EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_OK);
        firth_socket_abort(socket);
    }
    return FIRTH_OK;
}

static void servers_that_share_a_port_share_its_clients(void **state)
{
    (void)state;
    counts[0] = counts[1] = 0;
    world_open(1);
    assert_int_equal(world_spawn(here.server, count_clients, &counts[0]), FIRTH_OK);
    assert_int_equal(world_spawn(here.server, count_clients, &counts[1]), FIRTH_OK);
    assert_int_equal(world_spawn(here.client, connect_often, NULL), FIRTH_OK);
    assert_int_equal(world_run(), FIRTH_OK);
    assert_int_equal(world_close(), FIRTH_OK);
    assert_int_equal(counts[0] + counts[1], 100);
    assert_true(counts[0] > 25 && counts[1] > 25);
}

static int accept_late(firth_scope *scope, void *argument)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_server *server;
    firth_socket *socket;

    (void)argument;
    tcp.backlog = 1;
    EXPECT_EQUAL(firth_tcp_bind(&tcp, NULL, WORLD_PORT, &server), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep(500), FIRTH_OK);
    for (int i = 0; i < 3; i++) {
        EXPECT_EQUAL(firth_accept(server, &socket), FIRTH_OK);
        EXPECT_EQUAL(firth_socket_close(socket), FIRTH_OK);
    }
    firth_server_close(server);
    return FIRTH_OK;
}

/* A queue of one holds two (Linux, listen(2)): the third SYN is dropped and sent again. */
static int fill_the_backlog(firth_scope *scope, void *argument)
{
    firth_socket *sockets[3];

    (void)argument;
    for (int i = 0; i < 3; i++) {
        int64_t start_ns = firth_now_ns();

        EXPECT_EQUAL(world_connect(scope, &sockets[i]), FIRTH_OK);
        EXPECT_EQUAL(firth_now_ns() - start_ns > 1000 * (int64_t)MS, i == 2);
        EXPECT_EQUAL(firth_sleep(10), FIRTH_OK);
    }
    for (int i = 0; i < 3; i++)
        EXPECT_EQUAL(firth_socket_close(sockets[i]), FIRTH_OK);
    return FIRTH_OK;
}

static void a_full_backlog_makes_clients_wait(void **state)
{
    (void)state;
    assert_int_equal(play(fill_the_backlog, accept_late), FIRTH_OK);
}

/* ---- worlds that nobody opened ------------------------------------------------------------------------------------- */

TASK_TEST(a_program_that_only_chose_the_backend_has_a_loopback)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_address address = make_address("[::1]:0");
    firth_server *server;
    firth_socket *client, *accepted;

    EXPECT_EQUAL(firth_tcp_bind(&tcp, "::1", 0, &server), FIRTH_OK);
    address.port = firth_server_address(server)->port;
    EXPECT_EQUAL(firth_tcp_connect_any(&tcp, &address, 1, &client), FIRTH_OK);
    EXPECT_EQUAL(firth_accept(server, &accepted), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_close(client), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_close(accepted), FIRTH_OK);
    firth_server_close(server);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wildcard_is_dual_stack_and_each_end_knows_both_names),
        cmocka_unit_test(nobody_and_nobody_listening_are_two_things),
        cmocka_unit_test(a_host_without_the_family_has_no_network_to_it),
        cmocka_unit_test(a_socket_that_met_itself_is_refused),
        cmocka_unit_test(an_address_belongs_to_one_host),
        cmocka_unit_test(ports_are_shared_as_on_linux_and_given_out_in_turn),
        cmocka_unit_test(servers_that_share_a_port_share_its_clients),
        cmocka_unit_test(a_full_backlog_makes_clients_wait),
        cmocka_unit_test(a_program_that_only_chose_the_backend_has_a_loopback),
    };

    return support_main(argc, argv, "hosts", tests, sizeof tests / sizeof tests[0]);
}
