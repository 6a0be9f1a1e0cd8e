/* SPDX-License-Identifier: Apache-2.0 */
/* The port of Windows: clock, entropy, files and variables whose names are no ASCII, authorities, interfaces, Ctrl-C. */
#include "tests/support/support.h"

#include <windows.h>

#include <firth/port.h>
#include <stdio.h>

/* ---- clock and entropy ------------------------------------------------------------------------------------------------ */

/* Its steps are far below those of 16 ms that the system's ticks have. */
static void the_clock_never_goes_back_and_has_small_steps(void **state)
{
    int64_t last_ns = firth_port_now_ns(), smallest_ns = INT64_MAX;

    (void)state;
    assert_true(last_ns > 0);
    for (int i = 0; i < 10000; i++) {
        const int64_t now_ns = firth_port_now_ns();

        assert_true(now_ns >= last_ns);
        if (now_ns > last_ns && now_ns - last_ns < smallest_ns)
            smallest_ns = now_ns - last_ns;
        last_ns = now_ns;
    }
    assert_true(smallest_ns < 1000000);
}

static void entropy_fills_all_of_it_and_never_twice_alike(void **state)
{
    enum { BYTES = (1 << 20) + 100 }; /* more than the system is asked for at once */
    unsigned char *a = calloc(1, BYTES), *b = calloc(1, BYTES);
    static const unsigned char zeros[64];

    (void)state;
    assert_non_null(a);
    assert_non_null(b);
    assert_int_equal(firth_port_entropy(a, BYTES), FIRTH_OK);
    assert_int_equal(firth_port_entropy(b, BYTES), FIRTH_OK);
    assert_memory_not_equal(a, b, 64);
    assert_memory_not_equal(a + BYTES - sizeof zeros, zeros, sizeof zeros);
    assert_memory_not_equal(a + BYTES - 64, b + BYTES - 64, 64);
    free(a);
    free(b);
}

/* ---- files -------------------------------------------------------------------------------------------------------------- */

/* Outside every code page together: German, Greek, Chinese, and one beyond 16 bits. */
static const wchar_t wide_name[] = L"f\x00fcr-\x03bb-\x4e2d-\xd83d\xde00.pem";

static wchar_t folder[MAX_PATH], wide_path[2 * MAX_PATH];
static char path[4 * MAX_PATH];

