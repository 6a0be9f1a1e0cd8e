/* SPDX-License-Identifier: Apache-2.0 */
/* Receiving, sending and waiting for either, on a connection between the subject and a peer that only the backend
 * knows. */
#include "tests/sim/explore.h"

/* ---- the connection ---------------------------------------------------------------------------------------------- */

static int listen_as_peer(void)
{
    firth_address address;

    it.listener.selector = firth_sim_host_selector(it.peer_host);
    EXPECT_EQUAL(firth_address_make(&address, SERVER_IP, WORLD_PORT), FIRTH_OK);
    EXPECT_EQUAL(firth_backend_sim.socket_open(&it.listener, FIRTH_FAMILY_IPV4), FIRTH_OK);
    EXPECT_EQUAL(firth_backend_sim.bind(&it.listener, &address), FIRTH_OK);
    EXPECT_EQUAL(firth_backend_sim.listen(&it.listener, 0), FIRTH_OK);
    return FIRTH_OK;
}

/* Writes at most that many of the bytes that come next. */
static int write_next(size_t size)
{
    firth_write_channel *out = firth_socket_output(it.socket);
    int rc;

    support_fill(it.bytes, size, it.accepted);
    rc = firth_write(out, it.bytes, size);
    if (it.socket == NULL)
        it.untold += size;
    else
        it.accepted += firth_write_progress(out);
    return rc;
}

static int connect_and_fill(firth_scope *scope, void *argument)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));

    (void)argument;
    tcp.auto_flush = true;
    EXPECT_EQUAL(firth_tcp_connect(&tcp, SERVER_IP, WORLD_PORT, &it.socket), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep(10), FIRTH_OK);
    if (it.kind->is_filled)
        EXPECT_EQUAL(write_next(BUFFER_BYTES * 2), FIRTH_OK);
    return FIRTH_OK;
}

static int open_stream(void)
{
    firth_op accept = {.kind = FIRTH_OP_ACCEPT, .attempt_only = true, .io = &it.listener};

    EXPECT_EQUAL(listen_as_peer(), FIRTH_OK);
    EXPECT_EQUAL(explore_spawn(connect_and_fill), FIRTH_OK);
    EXPECT_EQUAL(explore_run(100), FIRTH_OK);
    EXPECT(it.socket != NULL);
    accept.with.accepted = &it.peer;
    (void)firth_backend_sim.submit(&accept);
    EXPECT_EQUAL(accept.result, FIRTH_OK);
    firth_backend_sim.socket_close(&it.listener, FIRTH_CLOSE_NORMAL);
    it.has_peer = true;
    return FIRTH_OK;
}

static void reset_by_peer(void)
{
    it.is_peer_reset = it.is_peer_reset || it.has_peer;
    explore_peer_close(FIRTH_CLOSE_RESET);
    explore_pass(3);
}

static void end_by_peer(void)
{
    it.is_peer_ended = it.is_peer_ended || it.has_peer;
    explore_peer_close(FIRTH_CLOSE_NORMAL);
    explore_pass(3);
}

/* ---- the peer sends ---------------------------------------------------------------------------------------------- */

static void send_some(size_t size)
{
    size_t left = PEER_SENDS_MAX - it.peer_sent;

    if (it.has_peer && left > 0)
        (void)explore_peer_send(size < left ? size : left);
    explore_pass(3);
}

static void send_a_unit(void)
{
    send_some(UNIT_BYTES);
}

static void send_all_needed(void)
{
    send_some(NEEDED_BYTES);
}

static int64_t read_some(firth_scope *within)
{
    unsigned char bytes[50];
    int64_t n = firth_read(firth_socket_input(it.socket), bytes, sizeof bytes);

    (void)within;
    if (n > 0)
        explore_got(bytes, (size_t)n);
    return n;
}

static int64_t receive_all(firth_scope *within)
{
    static unsigned char bytes[NEEDED_BYTES];
    firth_read_channel *in = firth_socket_input(it.socket);
    int64_t n = firth_read_fully(in, bytes, sizeof bytes);

    (void)within;
    /* A socket that was closed under the call is gone with its channels, and what it had delivered is nobody's. */
    if (it.socket != NULL)
        explore_got(bytes, n >= 0 ? (size_t)n : firth_read_progress(in));
    return n;
}

static int read_the_rest(firth_scope *scope, void *argument)
{
    int64_t n;

    (void)argument;
    while ((n = read_some(scope)) > 0)
        ;
    EXPECT_EQUAL(n, it.is_peer_reset ? FIRTH_ERR_RESET : FIRTH_EOF);
    return FIRTH_OK;
}

