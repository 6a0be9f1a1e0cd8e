/* SPDX-License-Identifier: Apache-2.0 */
/* Unix stream sockets. Wine 8 has none: WSASocketW(AF_UNIX) fails with WSAEAFNOSUPPORT, which the first test shows and Firth
 * tells by name. There the others run on a double that puts sockets of loopback's, and files with their ports, behind
 * the calls; a system that has Unix sockets is asked itself. */
#include <winsock2.h>

#include <afunix.h>
#include <ws2tcpip.h>

#include "tests/support/support.h"

#include <firth/unix_datagram.h>
#include <stddef.h>
#include <stdio.h>

typedef SOCKET(WSAAPI *make_function)(int, int, int, LPWSAPROTOCOL_INFOW, GROUP, DWORD);
typedef int(WSAAPI *to_function)(SOCKET, const struct sockaddr *, int);
typedef int(WSAAPI *of_function)(SOCKET, struct sockaddr *, int *);
typedef HANDLE(WINAPI *search_function)(LPCWSTR, WIN32_FIND_DATAW *);

extern const make_function __real___imp_WSASocketW, __wrap___imp_WSASocketW;
extern const to_function __real___imp_bind, __wrap___imp_bind, __real___imp_connect, __wrap___imp_connect;
extern const of_function __real___imp_getsockname, __wrap___imp_getsockname, __real___imp_getpeername,
    __wrap___imp_getpeername;
extern const search_function __real___imp_FindFirstFileW, __wrap___imp_FindFirstFileW;

enum { MOST = 64 };

static bool is_double;
static bool is_absent; /* as on a system that has none */

/* Of the double. */
static struct {
    SOCKET socket;
    char path[UNIX_PATH_MAX]; /* where it is bound to */
} ours[MOST];
static int count;

static int find(SOCKET socket)
{
    for (int i = count - 1; is_double && i >= 0; i--)
        if (ours[i].socket == socket)
            return i;
    return -1;
}

static SOCKET WSAAPI see_make(int family, int type, int protocol, LPWSAPROTOCOL_INFOW info, GROUP group, DWORD flags)
{
    SOCKET made;

    if (family == AF_UNIX && is_absent) {
        WSASetLastError(WSAEAFNOSUPPORT);
        return INVALID_SOCKET;
    }
    if (family != AF_UNIX || !is_double)
        return __real___imp_WSASocketW(family, type, protocol, info, group, flags);
    made = __real___imp_WSASocketW(AF_INET, type, IPPROTO_TCP, info, group, flags);
    assert_true(count < MOST);
    memset(&ours[count], 0, sizeof ours[count]);
    ours[count++].socket = made;
    return made;
}

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int fails(int os_code)
{
    WSASetLastError(os_code);
    return SOCKET_ERROR;
}

static int WSAAPI see_bind(SOCKET socket, const struct sockaddr *address, int size)
{
    const char *path = ((const SOCKADDR_UN *)address)->sun_path;
    struct sockaddr_in ip = loopback(0);
    int at = find(socket), ip_size = sizeof ip;
    FILE *file;

    if (at < 0)
        return __real___imp_bind(socket, address, size);
    assert_int_equal(size, sizeof(SOCKADDR_UN));
    if (GetFileAttributesA(path) != INVALID_FILE_ATTRIBUTES)
        return fails(WSAEADDRINUSE);
    if (__real___imp_bind(socket, (const struct sockaddr *)&ip, sizeof ip) != 0 ||
        __real___imp_getsockname(socket, (struct sockaddr *)&ip, &ip_size) != 0)
        return SOCKET_ERROR;
    file = fopen(path, "w");
    if (file == NULL)
        return fails(WSAENETDOWN);
    (void)fprintf(file, "%u", ntohs(ip.sin_port));
    (void)fclose(file);
    (void)snprintf(ours[at].path, sizeof ours[at].path, "%s", path);
    return 0;
}

