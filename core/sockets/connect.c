/* SPDX-License-Identifier: Apache-2.0 */
/* Happy Eyeballs, RFC 8305: attempts start one after the other, a little apart or as soon as one has failed; the first
 * that connects wins and the others are cancelled. */
#include "core/base/assert.h"
#include "core/base/list.h"
#include "core/sockets/op.h"
#include "core/sockets/resolve.h"
#include "core/sockets/socket.h"
#include "core/sockets/tcp.h"
#include "core/tls/connected.h"
#include <string.h>

/* Attempts under way at once. */
enum { ATTEMPTS_MAX = 6 };

typedef struct attempt {
    struct race *race;
    firth_socket *socket; /* NULL: free */
    firth_op op;
    bool pending;
} attempt;

/* On the stack of the connecting task. */
typedef struct race {
    firth_task *task;
    const firth_tcp_builder *tcp;
    const firth_address *addresses;
    size_t count;
    size_t next;           /* the address to try next */
    int64_t next_start_ns; /* not before this, unless an attempt fails */
    unsigned pending;
    firth_socket *winner;
    firth_failure failure; /* of the last attempt that failed */
    attempt attempts[ATTEMPTS_MAX];
} race;

/* ---- one attempt ------------------------------------------------------------------------------------------------- */

static void note_failure(race *all, int code, int os_code, const char *step)
{
    all->failure.code = code;
    all->failure.os_code = os_code;
    all->failure.step = step != NULL ? step : "connect";
    all->next_start_ns = 0;
}

static void note_last_failure(race *all)
{
    const firth_failure *last = firth_last_failure();

    note_failure(all, last->code, last->os_code, last->step);
}

/* TCP can connect a socket to itself when the port it asks for is the one it was given (simultaneous open, RFC 9293
 * §3.5); nobody listens there. Test: connect_to_oneself_is_refused. A socket whose ends the system cannot tell is not
 * handed out; one whose peer has gone again had a peer. FIRTH_OK or why it is no connection. */
static int check_peer(const firth_socket *socket)
{
    firth_address local, peer;
    const firth_backend *backend = socket->io.selector->backend;
    int rc = backend->local_address(&socket->io, &local);

    if (rc >= 0)
        rc = backend->peer_address(&socket->io, &peer);
    if (rc < 0)
        return rc == FIRTH_ERR_NOT_CONNECTED ? FIRTH_OK : rc;
    return firth_address_equal(&local, &peer) ? firth_fail(FIRTH_ERR_REFUSED, 0, "connect to itself") : FIRTH_OK;
}

/* The attempt has ended, one way or another. */
static void settle(attempt *one)
{
    race *all = one->race;
    firth_socket *socket = one->socket;

    one->socket = NULL;
    if (one->op.result >= 0 && check_peer(socket) >= 0) {
        if (all->winner == NULL) {
            all->winner = socket;
            return;
        }
    } else if (one->op.result >= 0) {
        note_last_failure(all);
    } else if (one->op.result != FIRTH_ERR_CANCELED) {
        note_failure(all, (int)one->op.result, one->op.os_code, one->op.step);
    }
    fth_socket_discard(socket);
}

static void attempt_ended(firth_op *op)
{
    attempt *one = op->owner;
    race *all = one->race;

    one->pending = false;
    all->pending--;
    settle(one);
    if (all->task->stage == FTH_TASK_SUSPENDED)
        fth_task_wake(all->task);
}

static int open_socket(race *all, const firth_address *address, firth_socket **opened)
{
    firth_selector *selector = all->tcp->selector;
    firth_socket *socket = fth_socket_new(selector);
    int rc;

    if (socket == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "connect");
    rc = selector->backend->socket_open(&socket->io, (firth_family)address->family);
    if (rc < 0)
        socket->io.native = -1;
    if (rc >= 0)
        rc = fth_tcp_apply(all->tcp, &socket->io, (firth_family)address->family, FTH_TCP_CONNECT);
    if (rc >= 0)
        rc = fth_option_bind(&socket->io, all->tcp->local_address, address);
    if (rc < 0) {
        note_last_failure(all);
        fth_socket_discard(socket);
        return rc;
    }
    *opened = socket;
    return FIRTH_OK;
}

static void start(race *all, attempt *one, const firth_address *address)
{
    if (open_socket(all, address, &one->socket) < 0) {
        note_last_failure(all);
        one->socket = NULL;
        return;
    }
    one->race = all;
    fth_op_init(&one->op, FIRTH_OP_CONNECT, &one->socket->io);
    one->op.with.address = address;
    one->op.owner = one;
    one->op.done = attempt_ended;
    all->next_start_ns = all->next < all->count ? fth_after_ms(firth_now_ns(), all->tcp->attempt_delay_ms) : INT64_MAX;
    one->pending = fth_op_submit(&one->op) == FIRTH_SUBMIT_PENDING;
    if (one->pending)
        all->pending++;
    else
        settle(one);
}

