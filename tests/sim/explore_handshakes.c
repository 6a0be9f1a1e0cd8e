/* SPDX-License-Identifier: Apache-2.0 */
/* Accepting and connecting. */
#include "tests/sim/explore.h"

/* ---- accept: the subject is a server ------------------------------------------------------------------------------- */

static int bind_server(firth_scope *scope, void *argument)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));

    (void)argument;
    return firth_tcp_bind(&tcp, "10.0.0.9", WORLD_PORT, &it.server);
}

static int open_server(void)
{
    EXPECT_EQUAL(explore_spawn(bind_server), FIRTH_OK);
    EXPECT_EQUAL(explore_run(1), FIRTH_OK);
    EXPECT(it.server != NULL);
    return FIRTH_OK;
}

static int64_t accept_one(firth_scope *within)
{
    firth_socket *socket;
    int rc = firth_accept(it.server, &socket);

    (void)within;
    if (rc >= 0) {
        it.clients_accepted++;
        firth_socket_abort(socket);
    }
    return rc;
}

static void begin_client(void)
{
    static const firth_address server = {.family = FIRTH_FAMILY_IPV4, .port = WORLD_PORT, .ip = {10, 0, 0, 9}};
    firth_io *io = &it.clients[it.clients_count];
    firth_op *op = &it.client_ops[it.clients_count];

    if (it.clients_count == CLIENTS_MAX)
        return;
    it.clients_count++;
    io->selector = firth_sim_host_selector(it.peer_host);
    if (firth_backend_sim.socket_open(io, FIRTH_FAMILY_IPV4) < 0)
        (void)support_failed(__FILE__, __LINE__, "socket_open");
    fth_op_init(op, FIRTH_OP_CONNECT, io);
    op->with.address = &server;
    op->done = explore_peer_ignore;
    (void)fth_op_submit(op);
}

/* The SYN has arrived. */
static void half_a_client(void)
{
    begin_client();
    explore_pass(1);
}

/* It stands in the backlog. */
static void whole_client(void)
{
    begin_client();
    explore_pass(4);
}

static bool is_connected(const firth_io *io)
{
    return fth_sim_socket_of(io)->stage == FTH_SIM_CONNECTED;
}

/* The last client goes; if it was connected, the server's side will see it even so. */
static void lose_client(firth_close_how how)
{
    firth_io *io = it.clients_count > 0 ? &it.clients[it.clients_count - 1] : NULL;

    if (io != NULL && io->native != -1) {
        it.clients_connected += is_connected(io);
        fth_op_cancel(&it.client_ops[it.clients_count - 1]);
        firth_backend_sim.socket_close(io, how);
    }
    explore_pass(4);
}

static void reset_client(void)
{
    lose_client(FIRTH_CLOSE_RESET);
}

static void end_client(void)
{
    lose_client(FIRTH_CLOSE_NORMAL);
}

static int accept_the_rest(firth_scope *scope, void *argument)
{
    firth_scope_options limit = {.timeout_ms = 1000};
    firth_scope within;

    (void)argument;
    firth_scope_open(&within, scope, &limit);
    while (accept_one(&within) >= 0)
        ;
    EXPECT_EQUAL(firth_scope_close(&within, FIRTH_ERR_CANCELED), FIRTH_ERR_TIMED_OUT);
    return FIRTH_OK;
}

static int lose_all(void)
{
    for (int i = 0; i < it.clients_count; i++) {
        if (it.clients[i].native == -1)
            continue;
        it.clients_connected += it.client_ops[i].result == FIRTH_OK;
        firth_backend_sim.socket_close(&it.clients[i], FIRTH_CLOSE_RESET);
    }
    return explore_run(1000);
}

/* Every client that got through is accepted once, whoever was cancelled in between. */
static int finish_accepting(void)
{
    bool was_closed = it.is_closed;

    EXPECT_EQUAL(explore_run(DEADLINE_MS + 1000), FIRTH_OK);
    EXPECT(!it.is_running);
    if (!was_closed)
        EXPECT_EQUAL(explore_spawn(accept_the_rest), FIRTH_OK);
    EXPECT_EQUAL(explore_run(2000), FIRTH_OK);
    EXPECT_EQUAL(explore_close_rest(), FIRTH_OK);
    EXPECT_EQUAL(explore_run(DEADLINE_MS), FIRTH_OK);
    EXPECT_EQUAL(lose_all(), FIRTH_OK);
    if (was_closed)
        EXPECT(it.clients_accepted <= it.clients_count);
    else
        EXPECT_EQUAL(it.clients_accepted, it.clients_connected);
    return FIRTH_OK;
}

