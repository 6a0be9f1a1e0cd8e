/* SPDX-License-Identifier: Apache-2.0 */
/* A cancel at every point where a TCP call may be suspended: the call ends, nothing is lost, nothing is left. */
#include "tests/tcp/peers.h"
#include "tests/tcp/raw.h"

#include <unistd.h>

/* Runs fn as a task until it is suspended, cancels it, and waits for it. */
static int cancel_suspended(firth_scope *scope, firth_task_fn *fn, void *argument)
{
    firth_scope children;
    int rc;

    firth_scope_open(&children, scope, NULL);
    rc = firth_spawn(&children, fn, argument, NULL);
    if (rc >= 0)
        rc = firth_yield();
    firth_scope_cancel(&children);
    return firth_scope_close(&children, rc);
}

/* The same, but the task is cancelled before it has run at all. */
static int cancel_before_it_runs(firth_scope *scope, firth_task_fn *fn, void *argument)
{
    firth_scope children;
    int rc;

    firth_scope_open(&children, scope, NULL);
    firth_scope_cancel(&children);
    rc = firth_spawn(&children, fn, argument, NULL);
    return firth_scope_close(&children, rc);
}

typedef int canceller(firth_scope *scope, firth_task_fn *fn, void *argument);
static canceller *const cancellers[] = {cancel_suspended, cancel_before_it_runs};
enum { CANCELLERS = sizeof cancellers / sizeof cancellers[0] };

TASK_TEST(cancelled_read_leaves_every_byte)
{
    firth_socket *peer;
    char line[16];

    for (int i = 0; i < CANCELLERS; i++) {
        peers_attempt reading = {0};

        EXPECT_EQUAL(support_pair(scope, &reading.socket, &peer), FIRTH_OK);
        EXPECT_EQUAL(cancellers[i](scope, peers_read, &reading), FIRTH_OK);
        EXPECT_EQUAL(reading.result, FIRTH_ERR_CANCELED);
        EXPECT_EQUAL(firth_write_string(firth_socket_output(peer), "later\n"), FIRTH_OK);
        EXPECT_EQUAL(firth_socket_close(peer), FIRTH_OK);
        EXPECT_EQUAL(firth_read_line(firth_socket_input(reading.socket), line, sizeof line), 5);
        EXPECT_EQUAL(firth_read_line(firth_socket_input(reading.socket), line, sizeof line), FIRTH_EOF);
        EXPECT_EQUAL(firth_socket_close(reading.socket), FIRTH_OK);
    }
    return FIRTH_OK;
}

/* The bytes and the cancel come in one turn of the loop: whoever wins, the next read goes on behind it. */
TASK_TEST(cancel_that_meets_the_data_loses_no_byte)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));

    for (int i = 0; i < 100; i++) {
        peers_attempt reading = {0};
        firth_scope children;
        char rest[4] = "";
        int raw, read;

        EXPECT_EQUAL(peers_raw_client(&tcp, &reading.socket, &raw), FIRTH_OK);
        firth_scope_open(&children, scope, NULL);
        EXPECT_EQUAL(firth_spawn(&children, peers_read, &reading, NULL), FIRTH_OK);
        EXPECT_EQUAL(firth_yield(), FIRTH_OK);
        EXPECT_EQUAL(raw_send(raw, "abc", 3), 0);
        if (i % 2 == 0)
            EXPECT_EQUAL(firth_yield(), FIRTH_OK);
        firth_scope_cancel(&children);
        EXPECT_EQUAL(firth_scope_close(&children, FIRTH_OK), FIRTH_OK);
        EXPECT(reading.result == 1 || reading.result == FIRTH_ERR_CANCELED);
        read = reading.result == 1 ? 1 : 0;
        EXPECT_EQUAL(firth_read_fully(firth_socket_input(reading.socket), rest, (size_t)(3 - read)), 3 - read);
        EXPECT_BYTES(rest, &"abc"[read], (size_t)(3 - read));
        firth_socket_abort(reading.socket);
        close(raw);
    }
    return FIRTH_OK;
}

