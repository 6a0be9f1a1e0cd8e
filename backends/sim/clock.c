/* SPDX-License-Identifier: Apache-2.0 */
/* Who runs and when time passes: first every host that has something to do, and when none has, the clock moves on to
 * whatever comes next. The one who turns the world is firth_sim_run, or the poll of a host whose loop runs by itself. */
#include "backends/sim/world.h"

#include "core/base/assert.h"
#include "core/base/format.h"

/* Turns in a row in which loops were only busy with themselves; then each costs a little time, so that a task that
 * yields until something has come gets there. */
enum { IDLE_POLLS_MAX = 16, IDLE_POLL_NS = 1000 };

/* Between two looks for what another thread has done. A wake may come from a signal handler, which can only set a flag. */
enum { OUTSIDE_MS = 1 };

void fth_sim_at(firth_sim *sim, firth_timer *timer, int64_t time_ns)
{
    fth_timers_remove(&sim->timers, timer);
    timer->deadline_ns = time_ns;
    fth_timers_add(&sim->timers, timer);
}

void fth_sim_after(firth_sim *sim, firth_timer *timer, int64_t delay_ns)
{
    fth_sim_at(sim, timer, delay_ns < INT64_MAX - sim->now_ns ? sim->now_ns + delay_ns : INT64_MAX);
}

static void advance(firth_sim *sim, int64_t time_ns)
{
    FTH_ASSERT(time_ns >= sim->now_ns);
    sim->now_ns = time_ns;
    fth_timers_fire(&sim->timers, time_ns);
}

/* ---- hosts ------------------------------------------------------------------------------------------------------- */

static bool is_due(const firth_sim_host *host)
{
    return host->ready_first != NULL || firth_selector_deadline_ns(host->selector) <= host->sim->now_ns;
}

/* Gives every host a turn that has something to do; false if none had. */
static bool turn_hosts(firth_sim *sim)
{
    bool any = false;

    for (firth_sim_host *host = sim->hosts; host != NULL; host = host->next) {
        if (host->selector == NULL || host->polling || !is_due(host))
            continue;
        host->tasks = firth_selector_poll(host->selector, 0);
        any = true;
    }
    return any;
}

/* What all hosts wait for. */
typedef struct outlook {
    int64_t next_ns;
    int tasks;
    bool has_jobs; /* threads are at work */
} outlook;

static outlook look_ahead(const firth_sim *sim)
{
    outlook all = {.next_ns = fth_timers_next_ns(&sim->timers)};

    for (const firth_sim_host *host = sim->hosts; host != NULL; host = host->next) {
        int64_t deadline_ns;

        if (host->selector == NULL)
            continue;
        deadline_ns = host->polling ? INT64_MAX : firth_selector_deadline_ns(host->selector);
        all.next_ns = deadline_ns < all.next_ns ? deadline_ns : all.next_ns;
        all.has_jobs = all.has_jobs || firth_selector_has_jobs(host->selector);
        all.tasks += host->tasks;
    }
    return all;
}

/* ---- the end of a run -------------------------------------------------------------------------------------------- */

static void log_task(const firth_task_info *task, void *argument)
{
    firth_sim_host *host = argument;
    char line[240];

    fth_format(line, sizeof line, "deadlock: task %s of host %s, spawned at %s, waits in %s", task->name, host->name,
               task->place, task->waiting_for);
    host->sim->options.log(host->sim->options.log_argument, line);
}

static int deadlock(firth_sim *sim)
{
    fth_sim_trace(sim, NULL, "deadlock");
    for (firth_sim_host *host = sim->hosts; host != NULL && sim->options.log != NULL; host = host->next)
        if (host->selector != NULL)
            firth_tasks_visit(host->selector, log_task, host);
    return firth_fail(FIRTH_ERR_DEADLOCK, 0, "firth_sim_run");
}

/* A poll that is woken has to return; a run only looks who it was for. */
static void wait_outside(firth_sim *sim, bool is_run)
{
    if (is_run ? atomic_exchange(&sim->woken, false) : atomic_load(&sim->woken))
        return;
    firth_port_lock_take(sim->lock);
    firth_port_signal_wait(sim->signal, sim->lock, OUTSIDE_MS);
    firth_port_lock_give(sim->lock);
}

/* ---- turning ----------------------------------------------------------------------------------------------------- */

/* Every host waits: lets time pass. FIRTH_OK; 1 when nothing is left to be done; FIRTH_ERR_DEADLOCK. */
static int let_pass(firth_sim *sim, const firth_sim_host *self, int64_t until_ns)
{
    outlook all = look_ahead(sim);

    if (all.has_jobs) {
        wait_outside(sim, self == NULL);
        return FIRTH_OK;
    }
    if (self == NULL && until_ns == INT64_MAX && all.tasks == 0)
        return 1;
    if (until_ns < all.next_ns)
        all.next_ns = until_ns;
    if (all.next_ns == INT64_MAX) {
        /* A program that only chose this backend may have threads or a user that wake it. */
        if (self == NULL || !self->has_world)
            return deadlock(sim);
        wait_outside(sim, self == NULL);
        return FIRTH_OK;
    }
    sim->idle_polls = 0;
    advance(sim, all.next_ns);
    return FIRTH_OK;
}

/* self: the host from whose poll this is called, or NULL. */
static int turn(firth_sim *sim, firth_sim_host *self, int64_t until_ns)
{
    int rc = FIRTH_OK;

    while (rc == FIRTH_OK) {
        if (self != NULL && (fth_sim_deliver(self) > 0 || atomic_exchange(&sim->woken, false) ||
                             firth_selector_deadline_ns(self->selector) == 0))
            return FIRTH_OK;
        if (!turn_hosts(sim)) {
            if (sim->now_ns >= until_ns)
                return FIRTH_OK;
            rc = let_pass(sim, self, until_ns);
        }
    }
    return rc < 0 ? rc : FIRTH_OK;
}

int fth_sim_turn(firth_sim *sim, int64_t until_ns)
{
    int rc;

    sim->turning = true;
    rc = turn(sim, NULL, until_ns);
    sim->turning = false;
    return rc;
}

/* A loop that has something else to do, or whose time is up already. */
static void poll_idly(firth_sim_host *host)
{
    firth_sim *sim = host->sim;

    if (firth_selector_deadline_ns(host->selector) > 0)
        return;
    if (++sim->idle_polls > IDLE_POLLS_MAX)
        advance(sim, sim->now_ns + IDLE_POLL_NS);
}

int fth_sim_poll(firth_selector *selector, int64_t until_ns)
{
    firth_sim_host *host = fth_sim_host_of(selector);
    firth_sim *sim = host->sim;
    int rc;

    if (fth_sim_deliver(host) > 0) {
        sim->idle_polls = 0;
        return FIRTH_OK;
    }
    if (until_ns <= sim->now_ns || sim->turning) {
        poll_idly(host);
        return FIRTH_OK;
    }
    sim->turning = true;
    host->polling = true;
    rc = turn(sim, host, until_ns);
    host->polling = false;
    sim->turning = false;
    return rc;
}
