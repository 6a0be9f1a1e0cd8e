/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks that are too small for what runs on them, how deep they went, and the list of tasks. */
#include "tests/support/support.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define FAULTS_ARE_TAKEN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define FAULTS_ARE_TAKEN 1
#endif
#endif

#ifndef FAULTS_ARE_TAKEN /* a sanitizer has a handler of its own, which the library leaves alone */
static int dig(volatile int depth)
{
    volatile char room[512];

    room[0] = (char)depth;
    return depth > 0 ? dig(depth - 1) + room[0] : room[0];
}

static int overflow(firth_scope *scope, void *argument)
{
    (void)scope;
    return dig(*(int *)argument);
}

static int start_overflow(firth_scope *scope, void *argument)
{
    firth_task_options named = {.name = "digger"}, neighbour = {.name = "neighbour"};
    int rc = firth_spawn(scope, overflow, argument, &named);

    return rc < 0 ? rc : firth_spawn(scope, overflow, argument, &neighbour);
}

static void run_overflow(void *argument)
{
    static int deep = 1000000;

    (void)argument;
    (void)signal(SIGSEGV, SIG_DFL); /* cmocka has a handler, and the library takes nothing from anybody */
    (void)signal(SIGBUS, SIG_DFL);
    _exit(firth_run(start_overflow, &deep) < 0 ? 1 : 0);
}

static void an_overflow_is_a_clear_death_that_names_the_task(void **state)
{
    char text[2048] = "";
    int status = support_in_child(run_overflow, NULL, text, sizeof text);

    (void)state;
    print_message("%s\n", text);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSEGV);
    assert_non_null(strstr(text, "stack overflow in task digger"));
    assert_non_null(strstr(text, "stack_test.c:"));
    assert_null(strstr(text, "neighbour"));
}
#endif

static int touch(firth_scope *scope, void *argument)
{
    volatile char room[30000];

    (void)scope;
    for (size_t i = 0; i < sizeof room; i += 100)
        room[i] = 1;
    (void)firth_yield();
    *(size_t *)argument = firth_stack_used_bytes();
    return room[0] == 1 ? FIRTH_OK : FIRTH_ERR_USER;
}

TASK_TEST(the_high_water_mark_tells_how_deep_a_stack_went)
{
    firth_task_options own = {.stack_bytes = 256 * 1024}; /* fresh: a pooled one remembers its last user */
    firth_scope inner;
    size_t used = 0;

    firth_scope_open(&inner, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&inner, touch, &used, &own), FIRTH_OK);
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_OK), FIRTH_OK);
    EXPECT(used >= 30000);
    EXPECT(used < 150 * 1024);
    return FIRTH_OK;
}

/* ---- the list of tasks ------------------------------------------------------------------------------------------- */

typedef struct sighting {
    firth_task_info seen[4];
    int count;
} sighting;

static void look(const firth_task_info *task, void *argument)
{
    sighting *all = argument;

    if (all->count < 4)
        all->seen[all->count] = *task;
    all->count++;
}

static int nap(firth_scope *scope, void *argument)
{
    (void)scope;
    (void)argument;
    return firth_sleep(100000);
}

TASK_TEST(the_list_shows_every_task_with_what_it_waits_for)
{
    firth_task_options sleepy = {.name = "sleepy"};
    sighting all = {.count = 0};
    firth_scope inner;

    firth_scope_open(&inner, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&inner, nap, NULL, &sleepy), FIRTH_OK);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(&inner, nap, NULL, NULL), FIRTH_OK);
    firth_tasks_visit(firth_scope_selector(scope), look, &all);
    EXPECT_EQUAL(all.count, 3);
    EXPECT_EQUAL(all.seen[0].state, FIRTH_TASK_RUNNING);
    EXPECT(strcmp(all.seen[1].name, "sleepy") == 0);
    EXPECT(strcmp(all.seen[1].waiting_for, "sleep") == 0);
    EXPECT(strstr(all.seen[1].place, "stack_test.c:") != NULL);
    EXPECT_EQUAL(all.seen[1].state, FIRTH_TASK_SUSPENDED);
    EXPECT(all.seen[1].stack_used_bytes > 0);
    EXPECT(all.seen[1].stack_used_bytes <= all.seen[1].stack_bytes);
    EXPECT_EQUAL(all.seen[2].state, FIRTH_TASK_READY);
    EXPECT(!all.seen[2].cancelled);
    firth_scope_cancel(&inner);
    all.count = 0;
    firth_tasks_visit(firth_scope_selector(scope), look, &all);
    EXPECT(all.seen[1].cancelled);
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_OK), FIRTH_OK);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
#ifndef FAULTS_ARE_TAKEN
        cmocka_unit_test(an_overflow_is_a_clear_death_that_names_the_task),
#endif
        cmocka_unit_test(the_high_water_mark_tells_how_deep_a_stack_went),
        cmocka_unit_test(the_list_shows_every_task_with_what_it_waits_for),
    };

    return support_main(argc, argv, "stacks", tests, sizeof tests / sizeof tests[0]);
}
