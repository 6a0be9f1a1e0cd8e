/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing a world; its memory, its clock's public side, and the events of the program. */
#include "backends/sim/world.h"

#include <string.h>

#include "core/base/assert.h"

/* ---- options ----------------------------------------------------------------------------------------------------- */

static void *default_allocate(void *argument, size_t bytes)
{
    (void)argument;
    return firth_port_allocate(bytes);
}

static void default_release(void *argument, void *memory)
{
    (void)argument;
    firth_port_release(memory);
}

void firth_sim_options_init(firth_sim_options *options, size_t struct_bytes)
{
    firth_sim_options defaults;

    memset(&defaults, 0, sizeof defaults);
    defaults.struct_bytes = struct_bytes;
    defaults.start_ns = 1000000000;
    defaults.link = firth_sim_link_defaults();
    memset(options, 0, struct_bytes);
    memcpy(options, &defaults, struct_bytes < sizeof defaults ? struct_bytes : sizeof defaults);
}

static int read_options(firth_sim_options *full, const firth_sim_options *given)
{
    *full = firth_sim_defaults();
    if (given != NULL && given->struct_bytes < offsetof(firth_sim_options, start_ns))
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "option struct_bytes");
    if (given != NULL)
        memcpy(full, given, given->struct_bytes < sizeof *full ? given->struct_bytes : sizeof *full);
    full->struct_bytes = sizeof *full;
    if (full->start_ns <= 0 || full->start_ns > INT64_MAX / 2)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "option start_ns");
    if (!fth_sim_link_is_good(&full->link))
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "option link");
    if (full->allocate == NULL || full->release == NULL) {
        full->allocate = default_allocate;
        full->release = default_release;
    }
    return FIRTH_OK;
}

/* ---- memory ------------------------------------------------------------------------------------------------------ */

void *fth_sim_allocate(firth_sim *sim, size_t bytes)
{
    void *memory = sim->options.allocate(sim->options.allocate_argument, bytes);

    if (memory != NULL)
        memset(memory, 0, bytes);
    return memory;
}

void fth_sim_release(firth_sim *sim, void *memory)
{
    if (memory != NULL)
        sim->options.release(sim->options.allocate_argument, memory);
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

int fth_sim_new(firth_sim **sim, const firth_sim_options *options)
{
    firth_sim *made = options->allocate(options->allocate_argument, sizeof *made);

    if (made == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "firth_sim_open");
    memset(made, 0, sizeof *made);
    made->options = *options;
    made->now_ns = options->start_ns;
    made->random = options->seed;
    made->thread = firth_port_thread_id();
    atomic_init(&made->woken, false);
    made->lock = firth_port_lock_open();
    made->signal = firth_port_signal_open();
    if (made->lock == NULL || made->signal == NULL) {
        fth_sim_free(made);
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "firth_sim_open");
    }
    *sim = made;
    return FIRTH_OK;
}

int firth_sim_open(firth_sim **sim, const firth_sim_options *options)
{
    firth_sim_options full;
    int rc = read_options(&full, options);

    *sim = NULL;
    return rc < 0 ? rc : fth_sim_new(sim, &full);
}

/* ---- closing ----------------------------------------------------------------------------------------------------- */

struct fth_sim_event {
    fth_sim_event *next;
    fth_sim_event *previous;
    firth_sim *sim;
    firth_timer timer;
    void (*fn)(void *argument);
    void *argument;
    bool is_past; /* when it was made */
};

static void free_event(fth_sim_event *event)
{
    firth_sim *sim = event->sim;

    fth_timers_remove(&sim->timers, &event->timer);
    sim->past_events -= event->is_past;
    if (event->next != NULL)
        event->next->previous = event->previous;
    if (event->previous != NULL)
        event->previous->next = event->next;
    else
        sim->events = event->next;
    fth_sim_release(sim, event);
}

void fth_sim_free(firth_sim *sim)
{
    void (*release)(void *argument, void *memory) = sim->options.release;

    while (sim->events != NULL)
        free_event(sim->events);
    while (sim->connections != NULL)
        fth_sim_connection_free(sim->connections);
    while (sim->flying != NULL)
        fth_sim_datagram_free(sim->flying);
    while (sim->hosts != NULL) {
        firth_sim_host *next = sim->hosts->next;

        fth_sim_host_free(sim->hosts);
        sim->hosts = next;
    }
    if (sim->signal != NULL)
        firth_port_signal_close(sim->signal);
    if (sim->lock != NULL)
        firth_port_lock_close(sim->lock);
    release(sim->options.allocate_argument, sim);
}

int firth_sim_close(firth_sim *sim)
{
    int result = FIRTH_OK, rc;

    if (sim == NULL)
        return FIRTH_OK;
    if (sim->turning || firth_scope_current() != NULL || sim->thread != firth_port_thread_id())
        return FTH_MISUSE("firth_sim_close from a task, a loop, an event or another thread");
    for (firth_sim_host *host = sim->hosts; host != NULL; host = host->next) {
        rc = firth_sim_host_close(host);
        result = result < 0 ? result : rc;
    }
    fth_sim_free(sim);
    return result < 0 ? firth_fail(result, 0, "firth_sim_close") : FIRTH_OK;
}

/* ---- time -------------------------------------------------------------------------------------------------------- */

int64_t firth_sim_now_ns(const firth_sim *sim)
{
    return sim->now_ns;
}

static void happen(firth_timer *timer)
{
    fth_sim_event *event = FTH_CONTAINER(timer, fth_sim_event, timer);
    void (*fn)(void *argument) = event->fn;
    void *argument = event->argument;

    free_event(event);
    fn(argument);
}

int firth_sim_at(firth_sim *sim, int64_t time_ns, void (*fn)(void *argument), void *argument)
{
    fth_sim_event *event = fth_sim_allocate(sim, sizeof *event);

    if (event == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "firth_sim_at");
    event->sim = sim;
    event->fn = fn;
    event->argument = argument;
    event->timer.fire = happen;
    event->next = sim->events;
    if (event->next != NULL)
        event->next->previous = event;
    sim->events = event;
    event->is_past = time_ns <= sim->now_ns;
    sim->past_events += event->is_past;
    /* Never at once: an event that makes the next one would never let the others have a turn. */
    fth_sim_at(sim, &event->timer, event->is_past ? sim->now_ns + 1 : time_ns);
    return FIRTH_OK;
}
