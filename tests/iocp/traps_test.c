/* SPDX-License-Identifier: Apache-2.0 */
/* What completion ports are known to trip programs up with, each by name. Calls of the system are looked at on their way
 * where nothing else could tell. More of them are cases of the conformance kit, and in accept_test.c, cancel_test.c,
 * cost_test.c, limits_test.c and told_test.c. */
#include <winsock2.h>

#include <mstcpip.h>

#include "tests/support/support.h"

#include <firth/port.h>
#include <stdatomic.h>

/* ---- the calls that are looked at ---------------------------------------------------------------------------------- */

static const DWORD udp_connection_reset = 0x9800000c, udp_network_reset = 0x9800000f, tcp_initial_rto = 0x98000011;

static struct {
    int starts, clean_ups;
    int udp_connection_reset, udp_network_reset; /* what they were set to last; -1: never */
    int rto_sets;
    int cancels;
    int early;          /* how often yet a look at the port is to give up at once */
    atomic_int no_room; /* how often yet there is no memory for a packet */
} seen;

typedef int(WSAAPI *ioctl_function)(SOCKET, DWORD, void *, DWORD, void *, DWORD, DWORD *, OVERLAPPED *,
                                    LPWSAOVERLAPPED_COMPLETION_ROUTINE);
typedef int(WSAAPI *start_function)(WORD, WSADATA *);
typedef int(WSAAPI *clean_up_function)(void);
typedef BOOL(WINAPI *look_function)(HANDLE, OVERLAPPED_ENTRY *, ULONG, ULONG *, DWORD, BOOL);
typedef BOOL(WINAPI *post_function)(HANDLE, DWORD, ULONG_PTR, OVERLAPPED *);
typedef BOOL(WINAPI *cancel_function)(HANDLE, OVERLAPPED *);

extern const ioctl_function __real___imp_WSAIoctl, __wrap___imp_WSAIoctl;
extern const start_function __real___imp_WSAStartup, __wrap___imp_WSAStartup;
extern const clean_up_function __real___imp_WSACleanup, __wrap___imp_WSACleanup;
extern const look_function __real___imp_GetQueuedCompletionStatusEx, __wrap___imp_GetQueuedCompletionStatusEx;
extern const post_function __real___imp_PostQueuedCompletionStatus, __wrap___imp_PostQueuedCompletionStatus;
extern const cancel_function __real___imp_CancelIoEx, __wrap___imp_CancelIoEx;

static int WSAAPI see_ioctl(SOCKET socket, DWORD code, void *in, DWORD in_bytes, void *out, DWORD out_bytes,
                            DWORD *returned, OVERLAPPED *overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    if (code == udp_connection_reset)
        seen.udp_connection_reset = *(const BOOL *)in;
    else if (code == udp_network_reset)
        seen.udp_network_reset = *(const BOOL *)in;
    else if (code == tcp_initial_rto)
        seen.rto_sets++;
    return __real___imp_WSAIoctl(socket, code, in, in_bytes, out, out_bytes, returned, overlapped, routine);
}

static int WSAAPI see_start(WORD version, WSADATA *data)
{
    seen.starts++;
    return __real___imp_WSAStartup(version, data);
}

static int WSAAPI see_clean_up(void)
{
    seen.clean_ups++;
    return __real___imp_WSACleanup();
}

static BOOL WINAPI see_look(HANDLE port, OVERLAPPED_ENTRY *entries, ULONG most, ULONG *count, DWORD timeout_ms,
                            BOOL alertable)
{
    if (timeout_ms > 0 && seen.early > 0) {
        seen.early--;
        *count = 1; /* as Wine has it; no packet is there */
        SetLastError(WAIT_TIMEOUT);
        return FALSE;
    }
    return __real___imp_GetQueuedCompletionStatusEx(port, entries, most, count, timeout_ms, alertable);
}

static BOOL WINAPI see_post(HANDLE port, DWORD bytes, ULONG_PTR key, OVERLAPPED *overlapped)
{
    if (atomic_load(&seen.no_room) > 0) {
        atomic_fetch_sub(&seen.no_room, 1);
        SetLastError(ERROR_NO_SYSTEM_RESOURCES);
        return FALSE;
    }
    return __real___imp_PostQueuedCompletionStatus(port, bytes, key, overlapped);
}

static BOOL WINAPI see_cancel(HANDLE handle, OVERLAPPED *overlapped)
{
    seen.cancels++;
    return __real___imp_CancelIoEx(handle, overlapped);
}

