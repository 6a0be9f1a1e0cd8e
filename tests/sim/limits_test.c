/* SPDX-License-Identifier: Apache-2.0 */
/* The limits of a world: delays are short and come once, a full backlog is full, a window is never overrun. */
#include "tests/sim/world.h"

enum { MS = 1000000, BYTES = 50000 };

/* ---- delays ------------------------------------------------------------------------------------------------------ */

enum { ROUNDS = 20 };

static int ask(firth_scope *scope, void *argument)
{
    firth_socket *socket;
    char byte = 'x';

    (void)argument;
    EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_OK);
    for (int i = 0; i < ROUNDS; i++) {
        int64_t start_ns = firth_now_ns();

        EXPECT_EQUAL(firth_write(firth_socket_output(socket), &byte, 1), FIRTH_OK);
        EXPECT_EQUAL(firth_flush(firth_socket_output(socket)), FIRTH_OK);
        EXPECT_EQUAL(firth_read_fully(firth_socket_input(socket), &byte, 1), 1);
        /* A send and a receive on either side, a millisecond each at most, and the way. */
        EXPECT(firth_now_ns() - start_ns > 2 * (int64_t)MS);
        EXPECT(firth_now_ns() - start_ns <= (2 + 4) * (int64_t)MS);
    }
    EXPECT_EQUAL(firth_socket_close(socket), FIRTH_OK);
    world_stop();
    return FIRTH_OK;
}

static int ask_under_delays(uint64_t seed)
{
    world_open_with(seed, &(firth_sim_faults){.would_block = 1}, false);
    EXPECT_EQUAL(world_spawn(here.server, world_echo, NULL), FIRTH_OK);
    EXPECT_EQUAL(world_spawn(here.client, ask, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_sim_run_for(here.sim, 10000), 0);
    EXPECT_EQUAL(world_run(), FIRTH_OK);
    return world_close();
}

static void what_would_block_always_waits_once_each_time(void **state)
{
    (void)state;
    assert_int_equal(support_seeds(20, ask_under_delays), FIRTH_OK);
}

/* ---- the backlog --------------------------------------------------------------------------------------------------- */

enum { CLIENTS = 20, BACKLOG = 2 };

static int connected;

static int come_at_once(firth_scope *scope, void *argument)
{
    firth_socket *socket;

    (void)argument;
    EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_OK);
    connected++;
    EXPECT_EQUAL(firth_read(firth_socket_input(socket), &(char){0}, 1), FIRTH_EOF);
    return firth_socket_close(socket);
}

/* Accepts nobody for a while, then one client after the other. */
static int accept_late(firth_scope *scope, void *argument)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_server *server;
    firth_socket *socket;

    tcp.backlog = BACKLOG;
    EXPECT_EQUAL(firth_tcp_bind(&tcp, NULL, WORLD_PORT, &server), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep(500), FIRTH_OK);
    EXPECT_EQUAL(connected, BACKLOG + 1); /* as many as on Linux, listen(2) */
    for (int i = 0; i < *(const int *)argument; i++) {
        EXPECT_EQUAL(firth_accept(server, &socket), FIRTH_OK);
        EXPECT_EQUAL(firth_socket_close(socket), FIRTH_OK);
    }
    firth_server_close(server);
    return FIRTH_OK;
}

/* All get in with their six further tries, each of which finds room for three. */
static void clients_who_come_at_once_do_not_overfill_a_backlog(void **state)
{
    int all = CLIENTS;

    (void)state;
    connected = 0;
    world_open(1);
    assert_int_equal(world_spawn(here.server, accept_late, &all), FIRTH_OK);
    for (int i = 0; i < CLIENTS; i++)
        assert_int_equal(world_spawn(here.client, come_at_once, NULL), FIRTH_OK);
    assert_int_equal(world_run(), FIRTH_OK);
    assert_int_equal(world_close(), FIRTH_OK);
    assert_int_equal(connected, CLIENTS);
}