/* ---- the race ---------------------------------------------------------------------------------------------------- */

static attempt *free_attempt(race *all)
{
    size_t i;

    for (i = 0; i < ATTEMPTS_MAX; i++)
        if (all->attempts[i].socket == NULL)
            return &all->attempts[i];
    return NULL;
}

/* FIRTH_OK when there is a winner or nothing left to try; FIRTH_ERR_CANCELED. */
static int run(race *all)
{
    while (all->winner == NULL && (all->next < all->count || all->pending > 0)) {
        attempt *place = all->next < all->count ? free_attempt(all) : NULL;
        int64_t until_ns = place != NULL ? all->next_start_ns : INT64_MAX;

        if (place != NULL && (until_ns == 0 || until_ns <= firth_now_ns())) {
            const firth_address *address = &all->addresses[all->next++];

            start(all, place, address);
        } else if (fth_task_park("connect", until_ns) == FIRTH_ERR_CANCELED) {
            return FIRTH_ERR_CANCELED;
        }
    }
    return FIRTH_OK;
}

static void end_others(race *all)
{
    size_t i;

    for (i = 0; i < ATTEMPTS_MAX; i++)
        if (all->attempts[i].pending)
            fth_op_cancel(&all->attempts[i].op);
    while (all->pending > 0)
        fth_task_suspend("connect", NULL, NULL);
}

static int connect_any(const firth_tcp_builder *tcp, const firth_address *addresses, size_t count,
                       firth_socket **socket)
{
    race all;
    int rc;

    memset(&all, 0, sizeof all);
    all.task = fth_current;
    all.tcp = tcp;
    all.addresses = addresses;
    all.count = count;
    rc = run(&all);
    end_others(&all);
    *socket = all.winner;
    if (all.winner != NULL)
        return FIRTH_OK;
    if (rc < 0)
        return fth_task_canceled();
    return firth_fail(all.failure.code, all.failure.os_code, all.failure.step);
}

/* ---- the calls --------------------------------------------------------------------------------------------------- */

/* A name with its port, or addresses. */
typedef struct destination {
    const char *host;
    int port;
    const firth_address *addresses;
    size_t count;
} destination;

static int resolve_and_connect(const firth_tcp_builder *tcp, const destination *to, firth_socket **socket)
{
    firth_address addresses[FTH_RESOLVE_MAX];
    int rc;

    if (to->host == NULL)
        return connect_any(tcp, to->addresses, to->count, socket);
    rc = fth_resolve(tcp->selector, to->host, (uint16_t)to->port, addresses);
    return rc < 0 ? rc : connect_any(tcp, addresses, (size_t)rc, socket);
}

static int connect_within(const firth_tcp_builder *tcp, const destination *to, firth_socket **socket, const char *place)
{
    firth_scope_options limit = {.timeout_ms = tcp->connect_timeout_ms, .name = "connect timeout"};
    firth_scope scope;
    int rc;

    firth_scope_open(&scope, fth_current->innermost, &limit);
    rc = resolve_and_connect(tcp, to, socket);
    rc = firth_scope_close(&scope, rc);
    if (rc < 0)
        return rc;
    /* This scope can only have been ended by its deadline, which told so. */
    FTH_ASSERT(*socket != NULL);
    fth_socket_start(*socket, tcp, place);
    return FIRTH_OK;
}

static int begin(firth_tcp_builder *full, const firth_tcp_builder *tcp, firth_socket **socket)
{
    int rc = fth_tcp_read(full, tcp);

    *socket = NULL;
    return rc < 0 ? rc : fth_task_enter(full->selector);
}

int firth_tcp_connect_at(const firth_tcp_builder *tcp, const char *host, int port, firth_socket **socket,
                         const char *place)
{
    destination to = {.host = host, .port = port};
    firth_tcp_builder full;
    int rc = begin(&full, tcp, socket);

    if (rc < 0)
        return rc;
    if (host == NULL || host[0] == '\0')
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "host");
    if (port < 1 || port > 65535)
        return firth_fail(FIRTH_ERR_PORT_RANGE, 0, "port");
    rc = connect_within(&full, &to, socket, place);
    return rc < 0 ? rc : fth_tls_connecting(socket, host, full.tls, place);
}

int firth_tcp_connect_any_at(const firth_tcp_builder *tcp, const firth_address *addresses, size_t count,
                             firth_socket **socket, const char *place)
{
    destination to = {.addresses = addresses, .count = count};
    firth_tcp_builder full;
    int rc = begin(&full, tcp, socket);

    if (rc < 0)
        return rc;
    if (addresses == NULL || count == 0)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "addresses");
    for (size_t i = 0; i < count; i++)
        if (addresses[i].family != FIRTH_FAMILY_NONE && addresses[i].port == 0)
            return firth_fail(FIRTH_ERR_PORT_RANGE, 0, "port");
    rc = connect_within(&full, &to, socket, place);
    return rc < 0 ? rc : fth_tls_connecting(socket, NULL, full.tls, place);
}
