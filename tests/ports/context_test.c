/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/ports/context_checks.h"

static void run_check(void **state)
{
    const context_check *check = *state;

    assert_true(check->holds());
}

int main(void)
{
    struct CMUnitTest tests[32] = {{0}};

    for (size_t i = 0; i < context_check_count; i++)
        tests[i] = (struct CMUnitTest){.name = context_checks[i].name,
                                       .test_func = run_check,
                                       .initial_state = (void *)(uintptr_t)&context_checks[i]};
    return _cmocka_run_group_tests("context", tests, context_check_count, NULL, NULL);
}
