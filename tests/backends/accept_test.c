/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/backends/host.h"
#include "tests/support/skip.h"

enum { CLIENTS = 50 };

static void a_client_that_is_there_is_taken_at_once(void **state)
{
    firth_address address, peer;
    firth_io *listener = host_listener(&address), *io = host_io();
    int client = host_raw_connect(&address);
    host_op *op = host_accept(listener, io);

    (void)state;
    assert_true(op->submitted_done);
    assert_int_equal(op->result, FIRTH_OK);
    assert_ptr_equal(io->selector, host_selector());
    host_check_flags(io->native);
    assert_int_equal(host_backend()->local_address(io, &peer), FIRTH_OK);
    assert_int_equal(peer.port, address.port);
    assert_int_equal(host_backend()->peer_address(io, &peer), FIRTH_OK);
    assert_int_equal(peer.family, FIRTH_FAMILY_IPV4);
    assert_true(peer.port != 0 && peer.port != address.port);
    close(client);
}

static void a_pending_accept_ends_when_a_client_comes(void **state)
{
    firth_address address;
    firth_io *listener = host_listener(&address), *io = host_io();
    host_op *op = host_accept(listener, io), *attempt = host_op_make(listener, FIRTH_OP_ACCEPT);
    int client;

    (void)state;
    assert_int_equal(op->endings, 0);
    client = host_raw_connect(&address);
    assert_int_equal(host_await(op), FIRTH_OK);
    attempt->op.attempt_only = true;
    attempt->op.with.accepted = host_io();
    assert_int_equal(host_submit(attempt)->result, FIRTH_ERR_WOULD_BLOCK);
    close(client);
}

static void waiting_for_a_client_takes_none(void **state)
{
    firth_address address;
    firth_io *listener = host_listener(&address);
    host_op *op;
    int client;

    (void)state;
    assert_int_equal(host_await(host_wait_readable(listener)), FIRTH_OK); /* may end early: nobody has looked yet */
    op = host_accept(listener, host_io());
    assert_int_equal(op->endings, 0);
    host_cancel(op);
    op = host_wait_readable(listener);
    assert_int_equal(op->endings, 0);
    client = host_raw_connect(&address);
    host_calls_reset();
    assert_int_equal(host_await(op), FIRTH_OK);
    assert_int_equal(host_calls(HOST_ACCEPT), 0);
    assert_true(host_accept(listener, host_io())->submitted_done);
    close(client);
}

static void a_clients_error_is_not_the_listeners(void **state)
{
    static const int errors[] = {EINTR,     ECONNABORTED, EPROTO,       ENETDOWN,   ENOPROTOOPT,
                                 EHOSTDOWN, ENONET,       EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH};
    firth_address address;
    firth_io *listener = host_listener(&address);
    size_t i;

    (void)state;
    for (i = 0; i < HOST_COUNT(errors); i++) {
        int client = host_raw_connect(&address);

        host_call_fail(HOST_ACCEPT, errors[i], 2);
        assert_int_equal(host_await(host_accept(listener, host_io())), FIRTH_OK);
        close(client);
    }
}

static void a_hundred_failed_clients_leave_room_for_others(void **state)
{
    /* Of one poll: kqueue's own second look, and a lie of the double's. */
    const int reports = host_backend_is("kqueue") ? 2 : 1;
    firth_address address;
    firth_io *listener = host_listener(&address);
    int client = host_raw_connect(&address), polls = 0;
    host_op *op;

    (void)state;
    host_calls_reset();
    host_call_fail(HOST_ACCEPT, ECONNABORTED, 100);
    op = host_accept(listener, host_io());
    assert_int_equal(op->endings, 0);
    while (op->endings == 0) {
        int before = host_calls(HOST_ACCEPT);

        assert_in_range(before, 1, 100);
        host_poll(1000);
        assert_in_range(host_calls(HOST_ACCEPT) - before, 1, 32 * reports);
        polls++;
    }
    assert_int_equal(op->result, FIRTH_OK);
    assert_in_range(polls, 4 - reports, 4);
    close(client);
}

static void a_client_that_reset_before_accept_ends_nothing(void **state)
{
    firth_address address;
    firth_io *listener = host_listener(&address), *first = host_io(), *second = host_io();
    int client, taken;
    char text[4];
    host_op *op;

    (void)state;
    host_raw_reset(host_raw_connect(&address));
    client = host_raw_connect(&address);
    assert_int_equal(write(client, "abc", 3), 3);
    assert_int_equal(host_await(host_accept(listener, first)), FIRTH_OK);
    taken = (int)host_await(host_receive(first, text, 4));
    if (taken == FIRTH_ERR_RESET) { /* Linux lets the accept succeed, a BSD drops the client */
        assert_int_equal(host_await(host_accept(listener, second)), FIRTH_OK);
        taken = (int)host_await(host_receive(second, text, 4));
    }
    assert_int_equal(taken, 3);
    op = host_accept(listener, host_io());
    assert_int_equal(op->endings, 0);
    host_cancel(op);
    close(client);
}

