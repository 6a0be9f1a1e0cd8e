/* SPDX-License-Identifier: Apache-2.0 */
/* Receive, send and the two waits. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/backends/host.h"

static int wait_calls(void)
{
    return host_calls(HOST_EPOLL_WAIT) + host_calls(HOST_POLL);
}

static void put(int peer, const char *text)
{
    assert_int_equal(write(peer, text, strlen(text)), strlen(text));
}

static void bytes_come_in_order(void **state)
{
    int peer;
    firth_io *io = host_accepted_pair(&peer);
    char text[16];
    host_op *op;

    (void)state;
    op = host_receive(io, text, sizeof text);
    assert_int_equal(op->endings, 0);
    put(peer, "one");
    assert_int_equal(host_await(op), 3);
    assert_memory_equal(text, "one", 3);
    assert_null(op->step);
    put(peer, "two");
    assert_int_equal(host_await(host_receive(io, text, sizeof text)), 3);
    assert_memory_equal(text, "two", 3);
    close(peer);
    assert_int_equal(host_await(host_receive(io, text, sizeof text)), 0);
    assert_int_equal(host_await(host_receive(io, text, sizeof text)), 0);
}

static void pieces_are_filled_and_sent_in_order(void **state)
{
    int peer, i;
    firth_io *io = host_accepted_pair(&peer);
    char bytes[FIRTH_OP_PIECES_MAX] = "0123456789abcdef", got[FIRTH_OP_PIECES_MAX];
    host_op *op = host_op_make(io, FIRTH_OP_SEND);

    (void)state;
    for (i = 0; i < FIRTH_OP_PIECES_MAX; i++)
        host_op_piece(op, &bytes[i], 1);
    assert_int_equal(host_submit(op)->result, FIRTH_OP_PIECES_MAX);
    assert_true(op->submitted_done);
    assert_int_equal(read(peer, got, sizeof got), sizeof got);
    assert_memory_equal(got, bytes, sizeof got);

    put(peer, "abcdefgh");
    memset(got, 0, sizeof got);
    op = host_op_make(io, FIRTH_OP_RECEIVE);
    host_op_piece(op, &got[5], 3);
    host_op_piece(op, &got[0], 4);
    host_op_piece(op, &got[4], 1);
    assert_int_equal(host_await(host_submit(op)), 8);
    assert_memory_equal(got, "defghabc", 8);
    assert_int_equal(host_calls(HOST_RECVMSG), 1);
    assert_int_equal(host_calls(HOST_SENDMSG), 1);
    assert_int_equal(host_calls(HOST_RECV) + host_calls(HOST_SEND), 0);
    close(peer);
}

static void a_fresh_socket_sends_first_and_receives_when_told(void **state)
{
    int peer;
    firth_io *io = host_accepted_pair(&peer);
    char text[4];
    host_op *op;

    (void)state;
    assert_true(host_send(io, "ab", 2)->submitted_done);
    assert_int_equal(host_calls_total(), 1); /* send alone */
    op = host_receive(io, text, sizeof text);
    assert_int_equal(op->endings, 0);
    assert_int_equal(host_calls(HOST_RECV), 0);
    put(peer, "c");
    assert_int_equal(host_await(op), 1);
    assert_int_equal(host_calls(HOST_RECV), 1);
    close(peer);
}

static void an_attempt_never_waits(void **state)
{
    int peer;
    firth_io *io = host_accepted_pair(&peer);
    char text[4];
    host_op *op = host_receive_attempt(io, text, sizeof text);

    (void)state;
    assert_true(op->submitted_done);
    assert_int_equal(op->result, FIRTH_ERR_WOULD_BLOCK);
    assert_int_equal(host_calls_total(), 0);
    put(peer, "abc");
    assert_int_equal(host_await(host_wait_readable(io)), FIRTH_OK);
    assert_int_equal(host_receive_attempt(io, text, sizeof text)->result, 3);
    host_calls_reset();
    assert_int_equal(host_receive_attempt(io, text, sizeof text)->result, FIRTH_ERR_WOULD_BLOCK);
    assert_int_equal(host_calls_total(), 0); /* the short read is believed */
    assert_null(io->reading);
    close(peer);
}

static void a_full_read_is_followed_by_another(void **state)
{
    int peer;
    firth_io *io = host_accepted_pair(&peer);
    char text[4];

    (void)state;
    put(peer, "abcdefgh");
    host_until(io, POLLIN);
    assert_int_equal(host_await(host_receive(io, text, 4)), 4);
    assert_int_equal(host_receive_attempt(io, text, 4)->result, 4);
    assert_memory_equal(text, "efgh", 4);
    assert_int_equal(host_receive_attempt(io, text, 4)->result, FIRTH_ERR_WOULD_BLOCK);
    assert_int_equal(host_calls(HOST_RECV), 3);
    close(peer);
}