const ioctl_function __wrap___imp_WSAIoctl = see_ioctl;
const start_function __wrap___imp_WSAStartup = see_start;
const clean_up_function __wrap___imp_WSACleanup = see_clean_up;
const look_function __wrap___imp_GetQueuedCompletionStatusEx = see_look;
const post_function __wrap___imp_PostQueuedCompletionStatus = see_post;
const cancel_function __wrap___imp_CancelIoEx = see_cancel;

/* ---- ops ------------------------------------------------------------------------------------------------------------- */

static int read_one(firth_scope *scope, void *argument)
{
    char byte;

    (void)scope;
    return (int)firth_read(firth_socket_input(argument), &byte, 1);
}

/* The peer hears an end, not a reset, when a read was pending and is cancelled just before the socket is closed. */
TASK_TEST(closing_behind_a_cancelled_read_is_an_end_for_the_peer)
{
    firth_socket *a, *b;
    char byte;

    EXPECT_EQUAL(support_pair(scope, &a, &b), FIRTH_OK);
    firth_scope_own_socket(scope, b);
    EXPECT_EQUAL(firth_with_timeout(10, read_one, a), FIRTH_ERR_TIMED_OUT);
    EXPECT_EQUAL(firth_socket_close(a), FIRTH_OK);
    EXPECT_EQUAL(firth_read(firth_socket_input(b), &byte, 1), FIRTH_EOF);
    return FIRTH_OK;
}

typedef struct reading {
    firth_socket *socket;
    int result;
} reading;

static int read_and_note(firth_scope *scope, void *argument)
{
    reading *job = argument;

    job->result = read_one(scope, job->socket);
    return FIRTH_OK;
}

/* An op that is cancelled is the system's until its packet: here hundreds are, with the stacks they were on used anew by
 * the next, and what arrives meanwhile is lost by none. */
TASK_TEST(cancelled_reads_lose_no_byte_and_touch_no_stack)
{
    enum { ROUNDS = 500 };
    const int cancels = seen.cancels;
    firth_socket *a, *b;
    int got = 0;

    EXPECT_EQUAL(support_pair(scope, &a, &b), FIRTH_OK);
    firth_scope_own_socket(scope, a);
    firth_scope_own_socket(scope, b);
    for (int i = 0; i < ROUNDS; i++) {
        reading job = {.socket = b};
        firth_scope inner;

        firth_scope_open(&inner, scope, NULL);
        EXPECT_EQUAL(firth_spawn(&inner, read_and_note, &job, NULL), FIRTH_OK);
        EXPECT_EQUAL(firth_yield(), FIRTH_OK);
        if (i % 3 == 0) {
            EXPECT_EQUAL(firth_write(firth_socket_output(a), "x", 1), FIRTH_OK);
            EXPECT_EQUAL(firth_flush(firth_socket_output(a)), FIRTH_OK);
        }
        firth_scope_cancel(&inner);
        EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_OK), FIRTH_OK);
        EXPECT(job.result == 1 || job.result == FIRTH_ERR_CANCELED);
        got += job.result == 1;
    }
    while (got < (ROUNDS + 2) / 3)
        got += read_one(scope, b);
    EXPECT_EQUAL(got, (ROUNDS + 2) / 3);
    EXPECT(seen.cancels - cancels >= ROUNDS / 2);
    return FIRTH_OK;
}

/* As it is on Windows with SO_UPDATE_CONNECT_CONTEXT and its like alone; that those are there is told_test.c's. */
TASK_TEST(both_ends_know_their_peer_and_can_end_their_side)
{
    firth_address of_a, of_b;
    firth_socket *a, *b;
    char byte;

    EXPECT_EQUAL(support_pair(scope, &a, &b), FIRTH_OK);
    firth_scope_own_socket(scope, a);
    firth_scope_own_socket(scope, b);
    EXPECT_EQUAL(firth_socket_peer_address(a, &of_b), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_local_address(b, &of_a), FIRTH_OK);
    EXPECT(firth_address_equal(&of_a, &of_b));
    EXPECT_EQUAL(firth_socket_peer_address(b, &of_a), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_local_address(a, &of_b), FIRTH_OK);
    EXPECT(firth_address_equal(&of_a, &of_b));
    EXPECT_EQUAL(firth_flush_and_close(firth_socket_output(a)), FIRTH_OK);
    EXPECT_EQUAL(firth_read(firth_socket_input(b), &byte, 1), FIRTH_EOF);
    EXPECT_EQUAL(firth_flush_and_close(firth_socket_output(b)), FIRTH_OK);
    EXPECT_EQUAL(firth_read(firth_socket_input(a), &byte, 1), FIRTH_EOF);
    return FIRTH_OK;
}

