/* SPDX-License-Identifier: Apache-2.0 */
/* Pairs, listeners, and calls made in tasks of their own. */
#ifndef FTH_KIT_PEERS_H
#define FTH_KIT_PEERS_H

#include "tests/conformance/kit.h"

/* ---- waiting for each other -------------------------------------------------------------------------------------- */

typedef struct kit_event {
    bool happened;
    firth_scope *waiter;
} kit_event;

void fth_kit_tell(kit_event *event);
int fth_kit_await(kit_event *event);

/* One whole turn of the loop: the backend is asked, and what it ended is handed out. firth_yield alone does not promise
 * that: with tasks ready the loop asks only now and then. */
int fth_kit_turn(void);

/* Sleeps until whatever was sent has arrived, or waits for room. */
int fth_kit_settle(void);

/* Between what a peer sends and a cancel: nothing, a turn, or as long as any way through the loopback takes. */
int fth_kit_meet(int round);

/* How the rounds of a sweep ended. A sweep that has seen one outcome alone has not swept. */
typedef struct kit_tally {
    unsigned stopped; /* by the cancel or the deadline */
    unsigned finished;
} kit_tally;

void fth_kit_count(kit_tally *tally, int64_t result);
int fth_kit_both(const kit_tally *tally);

/* ---- gate.c: what every case calls in the place of firth_tcp_bind and the like, and what makes connections secure ---- */

int fth_kit_tcp_bind(const firth_tcp_builder *tcp, const char *host, int port, firth_server **server);
int fth_kit_tcp_connect(const firth_tcp_builder *tcp, const char *host, int port, firth_socket **socket);
int fth_kit_tcp_connect_any(const firth_tcp_builder *tcp, const firth_address *addresses, size_t count,
                            firth_socket **socket);
int fth_kit_tcp_accept(firth_server *server, firth_socket **socket);
void fth_kit_server_close(firth_server *server);

/* ---- sockets ----------------------------------------------------------------------------------------------------- */

/* The defaults, auto-flush, and a linger that does not hold a failing case up. */
firth_tcp_builder fth_kit_tcp(firth_scope *scope);

/* A linger that is long for a case and yet ends before its limit: a case that fails closes its sockets too. */
int64_t fth_kit_patience_ms(void);

typedef struct kit_pair {
    firth_socket *a, *b;
    firth_read_channel *a_in, *b_in;
    firth_write_channel *a_out, *b_out;
} kit_pair;

/* A connected pair: a connected, b was accepted; over IPv4 loopback unless told otherwise. The scope owns both. */
int fth_kit_pair(firth_scope *scope, kit_pair *pair);
int fth_kit_pair_at(firth_scope *scope, const firth_tcp_builder *tcp, const char *host, kit_pair *pair);
int fth_kit_pair_with(firth_scope *scope, const firth_tcp_builder *tcp, kit_pair *pair);

/* A server on IPv4 loopback, owned by the scope, and its port. */
int fth_kit_server(firth_scope *scope, firth_server **server, int *port);

/* A port that was free a moment ago; another program may take it. */
int fth_kit_free_port(firth_scope *scope, int *port);

/* A port on which nobody listens, nor can while the holder is open: it is the client's of a connection to the server. The
 * scope owns both; fth_kit_give_port closes them before. */
typedef struct kit_closed {
    int port;
    firth_server *server;
    firth_socket *holder;
} kit_closed;

int fth_kit_closed_port(firth_scope *scope, kit_closed *closed);
void fth_kit_give_port(const kit_closed *closed);

/* Writes zeros until the socket takes no more, and leaves it so; *taken may be NULL: how many it took. */
int fth_kit_stuff(firth_socket *socket, size_t *taken);

/* Whether the subject has IPv6 loopback. */
bool fth_kit_has_ipv6(firth_scope *scope);

/* Makes *size no more than what the receiver's system takes for it while nobody reads. */
int fth_kit_fit_unread(const firth_socket *receiver, size_t *size);

/* ---- attempts ---------------------------------------------------------------------------------------------------- */

/* A call in a task of its own. Kept for the case, so that a body may leave at any point. */
typedef struct kit_attempt {
    int64_t (*call)(struct kit_attempt *attempt);
    firth_socket *socket;
    firth_server *server;
    firth_tcp_builder tcp;
    const char *host;
    int port;
    int64_t sleep_ms;
    uint8_t *bytes;
    size_t size;
    int64_t result;
    size_t progress; /* of a read or write */
    kit_event ended;
    firth_scope *scope; /* while it runs */
    bool cancelled;     /* before it ran */
} kit_attempt;

kit_attempt *fth_kit_attempt(int64_t (*call)(kit_attempt *attempt));

/* Spawns it; the scope is any that outlives the need for its result. */
int fth_kit_start(firth_scope *scope, kit_attempt *attempt);

/* Cancels its scope: also as a callback. */
void fth_kit_cancel(void *attempt);

int64_t fth_kit_connect(kit_attempt *attempt);    /* to host, port; socket is the result */
int64_t fth_kit_accept(kit_attempt *attempt);     /* from server; socket is the result */
int64_t fth_kit_read(kit_attempt *attempt);       /* firth_read into bytes */
int64_t fth_kit_read_fully(kit_attempt *attempt); /* into bytes */
int64_t fth_kit_write(kit_attempt *attempt);      /* bytes, and flushes them */
int64_t fth_kit_write_alone(
    kit_attempt *attempt); /* bytes, and looks at nothing afterwards: for one whose socket may be closed */
int64_t fth_kit_close(kit_attempt *attempt); /* firth_socket_close */
int64_t fth_kit_echo(kit_attempt *attempt);  /* socket's input to its output to the end, and closes */

/* Accepts one client after another, spawns an echo for each, until the server is closed. */
int64_t fth_kit_echo_server(kit_attempt *attempt);

#endif
