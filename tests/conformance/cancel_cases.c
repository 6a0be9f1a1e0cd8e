/* SPDX-License-Identifier: Apache-2.0 */
/* A cancel at every step that a call takes of its backend: the call ends, nothing is lost, nothing is left. A round has
 * the cancel come one step later than the last, until the call is over before it comes. */
#include "tests/conformance/peers.h"

enum { STEPS_MOST = 200 };

typedef int kit_round(firth_scope *scope, unsigned step);

static int at_every_step(firth_scope *scope, kit_round *round)
{
    for (unsigned step = 1; step <= STEPS_MOST; step++) {
        TRY(round(scope, step));
        if (!fth_kit_step_reached())
            return FIRTH_OK;
    }
    return FIRTH_OK; /* a backend may take as many steps as it likes */
}

static int await_unless_cancelled(kit_attempt *attempt)
{
    TRY(fth_kit_await(&attempt->ended));
    if (attempt->result < 0)
        EXPECT_RESULT(attempt->result, FIRTH_ERR_CANCELED);
    return FIRTH_OK;
}

/* ---- connect and accept ------------------------------------------------------------------------------------------ */

static int cancel_connect(firth_scope *scope, unsigned step)
{
    kit_attempt *connecting = fth_kit_attempt(fth_kit_connect);
    firth_server *server;

    TRY(fth_kit_server(scope, &server, &connecting->port));
    connecting->tcp = fth_kit_tcp(scope);
    connecting->host = "127.0.0.1";
    fth_kit_at_step(step, fth_kit_cancel, connecting);
    TRY(fth_kit_start(scope, connecting));
    TRY(await_unless_cancelled(connecting));
    EXPECT((connecting->result == FIRTH_OK) == (connecting->socket != NULL));
    firth_socket_abort(connecting->socket);
    firth_server_close(server);
    return FIRTH_OK;
}

static int connect_cancelled_at_any_step_is_all_or_nothing(firth_scope *scope)
{
    return at_every_step(scope, cancel_connect);
}

static int cancel_refused_connect(firth_scope *scope, unsigned step)
{
    kit_attempt *connecting = fth_kit_attempt(fth_kit_connect);

    TRY(fth_kit_closed_port(scope, &connecting->port));
    connecting->tcp = fth_kit_tcp(scope);
    connecting->host = "127.0.0.1";
    fth_kit_at_step(step, fth_kit_cancel, connecting);
    TRY(fth_kit_start(scope, connecting));
    TRY(fth_kit_await(&connecting->ended));
    EXPECT(connecting->result == FIRTH_ERR_REFUSED || connecting->result == FIRTH_ERR_CANCELED);
    EXPECT(connecting->socket == NULL);
    return FIRTH_OK;
}

static int refused_connect_cancelled_at_any_step_leaves_nothing(firth_scope *scope)
{
    return at_every_step(scope, cancel_refused_connect);
}

static int greet(firth_scope *scope, int port, char greeting, firth_socket **client)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);

    TRY(firth_tcp_connect(&tcp, "127.0.0.1", port, client));
    firth_scope_own_socket(scope, *client);
    TRY(firth_write(firth_socket_output(*client), &greeting, 1));
    TRY(firth_flush(firth_socket_output(*client)));
    return FIRTH_OK;
}

static int expect_greeting(firth_socket *accepted, char greeting)
{
    uint8_t byte;

    EXPECT_RESULT(firth_read(firth_socket_input(accepted), &byte, 1), 1);
    PROMISE(byte == (uint8_t)greeting);
    firth_socket_abort(accepted);
    return FIRTH_OK;
}

/* Two clients come; the cancelled accept gets the first or leaves it to the next. */
static int cancel_accept(firth_scope *scope, unsigned step)
{
    kit_attempt *accepting = fth_kit_attempt(fth_kit_accept);
    firth_socket *clients[2], *accepted;
    int port;

    TRY(fth_kit_server(scope, &accepting->server, &port));
    fth_kit_at_step(step, fth_kit_cancel, accepting);
    TRY(fth_kit_start(scope, accepting));
    TRY(firth_yield());
    TRY(greet(scope, port, '1', &clients[0]));
    TRY(greet(scope, port, '2', &clients[1]));
    TRY(await_unless_cancelled(accepting));
    accepted = accepting->socket;
    if (accepting->result < 0)
        TRY(firth_accept(accepting->server, &accepted));
    TRY(expect_greeting(accepted, '1'));
    TRY(firth_accept(accepting->server, &accepted));
    TRY(expect_greeting(accepted, '2'));
    firth_socket_abort(clients[0]);
    firth_socket_abort(clients[1]);
    firth_server_close(accepting->server);
    return FIRTH_OK;
}

static int accept_cancelled_at_any_step_loses_no_client(firth_scope *scope)
{
    return at_every_step(scope, cancel_accept);
}

/* ---- read -------------------------------------------------------------------------------------------------------- */

