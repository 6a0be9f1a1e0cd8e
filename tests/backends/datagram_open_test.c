/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "tests/backends/datagrams.h"
#include "tests/support/skip.h"

static void opening_leaves_nothing_behind_without_memory(void **state)
{
    size_t live = host_allocations_live(), descriptors = host_descriptors_open();
    firth_io *io = host_io();
    int rc = FIRTH_ERR_NO_MEMORY;

    (void)state;
    for (size_t n = 1; rc != FIRTH_OK; n++) {
        host_allocation_fail_at(n);
        rc = host_backend()->datagram_open(io, FIRTH_FAMILY_IPV4);
        host_allocation_fail_at(0);
        assert_true(rc == FIRTH_OK || rc == FIRTH_ERR_NO_MEMORY);
        if (rc != FIRTH_OK) {
            assert_int_equal(io->native, -1);
            assert_int_equal(host_descriptors_open(), descriptors);
        }
        assert_true(n < 10);
    }
    assert_true(host_allocations_live() > live);
    host_close(io);
}

static void ops_allocate_nothing(void **state)
{
    firth_address self;
    firth_io *io = opened(&self);

    (void)state;
    assert_int_equal(send_some(io, &self, 1)->result, 1);
    assert_int_equal(host_await(receive_some(io, 1)), 1);
    host_allocation_fail_at(1);
    assert_true(send_some(io, &self, 40)->result >= 1);
    assert_true(host_await(receive_some(io, 40)) >= 1);
    host_allocation_fail_at(0);
}

static void opening_that_fails_says_why(void **state)
{
    firth_io *io = host_io();
    size_t descriptors = host_descriptors_open();

    (void)state;
    assert_int_equal(host_backend()->datagram_open(io, FIRTH_FAMILY_NONE), FIRTH_ERR_ADDRESS_INVALID);
    assert_int_equal(io->native, -1);
    host_call_fail(HOST_SETSOCKOPT, EPERM, 1);
    assert_int_equal(host_backend()->datagram_open(io, FIRTH_FAMILY_IPV4), FIRTH_ERR_PERMISSION);
    assert_int_equal(io->native, -1);
    assert_int_equal(host_descriptors_open(), descriptors);
}

static void a_connect_ends_at_once(void **state)
{
    firth_address self, peer;
    firth_io *io = opened(&self), *other = opened(&peer);
    host_op *op = host_connect(io, &peer);

    (void)state;
    assert_true(op->submitted_done);
    assert_int_equal(op->result, FIRTH_OK);
    peer.family = FIRTH_FAMILY_NONE;
    assert_int_equal(send_some(io, &peer, 3)->result, has_batches() ? 3 : 1);
    assert_int_equal(host_await(receive_some(other, 1)), 1);
    assert_int_equal(in[0].address.port, self.port);
    op = host_connect(io, &peer);
    assert_int_equal(op->result, FIRTH_ERR_ADDRESS_INVALID);
    host_call_fail(HOST_CONNECT, EINTR, 2);
    assert_int_equal(host_connect(io, &self)->result, FIRTH_OK);
    host_call_fail(HOST_CONNECT, ENETUNREACH, 1);
    assert_int_equal(host_connect(io, &self)->result, FIRTH_ERR_NETWORK_UNREACHABLE);
    host_call_fail(HOST_SETSOCKOPT, EPERM, 1);
    assert_int_equal(host_connect(io, &self)->result, FIRTH_ERR_PERMISSION);
}

/* What strangers sent to the port before it had a peer. */
static void a_connected_socket_hands_out_nothing_that_came_before(void **state)
{
    firth_address self, peer, stranger;
    firth_io *io = opened(&self), *other = opened(&peer), *third = opened(&stranger);

    (void)state;
    assert_int_equal(send_some(third, &self, 1)->result, 1);
    host_until(io, POLLIN);
    assert_int_equal(host_connect(io, &peer)->result, FIRTH_OK);
    assert_int_equal(attempt_some(io, 1)->result, FIRTH_ERR_WOULD_BLOCK);
    assert_int_equal(send_some(other, &self, 1)->result, 1);
    assert_int_equal(host_await(receive_some(io, 1)), 1);
    assert_int_equal(in[0].address.port, peer.port);
}

/* The queue of errors is emptied with the one that is told: poll(2) would report it for ever. */
static void an_error_is_told_once_and_does_not_spin(void **state)
{
    firth_address self, peer, nobody = {.family = FIRTH_FAMILY_NONE};
    firth_io *io = opened(&self), *other = opened(&peer);
    host_op *op;

    (void)state;
    assert_int_equal(host_connect(io, &peer)->result, FIRTH_OK);
    host_close(other);
    for (int i = 0; i < 3; i++)
        (void)send_some(io, &nobody, 1);
    op = receive_some(io, 1);
    assert_int_equal(host_await(op), FIRTH_ERR_REFUSED);
    op = receive_some(io, 1);
    assert_false(op->submitted_done);
    assert_true(host_poll(20) >= 19000000);
    assert_int_equal(op->endings, 0);
    host_cancel(op);
}

/* An error that somebody else has taken from the socket, but not from the queue. */
static void an_error_left_in_the_queue_is_told_and_does_not_spin(void **state)
{
    firth_address self, peer, nobody = {.family = FIRTH_FAMILY_NONE};
    firth_io *io = opened(&self), *other = opened(&peer);
    int error = 0;
    socklen_t size = sizeof error;
    host_op *op;

    (void)state;
    if (host_backend_is("kqueue"))
        SKIP("no system with kqueue has a queue of errors");
    assert_int_equal(host_connect(io, &peer)->result, FIRTH_OK);
    host_close(other);
    op = receive_some(io, 1);
    assert_false(op->submitted_done);
    assert_int_equal(send_some(io, &nobody, 1)->result, 1);
    host_until(io, POLLERR);
    assert_int_equal(getsockopt((int)io->native, SOL_SOCKET, SO_ERROR, &error, &size), 0);
    assert_int_equal(error, ECONNREFUSED);
    assert_int_equal(host_await(op), FIRTH_ERR_REFUSED);
    op = receive_some(io, 1);
    assert_true(host_poll(20) >= 19000000);
    assert_int_equal(op->endings, 0);
    host_cancel(op);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        HOST_TEST(opening_leaves_nothing_behind_without_memory),
        HOST_TEST(ops_allocate_nothing),
        HOST_TEST(opening_that_fails_says_why),
        HOST_TEST(a_connect_ends_at_once),
        HOST_TEST(a_connected_socket_hands_out_nothing_that_came_before),
        HOST_TEST(an_error_is_told_once_and_does_not_spin),
        HOST_TEST(an_error_left_in_the_queue_is_told_and_does_not_spin),
    };

    return host_main(argc, argv, "backend: datagram sockets, opened and connected", tests, HOST_COUNT(tests));
}
