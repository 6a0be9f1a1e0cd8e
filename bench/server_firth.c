/* SPDX-License-Identifier: Apache-2.0 */
/* Firth's server: what somebody who knows the public headers would write, and nothing else.
 *
 *     server_firth [--spin MICROSECONDS] echo|line|sink */
#include "bench/server.h"

#include <firth/firth.h>

static int echo(firth_scope *scope, void *argument)
{
    firth_socket *client = argument;
    int64_t count;

    firth_scope_own_socket(scope, client);
    count = firth_copy(firth_socket_input(client), firth_socket_output(client), FIRTH_NO_LIMIT);
    return count < 0 ? (int)count : FIRTH_OK;
}

static int answer_lines(firth_scope *scope, void *argument)
{
    firth_socket *client = argument;
    firth_read_channel *in = firth_socket_input(client);
    firth_write_channel *out = firth_socket_output(client);
    char line[SERVER_LINE_BYTES];
    int64_t size = 0;
    int rc = FIRTH_OK;

    firth_scope_own_socket(scope, client);
    while (rc >= 0 && (size = firth_read_line(in, line, sizeof line)) >= 0) {
        line[size] = '\n';
        rc = firth_write(out, line, (size_t)size + 1);
    }
    if (size == FIRTH_EOF)
        return FIRTH_OK;
    return rc < 0 ? rc : (int)size;
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

static firth_task_fn *const servants[] = {
    [SERVER_ECHO] = echo,
    [SERVER_LINE] = answer_lines,
    [SERVER_SINK] = sink,
};

static int serve(firth_scope *scope, void *argument)
{
    const server_protocol *protocol = argument;
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_scope_options isolated = {.name = "clients", .on_child_error = FIRTH_CHILD_ERROR_REPORT};
    firth_scope clients;
    firth_server *server;
    firth_socket *client;
    int rc;

    tcp.auto_flush = true;
    if ((rc = firth_tcp_bind(&tcp, "127.0.0.1", 0, &server)) < 0)
        return rc;
    firth_scope_own_server(scope, server);
    firth_scope_cancel_on_interrupt(scope);
    server_announce(firth_server_address(server)->port);

    firth_scope_open(&clients, scope, &isolated);
    while ((rc = firth_accept(server, &client)) >= 0)
        if (firth_spawn(&clients, servants[*protocol], client, NULL) < 0)
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
    server_protocol protocol = server_protocol_of(argc, argv);
    firth_selector_options options = firth_selector_defaults();

    if (argc == 4 && strcmp(argv[1], "--spin") == 0)
        options.spin_us = (unsigned)strtoul(argv[2], NULL, 10);
    options.log = print_log;
    return firth_run_with(&options, serve, &protocol) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
