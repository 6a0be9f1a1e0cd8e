/* SPDX-License-Identifier: Apache-2.0 */
/* Time, and being woken. */
#include "tests/conformance/peers.h"

#include <time.h>

static int a_sleep_is_never_early(firth_scope *scope)
{
    static const int64_t durations_ms[] = {1, 2, 7, 30};

    (void)scope;
    for (size_t i = 0; i < 3 * sizeof durations_ms / sizeof durations_ms[0]; i++) {
        int64_t duration_ms = durations_ms[i % 4], began_ns = firth_now_ns();

        TRY(firth_sleep(duration_ms));
        EXPECT(firth_now_ns() - began_ns >= duration_ms * 1000000);
    }
    return FIRTH_OK;
}

/* A wait of part of a millisecond must not be rounded down to none, over and over. */
static int a_sleep_does_not_spin(firth_scope *scope)
{
    size_t before;

    (void)scope;
    before = fth_kit_empty_polls();
    for (int i = 0; i < 20; i++)
        TRY(firth_sleep_until(firth_now_ns() + 3700000));
    EXPECT(fth_kit_empty_polls() - before < 100);
    return FIRTH_OK;
}

/* Everybody waits for bytes that do not come, and one for the time. */
static int waiting_sockets_do_not_spin(firth_scope *scope)
{
    kit_attempt *reading = fth_kit_attempt(fth_kit_read), *accepting = fth_kit_attempt(fth_kit_accept);
    kit_pair pair;
    size_t before;
    int port;

    TRY(fth_kit_pair(scope, &pair));
    TRY(fth_kit_server(scope, &accepting->server, &port));
    reading->socket = pair.b;
    reading->bytes = fth_kit_keep(1);
    reading->size = 1;
    TRY(fth_kit_start(scope, reading));
    TRY(fth_kit_start(scope, accepting));
    TRY(fth_kit_settle());
    before = fth_kit_empty_polls();
    TRY(firth_sleep(100));
    EXPECT(fth_kit_empty_polls() - before < 50);
    fth_kit_cancel(reading);
    fth_kit_cancel(accepting);
    TRY(fth_kit_await(&reading->ended));
    TRY(fth_kit_await(&accepting->ended));
    return FIRTH_OK;
}

/* One that was left with unread bytes is readable all the time, and nobody's business. */
static int bytes_that_nobody_wants_do_not_spin(firth_scope *scope)
{
    kit_pair pair;
    size_t before;
    uint8_t bytes[4];

    TRY(fth_kit_pair(scope, &pair));
    TRY(firth_write(pair.a_out, "abcd", 4));
    TRY(firth_flush(pair.a_out));
    EXPECT_RESULT(firth_read(pair.b_in, bytes, 1), 1);
    TRY(firth_write(pair.a_out, "efgh", 4));
    TRY(firth_flush_and_close(pair.a_out));
    TRY(fth_kit_settle());
    before = fth_kit_empty_polls();
    TRY(firth_sleep(100));
    EXPECT(fth_kit_empty_polls() - before < 50);
    return FIRTH_OK;
}

static int64_t sleep_then_note(kit_attempt *attempt)
{
    int rc = firth_sleep(attempt->sleep_ms);
    int64_t *order = (int64_t *)(void *)attempt->bytes;

    if (rc >= 0)
        order[1 + order[0]++] = attempt->sleep_ms;
    return rc;
}

