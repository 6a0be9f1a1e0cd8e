/* SPDX-License-Identifier: Apache-2.0 */
/* How a connection ends on this side. */
#include "tests/tcp/peers.h"
#include "tests/tcp/raw.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static int64_t ms_since(int64_t start_ns)
{
    return (firth_now_ns() - start_ns) / 1000000;
}

/* A reader and a writer are suspended on the socket when `end` comes. */
static int end_under_both(firth_scope *scope, int (*end)(firth_socket *socket), int end_result)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    peers_attempt reading = {0}, writing = {0};
    firth_scope children;
    int raw;

    tcp.linger_ms = 50;
    EXPECT_EQUAL(peers_raw_client(&tcp, &reading.socket, &raw), FIRTH_OK);
    writing.socket = reading.socket;
    EXPECT_EQUAL(peers_fill(scope, reading.socket), FIRTH_OK);
    firth_scope_open(&children, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&children, peers_read, &reading, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(&children, peers_write, &writing, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    EXPECT(!reading.ended && !writing.ended);
    EXPECT_EQUAL(end(reading.socket), end_result);
    EXPECT_EQUAL(firth_scope_close(&children, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(reading.result, FIRTH_ERR_CLOSED);
    EXPECT_EQUAL(writing.result, FIRTH_ERR_CLOSED);
    close(raw);
    return FIRTH_OK;
}

static int abort_it(firth_socket *socket)
{
    firth_socket_abort(socket);
    return FIRTH_OK;
}

TASK_TEST(close_wakes_a_suspended_reader_and_writer_with_closed)
{
    return end_under_both(scope, firth_socket_close, FIRTH_ERR_TIMED_OUT);
}

TASK_TEST(abort_wakes_a_suspended_reader_and_writer_with_closed)
{
    return end_under_both(scope, abort_it, FIRTH_OK);
}

TASK_TEST(close_delivers_what_was_written_and_never_flushed)
{
    firth_socket *a, *b;
    uint8_t bytes[1000];

    EXPECT_EQUAL(support_pair(scope, &a, &b), FIRTH_OK);
    firth_scope_own_socket(scope, b);
    support_fill(bytes, sizeof bytes, 0);
    EXPECT_EQUAL(firth_write(firth_socket_output(a), bytes, sizeof bytes), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_close(a), FIRTH_OK);
    return peers_check_stream(b, sizeof bytes);
}

/* A close(2) with unread bytes sends RST, which would throw away what the peer has not read yet (RFC 1122 §4.2.2.13). */
TASK_TEST(close_lets_the_last_bytes_through_though_the_peer_had_sent_more)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    static const char unread[100 * 1000];
    char answer[16];
    firth_socket *server;
    int raw;

    EXPECT_EQUAL(peers_raw_client(&tcp, &server, &raw), FIRTH_OK);
    EXPECT_EQUAL(raw_send(raw, unread, sizeof unread), 0);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(server), "go away\n"), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_close(server), FIRTH_OK);
    EXPECT_EQUAL(raw_receive(raw, answer, 8), 0);
    EXPECT_EQUAL(recv(raw, answer, sizeof answer, 0), 0);
    close(raw);
    return FIRTH_OK;
}

TASK_TEST(close_with_a_peer_that_never_reads_ends_at_the_linger_deadline)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *socket;
    int64_t start_ns;
    int raw;

    tcp.linger_ms = 100;
    EXPECT_EQUAL(peers_raw_client(&tcp, &socket, &raw), FIRTH_OK);
    EXPECT_EQUAL(peers_fill(scope, socket), FIRTH_OK);
    start_ns = firth_now_ns();
    EXPECT_EQUAL(firth_socket_close(socket), FIRTH_ERR_TIMED_OUT);
    EXPECT(ms_since(start_ns) >= 100);
    EXPECT(ms_since(start_ns) < 2000);
    close(raw);
    return FIRTH_OK;
}

TASK_TEST(close_without_linger_sends_only_what_leaves_at_once)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *socket;
    int64_t start_ns;
    char answer[8];
    int raw;

    tcp.linger_ms = 0;
    EXPECT_EQUAL(peers_raw_client(&tcp, &socket, &raw), FIRTH_OK);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(socket), "bye\n"), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_close(socket), FIRTH_OK);
    EXPECT_EQUAL(raw_receive(raw, answer, 4), 0);
    EXPECT_EQUAL(recv(raw, answer, sizeof answer, 0), 0);
    close(raw);

    EXPECT_EQUAL(peers_raw_client(&tcp, &socket, &raw), FIRTH_OK);
    EXPECT_EQUAL(peers_fill(scope, socket), FIRTH_OK);
    start_ns = firth_now_ns();
    EXPECT_EQUAL(firth_socket_close(socket), FIRTH_ERR_TIMED_OUT);
    EXPECT(ms_since(start_ns) < 2000);
    close(raw);
    return FIRTH_OK;
}

