/* SPDX-License-Identifier: Apache-2.0 */
/* What the poller knows of a descriptor, and what it must have forgotten. */
#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/backends/host.h"
#include "tests/support/skip.h"

enum { QUIET_MS = 30, QUIET_NS = QUIET_MS * 1000000 };

/* A socket that the poller knows and nobody waits on. */
static firth_io *registered_pair(int *peer)
{
    firth_io *io = host_accepted_pair(peer);

    host_cancel(host_wait_readable(io));
    host_poll(0); /* kqueue hears of it now */
    return io;
}

static void one_registration_lasts_for_life(void **state)
{
    int peer, round;
    firth_io *io = host_accepted_pair(&peer);
    static char much[1 << 20], got[1 << 20];
    char text[8];

    (void)state;
    for (round = 0; round < 20; round++) {
        host_op *reader = host_receive(io, text, 8), *writer = host_send(io, much, sizeof much);

        while (writer->endings == 1)
            writer = host_send(io, much, sizeof much);
        assert_int_equal(write(peer, "abc", 3), 3);
        assert_int_equal(host_await(reader), 3);
        while (writer->endings == 0) {
            assert_true(read(peer, got, sizeof got) > 0);
            host_poll(0);
        }
        host_cancel(host_receive(io, text, 8));
    }
    /* One to register, and one when the first write was blocked. */
    assert_int_equal(host_calls(HOST_EPOLL_CTL), host_backend_is("epoll") ? 2 : 0);
    close(peer);
}

static void a_registration_reports_nothing_by_itself(void **state)
{
    int peer;
    firth_io *io = host_accepted_pair(&peer);
    char text[8];
    host_op *op = host_receive(io, text, 8);

    (void)state;
    assert_true(host_poll(QUIET_MS) >= QUIET_NS);
    assert_int_equal(op->endings, 0);
    host_cancel(op);
    close(peer);
}

static void what_is_there_before_the_registration_is_told(void **state)
{
    int peer;
    firth_io *io = host_accepted_pair(&peer);
    char text[8];

    (void)state;
    assert_int_equal(write(peer, "abc", 3), 3);
    host_until(io, POLLIN);
    assert_int_equal(host_await(host_receive(io, text, 8)), 3);
    close(peer);
}

static void a_reused_descriptor_hears_nothing_of_the_old_one(void **state)
{
    int peer, other;
    firth_io *old = registered_pair(&peer), *new;
    intptr_t native = old->native;
    uint32_t slot = old->slot;
    firth_address address;
    firth_io *listener = host_listener(&address);
    char text[8];
    host_op *op;

    (void)state;
    assert_int_equal(write(peer, "abc", 3), 3);
    host_until(old, POLLIN); /* reported, not fetched */
    other = host_raw_connect(&address);
    host_close(old);
    new = host_io();
    assert_int_equal(host_await(host_accept(listener, new)), FIRTH_OK);
    assert_int_equal(new->native, native);
    assert_int_equal(new->slot, slot);
    op = host_receive(new, text, 8);
    host_poll(QUIET_MS);
    assert_int_equal(op->endings, 0);
    assert_int_equal(host_calls(HOST_RECV), 0);
    assert_int_equal(write(other, "de", 2), 2);
    assert_int_equal(host_await(op), 2);
    assert_memory_equal(text, "de", 2);
    close(peer);
    close(other);
}

/* The registration is made to outlive its socket, so that a report with the old token really comes. */
/* Without a poll between: what was asked for waits while the table grows, and while sockets come and go. */
static void what_was_asked_for_outlives_the_tables_growth(void **state)
{
    enum { MANY = 300 };
    firth_io *opened[MANY];
    int peer, passing, i;
    firth_address address;
    int listener = host_raw_listener(&address);
    firth_io *io = host_accepted_pair(&peer), *other = host_io();
    char text[8];
    host_op *op = host_receive(io, text, 8);

    (void)state;
    for (i = 0; i < MANY; i++) {
        opened[i] = host_io();
        assert_int_equal(host_backend()->socket_open(opened[i], FIRTH_FAMILY_IPV4), FIRTH_OK);
    }
    for (i = 0; i < MANY; i++)
        host_close(opened[i]);
    for (i = 0; i < MANY * 2; i++) {
        assert_int_equal(host_backend()->adopt(other, host_raw_connect(&address)), FIRTH_OK);
        passing = accept(listener, NULL, NULL);
        host_cancel(host_receive(other, text, 8));
        host_close(other);
        close(passing);
    }
    assert_int_equal(write(peer, "abc", 3), 3);
    assert_int_equal(host_await(op), 3);
    close(listener);
    close(peer);
}