/* ---- connect: the subject is a client ------------------------------------------------------------------------------ */

static int open_listener(void)
{
    firth_address address;

    it.listener.selector = firth_sim_host_selector(it.peer_host);
    EXPECT_EQUAL(firth_address_make(&address, SERVER_IP, WORLD_PORT), FIRTH_OK);
    EXPECT_EQUAL(firth_backend_sim.socket_open(&it.listener, FIRTH_FAMILY_IPV4), FIRTH_OK);
    EXPECT_EQUAL(firth_backend_sim.bind(&it.listener, &address), FIRTH_OK);
    EXPECT_EQUAL(firth_backend_sim.listen(&it.listener, 0), FIRTH_OK);
    EXPECT_EQUAL(firth_sim_partition(here.client, here.server), FIRTH_OK);
    return FIRTH_OK;
}

static int64_t connect_it(firth_scope *within)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(within));

    tcp.connect_timeout_ms = 0;
    firth_socket_abort(it.socket);
    it.socket = NULL;
    return firth_tcp_connect(&tcp, SERVER_IP, WORLD_PORT, &it.socket);
}

static int handshake(void)
{
    return here.sim->connections != NULL ? here.sim->connections->handshake : -1;
}

/* The SYN has got through, its answer is on the way. */
static void half_connect(void)
{
    firth_sim_heal(here.client, here.server);
    for (int i = 0; i < 20 && (handshake() == FTH_SIM_SYN_AGAIN || handshake() == FTH_SIM_SYN); i++)
        (void)explore_step();
}

static void whole_connect(void)
{
    firth_sim_heal(here.client, here.server);
    for (int i = 0; i < 20 && handshake() >= 0 && handshake() != FTH_SIM_ESTABLISHED; i++)
        (void)explore_step();
}

/* Nobody listens any more. */
static void close_listener(void)
{
    if (it.listener.native != -1)
        firth_backend_sim.socket_close(&it.listener, FIRTH_CLOSE_RESET);
    whole_connect();
}

static void accept_and_end(void)
{
    firth_io accepted = {.selector = NULL};
    firth_op op = {.kind = FIRTH_OP_ACCEPT, .attempt_only = true, .io = &it.listener};

    whole_connect();
    op.with.accepted = &accepted;
    if (it.listener.native != -1)
        (void)firth_backend_sim.submit(&op);
    else
        op.result = FIRTH_ERR_CLOSED;
    if (op.result == FIRTH_OK)
        firth_backend_sim.socket_close(&accepted, FIRTH_CLOSE_NORMAL);
    explore_pass(3);
}

static bool is_fair(int64_t rc)
{
    return rc == FIRTH_OK || rc == FIRTH_ERR_CANCELED || rc == FIRTH_ERR_REFUSED || rc == FIRTH_ERR_TIMED_OUT;
}

static int finish_connecting(void)
{
    firth_sim_heal(here.client, here.server);
    EXPECT_EQUAL(explore_run(2 * DEADLINE_MS), FIRTH_OK);
    EXPECT(!it.is_running);
    EXPECT_EQUAL(explore_close_rest(), FIRTH_OK);
    EXPECT_EQUAL(explore_run(DEADLINE_MS), FIRTH_OK);
    for (int i = 0; i < it.ended; i++)
        EXPECT(is_fair(it.results[i]));
    EXPECT_EQUAL(firth_sim_host_descriptors(it.host), 0);
    close_listener();
    return FIRTH_OK;
}

/* ---- the kinds --------------------------------------------------------------------------------------------------- */

const explored_kind explored_handshakes[] = {
    {
        .name = "accept",
        .actions = "stpfcCdxaAre",
        .open = open_server,
        .operate = accept_one,
        .partial = half_a_client,
        .complete = whole_client,
        .reset = reset_client,
        .end = end_client,
        .finish = finish_accepting,
        .states_least = 2000,
    },
    {
        .name = "connect",
        .actions = "stpfcCdxaAre",
        .open = open_listener,
        .operate = connect_it,
        .partial = half_connect,
        .complete = whole_connect,
        .reset = close_listener,
        .end = accept_and_end,
        .finish = finish_connecting,
        .states_least = 250,
    },
};
