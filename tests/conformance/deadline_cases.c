/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines: of scopes and of idle sockets, at any time of a call. */
#include "tests/conformance/peers.h"

enum { ROUNDS = 30 };

/* Over all rounds the deadlines go up to three round trips. */
static int64_t step_ns(void)
{
    return fth_kit.pace.round_trip_us * 1000 / 10;
}

/* The round's deadline: expired already, or somewhere later, before the peer acts or after it. */
static firth_scope_options soon(int round)
{
    firth_scope_options options = {.deadline_ns = firth_now_ns() + round * step_ns()};

    if (round == 0)
        options.timeout_ms = -1;
    /* On a machine that is busy with other things all others may be too soon. */
    if (round == ROUNDS - 1)
        options.deadline_ns = firth_now_ns() + INT64_C(5000000000);
    return options;
}

/* The peer acts in the middle of the range of deadlines. */
static int64_t write_in_the_middle(kit_attempt *attempt)
{
    int rc = firth_sleep_until(firth_now_ns() + ROUNDS / 2 * step_ns());

    return rc < 0 ? rc : fth_kit_write(attempt);
}

static int64_t connect_in_the_middle(kit_attempt *attempt)
{
    int rc = firth_sleep_until(firth_now_ns() + ROUNDS / 2 * step_ns());

    return rc < 0 ? rc : fth_kit_connect(attempt);
}

static int a_read_that_times_out_loses_no_byte(firth_scope *scope)
{
    enum { SIZE = 3000 };
    uint8_t *bytes = fth_kit_keep(SIZE), *received = fth_kit_keep(SIZE);
    kit_tally tally = {0};

    fth_kit_fill(bytes, SIZE, 0);
    for (int i = 0; i < ROUNDS; i++) {
        kit_attempt *writing = fth_kit_attempt(write_in_the_middle);
        firth_scope_options options;
        firth_scope limit;
        kit_pair pair;
        size_t got;
        int64_t rc;

        TRY(fth_kit_pair(scope, &pair));
        writing->socket = pair.a;
        writing->bytes = bytes;
        writing->size = SIZE;
        TRY(fth_kit_start(scope, writing));
        options = soon(i);
        firth_scope_open(&limit, scope, &options);
        rc = firth_read_fully(pair.b_in, received, SIZE);
        got = firth_read_progress(pair.b_in);
        rc = firth_scope_close(&limit, rc < 0 ? (int)rc : FIRTH_OK);
        EXPECT_EITHER(rc, FIRTH_OK, FIRTH_ERR_TIMED_OUT);
        fth_kit_count(&tally, rc);
        PROMISE(got <= SIZE && (rc < 0 || got == SIZE));
        EXPECT_RESULT(firth_read_fully(pair.b_in, received + got, SIZE - got), SIZE - got);
        PROMISE(fth_kit_is_filled(received, SIZE, 0));
        TRY(fth_kit_await(&writing->ended));
        firth_socket_abort(pair.a);
        firth_socket_abort(pair.b);
    }
    return fth_kit_both(&tally);
}

static int an_accept_that_times_out_loses_no_client(firth_scope *scope)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    kit_tally tally = {0};
    firth_server *server;
    int port;

    TRY(fth_kit_server(scope, &server, &port));
    for (int i = 0; i < ROUNDS; i++) {
        kit_attempt *connecting = fth_kit_attempt(connect_in_the_middle);
        firth_scope_options options;
        firth_socket *accepted;
        firth_scope limit;
        int rc;

        connecting->tcp = tcp;
        connecting->host = "127.0.0.1";
        connecting->port = port;
        TRY(fth_kit_start(scope, connecting));
        options = soon(i);
        firth_scope_open(&limit, scope, &options);
        rc = fth_kit_tcp_accept(server, &accepted);
        rc = firth_scope_close(&limit, rc);
        EXPECT_EITHER(rc, FIRTH_OK, FIRTH_ERR_TIMED_OUT);
        fth_kit_count(&tally, rc);
        if (accepted == NULL)
            TRY(fth_kit_tcp_accept(server, &accepted));
        TRY(fth_kit_await(&connecting->ended));
        TRY(connecting->result);
        firth_socket_abort(accepted);
        firth_socket_abort(connecting->socket);
    }
    return fth_kit_both(&tally);
}

