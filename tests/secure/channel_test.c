/* SPDX-License-Identifier: Apache-2.0 */
/* What channels promise beyond a plain read and write holds above TLS as well: over TCP and in memory. */
#include "tests/secure/secure_pair.h"
#include "tests/tcp/peers.h"

typedef struct ends {
    firth_socket *server, *client;
    firth_read_channel *server_in, *client_in;
    firth_write_channel *server_out, *client_out;
} ends;

typedef int pair_test(firth_scope *scope, ends *pair);

static int over(firth_scope *scope, pair_test *test,
                int (*open)(firth_scope *scope, firth_socket **server, firth_socket **client))
{
    ends pair;

    EXPECT_EQUAL(open(scope, &pair.server, &pair.client), FIRTH_OK);
    pair.server_in = firth_socket_input(pair.server);
    pair.server_out = firth_socket_output(pair.server);
    pair.client_in = firth_socket_input(pair.client);
    pair.client_out = firth_socket_output(pair.client);
    return test(scope, &pair);
}

/* The test leaves the pair open, and all is as it should be, or closes both. */
static int over_both(firth_scope *scope, pair_test *test)
{
    EXPECT_EQUAL(over(scope, test, secure_pair_tcp), FIRTH_OK);
    EXPECT_EQUAL(over(scope, test, secure_pair_memory), FIRTH_OK);
    return FIRTH_OK;
}

