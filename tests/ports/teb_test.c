/* SPDX-License-Identifier: Apache-2.0 */
/* What Windows knows of a thread's stack goes with the stack: it is in the thread environment block, and a program that
 * was not built by mingw-w64 - whose probes do not ask - dies of its first large frame where it does not. */
#include <windows.h>

#include "tests/ports/flow.h"
#include "tests/support/support.h"

#include <intrin.h>

typedef struct told {
    uintptr_t base;
    uintptr_t limit;
    uintptr_t deallocation;
    uintptr_t guaranteed;
} told;

static told ask(void)
{
    const char *block = (const char *)NtCurrentTeb();
    told now;

    memcpy(&now.base, block + 0x08, sizeof now.base);
    memcpy(&now.limit, block + 0x10, sizeof now.limit);
    memcpy(&now.deallocation, block + 0x1478, sizeof now.deallocation);
    memcpy(&now.guaranteed, block + 0x1748, sizeof now.guaranteed);
    return now;
}

static told inside[2];

static void note(flow *self)
{
    inside[0] = ask();
    flow_suspend(self);
    inside[1] = ask();
}

static bool is_same(const told *a, const told *b)
{
    return a->base == b->base && a->limit == b->limit && a->deallocation == b->deallocation &&
           a->guaranteed == b->guaranteed;
}

static void the_threads_block_knows_the_stack_that_runs(void **state)
{
    char *stack = stacks_open(1);
    const told before = ask();
    firth_context caller;
    told between, after;
    flow one;

    (void)state;
    firth_context_of_thread(&caller);
    flow_make(&one, &caller, stack, note);
    flow_resume(&one);
    between = ask();
    flow_resume(&one);
    after = ask();
    assert_true(one.ended);
    assert_true(inside[0].base == (uintptr_t)stack + stack_bytes);
    assert_true(inside[0].limit == (uintptr_t)stack);
    assert_true(inside[0].deallocation < (uintptr_t)stack);
    assert_true(inside[0].guaranteed > 0);
    assert_true(is_same(&inside[0], &inside[1]));
    assert_true(is_same(&before, &between));
    assert_true(is_same(&before, &after));
    assert_true((uintptr_t)&after < before.base && (uintptr_t)&after >= before.limit);
    stacks_close(stack, 1);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_threads_block_knows_the_stack_that_runs),
    };

    return support_main(argc, argv, "the thread environment block", tests, sizeof tests / sizeof tests[0]);
}
