/* SPDX-License-Identifier: Apache-2.0 */
/* The codes: their numbers never change, and each has a name and a text. */
#include "tests/support/support.h"

#include <stdlib.h>
#include <string.h>

typedef struct code_row {
    int number;
    const char *name;
    const char *text;
} code_row;

static const code_row codes[] = {
#define CODE_ROW(name, number, text) {number, "FIRTH_" #name, text},
    FIRTH_CODES(CODE_ROW)
#undef CODE_ROW
};

enum { CODE_COUNT = sizeof codes / sizeof *codes };

static void every_code_has_its_name_and_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < CODE_COUNT; i++) {
        assert_string_equal(firth_error_name(codes[i].number), codes[i].name);
        assert_string_equal(firth_error_text(codes[i].number), codes[i].text);
    }
}

static void numbers_names_and_texts_are_unique(void **state)
{
    (void)state;
    for (size_t i = 0; i < CODE_COUNT; i++)
        for (size_t j = i + 1; j < CODE_COUNT; j++) {
            assert_int_not_equal(codes[i].number, codes[j].number);
            assert_string_not_equal(codes[i].name, codes[j].name);
            assert_string_not_equal(codes[i].text, codes[j].text);
        }
}

/* Programs are linked against these numbers; a change here breaks them. */
static void the_numbers_are_frozen(void **state)
{
    static const struct {
        int code, number;
    } frozen[] = {
        {FIRTH_OK, 0},
        {FIRTH_EOF, -1},
        {FIRTH_ERR_CANCELED, -2},
        {FIRTH_ERR_TIMED_OUT, -3},
        {FIRTH_ERR_CLOSED, -4},
        {FIRTH_ERR_BUSY, -5},
        {FIRTH_ERR_ARGUMENT, -6},
        {FIRTH_ERR_NO_MEMORY, -7},
        {FIRTH_ERR_NOT_SUPPORTED, -8},
        {FIRTH_ERR_MISUSE, -9},
        {FIRTH_ERR_TOO_MANY_OPEN, -10},
        {FIRTH_ERR_PERMISSION, -11},
        {FIRTH_ERR_REFUSED, -12},
        {FIRTH_ERR_RESET, -13},
        {FIRTH_ERR_ABORTED, -14},
        {FIRTH_ERR_HOST_UNREACHABLE, -15},
        {FIRTH_ERR_NETWORK_UNREACHABLE, -16},
        {FIRTH_ERR_ADDRESS_IN_USE, -17},
        {FIRTH_ERR_ADDRESS_NOT_AVAILABLE, -18},
        {FIRTH_ERR_ADDRESS_INVALID, -19},
        {FIRTH_ERR_NAME_NOT_FOUND, -20},
        {FIRTH_ERR_NAME_TRY_AGAIN, -21},
        {FIRTH_ERR_NAME_FAILED, -22},
        {FIRTH_ERR_TOO_LONG, -23},
        {FIRTH_ERR_INCOMPLETE, -24},
        {FIRTH_ERR_NOT_CONNECTED, -25},
        {FIRTH_ERR_NO_BUFFERS, -26},
        {FIRTH_ERR_WOULD_BLOCK, -27},
        {FIRTH_ERR_STACK_TOO_SMALL, -28},
        {FIRTH_ERR_STILL_OPEN, -29},
        {FIRTH_ERR_PORT_RANGE, -30},
        {FIRTH_ERR_SYSTEM, -31},
        {FIRTH_ERR_DEADLOCK, -32},
        {FIRTH_ERR_TLS_CONFIG, -33},
        {FIRTH_ERR_TLS_NO_NAME, -34},
        {FIRTH_ERR_TLS_PLAINTEXT, -35},
        {FIRTH_ERR_TLS_CERTIFICATE, -36},
        {FIRTH_ERR_TLS_HANDSHAKE, -37},
        {FIRTH_ERR_TLS_ALERT, -38},
        {FIRTH_ERR_TLS_PROTOCOL, -39},
        {FIRTH_ERR_TLS_TRUNCATED, -40},
        {FIRTH_ERR_USER, -1000},
    };

    (void)state;
    assert_int_equal(sizeof frozen / sizeof *frozen, CODE_COUNT + 1);
    for (size_t i = 0; i < sizeof frozen / sizeof *frozen; i++)
        assert_int_equal(frozen[i].code, frozen[i].number);
}

static void a_text_is_one_sentence_without_a_full_stop(void **state)
{
    static const int64_t others[] = {1, INT64_MAX, -999, -1000, INT64_MIN};

    (void)state;
    for (size_t i = 0; i < CODE_COUNT + sizeof others / sizeof *others; i++) {
        const char *text = firth_error_text(i < CODE_COUNT ? codes[i].number : others[i - CODE_COUNT]);

        assert_non_null(text);
        assert_true(strlen(text) > 3);
        assert_int_not_equal(text[strlen(text) - 1], '.');
        assert_null(strchr(text, '\n'));
    }
}

static void a_number_that_is_no_code_says_so(void **state)
{
    static const int64_t strangers[] = {-41, -42, -100, -999};

    (void)state;
    assert_int_equal(codes[CODE_COUNT - 1].number, -40);
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++)
        assert_string_equal(firth_error_name(strangers[i]), "FIRTH_ERR_?");
}

static void the_applications_own_codes_are_named_as_such(void **state)
{
    static const int64_t users[] = {-1000, -1001, INT32_MIN, (int64_t)INT32_MIN - 1, INT64_MIN};

    (void)state;
    for (size_t i = 0; i < sizeof users / sizeof *users; i++)
        assert_string_equal(firth_error_name(users[i]), "FIRTH_ERR_USER");
}

static void a_count_is_a_success(void **state)
{
    static const int64_t counts[] = {1, 4096, INT32_MAX, (int64_t)INT32_MAX + 1, ((int64_t)1 << 32) - 12, INT64_MAX};

    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        assert_string_equal(firth_error_name(counts[i]), "FIRTH_OK");
}

static void outside_a_task_there_is_always_a_last_failure_to_look_at(void **state)
{
    const firth_failure *failure = firth_last_failure();

    (void)state;
    assert_non_null(failure);
    assert_non_null(failure->step);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_its_name_and_text),
        cmocka_unit_test(numbers_names_and_texts_are_unique),
        cmocka_unit_test(the_numbers_are_frozen),
        cmocka_unit_test(a_text_is_one_sentence_without_a_full_stop),
        cmocka_unit_test(a_number_that_is_no_code_says_so),
        cmocka_unit_test(the_applications_own_codes_are_named_as_such),
        cmocka_unit_test(a_count_is_a_success),
        cmocka_unit_test(outside_a_task_there_is_always_a_last_failure_to_look_at),
    };

    return support_main(argc, argv, "error", tests, sizeof tests / sizeof *tests);
}
