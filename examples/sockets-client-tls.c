/* SPDX-License-Identifier: Apache-2.0 */
/* Asks a server for its first page by TLS: sockets-client-tls [HOST [PORT [CA-FILE]]], localhost 9443 without.
 *
 * The server's certificate must be that of HOST, and lead to an authority of CA-FILE, or without it to one that this
 * system trusts. Exit code 0 when all of the answer came; 1 when there was none, or why it cannot be believed. */
#include <firth/firth.h>
#include <firth/tls.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct place {
    const char *host;
    int port;
    const char *authorities; /* NULL: the system's */
    bool begun;              /* the task has, and tells by itself what fails */
} place;

static int explain(const char *what, const place *at, int rc)
{
    const firth_failure *failure = firth_last_failure();

    if (rc != FIRTH_ERR_CANCELED)
        fprintf(stderr, "%s %s port %d: %s (%s%s%s)\n", what, at->host, at->port, firth_error_text(rc), failure->step,
                failure->detail[0] != '\0' ? ": " : "", failure->detail);
    return rc;
}

/* Connects, and has the connection made secure: a plain socket goes in, a secure one comes out. */
static int connect_securely(firth_scope *scope, const place *at, firth_tls_config *config, firth_socket **server)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    int rc = firth_tcp_connect(&tcp, at->host, at->port, server);

    if (rc < 0)
        return explain("Cannot connect to", at, rc);
    rc = firth_tls_start(*server, config, server); /* verifies the certificate; the host's name is known from above */
    return rc < 0 ? explain("Cannot speak TLS with", at, rc) : rc;
}

/* Prints until the server says that this was all. A connection that is cut is not taken for that. */
static int print_answer(const place *at, firth_read_channel *in)
{
    char bytes[1024];
    int64_t count;

    while ((count = firth_read(in, bytes, sizeof bytes)) >= 0)
        fwrite(bytes, 1, (size_t)count, stdout);
    if (fflush(stdout) != 0)
        return FIRTH_ERR_SYSTEM;
    return count == FIRTH_EOF ? FIRTH_OK : explain("The answer broke off:", at, (int)count);
}

static int ask(firth_scope *scope, const place *at, firth_tls_config *config)
{
    firth_socket *server;
    int rc = connect_securely(scope, at, config, &server);

    if (rc < 0)
        return rc;
    firth_scope_own_socket(scope, server);
    rc = firth_write_format(firth_socket_output(server), "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
                            at->host);
    if (rc >= 0)
        rc = firth_flush(firth_socket_output(server));
    return rc < 0 ? explain("Cannot ask", at, rc) : print_answer(at, firth_socket_input(server));
}

static int get(firth_scope *scope, void *argument)
{
    place *at = argument;
    firth_tls_builder tls = firth_tls_client();
    firth_tls_data authorities = firth_tls_file(at->authorities);
    firth_tls_config *config;
    int rc;

    at->begun = true;
    firth_scope_cancel_on_interrupt(scope);
    if (at->authorities != NULL) {
        tls.trust = FIRTH_TLS_TRUST_AUTHORITIES;
        tls.authorities = &authorities;
        tls.authority_count = 1;
    }
    if ((rc = firth_tls_build(&tls, &config)) < 0)
        return explain("Cannot prepare to connect to", at, rc);
    rc = ask(scope, at, config);
    firth_tls_config_release(config);
    return rc;
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
    place at = {.host = argc > 1 ? argv[1] : "localhost",
                .port = argc > 2 ? parse_port(argv[2]) : 9443,
                .authorities = argc > 3 ? argv[3] : NULL};
    int rc;

    if (argc > 4 || at.port < 0) {
        fprintf(stderr,
                "usage: %s [host [port [file of authorities]]], a port is a number from 1 to 65535, or 0 where any "
                "will do\n",
                argv[0]);
        return EXIT_FAILURE;
    }
    rc = firth_run(get, &at);
    if (rc < 0 && !at.begun)
        fprintf(stderr, "Cannot begin: %s (%s)\n", firth_error_text(rc), firth_last_failure()->step);
    return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