static int cancel_read(firth_scope *scope, unsigned step)
{
    enum { SIZE = 24 };
    kit_attempt *reading = fth_kit_attempt(fth_kit_read_fully);
    uint8_t *rest = fth_kit_keep(SIZE), *bytes = fth_kit_keep(SIZE);
    kit_pair pair;
    size_t got;

    fth_kit_fill(bytes, SIZE, 0);
    TRY(fth_kit_pair(scope, &pair));
    reading->socket = pair.b;
    reading->bytes = fth_kit_keep(SIZE);
    reading->size = SIZE;
    fth_kit_at_step(step, fth_kit_cancel, reading);
    TRY(fth_kit_start(scope, reading));
    for (size_t at = 0; at < SIZE; at += SIZE / 3) {
        TRY(firth_yield());
        TRY(firth_write(pair.a_out, bytes + at, SIZE / 3));
        TRY(firth_flush(pair.a_out));
    }
    TRY(await_unless_cancelled(reading));
    got = reading->progress;
    PROMISE(got <= SIZE && fth_kit_is_filled(reading->bytes, got, 0));
    EXPECT_RESULT(firth_read_fully(pair.b_in, rest, SIZE - got), SIZE - got);
    PROMISE(fth_kit_is_filled(rest, SIZE - got, got));
    firth_socket_abort(pair.a);
    firth_socket_abort(pair.b);
    return FIRTH_OK;
}

static int read_cancelled_at_any_step_loses_no_byte(firth_scope *scope)
{
    return at_every_step(scope, cancel_read);
}

/* At least a block goes straight into the caller's memory. */
static int cancel_large_read(firth_scope *scope, unsigned step)
{
    enum { SIZE = 60 * 1000 };
    kit_attempt *reading = fth_kit_attempt(fth_kit_read_fully), *writing = fth_kit_attempt(fth_kit_write);
    uint8_t *rest = fth_kit_keep(SIZE);
    kit_pair pair;
    size_t got;

    TRY(fth_kit_pair(scope, &pair));
    reading->socket = pair.b;
    writing->socket = pair.a;
    reading->size = writing->size = SIZE;
    reading->bytes = fth_kit_keep(SIZE);
    writing->bytes = fth_kit_keep(SIZE);
    fth_kit_fill(writing->bytes, SIZE, 0);
    fth_kit_at_step(step, fth_kit_cancel, reading);
    TRY(fth_kit_start(scope, reading));
    TRY(fth_kit_start(scope, writing));
    TRY(await_unless_cancelled(reading));
    got = reading->progress;
    PROMISE(got <= SIZE && fth_kit_is_filled(reading->bytes, got, 0));
    EXPECT_RESULT(firth_read_fully(pair.b_in, rest, SIZE - got), SIZE - got);
    PROMISE(fth_kit_is_filled(rest, SIZE - got, got));
    TRY(fth_kit_await(&writing->ended));
    TRY(writing->result);
    firth_socket_abort(pair.a);
    firth_socket_abort(pair.b);
    return FIRTH_OK;
}

static int large_read_cancelled_at_any_step_loses_no_byte(firth_scope *scope)
{
    return at_every_step(scope, cancel_large_read);
}

/* ---- write and close --------------------------------------------------------------------------------------------- */

/* What a cancelled write took arrives, and the next goes on behind it. */
static int cancel_write(firth_scope *scope, unsigned step)
{
    enum { SIZE = 300 * 1000, TAIL = 4 };
    kit_attempt *writing = fth_kit_attempt(fth_kit_write);
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    uint8_t *received = fth_kit_keep(SIZE);
    kit_attempt *ending = fth_kit_attempt(fth_kit_write);
    char tail[TAIL];
    kit_pair pair;

    tcp.send_buffer_bytes = tcp.receive_buffer_bytes = 16 * 1024;
    TRY(fth_kit_pair_with(scope, &tcp, &pair));
    writing->socket = ending->socket = pair.a;
    writing->size = SIZE;
    writing->bytes = fth_kit_keep(SIZE);
    fth_kit_fill(writing->bytes, SIZE, 0);
    ending->size = TAIL;
    ending->bytes = fth_kit_keep(TAIL);
    memcpy(ending->bytes, "tail", TAIL);
    fth_kit_at_step(step, fth_kit_cancel, writing);
    TRY(fth_kit_start(scope, writing));
    EXPECT_RESULT(firth_read_fully(pair.b_in, received, 1), 1);
    TRY(firth_sleep(1));
    fth_kit_cancel(writing);
    TRY(await_unless_cancelled(writing));
    PROMISE(writing->progress >= 1 && writing->progress <= SIZE);
    TRY(fth_kit_start(scope, ending));
    EXPECT_RESULT(firth_read_fully(pair.b_in, received + 1, writing->progress - 1), writing->progress - 1);
    PROMISE(fth_kit_is_filled(received, writing->progress, 0));
    EXPECT_RESULT(firth_read_fully(pair.b_in, tail, TAIL), TAIL);
    PROMISE(memcmp(tail, "tail", TAIL) == 0);
    TRY(fth_kit_await(&ending->ended));
    TRY(ending->result);
    firth_socket_abort(pair.a);
    firth_socket_abort(pair.b);
    return FIRTH_OK;
}

