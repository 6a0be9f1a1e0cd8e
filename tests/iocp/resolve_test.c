/* SPDX-License-Identifier: Apache-2.0 */
/* Names by GetAddrInfoExW, and how a look-up is stopped that nobody waits for any more. Wine 8 gives no handle to stop one by,
 * so where one is held here it behaves as Windows's is documented: pending, until GetAddrInfoExCancel ends it at once. */
#include <winsock2.h>

#include <ws2tcpip.h>

#include "tests/support/support.h"

#include <firth/port.h>

#include <stdatomic.h>

typedef FARPROC(WINAPI *find_function)(HMODULE, const char *);
typedef DWORD(WINAPI *wait_function)(HANDLE, DWORD);
typedef int(WSAAPI *get_function)(PCWSTR, PCWSTR, DWORD, LPGUID, const ADDRINFOEXW *, PADDRINFOEXW *, struct timeval *,
                                  LPOVERLAPPED, void *, LPHANDLE);
typedef int(WSAAPI *result_function)(LPOVERLAPPED);
typedef int(WSAAPI *cancel_function)(LPHANDLE);

extern const find_function __real___imp_GetProcAddress, __wrap___imp_GetProcAddress;
extern const wait_function __real___imp_WaitForSingleObject, __wrap___imp_WaitForSingleObject;

static struct {
    get_function get; /* the system's */
    result_function get_result;
    cancel_function cancel;
    atomic_bool is_missing; /* an older system */
    atomic_int asked;
    atomic_int to_hold; /* how many yet */
    _Atomic(OVERLAPPED *) held;
    _Atomic(HANDLE) event; /* of the one that is held */
    atomic_bool is_awaited;
    atomic_int cancelled, ended;
} seen;

static const HANDLE held_handle = &seen;

static int WSAAPI see_get(PCWSTR host, PCWSTR service, DWORD space, LPGUID provider, const ADDRINFOEXW *hints,
                          PADDRINFOEXW *list, struct timeval *timeout, LPOVERLAPPED overlapped, void *routine,
                          LPHANDLE handle)
{
    seen.asked++;
    if (seen.to_hold == 0)
        return seen.get(host, service, space, provider, hints, list, timeout, overlapped, routine, handle);
    seen.to_hold--;
    seen.held = overlapped;
    seen.event = overlapped->hEvent;
    *handle = held_handle;
    return WSA_IO_PENDING;
}

static int WSAAPI see_cancel(LPHANDLE handle)
{
    if (*handle != held_handle)
        return seen.cancel(handle);
    seen.cancelled++;
    (void)SetEvent(seen.event);
    return 0;
}

static int WSAAPI see_result(LPOVERLAPPED overlapped)
{
    if (overlapped != seen.held)
        return seen.get_result(overlapped);
    seen.held = NULL;
    seen.ended++;
    return WSA_E_CANCELLED;
}

/* Puts ours in the place of what was found, which is kept. */
static FARPROC replace(FARPROC found, void *kept, const void *ours)
{
    memcpy(kept, &found, sizeof found);
    memcpy(&found, ours, sizeof found);
    return found;
}

static FARPROC WINAPI see_find(HMODULE library, const char *name)
{
    static const get_function get = see_get;
    static const result_function get_result = see_result;
    static const cancel_function cancel = see_cancel;
    const FARPROC found = __real___imp_GetProcAddress(library, name);

    if (strcmp(name, "GetAddrInfoExW") == 0)
        return seen.is_missing ? NULL : replace(found, &seen.get, &get);
    if (strcmp(name, "GetAddrInfoExOverlappedResult") == 0)
        return replace(found, &seen.get_result, &get_result);
    if (strcmp(name, "GetAddrInfoExCancel") == 0)
        return replace(found, &seen.cancel, &cancel);
    return found;
}

static DWORD WINAPI see_wait(HANDLE handle, DWORD timeout_ms)
{
    if (handle != NULL && handle == seen.event)
        seen.is_awaited = true;
    return __real___imp_WaitForSingleObject(handle, timeout_ms);
}

