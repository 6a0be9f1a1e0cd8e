/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a simulated world. Pointers go world → hosts → sockets → ends ↔ ends of connections, which outlive
 * their sockets as they do in a kernel. Whatever takes time is a timer of the world's one heap. */
#ifndef FTH_SIM_WORLD_H
#define FTH_SIM_WORLD_H

#include <stdatomic.h>

#include <firth/backend.h>
#include <firth/port.h>
#include <firth/sim.h>

#include "core/base/list.h"
#include "core/base/timers.h"

typedef struct fth_sim_socket fth_sim_socket;
typedef struct fth_sim_end fth_sim_end;
typedef struct fth_sim_connection fth_sim_connection;
typedef struct fth_sim_path fth_sim_path;
typedef struct fth_sim_event fth_sim_event;
typedef struct fth_sim_datagram fth_sim_datagram;

/* ---- the world --------------------------------------------------------------------------------------------------- */

struct firth_sim {
    firth_sim_options options;
    int64_t now_ns;
    fth_timers timers; /* all that is on its way */
    uint64_t random;
    unsigned idle_polls; /* in a row, of loops that have something to do and so let no time pass */
    bool turning;        /* a run, or the poll of a host whose loop is run by itself */
    uintptr_t thread;
    atomic_int woken; /* by another thread */
    firth_port_lock *lock;
    firth_port_signal *signal;
    firth_sim_host *hosts; /* in the order they were opened */
    firth_sim_host *hosts_last;
    fth_sim_connection *connections;
    fth_sim_datagram *flying; /* datagrams that have not arrived */
    fth_sim_event *events;    /* of firth_sim_at */
    unsigned past_events;     /* whose time had come already when they were made */
    unsigned connection_number;
};

/* ---- hosts ------------------------------------------------------------------------------------------------------- */

enum { FTH_SIM_PORTS = 1024, FTH_SIM_NAME_BYTES = 32, FTH_SIM_SOCKETS_FIRST = 64 };

/* A number's socket, or NULL; and, for the first free_count of them, one that is free. */
typedef struct fth_sim_place {
    fth_sim_socket *socket;
    size_t free_number;
} fth_sim_place;

struct firth_sim_host {
    firth_sim *sim;
    firth_sim_host *next;
    firth_selector *selector; /* NULL once it is closed */
    firth_selector_options given;
    unsigned number;
    bool polling;   /* inside its selector's poll: not to be turned by others */
    bool has_world; /* the world was made for its selector alone */
    int tasks;      /* when its loop was last turned by the world */
    char name[FTH_SIM_NAME_BYTES];
    firth_address addresses[FIRTH_SIM_ADDRESSES_MAX + 2]; /* loopback first */
    size_t address_count;
    firth_sim_faults faults;
    atomic_size_t allocations;
    atomic_size_t failing_at; /* the number of the allocation that fails, as they are counted; 0: none */
    atomic_bool failing_after;
    fth_sim_path *paths;   /* to this and later hosts */
    fth_sim_place *places; /* of sockets, by number */
    size_t free_count;
    size_t open_count;
    size_t capacity;
    size_t used; /* numbers that were ever taken */
    uint16_t next_port;
    fth_sim_socket *bound[FTH_SIM_PORTS];     /* by local port */
    fth_sim_socket *listening[FTH_SIM_PORTS]; /* the same, listeners alone */
    fth_sim_socket *ready_first;              /* sockets whose ops may end */
    fth_sim_socket *ready_last;
    size_t ready_count;
};

/* ---- links ------------------------------------------------------------------------------------------------------- */

/* Between two hosts, or one and itself; owned by the one that came first. */
struct fth_sim_path {
    fth_sim_path *next;
    firth_sim_host *a;
    firth_sim_host *b;
    firth_sim_link link;
    int64_t free_ns[2]; /* when the last segment has left, towards b and towards a */
    bool is_parted;
};

/* ---- sockets ----------------------------------------------------------------------------------------------------- */

typedef enum fth_sim_stage {
    FTH_SIM_OPEN,
    FTH_SIM_LISTENING,
    FTH_SIM_CONNECTING,
    FTH_SIM_CONNECTED,
    FTH_SIM_FAILED,    /* a connect came to nothing */
    FTH_SIM_DATAGRAMS, /* no connection: a datagram socket */
} fth_sim_stage;

/* Something a fault or a late cancel has in store for one side of a socket. */
typedef struct fth_sim_side {
    bool is_cancelled; /* ends at the next look */
    bool is_spurious;  /* a wait ends at the next look */
    bool is_delayed;   /* what could end must wait for the nudge */
    bool has_waited;   /* for that, and not been done since */
    firth_timer nudge;
} fth_sim_side;

