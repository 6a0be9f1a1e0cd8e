/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/conformance/peers.h"

enum {
    LONG_MS = 3600 * 1000,
    STUFF_BYTES = 32 * 1024,
    STUFF_QUIET_MS = 50,
    STUFF_QUIET_WHILES = 6,
    LINGER_MS = 2000,
    SECURE_LINGER_MS =
        10, /* whoever closes first waits for the peer to do so too, which a case that is over never does */
    STUFF_MOST = 64 * 1024 * 1024
};

/* ---- waiting ----------------------------------------------------------------------------------------------------- */

void fth_kit_tell(kit_event *event)
{
    event->happened = true;
    if (event->waiter != NULL)
        firth_scope_cancel(event->waiter);
}

int fth_kit_await(kit_event *event)
{
    firth_scope wait;
    int rc = FIRTH_OK;

    if (event->happened)
        return FIRTH_OK;
    firth_scope_open(&wait, firth_scope_current(), NULL);
    event->waiter = &wait;
    while (!event->happened && rc == FIRTH_OK)
        rc = firth_sleep(LONG_MS);
    event->waiter = NULL;
    return firth_scope_close(&wait, rc);
}

int fth_kit_turn(void)
{
    return firth_sleep_until(firth_now_ns() + 1);
}

int fth_kit_settle(void)
{
    return firth_sleep_until(firth_now_ns() + fth_kit.pace.settled_us * 1000);
}

int fth_kit_meet(int round)
{
    if (round % 3 == 0)
        return FIRTH_OK;
    return round % 3 == 1 ? fth_kit_turn() : fth_kit_settle();
}

void fth_kit_count(kit_tally *tally, int64_t result)
{
    if (result == FIRTH_ERR_CANCELED || result == FIRTH_ERR_TIMED_OUT)
        tally->stopped++;
    else
        tally->finished++;
}

int fth_kit_both(const kit_tally *tally)
{
    EXPECT(tally->stopped > 0);
    EXPECT(tally->finished > 0);
    return FIRTH_OK;
}

/* ---- sockets ----------------------------------------------------------------------------------------------------- */

firth_tcp_builder fth_kit_tcp(firth_scope *scope)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));

    tcp.auto_flush = true;
    tcp.linger_ms = fth_kit_paced_ms(fth_kit.tls_server != NULL ? SECURE_LINGER_MS : LINGER_MS);
    return tcp;
}

int64_t fth_kit_patience_ms(void)
{
    return fth_kit_paced_ms((int64_t)fth_kit.limit_s * 1000) / 4;
}

int fth_kit_pair_at(firth_scope *scope, const firth_tcp_builder *tcp, const char *host, kit_pair *pair)
{
    firth_server *server;

    memset(pair, 0, sizeof *pair);
    TRY(fth_kit_tcp_bind(tcp, host, 0, &server));
    firth_scope_own_server(scope, server);
    TRY(fth_kit_tcp_connect(tcp, host, firth_server_address(server)->port, &pair->a));
    firth_scope_own_socket(scope, pair->a);
    TRY(fth_kit_tcp_accept(server, &pair->b));
    firth_scope_own_socket(scope, pair->b);
    fth_kit_server_close(server);
    pair->a_in = firth_socket_input(pair->a);
    pair->a_out = firth_socket_output(pair->a);
    pair->b_in = firth_socket_input(pair->b);
    pair->b_out = firth_socket_output(pair->b);
    return FIRTH_OK;
}

int fth_kit_pair_with(firth_scope *scope, const firth_tcp_builder *tcp, kit_pair *pair)
{
    return fth_kit_pair_at(scope, tcp, "127.0.0.1", pair);
}

int fth_kit_pair(firth_scope *scope, kit_pair *pair)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);

    return fth_kit_pair_with(scope, &tcp, pair);
}

int fth_kit_server(firth_scope *scope, firth_server **server, int *port)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);

    TRY(fth_kit_tcp_bind(&tcp, "127.0.0.1", 0, server));
    firth_scope_own_server(scope, *server);
    *port = firth_server_address(*server)->port;
    return FIRTH_OK;
}

int fth_kit_free_port(firth_scope *scope, int *port)
{
    firth_server *server;

    TRY(fth_kit_server(scope, &server, port));
    fth_kit_server_close(server);
    return FIRTH_OK;
}

int fth_kit_closed_port(firth_scope *scope, kit_closed *closed)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    firth_address local;
    int port = 0;

    TRY(fth_kit_server(scope, &closed->server, &port));
    TRY(fth_kit_tcp_connect(&tcp, "127.0.0.1", port, &closed->holder));
    firth_scope_own_socket(scope, closed->holder);
    TRY(firth_socket_local_address(closed->holder, &local));
    closed->port = local.port;
    return FIRTH_OK;
}

void fth_kit_give_port(const kit_closed *closed)
{
    firth_socket_abort(closed->holder);
    fth_kit_server_close(closed->server);
}

bool fth_kit_has_ipv6(firth_scope *scope)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    firth_server *server;

    if (fth_kit_tcp_bind(&tcp, "::1", 0, &server) < 0)
        return false;
    fth_kit_server_close(server);
    return true;
}

typedef struct stuffing {
    firth_write_channel *out;
    uint8_t *bytes;
    size_t taken;
} stuffing;

static int stuff(firth_scope *scope, void *argument)
{
    stuffing *this = argument;
    int rc = FIRTH_OK;

    (void)scope;
    while (rc >= 0 && this->taken < STUFF_MOST) {
        rc = firth_write(this->out, this->bytes, STUFF_BYTES);
        this->taken += firth_write_progress(this->out);
    }
    return rc;
}

