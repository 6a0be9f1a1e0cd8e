/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tcp/peers.h"
#include "tests/tcp/raw.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHUNK_BYTES = 64 * 1024, TOO_MUCH_BYTES = 64 * 1024 * 1024 };

int peers_echo(firth_scope *scope, void *socket)
{
    int64_t count;

    firth_scope_own_socket(scope, socket);
    count = firth_copy(firth_socket_input(socket), firth_socket_output(socket), FIRTH_NO_LIMIT);
    return count < 0 ? (int)count : FIRTH_OK;
}

int peers_send_stream(firth_scope *scope, void *stream)
{
    const peers_stream *what = stream;
    firth_write_channel *out = firth_socket_output(what->socket);
    uint8_t *chunk = malloc(CHUNK_BYTES);
    int rc = chunk == NULL ? FIRTH_ERR_NO_MEMORY : FIRTH_OK;

    (void)scope;
    for (uint64_t offset = 0; rc >= 0 && offset < what->size; offset += CHUNK_BYTES) {
        size_t size = what->size - offset < CHUNK_BYTES ? (size_t)(what->size - offset) : CHUNK_BYTES;

        support_fill(chunk, size, offset);
        rc = firth_write(out, chunk, size);
    }
    free(chunk);
    return rc < 0 ? rc : firth_flush_and_close(out);
}

int peers_check_stream(firth_socket *socket, uint64_t size)
{
    uint8_t *chunk = malloc(CHUNK_BYTES);
    uint64_t offset = 0;
    bool equal = true;
    int64_t count;

    EXPECT(chunk != NULL);
    while ((count = firth_read(firth_socket_input(socket), chunk, CHUNK_BYTES)) >= 0) {
        equal = equal && support_is_filled(chunk, (size_t)count, offset);
        offset += (uint64_t)count;
    }
    free(chunk);
    EXPECT_EQUAL(count, FIRTH_EOF);
    EXPECT(equal);
    EXPECT_EQUAL(offset, size);
    return FIRTH_OK;
}

int peers_raw_client(const firth_tcp_builder *tcp, firth_socket **socket, int *raw)
{
    firth_server *server;
    int rc = firth_tcp_bind(tcp, "127.0.0.1", 0, &server);

    if (rc < 0)
        return rc;
    *raw = raw_connect(firth_server_address(server)->port);
    rc = *raw < 0 ? FIRTH_ERR_SYSTEM : firth_accept(server, socket);
    firth_server_close(server);
    return rc;
}

int peers_raw_server(const firth_tcp_builder *tcp, firth_socket **socket, int *raw)
{
    int port, rc, listener = raw_listen(1, &port);

    if (listener < 0)
        return FIRTH_ERR_SYSTEM;
    rc = firth_tcp_connect(tcp, "127.0.0.1", port, socket);
    *raw = rc < 0 ? -1 : raw_accept(listener);
    close(listener);
    return rc >= 0 && *raw < 0 ? FIRTH_ERR_SYSTEM : rc;
}

int peers_server(firth_scope *scope, firth_server **server, int *port)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    int rc = firth_tcp_bind(&tcp, "127.0.0.1", 0, server);

    if (rc < 0)
        return rc;
    firth_scope_own_server(scope, *server);
    *port = firth_server_address(*server)->port;
    return FIRTH_OK;
}

static int write_all(firth_write_channel *out, const void *bytes)
{
    int rc = firth_write(out, bytes, TOO_MUCH_BYTES);

    return rc < 0 ? rc : firth_flush(out);
}

static int write_too_much(firth_write_channel *out)
{
    void *bytes = calloc(1, TOO_MUCH_BYTES);
    int rc = bytes == NULL ? FIRTH_ERR_NO_MEMORY : write_all(out, bytes);

    free(bytes);
    return rc;
}

/* The last byte's room. A kernel reports room only when there is a good deal of it, but a byte fits in long before that:
 * who looks without a report would find it. True if any went. */
static bool fill_to_the_brim(firth_socket *socket)
{
    static const char zeros[4096];
    size_t size = sizeof zeros;
    bool has_moved = false;

    if (support_backend_is("sim"))
        return false;
    while (size > 0) {
        if (send((int)firth_socket_descriptor(socket), zeros, size, MSG_DONTWAIT) > 0)
            has_moved = true;
        else
            size /= 64;
    }
    return has_moved;
}

/* Until a round moves nothing: on a slow machine one ends while the kernel still passes bytes on to the peer. */
int peers_fill(firth_scope *scope, firth_socket *socket)
{
    const firth_scope_options soon = {.timeout_ms = 100};
    firth_write_channel *out = firth_socket_output(socket);
    void *bytes = calloc(1, TOO_MUCH_BYTES);
    int rc = bytes == NULL ? FIRTH_ERR_NO_MEMORY : FIRTH_ERR_TIMED_OUT;

    while (rc == FIRTH_ERR_TIMED_OUT) {
        firth_scope until;

        firth_scope_open(&until, scope, &soon);
        rc = firth_scope_close(&until, write_all(out, bytes));
        if (rc == FIRTH_ERR_TIMED_OUT && !fill_to_the_brim(socket))
            break;
    }
    free(bytes);
    EXPECT_EQUAL(rc, FIRTH_ERR_TIMED_OUT);
    return firth_write_pending(out) > 0 ? FIRTH_OK : firth_write(out, "x", 1);
}

int peers_read(firth_scope *scope, void *attempt)
{
    peers_attempt *this = attempt;
    char byte;

    (void)scope;
    this->result = firth_read(firth_socket_input(this->socket), &byte, 1);
    this->ended = true;
    return FIRTH_OK;
}

int peers_write(firth_scope *scope, void *attempt)
{
    peers_attempt *this = attempt;

    (void)scope;
    this->result = write_too_much(firth_socket_output(this->socket));
    this->ended = true;
    return FIRTH_OK;
}

int peers_accept(firth_scope *scope, void *attempt)
{
    peers_attempt *this = attempt;

    (void)scope;
    this->result = firth_accept(this->server, &this->socket);
    this->ended = true;
    return FIRTH_OK;
}
