/* SPDX-License-Identifier: Apache-2.0 */
/* What can happen to a client between AcceptEx and whoever gets it. Wine's AcceptEx never fails for the client's sake, so
 * that is said in its place: by the call, or by its packet. */
#include <winsock2.h>

#include <mswsock.h>

#include "tests/support/support.h"

/* ---- the calls that are looked at ---------------------------------------------------------------------------------- */

/* STATUS_IO_TIMEOUT, STATUS_HOST_UNREACHABLE, STATUS_CONNECTION_RESET and STATUS_LOCAL_DISCONNECT. Of the first two core knows
 * of no client's fault, and would tell them. */
static const ULONG_PTR why_gone[] = {0xC00000B5, 0xC000023D, 0xC000020D, 0xC000013B};
enum { LATE = sizeof why_gone / sizeof why_gone[0] };
static const int why_gone_at_once[] = {WSAETIMEDOUT, WSAENETUNREACH, WSAECONNRESET};
enum { AT_ONCE = sizeof why_gone_at_once / sizeof why_gone_at_once[0] };

static struct {
    LPFN_ACCEPTEX accept; /* the system's */
    int at_once;          /* how many of the next calls fail */
    int late;             /* and how many of the next packets tell that it did */
    OVERLAPPED *accepting;
} seen;

typedef int(WSAAPI *ioctl_function)(SOCKET, DWORD, void *, DWORD, void *, DWORD, DWORD *, OVERLAPPED *,
                                    LPWSAOVERLAPPED_COMPLETION_ROUTINE);
typedef BOOL(WINAPI *look_function)(HANDLE, OVERLAPPED_ENTRY *, ULONG, ULONG *, DWORD, BOOL);

extern const ioctl_function __real___imp_WSAIoctl, __wrap___imp_WSAIoctl;
extern const look_function __real___imp_GetQueuedCompletionStatusEx, __wrap___imp_GetQueuedCompletionStatusEx;

static BOOL WINAPI accept_next(SOCKET listener, SOCKET client, void *room, DWORD data, DWORD local, DWORD remote,
                               DWORD *bytes, OVERLAPPED *overlapped)
{
    struct sockaddr_storage peer;
    int size = sizeof peer;

    if (getpeername(client, (struct sockaddr *)&peer, &size) == 0) { /* Wine takes one that is connected */
        WSASetLastError(WSAEINVAL);
        return FALSE;
    }
    if (seen.at_once > 0) {
        WSASetLastError(why_gone_at_once[--seen.at_once]);
        return FALSE;
    }
    seen.accepting = overlapped;
    return seen.accept(listener, client, room, data, local, remote, bytes, overlapped);
}

static int WSAAPI see_ioctl(SOCKET socket, DWORD code, void *in, DWORD in_bytes, void *out, DWORD out_bytes,
                            DWORD *returned, OVERLAPPED *overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    static const GUID name = WSAID_ACCEPTEX;
    static const LPFN_ACCEPTEX ours = accept_next;
    const int rc = __real___imp_WSAIoctl(socket, code, in, in_bytes, out, out_bytes, returned, overlapped, routine);

    if (rc == 0 && code == SIO_GET_EXTENSION_FUNCTION_POINTER && memcmp(in, &name, sizeof name) == 0) {
        memcpy(&seen.accept, out, sizeof seen.accept);
        memcpy(out, &ours, sizeof ours);
    }
    return rc;
}

static BOOL WINAPI see_look(HANDLE port, OVERLAPPED_ENTRY *entries, ULONG most, ULONG *count, DWORD timeout_ms,
                            BOOL alertable)
{
    const BOOL has_some = __real___imp_GetQueuedCompletionStatusEx(port, entries, most, count, timeout_ms, alertable);

    for (ULONG i = 0; has_some && i < *count; i++)
        if (seen.late > 0 && seen.accepting != NULL && entries[i].lpOverlapped == seen.accepting)
            seen.accepting->Internal = entries[i].Internal = why_gone[--seen.late];
    return has_some;
}

const ioctl_function __wrap___imp_WSAIoctl = see_ioctl;
const look_function __wrap___imp_GetQueuedCompletionStatusEx = see_look;

/* ---- clients ----------------------------------------------------------------------------------------------------------- */

static int listen_for(firth_scope *scope, firth_socket **clients, int count, firth_server **server)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));

    EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, server), FIRTH_OK);
    firth_scope_own_server(scope, *server);
    for (int i = 0; i < count; i++) {
        EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", firth_server_address(*server)->port, &clients[i]), FIRTH_OK);
        firth_scope_own_socket(scope, clients[i]);
    }
    return FIRTH_OK;
}

/* Each is dropped, with what was there of it, and the next is taken; the listener is as good as ever. */
TASK_TEST(clients_that_are_gone_before_they_are_accepted_are_passed_over)
{
    firth_socket *clients[LATE + 1], *accepted = NULL;
    firth_address of_client, of_peer;
    firth_server *server = NULL;

    EXPECT_EQUAL(listen_for(scope, clients, LATE + 1, &server), FIRTH_OK);
    seen.at_once = AT_ONCE;
    seen.late = LATE;
    EXPECT_EQUAL(firth_accept(server, &accepted), FIRTH_OK);
    firth_scope_own_socket(scope, accepted);
    EXPECT_EQUAL(seen.at_once, 0);
    EXPECT_EQUAL(seen.late, 0);
    EXPECT_EQUAL(firth_socket_peer_address(accepted, &of_peer), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_local_address(clients[LATE], &of_client), FIRTH_OK);
    EXPECT(firth_address_equal(&of_peer, &of_client));
    return FIRTH_OK;
}

/* A socket joins one port for life: so one that nobody has waited with yet has joined none, and is anybody's. */
TASK_TEST(an_accepted_socket_can_still_join_another_port)
{
    const HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
    firth_socket *client, *accepted = NULL;
    firth_server *server = NULL;
    intptr_t given = -1;
    HANDLE joined;

    seen.at_once = seen.late = 0;
    EXPECT(port != NULL);
    EXPECT_EQUAL(listen_for(scope, &client, 1, &server), FIRTH_OK);
    EXPECT_EQUAL(firth_accept(server, &accepted), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_release(accepted, &given), FIRTH_OK);
    joined = CreateIoCompletionPort((HANDLE)given, port, 1, 0);
    (void)closesocket((SOCKET)given);
    (void)CloseHandle(port);
    EXPECT(joined == port);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_that_are_gone_before_they_are_accepted_are_passed_over),
        cmocka_unit_test(an_accepted_socket_can_still_join_another_port),
    };

    return support_main(argc, argv, "clients of Windows", tests, sizeof tests / sizeof tests[0]);
}