TASK_TEST(close_in_a_cancelled_scope_still_delivers)
{
    firth_socket *a, *b;
    firth_scope cancelled;
    char line[8];

    EXPECT_EQUAL(support_pair(scope, &a, &b), FIRTH_OK);
    firth_scope_own_socket(scope, b);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(a), "bye\n"), FIRTH_OK);
    firth_scope_open(&cancelled, scope, NULL);
    firth_scope_cancel(&cancelled);
    EXPECT_EQUAL(firth_socket_close(a), FIRTH_OK);
    EXPECT_EQUAL(firth_scope_close(&cancelled, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(firth_read_line(firth_socket_input(b), line, sizeof line), 3);
    EXPECT_EQUAL(firth_read_line(firth_socket_input(b), line, sizeof line), FIRTH_EOF);
    return FIRTH_OK;
}

TASK_TEST(close_does_not_wait_for_a_silent_peer)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    int64_t start_ns;
    firth_socket *socket;
    char byte;
    int raw;

    EXPECT_EQUAL(peers_raw_client(&tcp, &socket, &raw), FIRTH_OK);
    start_ns = firth_now_ns();
    EXPECT_EQUAL(firth_socket_close(socket), FIRTH_OK);
    EXPECT(ms_since(start_ns) < tcp.linger_ms / 2);
    EXPECT_EQUAL(recv(raw, &byte, 1, 0), 0);
    close(raw);
    return FIRTH_OK;
}

TASK_TEST(abort_resets_the_connection)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *socket;
    char byte;
    int raw;

    EXPECT_EQUAL(peers_raw_client(&tcp, &socket, &raw), FIRTH_OK);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(socket), "never sent"), FIRTH_OK);
    firth_socket_abort(socket);
    EXPECT_EQUAL(recv(raw, &byte, 1, 0), -1);
    EXPECT_EQUAL(errno, ECONNRESET);
    close(raw);
    return FIRTH_OK;
}

TASK_TEST(write_cancel_resets_the_connection_and_gives_its_cause_for_ever)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *socket;
    char byte;
    int raw;

    EXPECT_EQUAL(peers_raw_client(&tcp, &socket, &raw), FIRTH_OK);
    firth_write_cancel(firth_socket_output(socket), FIRTH_ERR_USER - 7);
    EXPECT_EQUAL(recv(raw, &byte, 1, 0), -1);
    EXPECT_EQUAL(errno, ECONNRESET);
    for (int i = 0; i < 3; i++) {
        EXPECT_EQUAL(firth_write(firth_socket_output(socket), "x", 1), FIRTH_ERR_USER - 7);
        EXPECT_EQUAL(firth_flush(firth_socket_output(socket)), FIRTH_ERR_USER - 7);
        EXPECT_EQUAL(firth_read(firth_socket_input(socket), &byte, 1), FIRTH_ERR_USER - 7);
    }
    (void)firth_socket_close(socket);
    close(raw);
    return FIRTH_OK;
}

TASK_TEST(read_cancel_wakes_the_reader_and_leaves_writing_alone)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    peers_attempt reading = {0};
    firth_scope children;
    char line[8];
    int raw;

    EXPECT_EQUAL(peers_raw_client(&tcp, &reading.socket, &raw), FIRTH_OK);
    firth_scope_open(&children, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&children, peers_read, &reading, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    firth_read_cancel(firth_socket_input(reading.socket), FIRTH_ERR_USER - 1);
    EXPECT_EQUAL(firth_scope_close(&children, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(reading.result, FIRTH_ERR_USER - 1);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(reading.socket), "bye\n"), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_close(reading.socket), FIRTH_OK);
    EXPECT_EQUAL(raw_receive(raw, line, 4), 0);
    close(raw);
    return FIRTH_OK;
}

/* An upload is refused, answered and closed. */
TASK_TEST(close_after_read_cancel_lets_the_answer_through_though_the_peer_had_sent_more)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    static const char unread[100 * 1000];
    char answer[16];
    firth_socket *server;
    int raw;

    EXPECT_EQUAL(peers_raw_client(&tcp, &server, &raw), FIRTH_OK);
    EXPECT_EQUAL(raw_send(raw, unread, sizeof unread), 0);
    EXPECT_EQUAL(firth_await_content(firth_socket_input(server), 1000) >= 1000, true);
    firth_read_cancel(firth_socket_input(server), FIRTH_ERR_TOO_LONG);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(server), "too much\n"), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_close(server), FIRTH_OK);
    EXPECT_EQUAL(raw_receive(raw, answer, 9), 0);
    EXPECT_EQUAL(recv(raw, answer, sizeof answer, 0), 0);
    close(raw);
    return FIRTH_OK;
}

