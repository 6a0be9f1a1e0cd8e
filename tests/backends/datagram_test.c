/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>

#include "tests/backends/datagrams.h"
#include "tests/support/skip.h"

/* ---- one ----------------------------------------------------------------------------------------------------------- */

static void a_datagram_costs_one_call_each_way(void **state)
{
    firth_address self;
    firth_io *io = opened(&self);

    (void)state;
    assert_int_equal(send_some(io, &self, 1)->result, 1);
    assert_int_equal(host_calls_total(), 1);
    host_until(io, POLLIN);
    assert_int_equal(attempt_some(io, 1)->result, 1);
    assert_int_equal(host_calls_total(), 1);
    assert_int_equal(in[0].size, 8);
    assert_int_equal(in[0].address.port, self.port);
}

static void interrupted_calls_are_made_again(void **state)
{
    firth_address self;
    firth_io *io = opened(&self);

    (void)state;
    host_call_fail(HOST_SENDTO, EINTR, 3);
    host_call_fail(HOST_SENDMMSG, EINTR, 3);
    assert_int_equal(send_some(io, &self, 1)->result, 1);
    assert_int_equal(send_some(io, &self, 2)->result, has_batches() ? 2 : 1);
    host_until(io, POLLIN);
    host_call_fail(HOST_RECVFROM, EINTR, 3);
    assert_int_equal(attempt_some(io, 1)->result, 1);
    host_call_fail(HOST_RECVMMSG, EINTR, 3);
    assert_int_equal(attempt_some(io, 2)->result, has_batches() ? 2 : 1);
}

static void a_send_without_room_waits_for_it(void **state)
{
    firth_address self;
    firth_io *io = opened(&self);
    host_op *op;

    (void)state;
    host_call_fail(HOST_SENDTO, EAGAIN, 1);
    op = send_some(io, &self, 1);
    assert_false(op->submitted_done);
    assert_int_equal(host_await(op), 1);
    host_call_fail(has_batches() ? HOST_SENDMMSG : HOST_SENDTO, EAGAIN, 1);
    op = send_some(io, &self, 2);
    assert_false(op->submitted_done);
    assert_int_equal(host_await(op), has_batches() ? 2 : 1);
}

static void a_waiting_receive_is_cancelled_and_takes_nothing(void **state)
{
    firth_address self;
    firth_io *io = opened(&self);
    host_op *op;

    (void)state;
    for (unsigned count = 1; count <= 2; count++) {
        op = receive_some(io, count);
        assert_false(op->submitted_done);
        host_cancel(op);
        assert_int_equal(host_await(op), FIRTH_ERR_CANCELED);
        assert_int_equal(send_some(io, &self, 1)->result, 1);
        assert_int_equal(host_await(receive_some(io, count)), 1);
    }
}

static void a_failing_call_is_told_and_named(void **state)
{
    static const struct {
        int os_code, code;
    } cases[] = {
        {ECONNREFUSED, FIRTH_ERR_REFUSED},
        {EHOSTUNREACH, FIRTH_ERR_HOST_UNREACHABLE},
        {EMSGSIZE, FIRTH_ERR_TOO_LONG},
        {ENETUNREACH, FIRTH_ERR_NETWORK_UNREACHABLE},
        {ENOBUFS, FIRTH_ERR_NO_BUFFERS},
        {EACCES, FIRTH_ERR_PERMISSION},
        {EPERM, FIRTH_ERR_PERMISSION},
        {EDESTADDRREQ, FIRTH_ERR_NOT_CONNECTED},
        {ENETDOWN, FIRTH_ERR_NETWORK_UNREACHABLE},
    };
    firth_address self;
    firth_io *io = opened(&self);
    host_op *op;

    (void)state;
    for (size_t i = 0; i < HOST_COUNT(cases); i++) {
        if (cases[i].os_code != ENOBUFS || !host_backend_is("kqueue")) { /* there it waits */
            host_call_fail(HOST_SENDTO, cases[i].os_code, 1);
            op = send_some(io, &self, 1);
            assert_int_equal(op->result, cases[i].code);
            assert_int_equal(op->os_code, cases[i].os_code);
            assert_string_equal(op->step, "sendmsg");
        }
        host_call_fail(HOST_RECVFROM, cases[i].os_code, 1);
        op = attempt_some(io, 1);
        assert_int_equal(op->result, cases[i].code);
        assert_string_equal(op->step, "recvmsg");
    }
    assert_int_equal(send_some(io, &self, 1)->result, 1);
}