/* Their SYNs have been answered when they leave; the link takes a millisecond each way. */
static int leave_and_come(firth_scope *scope, void *argument)
{
    firth_socket *sockets[BACKLOG + 1], *never;

    (void)argument;
    for (int i = 0; i < CLIENTS; i++) {
        firth_scope_options limit = {.deadline_ns = firth_now_ns() + 3 * MS / 2};
        firth_scope within;
        int rc;

        firth_scope_open(&within, scope, &limit);
        rc = world_connect(&within, &never);
        EXPECT_EQUAL(firth_scope_close(&within, rc), FIRTH_ERR_TIMED_OUT);
    }
    for (int i = 0; i <= BACKLOG; i++) {
        int64_t start_ns = firth_now_ns();

        EXPECT_EQUAL(world_connect(scope, &sockets[i]), FIRTH_OK);
        EXPECT_EQUAL(firth_now_ns() - start_ns, 2 * (int64_t)MS);
        connected++;
    }
    EXPECT_EQUAL(firth_sleep(1000), FIRTH_OK);
    for (int i = 0; i <= BACKLOG; i++)
        EXPECT_EQUAL(firth_socket_close(sockets[i]), FIRTH_OK);
    return FIRTH_OK;
}

static void clients_who_leave_within_the_handshake_leave_their_places(void **state)
{
    int places = BACKLOG + 1;

    (void)state;
    connected = 0;
    world_open(1);
    assert_int_equal(world_spawn(here.server, accept_late, &places), FIRTH_OK);
    assert_int_equal(world_spawn(here.client, leave_and_come, NULL), FIRTH_OK);
    assert_int_equal(world_run(), FIRTH_OK);
    assert_int_equal(world_close(), FIRTH_OK);
}

/* ---- the window ---------------------------------------------------------------------------------------------------- */

static int64_t window_bytes;

static int send_it_all(firth_scope *scope, void *argument)
{
    static unsigned char bytes[BYTES];
    firth_socket *socket;
    char byte;

    (void)argument;
    support_fill(bytes, sizeof bytes, 0);
    EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_write(firth_socket_output(socket), bytes, sizeof bytes), FIRTH_OK);
    EXPECT_EQUAL(firth_flush_and_close(firth_socket_output(socket)), FIRTH_OK);
    EXPECT_EQUAL(firth_read(firth_socket_input(socket), &byte, 1), FIRTH_EOF);
    return firth_socket_close(socket);
}

/* Reads only when all that can come has come. */
static int read_at_leisure(firth_scope *scope, void *argument)
{
    static unsigned char bytes[BYTES];
    firth_socket *socket;
    uint64_t total = 0;
    int64_t n = 0, most = 0;

    (void)argument;
    EXPECT_EQUAL(world_accept(scope, &socket), FIRTH_OK);
    while (n >= 0) {
        EXPECT_EQUAL(firth_sleep(100), FIRTH_OK);
        n = firth_read(firth_socket_input(socket), bytes, sizeof bytes);
        EXPECT(n < 0 || support_is_filled(bytes, (size_t)n, total));
        total += n > 0 ? (uint64_t)n : 0;
        most = n > most ? n : most;
    }
    EXPECT_EQUAL(n, FIRTH_EOF);
    EXPECT_EQUAL(total, BYTES);
    EXPECT(most <= window_bytes && most >= window_bytes / 2);
    return firth_socket_close(socket);
}

static void a_reader_never_finds_more_than_its_buffer_holds(void **state)
{
    static const int64_t sizes[] = {1, 3, 1000, 1460, 2000, 10000};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        firth_sim_faults faults = {.send_buffer_bytes = 2 * BYTES, .receive_buffer_bytes = (size_t)sizes[i]};

        window_bytes = sizes[i];
        world_open_with(1, &faults, false);
        assert_int_equal(world_spawn(here.server, read_at_leisure, NULL), FIRTH_OK);
        assert_int_equal(world_spawn(here.client, send_it_all, NULL), FIRTH_OK);
        assert_int_equal(world_run(), FIRTH_OK);
        assert_int_equal(world_close(), FIRTH_OK);
    }
}

/* ---- sockets that are on their way out ------------------------------------------------------------------------------ */

static int write_without_end(firth_scope *scope, void *argument)
{
    static const char bytes[5000];
    firth_socket *socket;

    EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_OK);
    *(firth_socket **)argument = socket;
    firth_write_auto_flush(firth_socket_output(socket), true);
    EXPECT_EQUAL(firth_write(firth_socket_output(socket), bytes, sizeof bytes), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep(100), FIRTH_OK); /* the rest of it waits for room, in the background */
    EXPECT(firth_write_pending(firth_socket_output(socket)) > 0);
    return FIRTH_OK;
}