/* The channel is on the list of those to flush when it is freed. */
TASK_TEST(abort_right_after_a_write_with_auto_flush_leaves_nothing_to_flush)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *socket;
    int raw;

    tcp.auto_flush = true;
    for (int i = 0; i < 3; i++) {
        EXPECT_EQUAL(peers_raw_client(&tcp, &socket, &raw), FIRTH_OK);
        EXPECT_EQUAL(firth_write_string(firth_socket_output(socket), "never sent\n"), FIRTH_OK);
        firth_socket_abort(socket);
        EXPECT_EQUAL(firth_yield(), FIRTH_OK);
        close(raw);
    }
    return FIRTH_OK;
}

TASK_TEST(closing_nothing_does_nothing)
{
    EXPECT_EQUAL(firth_socket_close(NULL), FIRTH_OK);
    firth_socket_abort(NULL);
    firth_server_close(NULL);
    return FIRTH_OK;
}

TASK_TEST(socket_that_is_owned_may_be_closed_by_hand)
{
    firth_socket *a, *b;
    firth_scope owner;
    char byte;

    EXPECT_EQUAL(support_pair(scope, &a, &b), FIRTH_OK);
    firth_scope_open(&owner, scope, NULL);
    firth_scope_own_socket(&owner, a);
    firth_scope_own_socket(&owner, b);
    EXPECT_EQUAL(firth_socket_close(a), FIRTH_OK);
    firth_scope_own_socket(scope, b); /* the last owner named is the one */
    EXPECT_EQUAL(firth_scope_close(&owner, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(firth_read(firth_socket_input(b), &byte, 1), FIRTH_EOF);
    return FIRTH_OK;
}

static int leave_open(firth_scope *scope, void *argument)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_server *server;
    firth_socket *a, *b;

    (void)argument;
    EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, &server), FIRTH_OK);
    return support_pair(scope, &a, &b);
}

static void closing_a_selector_lists_what_is_still_open_and_frees_it(void **state)
{
    size_t descriptors = support_descriptors_open(), live = support_allocations_live();
    firth_selector_options options = support_options();
    firth_selector *selector;

    (void)state;
    assert_int_equal(firth_selector_open(&selector, &options), FIRTH_OK);
    assert_int_equal(firth_spawn(firth_selector_scope(selector), leave_open, NULL, NULL), FIRTH_OK);
    assert_int_equal(firth_selector_run(selector), FIRTH_OK);
    assert_int_equal(firth_selector_close(selector), FIRTH_ERR_STILL_OPEN);
    assert_non_null(strstr(support_log_text(), "close_test.c:"));
    assert_non_null(strstr(support_log_text(), "network.c:"));
    assert_int_equal(support_descriptors_open(), descriptors);
    assert_int_equal(support_allocations_live(), live);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(close_wakes_a_suspended_reader_and_writer_with_closed),
        cmocka_unit_test(abort_wakes_a_suspended_reader_and_writer_with_closed),
        cmocka_unit_test(close_delivers_what_was_written_and_never_flushed),
        cmocka_unit_test(close_lets_the_last_bytes_through_though_the_peer_had_sent_more),
        cmocka_unit_test(close_with_a_peer_that_never_reads_ends_at_the_linger_deadline),
        cmocka_unit_test(close_without_linger_sends_only_what_leaves_at_once),
        cmocka_unit_test(close_in_a_cancelled_scope_still_delivers),
        cmocka_unit_test(close_does_not_wait_for_a_silent_peer),
        cmocka_unit_test(abort_resets_the_connection),
        cmocka_unit_test(write_cancel_resets_the_connection_and_gives_its_cause_for_ever),
        cmocka_unit_test(read_cancel_wakes_the_reader_and_leaves_writing_alone),
        cmocka_unit_test(close_after_read_cancel_lets_the_answer_through_though_the_peer_had_sent_more),
        cmocka_unit_test(abort_right_after_a_write_with_auto_flush_leaves_nothing_to_flush),
        cmocka_unit_test(closing_nothing_does_nothing),
        cmocka_unit_test(socket_that_is_owned_may_be_closed_by_hand),
        cmocka_unit_test(closing_a_selector_lists_what_is_still_open_and_frees_it),
    };

    return support_main(argc, argv, "close", tests, sizeof tests / sizeof tests[0]);
}
