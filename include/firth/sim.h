/* SPDX-License-Identifier: Apache-2.0 */
/* The simulator: many hosts and the network between them, in one process and on one thread, with a clock of its own and
 * one seed that decides everything. The hosts run your tasks, unchanged; what would take a day runs in a second; and a
 * run that failed is run again by its seed.
 *
 *     firth_sim_options options = firth_sim_defaults();
 *     options.seed = seed;
 *     rc = firth_sim_open(&sim, &options);
 *     rc = firth_sim_host_open(sim, &server_options, &server);     // .name = "server", .addresses = {"10.0.0.1"}
 *     rc = firth_sim_host_open(sim, &client_options, &client);
 *     lossy.loss = 0.05;
 *     rc = firth_sim_link_set(client, server, &lossy);
 *     rc = firth_spawn(firth_sim_host_scope(server), serve, NULL, NULL);
 *     rc = firth_spawn(firth_sim_host_scope(client), ask, NULL, NULL);
 *     rc = firth_sim_run(sim);
 *     rc = firth_sim_close(sim);
 *
 * What is simulated is the connections of TCP as programs see them: bytes in order, buffers and windows, FIN and RST,
 * backlog, loss as delay; and datagrams, which are lost, doubled and overtaken, cut up on the way, refused, and sent to
 * groups. Time passes only while every host waits: computing takes none. firth_blocking and names are worked on by real threads, for which the clock stands still.
 *
 * A program that merely chooses the backend "sim" for a selector, without a world, gets a world with one host in it,
 * 127.0.0.1 and ::1, that nobody else can reach.
 *
 * A world and all in it belong to the thread that opened it. Unless a comment says otherwise a function here is called
 * from outside any task, or from a task or an event of the world, and never suspends. */
#ifndef FIRTH_SIM_H
#define FIRTH_SIM_H

#include <firth/address.h>
#include <firth/error.h>
#include <firth/export.h>
#include <firth/selector.h>

typedef struct firth_sim firth_sim;
typedef struct firth_sim_host firth_sim_host;

/* Most addresses of a host besides its loopback ones. */
enum { FIRTH_SIM_ADDRESSES_MAX = 8 };

/* What lies between two hosts, the same in both directions. Rates are from 0, never, to 1, always. */
typedef struct firth_sim_link {
    int64_t latency_min_us; /* one way; each segment and each datagram draws its own from this range. No segment
                               overtakes another of its connection, datagrams do */
    int64_t latency_max_us;
    int64_t bytes_per_second; /* each way, shared by all connections; 0: no limit */
    size_t segment_bytes;     /* most bytes that travel, and are lost, as one */
    double loss; /* of a segment: it and those behind it arrive late; below 1. A lost SYN is sent again after a
                                    second (RFC 6298 §2.1). Of a datagram: it never arrives; of one in fragments, each */
    int64_t retransmit_us;     /* how late: this for the first loss, and twice as long for each in a row */
    int64_t reset_after_bytes; /* connections opened from now on are reset when that many bytes of theirs, both ways
                                    together, have arrived; < 0: never */
    double duplication;        /* of a datagram: it arrives twice */
    double reordering;         /* of a datagram: it is held back, for up to reorder_us beyond its latency */
    int64_t reorder_us;
    size_t mtu_bytes;   /* longest packet, IP header included, 576 at least: longer datagrams travel in fragments, or
                                fail with option dont_fragment */
    size_t queue_bytes; /* of datagrams that wait for the link, with bytes_per_second: more are lost */
} firth_sim_link;

/* What goes wrong on a host. Rates are from 0, never, to 1, always; zero in every field is a host without faults. */
typedef struct firth_sim_faults {
    double short_read;    /* a receive gets fewer bytes than are there */
    double short_write;   /* a send takes fewer bytes than there is room for */
    double would_block;   /* what could be done at once must wait, once and up to a millisecond. Not for operations that
                           ask the system whether something is there (firth_op.look_again) */
    double spurious_wait; /* a wait ends though nothing has come */
    double late_cancel;   /* a cancelled operation ends only when the loop comes round: as cancelled, or with its result
                             if it has one by then */
    double refused;       /* a connect from this host fails with FIRTH_ERR_REFUSED */
    double unreachable;   /* a connect from this host fails with FIRTH_ERR_HOST_UNREACHABLE */
    bool shuffle;         /* operations that could end at the same time end in any order */
    size_t descriptors_max;      /* sockets open at once, FIRTH_ERR_TOO_MANY_OPEN beyond; 0: no limit */
    size_t send_buffer_bytes;    /* most of each socket opened from now on, whatever it asks for; 0: no limit, and 128
                                    KiB if it does not ask */
    size_t receive_buffer_bytes; /* the same */
    size_t allocation_fail_at;   /* the n-th allocation of this host from now on fails, the selector's own included;
                                    0: none */
    bool allocation_fail_after;  /* and every later one */
} firth_sim_faults;

