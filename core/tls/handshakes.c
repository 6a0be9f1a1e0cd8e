/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tls/handshakes.h"
#include "core/base/timers.h"
#include "core/base/words.h"
#include "core/tls/connected.h"

void fth_handshakes_wake(fth_handshakes *all)
{
    firth_task *task = all->server->acceptor;

    if (!all->is_parked || task->stage != FTH_TASK_SUSPENDED)
        return;
    all->is_parked = false;
    fth_task_wake(task);
}

static void take_out(fth_handshake *one)
{
    one->previous->next = one->next;
    one->next->previous = one->previous;
}

static void unlink_handshake(fth_handshake *one)
{
    take_out(one);
    if (one->all != NULL)
        one->all->count--;
    one->all = NULL;
    one->previous = one->next = one;
}

/* The alert is on its way; what came meanwhile is taken, since a system that closes with bytes unread resets, which
 * would overtake it. A client that takes nothing is not waited for. */
static firth_close_how part(firth_socket *below)
{
    unsigned char bytes[256];
    unsigned i;

    if (below->out.cause == 0 && !below->out.finished && fth_write_buffered(&below->out) == 0)
        below->out.finished = below->out.sink->finish(&below->out) >= 0;
    for (i = 0; i < 64 && below->in.cause == 0; i++)
        if (below->in.source->receive(&below->in, bytes, sizeof bytes, true) <= 0)
            break;
    return below->out.finished ? FIRTH_CLOSE_NORMAL : FIRTH_CLOSE_RESET;
}

static void let_go(fth_handshake *one)
{
    firth_selector *selector = one->secure->socket.io.selector;

    fth_secure_discard(one->secure, one->is_told ? part(one->secure->socket.below) : FIRTH_CLOSE_RESET);
    firth_selector_release(selector, one);
}

static void end(fth_handshake *one, bool is_told)
{
    unlink_handshake(one);
    one->is_told = is_told;
    one->ended = true;
    if (one->pending)
        fth_op_cancel(&one->op);
    else
        let_go(one);
}

/* This end has had enough, which is no fault of the client's that an alert would name. */
static void give_up(fth_handshake *one)
{
    end(one, fth_secure_give_up(one->secure));
}

static void client_sent(firth_op *op)
{
    fth_handshake *one = op->owner;

    one->pending = false;
    one->is_due = true;
    if (one->ended)
        let_go(one);
    else
        fth_handshakes_wake(one->all);
}

/* The channel below has moved what did not fit before. */
static void moved(void *owner)
{
    fth_handshake *one = owner;

    if (one->pending || one->all == NULL)
        return;
    one->is_due = true;
    fth_handshakes_wake(one->all);
}

static void link_last(fth_handshakes *all, fth_handshake *one)
{
    one->next = &all->ring;
    one->previous = all->ring.previous;
    one->previous->next = all->ring.previous = one;
}

static void wait_for_client(fth_handshake *one)
{
    firth_socket *below = one->secure->socket.below;

    if (one->pending)
        return;
    fth_op_init(&one->op, FIRTH_OP_WAIT_READABLE, &below->io);
    one->op.owner = one;
    one->op.done = client_sent;
    one->pending = fth_op_submit(&one->op) == FIRTH_SUBMIT_PENDING;
    one->is_due = !one->pending;
}

static void report(const fth_handshake *one, int rc, const char *step, const char *detail)
{
#ifdef FIRTH_NO_STEPS /* the text of an address is half a KiB */
    (void)step, (void)detail;
    fth_selector_log(one->secure->socket.io.selector, "TLS handshake: %s", firth_error_name(rc));
#else
    const firth_socket *below = one->secure->socket.below;
    firth_address peer = {.family = FIRTH_FAMILY_NONE};

    (void)below->io.selector->backend->peer_address(&below->io, &peer);
    fth_selector_log(below->io.selector, "TLS handshake with %s: %s: %s%s%s", firth_address_text(&peer).text,
                     firth_error_name(rc), step, detail[0] != '\0' ? ": " : "", detail);
#endif
}

