/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/nc/nc.h"

#include <stdio.h>

/* What is sent is cut so that it arrives in one piece on any path (RFC 9000 §14: 1200 bytes). */
enum { SEND_BYTES_MAX = 1200, RECEIVE_BYTES_MAX = 65535 };

typedef struct exchange {
    nc *of;
    firth_datagram_socket *socket;
    firth_address peer; /* a server's: whoever spoke first */
} exchange;

/* ---- both directions ------------------------------------------------------------------------------------------------- */

static int send_input(firth_scope *scope, void *argument)
{
    const exchange *self = argument;
    firth_read_channel *in = firth_pipe_input(self->of->pipe);
    const firth_address *to = self->of->is_server ? &self->peer : NULL;
    const void *bytes;
    int64_t count;

    (void)scope;
    while ((count = firth_peek(in, &bytes)) > 0) {
        size_t size = count < SEND_BYTES_MAX ? (size_t)count : SEND_BYTES_MAX;
        int rc = firth_send_to(self->socket, bytes, size, to);

        if (rc < 0 || (rc = firth_consume(in, size)) < 0)
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

/* A server's peer is the first who speaks; false for others, unless it is there for all. */
static bool is_welcome(exchange *self, const firth_address *from)
{
    if (!self->of->is_server || self->of->keeps_serving)
        return true;
    return firth_address_equal(from, &self->peer);
}

static int receive(firth_scope *scope, exchange *self)
{
    static char bytes[RECEIVE_BYTES_MAX];
    firth_address from;
    int64_t count;
    int rc = FIRTH_OK;

    while (rc >= 0 && (count = firth_receive_from(self->socket, bytes, sizeof bytes, &from)) >= 0) {
        if (self->of->is_server && self->peer.family == FIRTH_FAMILY_NONE) {
            self->peer = from;
            if (self->of->is_verbose)
                nc_tell("Connected to", firth_address_text(&from).text);
            rc = begin_to_send(scope, self);
        }
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

/* The first address to which there is a way: whether somebody is there a datagram's sender cannot know. */
static int connect_first(firth_scope *scope, exchange *between)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_address addresses[NC_ADDRESSES_MAX];
    int count = nc_resolve(between->of, addresses), rc = count;

    for (int i = 0; i < count; i++)
        if ((rc = firth_udp_connect_to(&udp, &addresses[i], &between->socket)) >= 0)
            break;
    return rc;
}

static int bind_first(firth_scope *scope, exchange *between)
{
    const nc *self = between->of;
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_address addresses[NC_ADDRESSES_MAX];
    int rc = nc_resolve(self, addresses);

    if (rc < 0)
        return rc;
    udp.ipv6_only = self->family == FIRTH_FAMILY_IPV6;
    if (self->host == NULL && self->family == FIRTH_FAMILY_NONE)
        return firth_udp_bind(&udp, NULL, addresses[0].port, &between->socket);
    return firth_udp_bind(&udp, firth_address_ip_text(&addresses[0]).text, addresses[0].port, &between->socket);
}

static int open_first(firth_scope *scope, void *argument)
{
    exchange *between = argument;

    return between->of->is_server ? bind_first(scope, between) : connect_first(scope, between);
}

static int open_socket(firth_scope *scope, exchange *between)
{
    const nc *self = between->of;
    char what[300];
    int rc = nc_in_time(self, scope, open_first, between);

    if (rc >= 0)
        return rc;
    snprintf(what, sizeof what, "Cannot %s %s port %s", self->is_server ? "receive at" : "send to",
             self->host != NULL ? self->host : "every address", self->service);
    return nc_fail(what, rc);
}

/* Datagrams have no end: time, Ctrl-C or a failure ends it, and time is none. */
int nc_datagrams(firth_scope *scope, nc *self)
{
    exchange between = {.of = self};
    firth_address local;
    int rc = open_socket(scope, &between);

    if (rc < 0)
        return rc;
    firth_scope_own_datagram_socket(scope, between.socket);
    if (self->is_server) {
        if ((rc = firth_datagram_socket_local_address(between.socket, &local)) < 0)
            return nc_fail("Cannot find out the port", rc);
        nc_tell("Receiving at", firth_address_text(&local).text);
    }
    rc = nc_while_it_moves(self, scope, talk, &between);
    return rc == FIRTH_ERR_TIMED_OUT ? FIRTH_OK : rc;
}