static void a_datagram_without_buffers_is_tried_again(void **state)
{
    firth_address self;
    firth_io *io = opened(&self);
    host_op *op;

    (void)state;
    if (!host_backend_is("kqueue"))
        SKIP("the other backends leave it to the caller");
    host_call_fail(HOST_SENDTO, ENOBUFS, 3);
    op = send_some(io, &self, 1);
    assert_false(op->submitted_done);
    assert_int_equal(host_await(op), 1);
    assert_int_equal(host_calls(HOST_SENDTO), 4);
    assert_int_equal(host_await(receive_some(io, 1)), 1);
}

/* ---- many ---------------------------------------------------------------------------------------------------------- */

static void a_batch_costs_one_call_each_way(void **state)
{
    firth_address self;
    firth_io *io = opened(&self);

    (void)state;
    if (!has_batches())
        SKIP("this backend moves one datagram a call");
    assert_int_equal(send_some(io, &self, MOST)->result, MOST);
    assert_int_equal(host_calls(HOST_SENDMMSG), 1);
    assert_int_equal(host_call_size(HOST_SENDMMSG), 1); /* one message, which the kernel cuts up */
    host_until(io, POLLIN);
    assert_int_equal(attempt_some(io, MOST)->result, MOST);
    assert_int_equal(host_calls_total(), 1);
    for (unsigned i = 0; i < MOST; i++) {
        assert_int_equal(in[i].size, 8);
        assert_memory_equal(in_bytes[i], "abcdefgh", 8);
    }
}

/* A short batch proves that nothing is left: the next receive waits without a call. */
static void a_short_batch_is_believed(void **state)
{
    firth_address self;
    firth_io *io = opened(&self);
    host_op *op;

    (void)state;
    if (!has_batches())
        SKIP("this backend moves one datagram a call");
    assert_int_equal(send_some(io, &self, 3)->result, 3);
    op = receive_some(io, MOST);
    assert_int_equal(host_await(op), 3);
    host_calls_reset();
    op = receive_some(io, MOST);
    assert_false(op->submitted_done);
    assert_int_equal(host_calls(HOST_RECVMMSG), 0);
    assert_int_equal(send_some(io, &self, 1)->result, 1);
    assert_int_equal(host_await(op), 1);
}

/* How often what is said below is enough for a backend to know which it is, and to hold to it. */
enum { ROUNDS = 600 };

/* Rounds in which a datagram is asked for before it is there. */
static void receive_what_comes(firth_io *io, const firth_address *self)
{
    for (int i = 0; i < ROUNDS; i++) {
        host_op *op = receive_some(io, MOST);

        assert_false(op->submitted_done);
        assert_int_equal(send_some(io, self, 1)->result, 1);
        assert_int_equal(host_await(op), 1);
    }
}

static void datagrams_that_come_one_at_a_time_are_seldom_asked_for_twice(void **state)
{
    firth_address self;
    firth_io *io = opened(&self);

    (void)state;
    if (!has_batches())
        SKIP("this backend moves one datagram a call");
    receive_what_comes(io, &self);
    assert_in_range(host_calls(HOST_RECVMMSG), ROUNDS, ROUNDS + ROUNDS / 30);
}

/* Rounds in which a datagram is there before it is asked for; returns how many receives had to wait all the same. */
static int receive_what_is_there(firth_io *io, const firth_address *self, int rounds)
{
    int waits = 0;

    while (rounds-- > 0) {
        host_op *op;

        assert_int_equal(send_some(io, self, 1)->result, 1);
        op = receive_some(io, MOST);
        waits += !op->submitted_done;
        assert_int_equal(host_await(op), 1);
    }
    return waits;
}

static void datagrams_that_keep_coming_are_received_without_a_wait(void **state)
{
    firth_address self;
    firth_io *io = opened(&self);

    (void)state;
    if (!has_batches())
        SKIP("this backend moves one datagram a call");
    (void)receive_what_is_there(io, &self, ROUNDS);
    host_calls_reset();
    assert_int_equal(receive_what_is_there(io, &self, ROUNDS), 0);
    assert_int_equal(host_calls(HOST_RECVMMSG), ROUNDS);
    assert_int_equal(host_calls(host_wait_call()), 0);
}