/* The first byte is waited for, so that each round has the write under way. */
static int write_cancelled_at_any_step_tells_how_far_it_came(firth_scope *scope)
{
    for (unsigned step = 3; step < 60; step += fth_kit.quick ? 7 : 2)
        TRY(cancel_write(scope, step));
    return FIRTH_OK;
}

static int64_t flush(kit_attempt *attempt)
{
    return firth_flush(firth_socket_output(attempt->socket));
}

static int cancel_flush(firth_scope *scope, unsigned step)
{
    enum { SIZE = 10 * 1000 };
    kit_attempt *flushing = fth_kit_attempt(flush);
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    uint8_t *bytes = fth_kit_keep(SIZE), *received = fth_kit_keep(SIZE);
    kit_pair pair;

    tcp.auto_flush = false;
    fth_kit_fill(bytes, SIZE, 0);
    TRY(fth_kit_pair_with(scope, &tcp, &pair));
    TRY(firth_write(pair.a_out, bytes, SIZE));
    flushing->socket = pair.a;
    fth_kit_at_step(step, fth_kit_cancel, flushing);
    TRY(fth_kit_start(scope, flushing));
    TRY(await_unless_cancelled(flushing));
    TRY(firth_flush(pair.a_out));
    EXPECT_RESULT(firth_read_fully(pair.b_in, received, SIZE), SIZE);
    PROMISE(fth_kit_is_filled(received, SIZE, 0));
    firth_socket_abort(pair.a);
    firth_socket_abort(pair.b);
    return FIRTH_OK;
}

static int flush_cancelled_at_any_step_loses_no_byte(firth_scope *scope)
{
    return at_every_step(scope, cancel_flush);
}

/* Close is worth waiting for: the linger is its deadline, not the scope. */
static int cancel_close(firth_scope *scope, unsigned step)
{
    enum { SIZE = 10 * 1000 };
    kit_attempt *closing = fth_kit_attempt(fth_kit_close);
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    uint8_t *bytes = fth_kit_keep(SIZE), *received = fth_kit_keep(SIZE + 1);
    kit_pair pair;

    tcp.auto_flush = false;
    fth_kit_fill(bytes, SIZE, 0);
    TRY(fth_kit_pair_with(scope, &tcp, &pair));
    TRY(firth_write(pair.a_out, bytes, SIZE));
    closing->socket = pair.a;
    fth_kit_at_step(step, fth_kit_cancel, closing);
    TRY(fth_kit_start(scope, closing));
    TRY(fth_kit_await(&closing->ended));
    EXPECT_RESULT(closing->result, FIRTH_OK);
    EXPECT_RESULT(firth_read_remaining(pair.b_in, received, SIZE + 1), SIZE);
    PROMISE(fth_kit_is_filled(received, SIZE, 0));
    firth_socket_abort(pair.b);
    return FIRTH_OK;
}

static int close_cancelled_at_any_step_still_sends_everything(firth_scope *scope)
{
    return at_every_step(scope, cancel_close);
}

/* ---- data beats cancel ------------------------------------------------------------------------------------------- */

/* The bytes and the cancel come in one turn of the loop: whoever wins, the next read goes on behind it. */
static int a_cancel_that_meets_the_data_loses_no_byte(firth_scope *scope)
{
    for (int i = 0; i < 60; i++) {
        kit_attempt *reading = fth_kit_attempt(fth_kit_read);
        uint8_t rest[3];
        kit_pair pair;
        size_t got;

        TRY(fth_kit_pair(scope, &pair));
        reading->socket = pair.b;
        reading->bytes = fth_kit_keep(1);
        reading->size = 1;
        TRY(fth_kit_start(scope, reading));
        TRY(firth_yield());
        TRY(firth_write(pair.a_out, "abc", 3));
        TRY(firth_flush(pair.a_out));
        for (int turns = 0; turns < i % 4; turns++)
            TRY(firth_yield());
        fth_kit_cancel(reading);
        TRY(await_unless_cancelled(reading));
        got = reading->progress;
        if (got == 1)
            PROMISE(reading->bytes[0] == 'a');
        EXPECT_RESULT(firth_read_fully(pair.b_in, rest, 3 - got), 3 - got);
        PROMISE(memcmp(rest, &"abc"[got], 3 - got) == 0);
        firth_socket_abort(pair.a);
        firth_socket_abort(pair.b);
    }
    return FIRTH_OK;
}

const kit_case fth_kit_cancel_cases[] = {
    KIT_CASE(connect_cancelled_at_any_step_is_all_or_nothing),
    KIT_CASE(refused_connect_cancelled_at_any_step_leaves_nothing),
    KIT_CASE(accept_cancelled_at_any_step_loses_no_client),
    KIT_CASE(read_cancelled_at_any_step_loses_no_byte),
    KIT_CASE(large_read_cancelled_at_any_step_loses_no_byte),
    KIT_CASE(write_cancelled_at_any_step_tells_how_far_it_came),
    KIT_CASE(flush_cancelled_at_any_step_loses_no_byte),
    KIT_CASE(close_cancelled_at_any_step_still_sends_everything),
    KIT_CASE(a_cancel_that_meets_the_data_loses_no_byte),
    {.name = NULL},
};