const find_function __wrap___imp_GetProcAddress = see_find;
const wait_function __wrap___imp_WaitForSingleObject = see_wait;

static bool is_loopback(const firth_address *address)
{
    return address->family == FIRTH_FAMILY_IPV4 ? address->ip[0] == 127 : address->ip[15] == 1;
}

static int ask(firth_scope *scope, void *argument)
{
    firth_address address;

    (void)scope;
    *(int *)argument = firth_resolve("localhost", NULL, NULL, &address, 1);
    return FIRTH_OK;
}

/* ---- the tests ----------------------------------------------------------------------------------------------------- */

TASK_TEST(a_name_is_looked_up_by_the_call_that_can_be_stopped)
{
    firth_address address = {.family = FIRTH_FAMILY_NONE};
    const int before = seen.asked;

    EXPECT(firth_resolve("localhost", "http", NULL, &address, 1) >= 1);
    EXPECT(is_loopback(&address));
    EXPECT_EQUAL(address.port, 80);
    EXPECT_EQUAL(seen.asked, before + 1);
    EXPECT_EQUAL(firth_resolve("localhost", "no-such-service", NULL, &address, 1), FIRTH_ERR_NAME_NOT_FOUND);
    EXPECT_EQUAL(seen.asked, before + 2);
    return FIRTH_OK;
}

TASK_TEST(a_system_without_that_call_has_another)
{
    firth_address address = {.family = FIRTH_FAMILY_NONE};
    const int before = seen.asked;

    seen.is_missing = true;
    EXPECT(firth_resolve("localhost", "http", NULL, &address, 1) >= 1);
    seen.is_missing = false;
    EXPECT(is_loopback(&address));
    EXPECT_EQUAL(address.port, 80);
    EXPECT_EQUAL(seen.asked, before);
    return FIRTH_OK;
}

/* And who asks for that name next has a look-up of his own, at once: one that was stopped has no answer. */
TASK_TEST(a_look_up_that_nobody_waits_for_is_stopped)
{
    const int before = seen.asked;
    firth_address address;
    firth_scope asking;
    int result = 0;

    seen.is_awaited = false;
    seen.to_hold = 1;
    firth_scope_open(&asking, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&asking, ask, &result, NULL), FIRTH_OK);
    while (!seen.is_awaited)
        EXPECT_EQUAL(firth_sleep(1), FIRTH_OK);
    EXPECT_EQUAL(seen.cancelled, 0);
    firth_scope_cancel(&asking);
    EXPECT_EQUAL(firth_scope_close(&asking, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(result, FIRTH_ERR_CANCELED);
    EXPECT_EQUAL(seen.cancelled, 1);
    EXPECT(firth_resolve("localhost", NULL, NULL, &address, 1) >= 1);
    EXPECT(is_loopback(&address));
    EXPECT_EQUAL(seen.asked, before + 2);
    while (seen.ended == 0) /* its thread is free again */
        EXPECT_EQUAL(firth_sleep(1), FIRTH_OK);
    return FIRTH_OK;
}

static void what_is_not_under_way_is_not_stopped(void **state)
{
    const firth_port_name name = {.host = "localhost", .service = "1"};
    firth_port_answer answer = {.os_code = -1};

    (void)state;
    assert_false(firth_port_resolve_cancel(&answer));
    assert_true(firth_port_resolve(&name, &answer) >= 1);
    assert_false(firth_port_resolve_cancel(&answer));
    firth_port_release(answer.addresses);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_looked_up_by_the_call_that_can_be_stopped),
        cmocka_unit_test(a_system_without_that_call_has_another),
        cmocka_unit_test(a_look_up_that_nobody_waits_for_is_stopped),
        cmocka_unit_test(what_is_not_under_way_is_not_stopped),
    };

    return support_main(argc, argv, "names on Windows", tests, sizeof tests / sizeof tests[0]);
}