TASK_TEST(cancelled_write_says_how_far_it_came_and_the_next_goes_on)
{
    for (int i = 0; i < CANCELLERS; i++) {
        peers_attempt writing = {0};
        firth_socket *peer;
        char tail[4];
        size_t taken;

        EXPECT_EQUAL(support_pair(scope, &writing.socket, &peer), FIRTH_OK);
        EXPECT_EQUAL(cancellers[i](scope, peers_write, &writing), FIRTH_OK);
        EXPECT_EQUAL(writing.result, FIRTH_ERR_CANCELED);
        taken = firth_write_progress(firth_socket_output(writing.socket));
        EXPECT(i == 0 ? taken > 0 : taken == 0);
        EXPECT_EQUAL(firth_write(firth_socket_output(writing.socket), "tail", 4), FIRTH_OK);
        firth_write_auto_flush(firth_socket_output(writing.socket), true);
        EXPECT_EQUAL(firth_discard(firth_socket_input(peer), taken), (int64_t)taken);
        EXPECT_EQUAL(firth_read_fully(firth_socket_input(peer), tail, 4), 4);
        EXPECT_BYTES(tail, "tail", 4);
        EXPECT_EQUAL(firth_read_available(firth_socket_input(peer)), 0);
        EXPECT_EQUAL(firth_socket_close(peer), FIRTH_OK);
        EXPECT_EQUAL(firth_socket_close(writing.socket), FIRTH_OK);
    }
    return FIRTH_OK;
}

typedef struct connecting {
    const char *host;
    int port;
    int result;
    firth_socket *socket;
} connecting;

static int try_to_connect(firth_scope *scope, void *argument)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    connecting *this = argument;

    this->result = firth_tcp_connect(&tcp, this->host, this->port, &this->socket);
    return FIRTH_OK;
}

TASK_TEST(cancelled_connect_leaves_nothing)
{
    raw_silence silence;

    EXPECT_EQUAL(raw_silence_open(&silence), 0);
    for (int i = 0; i < CANCELLERS; i++) {
        connecting attempt = {.host = "127.0.0.1", .port = silence.port};

        EXPECT_EQUAL(cancellers[i](scope, try_to_connect, &attempt), FIRTH_OK);
        EXPECT_EQUAL(attempt.result, FIRTH_ERR_CANCELED);
        EXPECT(attempt.socket == NULL);
    }
    raw_silence_close(&silence);
    return FIRTH_OK;
}

TASK_TEST(connect_cancelled_while_the_name_is_looked_up_leaves_nothing)
{
    for (int i = 0; i < CANCELLERS; i++) {
        connecting attempt = {.host = "localhost", .port = support_closed_port()};

        EXPECT_EQUAL(cancellers[i](scope, try_to_connect, &attempt), FIRTH_OK);
        EXPECT(attempt.result == FIRTH_ERR_CANCELED || attempt.result == FIRTH_ERR_REFUSED);
        EXPECT(attempt.socket == NULL);
    }
    return FIRTH_OK;
}

/* Loopback connects at once, so that the cancel falls into every phase of it over the rounds. */
TASK_TEST(connect_cancelled_at_any_turn_of_the_loop_is_all_or_nothing)
{
    firth_server *server;
    int port;

    EXPECT_EQUAL(peers_server(scope, &server, &port), FIRTH_OK);
    for (int turns = 0; turns < 8; turns++) {
        connecting attempt = {.host = "127.0.0.1", .port = port};
        firth_scope children;

        firth_scope_open(&children, scope, NULL);
        EXPECT_EQUAL(firth_spawn(&children, try_to_connect, &attempt, NULL), FIRTH_OK);
        for (int i = 0; i < turns; i++)
            EXPECT_EQUAL(firth_yield(), FIRTH_OK);
        firth_scope_cancel(&children);
        EXPECT_EQUAL(firth_scope_close(&children, FIRTH_OK), FIRTH_OK);
        EXPECT(attempt.result == FIRTH_OK || attempt.result == FIRTH_ERR_CANCELED);
        EXPECT((attempt.result == FIRTH_OK) == (attempt.socket != NULL));
        firth_socket_abort(attempt.socket);
    }
    return FIRTH_OK;
}

TASK_TEST(cancelled_accept_leaves_the_client_in_the_backlog)
{
    for (int i = 0; i < CANCELLERS; i++) {
        peers_attempt accepting = {0};
        int port, client;

        EXPECT_EQUAL(peers_server(scope, &accepting.server, &port), FIRTH_OK);
        EXPECT_EQUAL(cancellers[i](scope, peers_accept, &accepting), FIRTH_OK);
        EXPECT_EQUAL(accepting.result, FIRTH_ERR_CANCELED);
        EXPECT(accepting.socket == NULL);
        client = raw_connect(port);
        EXPECT_EQUAL(firth_accept(accepting.server, &accepting.socket), FIRTH_OK);
        firth_socket_abort(accepting.socket);
        close(client);
    }
    return FIRTH_OK;
}

