/* SPDX-License-Identifier: Apache-2.0 */
/* Many sockets, many of them one after the other, many wakes. */
#include <windows.h>

#include "tests/support/support.h"

#include <firth/port.h>

#include <stdatomic.h>

enum { PAIRS = 1000, CYCLES = 10000, WAKES = 100000, THREADS = 2 };

TASK_TEST(two_thousand_sockets_are_on_one_selector)
{
    static firth_socket *clients[PAIRS], *servers[PAIRS];
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    const size_t before = support_descriptors_open();
    firth_server *server;
    char byte = 0;

    tcp.auto_flush = true;
    EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, &server), FIRTH_OK);
    firth_scope_own_server(scope, server);
    for (int i = 0; i < PAIRS; i++) {
        EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", firth_server_address(server)->port, &clients[i]), FIRTH_OK);
        firth_scope_own_socket(scope, clients[i]);
        EXPECT_EQUAL(firth_accept(server, &servers[i]), FIRTH_OK);
        firth_scope_own_socket(scope, servers[i]);
    }
    EXPECT(support_descriptors_open() - before >= 2 * PAIRS);
    for (int i = 0; i < PAIRS; i++) {
        EXPECT_EQUAL(firth_write(firth_socket_output(clients[i]), "x", 1), FIRTH_OK);
        EXPECT_EQUAL(firth_read(firth_socket_input(servers[i]), &byte, 1), 1);
    }
    return FIRTH_OK;
}

/* support_run counts handles before and after. */
TASK_TEST(ten_thousand_accepts_and_closes_leave_no_handle)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_server *server;
    size_t open = 0;

    EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, &server), FIRTH_OK);
    firth_scope_own_server(scope, server);
    for (int i = 0; i < CYCLES; i++) {
        firth_socket *client, *accepted;

        EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", firth_server_address(server)->port, &client), FIRTH_OK);
        EXPECT_EQUAL(firth_accept(server, &accepted), FIRTH_OK);
        firth_socket_abort(client);
        firth_socket_abort(accepted);
        if (i == 10)
            open = support_descriptors_open();
    }
    EXPECT_EQUAL(support_descriptors_open(), open);
    return FIRTH_OK;
}

typedef struct waker {
    firth_selector *selector;
    firth_scope *scope; /* cancelled by the last wake of all */
    atomic_int *ended;
    atomic_int heard;
} waker;

static void hear(void *argument)
{
    waker *this = argument;

    if (atomic_fetch_add(&this->heard, 1) + 1 == WAKES / THREADS && atomic_fetch_add(this->ended, 1) + 1 == THREADS)
        firth_scope_cancel(this->scope);
}

/* Each wake finds the loop asleep, or about to be: the next comes only when the last was heard. */
static void wake_often(void *argument)
{
    waker *this = argument;

    for (int i = 0; i < WAKES / THREADS && firth_selector_post(this->selector, hear, this) >= 0; i++)
        while (atomic_load(&this->heard) <= i)
            Sleep(0);
}

/* Nothing else ends the sleep: a wake that is lost leaves the loop asleep, and this test at its time limit. */
TASK_TEST(a_loop_woken_a_hundred_thousand_times_loses_no_wake)
{
    enum { HOUR_MS = 3600 * 1000 };
    static waker wakers[THREADS];
    static atomic_int ended;
    firth_scope asleep;
    int rc;

    firth_scope_open(&asleep, scope, NULL);
    for (int i = 0; i < THREADS; i++) {
        wakers[i].selector = firth_scope_selector(scope);
        wakers[i].scope = &asleep;
        wakers[i].ended = &ended;
        EXPECT_EQUAL(firth_port_thread_start(wake_often, &wakers[i], "waker"), FIRTH_OK);
    }
    rc = firth_sleep(HOUR_MS);
    EXPECT_EQUAL(rc, FIRTH_ERR_CANCELED);
    EXPECT_EQUAL(firth_scope_close(&asleep, rc), FIRTH_OK);
    for (int i = 0; i < THREADS; i++)
        EXPECT_EQUAL(atomic_load(&wakers[i].heard), WAKES / THREADS);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_thousand_sockets_are_on_one_selector),
        cmocka_unit_test(ten_thousand_accepts_and_closes_leave_no_handle),
        cmocka_unit_test(a_loop_woken_a_hundred_thousand_times_loses_no_wake),
    };

    return support_main(argc, argv, "no ceiling", tests, sizeof tests / sizeof tests[0]);
}
