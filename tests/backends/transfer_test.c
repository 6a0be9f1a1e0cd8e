/* SPDX-License-Identifier: Apache-2.0 */
/* Receive, send and the two waits. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/backends/host.h"
#include "tests/support/kqueue_mode.h"
#include "tests/support/skip.h"

static int wait_calls(void)
{
    return host_calls(host_wait_call());
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
    if (support_kqueue_mode("shuffled")) {
        close(peer);
        SKIP("a mode of tests/kqueue reports what is not so, and that costs calls");
    }
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

static void a_spurious_report_is_legal(void **state)
{
    int peer;
    firth_io *io = host_accepted_pair(&peer);
    char text[8];
    host_op *op = host_receive(io, text, 8);

    (void)state;
    host_call_fail(HOST_RECV, EAGAIN, 100);
    put(peer, "ab");
    host_poll(1000);
    assert_int_equal(op->endings, 0);
    assert_in_range(host_calls(HOST_RECV), 1, 2); /* the double of kqueue may tell a lie beside the truth */
    host_calls_reset();
    put(peer, "cd");
    assert_int_equal(host_await(op), 4);
    close(peer);
}

static void a_short_send_is_believed(void **state)
{
    static char much[1 << 22];
    int peer;
    firth_io *io = host_accepted_pair(&peer);
    host_op *op;

    (void)state;
    op = host_send(io, much, sizeof much);
    assert_in_range(op->result, 1, sizeof much - 1);
    host_calls_reset();
    op = host_send(io, much, sizeof much);
    assert_int_equal(op->endings, 0);
    assert_int_equal(host_calls(HOST_SEND), 0);
    while (op->endings == 0) {
        assert_true(read(peer, much, sizeof much) > 0);
        host_poll(0);
    }
    assert_true(op->result > 0);
    assert_int_equal(host_calls(HOST_SEND), 1);
    close(peer);
}

/* What the system would cut short by itself must not be taken for a short transfer. */
static void no_call_asks_for_more_than_the_system_moves(void **state)
{
    const size_t gibibyte = (size_t)1 << 30;
    int peer;
    firth_io *io = host_accepted_pair(&peer);
    char *text;
    host_op *op;

    (void)state;
    if (SIZE_MAX / 4 < gibibyte)
        SKIP("an address of this machine is too short for it");
    text = mmap(NULL, 3 * gibibyte, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (text == MAP_FAILED)
        SKIP("the system does not give so many addresses");
    assert_int_equal(write(peer, "abcd", 4), 4);
    host_until(io, POLLIN);
    assert_int_equal(host_await(host_wait_readable(io)), FIRTH_OK);
    op = host_receive(io, text, 3 * gibibyte); /* four bytes come, and four is all there is */
    assert_int_equal(op->result, 4);
    assert_int_equal(host_call_size(HOST_RECV), gibibyte);

    op = host_op_make(io, FIRTH_OP_RECEIVE);
    host_op_piece(op, text, 4);
    host_op_piece(op, text, 2 * gibibyte);
    host_op_piece(op, text, 4);
    assert_int_equal(write(peer, "abcd", 4), 4);
    assert_int_equal(host_await(host_submit(op)), 4);
    assert_int_equal(host_call_size(HOST_RECVMSG), gibibyte);
    assert_int_equal(munmap(text, 3 * gibibyte), 0);
    close(peer);
}

static void a_signal_interrupts_nothing(void **state)
{
    int peer;
    firth_io *io = host_accepted_pair(&peer);
    char text[8];
    host_op *op = host_receive(io, text, 8);

    (void)state;
    host_poll(0); /* kevent makes its changes before it is interrupted: here they are made */
    host_call_fail(HOST_RECV, EINTR, 3);
    host_call_fail(HOST_SEND, EINTR, 3);
    host_call_fail(host_wait_call(), EINTR, 2);
    put(peer, "ab");
    assert_int_equal(host_await(op), 2);
    assert_int_equal(host_send(io, "ab", 2)->result, 2);
    assert_int_equal(host_calls(HOST_RECV), 4);
    assert_int_equal(host_calls(HOST_SEND), 4);
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
        HOST_TEST(a_send_waits_for_room_and_sends_all),
        HOST_TEST(a_wait_ends_when_it_would_not_block),
        HOST_TEST(a_spurious_report_is_legal),
        HOST_TEST(a_short_send_is_believed),
        HOST_TEST(no_call_asks_for_more_than_the_system_moves),
        HOST_TEST(a_signal_interrupts_nothing),
    };

    return host_main(argc, argv, "backend: transfers", tests, HOST_COUNT(tests));
}