/* ---- datagrams --------------------------------------------------------------------------------------------------- */

/* Under way, or waiting for its receiver; or the error that comes back for one. */
struct fth_sim_datagram {
    fth_sim_datagram *next; /* of those under way, or of the receiver's queue */
    fth_sim_datagram *previous;
    fth_sim_path *path;
    firth_sim_host *host; /* it goes to */
    firth_timer arrival;
    firth_address from;
    firth_address to;
    int16_t hop_limit;
    int16_t ecn;
    int error; /* of one sent from `to` to `from`; 0: it is a datagram */
    size_t size;
    unsigned char bytes[];
};

typedef struct fth_sim_membership {
    struct fth_sim_membership *next;
    firth_address group;
    firth_address source; /* FIRTH_FAMILY_NONE: any */
} fth_sim_membership;

/* A datagram socket's part. */
typedef struct fth_sim_mail {
    fth_sim_datagram *first; /* to be received, oldest first */
    fth_sim_datagram *last;
    size_t bytes;
    unsigned drops;
    int error;          /* pending */
    firth_address peer; /* that it is connected to; FIRTH_FAMILY_NONE */
    fth_sim_membership *memberships;
} fth_sim_mail;

struct fth_sim_socket {
    firth_sim_host *host;
    firth_io *io;
    size_t number;
    uint8_t family;
    uint8_t stage; /* a fth_sim_stage */
    bool is_bound;
    bool is_ready; /* in the host's queue */
    fth_sim_socket *next_ready;
    fth_sim_socket *previous_ready;
    fth_sim_socket *next_bound;
    fth_sim_socket *previous_bound;
    fth_sim_socket *next_listening;
    fth_sim_side reading;
    fth_sim_side writing;
    firth_address local;
    int values[FIRTH_OPTION_COUNT_];
    fth_sim_end *end;   /* connecting or connected */
    fth_sim_end *queue; /* listening: clients to accept, oldest first */
    fth_sim_end *queue_last;
    int queued;
    int promised; /* places for clients whose handshakes are under way */
    int backlog;
    int error; /* of a failed connect */
    fth_sim_mail mail;
};

/* ---- connections ------------------------------------------------------------------------------------------------- */

typedef struct fth_sim_segment {
    struct fth_sim_segment *next;
    int64_t arrival_ns;
    size_t size;
    size_t taken; /* of size, by the reader, or by segments that went before with a part of it */
    unsigned char bytes[];
} fth_sim_segment;

/* How far the end of a stream, or its reset, has come; it travels behind the bytes. */
typedef enum fth_sim_mark {
    FTH_SIM_NONE,
    FTH_SIM_WAITING,
    FTH_SIM_FLYING,
    FTH_SIM_ARRIVED,
    FTH_SIM_DISCARDED, /* arrived at an end that had given up */
} fth_sim_mark;

/* One direction: a queue of segments, of which the first have arrived, the next are under way, and the last wait for
 * the receiver's window. */
typedef struct fth_sim_stream {
    fth_sim_segment *first;
    fth_sim_segment *flying; /* the first that has not arrived, or NULL */
    fth_sim_segment *waiting;
    fth_sim_segment *last;
    size_t readable;
    size_t flying_bytes;
    size_t waiting_bytes;
    int64_t last_arrival_ns;
    int64_t fin_ns;
    int64_t reset_ns;
    uint8_t fin; /* a fth_sim_mark */
    uint8_t reset;
    bool is_held; /* by a partition */
    firth_timer arrival;
    firth_timer update; /* the sender hears of room */
} fth_sim_stream;

struct fth_sim_end {
    fth_sim_connection *connection;
    fth_sim_end *peer; /* of a connection to oneself: the end itself */
    firth_sim_host *host;
    fth_sim_socket *socket; /* NULL before it is accepted and after it is closed */
    firth_address local;
    firth_address remote;
    fth_sim_stream in;
    size_t send_buffer_bytes; /* as they were when the connection was made, or set later */
    size_t receive_buffer_bytes;
    fth_sim_end *next_queued;
    fth_sim_socket *listener; /* in whose queue it is */
    bool is_closed;           /* its socket has gone, or never was and its listener has */
    bool is_reset;            /* nothing can be sent any more, and behind the bytes there is only the error */
    bool has_given_up;        /* by itself, of which the peer hears when it next sends something */
    int error;                /* then */
    firth_timer keep_alive;   /* in a partition: when the probes give up */
};