void fth_handshake_expire(fth_handshake *one)
{
    report(one, FIRTH_ERR_TIMED_OUT, "TLS handshake", "");
    give_up(one);
}

static void refuse(fth_handshake *one, int rc)
{
    const firth_failure *why = firth_last_failure();

    report(one, rc, why->step, why->detail);
    end(one, true);
}

int fth_handshake_go_on(fth_handshake *one, firth_socket **socket)
{
    fth_secure *secure = one->secure;
    firth_selector *selector = secure->socket.io.selector;
    int rc;

    one->is_due = false;
    if (one->deadline_ns <= firth_now_ns()) {
        fth_handshake_expire(one);
        return FIRTH_ERR_TIMED_OUT;
    }
    /* The next turn is another's. */
    take_out(one);
    link_last(one->all, one);
    rc = fth_secure_handshake(secure);
    if (rc == FTH_TLS_WANT_READ) {
        wait_for_client(one);
    } else if (rc < 0) {
        refuse(one, rc);
    } else if (rc == FIRTH_OK) {
        unlink_handshake(one);
        secure->moved = NULL;
        fth_secure_start(secure);
        fth_opened_move(&selector->opened, &secure->socket.opened);
        *socket = &secure->socket;
        firth_selector_release(selector, one);
    }
    return rc;
}

int fth_handshake_begin(fth_handshakes *all, firth_socket *plain, const char *place)
{
    firth_selector *selector = plain->io.selector;
    fth_handshake *one = firth_selector_allocate(selector, sizeof *one);
    int64_t limit_ms;
    int rc;

    fth_socket_start(plain, &all->server->tcp, place);
    fth_socket_put_below(plain);
    if (one == NULL) {
        fth_socket_drop(plain, FIRTH_CLOSE_RESET);
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "firth_accept");
    }
    rc = fth_secure_new(plain, all->config, NULL, place, &one->secure);
    if (rc < 0) {
        firth_selector_release(selector, one);
        fth_socket_drop(plain, FIRTH_CLOSE_RESET);
        return rc;
    }
    /* Nobody's yet: what the selector has open is the server. */
    fth_opened_move(&selector->leaving, &one->secure->socket.opened);
    limit_ms = one->secure->generation->handshake_timeout_ms;
    one->deadline_ns = limit_ms > 0 ? fth_after_ms(firth_now_ns(), limit_ms) : INT64_MAX;
    one->secure->moved = moved;
    one->secure->moved_argument = one;
    one->all = all;
    link_last(all, one);
    all->count++;
    wait_for_client(one);
    return FIRTH_OK;
}

/* ---- the server's life ------------------------------------------------------------------------------------------- */

int fth_tls_listening(firth_server *server)
{
    fth_handshakes *all;

    if (server->tcp.tls == NULL)
        return FIRTH_OK;
    if (fth_tls_role_of(server->tcp.tls) != FIRTH_TLS_SERVER)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, FTH_OPTION("tls"));
    all = firth_selector_allocate(server->io.selector, sizeof *all);
    if (all == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "firth_tcp_bind");
    all->server = server;
    all->config = firth_tls_config_retain(server->tcp.tls);
    all->ring.previous = all->ring.next = &all->ring;
    server->handshakes = all;
    return FIRTH_OK;
}

void fth_tls_not_listening(firth_server *server)
{
    fth_handshakes *all = server->handshakes;

    while (all != NULL && all->ring.next != &all->ring)
        give_up(all->ring.next);
}

void fth_tls_forget(firth_server *server)
{
    fth_handshakes *all = server->handshakes;

    if (all == NULL)
        return;
    fth_tls_not_listening(server);
    firth_tls_config_release(all->config);
    firth_selector_release(server->io.selector, all);
    server->handshakes = NULL;
}
