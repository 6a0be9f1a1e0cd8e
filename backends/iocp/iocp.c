/* SPDX-License-Identifier: Apache-2.0 */
/* The completion port: opening it, waiting at it, waking it. */
#include "backends/iocp/iocp.h"

#include <limits.h>

#include <firth/task.h>

/* The key of the packets that wake; a socket's is never 0. */
enum { FTH_WAKE_KEY = 0 };

/* ---- open and close ---------------------------------------------------------------------------------------------- */

static bool is_systems_own(SOCKET socket)
{
    WSAPROTOCOL_INFOW info;
    int size = sizeof info;

    return getsockopt(socket, SOL_SOCKET, SO_PROTOCOL_INFOW, (char *)&info, &size) == 0 && fth_is_systems_own(&info);
}

static int get_function(SOCKET socket, GUID name, void *function, DWORD size, const char *step)
{
    DWORD returned;

    if (WSAIoctl(socket, SIO_GET_EXTENSION_FUNCTION_POINTER, &name, sizeof name, function, size, &returned, NULL,
                 NULL) != 0)
        return fth_fail_last(step);
    return FIRTH_OK;
}

static int get_functions(fth_iocp *iocp, SOCKET socket)
{
    const GUID accept_ex = WSAID_ACCEPTEX, connect_ex = WSAID_CONNECTEX;
    const GUID receive_message = WSAID_WSARECVMSG, send_message = WSAID_WSASENDMSG;
    int rc = get_function(socket, accept_ex, &iocp->accept, sizeof iocp->accept, "WSAIoctl(AcceptEx)");

    if (rc >= 0)
        rc = get_function(socket, connect_ex, &iocp->connect, sizeof iocp->connect, "WSAIoctl(ConnectEx)");
    if (rc >= 0)
        rc = get_function(socket, receive_message, &iocp->receive_message, sizeof iocp->receive_message,
                          "WSAIoctl(WSARecvMsg)");
    if (rc >= 0)
        rc = get_function(socket, send_message, &iocp->send_message, sizeof iocp->send_message, "WSAIoctl(WSASendMsg)");
    return rc;
}

/* What all sockets of a family have in common. A machine may be without one of them. */
static int probe(fth_iocp *iocp)
{
    bool found = false;
    int ipv6, rc = FIRTH_OK;

    for (ipv6 = 0; ipv6 <= 1 && rc >= 0; ipv6++) {
        SOCKET socket = fth_socket_make(ipv6 != 0 ? AF_INET6 : AF_INET, false);

        if (socket == INVALID_SOCKET)
            continue;
        iocp->skips[ipv6] = is_systems_own(socket);
        rc = found ? FIRTH_OK : get_functions(iocp, socket);
        found = true;
        (void)closesocket(socket);
    }
    return found ? rc : fth_fail_last("socket");
}

static int fth_iocp_open(firth_selector *selector)
{
    fth_iocp *iocp = firth_selector_allocate(selector, sizeof *iocp);
    WSADATA data;
    int rc, os_code;

    if (iocp == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "allocate");
    iocp->selector = selector;
    os_code = WSAStartup(MAKEWORD(2, 2), &data);
    if (os_code != 0) {
        firth_selector_release(selector, iocp);
        return firth_fail(fth_code_of(os_code), os_code, "WSAStartup");
    }
    iocp->port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
    rc = iocp->port == NULL ? fth_fail_last("CreateIoCompletionPort") : probe(iocp);
    if (rc < 0) {
        if (iocp->port != NULL)
            (void)CloseHandle(iocp->port);
        (void)WSACleanup();
        firth_selector_release(selector, iocp);
        return rc;
    }
    fth_timer_open(&iocp->timer);
    firth_selector_set_state(selector, iocp);
    return FIRTH_OK;
}

static void fth_iocp_close(firth_selector *selector)
{
    fth_iocp *iocp = firth_selector_state(selector);

    fth_timer_close(&iocp->timer);
    (void)CloseHandle(iocp->port);
    fth_records_release(iocp);
    (void)WSACleanup();
    firth_selector_set_state(selector, NULL);
    firth_selector_release(selector, iocp);
}

/* ---- poll and wake ----------------------------------------------------------------------------------------------- */

/* Rounded up: a wait that ends a fraction of a millisecond early would be followed by a spin of empty ones. */
static DWORD to_ms(int64_t left_ns)
{
    const int64_t left_ms = left_ns / 1000000 + (left_ns % 1000000 != 0);

    return left_ms < INT_MAX ? (DWORD)left_ms : INT_MAX;
}