/* Its number is somebody else's, and its place in the table another socket's. A queue may tell of it even so: libkqueue, and
 * the double of kqueue in the mode "shuffled". */
static void the_end_of_a_closed_descriptor_is_not_the_next_ones(void **state)
{
    enum { BYTES = 100 };
    int peer, other, i;
    firth_io *old = registered_pair(&peer), *new;
    intptr_t native = old->native;
    uint32_t slot = old->slot;
    firth_address address;
    firth_io *listener = host_listener(&address);
    char text[8];
    host_op *op;

    (void)state;
    host_close(old);
    assert_int_equal(dup2(peer, (int)native), native);
    new = host_accept_from(listener, &address, &other);
    assert_int_equal(new->slot, slot);
    for (i = 0; i < BYTES; i++) {
        op = host_receive(new, text, 8);
        assert_int_equal(write(other, "a", 1), 1);
        assert_int_equal(host_await(op), 1);
    }
    op = host_receive(new, text, 8);
    assert_int_equal(shutdown(other, SHUT_WR), 0);
    assert_int_equal(host_await(op), 0);
    close((int)native);
    close(peer);
    close(other);
}

static void a_stale_report_is_dropped(void **state)
{
    int peer, other, duplicate;
    firth_io *old, *new;
    uint32_t slot;
    char text[8];
    host_op *op;

    (void)state;
    if (!host_backend_is("epoll"))
        SKIP("only epoll registers descriptors");
    old = registered_pair(&peer);
    slot = old->slot;
    duplicate = dup((int)old->native);
    host_call_fail(HOST_EPOLL_CTL, ENOMEM, 1);
    host_close(old);
    new = host_connected_pair(&other);
    assert_int_equal(new->slot, slot);
    op = host_receive(new, text, 8);
    assert_int_equal(write(peer, "abc", 3), 3);
    assert_true(host_poll(10000) < INT64_C(5000000000)); /* the report came */
    assert_int_equal(op->endings, 0);
    host_cancel(op);
    assert_int_equal(host_receive_attempt(new, text, 8)->result, FIRTH_ERR_WOULD_BLOCK);
    assert_int_equal(host_calls(HOST_RECV), 0); /* the new socket is not taken for readable either */
    close(duplicate);
    close(peer);
    close(other);
}

static void a_duplicate_does_not_keep_the_registration(void **state)
{
    int peer, duplicate, i;
    firth_io *io = registered_pair(&peer);

    (void)state;
    host_poll(0);
    duplicate = dup((int)io->native);
    host_close(io);
    for (i = 0; i < 5; i++) {
        assert_int_equal(write(peer, "abc", 3), 3);
        assert_true(host_poll(QUIET_MS) >= QUIET_NS);
    }
    close(duplicate);
    close(peer);
}

static void a_duplicate_of_an_ended_stream_is_quiet(void **state)
{
    int peer, duplicate, i;
    firth_io *io = registered_pair(&peer);
    char text[8];

    (void)state;
    shutdown(peer, SHUT_WR);
    assert_int_equal(host_await(host_receive(io, text, 8)), 0);
    duplicate = dup((int)io->native);
    host_calls_reset();
    host_close(io);
    assert_int_equal(host_calls(HOST_EPOLL_CTL), 0); /* the call that is saved */
    assert_int_equal(write(duplicate, "abc", 3), 3);
    assert_int_equal(read(peer, text, 8), 3);
    host_raw_reset(peer);
    for (i = 0; i < 3 && host_poll(QUIET_MS) < QUIET_NS; i++)
        ;
    assert_in_range(i, 0, 1); /* the reset, at most */
    close(duplicate);
}

