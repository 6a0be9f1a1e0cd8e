/* SPDX-License-Identifier: Apache-2.0 */
/* What kqueue does and no other poller: each has its sentence in backends/kqueue. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/readiness/poller.h"
#include "tests/backends/host.h"
#include "tests/support/skip.h"

enum { QUIET_MS = 30, QUIET_NS = QUIET_MS * 1000000 };

static bool is_kqueue(void)
{
    return host_backend_is("kqueue");
}

#define KQUEUE_ONLY()                                                                                                  \
    if (!is_kqueue())                                                                                                  \
    SKIP("about kqueue alone")

/* Fills the socket until a send waits. */
static host_op *blocked_send(firth_io *io)
{
    static char much[1 << 20];
    host_op *op = host_send(io, much, sizeof much);

    while (op->endings == 1 && op->result > 0)
        op = host_send(io, much, sizeof much);
    return op;
}

static void drain(int peer)
{
    static char got[1 << 20];

    while (recv(peer, got, sizeof got, MSG_DONTWAIT) > 0)
        ;
}

/* The write filter fires while the peer makes room; then the peer resets, and nobody has read since. */
static void a_reset_is_heard_after_the_write_filter_has_fired(void **state)
{
    int peer;
    firth_io *io = host_accepted_pair(&peer);
    host_op *op = blocked_send(io);
    char text[8];

    (void)state;
    while (op->endings == 0) {
        drain(peer);
        host_poll(10);
    }
    op = host_receive(io, text, 8);
    assert_int_equal(op->endings, 0);
    host_raw_reset(peer);
    assert_int_equal(host_await(op), FIRTH_ERR_RESET);
}

static void a_send_without_buffers_is_tried_again(void **state)
{
    int peer;
    firth_io *io;
    char text[8];
    host_op *op;

    (void)state;
    KQUEUE_ONLY();
    io = host_accepted_pair(&peer);
    host_call_fail(HOST_SEND, ENOBUFS, 5);
    op = host_send(io, "abc", 3);
    assert_int_equal(op->endings, 0);
    host_calls_reset();
    host_call_fail(HOST_SEND, ENOBUFS, 4);
    while (op->endings == 0)
        host_poll(-1); /* as endless as a wait without a deadline */
    assert_int_equal(op->result, 3);
    assert_int_equal(host_calls(HOST_SEND), 5);
    assert_int_equal(read(peer, text, 8), 3);
    assert_true(host_poll(QUIET_MS) >= QUIET_NS); /* and that was it */
    close(peer);
}

/* It waits between the attempts: 20 of them take longer than as many turns of a loop that spins. */
static void a_send_without_buffers_does_not_spin(void **state)
{
    int peer;
    firth_io *io;
    host_op *op;
    int64_t start_ns;

    (void)state;
    KQUEUE_ONLY();
    io = host_accepted_pair(&peer);
    host_call_fail(HOST_SEND, ENOBUFS, 21);
    op = host_send(io, "abc", 3);
    start_ns = firth_now_ns();
    assert_int_equal(host_await(op), 3);
    assert_true(firth_now_ns() - start_ns >= 10 * 1000000);
    close(peer);
}

static void eprototype_is_a_reset(void **state)
{
    int peer;
    firth_io *io = host_accepted_pair(&peer);
    host_op *op;

    (void)state;
    host_call_fail(HOST_SEND, EPROTOTYPE, 1);
    op = host_send(io, "abc", 3);
    assert_int_equal(op->result, FIRTH_ERR_RESET);
    assert_int_equal(op->os_code, ECONNRESET);
    close(peer);
}

/* One turn of a loop that is not ours: it polls when the descriptor says so, or, without one, now and then. */
static void poll_as_a_guest(intptr_t native)
{
    struct pollfd entry = {.fd = (int)native, .events = POLLIN};

    assert_int_equal(poll(&entry, native >= 0, native >= 0 ? 10000 : 1), native >= 0);
    host_poll(0);
}