static int make_file(void **state)
{
    wchar_t own[64];
    HANDLE file;
    DWORD written;

    (void)state;
    (void)swprintf(own, sizeof own / sizeof own[0], L"firth-port-%lu\\", (unsigned long)GetCurrentProcessId());
    if (GetTempPathW(MAX_PATH - 64, folder) == 0)
        return -1;
    wcscat(folder, own);
    wcscpy(wide_path, folder);
    wcscat(wide_path, wide_name);
    if (!CreateDirectoryW(folder, NULL) && GetLastError() != ERROR_ALREADY_EXISTS)
        return -1;
    file = CreateFileW(wide_path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    if (file == INVALID_HANDLE_VALUE || !WriteFile(file, "content", 7, &written, NULL) || !CloseHandle(file))
        return -1;
    return WideCharToMultiByte(CP_UTF8, 0, wide_path, -1, path, sizeof path, NULL, NULL) > 0 ? 0 : -1;
}

static int remove_file(void **state)
{
    (void)state;
    return DeleteFileW(wide_path) && RemoveDirectoryW(folder) ? 0 : -1;
}

static void a_path_is_utf_8(void **state)
{
    const char *why = NULL;
    void *bytes = NULL;
    size_t size = 0;
    int os_code = -1;

    (void)state;
    assert_int_equal(firth_port_read_file(path, 100, &bytes, &size, &os_code, &why), FIRTH_OK);
    assert_int_equal(size, 7);
    assert_memory_equal(bytes, "content", 8);
    firth_port_release(bytes);
}

static void expect_unreadable(const char *name, size_t most_bytes, const char *expected)
{
    const char *why = NULL;
    void *bytes = NULL;
    size_t size = 0;
    int os_code = 0;

    assert_int_equal(firth_port_read_file(name, most_bytes, &bytes, &size, &os_code, &why), FIRTH_ERR_SYSTEM);
    assert_string_equal(why, expected);
    assert_int_not_equal(os_code, 0);
}

static void what_cannot_be_read_is_told_in_words(void **state)
{
    char other[sizeof path];

    (void)state;
    (void)snprintf(other, sizeof other, "%s.not-there", path);
    expect_unreadable(other, 100, "no such file");
    expect_unreadable("C:\\\xff\xfe", 100, "no such file"); /* no UTF-8 */
    expect_unreadable(path, 6, "too long");
    strrchr(strcpy(other, path), '\\')[0] = '\0';
    expect_unreadable(other, 100, "a folder, not a file");
}

/* ---- authorities ---------------------------------------------------------------------------------------------------------- */

typedef struct shown {
    int count; /* with something in them */
    int der;   /* that begin as certificates do */
    bool is_nothing_told;
    char place[sizeof path];
    unsigned char first[16];
} shown;

static bool show(void *argument, const char *place, unsigned char *bytes, size_t size)
{
    shown *to = argument;

    (void)snprintf(to->place, sizeof to->place, "%s", place);
    to->is_nothing_told |= bytes == NULL;
    if (bytes == NULL)
        return false;
    to->count++;
    to->der += size > 4 && bytes[0] == 0x30 && bytes[size] == '\0';
    memcpy(to->first, bytes, size < sizeof to->first ? size : sizeof to->first);
    return true;
}

static void authorities_are_those_of_the_store(void **state)
{
    shown all = {.count = 0};

    (void)state;
    assert_true(SetEnvironmentVariableW(L"SSL_CERT_FILE", NULL) || GetLastError() == ERROR_ENVVAR_NOT_FOUND);
    assert_true(SetEnvironmentVariableW(L"SSL_CERT_DIR", NULL) || GetLastError() == ERROR_ENVVAR_NOT_FOUND);
    assert_int_equal(firth_port_authorities(show, &all), FIRTH_OK);
    assert_string_equal(all.place, "the system's certificate store ROOT");
    assert_int_equal(all.der, all.count);
    assert_true((all.count > 0) != all.is_nothing_told); /* a machine may trust nobody */
}

static void a_file_or_folder_that_a_variable_names_takes_its_place(void **state)
{
    shown all = {.count = 0};

    (void)state;
    assert_true(SetEnvironmentVariableW(L"SSL_CERT_FILE", wide_path));
    assert_int_equal(firth_port_authorities(show, &all), FIRTH_OK);
    assert_true(SetEnvironmentVariableW(L"SSL_CERT_FILE", NULL));
    assert_int_equal(all.count, 1);
    assert_string_equal(all.place, path);
    assert_memory_equal(all.first, "content", 7);
    memset(&all, 0, sizeof all);
    assert_true(SetEnvironmentVariableW(L"SSL_CERT_DIR", folder));
    assert_int_equal(firth_port_authorities(show, &all), FIRTH_OK);
    assert_true(SetEnvironmentVariableW(L"SSL_CERT_DIR", NULL));
    assert_int_equal(all.count, 1);
    assert_memory_equal(all.first, "content", 7);
}

/* Far more bytes of UTF-8 than a path has characters. */
static void a_folder_with_a_long_name_is_looked_through(void **state)
{
    static const wchar_t part[] = L"\x4e2d\x4e2d\x4e2d\x4e2d\x4e2d\x4e2d\x4e2d\x4e2d\x4e2d\x4e2d";
    enum { PARTS = 8, LEVELS = 2 };
    wchar_t levels[LEVELS][MAX_PATH], file[MAX_PATH];
    shown all = {.count = 0};

    (void)state;
    for (int level = 0; level < LEVELS; level++) {
        wcscpy(levels[level], level == 0 ? folder : levels[level - 1]);
        wcscat(levels[level], level == 0 ? L"" : L"\\");
        for (int i = 0; i < PARTS; i++)
            wcscat(levels[level], part);
        assert_true(CreateDirectoryW(levels[level], NULL));
    }
    wcscpy(file, levels[LEVELS - 1]);
    wcscat(file, L"\\one.pem");
    assert_true(CopyFileW(wide_path, file, TRUE));
    assert_true(SetEnvironmentVariableW(L"SSL_CERT_DIR", levels[LEVELS - 1]));
    assert_int_equal(firth_port_authorities(show, &all), FIRTH_OK);
    assert_true(SetEnvironmentVariableW(L"SSL_CERT_DIR", NULL));
    assert_true(DeleteFileW(file));
    for (int level = LEVELS - 1; level >= 0; level--)
        assert_true(RemoveDirectoryW(levels[level]));
    assert_int_equal(all.count, 1);
    assert_true(strlen(all.place) > 512);
}

/* ---- interfaces ------------------------------------------------------------------------------------------------------------ */

static void loopback_is_an_interface_that_is_found_by_name_and_by_index(void **state)
{
    firth_interface all[32], found;
    firth_subnet addresses[16];
    int os_code = -1, count = firth_port_interfaces(all, 32, &os_code), loopback = 0, own;
    bool has_loopback = false, has_address = false;

    (void)state;
    assert_true(count > 0 && count <= 32);
    for (int i = 0; i < count; i++) {
        if ((all[i].flags & FIRTH_INTERFACE_LOOPBACK) != 0) {
            has_loopback = true;
            loopback = i;
        }
        assert_true(i == 0 || all[i - 1].index <= all[i].index);
    }
    assert_true(has_loopback);
    assert_int_equal(firth_port_interface_find(all[loopback].name, 0, &found, &os_code), FIRTH_OK);
    assert_int_equal(found.index, all[loopback].index);
    assert_int_equal(firth_port_interface_find(NULL, found.index, &found, &os_code), FIRTH_OK);
    assert_string_equal(found.name, all[loopback].name);
    assert_int_equal(firth_port_interface_find("no such interface", 0, &found, &os_code),
                     FIRTH_ERR_ADDRESS_NOT_AVAILABLE);
    own = firth_port_interface_addresses(all[loopback].index, addresses, 16, &os_code);
    assert_true(own >= 1 && own <= 16);
    for (int i = 0; i < own; i++)
        has_address |= addresses[i].address.family == FIRTH_FAMILY_IPV4 && addresses[i].address.ip[0] == 127 &&
                       addresses[i].prefix_bits == 8;
    assert_true(has_address);
}

/* ---- Ctrl-C ----------------------------------------------------------------------------------------------------------------- */

typedef BOOL(WINAPI *watch_function)(PHANDLER_ROUTINE, BOOL);
extern const watch_function __real___imp_SetConsoleCtrlHandler, __wrap___imp_SetConsoleCtrlHandler;

static PHANDLER_ROUTINE handler; /* the one that the system has, for good */

static BOOL WINAPI see_watch(PHANDLER_ROUTINE routine, BOOL add)
{
    assert_true(add);
    assert_null(handler);
    handler = routine;
    return __real___imp_SetConsoleCtrlHandler(routine, add);
}

const watch_function __wrap___imp_SetConsoleCtrlHandler = see_watch;

static void count(void *argument)
{
    ++*(int *)argument;
}

static DWORD WINAPI interrupt(void *event)
{
    return (DWORD)handler(*(DWORD *)event);
}

/* As the system does it: on a thread of its own. Whether it was handled. */
static bool press(DWORD event)
{
    HANDLE thread = CreateThread(NULL, 0, interrupt, &event, 0, NULL);
    DWORD handled = 99;

    assert_non_null(thread);
    assert_int_equal(WaitForSingleObject(thread, 10000), WAIT_OBJECT_0);
    assert_true(GetExitCodeThread(thread, &handled));
    (void)CloseHandle(thread);
    return handled == TRUE;
}

static void ctrl_c_is_told_to_all_who_watch_and_a_second_one_is_the_systems(void **state)
{
    int told[2] = {0, 0};
    firth_port_interrupt first = {.notify = count, .argument = &told[0]},
                         second = {.notify = count, .argument = &told[1]};

    (void)state;
    for (int round = 1; round <= 2; round++) {
        assert_int_equal(firth_port_interrupt_watch(&first), FIRTH_OK);
        assert_non_null(handler);
        assert_int_equal(firth_port_interrupt_watch(&second), FIRTH_OK);
        assert_true(press(round == 1 ? CTRL_C_EVENT : CTRL_BREAK_EVENT));
        assert_int_equal(told[0], round);
        assert_int_equal(told[1], round);
        assert_false(press(CTRL_C_EVENT));
        assert_int_equal(told[0], round);
        firth_port_interrupt_forget(&first);
        firth_port_interrupt_forget(&second);
        assert_false(press(CTRL_C_EVENT));
        assert_int_equal(told[0], round);
    }
}

static void set_event(void *event)
{
    (void)SetEvent(event);
}

static DWORD WINAPI forget(void *watch)
{
    firth_port_interrupt_forget(watch);
    return 0;
}

static HANDLE start_thread(LPTHREAD_START_ROUTINE fn, void *argument)
{
    HANDLE thread = CreateThread(NULL, 0, fn, argument, 0, NULL);

    assert_non_null(thread);
    return thread;
}

/* The system's own thread at the end of a console's window, as the system starts it: it calls all handlers under a lock that
 * SetConsoleCtrlHandler takes, and ours does not return. */
static void who_forgets_at_the_end_of_the_window_is_not_held_up(void **state)
{
    union {
        FARPROC any;
        LPTHREAD_START_ROUTINE start;
    } found = {.any = GetProcAddress(GetModuleHandleW(L"kernelbase.dll"), "CtrlRoutine")};
    HANDLE told = CreateEventW(NULL, TRUE, FALSE, NULL), forgetting;
    firth_port_interrupt watch = {.notify = set_event, .argument = told};

    (void)state;
    assert_non_null(found.any);
    assert_non_null(told);
    assert_int_equal(firth_port_interrupt_watch(&watch), FIRTH_OK);
    (void)CloseHandle(start_thread(found.start, (void *)(ULONG_PTR)CTRL_CLOSE_EVENT));
    assert_int_equal(WaitForSingleObject(told, 10000), WAIT_OBJECT_0);
    forgetting = start_thread(forget, &watch);
    assert_int_equal(WaitForSingleObject(forgetting, 10000), WAIT_OBJECT_0);
    (void)CloseHandle(forgetting);
    (void)CloseHandle(told);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_clock_never_goes_back_and_has_small_steps),
        cmocka_unit_test(entropy_fills_all_of_it_and_never_twice_alike),
        cmocka_unit_test_setup_teardown(a_path_is_utf_8, make_file, remove_file),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_is_told_in_words, make_file, remove_file),
        cmocka_unit_test(authorities_are_those_of_the_store),
        cmocka_unit_test_setup_teardown(a_file_or_folder_that_a_variable_names_takes_its_place, make_file, remove_file),
        cmocka_unit_test_setup_teardown(a_folder_with_a_long_name_is_looked_through, make_file, remove_file),
        cmocka_unit_test(loopback_is_an_interface_that_is_found_by_name_and_by_index),
        cmocka_unit_test(ctrl_c_is_told_to_all_who_watch_and_a_second_one_is_the_systems),
        cmocka_unit_test(who_forgets_at_the_end_of_the_window_is_not_held_up),
    };

    return support_main(argc, argv, "the port of Windows", tests, sizeof tests / sizeof tests[0]);
}
