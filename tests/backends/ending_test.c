/* SPDX-License-Identifier: Apache-2.0 */
/* How a stream ends, and what is read before: the end, a reset, a failing call. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/backends/host.h"
#include "tests/support/kqueue_mode.h"
#include "tests/support/skip.h"

static void put(int peer, const char *text)
{
    assert_int_equal(write(peer, text, strlen(text)), strlen(text));
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

/* A read ends at the urgent mark, so a short one proves nothing. */
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
    assert_int_equal(op->os_code, support_kqueue_mode("eprototype") ? ECONNRESET : EPIPE);
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
    host_call_fail(HOST_SEND, ENOMEM, 1);
    op = host_send(io, "a", 1);
    assert_int_equal(op->result, FIRTH_ERR_NO_MEMORY);
    assert_string_equal(op->step, "send");
    assert_int_equal(host_send(io, "a", 1)->result, 1);
    close(peer);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        HOST_TEST(bytes_before_the_end_are_read_first),
        HOST_TEST(the_end_ends_a_pending_receive_and_writing_goes_on),
        HOST_TEST(a_reset_comes_after_the_bytes),
        HOST_TEST(a_reset_that_a_send_took_is_no_end_of_stream),
        HOST_TEST(a_reset_ends_reader_and_writer),
        HOST_TEST(a_wait_ends_for_the_end_of_stream_and_for_a_reset),
        HOST_TEST(urgent_data_does_not_hide_what_follows),
        HOST_TEST(no_transfer_raises_sigpipe),
        HOST_TEST(after_shutdown_the_next_receive_looks),
        HOST_TEST(a_failing_call_names_itself),
    };

    return host_main(argc, argv, "backend: the ends of a stream", tests, HOST_COUNT(tests));
}
