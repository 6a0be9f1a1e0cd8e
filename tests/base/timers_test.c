/* SPDX-License-Identifier: Apache-2.0 */
/* The timer heap against a plain array. */
#include "core/base/timers.h"
#include "tests/support/support.h"

#include <string.h>

enum { TIMER_COUNT = 200 };

/* What a timer of the model is: the heap's node first, and what the array knows of it. */
typedef struct model_timer {
    firth_timer node;
    bool armed;
    unsigned fired;
} model_timer;

typedef struct model {
    fth_timers heap;
    model_timer timers[TIMER_COUNT];
    int64_t last_fired_ns;
    unsigned fired;
    bool wrong;
    support_random random;
    bool meddle; /* from fire, arm and disarm others */
} model;

static model world;

static void arm(model_timer *timer, int64_t deadline_ns);
static void disarm(model_timer *timer);

static void fired(firth_timer *node)
{
    model_timer *timer = (model_timer *)(void *)node;

    world.wrong |= !timer->armed || fth_timers_has(&world.heap, node) || node->deadline_ns < world.last_fired_ns;
    world.last_fired_ns = node->deadline_ns;
    timer->armed = false;
    timer->fired++;
    world.fired++;
    if (!world.meddle)
        return;
    disarm(&world.timers[support_random_below(&world.random, TIMER_COUNT)]);
    if (support_random_below(&world.random, 2) != 0) /* later than anything of this round: see the bound below */
        arm(timer, INT64_MAX / 2 + (int64_t)support_random_below(&world.random, 1000));
}

static void arm(model_timer *timer, int64_t deadline_ns)
{
    timer->node.deadline_ns = deadline_ns;
    timer->node.fire = fired;
    fth_timers_add(&world.heap, &timer->node);
    timer->armed = true;
}

static void disarm(model_timer *timer)
{
    fth_timers_remove(&world.heap, &timer->node);
    timer->armed = false;
}

static int64_t earliest(void)
{
    int64_t least = INT64_MAX;

    for (size_t i = 0; i < TIMER_COUNT; i++)
        if (world.timers[i].armed && world.timers[i].node.deadline_ns < least)
            least = world.timers[i].node.deadline_ns;
    return least;
}

static unsigned due(int64_t now_ns)
{
    unsigned count = 0;

    for (size_t i = 0; i < TIMER_COUNT; i++)
        count += world.timers[i].armed && world.timers[i].node.deadline_ns <= now_ns;
    return count;
}

static void check(void)
{
    assert_false(world.wrong);
    assert_int_equal(fth_timers_next_ns(&world.heap), earliest());
    for (size_t i = 0; i < TIMER_COUNT; i++)
        assert_int_equal(fth_timers_has(&world.heap, &world.timers[i].node), world.timers[i].armed);
}

static void fire_up_to(int64_t now_ns)
{
    unsigned expected = due(now_ns), before = world.fired;

    world.last_fired_ns = INT64_MIN;
    fth_timers_fire(&world.heap, now_ns);
    if (!world.meddle)
        assert_int_equal(world.fired - before, expected);
    assert_int_equal(due(now_ns), 0);
}

static void start(bool meddle)
{
    memset(&world, 0, sizeof world);
    world.random = support_random_start();
    world.meddle = meddle;
}

static void run_random_schedule(bool meddle)
{
    start(meddle);
    for (unsigned step = 0; step < 20000; step++) {
        model_timer *timer = &world.timers[support_random_below(&world.random, TIMER_COUNT)];
        uint64_t what = support_random_below(&world.random, 10);

        if (what < 6 && !timer->armed)
            arm(timer, (int64_t)support_random_below(&world.random, 500)); /* many are equal */
        else if (what < 9)
            disarm(timer);
        else
            fire_up_to((int64_t)support_random_below(&world.random, 300));
        if (step % 16 == 0)
            check();
    }
    world.meddle = false;
    fire_up_to(INT64_MAX);
    check();
    assert_int_equal(fth_timers_next_ns(&world.heap), INT64_MAX);
}

static void any_schedule_of_arming_and_disarming_fires_what_is_due_in_order(void **state)
{
    (void)state;
    run_random_schedule(false);
}

static void timers_may_be_armed_and_disarmed_while_others_fire(void **state)
{
    (void)state;
    run_random_schedule(true);
}

static void an_empty_heap_has_no_deadline_and_fires_nothing(void **state)
{
    (void)state;
    start(false);
    assert_int_equal(fth_timers_next_ns(&world.heap), INT64_MAX);
    fth_timers_fire(&world.heap, INT64_MAX);
    assert_int_equal(world.fired, 0);
    assert_false(fth_timers_has(&world.heap, &world.timers[0].node));
    fth_timers_remove(&world.heap, &world.timers[0].node);
}

static void a_deadline_of_this_very_nanosecond_is_due(void **state)
{
    (void)state;
    start(false);
    arm(&world.timers[0], 1000);
    fth_timers_fire(&world.heap, 999);
    assert_int_equal(world.fired, 0);
    fth_timers_fire(&world.heap, 1000);
    assert_int_equal(world.fired, 1);
}

static void fire_again_later(firth_timer *node)
{
    world.fired++;
    node->deadline_ns += 1000;
    fth_timers_add(&world.heap, node);
}

static void what_fire_arms_for_later_fires_then(void **state)
{
    firth_timer *node = &world.timers[0].node;

    (void)state;
    start(false);
    node->fire = fire_again_later;
    node->deadline_ns = 1000;
    fth_timers_add(&world.heap, node);
    for (unsigned i = 1; i <= 3; i++) {
        fth_timers_fire(&world.heap, i * 1000 + 999);
        assert_int_equal(world.fired, i);
        assert_true(fth_timers_has(&world.heap, node));
        assert_int_equal(fth_timers_next_ns(&world.heap), i * 1000 + 1000);
    }
    fth_timers_remove(&world.heap, node);
}

static void disarm_the_next(firth_timer *node)
{
    (void)node;
    world.fired++;
    fth_timers_remove(&world.heap, &world.timers[1].node);
}

static void a_due_timer_that_another_disarms_does_not_fire(void **state)
{
    (void)state;
    start(false);
    arm(&world.timers[1], 2);
    arm(&world.timers[0], 1);
    world.timers[0].node.fire = disarm_the_next;
    fth_timers_fire(&world.heap, 1000);
    assert_int_equal(world.fired, 1);
    assert_false(fth_timers_has(&world.heap, &world.timers[1].node));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_schedule_of_arming_and_disarming_fires_what_is_due_in_order),
        cmocka_unit_test(timers_may_be_armed_and_disarmed_while_others_fire),
        cmocka_unit_test(an_empty_heap_has_no_deadline_and_fires_nothing),
        cmocka_unit_test(a_deadline_of_this_very_nanosecond_is_due),
        cmocka_unit_test(what_fire_arms_for_later_fires_then),
        cmocka_unit_test(a_due_timer_that_another_disarms_does_not_fire),
    };

    return support_main(argc, argv, "timers", tests, sizeof tests / sizeof *tests);
}
