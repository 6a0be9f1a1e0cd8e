/* SPDX-License-Identifier: Apache-2.0 */
/* Greets everyone who connects: sockets-server [HOST [PORT]], 127.0.0.1 9002 without.
 *
 * A name may hold any bytes but LF. One that is too long is told so, and its client is let go; nothing that a client
 * does ends the server. Ctrl-C does, with exit code 0. */
#include <firth/firth.h>
#include <stdio.h>
#include <stdlib.h>

enum { NAME_BYTES = 128 };

typedef struct place {
    const char *host;
    int port;
    bool begun; /* the task has, and tells by itself what fails */
} place;

/* One task for each client. */
static int greet(firth_scope *scope, void *argument)
{
    firth_socket *client = argument;
    firth_read_channel *in = firth_socket_input(client);
    firth_write_channel *out = firth_socket_output(client);
    char name[NAME_BYTES];
    int64_t size = 0;
    int rc;

    firth_scope_own_socket(scope, client); /* closed when this task ends, whatever happens */
    rc = firth_write_string(out, "Please enter your name\n");
    while (rc >= 0 && (size = firth_read_line(in, name, sizeof name)) >= 0) {
        /* The length, not %s: a name from the network may hold NUL. */
        const firth_buffer answer[] = {{"Hello, ", 7}, {name, (size_t)size}, {"!\n", 2}};

        rc = firth_write_vector(out, answer, 3);
    }
    if (size == FIRTH_ERR_TOO_LONG)
        return firth_write_string(out, "That name is too long, goodbye\n");
    if (size == FIRTH_EOF)
        return FIRTH_OK;
    return rc < 0 ? rc : (int)size;
}

static int explain(const place *at, int rc)
{
    const firth_failure *failure = firth_last_failure();

    fprintf(stderr, "Cannot listen at %s port %d: %s (%s, system code %d)\n", at->host, at->port, firth_error_text(rc),
            failure->step, failure->os_code);
    return rc;
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
    tcp.auto_flush = true;     /* what was written leaves when the task waits for the next line */
    tcp.write_idle_ms = 60000; /* a client that takes nothing for a minute is let go */
    if ((rc = firth_tcp_bind(&tcp, at->host, at->port, &server)) < 0)
        return explain(at, rc);
    firth_scope_own_server(scope, server);
    firth_scope_cancel_on_interrupt(scope); /* Ctrl-C ends this scope, and so everything in it */
    printf("Server is listening at %s\n", firth_address_text(firth_server_address(server)).text);
    fflush(stdout);

    firth_scope_open(&clients, scope, &isolated); /* one client's failure is not another's */
    while ((rc = firth_accept(server, &client)) >= 0)
        if (firth_spawn(&clients, greet, client, NULL) < 0)
            firth_socket_abort(client); /* no memory for one more: the others stay */
    return firth_scope_close(&clients, rc);
}

/* Where failures that touch nobody else are told: a client that was cut off, for one. */
static void print_log(void *argument, const char *line)
{
    (void)argument;
    fprintf(stderr, "%s\n", line);
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
    place at = {.host = argc > 1 ? argv[1] : "127.0.0.1", .port = argc > 2 ? parse_port(argv[2]) : 9002};
    firth_selector_options options = firth_selector_defaults();
    int rc;

    if (argc > 3 || at.port < 0) {
        fprintf(stderr, "usage: %s [host [port]], a port is a number from 1 to 65535, or 0 where any will do\n",
                argv[0]);
        return EXIT_FAILURE;
    }
    options.log = print_log;
    rc = firth_run_with(&options, serve, &at);
    if (rc < 0 && !at.begun)
        fprintf(stderr, "Cannot begin: %s (%s)\n", firth_error_text(rc), firth_last_failure()->step);
    if (rc < 0)
        return EXIT_FAILURE;
    printf("Server stopped\n");
    return EXIT_SUCCESS;
}