static int WSAAPI see_connect(SOCKET socket, const struct sockaddr *address, int size)
{
    struct sockaddr_in ip;
    unsigned port = 0;
    FILE *file;

    if (find(socket) < 0)
        return __real___imp_connect(socket, address, size);
    file = fopen(((const SOCKADDR_UN *)address)->sun_path, "r");
    if (file == NULL)
        return fails(WSAECONNREFUSED);
    if (fscanf(file, "%u", &port) != 1)
        port = 0;
    (void)fclose(file);
    ip = loopback((uint16_t)port);
    return port == 0 ? fails(WSAECONNREFUSED) : __real___imp_connect(socket, (const struct sockaddr *)&ip, sizeof ip);
}

static int tell(int at, struct sockaddr *address, int *size)
{
    SOCKADDR_UN *un = (SOCKADDR_UN *)address;

    memset(un, 0, (size_t)*size);
    un->sun_family = AF_UNIX;
    if (at >= 0)
        (void)snprintf(un->sun_path, sizeof un->sun_path, "%s", ours[at].path);
    *size = sizeof *un;
    return 0;
}

static int WSAAPI see_getsockname(SOCKET socket, struct sockaddr *address, int *size)
{
    return find(socket) < 0 ? __real___imp_getsockname(socket, address, size) : tell(find(socket), address, size);
}

/* The one who listens is the only one bound. */
static int WSAAPI see_getpeername(SOCKET socket, struct sockaddr *address, int *size)
{
    struct sockaddr_in peer, own;
    int peer_size = sizeof peer, own_size = sizeof own, at = -1;

    if (find(socket) < 0)
        return __real___imp_getpeername(socket, address, size);
    if (__real___imp_getpeername(socket, (struct sockaddr *)&peer, &peer_size) != 0)
        return SOCKET_ERROR;
    for (int i = 0; i < count && at < 0; i++, own_size = sizeof own)
        if (ours[i].path[0] != '\0' &&
            __real___imp_getsockname(ours[i].socket, (struct sockaddr *)&own, &own_size) == 0 &&
            own.sin_port == peer.sin_port)
            at = i;
    return tell(at, address, size);
}

static HANDLE WINAPI see_search(LPCWSTR path, WIN32_FIND_DATAW *entry)
{
    HANDLE search = __real___imp_FindFirstFileW(path, entry);
    const size_t length = wcslen(path);

    if (is_double && search != INVALID_HANDLE_VALUE && length > 5 && wcscmp(path + length - 5, L".sock") == 0) {
        entry->dwFileAttributes |= FILE_ATTRIBUTE_REPARSE_POINT;
        entry->dwReserved0 = 0x80000023; /* IO_REPARSE_TAG_AF_UNIX */
    }
    return search;
}

const make_function __wrap___imp_WSASocketW = see_make;
const to_function __wrap___imp_bind = see_bind, __wrap___imp_connect = see_connect;
const of_function __wrap___imp_getsockname = see_getsockname, __wrap___imp_getpeername = see_getpeername;
const search_function __wrap___imp_FindFirstFileW = see_search;

/* ---- places ---------------------------------------------------------------------------------------------------------- */

/* In the folder the test runs in, short as paths of sockets are. */
static const char *place(const char *name)
{
    static char path[UNIX_PATH_MAX];

    (void)snprintf(path, sizeof path, "fu%lu-%s", (unsigned long)GetCurrentProcessId(), name);
    return path;
}

static bool is_there(const char *path)
{
    return GetFileAttributesA(path) != INVALID_FILE_ATTRIBUTES;
}

static bool is_step(const char *step)
{
    return strcmp(firth_last_failure()->step, step) == 0;
}

/* ---- the tests ------------------------------------------------------------------------------------------------------- */

static int refuse_all(firth_scope *scope, void *argument)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    firth_socket *socket;
    firth_server *server;

    (void)argument;
    EXPECT_EQUAL(firth_unix_bind(&builder, place("none.sock"), &server), FIRTH_ERR_NOT_SUPPORTED);
    EXPECT(is_step("firth_unix") && server == NULL && !is_there(place("none.sock")));
    EXPECT_EQUAL(firth_last_failure()->os_code, WSAEAFNOSUPPORT);
    EXPECT_EQUAL(firth_unix_connect(&builder, place("none.sock"), &socket), FIRTH_ERR_NOT_SUPPORTED);
    EXPECT(is_step("firth_unix") && socket == NULL);
    return FIRTH_OK;
}