static void ping_pong(firth_io *io, int peer, int rounds)
{
    char text[64];

    while (rounds-- > 0) {
        host_op *op = host_receive(io, text, sizeof text);

        put(peer, "ping");
        assert_int_equal(host_await(op), 4);
        assert_int_equal(host_send(io, text, 4)->result, 4);
        assert_int_equal(read(peer, text, sizeof text), 4);
    }
}

static void a_ping_costs_a_recv_a_send_and_a_wait(void **state)
{
    int peer;
    firth_io *io = host_accepted_pair(&peer);

    (void)state;
    ping_pong(io, peer, 1); /* registers */
    host_calls_reset();
    ping_pong(io, peer, 100);
    assert_int_equal(host_calls(HOST_RECV), 100);
    assert_int_equal(host_calls(HOST_SEND), 100);
    assert_int_equal(host_calls(HOST_EPOLL_CTL), 0);
    assert_int_equal(wait_calls(), 100);
    assert_int_equal(host_calls_total(), 300);
    close(peer);
}

static void bytes_before_the_end_are_read_first(void **state)
{
    int peer;
    firth_io *io = host_accepted_pair(&peer);
    char text[4];

    (void)state;
    put(peer, "abcdef");
    close(peer);
    host_until(io, POLLRDHUP);
    assert_int_equal(host_await(host_receive(io, text, 4)), 4);
    assert_int_equal(host_await(host_receive(io, text, 4)), 2); /* short, and yet not the last word */
    assert_int_equal(host_receive_attempt(io, text, 4)->result, 0);
}

static void the_end_ends_a_pending_receive_and_writing_goes_on(void **state)
{
    int peer;
    firth_io *io = host_accepted_pair(&peer);
    char text[4];
    host_op *op = host_receive(io, text, 4);

    (void)state;
    shutdown(peer, SHUT_WR);
    assert_int_equal(host_await(op), 0);
    assert_int_equal(host_send(io, "ab", 2)->result, 2);
    assert_int_equal(read(peer, text, 4), 2);
    assert_int_equal(host_backend()->shutdown_write(io), FIRTH_OK);
    assert_int_equal(read(peer, text, 4), 0);
    close(peer);
}

static void a_reset_comes_after_the_bytes(void **state)
{
    int peer;
    firth_io *io = host_accepted_pair(&peer);
    char text[8];
    host_op *op;

    (void)state;
    put(peer, "abc");
    host_until(io, POLLIN);
    host_raw_reset(peer);
    host_until(io, POLLHUP);
    assert_int_equal(host_await(host_receive(io, text, 8)), 3);
    op = host_receive(io, text, 8);
    assert_int_equal(host_await(op), FIRTH_ERR_RESET);
    assert_int_equal(op->os_code, ECONNRESET);
    assert_string_equal(op->step, "recv");
    assert_int_equal(host_await(host_receive(io, text, 8)), FIRTH_ERR_RESET); /* never an end of stream */
    assert_int_equal(host_await(host_send(io, "a", 1)), FIRTH_ERR_RESET);
}

static void a_reset_that_a_send_took_is_no_end_of_stream(void **state)
{
    int peer;
    firth_io *io = host_accepted_pair(&peer);
    char text[8];
    host_op *op;

    (void)state;
    put(peer, "abc");
    host_until(io, POLLIN);
    host_raw_reset(peer);
    host_until(io, POLLHUP);
    op = host_send(io, "a", 1);
    assert_int_equal(op->result, FIRTH_ERR_RESET);
    assert_int_equal(op->os_code, ECONNRESET);
    assert_string_equal(op->step, "send");
    assert_int_equal(host_await(host_receive(io, text, 8)), 3);
    op = host_receive(io, text, 8);
    assert_int_equal(host_await(op), FIRTH_ERR_RESET);
    assert_int_equal(op->os_code, ECONNRESET);
}

static void a_reset_ends_reader_and_writer(void **state)
{
    int peer;
    firth_io *io = host_accepted_pair(&peer);
    char text[8], *much = calloc(1, 1 << 20);
    host_op *reader = host_receive(io, text, 8), *writer;

    (void)state;
    while ((writer = host_send(io, much, 1 << 20))->submitted_done)
        assert_true(writer->result > 0);
    host_raw_reset(peer);
    assert_int_equal(host_await(reader), FIRTH_ERR_RESET);
    assert_int_equal(host_await(writer), FIRTH_ERR_RESET);
    free(much);
}