/* Fill with firth_sim_defaults(), then change what you want. */
typedef struct firth_sim_options {
    size_t struct_bytes;                             /* set by firth_sim_defaults */
    uint64_t seed;                                   /* of every choice the world makes */
    int64_t start_ns;                                /* what the clock shows at first, 1 to half of INT64_MAX; 1 s */
    firth_sim_link link;                             /* between hosts for which firth_sim_link_set says nothing */
    void (*trace)(void *argument, const char *line); /* one line for each event, without its newline; equal for equal
                                                        seeds, byte for byte. NULL: none */
    void *trace_argument;
    void (*log)(void *argument, const char *line); /* the tasks that wait when a run ends in a deadlock; NULL: nobody */
    void *log_argument;
    void *(*allocate)(void *argument, size_t bytes); /* for the network; NULL: malloc(3) */
    void (*release)(void *argument, void *memory);   /* NULL: free(3) */
    void *allocate_argument;
} firth_sim_options;

/* Fill with firth_sim_host_defaults(), then change what you want. */
typedef struct firth_sim_host_options {
    size_t struct_bytes; /* set by firth_sim_host_defaults */
    const char *name;    /* for the trace and the log; copied, up to 31 bytes. NULL: "host" */
    const char *addresses[FIRTH_SIM_ADDRESSES_MAX]; /* "10.0.0.1", "2001:db8::1"; NULL behind the last. 127.0.0.1 and
                                                       ::1 are there without being asked for */
    const firth_selector_options *selector;         /* of the host; NULL: the defaults. A backend in it must hand on to
                                                       firth_backend_sim; NULL is that. backend_argument is ours */
    firth_sim_faults faults;
} firth_sim_host_options;

FIRTH_BEGIN_DECLS

/* ---- defaults ---------------------------------------------------------------------------------------------------- */

/* The documented defaults in options->…; struct_bytes is sizeof the struct the caller was compiled with. */
FIRTH_API void firth_sim_options_init(firth_sim_options *options, size_t struct_bytes);
FIRTH_API void firth_sim_host_options_init(firth_sim_host_options *options, size_t struct_bytes);

/* A value with the defaults. */
static inline firth_sim_options firth_sim_defaults(void)
{
    firth_sim_options options;

    firth_sim_options_init(&options, sizeof options);
    return options;
}

/* The same for a host. */
static inline firth_sim_host_options firth_sim_host_defaults(void)
{
    firth_sim_host_options options;

    firth_sim_host_options_init(&options, sizeof options);
    return options;
}

/* A link of a millisecond each way, 1460-byte segments, no limit, no loss, 200 ms for a retransmission, no reset; 10 ms of
 * reordering, if any, an MTU of 1500 bytes, a queue of 256 KiB. */
FIRTH_API firth_sim_link firth_sim_link_defaults(void);

/* ---- worlds ------------------------------------------------------------------------------------------------------ */

/* Opens an empty world that belongs to the calling thread. options may be NULL.
 * Returns FIRTH_OK; FIRTH_ERR_NO_MEMORY; FIRTH_ERR_ARGUMENT for a field out of range. Outside any task. */
FIRTH_API FIRTH_NODISCARD int firth_sim_open(firth_sim **sim, const firth_sim_options *options);

/* Closes every host that is still open, as firth_sim_host_close, and frees the world. Returns FIRTH_OK, or
 * FIRTH_ERR_STILL_OPEN when a host had something open; all is freed even so. FIRTH_ERR_MISUSE from inside a task, the
 * loop or an event. NULL does nothing. */
FIRTH_API int firth_sim_close(firth_sim *sim);

/* Runs the hosts, and lets time pass whenever all of them wait, until no task is left on any. Returns the first error of
 * a task spawned in a host's scope, in the order of the hosts, else FIRTH_OK. FIRTH_ERR_DEADLOCK when tasks wait and
 * nothing is on its way to any of them, no time either: the log has a line for each. FIRTH_ERR_MISUSE from inside a
 * task, a loop or an event. A world may be run any number of times. */
FIRTH_API FIRTH_NODISCARD int firth_sim_run(firth_sim *sim);

