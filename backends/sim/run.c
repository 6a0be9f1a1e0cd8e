/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/sim/world.h"
#include "core/base/assert.h"

/* FIRTH_OK if the caller may run the world now. */
static int enter(const firth_sim *sim)
{
    if (sim->turning || firth_scope_current() != NULL || sim->thread != firth_port_thread_id())
        return FTH_MISUSE("a world, run from a task, a loop, an event or another thread");
    return FIRTH_OK;
}

/* A loop without tasks ends at once, with the first error of those it had. */
static int first_error(firth_sim *sim)
{
    int result = FIRTH_OK;

    for (firth_sim_host *host = sim->hosts; host != NULL; host = host->next) {
        int rc = host->selector != NULL ? firth_selector_run(host->selector) : FIRTH_OK;

        result = result < 0 ? result : rc;
    }
    return result;
}

int firth_sim_run(firth_sim *sim)
{
    int rc = enter(sim);

    /* Events that are past come even if there is nobody to run; those that they make do not, or might never end. */
    if (rc >= 0 && sim->past_events > 0)
        rc = fth_sim_turn(sim, sim->now_ns + 1);
    if (rc >= 0)
        rc = fth_sim_turn(sim, INT64_MAX);
    return rc < 0 ? rc : first_error(sim);
}

int firth_sim_run_for(firth_sim *sim, int64_t duration_ms)
{
    int rc = enter(sim), tasks = 0;

    if (rc < 0)
        return rc;
    if (duration_ms < 0 || duration_ms >= (INT64_MAX - sim->now_ns) / 1000000)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "firth_sim_run_for");
    rc = fth_sim_turn(sim, sim->now_ns + duration_ms * 1000000);
    for (const firth_sim_host *host = sim->hosts; host != NULL; host = host->next)
        tasks += host->selector != NULL ? host->tasks : 0;
    return rc < 0 ? rc : tasks;
}