static int sleepers_wake_in_the_order_of_their_deadlines(firth_scope *scope)
{
    enum { SLEEPERS = 6 };
    static const int64_t durations_ms[SLEEPERS] = {50, 10, 90, 30, 130, 70};
    int64_t *order = fth_kit_keep((1 + SLEEPERS) * sizeof *order);
    kit_attempt *sleepers[SLEEPERS];

    for (int i = 0; i < SLEEPERS; i++) {
        sleepers[i] = fth_kit_attempt(sleep_then_note);
        sleepers[i]->sleep_ms = durations_ms[i];
        sleepers[i]->bytes = (uint8_t *)order;
        TRY(fth_kit_start(scope, sleepers[i]));
    }
    for (int i = 0; i < SLEEPERS; i++)
        TRY(fth_kit_await(&sleepers[i]->ended));
    EXPECT_RESULT(order[0], SLEEPERS);
    for (int i = 1; i < SLEEPERS; i++)
        EXPECT(order[i] < order[i + 1]);
    return FIRTH_OK;
}

/* Traffic must not keep the deadlines waiting. */
static int a_deadline_comes_though_there_is_always_something_to_read(firth_scope *scope)
{
    const firth_scope_options options = {.timeout_ms = 50};
    uint8_t byte;
    kit_pair pair;
    firth_scope limit;
    int64_t rc = FIRTH_OK;

    TRY(fth_kit_pair(scope, &pair));
    firth_scope_open(&limit, scope, &options);
    while (rc >= 0) {
        rc = firth_write(pair.a_out, "x", 1);
        if (rc >= 0)
            rc = firth_flush(pair.a_out);
        if (rc >= 0)
            rc = firth_read(pair.b_in, &byte, 1);
    }
    EXPECT_RESULT(firth_scope_close(&limit, (int)rc), FIRTH_ERR_TIMED_OUT);
    return FIRTH_OK;
}

/* ---- other threads ----------------------------------------------------------------------------------------------- */

typedef struct kit_posts {
    firth_selector *selector;
    int wanted, came;
    int failed; /* the code of a post that did */
    kit_event all;
} kit_posts;

static void take_post(void *argument)
{
    kit_posts *this = argument;

    if (++this->came == this->wanted)
        fth_kit_tell(&this->all);
}

/* On a thread of the port's. */
static int post_them(void *argument)
{
    kit_posts *this = argument;
    int rc = FIRTH_OK;

    for (int i = 0; i < this->wanted && rc >= 0; i++)
        rc = firth_selector_post(this->selector, take_post, this);
    return rc;
}

static int64_t post_from_a_thread(kit_attempt *attempt)
{
    return firth_blocking(post_them, attempt->bytes);
}

static int post_from_elsewhere(firth_scope *scope, int count)
{
    kit_attempt *posting = fth_kit_attempt(post_from_a_thread);
    kit_posts *posts = fth_kit_keep(sizeof *posts);

    posts->selector = firth_scope_selector(scope);
    posts->wanted = count;
    posting->bytes = (uint8_t *)posts;
    TRY(fth_kit_start(scope, posting));
    TRY(fth_kit_await(&posting->ended));
    if (posting->result == FIRTH_ERR_NOT_SUPPORTED)
        return fth_kit_not_applicable("threads");
    TRY(posting->result);
    return fth_kit_await(&posts->all);
}

static int another_thread_ends_the_longest_wait(firth_scope *scope)
{
    for (int i = 0; i < 20 && fth_kit.missing == NULL; i++)
        TRY(post_from_elsewhere(scope, 1));
    return FIRTH_OK;
}

static int no_wake_of_a_thousand_is_lost(firth_scope *scope)
{
    return post_from_elsewhere(scope, 1000);
}

/* A wake before the poll ends the poll. */
static void post_again(void *argument)
{
    kit_posts *this = argument;

    take_post(this);
    if (this->came < this->wanted)
        this->failed = firth_selector_post(this->selector, post_again, this);
    if (this->failed < 0)
        fth_kit_tell(&this->all);
}

static int a_wake_before_the_wait_ends_the_wait(firth_scope *scope)
{
    kit_posts *posts = fth_kit_keep(sizeof *posts);

    posts->selector = firth_scope_selector(scope);
    posts->wanted = 100;
    TRY(firth_selector_post(posts->selector, post_again, posts));
    TRY(fth_kit_await(&posts->all));
    TRY(posts->failed);
    EXPECT_RESULT(posts->came, posts->wanted);
    return FIRTH_OK;
}

