/* SPDX-License-Identifier: Apache-2.0 */
/* Closing, cancelling, and who may be inside. */
#include "tests/udp/sockets.h"

typedef struct receiving {
    firth_datagram_socket *socket;
    int64_t result;
    bool ended;
} receiving;

static int receive_one(firth_scope *scope, void *argument)
{
    receiving *it = argument;
    char bytes[16];

    (void)scope;
    it->result = firth_receive_from(it->socket, bytes, sizeof bytes, NULL);
    it->ended = true;
    return FIRTH_OK;
}

static int receive_batch(firth_scope *scope, void *argument)
{
    receiving *it = argument;
    char bytes[2][16];
    firth_datagram datagrams[2] = {{.bytes = bytes[0], .capacity = 16}, {.bytes = bytes[1], .capacity = 16}};

    (void)scope;
    it->result = firth_receive_many(it->socket, datagrams, 2);
    it->ended = true;
    return FIRTH_OK;
}

/* On Windows it is free when the packet of the last op has come, which takes a turn or two of the loop. */
static int bind_again(const firth_udp_builder *udp, int port, firth_datagram_socket **socket)
{
    int rc;

    while ((rc = firth_udp_bind(udp, "127.0.0.1", port, socket)) == FIRTH_ERR_ADDRESS_IN_USE &&
           support_backend_is("iocp"))
        EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    return rc;
}