/* Whatever was cancelled, timed out or closed in between: every byte is read once, in order. */
static int finish_reading(void)
{
    explore_peer_close(FIRTH_CLOSE_NORMAL);
    EXPECT_EQUAL(explore_run(1000), FIRTH_OK);
    EXPECT(!it.is_running);
    if (!it.is_closed) {
        EXPECT_EQUAL(explore_spawn(read_the_rest), FIRTH_OK);
        EXPECT_EQUAL(explore_run(1000), FIRTH_OK);
        EXPECT_EQUAL(it.got, it.peer_sent);
    }
    EXPECT(it.got <= it.peer_sent);
    EXPECT_EQUAL(explore_close_rest(), FIRTH_OK);
    return explore_run(10000);
}

/* ---- the peer reads ---------------------------------------------------------------------------------------------- */

static void take_a_unit(void)
{
    if (it.has_peer)
        (void)explore_peer_receive(TAKEN_BYTES);
    explore_pass(3);
}

static void take_all(void)
{
    if (it.has_peer)
        (void)explore_peer_receive(STREAM_BYTES);
    explore_pass(3);
}

static int64_t send_all(firth_scope *within)
{
    (void)within;
    return write_next(SENT_BYTES);
}

static int64_t send_in_background(firth_scope *within)
{
    (void)within;
    return write_next(UNIT_BYTES);
}

/* Core has no such wait; an op of its kind is under way inside a call as core's own would be. */
static int64_t wait_for_room(firth_scope *within)
{
    firth_write_channel *out = firth_socket_output(it.socket);
    firth_op op;
    int rc = fth_write_enter(out);

    (void)within;
    if (rc < 0)
        return rc;
    fth_op_init(&op, FIRTH_OP_WAIT_WRITABLE, &it.socket->io);
    rc = (int)fth_op_await(&op, "write", 0);
    return fth_write_leave(out, rc);
}

static int drain(void)
{
    for (int i = 0; i < 40; i++) {
        EXPECT_EQUAL(explore_run(10), FIRTH_OK);
        while (it.has_peer && explore_peer_receive(STREAM_BYTES) > 0)
            ;
    }
    return FIRTH_OK;
}

/* The peer gets what the writes took, once and in order: all of it, unless the connection was broken off. */
static int finish_writing(void)
{
    bool is_whole;

    EXPECT_EQUAL(drain(), FIRTH_OK);
    EXPECT(!it.is_running);
    EXPECT_EQUAL(explore_close_rest(), FIRTH_OK);
    EXPECT_EQUAL(drain(), FIRTH_OK);
    is_whole = !it.is_aborted && it.close_result >= 0 && !it.is_peer_reset && !it.is_peer_ended;
    if (is_whole)
        EXPECT(it.peer_got >= it.accepted);
    EXPECT(it.peer_got <= it.accepted + it.untold);
    if (is_whole)
        EXPECT_EQUAL(explore_peer_receive(1), 0);
    explore_peer_close(FIRTH_CLOSE_NORMAL);
    return explore_run(100000);
}

/* ---- the kinds --------------------------------------------------------------------------------------------------- */

#define ALL_ACTIONS "stpfcCdxaAre"

const explored_kind explored_streams[] = {
    {
        .name = "wait_readable",
        .actions = ALL_ACTIONS,
        .open = open_stream,
        .operate = read_some,
        .partial = send_a_unit,
        .complete = send_all_needed,
        .reset = reset_by_peer,
        .end = end_by_peer,
        .finish = finish_reading,
        .states_least = 1500,
    },
    {
        .name = "receive",
        .actions = ALL_ACTIONS,
        .open = open_stream,
        .operate = receive_all,
        .partial = send_a_unit,
        .complete = send_all_needed,
        .reset = reset_by_peer,
        .end = end_by_peer,
        .finish = finish_reading,
        .states_least = 4000,
    },
    {
        .name = "send",
        .actions = ALL_ACTIONS,
        .open = open_stream,
        .operate = send_all,
        .partial = take_a_unit,
        .complete = take_all,
        .reset = reset_by_peer,
        .end = end_by_peer,
        .finish = finish_writing,
        .states_least = 1500,
    },
    {
        .name = "send_in_the_background",
        .actions = ALL_ACTIONS,
        .is_filled = true,
        .open = open_stream,
        .operate = send_in_background,
        .partial = take_a_unit,
        .complete = take_all,
        .reset = reset_by_peer,
        .end = end_by_peer,
        .finish = finish_writing,
        .states_least = 150,
    },
    {
        .name = "wait_writable",
        .actions = ALL_ACTIONS,
        .is_filled = true,
        .open = open_stream,
        .operate = wait_for_room,
        .partial = take_a_unit,
        .complete = take_all,
        .reset = reset_by_peer,
        .end = end_by_peer,
        .finish = finish_writing,
        .states_least = 700,
    },
};
