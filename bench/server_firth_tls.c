/* SPDX-License-Identifier: Apache-2.0 */
/* Firth's server over TLS: what somebody who knows the public headers would write, and nothing else.
 *
 *     server_firth_tls echo|source16|source1|sink|heap */
#include "bench/server_tls.h"

#include <firth/firth.h>
#include <firth/tls.h>

#include "bench/bytes.h"
#include "bench/tls_identity.h"

static bytes content;
static tls_protocol protocol;

static int echo(firth_scope *scope, void *argument)
{
    firth_socket *client = argument;
    int64_t count;

    firth_scope_own_socket(scope, client);
    count = firth_copy(firth_socket_input(client), firth_socket_output(client), FIRTH_NO_LIMIT);
    return count < 0 ? (int)count : FIRTH_OK;
}

/* A KiB is flushed at once, as what a program has to say then; larger ones leave when there is a record of them. */
static int send_piece(firth_write_channel *out, uint64_t sent)
{
    uint64_t end = sent + SOURCE_PIECE_BYTES;
    size_t size = protocol == TLS_SOURCE1 ? 1024 : TLS_RECORD_BYTES;
    int rc = FIRTH_OK;

    for (; sent < end && rc >= 0; sent += size) {
        rc = firth_write(out, bytes_at(&content, sent), size);
        if (rc >= 0 && protocol == TLS_SOURCE1)
            rc = firth_flush(out);
    }
    return rc;
}

static int source(firth_scope *scope, void *argument)
{
    firth_socket *client = argument;
    firth_write_channel *out = firth_socket_output(client);
    unsigned char wanted;
    uint64_t sent = 0;
    int64_t rc;

    firth_scope_own_socket(scope, client);
    while ((rc = firth_read(firth_socket_input(client), &wanted, 1)) >= 0 && (rc = send_piece(out, sent)) >= 0)
        sent += SOURCE_PIECE_BYTES;
    return rc == FIRTH_EOF ? FIRTH_OK : (int)rc;
}

static int sink(firth_scope *scope, void *argument)
{
    firth_socket *client = argument;
    int64_t count;

    firth_scope_own_socket(scope, client);
    count = firth_discard(firth_socket_input(client), FIRTH_NO_LIMIT);
    if (count < 0)
        return (int)count;
    return firth_write_format(firth_socket_output(client), "%lld\n", (long long)count);
}

static int heap(firth_scope *scope, void *argument)
{
    firth_socket *client = argument;
    char text[HEAP_TEXT_BYTES + 1];
    unsigned char byte;
    int64_t rc;

    firth_scope_own_socket(scope, client);
    while ((rc = firth_read(firth_socket_input(client), &byte, 1)) >= 0) {
        server_heap_text(text);
        if ((rc = firth_write(firth_socket_output(client), text, HEAP_TEXT_BYTES)) < 0)
            break;
    }
    return rc == FIRTH_EOF ? FIRTH_OK : (int)rc;
}

static firth_task_fn *const servants[] = {
    [TLS_ECHO] = echo, [TLS_SOURCE16] = source, [TLS_SOURCE1] = source, [TLS_SINK] = sink, [TLS_HEAP] = heap,
};

static int serve(firth_scope *scope, void *argument)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_scope_options isolated = {.name = "clients", .on_child_error = FIRTH_CHILD_ERROR_REPORT};
    firth_scope clients;
    firth_server *server;
    firth_socket *client;
    int rc;

    tcp.auto_flush = true;
    tcp.tls = argument;
    if ((rc = firth_tcp_bind(&tcp, "127.0.0.1", 0, &server)) < 0)
        return rc;
    firth_scope_own_server(scope, server);
    firth_scope_cancel_on_interrupt(scope);
    server_announce(firth_server_address(server)->port);

    firth_scope_open(&clients, scope, &isolated);
    while ((rc = firth_accept(server, &client)) >= 0)
        if (firth_spawn(&clients, servants[protocol], client, NULL) < 0)
            firth_socket_abort(client);
    return firth_scope_close(&clients, rc);
}

static void print_log(void *argument, const char *line)
{
    (void)argument;
    fprintf(stderr, "%s\n", line);
}

int main(int argc, char **argv)
{
    static tls_identity own;
    firth_tls_identity identity = {.password = NULL};
    firth_tls_builder tls = firth_tls_server();
    firth_selector_options options = firth_selector_defaults();
    firth_tls_config *config;
    int rc;

    protocol = tls_protocol_of(argc, argv);
    if (!bytes_open(&content, false) || !tls_identity_make(&own))
        return EXIT_FAILURE;
    identity.certificate = firth_tls_memory(own.certificate, strlen(own.certificate));
    identity.key = firth_tls_memory(own.key, strlen(own.key));
    tls.identities = &identity;
    tls.identity_count = 1;
    tls.session_tickets = false;
    if (firth_tls_build(&tls, &config) < 0)
        return EXIT_FAILURE;
    options.log = print_log;
    rc = firth_run_with(&options, serve, config);
    firth_tls_config_release(config);
    bytes_close(&content);
    return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