static int read_nothing(firth_scope *scope, void *argument)
{
    firth_socket *socket;

    (void)argument;
    EXPECT_EQUAL(world_accept(scope, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep(500), FIRTH_OK);
    firth_socket_abort(socket);
    return FIRTH_OK;
}

/* Its selector is closed before the loop comes round. */
static void an_aborted_socket_whose_send_ends_late_is_not_open_any_more(void **state)
{
    const firth_sim_faults faults = {.late_cancel = 1, .send_buffer_bytes = 1000, .receive_buffer_bytes = 1000};

    firth_socket *socket = NULL;

    (void)state;
    world_open_with(1, &faults, false);
    assert_int_equal(world_spawn(here.server, read_nothing, NULL), FIRTH_OK);
    assert_int_equal(world_spawn(here.client, write_without_end, &socket), FIRTH_OK);
    assert_int_equal(firth_sim_run_for(here.sim, 300), 1);
    firth_socket_abort(socket);
    assert_int_equal(firth_sim_host_close(here.client), FIRTH_OK);
    here.client = NULL;
    assert_int_equal(world_run(), FIRTH_OK);
    assert_int_equal(world_close(), FIRTH_OK);
}

/* ---- room for a sender ------------------------------------------------------------------------------------------- */

enum { OWN_ROOM = 2048, PEERS_ROOM = 8192, READ_EARLY = 2000 };

/* Both buffers take it once the peer has read its first bytes, with 240 bytes to spare. */
static int flush_what_fits_in_the_end(firth_scope *scope, void *argument)
{
    static const char bytes[OWN_ROOM + PEERS_ROOM + READ_EARLY - 240];
    firth_socket *socket;

    (void)argument;
    EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_write(firth_socket_output(socket), bytes, sizeof bytes), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(socket)), FIRTH_OK);
    EXPECT(world_ms() < 200);
    firth_socket_abort(socket);
    return FIRTH_OK;
}

static int read_a_part_and_wait(firth_scope *scope, void *argument)
{
    char bytes[READ_EARLY];
    firth_socket *socket;

    (void)argument;
    EXPECT_EQUAL(world_accept(scope, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep(100), FIRTH_OK);
    EXPECT_EQUAL(firth_read_fully(firth_socket_input(socket), bytes, sizeof bytes), sizeof bytes);
    EXPECT_EQUAL(firth_sleep(1000), FIRTH_OK);
    firth_socket_abort(socket);
    return FIRTH_OK;
}

/* However much larger the receiver's is. */
static void a_small_send_buffer_is_free_when_all_has_arrived(void **state)
{
    const firth_sim_faults sender = {.send_buffer_bytes = OWN_ROOM}, receiver = {.receive_buffer_bytes = PEERS_ROOM};

    (void)state;
    world_open(1);
    assert_int_equal(firth_sim_host_set_faults(here.client, &sender), FIRTH_OK);
    assert_int_equal(firth_sim_host_set_faults(here.server, &receiver), FIRTH_OK);
    assert_int_equal(world_spawn(here.server, read_a_part_and_wait, NULL), FIRTH_OK);
    assert_int_equal(world_spawn(here.client, flush_what_fits_in_the_end, NULL), FIRTH_OK);
    assert_int_equal(world_run(), FIRTH_OK);
    assert_int_equal(world_close(), FIRTH_OK);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_would_block_always_waits_once_each_time),
        cmocka_unit_test(clients_who_come_at_once_do_not_overfill_a_backlog),
        cmocka_unit_test(clients_who_leave_within_the_handshake_leave_their_places),
        cmocka_unit_test(a_reader_never_finds_more_than_its_buffer_holds),
        cmocka_unit_test(a_small_send_buffer_is_free_when_all_has_arrived),
        cmocka_unit_test(an_aborted_socket_whose_send_ends_late_is_not_open_any_more),
    };

    return support_main(argc, argv, "limits", tests, sizeof tests / sizeof tests[0]);
}