static void a_send_waits_for_room_and_sends_all(void **state)
{
    enum { TOTAL = 8 << 20 };
    int peer;
    firth_io *io = host_accepted_pair(&peer);
    char *much = malloc(TOTAL), *got = malloc(TOTAL);
    size_t sent = 0, received = 0, i;
    host_op *op = NULL;

    (void)state;
    for (i = 0; i < TOTAL; i++)
        much[i] = (char)(i * 31 >> 3);
    while (received < TOTAL) {
        while (sent < TOTAL && (op == NULL || op->endings == 1)) {
            if (op != NULL)
                sent += (size_t)op->result;
            op = sent < TOTAL ? host_send(io, much + sent, TOTAL - sent) : NULL;
            assert_true(op == NULL || op->endings == 0 || op->result > 0);
        }
        ssize_t n = read(peer, got + received, TOTAL - received);
        assert_true(n > 0);
        received += (size_t)n;
        host_poll(0);
    }
    assert_int_equal(sent, TOTAL);
    assert_memory_equal(much, got, TOTAL);
    close(peer);
    free(much);
    free(got);
}

static void a_wait_ends_when_it_would_not_block(void **state)
{
    int peer;
    firth_io *io = host_accepted_pair(&peer);
    char text[8], *much = calloc(1, 1 << 20);
    host_op *readable = host_wait_readable(io), *writable, *send;

    (void)state;
    assert_true(host_wait_writable(io)->submitted_done);
    put(peer, "a");
    assert_int_equal(host_await(readable), FIRTH_OK);
    assert_int_equal(host_calls(HOST_RECV), 0);
    assert_true(host_wait_readable(io)->submitted_done); /* still there */
    do {
        send = host_op_make(io, FIRTH_OP_SEND);
        send->op.attempt_only = true;
        host_op_piece(send, much, 1 << 20);
        host_submit(send);
    } while (send->result > 0);
    assert_int_equal(send->result, FIRTH_ERR_WOULD_BLOCK);
    writable = host_wait_writable(io);
    host_poll(0);
    assert_int_equal(writable->endings, 0);
    while (writable->endings == 0) {
        assert_true(read(peer, much, 1 << 20) > 0);
        host_poll(0);
    }
    assert_int_equal(writable->result, FIRTH_OK);
    assert_int_equal(host_send(io, "z", 1)->result, 1);
    assert_int_equal(host_receive_attempt(io, text, 8)->result, 1);
    close(peer);
    free(much);
}

static void a_wait_ends_for_the_end_of_stream_and_for_a_reset(void **state)
{
    int peer;
    firth_io *io = host_accepted_pair(&peer);
    char text[8];
    host_op *op = host_wait_readable(io);

    (void)state;
    shutdown(peer, SHUT_WR);
    assert_int_equal(host_await(op), FIRTH_OK);
    assert_int_equal(host_receive_attempt(io, text, 8)->result, 0);
    close(peer);

    io = host_accepted_pair(&peer);
    op = host_wait_readable(io);
    host_raw_reset(peer);
    assert_int_equal(host_await(op), FIRTH_OK);
    assert_int_equal(host_receive_attempt(io, text, 8)->result, FIRTH_ERR_RESET);
}

static void a_spurious_report_is_legal(void **state)
{
    int peer;
    firth_io *io = host_accepted_pair(&peer);
    char text[8];
    host_op *op = host_receive(io, text, 8);

    (void)state;
    host_call_fail(HOST_RECV, EAGAIN, 1);
    put(peer, "ab");
    host_poll(1000);
    assert_int_equal(op->endings, 0);
    assert_int_equal(host_calls(HOST_RECV), 1);
    put(peer, "cd");
    assert_int_equal(host_await(op), 4);
    close(peer);
}

static void a_signal_interrupts_nothing(void **state)
{
    int peer;
    firth_io *io = host_accepted_pair(&peer);
    char text[8];
    host_op *op = host_receive(io, text, 8);

    (void)state;
    host_call_fail(HOST_RECV, EINTR, 3);
    host_call_fail(HOST_SEND, EINTR, 3);
    host_call_fail(host_backend_is("poll") ? HOST_POLL : HOST_EPOLL_WAIT, EINTR, 2);
    put(peer, "ab");
    assert_int_equal(host_await(op), 2);
    assert_int_equal(host_send(io, "ab", 2)->result, 2);
    assert_int_equal(host_calls(HOST_RECV), 4);
    assert_int_equal(host_calls(HOST_SEND), 4);
    close(peer);
}

