/* SPDX-License-Identifier: Apache-2.0 */
/* Pairing heap (Fredman, Sedgewick, Sleator, Tarjan 1986) with child, next and previous links; previous of a first
 * child is its parent. The root's previous points to itself, so that a node knows whether it is in the heap. */
#include "core/base/timers.h"
#include "core/base/assert.h"

#ifdef __OPTIMIZE_SIZE__
int64_t fth_after_ms(int64_t now_ns, int64_t duration_ms)
{
    return FTH_AFTER_MS(now_ns, duration_ms);
}
#endif

static bool is_before(const firth_timer *a, const firth_timer *b)
{
    return a->deadline_ns != b->deadline_ns ? a->deadline_ns < b->deadline_ns : a->number < b->number;
}

static firth_timer *meld(firth_timer *a, firth_timer *b)
{
    if (a == NULL)
        return b;
    if (b == NULL)
        return a;
    if (is_before(b, a)) {
        firth_timer *swap = a;

        a = b;
        b = swap;
    }
    b->next = a->child;
    if (b->next != NULL)
        b->next->previous = b;
    b->previous = a;
    a->child = b;
    a->next = NULL;
    return a;
}

/* Melds a list of siblings: pairs from left to right, then the pairs from right to left. */
static firth_timer *meld_siblings(firth_timer *first)
{
    firth_timer *pairs = NULL, *all = NULL;

    while (first != NULL) {
        firth_timer *second = first->next;
        firth_timer *rest = second != NULL ? second->next : NULL;
        firth_timer *pair;

        first->next = NULL;
        if (second != NULL)
            second->next = NULL;
        pair = meld(first, second);
        pair->next = pairs;
        pairs = pair;
        first = rest;
    }
    while (pairs != NULL) {
        firth_timer *rest = pairs->next;

        pairs->next = NULL;
        all = meld(all, pairs);
        pairs = rest;
    }
    return all;
}

static void set_root(fth_timers *timers, firth_timer *root)
{
    timers->root = root;
    if (root != NULL) {
        root->next = NULL;
        root->previous = root;
    }
}

bool fth_timers_has(const fth_timers *timers, const firth_timer *timer)
{
    (void)timers;
    return timer->previous != NULL;
}

void fth_timers_add(fth_timers *timers, firth_timer *timer)
{
    FTH_ASSERT(timer->fire != NULL && timer->previous == NULL);
    timer->number = ++timers->armed;
    timer->child = NULL;
    timer->next = NULL;
    set_root(timers, meld(timers->root, timer));
}

void fth_timers_remove(fth_timers *timers, firth_timer *timer)
{
    firth_timer *children;

    if (timer->previous == NULL)
        return;
    children = meld_siblings(timer->child);
    if (timers->root == timer) {
        set_root(timers, children);
    } else {
        if (timer->previous->child == timer)
            timer->previous->child = timer->next;
        else
            timer->previous->next = timer->next;
        if (timer->next != NULL)
            timer->next->previous = timer->previous;
        set_root(timers, meld(timers->root, children));
    }
    timer->child = timer->next = timer->previous = NULL;
}

void fth_timers_fire(fth_timers *timers, int64_t now_ns)
{
    while (timers->root != NULL && timers->root->deadline_ns <= now_ns) {
        firth_timer *timer = timers->root;

        fth_timers_remove(timers, timer);
        timer->fire(timer);
    }
}