static void what_the_listener_lacks_is_told_and_the_client_waits(void **state)
{
    static const struct {
        int os_code, code;
    } lacks[] = {{EMFILE, FIRTH_ERR_TOO_MANY_OPEN},
                 {ENFILE, FIRTH_ERR_TOO_MANY_OPEN},
                 {ENOMEM, FIRTH_ERR_NO_MEMORY},
                 {ENOBUFS, FIRTH_ERR_NO_BUFFERS}};
    firth_address address;
    firth_io *listener = host_listener(&address);
    size_t i;

    (void)state;
    for (i = 0; i < HOST_COUNT(lacks); i++) {
        host_op *op = host_accept(listener, host_io());
        int client = host_raw_connect(&address);

        host_call_fail(HOST_ACCEPT, lacks[i].os_code, 1);
        assert_int_equal(host_await(op), lacks[i].code);
        assert_int_equal(op->os_code, lacks[i].os_code);
        assert_string_equal(op->step, "accept");
        assert_true(host_accept(listener, host_io())->submitted_done); /* no report is needed for the second try */
        close(client);
    }
}

static void no_descriptor_left_is_told_and_passes(void **state)
{
    struct rlimit limit, before;
    firth_address address;
    firth_io *listener = host_listener(&address), *io = host_io();
    int client = host_raw_connect(&address), filler, fillers[64], count = 0;
    int spare = host_raw_connect(&address); /* Valgrind accepts and drops a client before it says EMFILE */
    host_op *op;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    limit = before;
    limit.rlim_cur = 64;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    while (count < 64 && (filler = dup(client)) >= 0)
        fillers[count++] = filler;
    op = host_accept(listener, io);
    host_await(op);
    host_backend()->wake(host_selector()); /* the wake needs no descriptor */
    host_poll(-1);
    close(fillers[--count]);
    host_await(host_accept(listener, io));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    while (count > 0)
        close(fillers[--count]);
    close(client);
    close(spare);
    assert_int_equal(op->result, FIRTH_ERR_TOO_MANY_OPEN);
    assert_int_equal(op->os_code, EMFILE);
    assert_string_equal(op->step, "accept");
    assert_true(io->native > 0);
}

static void a_client_waits_while_there_is_no_memory(void **state)
{
    firth_address address;
    firth_io *listener = host_listener(&address);
    int clients[100], i, failures = 0;

    (void)state;
    for (i = 0; i < 100; i++) {
        host_op *op;

        clients[i] = host_raw_connect(&address);
        host_allocation_fail_at(1);
        op = host_accept(listener, host_io());
        if (host_await(op) == FIRTH_ERR_NO_MEMORY) {
            failures++;
            host_allocation_fail_at(0);
            assert_int_equal(host_await(host_accept(listener, host_io())), FIRTH_OK);
        } else {
            assert_int_equal(op->result, FIRTH_OK);
        }
    }
    assert_true(failures > 0);
    for (i = 0; i < 100; i++)
        close(clients[i]);
}

/* FIRTH_CAN_INHERIT: so core need not set them again. */
static void an_accepted_socket_has_the_listeners_options(void **state)
{
    static const struct {
        firth_option option;
        int value;
    } options[] = {{FIRTH_OPTION_NO_DELAY, 1},
                   {FIRTH_OPTION_KEEP_ALIVE, 1},
                   {FIRTH_OPTION_KEEP_ALIVE_IDLE_S, 77},
                   {FIRTH_OPTION_KEEP_ALIVE_INTERVAL_S, 7},
                   {FIRTH_OPTION_KEEP_ALIVE_COUNT, 3},
                   {FIRTH_OPTION_SEND_BUFFER_BYTES, 40000},
                   {FIRTH_OPTION_RECEIVE_BUFFER_BYTES, 50000},
                   {FIRTH_OPTION_TRAFFIC_CLASS, 0x28}};
    const firth_backend *backend = host_backend();
    int round, peer, value;
    size_t i;

    (void)state;
    if ((backend->capabilities & FIRTH_CAN_INHERIT) == 0)
        SKIP("NetBSD's have few of them: core sets them (every_option_is_on_the_connected_and_the_accepted_socket)");
    for (round = 0; round < (host_has_ipv6() ? 2 : 1); round++) {
        firth_address address;
        firth_io *listener = round == 0 ? host_listener(&address) : host_listener_ipv6(&address), *io;

        for (i = 0; i < HOST_COUNT(options); i++)
            assert_int_equal(backend->set_option(listener, options[i].option, options[i].value), FIRTH_OK);
        io = host_accept_from(listener, &address, &peer);
        for (i = 0; i < HOST_COUNT(options); i++) {
            assert_int_equal(backend->get_option(io, options[i].option, &value), FIRTH_OK);
            assert_int_equal(value, options[i].value);
        }
        close(peer);
    }
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        HOST_TEST(a_client_that_is_there_is_taken_at_once),
        HOST_TEST(a_pending_accept_ends_when_a_client_comes),
        HOST_TEST(waiting_for_a_client_takes_none),
        HOST_TEST(a_clients_error_is_not_the_listeners),
        HOST_TEST(a_hundred_failed_clients_leave_room_for_others),
        HOST_TEST(a_client_that_reset_before_accept_ends_nothing),
        HOST_TEST(what_the_listener_lacks_is_told_and_the_client_waits),
        HOST_TEST(no_descriptor_left_is_told_and_passes),
        HOST_TEST(a_client_waits_while_there_is_no_memory),
        HOST_TEST(an_accepted_socket_has_the_listeners_options),
    };

    return host_main(argc, argv, "backend: accept", tests, HOST_COUNT(tests));
}
