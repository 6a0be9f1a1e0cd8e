/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backends/readiness/reactor.h"
#include "tests/backends/host.h"
#include "tests/support/skip.h"

static firth_io *opened(void)
{
    firth_io *io = host_io();

    assert_int_equal(host_backend()->socket_open(io, FIRTH_FAMILY_IPV4), FIRTH_OK);
    host_check_flags(io->native);
    return io;
}

static void a_listener_is_reached(void **state)
{
    firth_address address, local, remote;
    int listener = host_raw_listener(&address), peer;
    firth_io *io = opened();
    char text[8];

    (void)state;
    assert_int_equal(host_await(host_connect(io, &address)), FIRTH_OK);
    peer = accept(listener, NULL, NULL);
    assert_int_equal(host_backend()->local_address(io, &local), FIRTH_OK);
    assert_int_equal(host_backend()->peer_address(io, &remote), FIRTH_OK);
    assert_int_equal(remote.port, address.port);
    assert_memory_equal(remote.ip, address.ip, 16);
    assert_true(local.port != 0 && local.port != remote.port);
    host_calls_reset();
    assert_true(host_send(io, "ab", 2)->submitted_done); /* without asking */
    assert_int_equal(host_calls_total(), 1);
    assert_int_equal(write(peer, "cd", 2), 2);
    assert_int_equal(host_await(host_receive(io, text, 8)), 2);
    assert_int_equal(host_calls(HOST_EPOLL_CTL), 0); /* registered since the connect */
    close(peer);
    close(listener);
}

static void ipv6_is_reached_too(void **state)
{
    firth_address address, remote;
    firth_io *listener, *io = host_io(), *client = host_io();
    host_op *op;

    (void)state;
    if (!host_has_ipv6())
        SKIP("this machine has no IPv6 loopback");
    listener = host_listener_ipv6(&address);
    assert_int_equal(host_backend()->socket_open(io, FIRTH_FAMILY_IPV6), FIRTH_OK);
    op = host_connect(io, &address);
    assert_int_equal(host_await(host_accept(listener, client)), FIRTH_OK);
    assert_int_equal(host_await(op), FIRTH_OK);
    assert_int_equal(host_backend()->peer_address(io, &remote), FIRTH_OK);
    assert_int_equal(remote.family, FIRTH_FAMILY_IPV6);
    assert_memory_equal(remote.ip, address.ip, 16);
    assert_int_equal(host_backend()->peer_address(client, &remote), FIRTH_OK);
    assert_int_equal(remote.family, FIRTH_FAMILY_IPV6);
}

static void nobody_there_is_refused(void **state)
{
    firth_address address;
    int listener = host_raw_listener(&address);
    host_op *op;

    (void)state;
    close(listener);
    op = host_connect(opened(), &address);
    assert_int_equal(host_await(op), FIRTH_ERR_REFUSED);
    assert_int_equal(op->os_code, ECONNREFUSED);
    assert_string_equal(op->step, "connect");
}

static void a_signal_interrupts_the_call_not_the_connecting(void **state)
{
    firth_address address;
    int listener = host_raw_listener(&address);
    firth_io *io = opened();
    host_op *op;

    (void)state;
    host_call_made_but_fail(HOST_CONNECT, EINTR);
    op = host_connect(io, &address);
    assert_int_equal(op->endings, 0);
    assert_int_equal(host_await(op), FIRTH_OK);
    assert_int_equal(host_calls(HOST_CONNECT), 1);
    assert_int_equal(host_send(io, "a", 1)->result, 1);
    close(listener);
}