/* Linux ends a read at the urgent mark, so a short one proves nothing there. */
static void urgent_data_does_not_hide_what_follows(void **state)
{
    int peer;
    firth_io *io = host_accepted_pair(&peer);
    char text[16];
    int64_t n, got = 0;
    host_op *op = host_receive(io, text, sizeof text);

    (void)state;
    assert_int_equal(send(peer, "abc!", 4, MSG_OOB), 4); /* "!" is urgent and taken out of the stream */
    put(peer, "def");
    host_until(io, POLLIN);
    while ((n = host_await(op)) > 0 && (got += n) < 6)
        op = host_receive(io, text + got, sizeof text - (size_t)got);
    assert_int_equal(got, 6);
    assert_memory_equal(text, "abcdef", 6);
    close(peer);
}

static void no_transfer_raises_sigpipe(void **state)
{
    int peer;
    firth_io *io = host_accepted_pair(&peer);
    char bytes[2] = "ab";
    host_op *op;

    (void)state;
    host_raw_reset(peer);
    host_until(io, POLLHUP);
    assert_int_equal(host_send(io, "a", 1)->result, FIRTH_ERR_RESET);
    op = host_send(io, "a", 1);
    assert_int_equal(op->result, FIRTH_ERR_RESET);
    assert_int_equal(op->os_code, EPIPE);
    op = host_op_make(io, FIRTH_OP_SEND);
    host_op_piece(op, bytes, 1);
    host_op_piece(op, bytes + 1, 1);
    assert_int_equal(host_submit(op)->result, FIRTH_ERR_RESET);
}

static void after_shutdown_the_next_receive_looks(void **state)
{
    int peer;
    firth_io *io = host_accepted_pair(&peer);
    char text[8];

    (void)state;
    put(peer, "abc");
    host_until(io, POLLIN);
    assert_int_equal(host_receive_attempt(io, text, 8)->result, FIRTH_ERR_WOULD_BLOCK); /* nobody has told yet */
    assert_int_equal(host_backend()->shutdown_write(io), FIRTH_OK);
    assert_int_equal(host_receive_attempt(io, text, 8)->result, 3);
    close(peer);
}

static void a_failing_call_names_itself(void **state)
{
    int peer;
    firth_io *io = host_accepted_pair(&peer);
    char text[8];
    host_op *op = host_receive(io, text, 8);

    (void)state;
    host_call_fail(HOST_RECV, ETIMEDOUT, 1);
    put(peer, "a");
    assert_int_equal(host_await(op), FIRTH_ERR_TIMED_OUT);
    assert_int_equal(op->os_code, ETIMEDOUT);
    assert_string_equal(op->step, "recv");
    host_call_fail(HOST_SEND, ENOBUFS, 1);
    op = host_send(io, "a", 1);
    assert_int_equal(op->result, FIRTH_ERR_NO_BUFFERS);
    assert_string_equal(op->step, "send");
    assert_int_equal(host_send(io, "a", 1)->result, 1);
    close(peer);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        HOST_TEST(bytes_come_in_order),
        HOST_TEST(pieces_are_filled_and_sent_in_order),
        HOST_TEST(a_fresh_socket_sends_first_and_receives_when_told),
        HOST_TEST(an_attempt_never_waits),
        HOST_TEST(a_full_read_is_followed_by_another),
        HOST_TEST(a_ping_costs_a_recv_a_send_and_a_wait),
        HOST_TEST(bytes_before_the_end_are_read_first),
        HOST_TEST(the_end_ends_a_pending_receive_and_writing_goes_on),
        HOST_TEST(a_reset_comes_after_the_bytes),
        HOST_TEST(a_reset_that_a_send_took_is_no_end_of_stream),
        HOST_TEST(a_reset_ends_reader_and_writer),
        HOST_TEST(a_send_waits_for_room_and_sends_all),
        HOST_TEST(a_wait_ends_when_it_would_not_block),
        HOST_TEST(a_wait_ends_for_the_end_of_stream_and_for_a_reset),
        HOST_TEST(a_spurious_report_is_legal),
        HOST_TEST(a_signal_interrupts_nothing),
        HOST_TEST(urgent_data_does_not_hide_what_follows),
        HOST_TEST(no_transfer_raises_sigpipe),
        HOST_TEST(after_shutdown_the_next_receive_looks),
        HOST_TEST(a_failing_call_names_itself),
    };

    return host_main(argc, argv, "backend: transfers", tests, HOST_COUNT(tests));
}
