/* SPDX-License-Identifier: Apache-2.0 */
/* The resolver command, with names that need no network. */
#include "tests/examples/program.h"

#include <stdlib.h>

#define EXAMPLE "firth-resolve"

static int run(program *this, const char *const words[])
{
    program_start_example(this, words);
    return program_wait(this);
}

static void numbers_are_told_with_what_they_are_for(void **state)
{
    const char *const words[] = {EXAMPLE, "127.0.0.1", "10.1.2.3", "fe80::1%1", "192.0.2.7", "ff02::1", NULL};
    program told;

    (void)state;
    assert_int_equal(run(&told, words), 0);
    assert_string_equal(told.text,
                        "127.0.0.1 127.0.0.1 (loopback)\n10.1.2.3 10.1.2.3 (private)\n"
                        "fe80::1%1 fe80::1%1 (link-local)\n192.0.2.7 192.0.2.7\nff02::1 ff02::1 (multicast)\n");
}

static void a_service_adds_its_port(void **state)
{
    const char *const words[] = {EXAMPLE, "-s", "9002", "192.0.2.7", "2001:db8::7", NULL};
    const char *const none[] = {EXAMPLE, "-s", "no-such-service", "192.0.2.7", NULL};
    program told;

    (void)state;
    assert_int_equal(run(&told, words), 0);
    assert_string_equal(told.text, "192.0.2.7 192.0.2.7:9002\n2001:db8::7 [2001:db8::7]:9002\n");
    assert_int_equal(run(&told, none), EXIT_FAILURE);
    assert_string_equal(told.text, "192.0.2.7: no such service: no-such-service\n");
}

static void a_family_leaves_the_other_out(void **state)
{
    const char *const words[] = {EXAMPLE, "-6", "::1", "127.0.0.1", NULL};
    program told;

    (void)state;
    assert_int_equal(run(&told, words), EXIT_FAILURE);
    assert_non_null(strstr(told.text, "::1 ::1 (loopback)\n"));
    assert_non_null(strstr(told.text, "127.0.0.1: no such host\n"));
}

static void this_machine_has_a_name(void **state)
{
    const char *const words[] = {EXAMPLE, "localhost", NULL};
    program told;

    (void)state;
    assert_int_equal(run(&told, words), 0);
    assert_non_null(strstr(told.text, "(loopback)\n"));
}

static void what_is_no_option_gets_the_usage(void **state)
{
    const char *const rows[][4] = {
        {EXAMPLE, NULL},
        {EXAMPLE, "-x", "localhost", NULL},
        {EXAMPLE, "-t", "0", "localhost"},
        {EXAMPLE, "-t", "1x", "localhost"},
        {EXAMPLE, "-s", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *const words[] = {rows[i][0], rows[i][1], rows[i][2], rows[i][3], NULL};
        program told;

        assert_int_equal(run(&told, words), 2);
        assert_non_null(strstr(told.text, "usage:"));
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_told_with_what_they_are_for), cmocka_unit_test(a_service_adds_its_port),
        cmocka_unit_test(a_family_leaves_the_other_out),           cmocka_unit_test(this_machine_has_a_name),
        cmocka_unit_test(what_is_no_option_gets_the_usage),
    };

    return support_main(argc, argv, "firth-resolve", tests, sizeof tests / sizeof *tests);
}