/* The same for that much time and no more, whatever is left then; the clock has moved on by just that much afterwards.
 * Returns how many tasks are left, FIRTH_ERR_ARGUMENT or FIRTH_ERR_MISUSE; a deadlock is none as long as the
 * caller may end it. */
FIRTH_API FIRTH_NODISCARD int firth_sim_run_for(firth_sim *sim, int64_t duration_ms);

/* The world's clock, which firth_now_ns() is on all its hosts. */
FIRTH_API int64_t firth_sim_now_ns(const firth_sim *sim);

/* Calls fn(argument) outside any task when the clock comes to that time, or at the next turn if it is past; events of one
 * time come in the order they were made. fn may do all that a program between two runs may do, but not run or close a
 * world or a host.
 * Returns FIRTH_OK or FIRTH_ERR_NO_MEMORY. An event that has not come when the world closes never comes. */
FIRTH_API FIRTH_NODISCARD int firth_sim_at(firth_sim *sim, int64_t time_ns, void (*fn)(void *argument), void *argument);

/* A number of the world's own sequence, for choices of the test that are to be the seed's too. */
FIRTH_API uint64_t firth_sim_random(firth_sim *sim);

/* ---- hosts ------------------------------------------------------------------------------------------------------- */

/* Adds a host with a selector of its own. options may be NULL.
 * Returns FIRTH_OK; FIRTH_ERR_NO_MEMORY; FIRTH_ERR_ADDRESS_INVALID; FIRTH_ERR_ADDRESS_IN_USE for an address that another
 * host has; FIRTH_ERR_ARGUMENT for faults out of range; what firth_selector_open returns. Outside any task. */
FIRTH_API FIRTH_NODISCARD int firth_sim_host_open(firth_sim *sim, const firth_sim_host_options *options,
                                                  firth_sim_host **host);

/* Closes the host's selector: see firth_selector_close, whose result it returns. The handle is gone, its addresses are
 * free. FIRTH_ERR_MISUSE from inside a task, a loop or an event. NULL does nothing. */
FIRTH_API int firth_sim_host_close(firth_sim_host *host);

/* The host's selector, for builders, and the scope to spawn its first tasks in. They live as long as the host. */
FIRTH_API firth_selector *firth_sim_host_selector(firth_sim_host *host);
FIRTH_API firth_scope *firth_sim_host_scope(firth_sim_host *host);

/* The name given. Lives as long as the host. */
FIRTH_API const char *firth_sim_host_name(const firth_sim_host *host);

/* Changes what goes wrong there from now on. FIRTH_OK; FIRTH_ERR_ARGUMENT for a rate that is none. */
FIRTH_API FIRTH_NODISCARD int firth_sim_host_set_faults(firth_sim_host *host, const firth_sim_faults *faults);

/* Sockets open on the host: what a kernel would count as descriptors. */
FIRTH_API size_t firth_sim_host_descriptors(const firth_sim_host *host);

/* ---- links: between two hosts, or the loopback of one if both are the same ---------------------------------------- */

/* Changes a link from now on; what is under way arrives as it was sent. A host's loopback is 10 µs, in segments of
 * 64 KiB with an MTU of as much, until this is called. Returns FIRTH_OK; FIRTH_ERR_NO_MEMORY; FIRTH_ERR_ARGUMENT for a field out of range. */
FIRTH_API FIRTH_NODISCARD int firth_sim_link_set(firth_sim_host *a, firth_sim_host *b, const firth_sim_link *link);

/* Lets nothing through between the two until it is healed. Datagrams are lost. Connections stay: what they send, and what is
 * under way, arrives after the heal; a connect is tried again after 1, 2, 4 … seconds and fails with FIRTH_ERR_TIMED_OUT after 127
 * (RFC 6298; Linux, tcp_syn_retries). An end whose keep-alive gives up tells nobody: its peer is reset when it next
 * sends something. Returns FIRTH_OK or FIRTH_ERR_NO_MEMORY. */
FIRTH_API FIRTH_NODISCARD int firth_sim_partition(firth_sim_host *a, firth_sim_host *b);

/* Ends a partition; without one it does nothing. */
FIRTH_API void firth_sim_heal(firth_sim_host *a, firth_sim_host *b);

/* Resets every connection between the two, as a box on the way would: both ends get the bytes that have arrived, then
 * FIRTH_ERR_RESET. Returns how many there were. */
FIRTH_API size_t firth_sim_reset(firth_sim_host *a, firth_sim_host *b);

FIRTH_END_DECLS

#endif
