/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/iocp/iocp.h"

/* Calls of ntdll.dll: NtSetInformationFile and NtQueryInformationFile. */
typedef LONG(NTAPI *file_function)(HANDLE, void *, void *, ULONG, int);

static file_function find(const char *name)
{
    HMODULE library = GetModuleHandleW(L"ntdll.dll");
    union {
        FARPROC any;
        file_function call;
    } found = {.any = library != NULL ? GetProcAddress(library, name) : NULL};

    return found.call;
}

typedef struct io_status {
    void *status;
    ULONG_PTR information;
} io_status;

/* A socket that was made without WSA_FLAG_OVERLAPPED takes no notice of an OVERLAPPED: each of its calls ends at once, and
 * no packet comes. Test: a_socket_without_overlapped_calls_is_not_adopted. */
static bool has_overlapped_calls(SOCKET socket)
{
    enum { FILE_MODE = 16, SYNCHRONOUS = 0x10 | 0x20 };
    const file_function query = find("NtQueryInformationFile");
    io_status told = {NULL, 0};
    ULONG mode = 0;

    return query == NULL || query((HANDLE)socket, &told, &mode, sizeof mode, FILE_MODE) < 0 ||
           (mode & SYNCHRONOUS) == 0;
}

/* A connected socket of TCP or a Unix stream socket; *state is that of its io. */
static int check(SOCKET socket, bool is_unix, uint32_t *state)
{
    WSAPROTOCOL_INFOW info;
    struct sockaddr_storage peer;
    int size = sizeof info, peer_size = sizeof peer, family;

    if (getsockopt(socket, SOL_SOCKET, SO_PROTOCOL_INFOW, (char *)&info, &size) != 0)
        return fth_fail_last("getsockopt(SO_PROTOCOL_INFOW)");
    family = info.iAddressFamily;
    if (info.iSocketType != SOCK_STREAM || !has_overlapped_calls(socket) ||
        (is_unix ? family != AF_UNIX : info.iProtocol != IPPROTO_TCP || (family != AF_INET && family != AF_INET6)))
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "adopt");
    *state = is_unix ? FTH_UNIX : family == AF_INET6 ? FTH_IPV6 : 0;
    if (!fth_is_systems_own(&info))
        *state |= FTH_LAYERED;
    if (getpeername(socket, (struct sockaddr *)&peer, &peer_size) != 0)
        return fth_fail_last("getpeername");
    return FIRTH_OK;
}

/* Non-blocking, not inherited, and without a linger of its previous owner. Undoes what it did when a later step fails, but
 * for what cannot be asked: whether it was non-blocking. */
static int prepare(SOCKET socket)
{
    static const struct linger none = {0};
    u_long on = 1;
    DWORD flags = 0;
    int rc;

    if (!GetHandleInformation((HANDLE)socket, &flags) || !SetHandleInformation((HANDLE)socket, HANDLE_FLAG_INHERIT, 0))
        return fth_fail_last("SetHandleInformation");
    if (setsockopt(socket, SOL_SOCKET, SO_LINGER, (const char *)&none, sizeof none) != 0)
        rc = fth_fail_last("setsockopt(SO_LINGER)");
    else if (ioctlsocket(socket, (long)FIONBIO, &on) != 0)
        rc = fth_fail_last("ioctlsocket(FIONBIO)");
    else
        return FIRTH_OK;
    (void)SetHandleInformation((HANDLE)socket, HANDLE_FLAG_INHERIT, flags & HANDLE_FLAG_INHERIT);
    return rc;
}

int fth_adopt(firth_io *io, intptr_t native, bool is_unix)
{
    fth_iocp *iocp = fth_iocp_of(io);
    fth_record *record;
    uint32_t state = 0;
    int rc;

    io->native = -1;
    if (native == -1)
        return firth_fail(FIRTH_ERR_ARGUMENT, WSAENOTSOCK, "adopt");
    rc = check((SOCKET)native, is_unix, &state);
    if (rc < 0)
        return rc;
    record = fth_record_take(iocp);
    if (record == NULL)
        return FIRTH_ERR_NO_MEMORY;
    rc = prepare((SOCKET)native);
    if (rc < 0) {
        fth_record_give(iocp, record);
        return rc;
    }
    io->native = native;
    io->state = state;
    fth_record_use(record, io);
    return FIRTH_OK;
}

int fth_iocp_adopt(firth_io *io, intptr_t native)
{
    return fth_adopt(io, native, false);
}

/* Windows 8.1 can part a socket from its port (FileReplaceCompletionInformation), by a call that is looked up, as it is of
 * ntdll.dll. Where it cannot, the socket joins no other: a selector that adopts it then makes do with events, see
 * events.c. */
static void part(SOCKET socket)
{
    enum { REPLACE_COMPLETION = 61 };
    struct {
        HANDLE port;
        void *key;
    } none = {NULL, NULL};
    const file_function set = find("NtSetInformationFile");
    io_status told = {NULL, 0};

    if (set != NULL)
        (void)set((HANDLE)socket, &told, &none, sizeof none, REPLACE_COMPLETION);
}

int fth_iocp_release(firth_io *io, intptr_t *native)
{
    if (fth_record_of(io)->ahead_start < fth_record_of(io)->ahead_end) /* received, and not ours to lose */
        return firth_fail(FIRTH_ERR_BUSY, 0, "release");
    *native = io->native;
    if ((io->state & FTH_JOINED) != 0 && fth_record_of(io)->reading_event.event == NULL)
        part(fth_socket_of(io));
    fth_record_give(fth_iocp_of(io), fth_record_of(io));
    io->native = -1;
    io->state = 0;
    return FIRTH_OK;
}
