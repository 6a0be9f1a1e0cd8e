/* SPDX-License-Identifier: Apache-2.0 */
/* The state machine of an op, explored: core runs over the simulator; every order of actions is played from the start,
 * breadth first, and an order is gone on from only if it led to a state that no other had led to. */
#ifndef FIRTH_TESTS_SIM_EXPLORE_H
#define FIRTH_TESTS_SIM_EXPLORE_H

#include "backends/sim/world.h"
#include "core/selector/selector.h"
#include "core/sockets/op.h"
#include "core/sockets/socket.h"
#include "tests/sim/world.h"

/* What can happen next. */
enum {
    ACT_SUBMIT = 's',      /* a task of the subject's begins the operation */
    ACT_TURN = 't',        /* the subject's loop turns once */
    ACT_PARTIAL = 'p',     /* the peer makes some progress, not all that is needed */
    ACT_COMPLETE = 'f',    /* the peer makes all that is needed */
    ACT_CANCEL = 'c',      /* the scope is cancelled, from the loop */
    ACT_CANCEL_LATE = 'C', /* the same when the next poll has handed out what was complete, before a task runs */
    ACT_DEADLINE = 'd',    /* the scope's deadline passes */
    ACT_CLOSE = 'x',       /* a task closes the socket or server */
    ACT_ABORT = 'a',       /* it is aborted, from the loop */
    ACT_ABORT_LATE = 'A',  /* the same, as late as the late cancel */
    ACT_LOSS = 'l',        /* what is under way to or from the peer is lost */
    ACT_RESET = 'r',       /* the peer resets the connection; or an error comes of what was sent to it */
    ACT_END = 'e',         /* the peer closes its end */
};

enum {
    UNIT_BYTES = 200,   /* the peer's partial progress */
    NEEDED_BYTES = 600, /* what a receive waits for: more than a block, so that the op has the user's memory */
    SENT_BYTES = 1536,  /* what a send has to send: half as much again as there is room for */
    TAKEN_BYTES = 512,  /* the peer's partial progress with that */
    BUFFER_BYTES = 512, /* that a sender, its receiver and a block hold; the way to the subject holds all */
    WIDE_BYTES = 8192,
    PEER_SENDS_MAX = 1000,
    SUBMITS_MAX = 2,
    CLIENTS_MAX = 2,
    DEADLINE_MS = 100000,
    STREAM_BYTES = 8192,
};

typedef struct explored_kind explored_kind;

/* One world, as far as an order has been played. */
typedef struct explored {
    const explored_kind *kind;
    firth_selector *selector; /* the subject's: here.client or here.server */
    firth_sim_host *host;
    firth_sim_host *peer_host;
    firth_socket *socket; /* the subject's; NULL once closed or before it is connected */
    firth_server *server;
    firth_datagram_socket *datagrams;
    firth_scope *scope; /* of the operation under way */
    bool is_running;
    int submits;
    int ended;
    int64_t results[SUBMITS_MAX];
    bool is_closed; /* by us, or about to be */
    bool is_aborted;
    int closers; /* tasks that have not ended */
    int close_result;
    int late; /* an action that waits for the next poll, or 0 */
    int64_t deadline_ns;
    size_t got;      /* bytes that the subject has, in order */
    size_t accepted; /* bytes that the subject's writes took */
    size_t untold;   /* at most that many more: of a write under which the socket was closed, and its channel is gone */
    bool is_wrong;   /* a byte was not the one that was to come */
    firth_io listener; /* the peer's */
    firth_io peer;
    firth_op peer_op;
    bool has_peer;
    bool is_peer_reset; /* by the peer */
    bool is_peer_ended;
    size_t peer_sent;
    size_t peer_got;
    firth_io clients[CLIENTS_MAX]; /* of a server under test */
    firth_op client_ops[CLIENTS_MAX];
    int clients_count;
    int clients_connected;
    int clients_accepted;
    unsigned char bytes[STREAM_BYTES];
} explored;

struct explored_kind {
    const char *name;
    const char *actions; /* those that make sense */
    bool is_filled;      /* the way to the peer has no room at first */
    bool is_delayed;     /* whatever the subject could do at once must wait first */
    int (*open)(void);   /* builds what there is before the first action */
    int64_t (*operate)(firth_scope *within);
    void (*partial)(void);
    void (*complete)(void);
    void (*lose)(void);
    void (*reset)(void);
    void (*end)(void);
    int (*finish)(void); /* lets everything come to its end and checks what has become of it */
    size_t states_least; /* fewer would mean that the exploration is broken */
};

extern explored it;
extern const explored_kind explored_streams[];
extern const explored_kind explored_handshakes[];
extern const explored_kind explored_datagrams[];

/* Explores a kind; late: what is cancelled ends only when the loop comes round. FIRTH_OK, and prints what was seen. */
int explore(const explored_kind *kind, bool late);

/* Plays an order from the start to its end and checks all; what state it led to and, as a bit for each of the kind's
 * actions, what could come next is told. */
int explore_play(const explored_kind *kind, const char *order, uint64_t *state, unsigned *next);
extern bool explore_is_late;

/* Time passes and the network works, while no loop turns. */
void explore_pass(int64_t ms);

/* Everything runs. */
int explore_run(int64_t ms);

/* Starts a task of the subject's. */
int explore_spawn(firth_task_fn *fn);

/* Time passes up to the next thing that happens in the network; false if nothing will. */
bool explore_step(void);

/* In the end: a task closes what is open. */
int explore_close_rest(void);

/* The peer, directly at the backend: what it can send and receive at once; < 0 for an error. */
int64_t explore_peer_send(size_t size);
int64_t explore_peer_receive(size_t most);
void explore_peer_close(firth_close_how how);
void explore_peer_ignore(firth_op *op);

/* Notes bytes that the subject has got. */
void explore_got(const void *bytes, size_t size);

/* explore_state.c: a number that is the same for two worlds if they are in the same state. */
uint64_t explore_state(void);

/* explore_law.c: a table between core and the simulator that knows every op under way, and breaks at a second ending. */
extern firth_backend explore_backend;
void explore_law_reset(void);
int explore_law_check(void);     /* every op that is under way is the backend's, and no other */
int explore_law_all_ended(void); /* none is */
void explore_law_after_poll(void (*hook)(void));

#endif
