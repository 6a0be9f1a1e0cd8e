/* SPDX-License-Identifier: Apache-2.0 */
/* Servers, connects and accepts as the cases call them, in plain or over TLS.
 *
 * A case connects and accepts one after the other, which over TLS cannot be: a handshake wants both ends at once. So while
 * a case connects to a server of its own, a porter accepts there, and keeps whom it got for the case's next accept; when
 * the case accepts meanwhile, the porter goes out of its way, and what has begun goes on in that accept. */
#include "tests/conformance/peers.h"

enum { READY_MOST = 64 };

typedef struct kit_gate {
    struct kit_gate *next;
    firth_server *server; /* NULL: closed */
    firth_scope *home;    /* has the porter, and those whom it got */
    int port;
    unsigned connecting; /* tasks of the case's that connect */
    bool taking;         /* one accepts, or is about to */
    bool has_porter;
    firth_scope *porter;   /* while it is inside an accept */
    kit_event changed;     /* for the porter: nobody takes any more, or nobody connects */
    kit_event stood_aside; /* for who takes */
    firth_socket *ready[READY_MOST];
    size_t ready_count;
} kit_gate;

static kit_gate *gates;

void fth_kit_gates_forget(void)
{
    gates = NULL;
}

static bool is_secure(void)
{
    return fth_kit.tls_server != NULL;
}

static kit_gate *gate_of(const firth_server *server)
{
    kit_gate *gate = gates;

    while (gate != NULL && gate->server != server)
        gate = gate->next;
    return gate;
}

static kit_gate *gate_at(int port)
{
    kit_gate *gate = gates;

    while (gate != NULL && (gate->server == NULL || gate->port != port))
        gate = gate->next;
    return gate;
}

/* ---- servers ----------------------------------------------------------------------------------------------------- */

int fth_kit_tcp_bind(const firth_tcp_builder *tcp, const char *host, int port, firth_server **server)
{
    firth_tcp_builder secure = *tcp;
    kit_gate *gate;
    int rc;

    secure.tls = fth_kit.tls_server;
    rc = firth_tcp_bind(&secure, host, port, server);
    if (rc < 0 || !is_secure())
        return rc;
    gate = fth_kit_keep(sizeof *gate);
    gate->server = *server;
    gate->home = fth_kit.body;
    gate->port = firth_server_address(*server)->port;
    gate->next = gates;
    gates = gate;
    return rc;
}

void fth_kit_server_close(firth_server *server)
{
    kit_gate *gate = gate_of(server);

    if (gate != NULL) {
        gate->server = NULL;
        while (gate->ready_count > 0)
            firth_socket_abort(gate->ready[--gate->ready_count]);
        fth_kit_tell(&gate->changed);
    }
    firth_server_close(server);
}

/* ---- the porter -------------------------------------------------------------------------------------------------- */

static int await_anew(kit_event *event)
{
    event->happened = false;
    return fth_kit_await(event);
}

/* One accept; false when there is nothing to accept from any more. */
static bool receive(firth_scope *scope, kit_gate *gate)
{
    firth_socket *socket;
    firth_scope accepting;
    int rc, closed;

    firth_scope_open(&accepting, scope, NULL);
    gate->porter = &accepting;
    rc = firth_accept(gate->server, &socket);
    gate->porter = NULL;
    closed = firth_scope_close(&accepting, FIRTH_OK);
    if (rc >= 0 && (gate->server == NULL || gate->ready_count == READY_MOST)) {
        firth_socket_abort(socket);
    } else if (rc >= 0) {
        firth_scope_own_socket(gate->home, socket);
        gate->ready[gate->ready_count++] = socket;
    }
    fth_kit_tell(&gate->stood_aside);
    return rc >= 0 || (rc == FIRTH_ERR_CANCELED && closed >= 0);
}

static int porter(firth_scope *scope, void *argument)
{
    kit_gate *gate = argument;
    bool goes_on = true;

    while (goes_on && gate->server != NULL && gate->connecting > 0)
        goes_on = gate->taking ? await_anew(&gate->changed) >= 0 : receive(scope, gate);
    gate->has_porter = false;
    return FIRTH_OK;
}

static int call_porter(kit_gate *gate)
{
    int rc = FIRTH_OK;

    gate->connecting++;
    if (!gate->has_porter)
        rc = firth_spawn(gate->home, porter, gate, NULL);
    if (rc < 0)
        gate->connecting--;
    else
        gate->has_porter = true;
    return rc;
}

static void dismiss_porter(kit_gate *gate)
{
    if (--gate->connecting > 0)
        return;
    if (gate->porter != NULL && !gate->taking)
        firth_scope_cancel(gate->porter);
    fth_kit_tell(&gate->changed);
}

/* ---- connect and accept ------------------------------------------------------------------------------------------ */

int fth_kit_tcp_connect(const firth_tcp_builder *tcp, const char *host, int port, firth_socket **socket)
{
    firth_tcp_builder secure = *tcp;
    kit_gate *gate = gate_at(port);
    int rc;

    *socket = NULL;
    secure.tls = fth_kit.tls_client;
    if (gate == NULL)
        return firth_tcp_connect(&secure, host, port, socket);
    rc = call_porter(gate);
    if (rc < 0)
        return rc;
    rc = firth_tcp_connect(&secure, host, port, socket);
    dismiss_porter(gate);
    return rc;
}

int fth_kit_tcp_connect_any(const firth_tcp_builder *tcp, const firth_address *addresses, size_t count,
                            firth_socket **socket)
{
    firth_tcp_builder secure = *tcp;
    kit_gate *gate = NULL;
    int rc;

    *socket = NULL;
    secure.tls = fth_kit.tls_client;
    for (size_t i = 0; i < count && gate == NULL; i++)
        gate = gate_at(addresses[i].port);
    rc = gate != NULL ? call_porter(gate) : FIRTH_OK;
    if (rc < 0)
        return rc;
    rc = firth_tcp_connect_any(&secure, addresses, count, socket);
    if (gate != NULL)
        dismiss_porter(gate);
    return rc;
}

/* Whoever is ready, or who comes next. */
static int take(kit_gate *gate, firth_socket **socket)
{
    if (gate->server == NULL)
        return FIRTH_ERR_CLOSED;
    if (gate->ready_count == 0 || firth_scope_is_cancelled(firth_scope_current()))
        return firth_accept(gate->server, socket);
    *socket = gate->ready[0];
    memmove(&gate->ready[0], &gate->ready[1], --gate->ready_count * sizeof(firth_socket *));
    return FIRTH_OK;
}

int fth_kit_tcp_accept(firth_server *server, firth_socket **socket)
{
    kit_gate *gate = gate_of(server);
    int rc = FIRTH_OK;

    if (gate == NULL || gate->taking)
        return firth_accept(server, socket);
    *socket = NULL;
    gate->taking = true;
    while (gate->porter != NULL && rc >= 0) {
        firth_scope_cancel(gate->porter);
        rc = await_anew(&gate->stood_aside);
    }
    if (rc >= 0)
        rc = take(gate, socket);
    gate->taking = false;
    fth_kit_tell(&gate->changed);
    return rc;
}
