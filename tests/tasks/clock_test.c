/* SPDX-License-Identifier: Apache-2.0 */
/* A wall clock that is set back. Nobody may do that to a machine for a test, so the calls that tell the time of day are
 * wrapped at link time (ld(1) --wrap): each says an hour less than the one before. */
#include "tests/support/support.h"

#include <stdatomic.h>
#include <sys/time.h>
#include <time.h>

static atomic_long hours; /* that the wall clock was set back, once for each who asked */

static time_t wall_seconds(void)
{
    return (time_t)1000000000 - (time_t)3600 * (atomic_fetch_add(&hours, 1) + 1);
}

int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
    if (clock != CLOCK_REALTIME)
        return __real_clock_gettime(clock, now);
    *now = (struct timespec){.tv_sec = wall_seconds()};
    return 0;
}

int __wrap_gettimeofday(struct timeval *now, void *zone);
int __wrap_gettimeofday(struct timeval *now, void *zone)
{
    (void)zone;
    *now = (struct timeval){.tv_sec = wall_seconds()};
    return 0;
}

time_t __wrap_time(time_t *now);
time_t __wrap_time(time_t *now)
{
    time_t seconds = wall_seconds();

    if (now != NULL)
        *now = seconds;
    return seconds;
}

static int64_t elapsed_ms(const struct timespec *from)
{
    struct timespec now;

    (void)__real_clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)(now.tv_sec - from->tv_sec) * 1000 + (now.tv_nsec - from->tv_nsec) / 1000000;
}

static int nothing(void *argument)
{
    (void)argument;
    return FIRTH_OK;
}

static int sleep_long(firth_scope *scope, void *argument)
{
    (void)scope;
    (void)argument;
    return firth_sleep(60000);
}

/* Sleeps, deadlines, idle timeouts, look-ups and the pool's threads. */
TASK_TEST(a_wall_clock_that_goes_back_is_not_noticed)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    struct timespec from;
    firth_socket *a, *b;
    char byte;

    (void)__real_clock_gettime(CLOCK_MONOTONIC, &from);
    EXPECT_EQUAL(firth_sleep(20), FIRTH_OK);
    EXPECT(elapsed_ms(&from) >= 20);
    EXPECT_EQUAL(firth_with_timeout(20, sleep_long, NULL), FIRTH_ERR_TIMED_OUT);
    EXPECT_EQUAL(support_pair(scope, &a, &b), FIRTH_OK);
    firth_scope_own_socket(scope, a);
    firth_scope_own_socket(scope, b);
    firth_socket_set_idle(a, 20, 20);
    EXPECT_EQUAL(firth_read(firth_socket_input(a), &byte, 1), FIRTH_ERR_TIMED_OUT);
    EXPECT(elapsed_ms(&from) >= 60);
    EXPECT_EQUAL(firth_blocking(nothing, NULL), FIRTH_OK);
    tcp.connect_timeout_ms = 10000;
    EXPECT(firth_tcp_connect(&tcp, "localhost", 1, &b) < 0); /* looked up, and refused */
    EXPECT(elapsed_ms(&from) < 30000);
    EXPECT_EQUAL(atomic_load(&hours), 0); /* nobody asked for the time of day */
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wall_clock_that_goes_back_is_not_noticed),
    };

    return support_main(argc, argv, "clocks", tests, sizeof tests / sizeof tests[0]);
}