#define PAIR_TEST(name)                                                                                                \
    static int name##_over(firth_scope *scope, ends *pair);                                                            \
    TASK_TEST(name)                                                                                                    \
    {                                                                                                                  \
        return over_both(scope, name##_over);                                                                          \
    }                                                                                                                  \
    static int name##_over(firth_scope *scope, ends *pair)

static int expect_line(firth_write_channel *out, firth_read_channel *in, const char *text)
{
    char line[64];

    EXPECT_EQUAL(firth_write_format(out, "%s\n", text), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(out), FIRTH_OK);
    EXPECT_EQUAL(firth_read_line(in, line, sizeof line), (int64_t)strlen(text));
    EXPECT(strcmp(line, text) == 0);
    return FIRTH_OK;
}

static int abort_both(const ends *pair)
{
    firth_socket_abort(pair->client);
    firth_socket_abort(pair->server);
    return FIRTH_OK;
}

/* A client of TLS 1.3 meets the server's tickets when it first reads: also when a record of its own cannot leave. */
PAIR_TEST(a_reader_gets_its_bytes_while_a_writer_waits_for_a_peer_that_takes_nothing)
{
    peers_attempt writing = {.socket = pair->client};
    firth_scope children;

    firth_scope_open(&children, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&children, peers_write, &writing, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    EXPECT(!writing.ended);
    EXPECT_EQUAL(expect_line(pair->server_out, pair->client_in, "stop"), FIRTH_OK);
    EXPECT(!writing.ended);
    EXPECT_EQUAL(abort_both(pair), FIRTH_OK);
    return firth_scope_close(&children, FIRTH_OK);
}

PAIR_TEST(a_second_task_in_a_channel_is_busy_and_the_first_undisturbed)
{
    peers_attempt reading = {.socket = pair->client}, writing = {.socket = pair->client};
    firth_scope children;
    char byte;

    firth_scope_open(&children, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&children, peers_read, &reading, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(&children, peers_write, &writing, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    EXPECT_EQUAL(firth_read(pair->client_in, &byte, 1), FIRTH_ERR_BUSY);
    EXPECT_EQUAL(firth_write(pair->client_out, "x", 1), FIRTH_ERR_BUSY);
    EXPECT_EQUAL(firth_write(pair->server_out, "y", 1), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(pair->server_out), FIRTH_OK);
    while (!reading.ended)
        EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    EXPECT_EQUAL(reading.result, 1);
    EXPECT(!writing.ended);
    EXPECT(firth_discard(pair->server_in, 1 << 20) == 1 << 20);
    EXPECT_EQUAL(abort_both(pair), FIRTH_OK);
    return firth_scope_close(&children, FIRTH_OK);
}

PAIR_TEST(read_cancel_wakes_the_reader_and_leaves_writing_alone)
{
    peers_attempt reading = {.socket = pair->client};
    firth_scope children;
    char byte;

    firth_scope_open(&children, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&children, peers_read, &reading, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    firth_read_cancel(pair->client_in, FIRTH_ERR_USER - 1);
    EXPECT_EQUAL(firth_scope_close(&children, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(reading.result, FIRTH_ERR_USER - 1);
    EXPECT_EQUAL(firth_read(pair->client_in, &byte, 1), FIRTH_ERR_USER - 1);
    EXPECT_EQUAL(expect_line(pair->client_out, pair->server_in, "still here"), FIRTH_OK);
    return secure_pair_end(scope, pair->server, pair->client);
}

static int upload(firth_scope *scope, void *argument)
{
    static const char bytes[300 * 1000];

    (void)scope;
    EXPECT_EQUAL(firth_write(argument, bytes, sizeof bytes), FIRTH_OK); /* whom it goes to throws it away */
    return firth_flush_and_close(argument);
}

/* An upload is refused, answered and closed: what the client sent meanwhile does not overtake the answer as a reset. */
PAIR_TEST(close_after_read_cancel_lets_the_answer_through)
{
    firth_scope children;
    char line[16];

    firth_scope_open(&children, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&children, upload, pair->client_out, NULL), FIRTH_OK);
    EXPECT(firth_await_content(pair->server_in, 1000) >= 1000);
    firth_read_cancel(pair->server_in, FIRTH_ERR_TOO_LONG);
    EXPECT_EQUAL(firth_write_string(pair->server_out, "too much\n"), FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(&children, secure_pair_close, pair->server, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_read_line(pair->client_in, line, sizeof line), 8);
    EXPECT_EQUAL(firth_read(pair->client_in, line, 1), FIRTH_EOF);
    EXPECT_EQUAL(firth_scope_close(&children, FIRTH_OK), FIRTH_OK);
    return firth_socket_close(pair->client);
}

PAIR_TEST(write_cancel_is_a_reset_for_the_peer_and_its_cause_for_ever)
{
    firth_tls_info info;
    char byte;

    EXPECT_EQUAL(expect_line(pair->client_out, pair->server_in, "before"), FIRTH_OK);
    EXPECT_EQUAL(firth_write_string(pair->client_out, "never sent"), FIRTH_OK);
    firth_write_cancel(pair->client_out, FIRTH_ERR_USER - 7);
    EXPECT_EQUAL(firth_read(pair->server_in, &byte, 1), FIRTH_ERR_RESET);
    for (int i = 0; i < 3; i++) {
        EXPECT_EQUAL(firth_write(pair->client_out, "x", 1), FIRTH_ERR_USER - 7);
        EXPECT_EQUAL(firth_flush(pair->client_out), FIRTH_ERR_USER - 7);
        EXPECT_EQUAL(firth_read(pair->client_in, &byte, 1), FIRTH_ERR_USER - 7);
        EXPECT_EQUAL(firth_read_available(pair->client_in), 0);
        EXPECT_EQUAL(firth_tls_get_info(pair->client, &info), FIRTH_ERR_NOT_CONNECTED);
    }
    (void)scope;
    return abort_both(pair);
}

PAIR_TEST(write_cancel_wakes_the_writer_that_waits)
{
    peers_attempt writing = {.socket = pair->client};
    firth_scope children;

    firth_scope_open(&children, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&children, peers_write, &writing, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    EXPECT(!writing.ended);
    firth_write_cancel(pair->client_out, FIRTH_ERR_USER - 7);
    EXPECT_EQUAL(firth_scope_close(&children, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(writing.result, FIRTH_ERR_USER - 7);
    EXPECT_EQUAL(firth_discard(pair->server_in, UINT64_MAX), FIRTH_ERR_RESET);
    return abort_both(pair);
}

PAIR_TEST(an_idle_timeout_ends_the_read_and_the_next_goes_on)
{
    char byte;

    firth_socket_set_idle(pair->server, 20, 0);
    for (int i = 0; i < 3; i++)
        EXPECT_EQUAL(firth_read(pair->server_in, &byte, 1), FIRTH_ERR_TIMED_OUT);
    EXPECT_EQUAL(expect_line(pair->client_out, pair->server_in, "late"), FIRTH_OK);
    return secure_pair_end(scope, pair->server, pair->client);
}

PAIR_TEST(bytes_are_reserved_committed_peeked_at_and_consumed_in_place)
{
    uint64_t sent = 0, received = 0;

    for (int i = 0; i < 40; i++) {
        const void *shown;
        void *room;
        int64_t n = firth_reserve(pair->client_out, 1000, &room);

        EXPECT(n >= 1000);
        n = n < 5000 ? n : 5000; /* a pair in memory holds less than a block's record */
        support_fill(room, (size_t)n, sent);
        EXPECT_EQUAL(firth_commit(pair->client_out, (size_t)n), FIRTH_OK);
        sent += (uint64_t)n;
        EXPECT_EQUAL(firth_flush(pair->client_out), FIRTH_OK);
        while (received < sent) {
            n = firth_await_content(pair->server_in, sent - received < 3000 ? (size_t)(sent - received) : 3000);
            EXPECT(n > 0);
            EXPECT_EQUAL(firth_peek(pair->server_in, &shown), n);
            EXPECT(support_is_filled(shown, (size_t)n, received));
            EXPECT_EQUAL(firth_consume(pair->server_in, (size_t)n), FIRTH_OK);
            received += (uint64_t)n;
        }
    }
    return secure_pair_end(scope, pair->server, pair->client);
}

PAIR_TEST(what_was_written_leaves_when_the_task_waits)
{
    char byte;

    firth_write_auto_flush(pair->client_out, true);
    EXPECT_EQUAL(firth_write(pair->client_out, "x", 1), FIRTH_OK);
    EXPECT_EQUAL(firth_read(pair->server_in, &byte, 1), 1);
    return secure_pair_end(scope, pair->server, pair->client);
}

typedef struct relaying {
    firth_read_channel *in;
    firth_write_channel *out;
} relaying;

static int relay(firth_scope *scope, void *argument)
{
    relaying *it = argument;

    (void)scope;
    EXPECT(firth_copy(it->in, it->out, FIRTH_NO_LIMIT) >= 0);
    return firth_flush_and_close(it->out);
}

PAIR_TEST(copy_moves_a_stream_and_its_end_from_one_secure_socket_to_another)
{
    firth_socket *from, *to;
    peers_stream sent = {.size = 1500001};
    firth_scope children;
    relaying it;

    EXPECT_EQUAL(secure_pair_tcp(scope, &from, &to), FIRTH_OK);
    sent.socket = to;
    it = (relaying){firth_socket_input(from), pair->client_out};
    firth_scope_open(&children, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&children, peers_send_stream, &sent, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(&children, relay, &it, NULL), FIRTH_OK);
    EXPECT_EQUAL(peers_check_stream(pair->server, sent.size), FIRTH_OK);
    EXPECT_EQUAL(firth_scope_close(&children, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(secure_pair_end(scope, from, to), FIRTH_OK);
    return secure_pair_end(scope, pair->server, pair->client);
}

static int take_in(firth_scope *scope, void *socket)
{
    int64_t rc = firth_discard(firth_socket_input(socket), UINT64_MAX);

    (void)scope;
    EXPECT(rc == FIRTH_ERR_CLOSED || rc == FIRTH_ERR_RESET);
    return FIRTH_OK;
}

/* Both ends read and write when one of them goes, a little later each time. */
PAIR_TEST(an_abort_under_load_ends_everybody_and_leaves_nothing)
{
    for (int round = 0; round < 12; round++) {
        peers_attempt there = {.socket = pair->client}, back = {.socket = pair->server};
        firth_scope children;

        firth_scope_open(&children, scope, NULL);
        EXPECT_EQUAL(firth_spawn(&children, peers_write, &there, NULL), FIRTH_OK);
        EXPECT_EQUAL(firth_spawn(&children, peers_write, &back, NULL), FIRTH_OK);
        EXPECT_EQUAL(firth_spawn(&children, take_in, pair->client, NULL), FIRTH_OK);
        EXPECT_EQUAL(firth_spawn(&children, take_in, pair->server, NULL), FIRTH_OK);
        for (int turn = 0; turn <= round * 2; turn++)
            EXPECT_EQUAL(firth_yield(), FIRTH_OK);
        firth_socket_abort(round % 2 == 0 ? pair->client : pair->server);
        EXPECT_EQUAL(firth_scope_close(&children, FIRTH_OK), FIRTH_OK);
        EXPECT_EQUAL(round % 2 == 0 ? there.result : back.result, FIRTH_ERR_CLOSED);
        EXPECT_EQUAL(round % 2 == 0 ? back.result : there.result, FIRTH_ERR_RESET);
        firth_socket_abort(round % 2 == 0 ? pair->server : pair->client);
        EXPECT_EQUAL(secure_pair_tcp(scope, &pair->server, &pair->client), FIRTH_OK);
    }
    return secure_pair_end(scope, pair->server, pair->client);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_gets_its_bytes_while_a_writer_waits_for_a_peer_that_takes_nothing),
        cmocka_unit_test(a_second_task_in_a_channel_is_busy_and_the_first_undisturbed),
        cmocka_unit_test(read_cancel_wakes_the_reader_and_leaves_writing_alone),
        cmocka_unit_test(close_after_read_cancel_lets_the_answer_through),
        cmocka_unit_test(write_cancel_is_a_reset_for_the_peer_and_its_cause_for_ever),
        cmocka_unit_test(write_cancel_wakes_the_writer_that_waits),
        cmocka_unit_test(an_idle_timeout_ends_the_read_and_the_next_goes_on),
        cmocka_unit_test(bytes_are_reserved_committed_peeked_at_and_consumed_in_place),
        cmocka_unit_test(what_was_written_leaves_when_the_task_waits),
        cmocka_unit_test(copy_moves_a_stream_and_its_end_from_one_secure_socket_to_another),
        cmocka_unit_test(an_abort_under_load_ends_everybody_and_leaves_nothing),
    };

    return support_main(argc, argv, "tls channels", tests, sizeof tests / sizeof *tests);
}
