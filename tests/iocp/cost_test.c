/* SPDX-License-Identifier: Apache-2.0 */
/* What an echoed message costs in calls of the system, counted: a receive, which is the wait for it, and a send for each end, and at most one look at the port; no memory; and a thousand connections no more than one. */
#include <winsock2.h>

#include "tests/support/support.h"

static long receives, sends, looks;
static long pinned;      /* receives that wait with a buffer */
static int64_t stood_ns; /* when the clock stood; 0: it goes */

typedef int(WSAAPI *receive_function)(SOCKET, WSABUF *, DWORD, DWORD *, DWORD *, OVERLAPPED *,
                                      LPWSAOVERLAPPED_COMPLETION_ROUTINE);
typedef int(WSAAPI *send_function)(SOCKET, WSABUF *, DWORD, DWORD *, DWORD, OVERLAPPED *,
                                   LPWSAOVERLAPPED_COMPLETION_ROUTINE);
typedef BOOL(WINAPI *look_function)(HANDLE, OVERLAPPED_ENTRY *, ULONG, ULONG *, DWORD, BOOL);

extern const receive_function __real___imp_WSARecv;
extern const send_function __real___imp_WSASend;
extern const look_function __real___imp_GetQueuedCompletionStatusEx;
extern const receive_function __wrap___imp_WSARecv;
extern const send_function __wrap___imp_WSASend;
extern const look_function __wrap___imp_GetQueuedCompletionStatusEx;

static int WSAAPI count_receive(SOCKET socket, WSABUF *buffers, DWORD count, DWORD *bytes, DWORD *flags,
                                OVERLAPPED *overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    receives++;
    pinned += overlapped != NULL && buffers[0].len > 0;
    return __real___imp_WSARecv(socket, buffers, count, bytes, flags, overlapped, routine);
}

static int WSAAPI count_send(SOCKET socket, WSABUF *buffers, DWORD count, DWORD *bytes, DWORD flags,
                             OVERLAPPED *overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    sends++;
    return __real___imp_WSASend(socket, buffers, count, bytes, flags, overlapped, routine);
}

static BOOL WINAPI count_look(HANDLE port, OVERLAPPED_ENTRY *entries, ULONG most, ULONG *count, DWORD timeout_ms,
                              BOOL alertable)
{
    looks++;
    return __real___imp_GetQueuedCompletionStatusEx(port, entries, most, count, timeout_ms, alertable);
}

const receive_function __wrap___imp_WSARecv = count_receive;
const send_function __wrap___imp_WSASend = count_send;
const look_function __wrap___imp_GetQueuedCompletionStatusEx = count_look;

int64_t __real_firth_now_ns(void);
int64_t __wrap_firth_now_ns(void);

/* On a machine that is slow enough a thousand connections are a second without a message each, which is to be idle. */
int64_t __wrap_firth_now_ns(void)
{
    return stood_ns != 0 ? stood_ns : __real_firth_now_ns();
}

enum { MESSAGES = 1000, MANY = 1000, BYTES = 16, WARM_UP = 10 };

static int echo(firth_scope *scope, void *argument)
{
    firth_socket *socket = argument;
    char bytes[BYTES];
    int rc;

    firth_scope_own_socket(scope, socket);
    while ((rc = (int)firth_read_fully(firth_socket_input(socket), bytes, BYTES)) >= 0)
        if ((rc = firth_write(firth_socket_output(socket), bytes, BYTES)) < 0)
            return rc;
    return rc == FIRTH_EOF ? FIRTH_OK : rc;
}

static int exchange(firth_socket *client)
{
    char bytes[BYTES] = "fifteen letters";

    EXPECT_EQUAL(firth_write(firth_socket_output(client), bytes, BYTES), FIRTH_OK);
    EXPECT_EQUAL(firth_read_fully(firth_socket_input(client), bytes, BYTES), BYTES);
    return FIRTH_OK;
}

/* So many messages, over these connections in turn, after a few that are not counted. */
static int count_exchanges(firth_socket **clients, int connections)
{
    size_t made;

    for (int i = 0; i < connections + WARM_UP; i++)
        EXPECT_EQUAL(exchange(clients[i % connections]), FIRTH_OK);
    made = support_allocations_made();
    receives = sends = looks = 0;
    for (int i = 0; i < MESSAGES; i++)
        EXPECT_EQUAL(exchange(clients[i % connections]), FIRTH_OK);
    print_message("%ld receives, %ld sends and %ld looks for %d messages there and back, %d connections\n", receives,
                  sends, looks, MESSAGES, connections);
    EXPECT_EQUAL(sends, 2 * MESSAGES);
    EXPECT_EQUAL(receives, 2 * MESSAGES);
    EXPECT(looks <= 2 * MESSAGES);
    EXPECT_EQUAL(support_allocations_made(), made);
    return FIRTH_OK;
}