/* Until nothing was taken in several whiles in a row, each of which begins with an attempt: how long it takes to fill is the
 * machine's affair, and a little room that comes late wakes nobody who waits for a lot. All whiles together are longer than
 * the 200 ms after which Linux sends into a window that is too small for a segment (RFC 9293 §3.8.6.2.1), which makes room
 * once more. */
int fth_kit_stuff(firth_socket *socket, size_t *taken)
{
    stuffing this = {.out = firth_socket_output(socket), .bytes = fth_kit_keep(STUFF_BYTES)};
    int rc, quiet = 0;

    do {
        size_t before = this.taken;

        rc = firth_with_timeout(fth_kit_paced_ms(STUFF_QUIET_MS), stuff, &this);
        quiet = this.taken == before ? quiet + 1 : 0;
    } while (rc == FIRTH_ERR_TIMED_OUT && quiet < STUFF_QUIET_WHILES);
    if (taken != NULL)
        *taken = this.taken;
    if (rc >= 0)
        return fth_kit_broken(__FILE__, __LINE__, "a socket that nobody reads takes any number of bytes");
    return rc == FIRTH_ERR_TIMED_OUT ? FIRTH_OK : rc;
}

int fth_kit_fit_unread(const firth_socket *receiver, size_t *size)
{
    int value, rc = firth_socket_get_option(receiver, FIRTH_OPTION_RECEIVE_BUFFER_BYTES, &value);

    if (rc == FIRTH_ERR_NOT_SUPPORTED && fth_kit.subject.unread_bytes == 0)
        return FIRTH_OK;
    if (rc == FIRTH_ERR_NOT_SUPPORTED)
        value = (int)fth_kit.subject.unread_bytes;
    else
        TRY(rc);
    /* Over TLS there is more than the bytes. */
    if (fth_kit.tls_server != NULL)
        value /= 2;
    if (*size > (size_t)value)
        *size = (size_t)value;
    return FIRTH_OK;
}

/* ---- attempts ---------------------------------------------------------------------------------------------------- */

kit_attempt *fth_kit_attempt(int64_t (*call)(kit_attempt *attempt))
{
    kit_attempt *attempt = fth_kit_keep(sizeof *attempt);

    attempt->call = call;
    return attempt;
}

static int attempt_task(firth_scope *scope, void *argument)
{
    kit_attempt *this = argument;

    this->scope = scope;
    if (this->cancelled)
        firth_scope_cancel(scope);
    this->result = this->call(this);
    this->scope = NULL;
    fth_kit_note_result(this->result);
    fth_kit_tell(&this->ended);
    return FIRTH_OK;
}

int fth_kit_start(firth_scope *scope, kit_attempt *attempt)
{
    return firth_spawn(scope, attempt_task, attempt, NULL);
}

void fth_kit_cancel(void *attempt)
{
    kit_attempt *this = attempt;

    this->cancelled = true;
    if (this->scope != NULL)
        firth_scope_cancel(this->scope);
}

int64_t fth_kit_connect(kit_attempt *attempt)
{
    return fth_kit_tcp_connect(&attempt->tcp, attempt->host, attempt->port, &attempt->socket);
}

int64_t fth_kit_accept(kit_attempt *attempt)
{
    return fth_kit_tcp_accept(attempt->server, &attempt->socket);
}

int64_t fth_kit_read(kit_attempt *attempt)
{
    int64_t rc = firth_read(firth_socket_input(attempt->socket), attempt->bytes, attempt->size);

    attempt->progress = rc > 0 ? (size_t)rc : 0;
    return rc;
}

/* The channel may be gone when the call returns because its socket was closed. */
int64_t fth_kit_read_fully(kit_attempt *attempt)
{
    firth_read_channel *in = firth_socket_input(attempt->socket);
    int64_t rc = firth_read_fully(in, attempt->bytes, attempt->size);

    attempt->progress = rc == FIRTH_ERR_CLOSED ? 0 : firth_read_progress(in);
    return rc;
}

int64_t fth_kit_write(kit_attempt *attempt)
{
    firth_write_channel *out = firth_socket_output(attempt->socket);
    int64_t rc = firth_write(out, attempt->bytes, attempt->size);

    attempt->progress = rc == FIRTH_ERR_CLOSED ? 0 : firth_write_progress(out);
    return rc < 0 ? rc : firth_flush(out);
}

int64_t fth_kit_write_alone(kit_attempt *attempt)
{
    return firth_write(firth_socket_output(attempt->socket), attempt->bytes, attempt->size);
}

int64_t fth_kit_close(kit_attempt *attempt)
{
    return firth_socket_close(attempt->socket);
}

int64_t fth_kit_echo(kit_attempt *attempt)
{
    firth_socket *socket = attempt->socket;
    int64_t rc;

    rc = firth_copy(firth_socket_input(socket), firth_socket_output(socket), FIRTH_NO_LIMIT);
    if (rc < 0) {
        firth_socket_abort(socket);
        return rc;
    }
    attempt->progress = (size_t)rc;
    return firth_socket_close(socket);
}

int64_t fth_kit_echo_server(kit_attempt *attempt)
{
    firth_scope *scope = attempt->scope;
    firth_socket *client;
    int rc;

    while ((rc = fth_kit_tcp_accept(attempt->server, &client)) >= 0) {
        kit_attempt *echo = fth_kit_attempt(fth_kit_echo);

        echo->socket = client;
        if (fth_kit_start(scope, echo) < 0)
            firth_socket_abort(client);
    }
    return rc;
}
