/* SPDX-License-Identifier: Apache-2.0 */
/* What lies between hosts. */
#include "backends/sim/world.h"

/* Latencies and delays above are mistakes of unit. */
static const int64_t most_us = (int64_t)24 * 3600 * 1000000;

enum { LOOPBACK_US = 10, LOOPBACK_SEGMENT_BYTES = 65536, MTU_LEAST = 576 };

firth_sim_link firth_sim_link_defaults(void)
{
    return (firth_sim_link){.latency_min_us = 1000,
                            .latency_max_us = 1000,
                            .segment_bytes = 1460,
                            .retransmit_us = 200000,
                            .reset_after_bytes = -1,
                            .reorder_us = 10000,
                            .mtu_bytes = 1500,
                            .queue_bytes = 262144};
}

static bool is_good_for_datagrams(const firth_sim_link *link)
{
    return link->duplication >= 0 && link->duplication <= 1 && link->reordering >= 0 && link->reordering <= 1 &&
           link->reorder_us > 0 && link->reorder_us <= most_us && link->mtu_bytes >= MTU_LEAST &&
           link->mtu_bytes <= 1 << 24;
}

bool fth_sim_link_is_good(const firth_sim_link *link)
{
    return is_good_for_datagrams(link) && link->latency_min_us >= 0 && link->latency_min_us <= link->latency_max_us &&
           link->latency_max_us <= most_us && link->bytes_per_second >= 0 && link->segment_bytes > 0 &&
           link->segment_bytes <= 1 << 24 && link->loss >= 0 && link->loss < 1 && link->retransmit_us > 0 &&
           link->retransmit_us <= most_us;
}

static fth_sim_path *add_path(firth_sim_host *a, firth_sim_host *b)
{
    fth_sim_path *path = fth_sim_allocate(a->sim, sizeof *path);

    if (path == NULL)
        return NULL;
    path->a = a;
    path->b = b;
    path->link = a->sim->options.link;
    if (a == b) {
        path->link = firth_sim_link_defaults();
        path->link.latency_min_us = path->link.latency_max_us = LOOPBACK_US;
        path->link.segment_bytes = path->link.mtu_bytes = LOOPBACK_SEGMENT_BYTES;
    }
    path->next = a->paths;
    a->paths = path;
    return path;
}

fth_sim_path *fth_sim_path_between(firth_sim_host *a, firth_sim_host *b)
{
    firth_sim_host *owner = a->number <= b->number ? a : b, *other = owner == a ? b : a;
    fth_sim_path *path = owner->paths;

    while (path != NULL && path->b != other)
        path = path->next;
    return path != NULL ? path : add_path(owner, other);
}

int64_t fth_sim_delay_ns(fth_sim_path *path)
{
    return fth_sim_between(path->a->sim, path->link.latency_min_us * 1000, path->link.latency_max_us * 1000);
}

/* ---- the calls --------------------------------------------------------------------------------------------------- */

int firth_sim_link_set(firth_sim_host *a, firth_sim_host *b, const firth_sim_link *link)
{
    fth_sim_path *path;

    if (!fth_sim_link_is_good(link))
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "firth_sim_link_set");
    path = fth_sim_path_between(a, b);
    if (path == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "firth_sim_link_set");
    path->link = *link;
    return FIRTH_OK;
}

int firth_sim_partition(firth_sim_host *a, firth_sim_host *b)
{
    fth_sim_path *path = fth_sim_path_between(a, b);

    if (path == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "firth_sim_partition");
    if (path->is_parted)
        return FIRTH_OK;
    fth_sim_trace(a->sim, a, "partition from %s", b->name);
    path->is_parted = true;
    for (fth_sim_connection *connection = a->sim->connections; connection != NULL; connection = connection->next)
        if (connection->path == path)
            fth_sim_connection_part(connection);
    return FIRTH_OK;
}

void firth_sim_heal(firth_sim_host *a, firth_sim_host *b)
{
    fth_sim_path *path = fth_sim_path_between(a, b);

    if (path == NULL || !path->is_parted)
        return;
    fth_sim_trace(a->sim, a, "heal to %s", b->name);
    path->is_parted = false;
    for (fth_sim_connection *connection = a->sim->connections; connection != NULL; connection = connection->next)
        if (connection->path == path)
            fth_sim_connection_heal(connection);
}

size_t firth_sim_reset(firth_sim_host *a, firth_sim_host *b)
{
    fth_sim_path *path = fth_sim_path_between(a, b);
    fth_sim_connection *next;
    size_t count = 0;

    for (fth_sim_connection *connection = a->sim->connections; connection != NULL; connection = next) {
        next = connection->next;
        if (connection->path != path || connection->handshake < FTH_SIM_ACK)
            continue;
        fth_sim_connection_reset(connection);
        count++;
    }
    return count;
}
