/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to a datagram between its sender and its receiver: it waits for the link, is cut into fragments, lost,
 * doubled, held back. */
#include "backends/sim/world.h"

#include <string.h>

enum { UDP_HEADER = 8, IPV4_HEADER = 20, IPV6_HEADER = 40 };

static void trace(const fth_sim_datagram *datagram, const firth_sim_host *host, const char *what)
{
    char from[sizeof(firth_address_string)];

    /* One buffer of text at a time. */
    memcpy(from, firth_address_text(&datagram->from).text, sizeof from);
    fth_sim_trace(host->sim, host, "%s > %s %zu %s", from, firth_address_text(&datagram->to).text, datagram->size,
                  what);
}

/* ---- arriving ---------------------------------------------------------------------------------------------------- */

static void unlink_flying(fth_sim_datagram *datagram)
{
    if (datagram->next != NULL)
        datagram->next->previous = datagram->previous;
    if (datagram->previous != NULL)
        datagram->previous->next = datagram->next;
    else
        datagram->host->sim->flying = datagram->next;
    datagram->next = datagram->previous = NULL;
}

void fth_sim_datagram_free(fth_sim_datagram *datagram)
{
    firth_sim *sim = datagram->host->sim;

    fth_timers_remove(&sim->timers, &datagram->arrival);
    unlink_flying(datagram);
    fth_sim_release(sim, datagram);
}

static void arrive(firth_timer *timer)
{
    fth_sim_datagram *datagram = FTH_CONTAINER(timer, fth_sim_datagram, arrival);

    if (datagram->path->is_parted) {
        trace(datagram, datagram->host, "cut off");
    } else if (datagram->host->selector != NULL) {
        trace(datagram, datagram->host, datagram->error != 0 ? firth_error_name(datagram->error) : "arrived");
        fth_sim_deliver_datagram(datagram);
    }
    fth_sim_datagram_free(datagram);
}

/* ---- departing --------------------------------------------------------------------------------------------------- */

static int64_t bytes_on_the_wire(const fth_sim_path *path, const fth_sim_datagram *datagram, unsigned *fragments)
{
    size_t header = datagram->to.family == FIRTH_FAMILY_IPV4 ? IPV4_HEADER : IPV6_HEADER;
    size_t room = path->link.mtu_bytes - header, payload = datagram->size + UDP_HEADER;

    *fragments = (unsigned)((payload + room - 1) / room);
    return (int64_t)(payload + *fragments * header);
}

/* When its last byte has left; < 0: the queue before the link is full. */
static int64_t departure_ns(fth_sim_path *path, const firth_sim_host *host, int64_t bytes)
{
    int64_t *free_ns = &path->free_ns[host != path->b], now_ns = host->sim->now_ns;
    int64_t rate = path->link.bytes_per_second, start_ns = *free_ns > now_ns ? *free_ns : now_ns;

    if (rate == 0)
        return now_ns;
    if ((double)(start_ns - now_ns) * (double)rate > (double)path->link.queue_bytes * 1e9)
        return -1;
    *free_ns = start_ns + bytes * 1000000000 / rate;
    return *free_ns;
}

static bool is_lost(const fth_sim_path *path, unsigned fragments)
{
    bool lost = path->is_parted;

    while (fragments-- > 0 && !lost)
        lost = fth_sim_happens(path->a->sim, path->link.loss);
    return lost;
}

/* One copy of it. */
static int fly(fth_sim_path *path, firth_sim_host *host, const fth_sim_datagram *head, const void *bytes,
               int64_t arrival_ns)
{
    firth_sim *sim = host->sim;
    fth_sim_datagram *datagram = fth_sim_allocate(sim, sizeof *datagram + head->size);

    if (datagram == NULL)
        return FIRTH_ERR_NO_MEMORY;
    *datagram = *head;
    datagram->path = path;
    datagram->host = host;
    datagram->arrival = (firth_timer){.fire = arrive};
    if (head->size > 0 && bytes != NULL)
        memcpy(datagram->bytes, bytes, head->size);
    datagram->next = sim->flying;
    datagram->previous = NULL;
    if (sim->flying != NULL)
        sim->flying->previous = datagram;
    sim->flying = datagram;
    fth_sim_at(sim, &datagram->arrival, arrival_ns);
    return FIRTH_OK;
}

static int64_t held_back_ns(const fth_sim_path *path)
{
    firth_sim *sim = path->a->sim;

    return fth_sim_happens(sim, path->link.reordering) ? fth_sim_between(sim, 1, path->link.reorder_us * 1000) : 0;
}

/* head->arrival.deadline_ns: it arrives then, by no link; 0: as the path has it. */
int fth_sim_post(fth_sim_path *path, firth_sim_host *host, const fth_sim_datagram *head, const void *bytes)
{
    firth_sim *sim = host->sim;
    unsigned fragments, copies;
    int64_t leaves_ns;
    int rc = FIRTH_OK;

    if (head->arrival.deadline_ns > 0)
        return fly(path, host, head, bytes, head->arrival.deadline_ns);
    leaves_ns = departure_ns(path, host, bytes_on_the_wire(path, head, &fragments));
    if (leaves_ns < 0 || is_lost(path, fragments)) {
        trace(head, path->a == host ? path->b : path->a, leaves_ns < 0 ? "dropped" : "lost");
        return FIRTH_OK;
    }
    copies = fth_sim_happens(sim, path->link.duplication) ? 2 : 1;
    for (unsigned i = 0; i < copies && rc >= 0; i++)
        rc = fly(path, host, head, bytes, leaves_ns + fth_sim_delay_ns(path) + held_back_ns(path));
    return rc;
}
