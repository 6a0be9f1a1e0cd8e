/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tls/relay.h"
#include <string.h>

static int send_slowly(firth_write_channel *out, const unsigned char *bytes, size_t size)
{
    int rc = FIRTH_OK;

    for (size_t i = 0; i < size && rc >= 0; i++) {
        rc = firth_write(out, bytes + i, 1);
        if (rc >= 0)
            rc = firth_flush(out);
    }
    return rc;
}

static int send(const relay_way *way, bool is_slow, size_t size)
{
    firth_write_channel *out = firth_socket_output(way->to);
    int rc = is_slow ? send_slowly(out, way->out, size) : firth_write(out, way->out, size);

    return rc < 0 ? rc : firth_flush(out);
}

/* A task: one way, until its end. */
static int forward(firth_scope *scope, void *argument)
{
    relay_way *way = argument;
    size_t there = 0, taken, size;
    int64_t n;
    int rc = FIRTH_OK;

    (void)scope;
    while (rc >= 0 && (n = firth_read(firth_socket_input(way->from), way->in + there, sizeof way->in - there)) > 0) {
        const bool is_slow = way->is_slow && !way->cut.is_sealed;

        there += (size_t)n;
        size = recut_records(&way->cut, way->in, there, way->out, &taken);
        there -= taken;
        memmove(way->in, way->in + taken, there);
        rc = send(way, is_slow, size);
    }
    (void)!firth_flush_and_close(firth_socket_output(way->to));
    return FIRTH_OK; /* what an end says of it is the test's affair */
}

static int relay_one(firth_scope *scope, relay *this, firth_socket *client)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *server;
    firth_scope both;
    int rc;

    firth_scope_open(&both, scope, NULL);
    firth_scope_own_socket(&both, client);
    rc = firth_tcp_connect(&tcp, "127.0.0.1", (uint16_t)this->server_port, &server);
    if (rc >= 0) {
        firth_scope_own_socket(&both, server);
        this->to_server.from = this->to_client.to = client;
        this->to_server.to = this->to_client.from = server;
        this->to_server.cut.is_sealed = this->to_client.cut.is_sealed = false;
        rc = firth_spawn(&both, forward, &this->to_server, NULL);
    }
    if (rc >= 0)
        rc = firth_spawn(&both, forward, &this->to_client, NULL);
    return firth_scope_close(&both, rc);
}

static int serve(firth_scope *scope, void *argument)
{
    relay *this = argument;
    firth_socket *client;
    int rc;

    while ((rc = firth_accept(this->listener, &client)) >= 0)
        (void)relay_one(scope, this, client);
    return rc == FIRTH_ERR_CLOSED ? FIRTH_OK : rc;
}

int relay_start(firth_scope *scope, relay *this, int *port)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    int rc = firth_tcp_bind(&tcp, "127.0.0.1", 0, &this->listener);

    if (rc < 0)
        return rc;
    firth_scope_own_server(scope, this->listener);
    *port = firth_server_address(this->listener)->port;
    return firth_spawn(scope, serve, this, NULL);
}
