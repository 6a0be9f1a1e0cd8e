/* SPDX-License-Identifier: Apache-2.0 */
/* What Windows must be told of a socket, or asked, and Wine does well without: seen on its way to the system. */
#include <winsock2.h>

#include <mswsock.h>

#include "backends/iocp/iocp.h"
#include "tests/support/support.h"

/* ---- the calls that are looked at ---------------------------------------------------------------------------------- */

static struct {
    SOCKET accepted, listener; /* of the last SO_UPDATE_ACCEPT_CONTEXT */
    SOCKET connected;          /* of the last SO_UPDATE_CONNECT_CONTEXT */
    SOCKET exclusive;          /* the last that has its port to itself */
    int shared;                /* how many TCP sockets share theirs */
    int dead;                  /* how many clients that come next are gone already, see why_dead */
    bool layered;              /* whether every socket's provider is one of two */
    bool no_handle;            /* whether none of its sockets is the system's own */
    int skips;                 /* how many were told to send no packet after a success */
} seen;

static const int why_dead[] = {ERROR_NETNAME_DELETED, WSAETIMEDOUT, WSAEHOSTUNREACH};
enum { DEAD_MAX = sizeof why_dead / sizeof why_dead[0] };

typedef int(WSAAPI *set_function)(SOCKET, int, int, const char *, int);
typedef int(WSAAPI *get_function)(SOCKET, int, int, char *, int *);
typedef BOOL(WINAPI *mode_function)(HANDLE, UCHAR);

extern const set_function __real___imp_setsockopt, __wrap___imp_setsockopt;
extern const get_function __real___imp_getsockopt, __wrap___imp_getsockopt;
extern const mode_function __real___imp_SetFileCompletionNotificationModes,
    __wrap___imp_SetFileCompletionNotificationModes;

static int WSAAPI see_set(SOCKET socket, int level, int name, const char *value, int size)
{
    if (level == SOL_SOCKET && name == SO_UPDATE_ACCEPT_CONTEXT) {
        seen.accepted = socket;
        memcpy(&seen.listener, value, sizeof seen.listener);
        if (seen.dead > 0) {
            WSASetLastError(why_dead[--seen.dead]);
            return SOCKET_ERROR;
        }
    } else if (level == SOL_SOCKET && name == SO_UPDATE_CONNECT_CONTEXT) {
        seen.connected = socket;
    } else if (level == SOL_SOCKET && name == SO_EXCLUSIVEADDRUSE && *(const BOOL *)(const void *)value) {
        seen.exclusive = socket;
    } else if (level == SOL_SOCKET && name == SO_REUSEADDR) {
        seen.shared++;
    }
    return __real___imp_setsockopt(socket, level, name, value, size);
}

static int WSAAPI see_get(SOCKET socket, int level, int name, char *value, int *size)
{
    const int rc = __real___imp_getsockopt(socket, level, name, value, size);

    if (rc == 0 && level == SOL_SOCKET && name == SO_PROTOCOL_INFOW) {
        WSAPROTOCOL_INFOW *info = (WSAPROTOCOL_INFOW *)(void *)value;

        if (seen.layered)
            info->ProtocolChain.ChainLen = 2;
        if (seen.no_handle)
            info->dwServiceFlags1 &= ~(DWORD)XP1_IFS_HANDLES;
    }
    return rc;
}

static BOOL WINAPI see_modes(HANDLE handle, UCHAR modes)
{
    seen.skips += (modes & FILE_SKIP_COMPLETION_PORT_ON_SUCCESS) != 0;
    return __real___imp_SetFileCompletionNotificationModes(handle, modes);
}

const set_function __wrap___imp_setsockopt = see_set;
const get_function __wrap___imp_getsockopt = see_get;
const mode_function __wrap___imp_SetFileCompletionNotificationModes = see_modes;

/* ---- clients and listeners ------------------------------------------------------------------------------------------- */

/* Else Windows takes neither end for connected: it has no peer's address, and its writing side does not end. */
TASK_TEST(both_ends_are_told_that_they_are_connected)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *client, *accepted;
    firth_server *server;

    EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, &server), FIRTH_OK);
    firth_scope_own_server(scope, server);
    EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", firth_server_address(server)->port, &client), FIRTH_OK);
    firth_scope_own_socket(scope, client);
    EXPECT(seen.connected == (SOCKET)firth_socket_descriptor(client));
    EXPECT_EQUAL(firth_accept(server, &accepted), FIRTH_OK);
    firth_scope_own_socket(scope, accepted);
    EXPECT(seen.accepted == (SOCKET)firth_socket_descriptor(accepted));
    EXPECT(seen.listener == (SOCKET)firth_server_descriptor(server));
    return FIRTH_OK;
}

/* Wine refuses the thief in any case. */
TASK_TEST(a_listener_has_its_port_to_itself_whatever_reuse_address_says)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));

    for (int reuse = 0; reuse <= 1; reuse++) {
        firth_server *server;

        tcp.reuse_address = reuse != 0;
        seen.shared = 0;
        EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, &server), FIRTH_OK);
        EXPECT(seen.exclusive == (SOCKET)firth_server_descriptor(server));
        EXPECT_EQUAL(seen.shared, 0);
        firth_server_close(server);
    }
    return FIRTH_OK;
}

