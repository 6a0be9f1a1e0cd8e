/* SPDX-License-Identifier: Apache-2.0 */
/* The version: what the headers say and what the linked library says. */
#include "tests/support/support.h"

#include <stdio.h>
#include <string.h>

static void the_library_is_the_one_of_these_headers(void **state)
{
    (void)state;
    assert_int_equal(firth_version(), FIRTH_VERSION_HEX);
    assert_string_equal(firth_version_text(), FIRTH_VERSION_STRING);
}

static void the_number_and_the_text_are_made_of_the_three_parts(void **state)
{
    char text[32];
    unsigned version = firth_version();

    (void)state;
    snprintf(text, sizeof text, "%u.%u.%u", version >> 16, (version >> 8) & 0xffu, version & 0xffu);
    assert_string_equal(firth_version_text(), text);
    assert_true(FIRTH_VERSION_MINOR < 256 && FIRTH_VERSION_PATCH < 256);
}

static void a_place_is_the_file_and_the_line(void **state)
{
    char tail[32];
    const char *here = FIRTH_HERE;
    const int line = __LINE__ - 1;

    (void)state;
#ifdef FIRTH_NO_PLACES
    (void)line;
    snprintf(tail, sizeof tail, "?");
    assert_string_equal(here, tail);
#else
    snprintf(tail, sizeof tail, "version_test.c:%d", line);
    assert_non_null(strstr(here, tail));
    assert_string_equal(strstr(here, tail), tail);
#endif
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_library_is_the_one_of_these_headers),
        cmocka_unit_test(the_number_and_the_text_are_made_of_the_three_parts),
        cmocka_unit_test(a_place_is_the_file_and_the_line),
    };

    return support_main(argc, argv, "version", tests, sizeof tests / sizeof *tests);
}