/* ---- very long waits --------------------------------------------------------------------------------------------- */

enum { BUSY_MS = 2 };

/* On a thread of the port's: what ends the wait must not be a time that the backend hears of. */
static int be_busy(void *argument)
{
    clock_t began = clock();

    (void)argument;
    while (began != (clock_t)-1 && (int64_t)(clock() - began) * 1000 < (int64_t)CLOCKS_PER_SEC * BUSY_MS) {
    }
    return FIRTH_OK;
}

static int64_t sleep_long(kit_attempt *attempt)
{
    return firth_sleep(attempt->sleep_ms);
}

static int stay_for_less(firth_scope *scope, int64_t duration_ms)
{
    const firth_scope_options options = {.timeout_ms = duration_ms};
    kit_attempt *sleeping = fth_kit_attempt(sleep_long);
    firth_scope limit;

    firth_scope_open(&limit, scope, &options);
    TRY(firth_scope_close(&limit, firth_blocking(be_busy, NULL)));
    sleeping->sleep_ms = duration_ms;
    TRY(fth_kit_start(scope, sleeping));
    TRY(firth_blocking(be_busy, NULL));
    EXPECT(!sleeping->ended.happened);
    fth_kit_cancel(sleeping);
    TRY(fth_kit_await(&sleeping->ended));
    EXPECT_RESULT(sleeping->result, FIRTH_ERR_CANCELED);
    return FIRTH_OK;
}

/* Around where milliseconds, and microseconds, leave the ints of a system. */
static int stay_for_less_than_long(firth_scope *scope)
{
    static const int64_t durations_ms[] = {
        (int64_t)1 << 32, ((int64_t)1 << 31) + 1, ((int64_t)1 << 32) + 1, ((int64_t)1 << 32) / 1000 + 1, INT64_MAX,
    };
    enum { ROUNDS = 2 * sizeof durations_ms / sizeof durations_ms[0] };
    size_t before = fth_kit_empty_polls();
    int rc = firth_blocking(be_busy, NULL);

    if (rc == FIRTH_ERR_NOT_SUPPORTED)
        return fth_kit_not_applicable("threads");
    TRY(rc);
    for (size_t i = 0; i < ROUNDS; i++)
        TRY(stay_for_less(scope, durations_ms[i / 2]));
    EXPECT(fth_kit_empty_polls() - before < 4 * ROUNDS);
    return FIRTH_OK;
}

static int a_very_long_wait_does_not_spin(void)
{
    return fth_kit_in_selector_without_limit(stay_for_less_than_long);
}

const kit_case fth_kit_time_cases[] = {
    KIT_CASE_PLAIN(a_sleep_is_never_early, KIT_NO_CONNECTION),
    KIT_CASE_PLAIN(a_sleep_does_not_spin, KIT_NO_CONNECTION),
    KIT_CASE(waiting_sockets_do_not_spin),
    KIT_CASE(bytes_that_nobody_wants_do_not_spin),
    KIT_CASE_PLAIN(sleepers_wake_in_the_order_of_their_deadlines, KIT_NO_CONNECTION),
    KIT_CASE(a_deadline_comes_though_there_is_always_something_to_read),
    KIT_CASE_PLAIN(another_thread_ends_the_longest_wait, KIT_NO_CONNECTION),
    KIT_CASE_PLAIN(no_wake_of_a_thousand_is_lost, KIT_NO_CONNECTION),
    KIT_CASE_PLAIN(a_wake_before_the_wait_ends_the_wait, KIT_NO_CONNECTION),
    KIT_CASE_WITH(a_very_long_wait_does_not_spin, .outside = a_very_long_wait_does_not_spin, .flags = 0,
                  .plain = KIT_NO_CONNECTION),
    {.name = NULL},
};
