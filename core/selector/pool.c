/* SPDX-License-Identifier: Apache-2.0 */
#include "core/selector/pool.h"
#include "core/base/assert.h"
#include "core/base/list.h"
#include <string.h>

/* An idle thread stays that long for the next job. */
enum { IDLE_MS = 5000 };

/* In memory of the port, not of the selector's hook: a thread stuck in a name look-up outlives the selector. */
struct fth_pool {
    firth_port_lock *lock;
    firth_port_signal *queued;
    firth_selector *selector; /* NULL once it is closed */
    fth_job *first;
    fth_job *last;
    unsigned jobs; /* queued */
    unsigned threads;
    unsigned busy; /* threads that have a job */
    unsigned most;
    const char *name; /* of its threads */
};

static void free_pool(fth_pool *pool)
{
    if (pool->queued != NULL)
        firth_port_signal_close(pool->queued);
    if (pool->lock != NULL)
        firth_port_lock_close(pool->lock);
    firth_port_release(pool);
}

static unsigned most_threads(const firth_selector *selector, fth_pool_kind kind)
{
    return kind == FTH_POOL_NAMES ? selector->options.resolver_threads : selector->options.blocking_threads;
}

static fth_pool *open_pool(firth_selector *selector, fth_pool_kind kind)
{
    fth_pool *pool = firth_port_allocate(sizeof *pool);

    if (pool == NULL)
        return NULL;
    memset(pool, 0, sizeof *pool);
    pool->lock = firth_port_lock_open();
    pool->queued = firth_port_signal_open();
    pool->selector = selector;
    pool->most = most_threads(selector, kind);
    pool->name = kind == FTH_POOL_NAMES ? "firth-names" : "firth-blocking";
    if (pool->lock != NULL && pool->queued != NULL)
        return pool;
    free_pool(pool);
    return NULL;
}

/* ---- on the threads; the lock is held but where it says otherwise ------------------------------------------------- */

static fth_job *take_job(fth_pool *pool)
{
    fth_job *job = pool->first;

    if (job == NULL)
        return NULL;
    pool->first = job->next;
    if (pool->first == NULL)
        pool->last = NULL;
    pool->jobs--;
    job->stage = FTH_JOB_RUNNING;
    return job;
}

static void finish_in_loop(fth_post *post)
{
    fth_job *job = FTH_CONTAINER(post, fth_job, post);

    job->selector->jobs--;
    job->done(job);
}

static void run_job(fth_pool *pool, fth_job *job)
{
    pool->busy++;
    firth_port_lock_give(pool->lock);
    job->work(job);
    firth_port_lock_take(pool->lock);
    pool->busy--;
    job->stage = FTH_JOB_FINISHED;
    job->post.run = finish_in_loop;
    if (pool->selector != NULL)
        fth_selector_post(pool->selector, &job->post);
    else
        job->dropped(job);
}

static void serve(void *argument)
{
    fth_pool *pool = argument;
    bool waited = false, last;
    fth_job *job;

    firth_port_lock_take(pool->lock);
    for (;;) {
        job = take_job(pool);
        if (job != NULL) {
            run_job(pool, job);
            waited = false;
        } else if (pool->selector == NULL || waited) {
            break;
        } else {
            firth_port_signal_wait(pool->queued, pool->lock, IDLE_MS);
            waited = true;
        }
    }
    pool->threads--;
    last = pool->threads == 0 && pool->selector == NULL;
    firth_port_lock_give(pool->lock);
    if (last)
        free_pool(pool);
}

/* ---- in the loop ------------------------------------------------------------------------------------------------- */

static void append(fth_pool *pool, fth_job *job)
{
    job->next = NULL;
    job->stage = FTH_JOB_QUEUED;
    pool->jobs++;
    if (pool->last != NULL)
        pool->last->next = job;
    else
        pool->first = job;
    pool->last = job;
}

static void detach(fth_pool *pool, fth_job *job)
{
    fth_job **link = &pool->first, *before = NULL;

    while (*link != job) {
        before = *link;
        link = &before->next;
    }
    *link = job->next;
    pool->jobs--;
    if (pool->last == job)
        pool->last = before;
}

/* More work than threads that have none: one thread more, if it may be. */
static int grow(fth_pool *pool)
{
    int rc;

    if (pool->jobs < pool->threads - pool->busy || pool->threads >= pool->most)
        return FIRTH_OK;
    rc = firth_port_thread_start(serve, pool, pool->name);
    if (rc >= 0)
        pool->threads++;
    return pool->threads > 0 ? FIRTH_OK : rc;
}

int fth_pool_submit(firth_selector *selector, fth_pool_kind kind, fth_job *job)
{
    bool names = kind == FTH_POOL_NAMES;
    fth_pool *pool;
    int rc;

    if (most_threads(selector, kind) == 0)
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, names ? "option resolver_threads" : "option blocking_threads");
    if (selector->pools[kind] == NULL)
        selector->pools[kind] = open_pool(selector, kind);
    pool = selector->pools[kind];
    if (pool == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, names ? "threads for names" : "blocking threads");
    firth_port_lock_take(pool->lock);
    rc = grow(pool);
    if (rc >= 0) {
        job->selector = selector;
        job->pool = (uint8_t)kind;
        selector->jobs++;
        append(pool, job);
        firth_port_signal_wake(pool->queued);
    }
    firth_port_lock_give(pool->lock);
    return rc >= 0 ? FIRTH_OK : firth_fail(rc, 0, names ? "threads for names" : "blocking threads");
}

bool fth_pool_is_short(const firth_selector *selector, fth_pool_kind kind)
{
    fth_pool *pool = selector->pools[kind];
    bool is_short;

    firth_port_lock_take(pool->lock);
    is_short = pool->jobs > pool->threads - pool->busy && pool->threads >= pool->most;
    firth_port_lock_give(pool->lock);
    return is_short;
}

bool firth_selector_has_jobs(const firth_selector *selector)
{
    return selector->jobs > 0;
}

bool fth_pool_withdraw(firth_selector *selector, fth_job *job)
{
    fth_pool *pool = selector->pools[job->pool];
    bool queued;

    firth_port_lock_take(pool->lock);
    queued = job->stage == FTH_JOB_QUEUED;
    if (queued) {
        detach(pool, job);
        selector->jobs--;
    }
    firth_port_lock_give(pool->lock);
    return queued;
}

static void close_pool(fth_pool *pool)
{
    bool unused;
    unsigned i;

    firth_port_lock_take(pool->lock);
    FTH_ASSERT(pool->first == NULL);
    pool->selector = NULL;
    unused = pool->threads == 0;
    for (i = 0; i < pool->threads; i++)
        firth_port_signal_wake(pool->queued);
    firth_port_lock_give(pool->lock);
    if (unused)
        free_pool(pool);
}

void fth_pool_close(firth_selector *selector)
{
    int kind;

    for (kind = 0; kind < FTH_POOLS; kind++) {
        fth_pool *pool = selector->pools[kind];

        selector->pools[kind] = NULL;
        if (pool != NULL)
            close_pool(pool);
    }
}
