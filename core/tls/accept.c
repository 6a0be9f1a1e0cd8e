/* SPDX-License-Identifier: Apache-2.0 */
/* firth_accept on a server with option tls. */
#include "core/base/timers.h"
#include "core/tls/connected.h"
#include "core/tls/handshakes.h"

/* On the stack of the acceptor. */
typedef struct accepting {
    fth_handshakes *all;
    firth_socket *next; /* for the next client */
    firth_op op;
    bool pending;
    int64_t not_before_ns; /* after a shortage */
    int64_t backoff_ms;
    const char *place;
} accepting;

/* FIRTH_OK, or what ends the server. */
static int take_client(accepting *now, int rc)
{
    firth_server *server = now->all->server;
    firth_socket *plain = now->next;

    if (rc >= 0) {
        now->next = NULL;
        rc = server->kind->apply(server, &plain->io);
        if (rc < 0)
            fth_socket_discard(plain);
        else
            rc = fth_handshake_begin(now->all, plain, now->place);
    }
    if (fth_accept_is_shortage(rc)) {
        now->not_before_ns = fth_after_ms(firth_now_ns(), now->backoff_ms);
        now->backoff_ms = now->backoff_ms * 2 < FTH_BACKOFF_LAST_MS ? now->backoff_ms * 2 : FTH_BACKOFF_LAST_MS;
        return FIRTH_OK;
    }
    if (rc < 0)
        return fth_accept_is_clients_fault(rc) || rc == FIRTH_ERR_CANCELED ? FIRTH_OK : rc;
    now->not_before_ns = 0;
    now->backoff_ms = FTH_BACKOFF_FIRST_MS;
    return FIRTH_OK;
}

static void client_came(firth_op *op)
{
    accepting *now = op->owner;

    now->pending = false;
    fth_handshakes_wake(now->all);
}

/* Asks for the next client, and takes those who are there already. */
static int ask(accepting *now)
{
    fth_handshakes *all = now->all;
    firth_server *server = all->server;
    int rc = FIRTH_OK;

    while (rc >= 0 && !now->pending && !server->closed && all->count < server->tcp.handshakes_max &&
           (now->not_before_ns == 0 || now->not_before_ns <= firth_now_ns())) {
        if (server->op != NULL) { /* one has come */
            server->op = NULL;
            rc = take_client(now, (int)now->op.result);
            continue;
        }
        if (now->next == NULL)
            now->next = fth_socket_new(server->io.selector);
        if (now->next == NULL) {
            rc = take_client(now, firth_fail(FIRTH_ERR_NO_MEMORY, 0, "firth_accept"));
            continue;
        }
        fth_op_init(&now->op, FIRTH_OP_ACCEPT, &server->io);
        now->op.with.accepted = &now->next->io;
        now->op.owner = now;
        now->op.done = client_came;
        server->op = &now->op;
        now->pending = fth_op_submit(&now->op) == FIRTH_SUBMIT_PENDING;
    }
    return rc;
}

/* Ends those that took too long, and returns when the next one will have. */
static int64_t expire(fth_handshakes *all)
{
    int64_t now_ns = firth_now_ns(), first_ns = INT64_MAX;
    fth_handshake *one, *next;

    for (one = all->ring.next; one != &all->ring; one = next) {
        next = one->next;
        if (one->deadline_ns <= now_ns)
            fth_handshake_expire(one);
        else if (one->deadline_ns < first_ns)
            first_ns = one->deadline_ns;
    }
    return first_ns;
}

static fth_handshake *first_due(fth_handshakes *all)
{
    fth_handshake *one;

    for (one = all->ring.next; one != &all->ring; one = one->next)
        if (one->is_due)
            return one;
    return NULL;
}

static int park(accepting *now)
{
    fth_handshakes *all = now->all;
    int64_t until_ns = expire(all);
    int rc;

    if (now->not_before_ns != 0 && !now->pending && now->not_before_ns < until_ns)
        until_ns = now->not_before_ns;
    all->is_parked = true;
    rc = fth_task_park("accept", until_ns);
    all->is_parked = false;
    return rc == FIRTH_ERR_CANCELED ? rc : FIRTH_OK;
}

static int accept_secure(accepting *now, firth_socket **socket)
{
    fth_handshakes *all = now->all;

    for (;;) {
        fth_handshake *due;
        int rc = ask(now);

        if (rc < 0)
            return rc;
        due = first_due(all);
        if (due != NULL && fth_handshake_go_on(due, socket) == FIRTH_OK)
            return FIRTH_OK;
        /* A step of a handshake is long: others get their turn. */
        rc = due != NULL ? firth_yield() : park(now);
        if (all->server->closed)
            return firth_fail(FIRTH_ERR_CLOSED, 0, "accept");
        if (rc < 0 || fth_task_is_cancelled())
            return fth_task_canceled();
    }
}

/* The op leaves the acceptor's stack with it; a client that comes just then is kept. */
static void stop_asking(accepting *now)
{
    firth_server *server = now->all->server;

    if (now->pending)
        fth_op_cancel(&now->op);
    while (now->pending) {
        now->all->is_parked = true;
        fth_task_suspend("accept", NULL, NULL);
        now->all->is_parked = false;
    }
    if (server->op != NULL && now->op.result >= 0 && !server->closed)
        (void)take_client(now, FIRTH_OK);
    server->op = NULL;
    if (now->next != NULL)
        fth_socket_discard(now->next);
}

/* While nobody accepted, no handshake could go on, which is not its client's fault. Test:
 * a_server_that_serves_between_two_accepts_does_not_blame_its_clients. */
static void come_back(fth_handshakes *all)
{
    int64_t away_ns = all->left_ns != 0 ? firth_now_ns() - all->left_ns : 0;
    fth_handshake *one;

    for (one = all->ring.next; one != &all->ring; one = one->next)
        if (one->deadline_ns < INT64_MAX - away_ns)
            one->deadline_ns += away_ns;
}

int fth_tls_accept(firth_server *server, const char *place, firth_socket **socket)
{
    accepting now = {.all = server->handshakes, .backoff_ms = FTH_BACKOFF_FIRST_MS, .place = place};
    int rc;

    come_back(now.all);
    rc = accept_secure(&now, socket);
    stop_asking(&now);
    now.all->left_ns = firth_now_ns();
    return rc;
}