/* ---- the loop -------------------------------------------------------------------------------------------------------- */

TASK_TEST(a_look_that_gives_up_early_is_repeated_until_the_deadline)
{
    const int64_t start_ns = firth_now_ns();

    seen.early = 5;
    EXPECT_EQUAL(firth_sleep(30), FIRTH_OK);
    EXPECT(firth_now_ns() - start_ns >= 30 * 1000000);
    EXPECT_EQUAL(seen.early, 0);
    return FIRTH_OK;
}

static void cancel(void *scope)
{
    firth_scope_cancel(scope);
}

/* From another thread, while the loop is asleep or about to be. */
static void wake(void *scope)
{
    atomic_store(&seen.no_room, 3);
    if (firth_selector_post(firth_scope_selector(scope), cancel, scope) < 0)
        abort();
}

TASK_TEST(a_wake_is_not_lost_when_there_is_no_memory_for_its_packet)
{
    enum { MINUTE_MS = 60 * 1000 };
    firth_scope asleep;
    int rc;

    firth_scope_open(&asleep, scope, NULL);
    EXPECT_EQUAL(firth_port_thread_start(wake, &asleep, "waker"), FIRTH_OK);
    rc = firth_sleep(MINUTE_MS);
    EXPECT_EQUAL(rc, FIRTH_ERR_CANCELED);
    EXPECT_EQUAL(firth_scope_close(&asleep, rc), FIRTH_OK);
    EXPECT_EQUAL(atomic_load(&seen.no_room), 0);
    return FIRTH_OK;
}

static int nothing(firth_scope *scope, void *argument)
{
    (void)scope;
    (void)argument;
    return FIRTH_OK;
}

static void winsock_is_cleaned_up_as_often_as_it_is_started(void **state)
{
    const int starts = seen.starts, clean_ups = seen.clean_ups;

    (void)state;
    support_run(nothing, NULL);
    assert_true(seen.starts > starts);
    assert_int_equal(seen.clean_ups - clean_ups, seen.starts - starts);
}

/* ---- options ------------------------------------------------------------------------------------------------------- */

/* Windows repeats a SYN for a second and a half before it says so; on loopback it is told not to. */
TASK_TEST(a_refusal_on_loopback_is_asked_for_at_once)
{
    static const char *const loopback[] = {"127.0.0.1", "::1", "::ffff:127.0.0.1"};
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    const size_t count = support_has_ipv6() ? sizeof loopback / sizeof loopback[0] : 1;

    for (size_t i = 0; i < count; i++) {
        firth_socket *socket;
        const int before = seen.rto_sets;

        EXPECT_EQUAL(firth_tcp_connect(&tcp, loopback[i], support_closed_port(), &socket), FIRTH_ERR_REFUSED);
        EXPECT_EQUAL(seen.rto_sets, before + 1);
    }
    return FIRTH_OK;
}

/* Windows has IPv6 sockets that carry no IPv4, unless they are told otherwise. */
TASK_TEST(an_ipv4_address_in_ipv6s_form_is_connected_to)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *client, *accepted;
    firth_server *server;

    if (!support_has_ipv6())
        return FIRTH_OK;
    EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, &server), FIRTH_OK);
    firth_scope_own_server(scope, server);
    EXPECT_EQUAL(firth_tcp_connect(&tcp, "::ffff:127.0.0.1", firth_server_address(server)->port, &client), FIRTH_OK);
    firth_scope_own_socket(scope, client);
    EXPECT_EQUAL(firth_accept(server, &accepted), FIRTH_OK);
    return firth_socket_close(accepted);
}

/* With SO_REUSEADDR another program would take its clients. How it is kept from that is told_test.c's. */
TASK_TEST(nobody_takes_a_listeners_port_over)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    struct sockaddr_in address = {.sin_family = AF_INET};
    const BOOL on = TRUE;
    firth_server *server;
    SOCKET thief;

    EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, &server), FIRTH_OK);
    firth_scope_own_server(scope, server);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(firth_server_address(server)->port);
    thief = WSASocketW(AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, 0, 0);
    EXPECT(thief != INVALID_SOCKET);
    (void)setsockopt(thief, SOL_SOCKET, SO_REUSEADDR, (const char *)&on, sizeof on);
    EXPECT(bind(thief, (struct sockaddr *)&address, sizeof address) != 0);
    (void)closesocket(thief);
    return FIRTH_OK;
}

