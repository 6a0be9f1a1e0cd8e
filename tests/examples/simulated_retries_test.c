/* SPDX-License-Identifier: Apache-2.0 */
/* The example of the simulator: it finds nothing in a good client, and the fault in a bad one, by a seed that shows it
 * again. */
#include "tests/examples/program.h"

#include <stdio.h>
#include <stdlib.h>

#define EXAMPLE "simulated-retries"

static int run(program *this, const char *const words[])
{
    program_start_example(this, words);
    return program_wait(this);
}

/* The seed in the command that the program printed. */
static const char *printed_seed(const program *this)
{
    static char seed[24];
    const char *at = strstr(this->text, "--bug --seed ");

    assert_non_null(at);
    assert_int_equal(sscanf(at, "--bug --seed %23[0-9]", seed), 1);
    return seed;
}

static void a_good_client_is_right_under_every_seed(void **state)
{
    const char *const words[] = {EXAMPLE, NULL};
    program good;

    (void)state;
    assert_int_equal(run(&good, words), 0);
    assert_non_null(strstr(good.text, "500 seeds: every deposit is in the book once"));
}

static void the_planted_bug_is_found_and_its_seed_is_printed(void **state)
{
    const char *const words[] = {EXAMPLE, "--bug", NULL};
    program bad;

    (void)state;
    assert_int_equal(run(&bad, words), 1);
    assert_non_null(strstr(bad.text, "and the server has"));
    assert_non_null(strstr(bad.text, "repeat with: "));
}

static void the_printed_command_shows_the_bug_again_event_by_event(void **state)
{
    const char *const words[] = {EXAMPLE, "--bug", NULL};
    const char *again[] = {EXAMPLE, "--bug", "--seed", NULL, "--trace", NULL};
    const char *good[] = {EXAMPLE, "--seed", NULL, NULL};
    program first, once, twice, fixed;

    (void)state;
    assert_int_equal(run(&first, words), 1);
    again[3] = good[2] = printed_seed(&first);
    assert_int_equal(run(&once, again), 1);
    assert_non_null(strstr(once.text, " client #1 connect 10.0.0.1:32768 > 10.0.0.2:4000"));
    assert_int_equal(run(&twice, again), 1);
    assert_int_equal(once.size, twice.size);
    assert_memory_equal(once.text, twice.text, once.size < PROGRAM_TEXT_BYTES ? once.size : PROGRAM_TEXT_BYTES - 1);
    assert_int_equal(run(&fixed, good), 0);
}

static void what_it_does_not_know_it_does_not_take(void **state)
{
    const char *const words[] = {EXAMPLE, "--seeds", NULL};
    program wrong;

    (void)state;
    assert_int_equal(run(&wrong, words), 2);
    assert_non_null(strstr(wrong.text, "usage: "));
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_client_is_right_under_every_seed),
        cmocka_unit_test(the_planted_bug_is_found_and_its_seed_is_printed),
        cmocka_unit_test(the_printed_command_shows_the_bug_again_event_by_event),
        cmocka_unit_test(what_it_does_not_know_it_does_not_take),
    };

    return support_main(argc, argv, "simulated retries", tests, sizeof tests / sizeof tests[0]);
}
