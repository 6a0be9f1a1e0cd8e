/* SPDX-License-Identifier: Apache-2.0 */
/* The load generator: what its modes share. A mode opens its connections, begins the run, counts each operation when
 * it is complete and checked, and starts no further one once load_may_start says so. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "bench/bytes.h"
#include "bench/histogram.h"
#include "bench/subject.h"

enum { LOAD_EVENTS = 256 };

typedef struct load load;

typedef struct load_mode {
    const char *name;
    const char *protocol; /* that the server has to speak: echo, line, sink, or one of bench/server_tls.h */
    const char *unit;     /* of an operation */
    unsigned connections;
    unsigned in_flight; /* requests on each */
    void (*run)(load *self);
} load_mode;

/* The program's modes; one without a name is the last. */
extern const load_mode load_modes[];

typedef enum load_stage { LOAD_WARMING, LOAD_MEASURING, LOAD_OVER } load_stage;

struct load {
    const load_mode *mode;
    unsigned connections;
    unsigned in_flight;
    unsigned pause_us; /* udp-pp: before each request, so that the server has fallen asleep; 0 */
    uint64_t limit;    /* operations of the whole run, or 0: by time */
    int64_t warm_up_ns;
    int64_t duration_ns;
    subject server;
    bytes content;
    int queue;             /* epoll */
    unsigned char *buffer; /* BYTES_RUN_MAX bytes */

    load_stage stage;
    uint64_t started;
    uint64_t completed;        /* since the beginning */
    uint64_t completed_before; /* when the measurement began */
    uint64_t bytes;            /* that the modes which count in MiB moved: an operation is a MiB of them */
    int64_t stage_end_ns;
    int64_t measured_from_ns;
    int64_t measured_ns;
    int64_t cpu_ns;
    uint64_t measured; /* operations, or bytes */
    histogram latencies;

    int64_t alone_p50_ns;           /* mode idle: of one connection before the others came */
    double resident_per_idle_bytes; /* mode idle */
    double heap_per_idle_bytes;     /* idle over TLS */
};

/* A connection on which requests are sent and their answers awaited, so many in flight at a time. */
typedef struct stream {
    int descriptor;
    bool blocked;   /* the last send found no room */
    uint64_t start; /* in the content */
    uint64_t asked; /* bytes that may be sent */
    uint64_t sent;
    uint64_t answered;
    int64_t *begun_ns; /* of each request in flight */
} stream;

int64_t load_now_ns(void);

/* The run, and its warm-up, begin now. */
void load_begin(load *self);

/* Tells the time; the stages change here. To be called between batches of events. */
void load_tick(load *self, int64_t now_ns);

/* How many of `wanted` operations may be started; counts them as started. */
uint64_t load_may_start(load *self, uint64_t wanted);

/* An operation is complete. */
void load_complete(load *self, int64_t latency_ns, uint64_t times);

/* epoll_wait on the queue; fails the program when nothing happens for long. Calls load_tick. */
int load_wait(load *self, struct epoll_event *events, int64_t *now_ns);

/* Watches a socket for both directions, edge-triggered. */
void load_watch(load *self, int descriptor, void *owner);

/* Opens a stream and sees it connected; frees what load_stream_open took. */
void load_stream_open(load *self, stream *made, size_t number);
void load_stream_close(stream *gone);

/* Requests over these streams until the run is over and all are answered. */
void load_requests(load *self, stream *streams, size_t count);

/* Ends the sending side and expects no more bytes, but the end. */
void load_expect_end(stream *last);

void load_run_requests(load *self);
void load_run_bulk(load *self);
void load_run_sink(load *self);
void load_run_connections(load *self);
void load_run_idle(load *self);

#endif