/* And yet a server is back at once, whatever has become of its clients. */
TASK_TEST(a_server_that_starts_again_gets_its_port)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_server *server;
    int port = 0;

    for (int i = 0; i < 5; i++) {
        firth_socket *client, *accepted;

        EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", port, &server), FIRTH_OK);
        port = firth_server_address(server)->port;
        EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", port, &client), FIRTH_OK);
        EXPECT_EQUAL(firth_accept(server, &accepted), FIRTH_OK);
        EXPECT_EQUAL(firth_socket_close(accepted), FIRTH_OK);
        EXPECT_EQUAL(firth_socket_close(client), FIRTH_OK);
        firth_server_close(server);
    }
    return FIRTH_OK;
}

/* ---- datagrams ----------------------------------------------------------------------------------------------------- */

TASK_TEST(both_resets_of_datagram_sockets_are_off_until_there_is_a_peer)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *socket, *connected;
    firth_address at;

    seen.udp_connection_reset = seen.udp_network_reset = -1;
    EXPECT_EQUAL(firth_udp_bind(&udp, "127.0.0.1", 0, &socket), FIRTH_OK);
    firth_scope_own_datagram_socket(scope, socket);
    EXPECT_EQUAL(seen.udp_connection_reset, FALSE);
    EXPECT_EQUAL(seen.udp_network_reset, FALSE);
    EXPECT_EQUAL(firth_datagram_socket_local_address(socket, &at), FIRTH_OK);
    EXPECT_EQUAL(firth_udp_connect_to(&udp, &at, &connected), FIRTH_OK);
    firth_scope_own_datagram_socket(scope, connected);
    EXPECT_EQUAL(seen.udp_connection_reset, TRUE);
    EXPECT_EQUAL(seen.udp_network_reset, TRUE);
    return FIRTH_OK;
}

/* The call that takes it fails, and whether a packet comes is the system's secret: the next op is not to end by it. */
TASK_TEST(a_long_datagram_that_is_there_already_ends_one_op)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *a, *b;
    firth_address at;
    char bytes[4];

    EXPECT_EQUAL(firth_udp_bind(&udp, "127.0.0.1", 0, &a), FIRTH_OK);
    firth_scope_own_datagram_socket(scope, a);
    EXPECT_EQUAL(firth_udp_bind(&udp, "127.0.0.1", 0, &b), FIRTH_OK);
    firth_scope_own_datagram_socket(scope, b);
    EXPECT_EQUAL(firth_datagram_socket_local_address(b, &at), FIRTH_OK);
    for (int i = 0; i < 50; i++) {
        firth_datagram got = {.bytes = bytes, .capacity = sizeof bytes};

        EXPECT_EQUAL(firth_send_to(a, "much too long", 13, &at), FIRTH_OK);
        EXPECT_EQUAL(firth_send_to(a, "abc", 3, &at), FIRTH_OK);
        EXPECT_EQUAL(firth_receive(b, &got), 4);
        EXPECT(got.truncated);
        EXPECT_BYTES(bytes, "much", 4);
        EXPECT_EQUAL(firth_receive(b, &got), 3);
        EXPECT(!got.truncated);
        EXPECT_BYTES(bytes, "abc", 3);
    }
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(closing_behind_a_cancelled_read_is_an_end_for_the_peer),
        cmocka_unit_test(cancelled_reads_lose_no_byte_and_touch_no_stack),
        cmocka_unit_test(both_ends_know_their_peer_and_can_end_their_side),
        cmocka_unit_test(a_look_that_gives_up_early_is_repeated_until_the_deadline),
        cmocka_unit_test(a_wake_is_not_lost_when_there_is_no_memory_for_its_packet),
        cmocka_unit_test(winsock_is_cleaned_up_as_often_as_it_is_started),
        cmocka_unit_test(a_refusal_on_loopback_is_asked_for_at_once),
        cmocka_unit_test(an_ipv4_address_in_ipv6s_form_is_connected_to),
        cmocka_unit_test(nobody_takes_a_listeners_port_over),
        cmocka_unit_test(a_server_that_starts_again_gets_its_port),
        cmocka_unit_test(both_resets_of_datagram_sockets_are_off_until_there_is_a_peer),
        cmocka_unit_test(a_long_datagram_that_is_there_already_ends_one_op),
    };

    return support_main(argc, argv, "traps of completion ports", tests, sizeof tests / sizeof tests[0]);
}
