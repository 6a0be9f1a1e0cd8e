/* SPDX-License-Identifier: Apache-2.0 */
/* Receives that have taken bytes when they are cancelled. The bytes come on the way to the system's cancel, so that they are
 * always there before it; what its packet says then is what Wine says, that the receive is done, or what Windows may say
 * too, that it was cancelled and had taken them. */
#include <winsock2.h>

#include "tests/support/support.h"

/* ---- the calls that are looked at ---------------------------------------------------------------------------------- */

static const ULONG_PTR status_cancelled = 0xC0000120;

static struct {
    SOCKET peer; /* what sends when a receive is cancelled; INVALID_SOCKET: none does */
    bool as_cancelled;
    OVERLAPPED *cancelled;
    DWORD taken;   /* how many bytes it had taken */
    int too_late;  /* cancels for which there was nothing left */
    bool stands;   /* the clock, so that no wait is a long one */
    int64_t at_ns; /* when it does */
} seen = {.peer = INVALID_SOCKET};

typedef BOOL(WINAPI *cancel_function)(HANDLE, OVERLAPPED *);
typedef BOOL(WINAPI *look_function)(HANDLE, OVERLAPPED_ENTRY *, ULONG, ULONG *, DWORD, BOOL);

extern const cancel_function __real___imp_CancelIoEx, __wrap___imp_CancelIoEx;
extern const look_function __real___imp_GetQueuedCompletionStatusEx, __wrap___imp_GetQueuedCompletionStatusEx;
int64_t __real_firth_now_ns(void);
int64_t __wrap_firth_now_ns(void);

static BOOL WINAPI cancel_late(HANDLE handle, OVERLAPPED *overlapped)
{
    BOOL found;

    if (seen.peer != INVALID_SOCKET) {
        if (send(seen.peer, "abc", 3, 0) != 3)
            abort();
        seen.peer = INVALID_SOCKET;
        while (!HasOverlappedIoCompleted(overlapped))
            (void)SwitchToThread();
        seen.taken = (DWORD)overlapped->InternalHigh;
        seen.cancelled = overlapped;
    }
    found = __real___imp_CancelIoEx(handle, overlapped);
    if (!found && GetLastError() == ERROR_NOT_FOUND)
        seen.too_late++;
    return found;
}

static BOOL WINAPI see_look(HANDLE port, OVERLAPPED_ENTRY *entries, ULONG most, ULONG *count, DWORD timeout_ms,
                            BOOL alertable)
{
    const BOOL has_some = __real___imp_GetQueuedCompletionStatusEx(port, entries, most, count, timeout_ms, alertable);

    for (ULONG i = 0; has_some && i < *count; i++)
        if (seen.as_cancelled && seen.cancelled != NULL && entries[i].lpOverlapped == seen.cancelled) {
            seen.cancelled->Internal = entries[i].Internal = status_cancelled;
            seen.cancelled = NULL;
        }
    return has_some;
}

const cancel_function __wrap___imp_CancelIoEx = cancel_late;
const look_function __wrap___imp_GetQueuedCompletionStatusEx = see_look;

int64_t __wrap_firth_now_ns(void)
{
    return seen.stands ? seen.at_ns : __real_firth_now_ns();
}

/* ---- reads ----------------------------------------------------------------------------------------------------------- */

enum { LARGE_BYTES = 128 * 1024 };

typedef struct reading {
    firth_socket *socket;
    size_t size;
    int64_t result;
    char bytes[LARGE_BYTES];
} reading;

static int read_some(firth_scope *scope, void *argument)
{
    reading *job = argument;

    (void)scope;
    job->result = firth_read(firth_socket_input(job->socket), job->bytes, job->size);
    return FIRTH_OK;
}