/* What happens next, when the step's timer fires. */
typedef enum fth_sim_handshake {
    FTH_SIM_SYN_AGAIN,   /* it was lost */
    FTH_SIM_SYN,         /* it arrives */
    FTH_SIM_SYN_ACK,     /* the client hears that it is connected */
    FTH_SIM_REFUSED,     /* the client hears that nobody listens */
    FTH_SIM_REJECTED,    /* the same of its own host, by a fault, which no partition holds */
    FTH_SIM_UNREACHABLE, /* the client hears that there is no such host */
    FTH_SIM_ACK,         /* the listener hears of its client */
    FTH_SIM_ESTABLISHED, /* nothing */
} fth_sim_handshake;

struct fth_sim_connection {
    firth_sim *sim;
    fth_sim_connection *next;
    fth_sim_connection *previous;
    fth_sim_path *path;
    unsigned number;             /* for the trace */
    uint8_t handshake;           /* a fth_sim_handshake */
    uint8_t tries;               /* SYNs sent */
    fth_sim_socket *promised_by; /* the listener that keeps a place until it hears of its client, or NULL */
    int64_t retry_ns;            /* when the next one is, if none of them is answered */
    int64_t reset_left;          /* bytes that may arrive before it is reset; < 0: no limit */
    firth_timer step;            /* of the handshake */
    fth_sim_end client;
    fth_sim_end server;
};

/* ---- the parts' functions ---------------------------------------------------------------------------------------- */

/* world.c: the world's memory. */
void *fth_sim_allocate(firth_sim *sim, size_t bytes);
void fth_sim_release(firth_sim *sim, void *memory);
int fth_sim_new(firth_sim **sim, const firth_sim_options *options);
void fth_sim_free(firth_sim *sim);

/* random.c: a number below limit > 0; one of a range, both ends included; whether something with that rate happens. */
uint64_t fth_sim_below(firth_sim *sim, uint64_t limit);
int64_t fth_sim_between(firth_sim *sim, int64_t least, int64_t most);
bool fth_sim_happens(firth_sim *sim, double rate);

/* trace.c: a line about a host, or about none. */
void fth_sim_trace(const firth_sim *sim, const firth_sim_host *host, const char *format, ...) FIRTH_PRINTF(3, 4);
void fth_sim_trace_end(const fth_sim_end *end, const char *format, ...) FIRTH_PRINTF(2, 3);

/* clock.c */
void fth_sim_after(firth_sim *sim, firth_timer *timer, int64_t delay_ns);
void fth_sim_at(firth_sim *sim, firth_timer *timer, int64_t time_ns);
int fth_sim_poll(firth_selector *selector, int64_t until_ns);
int fth_sim_turn(firth_sim *sim, int64_t until_ns);

/* host.c */
bool fth_sim_are_good(const firth_sim_faults *faults);
int fth_sim_host_new(firth_sim *sim, const firth_sim_host_options *options, firth_sim_host **host);
void fth_sim_host_free(firth_sim_host *host);
firth_sim_host *fth_sim_find_host(const firth_sim *sim, const firth_address *address);
bool fth_sim_has_address(const firth_sim_host *host, const firth_address *address);
void *fth_sim_host_allocate(firth_sim_host *host, size_t bytes); /* the world's memory, counted as the host's */

/* link.c */
bool fth_sim_link_is_good(const firth_sim_link *link);
fth_sim_path *fth_sim_path_between(firth_sim_host *a, firth_sim_host *b); /* NULL: no memory */
int64_t fth_sim_delay_ns(fth_sim_path *path);                             /* one way, of something small */

/* handshake.c */
int fth_sim_connect(fth_sim_socket *socket, const firth_address *address);
void fth_sim_give_place_back(fth_sim_connection *connection); /* if a listener keeps one for it */

/* connection.c */
void fth_sim_connection_free(fth_sim_connection *connection);
void fth_sim_connection_settle(fth_sim_connection *connection); /* frees it when nothing of it is left to happen */
void fth_sim_connection_reset(fth_sim_connection *connection);  /* from outside: both ends */
void fth_sim_end_close(fth_sim_end *end, firth_close_how how);
void fth_sim_connection_part(fth_sim_connection *connection); /* its path was parted */
void fth_sim_connection_heal(fth_sim_connection *connection); /* what was held goes on */
void fth_sim_watch_peer(fth_sim_end *end);                    /* keep-alive was set, or has reason to begin */