static void a_system_without_unix_sockets_is_told_by_name(void **state)
{
    (void)state;
    if (is_double) /* this one is such */
        is_double = false;
    else
        is_absent = true;
    support_run(refuse_all, NULL);
    is_double = !is_absent;
    is_absent = false;
}

static int listen_at(firth_scope *scope, const char *path, firth_server **server)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));

    builder.unlink_on_close = true;
    EXPECT_EQUAL(firth_unix_bind(&builder, path, server), FIRTH_OK);
    return FIRTH_OK;
}

TASK_TEST(bytes_go_both_ways_and_each_end_knows_where_it_is)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    firth_unix_address address;
    firth_socket *a, *b;
    firth_server *server;
    char line[16];

    EXPECT_EQUAL(listen_at(scope, place("both.sock"), &server), FIRTH_OK);
    builder.auto_flush = true;
    for (int i = 0; i < 20; i++) {
        EXPECT_EQUAL(firth_unix_connect(&builder, place("both.sock"), &a), FIRTH_OK);
        EXPECT_EQUAL(firth_accept(server, &b), FIRTH_OK);
        EXPECT_EQUAL(firth_write_string(firth_socket_output(a), "to\n"), FIRTH_OK);
        EXPECT_EQUAL(firth_flush(firth_socket_output(a)), FIRTH_OK);
        EXPECT_EQUAL(firth_read_line(firth_socket_input(b), line, sizeof line), 2);
        EXPECT_EQUAL(firth_write_string(firth_socket_output(b), "fro\n"), FIRTH_OK);
        EXPECT_EQUAL(firth_flush(firth_socket_output(b)), FIRTH_OK);
        EXPECT_EQUAL(firth_read_line(firth_socket_input(a), line, sizeof line), 3);
        EXPECT_EQUAL(firth_unix_peer_address(a, &address), FIRTH_OK);
        EXPECT(strcmp(address.path, place("both.sock")) == 0);
        EXPECT_EQUAL(firth_unix_local_address(b, &address), FIRTH_OK);
        EXPECT_EQUAL(firth_socket_close(a), FIRTH_OK);
        EXPECT_EQUAL(firth_read_line(firth_socket_input(b), line, sizeof line), FIRTH_EOF);
        EXPECT_EQUAL(firth_socket_close(b), FIRTH_OK);
    }
    EXPECT(is_there(place("both.sock")));
    firth_server_close(server);
    EXPECT(!is_there(place("both.sock")));
    EXPECT_EQUAL(firth_unix_connect(&builder, place("both.sock"), &a), FIRTH_ERR_REFUSED);
    return FIRTH_OK;
}

static int accept_one(firth_scope *scope, void *argument)
{
    firth_socket *client;
    int rc = firth_accept(argument, &client);

    (void)scope;
    if (rc >= 0)
        (void)firth_socket_close(client);
    return rc;
}

/* And no client is lost by that. */
TASK_TEST(an_accept_is_cancelled_and_begun_anew)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    firth_server *server;
    firth_socket *socket;

    EXPECT_EQUAL(listen_at(scope, place("late.sock"), &server), FIRTH_OK);
    firth_scope_own_server(scope, server);
    EXPECT_EQUAL(firth_with_timeout(5, accept_one, server), FIRTH_ERR_TIMED_OUT);
    EXPECT_EQUAL(firth_unix_connect(&builder, place("late.sock"), &socket), FIRTH_OK);
    firth_scope_own_socket(scope, socket);
    EXPECT_EQUAL(accept_one(scope, server), FIRTH_OK);
    return FIRTH_OK;
}

