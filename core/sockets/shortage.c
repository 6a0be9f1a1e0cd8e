/* SPDX-License-Identifier: Apache-2.0 */
/* The log is told when names wait since all threads for them are busy. */
#include "core/base/list.h"
#include "core/selector/pool.h"
#include "core/sockets/look_up.h"

#ifndef FIRTH_NO_THREADS

/* Once, until there is a thread for everybody again. */
static void report(firth_selector *selector, fth_post *later)
{
    unsigned busy = fth_pool_shortage(selector, FTH_POOL_NAMES, later);

    if (busy > 0 && !selector->names.is_short)
        fth_selector_log(
            selector, "names wait for a thread: all %u are busy, %u of them with names that nobody waits for any more",
            busy, selector->names.abandoned);
    selector->names.is_short = busy > 0;
}

/* The threads may be gone, and the selector be closing. */
static void see(fth_post *post)
{
    firth_selector *selector = FTH_CONTAINER(post, firth_selector, names.shortage);

    if (selector->pools[FTH_POOL_NAMES] != NULL)
        report(selector, post);
}

void fth_look_up_watch_shortage(firth_selector *selector)
{
    fth_post *later = selector->names.is_watched ? NULL : &selector->names.shortage;

    selector->names.is_watched = true;
    selector->names.shortage.run = see;
    report(selector, later);
}

#endif