/* Windows says so when the connection of an accept is to be used. */
TASK_TEST(clients_that_are_gone_are_passed_over_for_the_next)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *clients[DEAD_MAX + 1], *accepted;
    firth_address of_client, of_peer;
    firth_server *server;
    char byte;

    EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, &server), FIRTH_OK);
    firth_scope_own_server(scope, server);
    for (int i = 0; i <= DEAD_MAX; i++) {
        EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", firth_server_address(server)->port, &clients[i]), FIRTH_OK);
        firth_scope_own_socket(scope, clients[i]);
    }
    seen.dead = DEAD_MAX;
    EXPECT_EQUAL(firth_accept(server, &accepted), FIRTH_OK);
    firth_scope_own_socket(scope, accepted);
    EXPECT_EQUAL(seen.dead, 0);
    EXPECT_EQUAL(firth_socket_peer_address(accepted, &of_peer), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_local_address(clients[DEAD_MAX], &of_client), FIRTH_OK);
    EXPECT(firth_address_equal(&of_peer, &of_client));
    EXPECT(firth_read(firth_socket_input(clients[0]), &byte, 1) < 0); /* its socket is closed */
    return FIRTH_OK;
}

/* ---- providers --------------------------------------------------------------------------------------------------------- */

static int read_one(firth_scope *scope, void *argument)
{
    char byte;

    (void)scope;
    return (int)firth_read(firth_socket_input(argument), &byte, 1);
}

static int talk(firth_scope *scope, void *argument)
{
    enum { MESSAGES = 50 };
    firth_socket *a, *b;

    (void)argument;
    EXPECT_EQUAL(support_pair(scope, &a, &b), FIRTH_OK);
    firth_scope_own_socket(scope, a);
    firth_scope_own_socket(scope, b);
    for (int i = 0; i < MESSAGES; i++) {
        EXPECT_EQUAL(firth_with_timeout(1, read_one, b), FIRTH_ERR_TIMED_OUT);
        EXPECT_EQUAL(firth_write(firth_socket_output(a), "x", 1), FIRTH_OK);
        EXPECT_EQUAL(firth_flush(firth_socket_output(a)), FIRTH_OK);
        EXPECT_EQUAL(read_one(scope, b), 1);
    }
    EXPECT_EQUAL(firth_flush_and_close(firth_socket_output(a)), FIRTH_OK);
    EXPECT_EQUAL(read_one(scope, b), FIRTH_EOF);
    return FIRTH_OK;
}

static void talk_over(bool layered, bool no_handle, bool skips)
{
    seen.layered = layered;
    seen.no_handle = no_handle;
    seen.skips = 0;
    support_run(talk, NULL);
    seen.layered = seen.no_handle = false;
    assert_int_equal(seen.skips > 0, skips);
}

/* What a filter in the chain of providers completes comes with a packet, whatever was asked for. */
static void only_the_systems_own_sockets_send_no_packet_after_a_success(void **state)
{
    (void)state;
    talk_over(false, false, true);
    talk_over(true, false, false);
    talk_over(false, true, false);
}

/* ---- sockets of others ------------------------------------------------------------------------------------------------- */

/* A connection of the system's own, made without Firth: one end with these flags, the other accepted. */
static bool connect_others(DWORD flags, SOCKET *a, SOCKET *b)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int size = sizeof address;
    const SOCKET listener = WSASocketW(AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, 0, 0);

    *a = WSASocketW(AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, 0, flags);
    *b = INVALID_SOCKET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 1) == 0 &&
        getsockname(listener, (struct sockaddr *)&address, &size) == 0 &&
        connect(*a, (struct sockaddr *)&address, sizeof address) == 0)
        *b = accept(listener, NULL, NULL);
    (void)closesocket(listener);
    return *b != INVALID_SOCKET;
}

/* Its provider is its own affair, whatever those of Firth's sockets are. */
TASK_TEST(an_adopted_socket_of_a_layered_provider_sends_packets_after_successes_too)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *socket;
    SOCKET a, b;
    int rc;

    EXPECT(connect_others(WSA_FLAG_OVERLAPPED, &a, &b));
    seen.layered = true;
    rc = firth_tcp_adopt(&tcp, (intptr_t)a, &socket);
    seen.layered = false;
    EXPECT_EQUAL(rc, FIRTH_OK);
    firth_scope_own_socket(scope, socket);
    seen.skips = 0;
    for (int i = 0; i < 10; i++) {
        EXPECT_EQUAL(firth_with_timeout(1, read_one, socket), FIRTH_ERR_TIMED_OUT);
        EXPECT_EQUAL(send(b, "x", 1, 0), 1);
        EXPECT_EQUAL(read_one(scope, socket), 1);
    }
    EXPECT_EQUAL(seen.skips, 0);
    return closesocket(b) == 0 ? FIRTH_OK : FIRTH_ERR_SYSTEM;
}