static int a_connect_that_times_out_leaves_nothing(firth_scope *scope)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    kit_tally tally = {0};
    firth_server *server;
    int port;

    TRY(fth_kit_server(scope, &server, &port));
    for (int i = 0; i < ROUNDS; i++) {
        firth_scope_options options = soon(i);
        firth_socket *socket;
        firth_scope limit;
        int rc;

        firth_scope_open(&limit, scope, &options);
        rc = fth_kit_tcp_connect(&tcp, "127.0.0.1", port, &socket);
        rc = firth_scope_close(&limit, rc);
        EXPECT((rc == FIRTH_OK) == (socket != NULL));
        EXPECT_EITHER(rc, FIRTH_OK, FIRTH_ERR_TIMED_OUT);
        fth_kit_count(&tally, rc);
        firth_socket_abort(socket);
    }
    return fth_kit_both(&tally);
}

static int a_write_that_times_out_tells_how_far_it_came(firth_scope *scope)
{
    enum { SIZE = 8 * 1000 * 1000 };
    uint8_t *bytes = fth_kit_keep(SIZE);
    firth_scope_options options = {.timeout_ms = 30};
    firth_scope limit;
    kit_pair pair;
    size_t taken;
    int rc;

    TRY(fth_kit_pair(scope, &pair));
    firth_scope_open(&limit, scope, &options);
    rc = firth_write(pair.a_out, bytes, SIZE);
    taken = firth_write_progress(pair.a_out);
    EXPECT_RESULT(firth_scope_close(&limit, rc), FIRTH_ERR_TIMED_OUT);
    PROMISE(taken > 0 && taken < SIZE);
    EXPECT_RESULT(firth_discard(pair.b_in, taken), taken);
    TRY(firth_write_string(pair.a_out, "tail"));
    TRY(firth_flush(pair.a_out));
    EXPECT_RESULT(firth_read_fully(pair.b_in, bytes, 4), 4);
    PROMISE(memcmp(bytes, "tail", 4) == 0);
    return FIRTH_OK;
}

static int an_idle_read_times_out_and_the_next_goes_on(firth_scope *scope)
{
    int64_t began_ns = firth_now_ns(), idle_ms = fth_kit_paced_ms(30);
    uint8_t byte;
    kit_pair pair;

    TRY(fth_kit_pair(scope, &pair));
    firth_socket_set_idle(pair.b, (uint32_t)idle_ms, 0);
    for (int i = 0; i < 3; i++)
        EXPECT_RESULT(firth_read(pair.b_in, &byte, 1), FIRTH_ERR_TIMED_OUT);
    EXPECT(firth_now_ns() - began_ns >= 3 * idle_ms * 1000000);
    TRY(firth_write(pair.a_out, "x", 1));
    TRY(firth_flush(pair.a_out));
    EXPECT_RESULT(firth_read(pair.b_in, &byte, 1), 1);
    PROMISE(byte == 'x');
    return FIRTH_OK;
}

const kit_case fth_kit_deadline_cases[] = {
    KIT_CASE(a_read_that_times_out_loses_no_byte),
    KIT_CASE(an_accept_that_times_out_loses_no_client),
    KIT_CASE(a_connect_that_times_out_leaves_nothing),
    KIT_CASE_WITH(a_write_that_times_out_tells_how_far_it_came, .body = a_write_that_times_out_tells_how_far_it_came,
                  .keeps_bytes = 8000 * 1000),
    KIT_CASE(an_idle_read_times_out_and_the_next_goes_on),
    {.name = NULL},
};