static int over_connections(firth_scope *scope, int connections)
{
    static firth_socket *clients[MANY];
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_scope inner;
    int rc;

    tcp.auto_flush = true;
    firth_scope_open(&inner, scope, NULL);
    for (int i = 0; i < connections; i++) {
        firth_socket *server;

        EXPECT_EQUAL(support_pair_with(&tcp, &clients[i], &server), FIRTH_OK);
        EXPECT_EQUAL(firth_spawn(&inner, echo, server, NULL), FIRTH_OK);
    }
    rc = count_exchanges(clients, connections);
    for (int i = 0; i < connections; i++)
        (void)firth_socket_close(clients[i]);
    EXPECT_EQUAL(firth_scope_close(&inner, rc), FIRTH_OK);
    return FIRTH_OK;
}

static int over(firth_scope *scope, int connections)
{
    int rc;

    stood_ns = firth_now_ns();
    rc = over_connections(scope, connections);
    stood_ns = 0;
    return rc;
}

TASK_TEST(a_message_costs_a_receive_a_send_and_a_look)
{
    return over(scope, 1);
}

TASK_TEST(a_thousand_connections_cost_no_more_than_one)
{
    return over(scope, MANY);
}

static int read_a_byte(firth_scope *scope, void *argument)
{
    char byte;

    (void)scope;
    return (int)firth_read(firth_socket_input(argument), &byte, 1);
}

TASK_TEST(a_new_connection_waits_with_no_buffer)
{
    firth_socket *a, *b;

    EXPECT_EQUAL(support_pair(scope, &a, &b), FIRTH_OK);
    firth_scope_own_socket(scope, a);
    firth_scope_own_socket(scope, b);
    pinned = receives = 0;
    EXPECT_EQUAL(firth_with_timeout(10, read_a_byte, a), FIRTH_ERR_TIMED_OUT);
    EXPECT(receives >= 1);
    EXPECT_EQUAL(pinned, 0);
    return FIRTH_OK;
}

/* One that waits, and for that long; then a byte comes. */
static int read_after_a_while(firth_scope *scope, firth_socket *socket, firth_socket *peer, int64_t long_ns)
{
    firth_scope inner;

    firth_scope_open(&inner, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&inner, read_a_byte, socket, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    stood_ns += long_ns;
    EXPECT_EQUAL(firth_write(firth_socket_output(peer), "x", 1), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(peer)), FIRTH_OK);
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_OK), FIRTH_OK);
    return FIRTH_OK;
}

static int rest_and_go_on(firth_scope *scope)
{
    const int64_t minute_ns = 60 * INT64_C(1000000000);
    firth_socket *a, *b;

    EXPECT_EQUAL(support_pair(scope, &a, &b), FIRTH_OK);
    firth_scope_own_socket(scope, a);
    firth_scope_own_socket(scope, b);
    EXPECT_EQUAL(read_after_a_while(scope, a, b, 0), FIRTH_OK);
    pinned = 0;
    EXPECT_EQUAL(read_after_a_while(scope, a, b, minute_ns), FIRTH_OK);
    EXPECT_EQUAL(pinned, 1);
    EXPECT_EQUAL(read_after_a_while(scope, a, b, 0), FIRTH_OK);
    EXPECT_EQUAL(pinned, 1);
    EXPECT_EQUAL(read_after_a_while(scope, a, b, 0), FIRTH_OK);
    EXPECT_EQUAL(pinned, 2);
    return FIRTH_OK;
}

/* And with one as soon as there is much to hear again. */
TASK_TEST(a_connection_that_rested_waits_with_no_buffer_once_more)
{
    int rc;

    stood_ns = firth_now_ns();
    rc = rest_and_go_on(scope);
    stood_ns = 0;
    return rc;
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_costs_a_receive_a_send_and_a_look),
        cmocka_unit_test(a_new_connection_waits_with_no_buffer),
        cmocka_unit_test(a_connection_that_rested_waits_with_no_buffer_once_more),
        cmocka_unit_test(a_thousand_connections_cost_no_more_than_one),
    };

    return support_main(argc, argv, "what a message costs", tests, sizeof tests / sizeof tests[0]);
}