/* It takes no notice of an OVERLAPPED, so a wait for something to read would go round for ever. */
TASK_TEST(a_socket_without_overlapped_calls_is_not_adopted)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *socket;
    SOCKET a, b;
    char byte;

    EXPECT(connect_others(0, &a, &b));
    EXPECT_EQUAL(firth_tcp_adopt(&tcp, (intptr_t)a, &socket), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(send(a, "x", 1, 0), 1);
    EXPECT_EQUAL(recv(b, &byte, 1, 0), 1);
    (void)closesocket(a);
    return closesocket(b) == 0 ? FIRTH_OK : FIRTH_ERR_SYSTEM;
}

static int read_into(firth_scope *scope, void *argument)
{
    firth_socket **socket = argument;

    EXPECT_EQUAL(read_one(scope, *socket), 1);
    *socket = NULL;
    return FIRTH_OK;
}

/* Wine, and Windows before 8.1, cannot part a socket from its port: so packets of its next owner's come here. */
TASK_TEST(what_the_next_owner_of_a_socket_does_ends_no_op_of_ours)
{
    static WSAOVERLAPPED theirs;
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *a, *b, *c, *d, *reading[2];
    firth_server *server;
    char bytes[1] = {0};
    WSABUF piece = {.buf = bytes, .len = sizeof bytes};
    DWORD flags = 0;
    intptr_t given;
    firth_scope inner;

    EXPECT_EQUAL(support_pair(scope, &a, &b), FIRTH_OK);
    firth_scope_own_socket(scope, a);
    EXPECT_EQUAL(firth_with_timeout(1, read_one, b), FIRTH_ERR_TIMED_OUT);
    EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, &server), FIRTH_OK);
    firth_scope_own_server(scope, server);
    EXPECT_EQUAL(firth_socket_release(b, &given), FIRTH_OK);
    EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", firth_server_address(server)->port, &c), FIRTH_OK);
    firth_scope_own_socket(scope, c); /* which has the record that b had */
    EXPECT_EQUAL(firth_accept(server, &d), FIRTH_OK);
    firth_scope_own_socket(scope, d);
    reading[0] = c;
    reading[1] = d;
    firth_scope_open(&inner, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&inner, read_into, &reading[0], NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(&inner, read_into, &reading[1], NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    memset(&theirs, 0, sizeof theirs);
    EXPECT(WSARecv((SOCKET)given, &piece, 1, NULL, &flags, &theirs, NULL) == 0 || WSAGetLastError() == WSA_IO_PENDING);
    EXPECT_EQUAL(firth_write(firth_socket_output(a), "x", 1), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(a)), FIRTH_OK);
    do
        EXPECT_EQUAL(firth_sleep(1), FIRTH_OK); /* a look at the port at least */
    while (!HasOverlappedIoCompleted(&theirs));
    EXPECT_EQUAL(firth_sleep(1), FIRTH_OK);
    EXPECT(bytes[0] == 'x' && reading[0] != NULL && reading[1] != NULL);
    EXPECT_EQUAL(firth_write(firth_socket_output(c), "c", 1), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(c)), FIRTH_OK);
    EXPECT_EQUAL(firth_write(firth_socket_output(d), "d", 1), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(d)), FIRTH_OK);
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_OK), FIRTH_OK);
    return closesocket((SOCKET)given) == 0 ? FIRTH_OK : FIRTH_ERR_SYSTEM;
}

/* ---- errors ------------------------------------------------------------------------------------------------------------ */

static void what_the_system_calls_it_is_told_in_our_words(void **state)
{
    (void)state;
    assert_int_equal(fth_code_of(WSAECONNABORTED), FIRTH_ERR_RESET);
    assert_int_equal(fth_code_of(ERROR_NETNAME_DELETED), FIRTH_ERR_RESET);
    assert_int_equal(fth_code_of(ERROR_PORT_UNREACHABLE), FIRTH_ERR_REFUSED);
    assert_int_equal(fth_code_of(WSAESHUTDOWN), FIRTH_ERR_RESET);
    assert_int_equal(fth_code_of(ERROR_SEM_TIMEOUT), FIRTH_ERR_TIMED_OUT);
    assert_int_equal(fth_code_of(12345), FIRTH_ERR_SYSTEM);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_are_told_that_they_are_connected),
        cmocka_unit_test(a_listener_has_its_port_to_itself_whatever_reuse_address_says),
        cmocka_unit_test(clients_that_are_gone_are_passed_over_for_the_next),
        cmocka_unit_test(only_the_systems_own_sockets_send_no_packet_after_a_success),
        cmocka_unit_test(an_adopted_socket_of_a_layered_provider_sends_packets_after_successes_too),
        cmocka_unit_test(a_socket_without_overlapped_calls_is_not_adopted),
        cmocka_unit_test(what_the_next_owner_of_a_socket_does_ends_no_op_of_ours),
        cmocka_unit_test(what_the_system_calls_it_is_told_in_our_words),
    };

    return support_main(argc, argv, "what Windows is told", tests, sizeof tests / sizeof tests[0]);
}
