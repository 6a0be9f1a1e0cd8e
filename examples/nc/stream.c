/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/nc/nc.h"

#include <stdio.h>

typedef struct connection {
    nc *of;
    firth_socket *socket;
} connection;

/* ---- a connection ---------------------------------------------------------------------------------------------------- */

/* Ends this side when standard input has ended, and not before: the peer may go on. */
static int send_input(firth_scope *scope, void *argument)
{
    const connection *self = argument;
    firth_read_channel *in = firth_pipe_input(self->of->pipe);
    firth_write_channel *out = firth_socket_output(self->socket);
    const void *bytes;
    int64_t count;
    int rc = FIRTH_OK;

    (void)scope;
    while ((count = firth_peek(in, &bytes)) > 0) {
        if ((rc = firth_write(out, bytes, (size_t)count)) < 0 || (rc = firth_flush(out)) < 0 ||
            (rc = firth_consume(in, (size_t)count)) < 0)
            return nc_fail("Cannot send", rc);
        self->of->moved_ns = firth_now_ns();
    }
    if (count != FIRTH_EOF)
        return (int)count; /* whoever reads standard input has told it */
    if ((rc = firth_flush_and_close(out)) < 0)
        return nc_fail("Cannot end this side", rc);
    if (self->of->is_verbose)
        nc_tell("This side has ended", "");
    return rc;
}

static int receive(const connection *self)
{
    static char bytes[NC_CHUNK_BYTES]; /* one connection at a time */
    firth_read_channel *in = firth_socket_input(self->socket);
    int64_t count;

    while ((count = firth_read(in, bytes, sizeof bytes)) > 0) {
        int rc = nc_print(self->of, bytes, (size_t)count);

        if (rc < 0)
            return rc;
    }
    if (count != FIRTH_EOF)
        return nc_fail("Cannot receive", count);
    if (self->of->is_verbose)
        nc_tell("The peer has ended", "");
    return FIRTH_OK;
}

/* Both directions, each to its own end. */
static int talk(firth_scope *scope, void *argument)
{
    connection *self = argument;
    firth_scope both;
    int rc = FIRTH_OK;

    firth_scope_open(&both, scope, NULL);
    if (!self->of->keeps_serving && (rc = nc_start_input(self->of)) >= 0)
        rc = firth_spawn(&both, send_input, self, NULL);
    if (rc >= 0)
        rc = receive(self);
    return firth_scope_close(&both, rc);
}

static void tell_peer(const firth_socket *socket)
{
    firth_address address;

    if (firth_socket_peer_address(socket, &address) >= 0)
        nc_tell("Connected to", firth_address_text(&address).text);
    else
        nc_tell("Connected", ""); /* paths are no such addresses, and clients mostly have none */
}

/* Talks with one peer and closes the socket. */
static int converse(firth_scope *scope, nc *self, firth_socket *socket)
{
    connection peer = {.of = self, .socket = socket};
    int rc = FIRTH_OK, closed;

    if (self->is_verbose)
        tell_peer(socket);
    rc = nc_while_it_moves(self, scope, talk, &peer);
    if (rc == FIRTH_ERR_TIMED_OUT)
        nc_tell("Nothing came or went for the time of -w:", firth_error_text(rc));
    if (rc < 0) {
        firth_socket_abort(peer.socket); /* the peer is not to take it for a clean end */
        return rc;
    }
    closed = firth_socket_close(peer.socket);
    return closed < 0 ? nc_fail("Cannot close", closed) : FIRTH_OK;
}

/* ---- client ---------------------------------------------------------------------------------------------------------- */

static int connect_tcp(firth_scope *scope, void *argument)
{
    connection *peer = argument;
    const nc *self = peer->of;
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_address addresses[NC_ADDRESSES_MAX];
    int count = nc_resolve(self, addresses);

    if (count < 0)
        return count;
    tcp.tls = self->tls;
    if (self->idle_ms > 0)
        tcp.connect_timeout_ms = self->idle_ms;
    return firth_tcp_connect_any(&tcp, addresses, (size_t)count, &peer->socket);
}

