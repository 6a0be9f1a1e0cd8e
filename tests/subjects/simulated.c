/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/subjects/simulated.h"

#include <firth/sim.h>

#include <stdlib.h>

static firth_sim *world;
static firth_sim_host *host;
static firth_sim_faults faults;
static firth_sim_link link;

enum { LATENCY_MOST_US = 5000, REORDER_MOST_US = 20000, WOULD_BLOCK_US = 2 * 1000 };

/* Of a socket's buffers, if they are small at all: from half a KiB to 64. */
enum { BUFFER_LEAST_BITS = 9, BUFFER_MOST_BITS = 16 };

/* What is left of worlds that are gone: sockets when their selectors were closed, and memory of the network. */
static int64_t left_open, left_allocated;

static void *allocate(void *argument, size_t bytes)
{
    void *memory = malloc(bytes);

    (void)argument;
    left_allocated += memory != NULL;
    return memory;
}

static void release(void *argument, void *memory)
{
    (void)argument;
    left_allocated -= memory != NULL;
    free(memory);
}

static double rate(unsigned most_percent)
{
    return (double)(firth_sim_random(world) % (most_percent + 1)) / 100;
}

static uint64_t choose(uint64_t least, uint64_t most)
{
    return least + firth_sim_random(world) % (most - least + 1);
}

/* 0: as large as the socket asks for. */
static size_t choose_buffer(void)
{
    return choose(0, 1) == 0 ? 0 : (size_t)1 << choose(BUFFER_LEAST_BITS, BUFFER_MOST_BITS);
}

/* What a program has to put up with from a network that works. The first seed's host is without faults. */
static void choose_faults(uint64_t seed)
{
    faults = (firth_sim_faults){0};
    if (seed == 1)
        return;
    faults.short_read = rate(50);
    faults.short_write = rate(50);
    faults.would_block = rate(30);
    faults.spurious_wait = rate(30);
    faults.late_cancel = rate(50);
    faults.shuffle = firth_sim_random(world) % 2 == 0;
    faults.send_buffer_bytes = choose_buffer();
    faults.receive_buffer_bytes = choose_buffer();
}

/* The loopback is the only network that a case has: as fast as it comes for the first seed, else as slow, narrow and lossy
 * as the seed says. */
static void choose_link(uint64_t seed)
{
    static const size_t segments[] = {536, 1460, 9000, 65536}, mtus[] = {576, 1500, 9000, 65536};

    link = firth_sim_link_defaults();
    link.latency_min_us = link.latency_max_us = 10;
    link.segment_bytes = 65536;
    if (seed == 1)
        return;
    link.latency_min_us = (int64_t)choose(0, LATENCY_MOST_US);
    link.latency_max_us = (int64_t)choose((uint64_t)link.latency_min_us, LATENCY_MOST_US);
    link.segment_bytes = segments[choose(0, 3)];
    if (choose(0, 1) == 0)
        link.bytes_per_second = (int64_t)1 << choose(16, 26);
    if (choose(0, 1) == 0) {
        link.loss = rate(2);
        link.retransmit_us = (int64_t)choose(1000, 200000);
    }
    link.mtu_bytes = mtus[choose(0, 3)];
    if (choose(0, 1) == 0) {
        link.duplication = rate(5);
        link.reordering = rate(5);
        link.reorder_us = (int64_t)choose(1, REORDER_MOST_US);
    }
}

static int64_t takes_us(int64_t bytes)
{
    return link.bytes_per_second > 0 ? bytes * 1000000 / link.bytes_per_second : 0;
}

/* A message goes through a small receive buffer in halves of it, each of which waits for the news of room. */
static int64_t small_buffer_us(int64_t bytes)
{
    int64_t halves = faults.receive_buffer_bytes > 0 ? 2 * bytes / (int64_t)faults.receive_buffer_bytes : 0;

    return halves * (2 * link.latency_max_us + WOULD_BLOCK_US);
}

/* Six losses in a row at most: with seven the simulated system gives a connect up. Each wait is twice the last, and that
 * for a SYN begins with a second. Narrow links may have a MiB on them. */
static void tell_pace(void *argument, firth_conformance_pace *pace)
{
    enum { LOSSES_IN_A_ROW = (1 << 6) - 1, SYN_WAIT_US = 1000000 };

    (void)argument;
    pace->round_trip_us = 4 * link.latency_max_us + WOULD_BLOCK_US + takes_us(2 * 4096) + small_buffer_us(2 * 4096);
    pace->settled_us = 2 * pace->round_trip_us + takes_us(1 << 20) + (link.reordering > 0 ? 2 * link.reorder_us : 0);
    if (link.loss > 0)
        pace->settled_us += LOSSES_IN_A_ROW * (SYN_WAIT_US + link.retransmit_us);
}

static int selector_open(void *argument, firth_selector **selector, const firth_selector_options *options,
                         uint64_t seed)
{
    firth_sim_options world_options = firth_sim_defaults();
    firth_sim_host_options host_options = firth_sim_host_defaults();
    int rc;

    (void)argument;
    world_options.seed = seed;
    world_options.allocate = allocate;
    world_options.release = release;
    rc = firth_sim_open(&world, &world_options);
    if (rc < 0)
        return rc;
    choose_faults(seed);
    choose_link(seed);
    host_options.selector = options;
    host_options.faults = faults;
    rc = firth_sim_host_open(world, &host_options, &host);
    if (rc >= 0)
        rc = firth_sim_link_set(host, host, &link);
    if (rc < 0) {
        (void)firth_sim_close(world);
        host = NULL;
        return rc;
    }
    *selector = firth_sim_host_selector(host);
    return FIRTH_OK;
}

static int selector_close(void *argument, firth_selector *selector, bool stuck)
{
    int rc = FIRTH_OK;

    (void)argument;
    (void)selector;
    if (!stuck) {
        rc = firth_sim_host_close(host);
        (void)firth_sim_close(world);
    }
    host = NULL;
    return rc;
}

/* The kit counts before a case and after it, when there is no world. */
static int64_t count_open(void *argument)
{
    (void)argument;
    return left_open + left_allocated + (host != NULL ? (int64_t)firth_sim_host_descriptors(host) : 0);
}

static int limit_open(void *argument, int64_t further)
{
    (void)argument;
    if (host == NULL)
        return further < 0 ? FIRTH_OK : FIRTH_ERR_NOT_SUPPORTED;
    faults.descriptors_max = further < 0 ? 0 : firth_sim_host_descriptors(host) + (size_t)further;
    return firth_sim_host_set_faults(host, &faults);
}

static const firth_backend *table;

/* By now core has closed everything, also what it aborted while an op of it had still to end. */
static void close_counted(firth_selector *selector)
{
    left_open += (int64_t)firth_sim_host_descriptors(host);
    table->close(selector);
}

firth_conformance_subject simulated_subject(const firth_backend *backend)
{
    static firth_backend counted;
    firth_conformance_subject subject = firth_conformance_for(&counted);

    table = backend;
    counted = *backend;
    counted.close = close_counted;
    subject.selector_open = selector_open;
    subject.selector_close = selector_close;
    subject.count_open = count_open;
    subject.limit_open = limit_open;
    subject.pace = tell_pace;
    return subject;
}
