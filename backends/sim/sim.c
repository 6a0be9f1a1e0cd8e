/* SPDX-License-Identifier: Apache-2.0 */
/* The table of the simulated network, and what selectors have to do with hosts. */
#include <string.h>

#include "backends/sim/world.h"

static void *allocate_by_selector(void *argument, size_t bytes)
{
    return firth_selector_allocate(argument, bytes);
}

static void release_by_selector(void *argument, void *memory)
{
    firth_selector_release(argument, memory);
}

/* A world for a selector that was opened without one. */
static int open_world(firth_selector *selector, firth_sim_host **host)
{
    firth_sim_options options = firth_sim_defaults();
    firth_sim_host_options host_options = firth_sim_host_defaults();
    firth_sim *sim;
    int rc;

    options.allocate = allocate_by_selector;
    options.release = release_by_selector;
    options.allocate_argument = selector;
    rc = fth_sim_new(&sim, &options);
    if (rc < 0)
        return rc;
    rc = fth_sim_host_new(sim, &host_options, host);
    if (rc < 0) {
        fth_sim_free(sim);
        return rc;
    }
    (*host)->has_world = true;
    return FIRTH_OK;
}

static int sim_open(firth_selector *selector)
{
    firth_sim_host *host = firth_selector_backend_argument(selector);
    int rc = host == NULL ? open_world(selector, &host) : FIRTH_OK;

    if (rc < 0)
        return rc;
    host->selector = selector;
    firth_selector_set_state(selector, host);
    return FIRTH_OK;
}

static void sim_close(firth_selector *selector)
{
    firth_sim_host *host = fth_sim_host_of(selector);

    fth_sim_trace(host->sim, host, "close");
    firth_selector_set_state(selector, NULL);
    host->selector = NULL;
    if (host->has_world)
        fth_sim_free(host->sim);
}

static void sim_wake(firth_selector *selector)
{
    firth_sim_host *host = fth_sim_host_of(selector);

    atomic_store(&host->sim->woken, true);
}

static int64_t sim_now_ns(const firth_selector *selector)
{
    return fth_sim_host_of(selector)->sim->now_ns;
}

const firth_backend firth_backend_sim = {
    .name = "sim",
    .capabilities = FIRTH_CAN_INHERIT | FIRTH_CAN_REUSE_PORT | FIRTH_CAN_DATAGRAMS,
    .open = sim_open,
    .close = sim_close,
    .socket_open = fth_sim_socket_open,
    .datagram_open = fth_sim_datagram_open,
    .socket_close = fth_sim_socket_close,
    .bind = fth_sim_bind,
    .listen = fth_sim_listen,
    .set_option = fth_sim_set_option,
    .get_option = fth_sim_get_option,
    .multicast = fth_sim_multicast,
    .local_address = fth_sim_local_address,
    .peer_address = fth_sim_peer_address,
    .shutdown_write = fth_sim_shutdown_write,
    .submit = fth_sim_submit,
    .cancel = fth_sim_cancel,
    .poll = fth_sim_poll,
    .wake = sim_wake,
    .now_ns = sim_now_ns,
};
