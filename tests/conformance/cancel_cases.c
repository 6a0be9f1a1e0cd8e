/* SPDX-License-Identifier: Apache-2.0 */
/* A cancel at every moment of a call: the call ends, nothing is lost, nothing is left.
 *
 * There are two ways to choose the moment. A script: the peer's actions and turns of the loop in between, and the cancel
 * before the n-th of them - so that it also comes when the system has the bytes and the backend does not know. And a
 * step: the cancel comes by way of the loop behind the n-th thing that the backend is asked for or ends - so that it
 * meets an op that has ended and whose task has not resumed. */
#include "tests/conformance/peers.h"

enum { STEPS_MOST = 200 };

typedef struct kit_moment {
    unsigned script; /* the cancel comes before this action; 0: before the call has begun */
    unsigned step;   /* or, when > 0, behind this step */
} kit_moment;

typedef int kit_round(firth_scope *scope, const kit_moment *moment, kit_tally *tally);

static int sweep(firth_scope *scope, kit_round *round, unsigned actions, kit_tally *tally)
{
    kit_moment moment = {0};

    for (moment.script = 0; moment.script <= actions; moment.script++)
        TRY(round(scope, &moment, tally));
    moment.script = UINT32_MAX;
    do {
        moment.step++;
        TRY(round(scope, &moment, tally));
    } while (fth_kit_step_reached() && moment.step < STEPS_MOST);
    return FIRTH_OK;
}

/* Both outcomes have to come up: a cancel that is always too late proves nothing. */
static int sweep_both(firth_scope *scope, kit_round *round, unsigned actions)
{
    kit_tally tally = {0};

    TRY(sweep(scope, round, actions, &tally));
    return fth_kit_both(&tally);
}

/* Starts the call, and cancels it first if that is the moment. */
static int begin(firth_scope *scope, kit_attempt *attempt, const kit_moment *moment)
{
    fth_kit_at_step(moment->step, fth_kit_cancel, attempt);
    if (moment->script == 0)
        fth_kit_cancel(attempt);
    TRY(fth_kit_start(scope, attempt));
    return firth_yield();
}

/* Before action n of the script, from 1 on. */
static void before(unsigned n, kit_attempt *attempt, const kit_moment *moment)
{
    if (moment->script == n)
        fth_kit_cancel(attempt);
}

static int finish(kit_attempt *attempt, kit_tally *tally)
{
    TRY(fth_kit_await(&attempt->ended));
    if (attempt->result < 0)
        EXPECT_RESULT(attempt->result, FIRTH_ERR_CANCELED);
    fth_kit_count(tally, attempt->result);
    return FIRTH_OK;
}

/* ---- connect and accept ------------------------------------------------------------------------------------------ */

static int cancel_connect(firth_scope *scope, const kit_moment *moment, kit_tally *tally)
{
    kit_attempt *connecting = fth_kit_attempt(fth_kit_connect);
    firth_server *server;

    TRY(fth_kit_server(scope, &server, &connecting->port));
    connecting->tcp = fth_kit_tcp(scope);
    connecting->host = "127.0.0.1";
    TRY(begin(scope, connecting, moment));
    before(1, connecting, moment);
    TRY(fth_kit_turn());
    before(2, connecting, moment);
    TRY(finish(connecting, tally));
    EXPECT((connecting->result == FIRTH_OK) == (connecting->socket != NULL));
    firth_socket_abort(connecting->socket);
    fth_kit_server_close(server);
    return FIRTH_OK;
}

static int connect_cancelled_at_any_moment_is_all_or_nothing(firth_scope *scope)
{
    return sweep_both(scope, cancel_connect, 3);
}

static int cancel_refused_connect(firth_scope *scope, const kit_moment *moment, kit_tally *tally)
{
    kit_attempt *connecting = fth_kit_attempt(fth_kit_connect);
    kit_closed closed;

    TRY(fth_kit_closed_port(scope, &closed));
    connecting->port = closed.port;
    connecting->tcp = fth_kit_tcp(scope);
    connecting->host = "127.0.0.1";
    TRY(begin(scope, connecting, moment));
    before(1, connecting, moment);
    TRY(fth_kit_await(&connecting->ended));
    EXPECT_EITHER(connecting->result, FIRTH_ERR_REFUSED, FIRTH_ERR_CANCELED);
    EXPECT(connecting->socket == NULL);
    fth_kit_give_port(&closed);
    fth_kit_count(tally, connecting->result);
    return FIRTH_OK;
}

static int refused_connect_cancelled_at_any_moment_leaves_nothing(firth_scope *scope)
{
    return sweep_both(scope, cancel_refused_connect, 2);
}

static int greet(firth_scope *scope, int port, char greeting, firth_socket **client)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);

    TRY(fth_kit_tcp_connect(&tcp, "127.0.0.1", port, client));
    firth_scope_own_socket(scope, *client);
    TRY(firth_write(firth_socket_output(*client), &greeting, 1));
    TRY(firth_flush(firth_socket_output(*client)));
    return FIRTH_OK;
}

/* Each client is accepted once. In which order is the network's affair: the last step of one's handshake may be overtaken
 * by the whole of the other's. */
static int expect_greetings(firth_socket *first, firth_socket *second)
{
    uint8_t bytes[2];

    EXPECT_RESULT(firth_read(firth_socket_input(first), &bytes[0], 1), 1);
    firth_socket_abort(first);
    EXPECT_RESULT(firth_read(firth_socket_input(second), &bytes[1], 1), 1);
    firth_socket_abort(second);
    PROMISE((bytes[0] == '1' && bytes[1] == '2') || (bytes[0] == '2' && bytes[1] == '1'));
    return FIRTH_OK;
}