static int ignore_every_answer(firth_scope *scope, void *argument)
{
    peers_attempt *this = argument;
    char byte;

    (void)scope;
    for (int i = 0; i < 1000; i++)
        this->result = firth_read(firth_socket_input(this->socket), &byte, 1);
    this->ended = true;
    return FIRTH_OK;
}

TASK_TEST(task_that_ignores_a_thousand_answers_still_ends)
{
    peers_attempt reading = {0};
    firth_socket *peer;

    EXPECT_EQUAL(support_pair(scope, &reading.socket, &peer), FIRTH_OK);
    firth_scope_own_socket(scope, reading.socket);
    firth_scope_own_socket(scope, peer);
    EXPECT_EQUAL(cancel_suspended(scope, ignore_every_answer, &reading), FIRTH_OK);
    EXPECT(reading.ended);
    EXPECT_EQUAL(reading.result, FIRTH_ERR_CANCELED);
    return FIRTH_OK;
}

static int close_it(firth_scope *scope, void *argument)
{
    peers_attempt *this = argument;

    (void)scope;
    this->result = firth_socket_close(this->socket);
    this->ended = true;
    return FIRTH_OK;
}

/* close(2) of what is written is worth waiting for: the linger is its deadline, not the scope. */
TASK_TEST(cancelled_close_still_runs_to_its_linger_deadline)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));

    tcp.linger_ms = 50;
    for (int i = 0; i < CANCELLERS; i++) {
        peers_attempt closing = {0};
        int raw;

        EXPECT_EQUAL(peers_raw_client(&tcp, &closing.socket, &raw), FIRTH_OK);
        EXPECT_EQUAL(peers_fill(scope, closing.socket), FIRTH_OK);
        EXPECT_EQUAL(cancellers[i](scope, close_it, &closing), FIRTH_OK);
        EXPECT_EQUAL(closing.result, FIRTH_ERR_TIMED_OUT);
        close(raw);
    }
    return FIRTH_OK;
}

TASK_TEST(second_reader_and_second_writer_are_busy_and_the_first_undisturbed)
{
    peers_attempt reading = {0}, writing = {0};
    firth_scope children;
    firth_socket *peer;
    char byte;

    EXPECT_EQUAL(support_pair(scope, &reading.socket, &peer), FIRTH_OK);
    writing.socket = reading.socket;
    firth_scope_open(&children, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&children, peers_read, &reading, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(&children, peers_write, &writing, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    EXPECT_EQUAL(firth_read(firth_socket_input(reading.socket), &byte, 1), FIRTH_ERR_BUSY);
    EXPECT_EQUAL(firth_write(firth_socket_output(reading.socket), "x", 1), FIRTH_ERR_BUSY);
    EXPECT_EQUAL(firth_flush(firth_socket_output(reading.socket)), FIRTH_ERR_BUSY);
    EXPECT(!reading.ended && !writing.ended);
    EXPECT_EQUAL(firth_write(firth_socket_output(peer), "x", 1), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(peer)), FIRTH_OK);
    EXPECT_EQUAL(firth_discard(firth_socket_input(peer), 64 * 1024 * 1024), 64 * 1024 * 1024);
    EXPECT_EQUAL(firth_scope_close(&children, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(reading.result, 1);
    EXPECT_EQUAL(writing.result, FIRTH_OK);
    firth_socket_abort(reading.socket);
    firth_socket_abort(peer);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cancelled_read_leaves_every_byte),
        cmocka_unit_test(cancel_that_meets_the_data_loses_no_byte),
        cmocka_unit_test(cancelled_write_says_how_far_it_came_and_the_next_goes_on),
        cmocka_unit_test(cancelled_connect_leaves_nothing),
        cmocka_unit_test(connect_cancelled_while_the_name_is_looked_up_leaves_nothing),
        cmocka_unit_test(connect_cancelled_at_any_turn_of_the_loop_is_all_or_nothing),
        cmocka_unit_test(cancelled_accept_leaves_the_client_in_the_backlog),
        cmocka_unit_test(task_that_ignores_a_thousand_answers_still_ends),
        cmocka_unit_test(cancelled_close_still_runs_to_its_linger_deadline),
        cmocka_unit_test(second_reader_and_second_writer_are_busy_and_the_first_undisturbed),
    };

    return support_main(argc, argv, "cancel", tests, sizeof tests / sizeof tests[0]);
}
