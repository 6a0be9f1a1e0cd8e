/* SPDX-License-Identifier: Apache-2.0 */
/* A selector's threads for work that blocks: started when needed, gone when idle or when the selector is. Names
 * nobody answers, work of the program and what needs no network do not wait for each other, so there are three pools, for
 * at most options.resolver_threads, options.blocking_threads and one or two jobs at a time. Names that are slow, or that
 * nobody waits for any more, do not count among those, up to a number of threads that is final. */
#ifndef FTH_POOL_H
#define FTH_POOL_H

#include "core/selector/selector.h"
#include <firth/backend.h>

typedef enum fth_job_stage {
    FTH_JOB_QUEUED,
    FTH_JOB_RUNNING,
    FTH_JOB_FINISHED, /* posted to the loop, or back with it */
} fth_job_stage;

typedef enum fth_pool_kind { FTH_POOL_BLOCKING, FTH_POOL_NAMES, FTH_POOL_SERVICES } fth_pool_kind;

/* Work, in memory that lives until done has run - or dropped, if the selector went first. */
typedef struct fth_job {
    fth_post post;
    struct fth_job *next;
    firth_selector *selector;
    uint8_t pool;                         /* an fth_pool_kind */
    uint8_t stage;                        /* under the pool's lock, as the two below */
    bool excused;                         /* does not count */
    int64_t begun_ns;                     /* when a thread took it */
    void (*work)(struct fth_job *job);    /* on a thread of the pool */
    void (*done)(struct fth_job *job);    /* in the loop, afterwards */
    void (*dropped)(struct fth_job *job); /* instead of done, on the thread, when the selector was closed meanwhile */
} fth_job;

#ifndef FIRTH_NO_THREADS

/* Queues a job. FIRTH_OK, FIRTH_ERR_NO_MEMORY, FIRTH_ERR_NOT_SUPPORTED. */
int fth_pool_submit(firth_selector *selector, fth_pool_kind kind, fth_job *job);

/* Takes a job back that no thread has begun; false: too late, done will run. */
bool fth_pool_withdraw(firth_selector *selector, fth_job *job);

/* Nobody waits any more for a job that could not be withdrawn: the next gets its place. */
void fth_pool_forsake(firth_selector *selector, fth_job *job);

/* How many threads are busy while a job waits for one and there may be no more; 0: none has to. later, which may be NULL,
 * is posted once when a thread becomes busy and it has come to that: the selector's until then. */
unsigned fth_pool_shortage(const firth_selector *selector, fth_pool_kind kind, fth_post *later);

/* Lets go of the threads; one that is busy ends by itself. */
void fth_pool_close(firth_selector *selector);

#else /* a microcontroller without a system: there is never a pool, and the image has nothing of one */

static inline int fth_pool_submit(firth_selector *selector, fth_pool_kind kind, fth_job *job)
{
    (void)selector, (void)kind, (void)job;
    return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, "threads");
}
static inline bool fth_pool_withdraw(firth_selector *selector, fth_job *job)
{
    (void)selector, (void)job;
    return true;
}
static inline void fth_pool_forsake(firth_selector *selector, fth_job *job)
{
    (void)selector, (void)job;
}
static inline void fth_pool_close(firth_selector *selector)
{
    (void)selector;
}

#endif

#endif
