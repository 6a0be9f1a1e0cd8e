/* SPDX-License-Identifier: Apache-2.0 */
/* A program that uses all that Firth has for a microcontroller, for its size: it echoes lines by TLS, and tells a collector,
 * which it finds by name, of each client by a datagram: whole_server COLLECTOR. */
#include <firth/firth.h>
#include <firth/resolve.h>
#include <firth/tls.h>
#include <stdlib.h>

enum { PORT = 9443, COLLECTOR_PORT = 514, LINE_BYTES = 128 };

static int echo(firth_scope *scope, void *argument)
{
    firth_socket *client = argument;
    firth_write_channel *out = firth_socket_output(client);
    char line[LINE_BYTES];
    int64_t size;
    int rc = FIRTH_OK;

    firth_scope_own_socket(scope, client);
    while (rc >= 0 && (size = firth_read_line(firth_socket_input(client), line, sizeof line)) >= 0) {
        const firth_buffer answer[] = {{line, (size_t)size}, {"\n", 1}};

        rc = firth_write_vector(out, answer, 2);
    }
    return rc;
}

static int find_collector(firth_scope *scope, const char *name, firth_datagram_socket **socket)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_address collector;
    int rc = firth_resolve(name, NULL, NULL, &collector, 1);

    if (rc < 0)
        return rc;
    collector.port = COLLECTOR_PORT;
    rc = firth_udp_bind(&udp, "*", COLLECTOR_PORT, socket);
    if (rc < 0)
        return rc;
    firth_scope_own_datagram_socket(scope, *socket);
    return (int)firth_send_to(*socket, "begins", 6, &collector);
}

/* Answers whoever asks whether it is alive. */
static int answer(firth_scope *scope, void *argument)
{
    firth_datagram_socket *socket = argument;
    unsigned char bytes[LINE_BYTES];
    int64_t rc = FIRTH_OK;

    (void)scope;
    while (rc >= 0) {
        firth_datagram datagram = {.bytes = bytes, .capacity = sizeof bytes};

        rc = firth_receive(socket, &datagram);
        if (rc >= 0)
            rc = firth_send_to(socket, bytes, datagram.size, &datagram.address);
    }
    return (int)rc;
}

static int listen_securely(firth_scope *scope, firth_server **server)
{
    firth_tls_builder tls = firth_tls_server();
    firth_tls_identity identity = {firth_tls_file("certificate.pem"), firth_tls_file("key.pem"), NULL};
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    int rc;

    tls.identities = &identity;
    tls.identity_count = 1;
    rc = firth_tls_build(&tls, &tcp.tls);
    if (rc < 0)
        return rc;
    tcp.auto_flush = true;
    rc = firth_tcp_bind(&tcp, "*", PORT, server);
    firth_tls_config_release(tcp.tls);
    return rc;
}

static int serve(firth_scope *scope, void *argument)
{
    firth_scope_options isolated = {.name = "clients", .on_child_error = FIRTH_CHILD_ERROR_REPORT};
    firth_datagram_socket *datagrams;
    firth_scope clients;
    firth_server *server;
    firth_socket *client;
    int rc = find_collector(scope, argument, &datagrams);

    if (rc >= 0)
        rc = firth_spawn(scope, answer, datagrams, NULL);
    if (rc >= 0)
        rc = listen_securely(scope, &server);
    if (rc < 0)
        return rc;
    firth_scope_own_server(scope, server);
    firth_scope_cancel_on_interrupt(scope);
    firth_scope_open(&clients, scope, &isolated);
    while ((rc = firth_accept(server, &client)) >= 0)
        if (firth_spawn(&clients, echo, client, NULL) < 0)
            firth_socket_abort(client);
    return firth_scope_close(&clients, rc);
}

int main(int argc, char **argv)
{
    return argc == 2 && firth_run(serve, argv[1]) >= 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