static int closes_wakes(firth_scope *scope, firth_task_fn *fn)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    receiving it = {.result = 1};
    firth_address address;
    firth_scope children;

    EXPECT_EQUAL(firth_udp_bind(&udp, "127.0.0.1", 0, &it.socket), FIRTH_OK);
    EXPECT_EQUAL(firth_datagram_socket_local_address(it.socket, &address), FIRTH_OK);
    firth_scope_open(&children, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&children, fn, &it, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep(1), FIRTH_OK);
    firth_datagram_socket_close(it.socket);
    /* The port is free at once, though the task has not run yet. */
    EXPECT(!it.ended);
    EXPECT_EQUAL(bind_again(&udp, address.port, &it.socket), FIRTH_OK);
    EXPECT_EQUAL(firth_scope_close(&children, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(it.result, FIRTH_ERR_CLOSED);
    firth_datagram_socket_close(it.socket);
    return FIRTH_OK;
}

TASK_TEST(close_wakes_the_receiver)
{
    return closes_wakes(scope, receive_one);
}

TASK_TEST(close_wakes_the_receiver_of_a_batch)
{
    return closes_wakes(scope, receive_batch);
}

/* Closed while the task had been woken with its datagram and had not run yet: the handle is gone all the same. */
TASK_TEST(close_behind_an_arrival_is_closed)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *sender;
    receiving it = {.result = 1};
    firth_address address;
    firth_scope children;

    EXPECT_EQUAL(sockets_open_plain(scope, &sender, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_udp_bind(&udp, "127.0.0.1", 0, &it.socket), FIRTH_OK);
    EXPECT_EQUAL(firth_datagram_socket_local_address(it.socket, &address), FIRTH_OK);
    firth_scope_open(&children, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&children, receive_one, &it, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    EXPECT_EQUAL(firth_send_to(sender, "x", 1, &address), FIRTH_OK);
    firth_datagram_socket_close(it.socket);
    EXPECT_EQUAL(firth_scope_close(&children, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(it.result, FIRTH_ERR_CLOSED);
    return FIRTH_OK;
}

TASK_TEST(second_receiver_is_busy_and_the_sender_is_not)
{
    receiving it = {.result = -1};
    firth_address self;
    firth_scope children;
    char byte;

    EXPECT_EQUAL(sockets_open_plain(scope, &it.socket, &self), FIRTH_OK);
    firth_scope_open(&children, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&children, receive_one, &it, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    EXPECT_EQUAL(firth_receive_from(it.socket, &byte, 1, NULL), FIRTH_ERR_BUSY);
    EXPECT_EQUAL(firth_send_to(it.socket, "ab", 2, &self), FIRTH_OK);
    EXPECT_EQUAL(firth_scope_close(&children, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(it.result, 2);
    return FIRTH_OK;
}

TASK_TEST(deadline_ends_a_receive_and_loses_no_datagram)
{
    firth_datagram_socket *socket;
    firth_address self;

    EXPECT_EQUAL(sockets_open_plain(scope, &socket, &self), FIRTH_OK);
    for (int i = 0; i < 3; i++) {
        EXPECT_EQUAL(sockets_receive_within(5, socket), FIRTH_ERR_TIMED_OUT);
        EXPECT_EQUAL(sockets_receive_within(-1, socket), FIRTH_ERR_TIMED_OUT);
        EXPECT_EQUAL(firth_send_to(socket, "kept", 4, &self), FIRTH_OK);
        EXPECT_EQUAL(sockets_receive_within(-1, socket), FIRTH_ERR_TIMED_OUT);
        EXPECT_EQUAL(sockets_expect(socket, "kept"), FIRTH_OK);
    }
    return FIRTH_OK;
}

TASK_TEST(cancel_ends_a_receive_and_every_later_call)
{
    receiving it = {.result = 1};
    firth_scope children;
    firth_address self;

    EXPECT_EQUAL(sockets_open_plain(scope, &it.socket, &self), FIRTH_OK);
    firth_scope_open(&children, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&children, receive_one, &it, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    firth_scope_cancel(&children);
    EXPECT_EQUAL(firth_send_to(it.socket, "x", 1, &self), FIRTH_ERR_CANCELED);
    EXPECT_EQUAL(firth_scope_close(&children, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(it.result, FIRTH_ERR_CANCELED);
    EXPECT_EQUAL(firth_send_to(it.socket, "later", 5, &self), FIRTH_OK);
    return sockets_expect(it.socket, "later");
}

TASK_TEST(scope_closes_what_it_owns)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *socket;
    firth_address address;
    firth_scope inner;

    firth_scope_open(&inner, scope, NULL);
    EXPECT_EQUAL(sockets_open(&inner, &udp, "127.0.0.1", &socket, &address), FIRTH_OK);
    firth_scope_own_datagram_socket(scope, socket);
    firth_scope_own_datagram_socket(&inner, socket);
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(firth_udp_bind(&udp, "127.0.0.1", address.port, &socket), FIRTH_OK);
    firth_datagram_socket_close(socket);
    firth_datagram_socket_close(NULL);
    return FIRTH_OK;
}

static int leave_open(firth_scope *scope, void *argument)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *socket;

    (void)argument;
    return firth_udp_bind(&udp, "127.0.0.1", 0, &socket);
}

/* With the place that opened it, in the selector's log. */
static void forgotten_socket_is_reported_and_closed(void **state)
{
    firth_selector_options options = support_options();
    size_t live = support_allocations_live(), descriptors = support_descriptors_open();

    (void)state;
    assert_int_equal(firth_run_with(&options, leave_open, NULL), FIRTH_OK);
    assert_non_null(strstr(support_log_text(), "datagram socket"));
    assert_non_null(strstr(support_log_text(), "close_test.c"));
    assert_int_equal(support_allocations_live(), live);
    assert_int_equal(support_descriptors_open(), descriptors);
}

TASK_TEST(without_memory_a_bind_fails_and_leaves_nothing)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *socket = NULL;
    size_t descriptors = support_descriptors_open();
    int rc = FIRTH_ERR_NO_MEMORY;

    for (size_t n = 1; rc < 0; n++) {
        support_allocation_fail_at(n, true);
        rc = firth_udp_bind(&udp, "127.0.0.1", 0, &socket);
        support_allocation_fail_at(0, false);
        EXPECT(rc == FIRTH_OK || rc == FIRTH_ERR_NO_MEMORY);
        EXPECT((rc == FIRTH_OK) == (socket != NULL));
        EXPECT(rc == FIRTH_OK || support_descriptors_open() == descriptors);
        EXPECT(n < 20);
    }
    firth_datagram_socket_close(socket);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(close_wakes_the_receiver),
        cmocka_unit_test(close_wakes_the_receiver_of_a_batch),
        cmocka_unit_test(close_behind_an_arrival_is_closed),
        cmocka_unit_test(second_receiver_is_busy_and_the_sender_is_not),
        cmocka_unit_test(deadline_ends_a_receive_and_loses_no_datagram),
        cmocka_unit_test(cancel_ends_a_receive_and_every_later_call),
        cmocka_unit_test(scope_closes_what_it_owns),
        cmocka_unit_test(forgotten_socket_is_reported_and_closed),
        cmocka_unit_test(without_memory_a_bind_fails_and_leaves_nothing),
    };

    return support_main(argc, argv, "closing datagram sockets", tests, sizeof tests / sizeof tests[0]);
}
