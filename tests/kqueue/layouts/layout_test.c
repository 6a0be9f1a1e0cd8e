/* SPDX-License-Identifier: Apache-2.0 */
/* struct kevent as three systems have it: that this is one of them, and that the backend fills it right. */
#include "backends/kqueue/event.h"

#include <limits.h>
#include <stdlib.h>

#include "tests/support/support.h"

#if defined(LAYOUT_FREEBSD)
_Static_assert(sizeof(struct kevent) == 64, "with ext[4]");
#elif defined(LAYOUT_NETBSD)
_Static_assert(sizeof(struct kevent) == 40 && EVFILT_READ == 0, "filters are unsigned numbers");
#elif defined(LAYOUT_MACOS)
_Static_assert(sizeof(struct kevent) == 32 && sizeof(struct kevent64_s) == 48, "packed, and the other");
#endif

/* What the last call was told. */
static struct {
    int queue;
    size_t change_count, room;
    bool has_timeout, is_immediate;
    struct timespec timeout;
} told;

static int tell(int queue, size_t change_count, size_t room, const struct timespec *timeout)
{
    told.queue = queue;
    told.change_count = change_count;
    told.room = room;
    told.has_timeout = timeout != NULL;
    if (timeout != NULL)
        told.timeout = *timeout;
    return 5;
}

#if defined(LAYOUT_MACOS)
int kevent64(int queue, const struct kevent64_s *changes, int change_count, struct kevent64_s *events, int room,
             unsigned int flags, const struct timespec *timeout)
{
    (void)changes;
    (void)events;
    told.is_immediate = flags == KEVENT_FLAG_IMMEDIATE;
    return tell(queue, (size_t)change_count, (size_t)room, timeout);
}
static const bool knows_immediate = true;
#else
#if defined(LAYOUT_NETBSD)
typedef size_t native_count;
#else
typedef int native_count;
#endif
int kevent(int queue, const struct kevent *changes, native_count change_count, struct kevent *events, native_count room,
           const struct timespec *timeout)
{
    (void)changes;
    (void)events;
    return tell(queue, (size_t)change_count, (size_t)room, timeout);
}
static const bool knows_immediate = false;
#endif

static bool is_zero(const void *bytes, size_t size)
{
    const unsigned char *at = bytes;

    for (size_t i = 0; i < size; i++)
        if (at[i] != 0)
            return false;
    return true;
}

static void an_event_is_filled_and_nothing_else_is_in_it(void **state)
{
    const uint64_t token = UINT64_C(0xfedcba9800000123);
    fth_event event;

    (void)state;
    memset(&event, 0xa5, sizeof event);
    fth_event_fill(&event, 77, EVFILT_WRITE, EV_ADD | EV_EOF, token);
    assert_int_equal(event.ident, 77);
    assert_true(event.filter == EVFILT_WRITE);
    assert_int_equal(event.flags, EV_ADD | EV_EOF);
    assert_true((uintptr_t)event.udata == fth_event_tag(token));
    event.ident = 0;
    event.filter = 0;
    event.flags = 0;
    event.udata = 0;
    assert_true(is_zero(&event, sizeof event));
}

static void a_tag_tells_the_slot_and_the_generation(void **state)
{
    const uint64_t token = UINT64_C(0x0000000500000123);

    (void)state;
    assert_int_equal(fth_event_tag(token) & fth_slot_mask, 0x123);
    assert_true(fth_event_tag(token) != fth_event_tag(token + ((uint64_t)1 << 32)));
    assert_true(fth_event_tag(token) != fth_event_tag(token + 1));
    assert_true(fth_event_tag(UINT64_MAX) == UINTPTR_MAX);
}

static void the_timeout_is_handed_over_and_none_is_immediate_where_that_is_known(void **state)
{
    fth_event events[3];

    (void)state;
    memset(events, 0, sizeof events);
    assert_int_equal(fth_kevent(7, events, 2, events, 3, -1), 5);
    assert_int_equal(told.queue, 7);
    assert_int_equal(told.change_count, 2);
    assert_int_equal(told.room, 3);
    assert_false(told.has_timeout);
    assert_false(told.is_immediate);
    assert_int_equal(fth_kevent(7, events, 0, events, 1, 1500), 5);
    assert_true(told.has_timeout && !told.is_immediate);
    assert_true(told.timeout.tv_sec == 1 && told.timeout.tv_nsec == 500000000);
    assert_int_equal(fth_kevent(7, events, 0, events, 1, 0), 5);
    assert_true(told.has_timeout && told.is_immediate == knows_immediate);
    assert_true(told.timeout.tv_sec == 0 && told.timeout.tv_nsec == 0);
    assert_int_equal(fth_kevent(7, events, 0, events, 1, INT_MAX), 5);
    assert_true(told.timeout.tv_sec == INT_MAX / 1000 && told.timeout.tv_nsec == INT_MAX % 1000 * 1000000L);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_filled_and_nothing_else_is_in_it),
        cmocka_unit_test(a_tag_tells_the_slot_and_the_generation),
        cmocka_unit_test(the_timeout_is_handed_over_and_none_is_immediate_where_that_is_known),
    };

    return support_main(argc, argv, "kqueue layout", tests, sizeof tests / sizeof tests[0]);
}
