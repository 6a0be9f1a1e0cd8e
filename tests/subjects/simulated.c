/* SPDX-License-Identifier: Apache-2.0 */
/* The kit on the simulator: a world with one host for each selector, whose faults are the seed's. conformance_sim takes
 * what the kit takes. */
#include <firth/conformance.h>
#include <firth/sim.h>

#include <stdlib.h>

static firth_sim *world;
static firth_sim_host *host;
static firth_sim_faults faults;

/* What is left of worlds that are gone: sockets when their hosts were closed, and memory of the network. */
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
    host_options.selector = options;
    host_options.faults = faults;
    rc = firth_sim_host_open(world, &host_options, &host);
    if (rc < 0) {
        (void)firth_sim_close(world);
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
        left_open += (int64_t)firth_sim_host_descriptors(host);
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

int main(int argc, char **argv)
{
    firth_conformance_subject subject = firth_conformance_for(&firth_backend_sim);

    subject.selector_open = selector_open;
    subject.selector_close = selector_close;
    subject.count_open = count_open;
    subject.limit_open = limit_open;
    return firth_conformance_main(argc, argv, &subject);
}
