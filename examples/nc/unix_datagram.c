/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/nc/nc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What every system takes for one datagram; macOS no more. */
enum { SEND_BYTES_MAX = 2048, RECEIVE_BYTES_MAX = 262144 };

typedef struct exchange {
    nc *of;
    firth_unix_datagram_socket *socket;
    bool has_peer;
    firth_unix_address peer; /* a server's: whoever spoke first; without a size it cannot be answered */
} exchange;

/* ---- both directions ------------------------------------------------------------------------------------------------- */

static int send_input(firth_scope *scope, void *argument)
{
    exchange *self = argument;
    firth_read_channel *in = firth_pipe_input(self->of->pipe);
    firth_unix_message message = {.address = self->of->is_server ? &self->peer : NULL};
    const void *bytes;
    int64_t count;

    (void)scope;
    while ((count = firth_peek(in, &bytes)) > 0) {
        int rc;

        message.bytes = (void *)(uintptr_t)bytes;
        message.size = count < SEND_BYTES_MAX ? (size_t)count : SEND_BYTES_MAX;
        if ((rc = firth_unix_send(self->socket, &message)) < 0 || (rc = firth_consume(in, message.size)) < 0)
            return nc_fail("Cannot send", rc);
        self->of->moved_ns = firth_now_ns();
    }
    return count == FIRTH_EOF ? FIRTH_OK : (int)count; /* whoever reads standard input has told it */
}

static int begin_to_send(firth_scope *scope, exchange *self)
{
    int rc;

    if (self->of->keeps_serving)
        return FIRTH_OK;
    if ((rc = nc_start_input(self->of)) < 0)
        return rc;
    return firth_spawn(scope, send_input, self, NULL);
}

static int meet(firth_scope *scope, exchange *self, const firth_unix_address *from)
{
    self->has_peer = true;
    self->peer = *from;
    if (from->size == 0) {
        nc_tell("The peer has no address, and cannot be answered", "");
        return FIRTH_OK;
    }
    if (self->of->is_verbose)
        nc_tell("Connected to", from->abstract ? "a name outside the file system" : from->path);
    return begin_to_send(scope, self);
}

/* A server's peer is the first who speaks; false for others, unless it is there for all. */
static bool is_welcome(const exchange *self, const firth_unix_address *from)
{
    if (!self->of->is_server || self->of->keeps_serving)
        return true;
    return from->size == self->peer.size && from->abstract == self->peer.abstract &&
           memcmp(from->path, self->peer.path, from->size) == 0;
}

static int receive(firth_scope *scope, exchange *self)
{
    static char bytes[RECEIVE_BYTES_MAX];
    firth_unix_address from;
    firth_unix_message message = {.bytes = bytes, .capacity = sizeof bytes, .address = &from};
    int64_t count;
    int rc = FIRTH_OK;

    while (rc >= 0 && (count = firth_unix_receive(self->socket, &message)) >= 0) {
        if (self->of->is_server && !self->has_peer)
            rc = meet(scope, self, &from);
        if (rc >= 0 && is_welcome(self, &from))
            rc = nc_print(self->of, bytes, (size_t)count);
    }
    return rc < 0 ? rc : nc_fail("Cannot receive", count);
}

static int talk(firth_scope *scope, void *argument)
{
    exchange *self = argument;
    firth_scope both;
    int rc = FIRTH_OK;

    firth_scope_open(&both, scope, NULL);
    if (!self->of->is_server)
        rc = begin_to_send(&both, self);
    if (rc >= 0)
        rc = receive(&both, self);
    return firth_scope_close(&both, rc);
}

/* ---- opening --------------------------------------------------------------------------------------------------------- */

/* An address of its own, without which nobody could answer: of the same kind as the peer's. */
static int make_own(firth_unix_address *own, bool abstract)
{
    const char *folder = getenv("TMPDIR");
    char path[FIRTH_UNIX_PATH_BYTES * 2];

    snprintf(path, sizeof path, "%s/firth-nc-%llx", folder != NULL ? folder : "/tmp", (long long)firth_now_ns());
    return firth_unix_address_make(own, path, abstract);
}

static int open_socket(firth_scope *scope, const nc *self, firth_unix_datagram_socket **socket)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    firth_unix_address address, own;
    int rc = nc_unix_address(self, &address);

    if (rc < 0)
        return rc;
    builder.unlink_on_close = !address.abstract;
    if (self->is_server) {
        builder.replace_stale = !address.abstract;
        return firth_unix_datagram_bind_to(&builder, &address, socket);
    }
    if ((rc = make_own(&own, address.abstract)) < 0 || (rc = firth_unix_datagram_bind_to(&builder, &own, socket)) < 0)
        return rc;
    if ((rc = firth_unix_datagram_connect(*socket, &address)) < 0)
        firth_unix_datagram_close(*socket);
    return rc;
}

/* Datagrams have no end: see nc_datagrams. */
int nc_unix_datagrams(firth_scope *scope, nc *self)
{
    exchange between = {.of = self};
    char what[300];
    int rc = open_socket(scope, self, &between.socket);

    if (rc < 0) {
        snprintf(what, sizeof what, "Cannot %s %s", self->is_server ? "receive at" : "send to", self->host);
        return nc_fail(what, rc);
    }
    firth_scope_own_unix_datagram(scope, between.socket);
    if (self->is_server)
        nc_tell("Receiving at", self->host);
    rc = nc_while_it_moves(self, scope, talk, &between);
    return rc == FIRTH_ERR_TIMED_OUT ? FIRTH_OK : rc;
}