/* More than one call has room for. */
static void more_changes_than_a_call_takes(void **state)
{
    enum { PAIRS = 300 };
    static firth_io *ios[PAIRS];
    static host_op *readers[PAIRS];
    static int peers[PAIRS];
    static char text[PAIRS][8];
    intptr_t native = -1;
    int i;

    (void)state;
    for (i = 0; i < PAIRS; i++)
        ios[i] = host_accepted_pair(&peers[i]);
    for (i = 0; i < PAIRS; i++) {
        readers[i] = host_receive(ios[i], text[i], 8);
        (void)host_cancel(readers[i]);
        readers[i] = host_receive(ios[i], text[i], 8);
    }
    assert_int_equal(write(peers[PAIRS - 1], "abc", 3), 3);
    while (readers[PAIRS - 1]->endings == 0) /* what found no room is not waited for */
        assert_true(host_poll(10000) < INT64_C(10000000000));
    for (i = 0; i < PAIRS - 1; i++)
        assert_int_equal(write(peers[i], "abc", 3), 3);
    if ((host_backend()->capabilities & FIRTH_CAN_POLLABLE) != 0)
        assert_int_equal(host_backend()->pollable(host_selector(), &native), FIRTH_OK);
    for (i = 0; i < PAIRS; i++) {
        while (readers[i]->endings == 0)
            poll_as_a_guest(native);
        assert_int_equal(readers[i]->result, 3);
    }
    for (i = 0; i < PAIRS; i++)
        close(peers[i]);
}

/* One is closed before its filter was ever added, one after; the numbers are taken again at once. */
static void a_closed_descriptor_has_no_filter(void **state)
{
    int peers[2], others[2], round;
    char text[8];

    (void)state;
    for (round = 0; round < 2; round++) {
        firth_io *io = host_accepted_pair(&peers[round]), *next;
        intptr_t native = io->native;
        host_op *op = host_receive(io, text, 8);

        if (round == 1)
            host_poll(0);
        host_cancel(op);
        host_calls_reset();
        host_close(io);
        if (is_kqueue())
            assert_int_equal(host_calls(HOST_KEVENT), round);      /* nothing to undo, or one call */
        assert_int_equal(dup2(peers[round], (int)native), native); /* somebody else's now */
        assert_int_equal(write(peers[round], "abc", 3) > 0 || errno == EPIPE || errno == ECONNRESET, 1);
        assert_true(host_poll(QUIET_MS) >= QUIET_NS);
        close((int)native);
        next = host_accepted_pair(&others[round]);
        op = host_receive(next, text, 8);
        assert_int_equal(write(others[round], "de", 2), 2);
        assert_int_equal(host_await(op), 2);
        close(peers[round]);
        close(others[round]);
    }
}

/* Accepting gives up after so many failed clients and asks for a second look, for which no event may ever come. */
static void a_second_look_needs_no_event(void **state)
{
    firth_address address;
    firth_io *listener, *client;
    host_op *op;
    int raw;

    (void)state;
    listener = host_listener(&address);
    client = host_io();
    op = host_accept(listener, client);
    assert_int_equal(op->endings, 0);
    host_poll(0);
    host_call_fail(HOST_ACCEPT, ECONNABORTED, 100);
    raw = host_raw_connect(&address);
    assert_int_equal(host_await(op), FIRTH_OK);
    close(raw);
}

/* The exit code is the number of the step that failed. */
static void be_the_child(firth_io *io, firth_io *other, int peer, int queue)
{
    char text[8];
    host_op *op;

    alarm(10);
    host_calls_reset();
    host_close(other);
    if (host_calls(HOST_KEVENT) != 0) /* which number would it be? */
        _exit(5);
    host_backend()->wake(host_selector());
    if (dup2(peer, queue) != queue) /* the number is free */
        _exit(7);
    if (host_poll(20000) >= INT64_C(10000000000))
        _exit(6);
    op = host_receive(io, text, 8);
    if (op->endings != 0)
        _exit(1);
    if (write(queue, "abc", 3) != 3)
        _exit(2);
    if (host_await(op) != 3)
        _exit(3);
    host_backend()->wake(host_selector());
    if (host_poll(20000) >= INT64_C(10000000000) || host_poll(QUIET_MS) < QUIET_NS)
        _exit(4);
    _exit(0);
}

