/* SPDX-License-Identifier: Apache-2.0 */
#include "core/selector/pool.h"
#include "core/base/assert.h"
#include "core/base/list.h"
#include "core/base/words.h"
#include <limits.h>
#include <string.h>

#ifndef FIRTH_NO_THREADS

enum {
    IDLE_MS = 5000,     /* an idle thread stays that long for the next job */
    NAME_SLOW_MS = 250, /* a name that takes longer waits for a server; one that is answered seldom takes that long */
    NAMES_FACTOR = 4,   /* how many times resolver_threads there are at most, with those that do not count */
    SERVICES_MAX = 2
};

/* In memory of the port, not of the selector's hook: a thread stuck in a name look-up outlives the selector. */
struct fth_pool {
    firth_port_lock *lock;
    firth_port_signal *queued;
    firth_selector *selector; /* NULL once it is closed */
    fth_job *first;
    fth_job *last;
    fth_job *running;
    unsigned jobs; /* queued */
    unsigned threads;
    unsigned busy;    /* threads that have a job */
    unsigned excused; /* of them, whose job is slow or forsaken, and does not count against most_counted */
    unsigned most_counted;
    unsigned most_threads;
    int64_t slow_ns;  /* how long a job may take and still count; INT64_MAX: for ever */
    const char *name; /* of its threads */
    fth_post *later;  /* goes to the loop once all threads are busy and a job waits; NULL: nobody asked */
};

static void free_pool(fth_pool *pool)
{
    if (pool->queued != NULL)
        firth_port_signal_close(pool->queued);
    if (pool->lock != NULL)
        firth_port_lock_close(pool->lock);
    firth_port_release(pool);
}

static unsigned most_counted(const firth_selector *selector, fth_pool_kind kind)
{
    unsigned names = selector->options.resolver_threads;

    switch (kind) {
    case FTH_POOL_NAMES:
        return names;
    case FTH_POOL_SERVICES: /* a file is read */
        return names < SERVICES_MAX ? names : SERVICES_MAX;
    default:
        return selector->options.blocking_threads;
    }
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
    pool->most_counted = pool->most_threads = most_counted(selector, kind);
    pool->slow_ns = INT64_MAX;
    pool->name = kind == FTH_POOL_BLOCKING ? "firth-blocking" : "firth-services";
    if (kind == FTH_POOL_NAMES) {
        pool->most_threads =
            pool->most_counted < UINT_MAX / NAMES_FACTOR ? pool->most_counted * NAMES_FACTOR : UINT_MAX;
        pool->slow_ns = NAME_SLOW_MS * INT64_C(1000000);
        pool->name = "firth-names";
    }
    if (pool->lock != NULL && pool->queued != NULL)
        return pool;
    free_pool(pool);
    return NULL;
}

/* ---- places: how many jobs may be under way; the lock is held ---------------------------------------------------- */

static unsigned places(const fth_pool *pool)
{
    return pool->most_counted - (pool->busy - pool->excused);
}

static void excuse(fth_pool *pool, fth_job *job)
{
    if (!job->excused) {
        job->excused = true;
        pool->excused++;
    }
}

/* Excuses the jobs that are slow by now. Returns in how many milliseconds the next one is, at most IDLE_MS. */
static int64_t excuse_slow(fth_pool *pool)
{
    int64_t now_ns = firth_port_now_ns(), next_ns = IDLE_MS * INT64_C(1000000);
    fth_job *job;

    if (pool->slow_ns == INT64_MAX)
        return IDLE_MS;
    for (job = pool->running; job != NULL; job = job->next) {
        int64_t left_ns = pool->slow_ns - (now_ns - job->begun_ns);

        if (left_ns <= 0)
            excuse(pool, job);
        else if (!job->excused && left_ns < next_ns)
            next_ns = left_ns;
    }
    return (next_ns + 999999) / 1000000;
}

static void serve(void *argument);

/* One thread more for what is queued, if it may be: one for each job that has a place, and one at least, which waits for
 * a place and sees who is slow. */
static int grow(fth_pool *pool)
{
    unsigned wanted = pool->jobs < places(pool) ? pool->jobs : places(pool);
    int rc;

    if (wanted == 0 && pool->jobs > 0)
        wanted = 1;
    if (pool->threads - pool->busy >= wanted || pool->threads >= pool->most_threads)
        return FIRTH_OK;
    rc = firth_port_thread_start(serve, pool, pool->name);
    if (rc >= 0)
        pool->threads++;
    return pool->threads > 0 ? FIRTH_OK : rc;
}

/* ---- on the threads; the lock is held but where it says otherwise ------------------------------------------------- */