static void a_failure_at_once_has_its_code(void **state)
{
    static const struct {
        int os_code, code;
    } failures[] = {{ECONNREFUSED, FIRTH_ERR_REFUSED},
                    {ENETUNREACH, FIRTH_ERR_NETWORK_UNREACHABLE},
                    {EHOSTUNREACH, FIRTH_ERR_HOST_UNREACHABLE},
                    {EADDRNOTAVAIL, FIRTH_ERR_ADDRESS_NOT_AVAILABLE},
                    {EADDRINUSE, FIRTH_ERR_ADDRESS_IN_USE},
                    {EACCES, FIRTH_ERR_PERMISSION},
                    {ETIMEDOUT, FIRTH_ERR_TIMED_OUT},
                    {EAFNOSUPPORT, FIRTH_ERR_NOT_SUPPORTED},
                    {EBADMSG, FIRTH_ERR_SYSTEM},
                    {4095, FIRTH_ERR_SYSTEM}};
    firth_address address = {.family = FIRTH_FAMILY_IPV4, .port = 9, .ip = {127, 0, 0, 1}};
    firth_io *io = opened();
    host_op *op;
    size_t i;

    (void)state;
    for (i = 0; i < HOST_COUNT(failures); i++) {
        host_call_fail(HOST_CONNECT, failures[i].os_code, 1);
        op = host_connect(io, &address);
        assert_true(op->submitted_done);
        assert_int_equal(op->result, failures[i].code);
        assert_int_equal(op->os_code, failures[i].os_code);
        assert_string_equal(op->step, "connect");
    }
    address.family = FIRTH_FAMILY_NONE;
    op = host_connect(io, &address);
    assert_int_equal(op->result, FIRTH_ERR_ADDRESS_INVALID);
    assert_int_equal(op->os_code, 0);
}

static void a_peer_that_comes_and_goes_was_there(void **state)
{
    firth_address address;
    int listener = host_raw_listener(&address);
    firth_io *io = opened();
    host_op *op = host_connect(io, &address);
    char text[4];

    (void)state;
    close(accept(listener, NULL, NULL));
    host_until(io, POLLRDHUP);
    assert_int_equal(host_await(op), FIRTH_OK);
    assert_int_equal(host_await(host_receive(io, text, 4)), 0);

    io = opened();
    op = host_connect(io, &address);
    host_raw_reset(accept(listener, NULL, NULL));
    host_until(io, POLLHUP);
    assert_int_equal(host_await(op), op->submitted_done ? FIRTH_OK : FIRTH_ERR_RESET); /* OpenBSD connects at once */
    close(listener);
}

/* A listener whose queue is full answers nobody: connecting goes on and on. */
struct silence {
    firth_address address;
    int listener;
    int filler;
};

static struct silence silent(void)
{
    struct silence silence;

    silence.listener = host_raw_listener(&silence.address);
    assert_int_equal(listen(silence.listener, 0), 0);
    silence.filler = host_raw_connect(&silence.address);
    return silence;
}

static void report(firth_io *io, unsigned ready)
{
    fth_reactor *reactor = firth_selector_state(host_selector());

    fth_reactor_event(reactor, fth_slots_token(reactor, io), ready);
}

static void a_spurious_report_does_not_connect(void **state)
{
    struct silence silence = silent();
    firth_io *io = opened();
    host_op *op = host_connect(io, &silence.address);

    (void)state;
    assert_int_equal(op->endings, 0);
    report(io, FTH_WRITABLE);
    report(io, FTH_READABLE | FTH_WRITABLE);
    host_poll(0);
    assert_int_equal(op->endings, 0);
    close(accept(silence.listener, NULL, NULL)); /* makes room; the system asks again after a second */
    assert_int_equal(host_await(op), FIRTH_OK);
    close(silence.filler);
    close(silence.listener);
}

static void connecting_can_be_cancelled(void **state)
{
    struct silence silence = silent();
    firth_io *io = opened();
    host_op *op = host_connect(io, &silence.address);

    (void)state;
    host_cancel(op);
    assert_int_equal(op->endings, 1);
    assert_int_equal(op->result, FIRTH_ERR_CANCELED);
    assert_string_equal(op->step, "connect");
    host_close(io);
    close(silence.filler);
    close(silence.listener);
    host_poll(10);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        HOST_TEST(a_listener_is_reached),
        HOST_TEST(ipv6_is_reached_too),
        HOST_TEST(nobody_there_is_refused),
        HOST_TEST(a_signal_interrupts_the_call_not_the_connecting),
        HOST_TEST(a_failure_at_once_has_its_code),
        HOST_TEST(a_peer_that_comes_and_goes_was_there),
        HOST_TEST(a_spurious_report_does_not_connect),
        HOST_TEST(connecting_can_be_cancelled),
    };

    return host_main(argc, argv, "backend: connect", tests, HOST_COUNT(tests));
}