/* How long a look may take, and whether the timer may end it. Where there is one, the end of a long wait is left to a look of
 * its own, which the timer ends: most deadlines have moved by then, and it need not be set. */
static DWORD timeout_ms(fth_iocp *iocp, int64_t until_ns, BOOL *alertable)
{
    enum { TICKS_NS = 32 * 1000000 }; /* two of the system's */
    int64_t left_ns;

    *alertable = FALSE;
    if (until_ns == INT64_MAX)
        return INFINITE;
    left_ns = until_ns > 0 ? until_ns - firth_now_ns() : 0;
    if (left_ns <= 0)
        return 0;
    if (iocp->timer.timer != NULL && left_ns > 2 * TICKS_NS)
        return to_ms(left_ns - TICKS_NS);
    *alertable = fth_timer_set(&iocp->timer, until_ns, left_ns);
    return to_ms(left_ns);
}

static bool is_of(const fth_record *record, const OVERLAPPED *overlapped)
{
    return overlapped == &record->reading || overlapped == &record->writing ||
           (record->messages != NULL && overlapped == &record->messages->mark);
}

static void take(fth_iocp *iocp, const OVERLAPPED_ENTRY *packet)
{
    fth_record *record;

    if (packet->lpCompletionKey == FTH_WAKE_KEY) {
        atomic_store(&iocp->woken, false);
        return;
    }
    /* A socket that was given away stays with this port where the system cannot undo that: what its new owner does there is
     * of no OVERLAPPED of ours. */
    record = fth_record_find(iocp, packet->lpCompletionKey);
    if (record != NULL && is_of(record, packet->lpOverlapped))
        fth_op_packet(record, packet->lpOverlapped);
}

static int fth_iocp_poll(firth_selector *selector, int64_t until_ns)
{
    fth_iocp *iocp = firth_selector_state(selector);
    DWORD wait_ms;
    ULONG count = 0, i;
    BOOL alertable;

    do {
        wait_ms = timeout_ms(iocp, until_ns, &alertable);
        if (GetQueuedCompletionStatusEx(iocp->port, iocp->packets, FTH_PACKETS_MAX, &count, wait_ms, alertable)) {
            for (i = 0; i < count; i++)
                take(iocp, &iocp->packets[i]);
            return FIRTH_OK;
        }
        if (GetLastError() ==
            WAIT_IO_COMPLETION) /* it has rung, maybe a little early, or of a deadline that has moved */
            iocp->timer.until_ns = 0;
        else if (GetLastError() != WAIT_TIMEOUT)
            return fth_fail_last("GetQueuedCompletionStatusEx");
        /* It may give up a little early, by its own coarser clock. */
    } while (wait_ms > 0);
    return FIRTH_OK;
}

/* One packet that wakes is enough. Where the system has no memory for it just now it is tried until it has: who wakes does so
 * once, and then counts on it. Test: a_wake_is_not_lost_when_there_is_no_memory_for_its_packet. */
static void fth_iocp_wake(firth_selector *selector)
{
    fth_iocp *iocp = firth_selector_state(selector);

    if (atomic_exchange(&iocp->woken, true))
        return;
    while (!PostQueuedCompletionStatus(iocp->port, 0, FTH_WAKE_KEY, NULL))
        Sleep(1);
}

const firth_backend firth_backend_iocp = {
    .name = "iocp",
    .capabilities = FIRTH_CAN_ADOPT | FIRTH_CAN_DATAGRAMS | FIRTH_CAN_UNIX,
    .open = fth_iocp_open,
    .close = fth_iocp_close,
    .socket_open = fth_iocp_socket_open,
    .datagram_open = fth_iocp_datagram_open,
    .socket_close = fth_iocp_socket_close,
    .adopt = fth_iocp_adopt,
    .release = fth_iocp_release,
    .bind = fth_iocp_bind,
    .listen = fth_iocp_listen,
    .set_option = fth_iocp_set_option,
    .get_option = fth_iocp_get_option,
    .multicast = fth_iocp_multicast,
    .local_address = fth_iocp_local_address,
    .peer_address = fth_iocp_peer_address,
    .shutdown_write = fth_iocp_shutdown_write,
    .submit = fth_iocp_submit,
    .cancel = fth_iocp_cancel,
    .poll = fth_iocp_poll,
    .wake = fth_iocp_wake,
    .unix_sockets = &fth_iocp_unix,
};