static bool is_short(const fth_pool *pool)
{
    return pool->jobs > 0 && pool->busy >= pool->most_threads;
}

static void tell_shortage(fth_pool *pool)
{
    fth_post *later = pool->later;

    if (later == NULL || pool->selector == NULL || !is_short(pool))
        return;
    pool->later = NULL;
    fth_selector_post(pool->selector, later);
}

/* NULL: there is none, or no place for it. */
static fth_job *take_job(fth_pool *pool)
{
    fth_job *job = pool->first;

    if (job == NULL || places(pool) == 0)
        return NULL;
    pool->first = job->next;
    if (pool->first == NULL)
        pool->last = NULL;
    pool->jobs--;
    job->stage = FTH_JOB_RUNNING;
    job->begun_ns = firth_port_now_ns();
    job->next = pool->running;
    pool->running = job;
    pool->busy++;
    return job;
}

static void end_job(fth_pool *pool, fth_job *job)
{
    fth_job **link = &pool->running;

    while (*link != job)
        link = &(*link)->next;
    *link = job->next;
    pool->busy--;
    pool->excused -= job->excused;
    job->stage = FTH_JOB_FINISHED;
}

static void finish_in_loop(fth_post *post)
{
    fth_job *job = FTH_CONTAINER(post, fth_job, post);

    job->selector->jobs--;
    job->done(job);
}

static void run_job(fth_pool *pool, fth_job *job)
{
    firth_port_lock_give(pool->lock);
    job->work(job);
    firth_port_lock_take(pool->lock);
    end_job(pool, job);
    job->post.run = finish_in_loop;
    if (pool->selector != NULL)
        fth_selector_post(pool->selector, &job->post);
    else
        job->dropped(job);
}

/* What is queued goes to a thread more, or to one that waits: not every system wakes those in the order in which they came,
 * so the wake that a job brought may have been another's. */
static void call_next(fth_pool *pool)
{
    if (pool->jobs == 0)
        return;
    (void)grow(pool);
    firth_port_signal_wake(pool->queued);
}

static void serve(void *argument)
{
    fth_pool *pool = argument;
    bool waited = false, last;
    int64_t wait_ms;
    fth_job *job;

    firth_port_lock_take(pool->lock);
    for (;;) {
        wait_ms = pool->jobs > 0 ? excuse_slow(pool) : IDLE_MS;
        job = take_job(pool);
        if (job != NULL) {
            call_next(pool);
            tell_shortage(pool);
            run_job(pool, job);
            waited = false;
        } else if (pool->selector == NULL || (waited && pool->jobs == 0)) {
            break;
        } else {
            waited = pool->jobs == 0;
            firth_port_signal_wait(pool->queued, pool->lock, wait_ms);
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

int fth_pool_submit(firth_selector *selector, fth_pool_kind kind, fth_job *job)
{
    bool names = kind != FTH_POOL_BLOCKING;
    fth_pool *pool;
    int rc;

    if (most_counted(selector, kind) == 0)
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0,
                          names ? FTH_OPTION("resolver_threads") : FTH_OPTION("blocking_threads"));
    if (selector->pools[kind] == NULL)
        selector->pools[kind] = open_pool(selector, kind);
    pool = selector->pools[kind];
    if (pool == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, names ? "threads for names" : "blocking threads");
    firth_port_lock_take(pool->lock);
    append(pool, job);
    rc = grow(pool);
    if (rc >= 0) {
        job->selector = selector;
        job->pool = (uint8_t)kind;
        selector->jobs++;
        firth_port_signal_wake(pool->queued);
    } else {
        detach(pool, job);
    }
    firth_port_lock_give(pool->lock);
    return rc >= 0 ? FIRTH_OK : firth_fail(rc, 0, names ? "threads for names" : "blocking threads");
}

unsigned fth_pool_shortage(const firth_selector *selector, fth_pool_kind kind, fth_post *later)
{
    fth_pool *pool = selector->pools[kind];
    unsigned busy;

    firth_port_lock_take(pool->lock);
    busy = is_short(pool) ? pool->busy : 0;
    if (later != NULL)
        pool->later = later;
    firth_port_lock_give(pool->lock);
    return busy;
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

void fth_pool_forsake(firth_selector *selector, fth_job *job)
{
    fth_pool *pool = selector->pools[job->pool];

    firth_port_lock_take(pool->lock);
    if (job->stage == FTH_JOB_RUNNING)
        excuse(pool, job);
    call_next(pool);
    firth_port_lock_give(pool->lock);
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

#endif

bool firth_selector_has_jobs(const firth_selector *selector)
{
    return selector->jobs > 0;
}