/* The child goes on with the parent's sockets, and the parent's queue hears nothing of what the child does to its own. */
static void a_child_process_makes_its_own_queue(void **state)
{
    int peer, other_peer, status;
    firth_io *io, *other;
    char text[8];
    host_op *op;
    intptr_t queue;
    pid_t child;

    (void)state;
    KQUEUE_ONLY();
    assert_int_equal(host_backend()->pollable(host_selector(), &queue), FIRTH_OK);
    io = host_accepted_pair(&peer);
    other = host_accepted_pair(&other_peer);
    host_cancel(host_receive(io, text, 8));
    host_cancel(host_receive(other, text, 8));
    host_poll(0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        be_the_child(io, other, peer, (int)queue);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    host_poll(0); /* the child read what this was told of */
    op = host_receive(io, text, 8);
    assert_int_equal(op->endings, 0);
    assert_true(host_poll(QUIET_MS) >= QUIET_NS);
    assert_int_equal(write(peer, "de", 2), 2);
    assert_int_equal(host_await(op), 2);
    close(peer);
    close(other_peer);
}

static void a_refused_connect_names_its_error(void **state)
{
    firth_address address;
    int listener = host_raw_listener(&address);
    firth_io *io = host_io();
    host_op *op;

    (void)state;
    close(listener);
    assert_int_equal(host_backend()->socket_open(io, FIRTH_FAMILY_IPV4), FIRTH_OK);
    op = host_connect(io, &address);
    assert_int_equal(host_await(op), FIRTH_ERR_REFUSED);
    assert_int_equal(op->os_code, ECONNREFUSED);
}

/* Our own shutdown is an end for the write filter, and none for the connection. */
static void our_own_shutdown_is_no_hangup(void **state)
{
    int peer, i;
    firth_io *io = host_connected_pair(&peer);
    char text[8];
    host_op *op = blocked_send(io);

    (void)state;
    for (; op->endings == 0; host_poll(10))
        drain(peer);
    drain(peer);
    assert_int_equal(host_backend()->shutdown_write(io), FIRTH_OK);
    op = host_receive(io, text, 8);
    for (i = 0; i < 5 && host_poll(QUIET_MS) < QUIET_NS; i++)
        ;
    assert_in_range(i, 0, 4);
    assert_int_equal(op->endings, 0);
    assert_int_equal(write(peer, "abc", 3), 3);
    assert_int_equal(host_await(op), 3);
    assert_int_equal(io->state & FTH_HANGUP, 0);
    close(peer);
}

/* With the signal's default action, which ends the program: on Linux the first failure has none, and the next has. */
static void send_to_the_dead(firth_io *io, int peer)
{
    host_op *op = NULL;
    int failures = 0;

    host_raw_reset(peer);
    for (int i = 0; i < 8 && failures < 3; i++) {
        op = host_send(io, "abc", 3);
        if (op->endings == 0)
            (void)host_await(op);
        failures += op->result < 0;
        host_poll(0);
    }
    assert_int_equal(failures, 3);
    assert_int_equal(op->result, FIRTH_ERR_RESET);
}

static void a_send_to_a_dead_peer_raises_no_signal(void **state)
{
    int peer;
    firth_io *io = host_accepted_pair(&peer);

    (void)state;
    send_to_the_dead(io, peer);
    io = host_connected_pair(&peer);
    send_to_the_dead(io, peer);
}

static void a_connection_that_was_reset_has_no_peer(void **state)
{
    int peer;
    firth_io *io = host_accepted_pair(&peer);
    firth_address address;

    (void)state;
    assert_int_equal(host_backend()->peer_address(io, &address), FIRTH_OK);
    host_raw_reset(peer);
    host_until(io, POLLHUP);
    assert_int_equal(host_backend()->peer_address(io, &address), FIRTH_ERR_NOT_CONNECTED);
}

static void an_accepted_socket_is_set_up(void **state)
{
    int peer;
    firth_io *io = host_accepted_pair(&peer);

    (void)state;
    host_check_flags(io->native);
    close(peer);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        HOST_TEST(a_reset_is_heard_after_the_write_filter_has_fired),
        HOST_TEST(a_send_without_buffers_is_tried_again),
        HOST_TEST(a_send_without_buffers_does_not_spin),
        HOST_TEST(eprototype_is_a_reset),
        HOST_TEST(more_changes_than_a_call_takes),
        HOST_TEST(a_closed_descriptor_has_no_filter),
        HOST_TEST(a_second_look_needs_no_event),
        HOST_TEST(a_child_process_makes_its_own_queue),
        HOST_TEST(a_refused_connect_names_its_error),
        HOST_TEST(our_own_shutdown_is_no_hangup),
        HOST_TEST(a_send_to_a_dead_peer_raises_no_signal),
        HOST_TEST(a_connection_that_was_reset_has_no_peer),
        HOST_TEST(an_accepted_socket_is_set_up),
    };

    return host_main(argc, argv, "backend: kqueue", tests, HOST_COUNT(tests));
}
