/* SPDX-License-Identifier: Apache-2.0 */
/* The authorities that the system trusts: those of SSL_CERT_FILE and SSL_CERT_DIR, by names in UTF-8, or its store. */
#include <windows.h>

#include "tests/support/support.h"

#include <firth/port.h>

#include <stdio.h>

/* What was shown, a line for each. */
static char shown[4096];
static bool has_any; /* what take says of all that have bytes */
static size_t certificates;

static bool take(void *argument, const char *place, unsigned char *bytes, size_t size)
{
    const size_t used = strlen(shown);

    assert_ptr_equal(argument, shown);
    if (bytes != NULL) {
        assert_int_equal(bytes[size], '\0');
        certificates += size > 0 && bytes[0] == 0x30; /* DER, a SEQUENCE */
    }
    if (certificates <= 1)
        (void)snprintf(shown + used, sizeof shown - used, "%s: %s\n", place, bytes != NULL ? (char *)bytes : "nothing");
    return bytes != NULL && has_any;
}

static void look(const wchar_t *file, const wchar_t *folders)
{
    shown[0] = '\0';
    certificates = 0;
    assert_true(SetEnvironmentVariableW(L"SSL_CERT_FILE", file) || file == NULL);
    assert_true(SetEnvironmentVariableW(L"SSL_CERT_DIR", folders) || folders == NULL);
    assert_int_equal(firth_port_authorities(take, shown), FIRTH_OK);
}

static void write_file(const wchar_t *path, const char *text)
{
    const HANDLE file = CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    DWORD written = 0;

    assert_true(file != INVALID_HANDLE_VALUE);
    assert_true(WriteFile(file, text, (DWORD)strlen(text), &written, NULL));
    (void)CloseHandle(file);
}

/* A folder with an é in its name, and files; and one without any. A process that was killed has left its own behind. */
static wchar_t folder[MAX_PATH], empty[MAX_PATH], first[MAX_PATH + 16], hidden[MAX_PATH + 16];

static int make_folders(void **state)
{
    wchar_t temporary[MAX_PATH - 64];
    const unsigned mark = (unsigned)firth_port_now_ns();
    const DWORD length = GetTempPathW(MAX_PATH - 64, temporary);

    (void)state;
    if (length == 0 || length > MAX_PATH - 64)
        return -1;
    (void)swprintf(folder, MAX_PATH, L"%lsfirth-\u00e9-%x", temporary, mark);
    (void)swprintf(empty, MAX_PATH, L"%lsfirth-empty-%x", temporary, mark);
    (void)swprintf(first, MAX_PATH + 16, L"%ls\\f\u00fcrst.pem", folder);
    (void)swprintf(hidden, MAX_PATH + 16, L"%ls\\.hidden", folder);
    if (!CreateDirectoryW(folder, NULL) || !CreateDirectoryW(empty, NULL))
        return -1;
    write_file(first, "one");
    write_file(hidden, "two");
    return 0;
}

static int remove_folders(void **state)
{
    (void)state;
    (void)DeleteFileW(first);
    (void)DeleteFileW(hidden);
    return RemoveDirectoryW(folder) && RemoveDirectoryW(empty) ? 0 : -1;
}

static const char *narrow(const wchar_t *wide)
{
    static char text[4][3 * MAX_PATH + 64];
    static size_t next;
    char *to = text[next++ % 4];

    assert_true(WideCharToMultiByte(CP_UTF8, 0, wide, -1, to, sizeof text[0], NULL, NULL) > 0);
    return to;
}

static void a_file_is_shown_also_when_it_cannot_be_read(void **state)
{
    char expected[2048];

    (void)state;
    has_any = true;
    look(first, NULL);
    (void)snprintf(expected, sizeof expected, "%s: one\n", narrow(first));
    assert_string_equal(shown, expected);
    look(empty, NULL);
    (void)snprintf(expected, sizeof expected, "%s: nothing\n", narrow(empty));
    assert_string_equal(shown, expected);
}

static void folders_are_a_list_and_hidden_files_no_part_of_it(void **state)
{
    wchar_t list[2 * MAX_PATH + 8];
    char expected[2048];

    (void)state;
    (void)swprintf(list, 2 * MAX_PATH + 8, L"%ls;;%ls", empty, folder);
    has_any = true;
    look(NULL, list);
    (void)snprintf(expected, sizeof expected, "%s: nothing\n%s: one\n", narrow(empty), narrow(first));
    assert_string_equal(shown, expected);
    /* Files without a certificate, and then the folder as one that has none. */
    has_any = false;
    look(NULL, folder);
    (void)snprintf(expected, sizeof expected, "%s: one\n%s: nothing\n", narrow(first), narrow(folder));
    assert_string_equal(shown, expected);
}

static void both_variables_are_looked_at_and_then_not_the_store(void **state)
{
    char expected[2048];

    (void)state;
    has_any = true;
    look(first, folder);
    (void)snprintf(expected, sizeof expected, "%s: one\n%s: one\n", narrow(first), narrow(first));
    assert_string_equal(shown, expected);
}

/* Wine's has the authorities of the machine it runs on, which may have none. */
static void without_them_it_is_the_systems_store(void **state)
{
    (void)state;
    has_any = true;
    look(NULL, NULL);
    assert_ptr_equal(strstr(shown, "the system's certificate store ROOT: "), shown);
    assert_int_equal(certificates > 0, strstr(shown, ": nothing\n") == NULL);
    print_message("%d certificates\n", (int)certificates);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_is_shown_also_when_it_cannot_be_read, make_folders, remove_folders),
        cmocka_unit_test_setup_teardown(folders_are_a_list_and_hidden_files_no_part_of_it, make_folders,
                                        remove_folders),
        cmocka_unit_test_setup_teardown(both_variables_are_looked_at_and_then_not_the_store, make_folders,
                                        remove_folders),
        cmocka_unit_test(without_them_it_is_the_systems_store),
    };

    return support_main(argc, argv, "authorities of Windows", tests, sizeof tests / sizeof tests[0]);
}
