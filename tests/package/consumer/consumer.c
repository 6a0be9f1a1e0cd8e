/* SPDX-License-Identifier: Apache-2.0 */
/* A program of somebody else's: a line goes to a server over loopback and comes back. */
#include <firth/firth.h>
#include <stdio.h>
#include <string.h>

#ifdef FIRTH_SYMBOL /* a function that has to be linked, whatever it is */
extern void FIRTH_SYMBOL(void);
void (*volatile linked_too)(void) = FIRTH_SYMBOL;
#endif

static int echo_once(firth_scope *scope, void *argument)
{
    firth_server *server = argument;
    firth_socket *client;
    char line[64];
    int rc = firth_accept(server, &client);

    if (rc < 0)
        return rc;
    firth_scope_own_socket(scope, client);
    if ((rc = (int)firth_read_line(firth_socket_input(client), line, sizeof line)) < 0)
        return rc;
    return firth_write_format(firth_socket_output(client), "%s\n", line);
}

static int converse(firth_scope *scope, void *argument)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_server *server;
    firth_socket *socket;
    char line[64];
    int rc;

    (void)argument;
    tcp.auto_flush = true;
    if ((rc = firth_tcp_bind(&tcp, "127.0.0.1", 0, &server)) < 0)
        return rc;
    firth_scope_own_server(scope, server);
    if ((rc = firth_spawn(scope, echo_once, server, NULL)) < 0)
        return rc;
    if ((rc = firth_tcp_connect(&tcp, "127.0.0.1", firth_server_address(server)->port, &socket)) < 0)
        return rc;
    firth_scope_own_socket(scope, socket);
    if ((rc = firth_write_string(firth_socket_output(socket), "to and fro\n")) < 0)
        return rc;
    if ((rc = (int)firth_read_line(firth_socket_input(socket), line, sizeof line)) < 0)
        return rc;
    return strcmp(line, "to and fro") == 0 ? FIRTH_OK : FIRTH_ERR_USER;
}

int main(void)
{
    int rc = firth_run(converse, NULL);

    if (rc < 0 || firth_version() != FIRTH_VERSION_HEX) {
        fprintf(stderr, "consumer: %s\n", firth_error_name(rc));
        return 1;
    }
    printf("firth %s works\n", firth_version_text());
    return 0;
}
