/* SPDX-License-Identifier: Apache-2.0 */
/* struct kevent as three systems have it: that this is one of them, and that the backend fills it right. */
#include "backends/kqueue/event.h"

#include <stdlib.h>

#include "tests/support/support.h"

#if defined(LAYOUT_FREEBSD)
_Static_assert(sizeof(struct kevent) == 64, "with ext[4]");
#elif defined(LAYOUT_NETBSD)
_Static_assert(sizeof(struct kevent) == 40 && EVFILT_READ == 0, "filters are unsigned numbers");
#elif defined(LAYOUT_MACOS)
_Static_assert(sizeof(struct kevent) == 32 && sizeof(struct kevent64_s) == 48, "packed, and the other");
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

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_filled_and_nothing_else_is_in_it),
        cmocka_unit_test(a_tag_tells_the_slot_and_the_generation),
    };

    return support_main(argc, argv, "kqueue layout", tests, sizeof tests / sizeof tests[0]);
}
