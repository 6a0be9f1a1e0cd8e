/* SPDX-License-Identifier: Apache-2.0 */
/* Sends back whatever it gets, in constant memory: echo-server [HOST [PORT]], 127.0.0.1 9003 without.
 * Ctrl-C ends it with exit code 0. */
#include <firth/firth.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct place {
    const char *host;
    int port;
    bool begun; /* the task has, and tells by itself what fails */
} place;

/* One task for each client: copies until the client has said everything, and then says so too. */
static int echo(firth_scope *scope, void *argument)
{
    firth_socket *client = argument;
    int64_t count;

    firth_scope_own_socket(scope, client);
    count = firth_copy(firth_socket_input(client), firth_socket_output(client), FIRTH_NO_LIMIT);
    return count < 0 ? (int)count : FIRTH_OK;
}

static int serve(firth_scope *scope, void *argument)
{
    place *at = argument;
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_scope_options isolated = {.name = "clients", .on_child_error = FIRTH_CHILD_ERROR_REPORT};
    firth_scope clients;
    firth_server *server;
    firth_socket *client;
    int rc;

    at->begun = true;
    rc = firth_tcp_bind(&tcp, at->host, at->port, &server);

    if (rc < 0) {
        fprintf(stderr, "Cannot listen at %s port %d: %s\n", at->host, at->port, firth_error_text(rc));
        return rc;
    }
    firth_scope_own_server(scope, server);
    firth_scope_cancel_on_interrupt(scope);
    printf("Server is listening at %s\n", firth_address_text(firth_server_address(server)).text);
    fflush(stdout);

    firth_scope_open(&clients, scope, &isolated); /* one client's failure is not another's */
    while ((rc = firth_accept(server, &client)) >= 0)
        if (firth_spawn(&clients, echo, client, NULL) < 0)
            firth_socket_abort(client);
    return firth_scope_close(&clients, rc);
}

/* The number, or -1 for text that is none. */
static int parse_port(const char *text)
{
    char *end;
    long port = strtol(text, &end, 10);

    return end == text || *end != '\0' || port < 0 || port > 65535 ? -1 : (int)port;
}

int main(int argc, char **argv)
{
    place at = {.host = argc > 1 ? argv[1] : "127.0.0.1", .port = argc > 2 ? parse_port(argv[2]) : 9003};
    int rc;

    if (argc > 3 || at.port < 0) {
        fprintf(stderr, "usage: %s [host [port]], a port is a number from 1 to 65535, or 0 where any will do\n",
                argv[0]);
        return EXIT_FAILURE;
    }
    rc = firth_run(serve, &at);
    if (rc < 0 && !at.begun)
        fprintf(stderr, "Cannot begin: %s (%s)\n", firth_error_text(rc), firth_last_failure()->step);
    return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
