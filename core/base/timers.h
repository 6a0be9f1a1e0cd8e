/* SPDX-License-Identifier: Apache-2.0 */
/* The one timer heap: a pairing heap of nodes that their owners keep, so that arming can never fail. Arming is O(1),
 * taking one out O(log n) amortised. */
#ifndef FTH_TIMERS_H
#define FTH_TIMERS_H

#include <firth/scope.h>

typedef struct fth_timers {
    firth_timer *root; /* the earliest, or NULL */
    uint64_t armed;    /* so far */
} fth_timers;

/* That long after now, or INT64_MAX, never, when it is too far away to be told. Where code is to be small it is a call: a
 * division of 64 bits in each place would be long. */
#define FTH_AFTER_MS(now_ns, duration_ms)                                                                              \
    ((duration_ms) < (INT64_MAX - (now_ns)) / 1000000 ? (now_ns) + (duration_ms)*1000000 : INT64_MAX)
#ifdef __OPTIMIZE_SIZE__
int64_t fth_after_ms(int64_t now_ns, int64_t duration_ms);
#else
static inline int64_t fth_after_ms(int64_t now_ns, int64_t duration_ms)
{
    return FTH_AFTER_MS(now_ns, duration_ms);
}
#endif

/* Arms a timer that is not armed; its deadline_ns and fire are set. Equal deadlines fire in the
 * order they were armed in. */
void fth_timers_add(fth_timers *timers, firth_timer *timer);

/* Disarms a timer; one that is not armed is left alone. */
void fth_timers_remove(fth_timers *timers, firth_timer *timer);

/* Whether the timer is armed. A zeroed timer is not. */
bool fth_timers_has(const fth_timers *timers, const firth_timer *timer);

/* The earliest deadline, or INT64_MAX when none is armed. */
static inline int64_t fth_timers_next_ns(const fth_timers *timers)
{
    return timers->root != NULL ? timers->root->deadline_ns : INT64_MAX;
}

/* Disarms and fires, earliest first, every timer due at now_ns. fire may disarm others and arm later ones. */
void fth_timers_fire(fth_timers *timers, int64_t now_ns);

#endif