/* stream.c: `from` is the sender's end, `to` the receiver's. */
size_t fth_sim_room(const fth_sim_end *from);
int64_t fth_sim_write(fth_sim_end *from, const firth_buffer *pieces, unsigned count, size_t most);
size_t fth_sim_read(fth_sim_end *to, firth_buffer *pieces, unsigned count, size_t most);
bool fth_sim_is_readable(const fth_sim_end *end);
bool fth_sim_is_writable(const fth_sim_end *end);
void fth_sim_announce_room(fth_sim_end *to);
void fth_sim_room_open(fth_sim_end *to);

/* travel.c */
void fth_sim_stream_open(fth_sim_end *to);
void fth_sim_stream_clear(fth_sim_end *to);
void fth_sim_stream_heal(fth_sim_end *to);
void fth_sim_depart(fth_sim_end *to);
void fth_sim_send_fin(fth_sim_end *from);
void fth_sim_send_reset(fth_sim_end *from);
void fth_sim_fail(fth_sim_end *end, int error);    /* the connection is over at this end, and the peer knows */
void fth_sim_give_up(fth_sim_end *end, int error); /* the same, and the peer does not */

/* socket.c */
static inline firth_sim_host *fth_sim_host_of(const firth_selector *selector)
{
    return firth_selector_state(selector);
}
static inline fth_sim_socket *fth_sim_socket_of(const firth_io *io)
{
    return fth_sim_host_of(io->selector)->places[io->slot].socket;
}
fth_sim_socket *fth_sim_socket_new(firth_sim_host *host, firth_io *io, firth_family family, int *rc);
int fth_sim_socket_open(firth_io *io, firth_family family);
void fth_sim_show(const fth_sim_socket *socket, firth_address *address); /* as the socket's family has it */
void fth_sim_socket_close(firth_io *io, firth_close_how how);
int fth_sim_local_address(const firth_io *io, firth_address *address);
int fth_sim_peer_address(const firth_io *io, firth_address *address);
int fth_sim_shutdown_write(firth_io *io);

/* ports.c */
int fth_sim_bind(firth_io *io, const firth_address *address);
int fth_sim_listen(firth_io *io, int backlog);
int fth_sim_bind_any(fth_sim_socket *socket, const firth_address *to); /* to a port of the host's choice */
void fth_sim_link_bound(fth_sim_socket *socket);
void fth_sim_unbind(fth_sim_socket *socket);
fth_sim_socket *fth_sim_find_listener(firth_sim_host *host, const firth_address *address);
bool fth_sim_is_any(const firth_address *address);
bool fth_sim_choose_source(const firth_sim_host *host, const firth_address *to, firth_address *source);
int fth_sim_bind_port(fth_sim_socket *socket);                                     /* to any address and port */
int fth_sim_fitness(const fth_sim_socket *listener, const firth_address *address); /* 0: not bound to it */

/* datagram.c, post.c, deliver.c, group.c. `from` and `to` are in the form of their own family. */
int fth_sim_datagram_open(firth_io *io, firth_family family);
void fth_sim_datagram_close(fth_sim_socket *socket);
int fth_sim_datagram_connect(fth_sim_socket *socket, const firth_address *address);
int fth_sim_datagram_receive(fth_sim_socket *socket, firth_datagram *datagram); /* 1, or an error */
int fth_sim_datagram_send(fth_sim_socket *socket, const firth_datagram *datagram, const char **step);
int fth_sim_path_mtu(const fth_sim_socket *socket, int *value);
int fth_sim_post(fth_sim_path *path, firth_sim_host *host, const fth_sim_datagram *head, const void *bytes);
void fth_sim_datagram_free(fth_sim_datagram *datagram); /* one that is under way */
void fth_sim_deliver_datagram(const fth_sim_datagram *datagram);
int fth_sim_multicast(firth_io *io, firth_membership membership, const firth_address *group, uint32_t interface_index,
                      const firth_address *source);
bool fth_sim_is_group(const firth_address *address);
bool fth_sim_is_member(const fth_sim_socket *socket, const firth_address *group, const firth_address *source);

/* options.c */
void fth_sim_options_start(fth_sim_socket *socket);
int fth_sim_set_option(firth_io *io, firth_option option, int value);
int fth_sim_get_option(const firth_io *io, firth_option option, int *value);

/* ops.c */
firth_submit fth_sim_submit(firth_op *op);
void fth_sim_cancel(firth_op *op);
void fth_sim_look(fth_sim_socket *socket); /* its ops may be able to end: at the host's next poll they are tried */
void fth_sim_forget(fth_sim_socket *socket);
unsigned fth_sim_deliver(firth_sim_host *host);
void fth_sim_ops_start(fth_sim_socket *socket);

#endif
