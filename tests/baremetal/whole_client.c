/* SPDX-License-Identifier: Apache-2.0 */
/* The other side of whole_server, for its size: whole_client HOST tells a server, which it finds by name, a line by TLS, and
 * what it answered to whoever asks by a datagram. */
#include <firth/firth.h>
#include <firth/tls.h>
#include <stdlib.h>

enum { PORT = 9443, ASKED_PORT = 514, LINE_BYTES = 128, PERIOD_MS = 60000 };

typedef struct told {
    const char *host;
    char line[LINE_BYTES];
    size_t size;
} told;

static int prepare(firth_tls_config **config)
{
    firth_tls_builder tls = firth_tls_client();
    firth_tls_data authorities = firth_tls_file("certificate.pem");

    tls.trust = FIRTH_TLS_TRUST_AUTHORITIES;
    tls.authorities = &authorities;
    tls.authority_count = 1;
    return firth_tls_build(&tls, config);
}

static int tell(firth_scope *scope, void *argument)
{
    told *what = argument;
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *server;
    int64_t size;
    int rc = prepare(&tcp.tls);

    if (rc < 0)
        return rc;
    rc = firth_tcp_connect(&tcp, what->host, PORT, &server);
    firth_tls_config_release(tcp.tls);
    if (rc < 0)
        return rc;
    firth_scope_own_socket(scope, server);
    rc = firth_write_string(firth_socket_output(server), "alive\n");
    if (rc >= 0)
        rc = firth_flush(firth_socket_output(server));
    size = rc < 0 ? rc : firth_read_line(firth_socket_input(server), what->line, sizeof what->line);
    what->size = size > 0 ? (size_t)size : 0;
    return size < 0 ? (int)size : FIRTH_OK;
}

static int answer(firth_scope *scope, void *argument)
{
    const told *what = argument;
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *socket;
    unsigned char bytes[1];
    int64_t rc = firth_udp_bind(&udp, "*", ASKED_PORT, &socket);

    if (rc < 0)
        return (int)rc;
    firth_scope_own_datagram_socket(scope, socket);
    while (rc >= 0) {
        firth_datagram datagram = {.bytes = bytes, .capacity = sizeof bytes};

        rc = firth_receive(socket, &datagram);
        if (rc >= 0)
            rc = firth_send_to(socket, what->line, what->size, &datagram.address);
    }
    return (int)rc;
}

static int live(firth_scope *scope, void *argument)
{
    int rc = firth_spawn(scope, answer, argument, NULL);

    firth_scope_cancel_on_interrupt(scope);
    while (rc >= 0) {
        rc = firth_with_timeout(PERIOD_MS, tell, argument);
        if (rc != FIRTH_ERR_CANCELED)
            rc = firth_sleep(PERIOD_MS);
    }
    return rc;
}

int main(int argc, char **argv)
{
    static told what;

    what.host = argc == 2 ? argv[1] : "localhost";
    return firth_run(live, &what) >= 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
