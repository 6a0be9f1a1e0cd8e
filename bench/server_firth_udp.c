/* SPDX-License-Identifier: Apache-2.0 */
/* Firth's server of datagrams: what somebody who knows the public headers would write, and nothing else. */
#include "bench/server_udp.h"

#include <firth/firth.h>

typedef struct server {
    udp_protocol protocol;
    udp_way way;
    firth_datagram_socket *socket;
    uint64_t count;
    firth_datagram in[UDP_BATCH];
    firth_datagram out[UDP_ROUND];
    unsigned char bytes[UDP_BATCH][UDP_BYTES];
    unsigned char source[UDP_ROUND][UDP_SOURCE_BYTES];
} server;

static int send_all(firth_datagram_socket *socket, const firth_datagram *datagrams, size_t count)
{
    size_t sent = 0;
    int64_t n = 0;

    while (sent < count && (n = firth_send_many(socket, datagrams + sent, count - sent)) > 0)
        sent += (size_t)n;
    return n < 0 ? (int)n : FIRTH_OK;
}

static int count_datagrams(server *self, uint64_t count, const firth_address *from)
{
    uint64_t before = self->count / UDP_ROUND;

    self->count += count;
    if (self->count / UDP_ROUND == before)
        return FIRTH_OK;
    return firth_send_to(self->socket, &self->count, sizeof self->count, from);
}

static int send_source(server *self, const firth_address *to)
{
    int rc = FIRTH_OK;

    if (self->way != UDP_EACH) {
        for (int i = 0; i < UDP_ROUND; i++)
            self->out[i].address = *to;
        return send_all(self->socket, self->out, UDP_ROUND);
    }
    for (int i = 0; i < UDP_ROUND && rc >= 0; i++)
        rc = firth_send_to(self->socket, self->source[i], UDP_SOURCE_BYTES, to);
    return rc;
}

static int serve_each(server *self)
{
    firth_address from;
    int64_t n;
    int rc = FIRTH_OK;

    while (rc >= 0 && (n = firth_receive_from(self->socket, self->bytes[0], UDP_BYTES, &from)) >= 0) {
        if (self->protocol == UDP_ECHO)
            rc = firth_send_to(self->socket, self->bytes[0], (size_t)n, &from);
        else if (self->protocol == UDP_SINK)
            rc = count_datagrams(self, 1, &from);
        else
            rc = send_source(self, &from);
    }
    return rc < 0 ? rc : (int)n;
}

static int serve_batches(server *self)
{
    int64_t n;
    int rc = FIRTH_OK;

    while (rc >= 0 && (n = firth_receive_many(self->socket, self->in, UDP_BATCH)) >= 0) {
        if (self->protocol == UDP_ECHO)
            rc = send_all(self->socket, self->in, (size_t)n);
        else if (self->protocol == UDP_SINK)
            rc = count_datagrams(self, (uint64_t)n, &self->in[0].address);
        else
            for (int64_t i = 0; i < n && rc >= 0; i++)
                rc = send_source(self, &self->in[i].address);
    }
    return rc < 0 ? rc : (int)n;
}

static int serve(firth_scope *scope, void *argument)
{
    server *self = argument;
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_address address;
    int rc;

    udp.receive_buffer_bytes = udp.send_buffer_bytes = UDP_BUFFER_BYTES;
    if ((rc = firth_udp_bind(&udp, "127.0.0.1", 0, &self->socket)) < 0)
        return rc;
    firth_scope_own_datagram_socket(scope, self->socket);
    firth_scope_cancel_on_interrupt(scope);
    if ((rc = firth_datagram_socket_local_address(self->socket, &address)) < 0)
        return rc;
    server_announce(address.port);
    return self->way != UDP_EACH ? serve_batches(self) : serve_each(self);
}

int main(int argc, char **argv)
{
    static server self;

    self.protocol = udp_protocol_of(argc, argv, &self.way);
    for (int i = 0; i < UDP_BATCH; i++)
        self.in[i] = (firth_datagram){.bytes = self.bytes[i], .capacity = UDP_BYTES};
    for (int i = 0; i < UDP_ROUND; i++)
        self.out[i] = (firth_datagram){.bytes = self.source[i], .size = UDP_SOURCE_BYTES};
    return firth_run(serve, &self) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