/* It is not held to when they come one at a time again. */
static void a_flow_that_becomes_slow_is_waited_for_again(void **state)
{
    firth_address self;
    firth_io *io = opened(&self);

    (void)state;
    if (!has_batches())
        SKIP("this backend moves one datagram a call");
    (void)receive_what_is_there(io, &self, ROUNDS);
    host_calls_reset();
    receive_what_comes(io, &self);
    assert_in_range(host_calls(HOST_RECVMMSG), ROUNDS, ROUNDS + ROUNDS / 20);
}

/* Which kind of message goes: with the size to cut to, or without. */
static unsigned messages_for(firth_io *io, const firth_address *to, unsigned count)
{
    assert_int_equal(send_some(io, to, count)->result, count);
    assert_int_equal(attempt_some(io, MOST)->result, count);
    return (unsigned)host_call_size(HOST_SENDMMSG);
}

/* Without it in the kernel a run would go as one long datagram. */
static void a_system_that_cannot_cut_gets_a_message_for_each(void **state)
{
    firth_address self;
    firth_io *io = opened(&self);

    (void)state;
    if (!has_batches())
        SKIP("this backend moves one datagram a call");
    host_call_fail(HOST_GETSOCKOPT, ENOPROTOOPT, 1);
    assert_int_equal(send_some(io, &self, 5)->result, 5);
    assert_int_equal(host_call_size(HOST_SENDMMSG), 5);
    assert_int_equal(attempt_some(io, MOST)->result, 5);
    assert_int_equal(messages_for(io, &self, 5), 5);
}

static void a_way_that_cannot_cut_gets_a_message_for_each(void **state)
{
    static const int os_codes[] = {EIO, EINVAL, EMSGSIZE};

    (void)state;
    if (!has_batches())
        SKIP("this backend moves one datagram a call");
    for (size_t i = 0; i < HOST_COUNT(os_codes); i++) {
        firth_address self;
        firth_io *io = opened(&self);

        assert_int_equal(messages_for(io, &self, 5), 1);
        host_call_fail(HOST_SENDMMSG, os_codes[i], 1);
        assert_int_equal(messages_for(io, &self, 5), 5);
        assert_int_equal(messages_for(io, &self, 5), 5); /* remembered */
    }
}

static void an_error_that_is_not_of_the_run_is_told(void **state)
{
    firth_address self;
    firth_io *io = opened(&self);
    host_op *op;

    (void)state;
    if (!has_batches())
        SKIP("this backend moves one datagram a call");
    host_call_fail(HOST_SENDMMSG, ECONNREFUSED, 1);
    op = send_some(io, &self, 5);
    assert_int_equal(op->result, FIRTH_ERR_REFUSED);
    /* Neither is one that stays when each goes alone. */
    host_call_fail(HOST_SENDMMSG, EINVAL, 2);
    op = send_some(io, &self, 5);
    assert_int_equal(op->result, FIRTH_ERR_ARGUMENT);
    assert_int_equal(op->os_code, EINVAL);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        HOST_TEST(a_datagram_costs_one_call_each_way),
        HOST_TEST(interrupted_calls_are_made_again),
        HOST_TEST(a_send_without_room_waits_for_it),
        HOST_TEST(a_waiting_receive_is_cancelled_and_takes_nothing),
        HOST_TEST(a_failing_call_is_told_and_named),
        HOST_TEST(a_datagram_without_buffers_is_tried_again),
        HOST_TEST(a_batch_costs_one_call_each_way),
        HOST_TEST(a_short_batch_is_believed),
        HOST_TEST(datagrams_that_come_one_at_a_time_are_seldom_asked_for_twice),
        HOST_TEST(datagrams_that_keep_coming_are_received_without_a_wait),
        HOST_TEST(a_flow_that_becomes_slow_is_waited_for_again),
        HOST_TEST(a_system_that_cannot_cut_gets_a_message_for_each),
        HOST_TEST(a_way_that_cannot_cut_gets_a_message_for_each),
        HOST_TEST(an_error_that_is_not_of_the_run_is_told),
    };

    return host_main(argc, argv, "backend: datagrams", tests, HOST_COUNT(tests));
}