/* Two clients come; a cancelled accept leaves both to those after it. */
static int cancel_accept(firth_scope *scope, const kit_moment *moment, kit_tally *tally)
{
    kit_attempt *accepting = fth_kit_attempt(fth_kit_accept);
    firth_socket *clients[2], *accepted[2];
    int port;

    TRY(fth_kit_server(scope, &accepting->server, &port));
    TRY(begin(scope, accepting, moment));
    before(1, accepting, moment);
    TRY(fth_kit_turn());
    before(2, accepting, moment);
    TRY(greet(scope, port, '1', &clients[0]));
    before(3, accepting, moment);
    TRY(greet(scope, port, '2', &clients[1]));
    before(4, accepting, moment);
    TRY(finish(accepting, tally));
    accepted[0] = accepting->socket;
    if (accepting->result < 0)
        TRY(fth_kit_tcp_accept(accepting->server, &accepted[0]));
    TRY(fth_kit_tcp_accept(accepting->server, &accepted[1]));
    TRY(expect_greetings(accepted[0], accepted[1]));
    firth_socket_abort(clients[0]);
    firth_socket_abort(clients[1]);
    fth_kit_server_close(accepting->server);
    return FIRTH_OK;
}

static int accept_cancelled_at_any_moment_loses_no_client(firth_scope *scope)
{
    return sweep_both(scope, cancel_accept, 5);
}

/* ---- read -------------------------------------------------------------------------------------------------------- */

static int cancel_read_of(firth_scope *scope, size_t size, const kit_moment *moment, kit_tally *tally)
{
    kit_attempt *reading = fth_kit_attempt(fth_kit_read_fully);
    uint8_t *rest = fth_kit_keep(size), *bytes = fth_kit_keep(size);
    unsigned action = 0;
    kit_pair pair;
    size_t got;

    fth_kit_fill(bytes, size, 0);
    TRY(fth_kit_pair(scope, &pair));
    TRY(fth_kit_fit_unread(pair.b, &size));
    size -= size % 3;
    reading->socket = pair.b;
    reading->bytes = fth_kit_keep(size);
    reading->size = size;
    TRY(begin(scope, reading, moment));
    for (size_t at = 0; at < size; at += size / 3) {
        before(++action, reading, moment);
        TRY(firth_write(pair.a_out, bytes + at, size / 3));
        TRY(firth_flush(pair.a_out));
        before(++action, reading, moment);
        TRY(fth_kit_turn());
    }
    TRY(finish(reading, tally));
    got = reading->progress;
    PROMISE(got <= size && fth_kit_is_filled(reading->bytes, got, 0));
    EXPECT_RESULT(firth_read_fully(pair.b_in, rest, size - got), size - got);
    PROMISE(fth_kit_is_filled(rest, size - got, got));
    firth_socket_abort(pair.a);
    firth_socket_abort(pair.b);
    return FIRTH_OK;
}

static int cancel_read(firth_scope *scope, const kit_moment *moment, kit_tally *tally)
{
    return cancel_read_of(scope, 24, moment, tally);
}

static int read_cancelled_at_any_moment_loses_no_byte(firth_scope *scope)
{
    return sweep_both(scope, cancel_read, 7);
}

/* At least a block goes straight into the caller's memory. */
static int cancel_large_read(firth_scope *scope, const kit_moment *moment, kit_tally *tally)
{
    return cancel_read_of(scope, 60 * 1000, moment, tally);
}

static int large_read_cancelled_at_any_moment_loses_no_byte(firth_scope *scope)
{
    return sweep_both(scope, cancel_large_read, 7);
}

/* ---- data beats cancel ------------------------------------------------------------------------------------------- */

/* The bytes and the cancel meet: whoever wins, the next read goes on behind it. Some cancels come before the bytes, see
 * a_receive_cancelled_as_its_bytes_arrive_loses_none. */
static int a_cancel_that_meets_the_data_loses_no_byte(firth_scope *scope)
{
    kit_tally tally = {0};

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
        if (i % 4 == 3)
            fth_kit_cancel(reading);
        TRY(firth_write(pair.a_out, "abc", 3));
        TRY(firth_flush(pair.a_out));
        TRY(fth_kit_meet(i));
        fth_kit_cancel(reading);
        TRY(finish(reading, &tally));
        got = reading->progress;
        if (got == 1)
            PROMISE(reading->bytes[0] == 'a');
        EXPECT_RESULT(firth_read_fully(pair.b_in, rest, 3 - got), 3 - got);
        PROMISE(memcmp(rest, &"abc"[got], 3 - got) == 0);
        firth_socket_abort(pair.a);
        firth_socket_abort(pair.b);
    }
    return fth_kit_both(&tally);
}

const kit_case fth_kit_cancel_cases[] = {
    KIT_CASE(connect_cancelled_at_any_moment_is_all_or_nothing),
    KIT_CASE(refused_connect_cancelled_at_any_moment_leaves_nothing),
    KIT_CASE(accept_cancelled_at_any_moment_loses_no_client),
    KIT_CASE(read_cancelled_at_any_moment_loses_no_byte),
    KIT_CASE(large_read_cancelled_at_any_moment_loses_no_byte),
    KIT_CASE(a_cancel_that_meets_the_data_loses_no_byte),
    {.name = NULL},
};