TASK_TEST(a_path_that_nobody_listens_at_is_replaced_and_another_is_not)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    firth_server *first, *second;
    FILE *file;

    EXPECT_EQUAL(firth_unix_bind(&builder, place("old.sock"), &first), FIRTH_OK);
    builder.replace_stale = builder.unlink_on_close = true;
    EXPECT_EQUAL(firth_unix_bind(&builder, place("old.sock"), &second), FIRTH_ERR_ADDRESS_IN_USE);
    EXPECT(strstr(firth_last_failure()->detail, "somebody listens there") != NULL);
    firth_server_close(first);
    EXPECT(is_there(place("old.sock")));
    EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    EXPECT_EQUAL(firth_unix_bind(&builder, place("old.sock"), &second), FIRTH_OK);
    firth_server_close(second);
    EXPECT(!is_there(place("old.sock")));
    file = fopen(place("plain"), "w");
    EXPECT(file != NULL && fclose(file) == 0);
    EXPECT_EQUAL(firth_unix_bind(&builder, place("plain"), &second), FIRTH_ERR_ADDRESS_IN_USE);
    EXPECT(strstr(firth_last_failure()->detail, "no socket") != NULL);
    EXPECT_EQUAL(remove(place("plain")), 0);
    return FIRTH_OK;
}

TASK_TEST(what_windows_has_not_is_refused_by_name)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    firth_unix_datagram_socket *datagrams;
    firth_unix_credentials credentials;
    firth_socket *a, *b;
    firth_server *server;
    intptr_t descriptor = 1;

    EXPECT_EQUAL(firth_unix_datagram_bind(&builder, place("d.sock"), &datagrams), FIRTH_ERR_NOT_SUPPORTED);
    EXPECT(is_step("firth_unix_datagram"));
    builder.mode = 0600;
    EXPECT_EQUAL(firth_unix_bind(&builder, place("m.sock"), &server), FIRTH_ERR_NOT_SUPPORTED);
    EXPECT(is_step("option mode") && !is_there(place("m.sock")));
    builder.mode = -1;
    builder.abstract = true;
    EXPECT_EQUAL(firth_unix_bind(&builder, "a", &server), FIRTH_ERR_NOT_SUPPORTED);
    EXPECT(is_step("option abstract"));
    builder.abstract = false;
    EXPECT_EQUAL(listen_at(scope, place("r.sock"), &server), FIRTH_OK);
    firth_scope_own_server(scope, server);
    EXPECT_EQUAL(firth_unix_connect(&builder, place("r.sock"), &a), FIRTH_OK);
    firth_scope_own_socket(scope, a);
    EXPECT_EQUAL(firth_accept(server, &b), FIRTH_OK);
    firth_scope_own_socket(scope, b);
    EXPECT_EQUAL(firth_unix_peer_credentials(a, &credentials), FIRTH_ERR_NOT_SUPPORTED);
    EXPECT(is_step("firth_unix_peer_credentials"));
    EXPECT_EQUAL(firth_unix_send_descriptors(a, "x", 1, &descriptor, 1), FIRTH_ERR_NOT_SUPPORTED);
    EXPECT(is_step("firth_unix_send_descriptors"));
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_system_without_unix_sockets_is_told_by_name),
        cmocka_unit_test(bytes_go_both_ways_and_each_end_knows_where_it_is),
        cmocka_unit_test(an_accept_is_cancelled_and_begun_anew),
        cmocka_unit_test(a_path_that_nobody_listens_at_is_replaced_and_another_is_not),
        cmocka_unit_test(what_windows_has_not_is_refused_by_name),
    };
    WSADATA data;
    SOCKET socket;

    if (WSAStartup(MAKEWORD(2, 2), &data) != 0)
        return 1;
    socket = __real___imp_WSASocketW(AF_UNIX, SOCK_STREAM, 0, NULL, 0, WSA_FLAG_OVERLAPPED);
    is_double = socket == INVALID_SOCKET;
    if (is_double)
        printf("WSASocketW(AF_UNIX) fails here with %d: a double stands in for Unix sockets\n", WSAGetLastError());
    else
        (void)closesocket(socket);
    return support_main(argc, argv, "Unix sockets on Windows", tests, sizeof tests / sizeof tests[0]);
}