static void a_duplicate_of_a_listener_that_was_shut_down_is_quiet(void **state)
{
    firth_address address;
    firth_io *listener = host_listener(&address);
    host_op *op = host_accept(listener, host_io());
    int duplicate = dup((int)listener->native);

    (void)state;
    assert_int_equal(op->endings, 0);
    assert_int_equal(shutdown(duplicate, SHUT_RD), 0);
    assert_true(host_await(op) < 0);
    host_close(listener);
    host_poll(0);
    assert_true(host_poll(QUIET_MS) >= QUIET_NS);
    close(duplicate);
}

static void a_registration_that_is_there_already_is_taken_over(void **state)
{
    int peer;
    firth_io *io;
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 12345};
    intptr_t queue;
    char text[8];
    host_op *op;

    (void)state;
    if (!host_backend_is("epoll"))
        SKIP("only epoll registers descriptors");
    io = host_accepted_pair(&peer);
    assert_int_equal(host_backend()->pollable(host_selector(), &queue), FIRTH_OK);
    assert_int_equal(epoll_ctl((int)queue, EPOLL_CTL_ADD, (int)io->native, &event), 0);
    op = host_receive(io, text, 8);
    assert_int_equal(op->endings, 0);
    assert_int_equal(write(peer, "abc", 3), 3);
    assert_int_equal(host_await(op), 3);
    assert_true(host_poll(QUIET_MS) >= QUIET_NS); /* edge-triggered now */
    close(peer);
}

static void a_registration_that_is_refused_ends_the_op(void **state)
{
    int peer;
    firth_io *io;
    char text[8];
    host_op *op;

    (void)state;
    if (!host_backend_is("epoll"))
        SKIP("only epoll registers descriptors");
    io = host_accepted_pair(&peer);
    host_call_fail(HOST_EPOLL_CTL, ENOSPC, 1);
    op = host_receive(io, text, 8);
    assert_true(op->submitted_done);
    assert_int_equal(op->result, FIRTH_ERR_NO_MEMORY);
    assert_int_equal(op->os_code, ENOSPC);
    assert_string_equal(op->step, "epoll_ctl");
    assert_int_equal(write(peer, "abc", 3), 3);
    assert_int_equal(host_await(host_receive(io, text, 8)), 3);
    close(peer);
}

static void what_nobody_reads_does_not_wake_again_and_again(void **state)
{
    int peer;
    firth_io *io = host_accepted_pair(&peer);
    char text[8];

    (void)state;
    assert_int_equal(host_await(host_wait_writable(io)), FIRTH_OK);
    host_cancel(host_receive(io, text, 8));
    assert_int_equal(write(peer, "abc", 3), 3);
    host_poll(1000);
    assert_true(host_poll(QUIET_MS) >= QUIET_NS);
    shutdown(peer, SHUT_WR);
    host_poll(QUIET_MS);
    assert_true(host_poll(QUIET_MS) >= QUIET_NS);
    assert_int_equal(host_await(host_receive(io, text, 8)), 3);
    assert_int_equal(host_await(host_receive(io, text, 8)), 0);
    close(peer);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        HOST_TEST(one_registration_lasts_for_life),
        HOST_TEST(a_registration_reports_nothing_by_itself),
        HOST_TEST(what_is_there_before_the_registration_is_told),
        HOST_TEST(a_reused_descriptor_hears_nothing_of_the_old_one),
        HOST_TEST(what_was_asked_for_outlives_the_tables_growth),
        HOST_TEST(the_end_of_a_closed_descriptor_is_not_the_next_ones),
        HOST_TEST(a_stale_report_is_dropped),
        HOST_TEST(a_duplicate_does_not_keep_the_registration),
        HOST_TEST(a_duplicate_of_an_ended_stream_is_quiet),
        HOST_TEST(a_duplicate_of_a_listener_that_was_shut_down_is_quiet),
        HOST_TEST(a_registration_that_is_there_already_is_taken_over),
        HOST_TEST(a_registration_that_is_refused_ends_the_op),
        HOST_TEST(what_nobody_reads_does_not_wake_again_and_again),
    };

    return host_main(argc, argv, "backend: registration", tests, HOST_COUNT(tests));
}
