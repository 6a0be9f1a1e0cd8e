/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines, where looks at the port give up much later than they were told to: Windows's clock ticks every 16 ms. Wine's
 * gives up in time, so it is held up here, by far more than a slow machine would. */
#include <winsock2.h>

#include "tests/support/support.h"

enum { LATE_MS = 3000, SHORT_MS = 64 };

typedef BOOL(WINAPI *look_function)(HANDLE, OVERLAPPED_ENTRY *, ULONG, ULONG *, DWORD, BOOL);
typedef HANDLE(WINAPI *make_function)(SECURITY_ATTRIBUTES *, LPCWSTR, DWORD, DWORD);
typedef BOOL(WINAPI *set_function)(HANDLE, const LARGE_INTEGER *, LONG, PTIMERAPCROUTINE, LPVOID, BOOL);

extern const look_function __real___imp_GetQueuedCompletionStatusEx, __wrap___imp_GetQueuedCompletionStatusEx;
extern const make_function __real___imp_CreateWaitableTimerExW, __wrap___imp_CreateWaitableTimerExW;
extern const set_function __real___imp_SetWaitableTimer, __wrap___imp_SetWaitableTimer;

static struct {
    bool is_late; /* short looks are */
    bool has_no_timer;
    int sets;
    DWORD longest_ms; /* that a look was told */
} seen;

static BOOL WINAPI see_look(HANDLE port, OVERLAPPED_ENTRY *entries, ULONG most, ULONG *count, DWORD timeout_ms,
                            BOOL alertable)
{
    if (timeout_ms != INFINITE && timeout_ms > seen.longest_ms)
        seen.longest_ms = timeout_ms;
    if (seen.is_late && timeout_ms > 0 && timeout_ms <= SHORT_MS)
        timeout_ms += LATE_MS;
    return __real___imp_GetQueuedCompletionStatusEx(port, entries, most, count, timeout_ms, alertable);
}

static HANDLE WINAPI see_make(SECURITY_ATTRIBUTES *attributes, LPCWSTR name, DWORD flags, DWORD access)
{
    if (seen.has_no_timer) { /* as a system that does not know the flag */
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    return __real___imp_CreateWaitableTimerExW(attributes, name, flags, access);
}

static BOOL WINAPI see_set(HANDLE timer, const LARGE_INTEGER *due, LONG period, PTIMERAPCROUTINE routine,
                           LPVOID argument, BOOL resume)
{
    seen.sets++;
    return __real___imp_SetWaitableTimer(timer, due, period, routine, argument, resume);
}

const look_function __wrap___imp_GetQueuedCompletionStatusEx = see_look;
const make_function __wrap___imp_CreateWaitableTimerExW = see_make;
const set_function __wrap___imp_SetWaitableTimer = see_set;

static int expect_sleep(int64_t ms)
{
    const int64_t start_ns = firth_now_ns();
    int64_t took_ns;

    EXPECT_EQUAL(firth_sleep(ms), FIRTH_OK);
    took_ns = firth_now_ns() - start_ns;
    EXPECT(took_ns >= ms * 1000000);
    EXPECT(took_ns < (ms + LATE_MS) * 1000000);
    return FIRTH_OK;
}

TASK_TEST(a_short_wait_is_ended_by_the_timer)
{
    (void)scope;
    seen.is_late = true;
    for (int i = 0; i < 20; i++)
        EXPECT_EQUAL(expect_sleep(1 + i % 4), FIRTH_OK);
    seen.is_late = false;
    return FIRTH_OK;
}

/* Its last part is, for which the timer is set once; a look at the port waits for the rest. A machine that is so slow that
 * the look takes the last part too leaves nothing for the timer, and is asked again. */
TASK_TEST(so_is_a_long_one)
{
    enum { TRIES = 30 };

    (void)scope;
    seen.is_late = true;
    seen.sets = 0;
    seen.longest_ms = 0;
    for (int i = 0; i < TRIES && seen.sets == 0; i++)
        EXPECT_EQUAL(expect_sleep(400), FIRTH_OK);
    seen.is_late = false;
    EXPECT(seen.longest_ms > 100 && seen.longest_ms <= 400 - 32);
    EXPECT(seen.sets >= 1 && seen.sets < 10);
    return FIRTH_OK;
}

/* Of a thousand deadlines that do not come none sets it. */
TASK_TEST(a_deadline_that_moves_on_costs_no_call)
{
    firth_socket *a, *b;
    char byte = 'x';

    EXPECT_EQUAL(support_pair(scope, &a, &b), FIRTH_OK);
    firth_scope_own_socket(scope, a);
    firth_scope_own_socket(scope, b);
    seen.sets = 0;
    for (int i = 0; i < 1000; i++) {
        const firth_scope_options limit = {.timeout_ms = 60000};
        firth_scope within;

        firth_scope_open(&within, scope, &limit);
        EXPECT_EQUAL(firth_write(firth_socket_output(a), &byte, 1), FIRTH_OK);
        EXPECT_EQUAL(firth_flush(firth_socket_output(a)), FIRTH_OK);
        EXPECT_EQUAL(firth_read(firth_socket_input(b), &byte, 1), 1);
        EXPECT_EQUAL(firth_scope_close(&within, FIRTH_OK), FIRTH_OK);
    }
    EXPECT_EQUAL(seen.sets, 0);
    return FIRTH_OK;
}

static int sleep_briefly(firth_scope *scope, void *argument)
{
    const int64_t start_ns = firth_now_ns();

    (void)scope;
    (void)argument;
    seen.sets = 0;
    for (int i = 0; i < 5; i++)
        EXPECT_EQUAL(firth_sleep(2), FIRTH_OK);
    EXPECT(firth_now_ns() - start_ns >= 10 * 1000000);
    EXPECT_EQUAL(seen.sets, 0);
    return FIRTH_OK;
}

static void a_system_without_such_timers_has_deadlines_too(void **state)
{
    (void)state;
    seen.has_no_timer = true;
    support_run(sleep_briefly, NULL);
    seen.has_no_timer = false;
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_short_wait_is_ended_by_the_timer),
        cmocka_unit_test(so_is_a_long_one),
        cmocka_unit_test(a_deadline_that_moves_on_costs_no_call),
        cmocka_unit_test(a_system_without_such_timers_has_deadlines_too),
    };

    return support_main(argc, argv, "timers of Windows", tests, sizeof tests / sizeof tests[0]);
}
