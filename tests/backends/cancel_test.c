/* SPDX-License-Identifier: Apache-2.0 */
/* One ending for every op, and no byte lost by a cancel. The host checks the ended ops at the end of each test. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/backends/host.h"

static void check_canceled(const host_op *op, const char *step)
{
    assert_int_equal(op->endings, 1);
    assert_int_equal(op->result, FIRTH_ERR_CANCELED);
    assert_int_equal(op->os_code, 0);
    assert_string_equal(op->step, step);
}

static void fill(firth_io *io)
{
    static const char much[1 << 16];
    host_op *op;

    do {
        op = host_op_make(io, FIRTH_OP_SEND);
        op->op.attempt_only = true;
        host_op_piece(op, (void *)(uintptr_t)much, sizeof much);
    } while (host_submit(op)->result > 0);
}

static size_t drain(int peer)
{
    static char much[1 << 16];
    size_t total = 0;
    ssize_t n;

    while ((n = read(peer, much, sizeof much)) > 0)
        total += (size_t)n;
    return total;
}

static void every_kind_ends_once(void **state)
{
    int peer;
    firth_io *io = host_accepted_pair(&peer), *listener;
    firth_address address;
    char text[8];
    host_op *op;

    (void)state;
    op = host_receive(io, text, 8);
    host_cancel(op);
    check_canceled(op, "recv");
    op = host_wait_readable(io);
    host_cancel(op);
    check_canceled(op, "recv");
    fill(io);
    op = host_send(io, "a", 1);
    host_cancel(op);
    check_canceled(op, "send");
    op = host_wait_writable(io);
    host_cancel(op);
    check_canceled(op, "send");
    listener = host_listener(&address);
    op = host_accept(listener, host_io());
    host_cancel(op);
    check_canceled(op, "accept");

    /* What was waited for comes now: it must reach nobody. */
    assert_int_equal(write(peer, "abc", 3), 3);
    close(host_raw_connect(&address));
    shutdown((int)io->native, SHUT_WR);
    assert_true(drain(peer) > 0);
    host_poll(100);
    close(peer);
}

static void bytes_of_a_cancelled_receive_come_with_the_next(void **state)
{
    int peer;
    firth_io *io = host_accepted_pair(&peer);
    char first[8] = "", text[8];
    host_op *op = host_receive(io, first, 8);

    (void)state;
    assert_int_equal(write(peer, "abc", 3), 3);
    host_until(io, POLLIN);
    host_cancel(op);
    check_canceled(op, "recv");
    assert_int_equal(host_await(host_receive(io, text, 8)), 3);
    assert_memory_equal(text, "abc", 3);
    assert_string_equal(first, "");
    close(peer);
}

static void a_completed_op_keeps_its_result(void **state)
{
    int peer;
    firth_io *io = host_accepted_pair(&peer);
    char text[8];
    host_op *op = host_receive(io, text, 8);

    (void)state;
    assert_int_equal(write(peer, "abc", 3), 3);
    host_until(io, POLLIN);
    host_poll(1000);
    assert_int_equal(op->endings, 1); /* before anybody could cancel it */
    assert_int_equal(op->result, 3);
    close(peer);
}

static void a_client_of_a_cancelled_accept_comes_with_the_next(void **state)
{
    firth_address address;
    firth_io *listener = host_listener(&address), *io = host_io();
    host_op *op = host_accept(listener, io);
    int client = host_raw_connect(&address);

    (void)state;
    host_until(listener, POLLIN);
    host_cancel(op);
    assert_int_equal(io->native, 0); /* untouched */
    assert_int_equal(host_await(host_accept(listener, io)), FIRTH_OK);
    close(client);
}

static void cancelling_one_direction_leaves_the_other(void **state)
{
    int peer;
    firth_io *io = host_accepted_pair(&peer);
    char text[8];
    host_op *reader = host_receive(io, text, 8), *writer;

    (void)state;
    fill(io);
    writer = host_send(io, "z", 1);
    assert_int_equal(writer->endings, 0);
    host_cancel(reader);
    check_canceled(reader, "recv");
    while (writer->endings == 0) {
        static char much[1 << 16];

        assert_true(read(peer, much, sizeof much) > 0);
        host_poll(0);
    }
    assert_int_equal(writer->result, 1);

    reader = host_receive(io, text, 8);
    fill(io);
    writer = host_send(io, "z", 1);
    host_cancel(writer);
    assert_int_equal(write(peer, "abc", 3), 3);
    assert_int_equal(host_await(reader), 3);
    close(peer);
}

/* A stream of counting bytes, and the op that reads it. */
struct reading {
    firth_io *io;
    host_op *op;
    unsigned char bytes[64];
    unsigned char next;
};

static void check_bytes(struct reading *reading, const host_op *op)
{
    int64_t i;

    assert_true(op->result >= 0 || op->result == FIRTH_ERR_CANCELED || op->result == FIRTH_ERR_WOULD_BLOCK);
    for (i = 0; i < op->result; i++)
        assert_int_equal(reading->bytes[i], reading->next++);
}

static void start_reading(struct reading *reading, int how, size_t size)
{
    if (how == 0) {
        check_bytes(reading, host_receive_attempt(reading->io, reading->bytes, size));
        return;
    }
    reading->op = how == 1 ? host_wait_readable(reading->io) : host_receive(reading->io, reading->bytes, size);
}

static void check_ended(struct reading *reading)
{
    if (reading->op == NULL || reading->op->endings == 0)
        return;
    check_bytes(reading, reading->op);
    reading->op = NULL;
}

/* Attempts, waits, receives, cancels and polls in any order: the bytes are whole. */
static void no_schedule_loses_a_byte(void **state)
{
    const char *text = getenv("FIRTH_TEST_SEED");
    unsigned seed = text != NULL ? (unsigned)strtoul(text, NULL, 10) : (unsigned)firth_now_ns();
    unsigned char bytes[64], sent = 0;
    struct reading reading = {0};
    int peer, round;
    size_t i;

    (void)state;
    print_message("FIRTH_TEST_SEED=%u\n", seed);
    srand(seed);
    reading.io = host_accepted_pair(&peer);
    for (round = 0; round < 20000; round++) {
        size_t size = (size_t)rand() % sizeof bytes + 1;
        int turn = rand() % 6;

        if (turn < 3 && reading.op == NULL) {
            start_reading(&reading, turn, size);
        } else if (turn == 3) {
            for (i = 0; i < size; i++)
                bytes[i] = sent++;
            assert_int_equal(write(peer, bytes, size), size);
        } else if (turn == 4 && reading.op != NULL) {
            host_cancel(reading.op);
        } else if (turn == 5) {
            host_poll(0);
        }
        check_ended(&reading);
    }
    if (reading.op != NULL)
        host_cancel(reading.op);
    check_ended(&reading);
    shutdown(peer, SHUT_WR);
    do {
        start_reading(&reading, 2, sizeof reading.bytes);
        round = (int)host_await(reading.op);
        check_ended(&reading);
    } while (round != 0);
    assert_int_equal(reading.next, sent);
    close(peer);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        HOST_TEST(every_kind_ends_once),
        HOST_TEST(bytes_of_a_cancelled_receive_come_with_the_next),
        HOST_TEST(a_completed_op_keeps_its_result),
        HOST_TEST(a_client_of_a_cancelled_accept_comes_with_the_next),
        HOST_TEST(cancelling_one_direction_leaves_the_other),
        HOST_TEST(no_schedule_loses_a_byte),
    };

    return host_main(argc, argv, "backend: cancel", tests, HOST_COUNT(tests));
}