static int connect_unix(firth_scope *scope, void *argument)
{
    connection *peer = argument;
    const nc *self = peer->of;
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    firth_unix_address address;
    int rc = nc_unix_address(self, &address);

    if (self->idle_ms > 0)
        builder.connect_timeout_ms = self->idle_ms;
    if (rc >= 0)
        rc = firth_unix_connect_to(&builder, &address, &peer->socket);
    return rc >= 0 && self->tls != NULL ? nc_tls_start(self, peer->socket, &peer->socket) : rc;
}

static int be_client(firth_scope *scope, nc *self)
{
    connection peer = {.of = self};
    char what[300];
    int rc = nc_in_time(self, scope, self->is_unix ? connect_unix : connect_tcp, &peer);

    if (rc >= 0)
        return converse(scope, self, peer.socket);
    snprintf(what, sizeof what, "Cannot connect to %s%s%s", self->host, self->is_unix ? "" : " port ",
             self->is_unix ? "" : self->service);
    return nc_fail(what, rc);
}

/* ---- server ---------------------------------------------------------------------------------------------------------- */

typedef struct listener {
    const nc *of;
    firth_server *server;
} listener;

static int bind_tcp(firth_scope *scope, void *argument)
{
    listener *made = argument;
    const nc *self = made->of;
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_address addresses[NC_ADDRESSES_MAX];
    int rc = nc_resolve(self, addresses);

    if (rc < 0)
        return rc;
    tcp.tls = self->tls;
    tcp.ipv6_only = self->family == FIRTH_FAMILY_IPV6;
    if (self->host == NULL && self->family == FIRTH_FAMILY_NONE)
        return firth_tcp_bind(&tcp, NULL, addresses[0].port, &made->server);
    return firth_tcp_bind(&tcp, firth_address_ip_text(&addresses[0]).text, addresses[0].port, &made->server);
}

static int bind_unix(firth_scope *scope, void *argument)
{
    listener *made = argument;
    const nc *self = made->of;
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    firth_unix_address address;
    int rc = nc_unix_address(self, &address);

    if (rc < 0)
        return rc;
    builder.replace_stale = builder.unlink_on_close = !address.abstract;
    return firth_unix_bind_to(&builder, &address, &made->server);
}

static int serve(firth_scope *scope, nc *self, firth_socket *socket)
{
    int rc = self->tls != NULL && self->is_unix ? nc_tls_start(self, socket, &socket) : FIRTH_OK;

    return rc < 0 ? nc_fail("Cannot start TLS", rc) : converse(scope, self, socket);
}

static int serve_clients(firth_scope *scope, nc *self, firth_server *server)
{
    firth_socket *socket;
    int rc;

    while ((rc = firth_accept(server, &socket)) >= 0) {
        if (!self->keeps_serving) {
            firth_server_close(server); /* nobody else is to wait for it */
            return serve(scope, self, socket);
        }
        if ((rc = serve(scope, self, socket)) == FIRTH_ERR_CANCELED)
            break; /* all else is that client's end alone, and has been told */
    }
    return rc == FIRTH_ERR_CANCELED ? rc : nc_fail("Cannot accept", rc);
}

static int be_server(firth_scope *scope, nc *self)
{
    listener made = {.of = self};
    char what[300];
    int rc = nc_in_time(self, scope, self->is_unix ? bind_unix : bind_tcp, &made);

    if (rc < 0) {
        snprintf(what, sizeof what, "Cannot listen at %s%s%s", self->host != NULL ? self->host : "every address",
                 self->is_unix ? "" : " port ", self->is_unix ? "" : self->service);
        return nc_fail(what, rc);
    }
    firth_scope_own_server(scope, made.server);
    nc_tell("Listening at", self->is_unix ? self->host : firth_address_text(firth_server_address(made.server)).text);
    return serve_clients(scope, self, made.server);
}

int nc_streams(firth_scope *scope, nc *self)
{
    return self->is_server ? be_server(scope, self) : be_client(scope, self);
}
