/* SPDX-License-Identifier: Apache-2.0 */
/* Starts a server, puts a load on it, checks every byte that comes back, and prints one line of what it measured:
 *
 *     load [--seconds S] [--warm-up S] [--operations N] [--connections N] [--in-flight N] [--server-cpu N]
 *          [--load-cpu N] [--pause-us N] [--host-network] MODE COMMAND [ARGUMENT…]
 *
 * The mode's protocol for the server (such as echo) is added to COMMAND as its last argument. With --operations the run
 * has exactly that many and no warm-up. The server is in a network of its own, where permitted, unless --host-network.
 * load_tls is the same with the modes over TLS. */
#include "bench/load.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "bench/network.h"

enum { STALL_LIMIT_MS = 15000, ARGUMENTS_MAX = 64 };

/* bulk1 and sink1 count an operation each MiB. */
static const double mebibyte = 1024.0 * 1024.0;

int64_t load_now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ---- the run ----------------------------------------------------------------------------------------------------- */

static uint64_t progress(const load *self)
{
    return self->completed + self->bytes;
}

static void measure(load *self)
{
    self->stage = LOAD_MEASURING;
    histogram_clear(&self->latencies);
    self->completed_before = progress(self);
    self->cpu_ns = subject_cpu_ns(&self->server);
    self->measured_from_ns = load_now_ns();
    self->stage_end_ns = self->limit > 0 ? INT64_MAX : self->measured_from_ns + self->duration_ns;
}

static void end(load *self)
{
    self->stage = LOAD_OVER;
    self->measured_ns = load_now_ns() - self->measured_from_ns;
    self->cpu_ns = subject_cpu_ns(&self->server) - self->cpu_ns;
    self->measured = progress(self) - self->completed_before;
}

void load_begin(load *self)
{
    self->stage = LOAD_WARMING;
    self->started = self->completed = self->bytes = 0;
    self->stage_end_ns = load_now_ns() + self->warm_up_ns;
    if (self->limit > 0)
        measure(self);
}

void load_tick(load *self, int64_t now_ns)
{
    bool all_done =
        self->limit > 0 && (self->completed >= self->limit || (double)self->bytes >= (double)self->limit * mebibyte);

    if (self->stage == LOAD_WARMING && now_ns >= self->stage_end_ns)
        measure(self);
    else if (self->stage == LOAD_MEASURING && (now_ns >= self->stage_end_ns || all_done))
        end(self);
}

uint64_t load_may_start(load *self, uint64_t wanted)
{
    uint64_t left = self->limit > 0 ? self->limit - self->started : UINT64_MAX;

    if (self->stage == LOAD_OVER)
        return 0;
    wanted = wanted < left ? wanted : left;
    self->started += wanted;
    return wanted;
}

void load_complete(load *self, int64_t latency_ns, uint64_t times)
{
    histogram_add(&self->latencies, latency_ns, times);
    self->completed += times;
}

int load_wait(load *self, struct epoll_event *events, int64_t *now_ns)
{
    int ready;

    do
        ready = epoll_wait(self->queue, events, LOAD_EVENTS, STALL_LIMIT_MS);
    while (ready < 0 && errno == EINTR);
    if (ready <= 0)
        fail("%s: nothing came from the server for %d s", self->mode->name, STALL_LIMIT_MS / 1000);
    *now_ns = load_now_ns();
    load_tick(self, *now_ns);
    return ready;
}

void load_watch(load *self, int descriptor, void *owner)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = owner};

    if (epoll_ctl(self->queue, EPOLL_CTL_ADD, descriptor, &event) != 0)
        fail("epoll_ctl: %s", strerror(errno));
}

/* ---- the report -------------------------------------------------------------------------------------------------- */

static void report(const load *self, bool isolated)
{
    bool in_bytes = self->bytes > 0;
    double operations = in_bytes ? (double)self->measured / mebibyte : (double)self->measured;
    char congestion_control[32];

    if (operations <= 0)
        fail("%s: nothing was completed in that time", self->mode->name);
    network_congestion_control(congestion_control, sizeof congestion_control);
    printf("mode=%s unit=%s connections=%u in_flight=%u seconds=%.3f operations=%.0f rate=%.1f cpu_ns=%.2f load=%.3f",
           self->mode->name, self->mode->unit, self->connections, self->in_flight, (double)self->measured_ns / 1e9,
           operations, operations * 1e9 / (double)self->measured_ns, (double)self->cpu_ns / operations,
           (double)self->cpu_ns / (double)self->measured_ns);
    if (!in_bytes && self->latencies.total > 0)
        printf(" p50_ns=%lld p99_ns=%lld p999_ns=%lld", (long long)histogram_quantile(&self->latencies, 0.5),
               (long long)histogram_quantile(&self->latencies, 0.99),
               (long long)histogram_quantile(&self->latencies, 0.999));
    if (self->alone_p50_ns > 0)
        printf(" alone_p50_ns=%lld", (long long)self->alone_p50_ns);
    if (self->resident_per_idle_bytes > 0)
        printf(" idle_bytes=%.0f", self->resident_per_idle_bytes);
    if (self->heap_per_idle_bytes > 0)
        printf(" heap_bytes=%.0f", self->heap_per_idle_bytes);
    printf(" network=%s congestion=%s\n", isolated ? "own" : "host", congestion_control);
}

