/* SPDX-License-Identifier: Apache-2.0 */
/* A peer that resets, at every point. */
#include "tests/tcp/peers.h"
#include "tests/tcp/raw.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

/* The story has ended: every call says so for ever. */
static int expect_reset_for_ever(firth_socket *socket)
{
    char byte;

    for (int i = 0; i < 3; i++) {
        EXPECT_EQUAL(firth_read(firth_socket_input(socket), &byte, 1), FIRTH_ERR_RESET);
        EXPECT_EQUAL(firth_await_content(firth_socket_input(socket), 1), FIRTH_ERR_RESET);
    }
    return FIRTH_OK;
}

static int raw_pair(firth_scope *scope, firth_socket **socket, int *raw)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));

    tcp.linger_ms = 100;
    return peers_raw_client(&tcp, socket, raw);
}

static int reset_soon(firth_scope *scope, void *raw)
{
    (void)scope;
    raw_reset(*(int *)raw);
    return FIRTH_OK;
}

TASK_TEST(reader_suspended_when_the_peer_closes_gets_eof)
{
    peers_attempt reading = {0};
    firth_scope children;
    int raw;

    EXPECT_EQUAL(raw_pair(scope, &reading.socket, &raw), FIRTH_OK);
    firth_scope_own_socket(scope, reading.socket);
    firth_scope_open(&children, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&children, peers_read, &reading, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    EXPECT(!reading.ended);
    close(raw);
    EXPECT_EQUAL(firth_scope_close(&children, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(reading.result, FIRTH_EOF);
    return FIRTH_OK;
}

TASK_TEST(reader_suspended_when_the_peer_resets_gets_reset)
{
    firth_socket *socket;
    char byte;
    int raw;

    EXPECT_EQUAL(raw_pair(scope, &socket, &raw), FIRTH_OK);
    firth_scope_own_socket(scope, socket);
    EXPECT_EQUAL(firth_spawn(scope, reset_soon, &raw, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_read(firth_socket_input(socket), &byte, 1), FIRTH_ERR_RESET);
    return expect_reset_for_ever(socket);
}

TASK_TEST(bytes_that_arrived_before_a_reset_are_read_before_it)
{
    enum { SIZE = 50 * 1000 };
    static uint8_t sent[SIZE], received[SIZE];
    firth_socket *socket;
    int raw;

    support_fill(sent, SIZE, 0);
    EXPECT_EQUAL(raw_pair(scope, &socket, &raw), FIRTH_OK);
    firth_scope_own_socket(scope, socket);
    EXPECT_EQUAL(raw_send(raw, sent, SIZE), 0);
    raw_reset(raw);
    EXPECT_EQUAL(firth_read_fully(firth_socket_input(socket), received, SIZE), SIZE);
    EXPECT_BYTES(received, sent, SIZE);
    return expect_reset_for_ever(socket);
}

/* The reset comes behind every byte of two lines in turn: whole lines are delivered, then the reset. */
TASK_TEST(reset_behind_any_byte_loses_no_line_before_it)
{
    static const char text[] = "first\nsecond\r\n";

    for (size_t cut = 0; cut < sizeof text; cut++) {
        int64_t lines = 0, whole = 0;
        firth_socket *socket;
        char line[16];
        int raw;

        for (size_t i = 0; i < cut; i++)
            whole += text[i] == '\n';
        EXPECT_EQUAL(raw_pair(scope, &socket, &raw), FIRTH_OK);
        EXPECT_EQUAL(raw_send(raw, text, cut), 0);
        raw_reset(raw);
        while (firth_read_line(firth_socket_input(socket), line, sizeof line) >= 0)
            lines++;
        EXPECT_EQUAL(lines, whole);
        EXPECT_EQUAL(firth_read_line(firth_socket_input(socket), line, sizeof line), FIRTH_ERR_RESET);
        firth_socket_abort(socket);
    }
    return FIRTH_OK;
}

TASK_TEST(writer_suspended_when_the_peer_resets_gets_reset)
{
    peers_attempt writing = {0};
    firth_scope children;
    int raw;

    EXPECT_EQUAL(raw_pair(scope, &writing.socket, &raw), FIRTH_OK);
    EXPECT_EQUAL(peers_fill(scope, writing.socket), FIRTH_OK);
    firth_scope_open(&children, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&children, peers_write, &writing, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    EXPECT(!writing.ended);
    raw_reset(raw);
    EXPECT_EQUAL(firth_scope_close(&children, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(writing.result, FIRTH_ERR_RESET);
    for (int i = 0; i < 3; i++) {
        EXPECT_EQUAL(firth_write(firth_socket_output(writing.socket), "x", 1), FIRTH_ERR_RESET);
        EXPECT_EQUAL(firth_flush(firth_socket_output(writing.socket)), FIRTH_ERR_RESET);
    }
    (void)firth_socket_close(writing.socket);
    return FIRTH_OK;
}

TASK_TEST(reader_and_writer_suspended_when_the_peer_resets_both_get_reset)
{
    peers_attempt reading = {0}, writing = {0};
    firth_scope children;
    int raw;

    EXPECT_EQUAL(raw_pair(scope, &reading.socket, &raw), FIRTH_OK);
    writing.socket = reading.socket;
    EXPECT_EQUAL(peers_fill(scope, writing.socket), FIRTH_OK);
    firth_scope_open(&children, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&children, peers_read, &reading, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(&children, peers_write, &writing, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    raw_reset(raw);
    EXPECT_EQUAL(firth_scope_close(&children, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(reading.result, FIRTH_ERR_RESET);
    EXPECT_EQUAL(writing.result, FIRTH_ERR_RESET);
    (void)firth_socket_close(reading.socket);
    return FIRTH_OK;
}

TASK_TEST(reset_after_our_half_close_is_no_clean_end)
{
    firth_socket *socket;
    char byte;
    int raw;

    EXPECT_EQUAL(raw_pair(scope, &socket, &raw), FIRTH_OK);
    firth_scope_own_socket(scope, socket);
    EXPECT_EQUAL(firth_flush_and_close(firth_socket_output(socket)), FIRTH_OK);
    EXPECT_EQUAL(recv(raw, &byte, 1, 0), 0);
    EXPECT_EQUAL(firth_spawn(scope, reset_soon, &raw, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_read(firth_socket_input(socket), &byte, 1), FIRTH_ERR_RESET);
    return expect_reset_for_ever(socket);
}

/* Writes until the peer's reset is felt: the first write may well be taken. */
static int write_until_it_fails(firth_socket *socket)
{
    for (int i = 0; i < 10000; i++) {
        int rc = firth_write(firth_socket_output(socket), "x", 1);

        if (rc >= 0)
            rc = firth_flush(firth_socket_output(socket));
        if (rc < 0)
            return rc;
    }
    return FIRTH_OK;
}

TASK_TEST(reset_after_the_peer_s_half_close_fails_writes_and_reading_stays_at_the_end)
{
    firth_socket *socket;
    char byte;
    int raw;

    EXPECT_EQUAL(raw_pair(scope, &socket, &raw), FIRTH_OK);
    firth_scope_own_socket(scope, socket);
    EXPECT_EQUAL(shutdown(raw, SHUT_WR), 0);
    EXPECT_EQUAL(firth_read(firth_socket_input(socket), &byte, 1), FIRTH_EOF);
    EXPECT_EQUAL(firth_write(firth_socket_output(socket), "x", 1), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(socket)), FIRTH_OK);
    raw_reset(raw);
    EXPECT_EQUAL(write_until_it_fails(socket), FIRTH_ERR_RESET);
    EXPECT_EQUAL(write_until_it_fails(socket), FIRTH_ERR_RESET);
    EXPECT_EQUAL(firth_read(firth_socket_input(socket), &byte, 1), FIRTH_EOF);
    return FIRTH_OK;
}

static volatile sig_atomic_t broken_pipes;

static void count_broken_pipe(int number)
{
    (void)number;
    broken_pipes++;
}

static int write_to_a_closed_peer(firth_scope *scope, void *argument)
{
    firth_socket *socket;
    int raw;

    (void)argument;
    EXPECT_EQUAL(raw_pair(scope, &socket, &raw), FIRTH_OK);
    firth_scope_own_socket(scope, socket);
    close(raw);
    EXPECT_EQUAL(write_until_it_fails(socket), FIRTH_ERR_RESET);
    EXPECT_EQUAL(write_until_it_fails(socket), FIRTH_ERR_RESET);
    return FIRTH_OK;
}

static void writing_to_a_closed_peer_is_an_error_and_never_a_signal(void **state)
{
    struct sigaction count = {.sa_handler = count_broken_pipe}, before;

    (void)state;
    sigaction(SIGPIPE, &count, &before);
    support_run(write_to_a_closed_peer, NULL);
    sigaction(SIGPIPE, &before, NULL);
    assert_int_equal(broken_pipes, 0);
}

TASK_TEST(reset_while_closing_ends_the_close)
{
    firth_socket *socket;
    int raw, rc;

    EXPECT_EQUAL(raw_pair(scope, &socket, &raw), FIRTH_OK);
    EXPECT_EQUAL(peers_fill(scope, socket), FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(scope, reset_soon, &raw, NULL), FIRTH_OK);
    rc = firth_socket_close(socket);
    EXPECT_EQUAL(rc, FIRTH_ERR_RESET);
    return FIRTH_OK;
}

/* The listener goes away with the connection still in its backlog. */
TASK_TEST(reset_before_the_peer_accepted_comes_with_the_first_read)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *socket;
    char byte;
    int port, listener = raw_listen(1, &port);

    EXPECT(listener >= 0);
    EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", port, &socket), FIRTH_OK);
    firth_scope_own_socket(scope, socket);
    close(listener);
    EXPECT_EQUAL(firth_read(firth_socket_input(socket), &byte, 1), FIRTH_ERR_RESET);
    return expect_reset_for_ever(socket);
}

TASK_TEST(socket_that_is_reset_does_not_disturb_its_neighbour)
{
    firth_socket *victim, *client, *server;
    char byte;
    int raw;

    EXPECT_EQUAL(support_pair(scope, &client, &server), FIRTH_OK);
    firth_scope_own_socket(scope, client);
    EXPECT_EQUAL(firth_spawn(scope, peers_echo, server, NULL), FIRTH_OK);
    for (int i = 0; i < 50; i++) {
        peers_attempt reading = {0};
        firth_scope children;

        EXPECT_EQUAL(raw_pair(scope, &victim, &raw), FIRTH_OK);
        reading.socket = victim;
        firth_scope_open(&children, scope, NULL);
        EXPECT_EQUAL(firth_spawn(&children, peers_read, &reading, NULL), FIRTH_OK);
        EXPECT_EQUAL(firth_write(firth_socket_output(client), "x", 1), FIRTH_OK);
        EXPECT_EQUAL(firth_flush(firth_socket_output(client)), FIRTH_OK);
        raw_reset(raw);
        EXPECT_EQUAL(firth_read(firth_socket_input(client), &byte, 1), 1);
        EXPECT_EQUAL(firth_scope_close(&children, FIRTH_OK), FIRTH_OK);
        EXPECT_EQUAL(reading.result, FIRTH_ERR_RESET);
        firth_socket_abort(victim);
    }
    return firth_flush_and_close(firth_socket_output(client));
}

TASK_TEST(half_close_after_a_reset_is_a_reset_and_so_are_later_writes)
{
    firth_socket *socket;
    char byte;
    int raw;

    EXPECT_EQUAL(raw_pair(scope, &socket, &raw), FIRTH_OK);
    firth_scope_own_socket(scope, socket);
    raw_reset(raw);
    EXPECT_EQUAL(firth_read(firth_socket_input(socket), &byte, 1), FIRTH_ERR_RESET);
    for (int i = 0; i < 2; i++) {
        EXPECT_EQUAL(firth_flush_and_close(firth_socket_output(socket)), FIRTH_ERR_RESET);
        EXPECT_EQUAL(firth_write(firth_socket_output(socket), "x", 1), FIRTH_ERR_RESET);
        EXPECT_EQUAL(firth_flush(firth_socket_output(socket)), FIRTH_ERR_RESET);
    }
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reader_suspended_when_the_peer_closes_gets_eof),
        cmocka_unit_test(reader_suspended_when_the_peer_resets_gets_reset),
        cmocka_unit_test(bytes_that_arrived_before_a_reset_are_read_before_it),
        cmocka_unit_test(reset_behind_any_byte_loses_no_line_before_it),
        cmocka_unit_test(writer_suspended_when_the_peer_resets_gets_reset),
        cmocka_unit_test(reader_and_writer_suspended_when_the_peer_resets_both_get_reset),
        cmocka_unit_test(reset_after_our_half_close_is_no_clean_end),
        cmocka_unit_test(reset_after_the_peer_s_half_close_fails_writes_and_reading_stays_at_the_end),
        cmocka_unit_test(writing_to_a_closed_peer_is_an_error_and_never_a_signal),
        cmocka_unit_test(reset_while_closing_ends_the_close),
        cmocka_unit_test(reset_before_the_peer_accepted_comes_with_the_first_read),
        cmocka_unit_test(socket_that_is_reset_does_not_disturb_its_neighbour),
        cmocka_unit_test(half_close_after_a_reset_is_a_reset_and_so_are_later_writes),
    };

    return support_main(argc, argv, "reset", tests, sizeof tests / sizeof tests[0]);
}