/* A read of that size, which waits, and is cancelled as "abc" comes. */
static int cancel_late_read(firth_scope *scope, reading *job, const firth_socket *peer)
{
    firth_scope inner;

    seen.too_late = 0;
    seen.taken = 0;
    seen.peer = (SOCKET)firth_socket_descriptor(peer);
    firth_scope_open(&inner, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&inner, read_some, job, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    firth_scope_cancel(&inner);
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_OK), FIRTH_OK);
    EXPECT(seen.peer == INVALID_SOCKET);
    EXPECT_EQUAL(seen.too_late, 1);
    return FIRTH_OK;
}

/* Whatever the read came to, the next goes on behind it. */
static int expect_all_read(reading *job)
{
    const size_t got = job->result > 0 ? (size_t)job->result : 0;
    char rest[3];

    EXPECT(got <= 3);
    EXPECT_BYTES(job->bytes, "abc", got);
    EXPECT_EQUAL(firth_read_fully(firth_socket_input(job->socket), rest, 3 - got), 3 - got);
    EXPECT_BYTES(rest, &"abc"[got], 3 - got);
    return FIRTH_OK;
}

/* A pair, and a reader of `size` bytes at one of its ends. */
static int open_reading(firth_scope *scope, reading *job, size_t size, bool as_cancelled, firth_socket **a)
{
    seen.as_cancelled = as_cancelled;
    job->size = size;
    EXPECT_EQUAL(support_pair(scope, a, &job->socket), FIRTH_OK);
    firth_scope_own_socket(scope, *a);
    firth_scope_own_socket(scope, job->socket);
    return FIRTH_OK;
}

/* The first wait has no buffer, and those after it have one, as it was short. */
static int cancel_late_waits(firth_scope *scope, bool as_cancelled)
{
    static reading job;
    firth_socket *a;

    EXPECT_EQUAL(open_reading(scope, &job, 2, as_cancelled, &a), FIRTH_OK);
    for (int i = 0; i < 10; i++) {
        EXPECT_EQUAL(cancel_late_read(scope, &job, a), FIRTH_OK);
        EXPECT_EQUAL(seen.taken, i == 0 ? 0 : 3);
        EXPECT_EQUAL(job.result, i == 0 && as_cancelled ? FIRTH_ERR_CANCELED : 2);
        EXPECT_EQUAL(expect_all_read(&job), FIRTH_OK);
    }
    return FIRTH_OK;
}

/* One of more than a block goes into the caller's memory. */
static int cancel_late_large_reads(firth_scope *scope, bool as_cancelled)
{
    static reading job;
    firth_socket *a;

    EXPECT_EQUAL(open_reading(scope, &job, LARGE_BYTES, as_cancelled, &a), FIRTH_OK);
    EXPECT(firth_read_capacity(firth_socket_input(job.socket)) <= LARGE_BYTES);
    for (int i = 0; i < 10; i++) {
        EXPECT_EQUAL(cancel_late_read(scope, &job, a), FIRTH_OK);
        EXPECT_EQUAL(seen.taken, 3);
        EXPECT_EQUAL(job.result, 3);
        EXPECT_EQUAL(expect_all_read(&job), FIRTH_OK);
    }
    return FIRTH_OK;
}

static int all_late_reads(firth_scope *scope, bool as_cancelled)
{
    int rc;

    seen.at_ns = firth_now_ns();
    seen.stands = true;
    rc = cancel_late_waits(scope, as_cancelled);
    if (rc >= 0)
        rc = cancel_late_large_reads(scope, as_cancelled);
    seen.stands = seen.as_cancelled = false;
    seen.peer = INVALID_SOCKET;
    return rc;
}

/* There is nothing to cancel any more, and the packet is in the port. */
TASK_TEST(bytes_that_came_before_the_cancel_are_read)
{
    return all_late_reads(scope, false);
}

TASK_TEST(bytes_that_a_cancelled_receive_had_taken_are_read)
{
    return all_late_reads(scope, true);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_that_came_before_the_cancel_are_read),
        cmocka_unit_test(bytes_that_a_cancelled_receive_had_taken_are_read),
    };

    return support_main(argc, argv, "receives that are cancelled late", tests, sizeof tests / sizeof tests[0]);
}