/* ---- the command line -------------------------------------------------------------------------------------------- */

typedef struct settings {
    int server_cpu;
    int load_cpu;
    bool host_network;
} settings;

static double number(const char *text, double least, double most)
{
    char *rest;
    double value = strtod(text, &rest);

    if (rest == text || *rest != '\0' || !(value >= least && value <= most))
        fail("\"%s\" is not a number from %g to %g", text, least, most);
    return value;
}

static const load_mode *mode_named(const char *name)
{
    for (const load_mode *mode = load_modes; mode->name != NULL; mode++)
        if (strcmp(mode->name, name) == 0)
            return mode;
    fail("there is no mode \"%s\"", name);
}

static void parse(load *self, settings *how, int argc, char **argv)
{
    static const struct option options[] = {
        {"seconds", required_argument, NULL, 's'},    {"warm-up", required_argument, NULL, 'w'},
        {"operations", required_argument, NULL, 'o'}, {"connections", required_argument, NULL, 'c'},
        {"in-flight", required_argument, NULL, 'f'},  {"server-cpu", required_argument, NULL, 'S'},
        {"load-cpu", required_argument, NULL, 'L'},   {"pause-us", required_argument, NULL, 'p'},
        {"host-network", no_argument, NULL, 'h'},     {NULL, 0, NULL, 0},
    };
    int option;

    *how = (settings){.server_cpu = -1, .load_cpu = -1};
    self->duration_ns = 1000000000;
    self->warm_up_ns = 200000000;
    while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
        switch (option) {
        case 's':
            self->duration_ns = (int64_t)(number(optarg, 0.01, 600) * 1e9);
            break;
        case 'w':
            self->warm_up_ns = (int64_t)(number(optarg, 0, 600) * 1e9);
            break;
        case 'o':
            self->limit = (uint64_t)number(optarg, 1, 1e12);
            break;
        case 'c':
            self->connections = (unsigned)number(optarg, 1, 1e6);
            break;
        case 'f':
            self->in_flight = (unsigned)number(optarg, 1, 1024);
            break;
        case 'S':
            how->server_cpu = (int)number(optarg, 0, CPU_SETSIZE - 1);
            break;
        case 'L':
            how->load_cpu = (int)number(optarg, 0, CPU_SETSIZE - 1);
            break;
        case 'p':
            self->pause_us = (unsigned)number(optarg, 0, 999999);
            break;
        case 'h':
            how->host_network = true;
            break;
        default:
            exit(2);
        }
    }
    if (argc - optind < 2 || argc - optind > ARGUMENTS_MAX)
        fail("usage: load [OPTION…] MODE COMMAND [ARGUMENT…]");
    self->mode = mode_named(argv[optind]);
    self->connections = self->connections > 0 ? self->connections : self->mode->connections;
    self->in_flight = self->in_flight > 0 ? self->in_flight : self->mode->in_flight;
}

static void pin(int cpu)
{
    cpu_set_t cpus;

    if (cpu < 0)
        return;
    CPU_ZERO(&cpus);
    CPU_SET((size_t)cpu, &cpus);
    if (sched_setaffinity(0, sizeof cpus, &cpus) != 0)
        fail("processor %d: %s", cpu, strerror(errno));
}

/* As many as are permitted; a mode that needs more says so. The server inherits it. */
static void allow_many_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        fail("getrlimit: %s", strerror(errno));
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        fail("setrlimit: %s", strerror(errno));
}

static void open_load(load *self)
{
    if (!bytes_open(&self->content, strcmp(self->mode->protocol, "line") == 0))
        fail("no memory");
    self->buffer = malloc(BYTES_RUN_MAX);
    self->queue = epoll_create1(EPOLL_CLOEXEC);
    if (self->buffer == NULL || self->queue < 0)
        fail("no memory or no descriptor");
}

static void close_load(load *self)
{
    (void)close(self->queue);
    free(self->buffer);
    bytes_close(&self->content);
}

int main(int argc, char **argv)
{
    static load self;
    char *command[ARGUMENTS_MAX + 2] = {NULL};
    settings how;
    bool isolated;

    parse(&self, &how, argc, argv);
    for (int i = optind + 1; i < argc; i++)
        command[i - optind - 1] = argv[i];
    command[argc - optind - 1] = (char *)(uintptr_t)self.mode->protocol;
    allow_many_descriptors();
    isolated = !how.host_network && network_isolate();
    open_load(&self);
    subject_start(&self.server, command, how.server_cpu);
    pin(how.load_cpu);
    self.mode->run(&self);
    subject_stop(&self.server);
    report(&self, isolated);
    close_load(&self);
    return EXIT_SUCCESS;
}
