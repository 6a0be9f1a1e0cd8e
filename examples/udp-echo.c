/* SPDX-License-Identifier: Apache-2.0 */
/* Sends every datagram back to whoever sent it: udp-echo [HOST [PORT]], 127.0.0.1 9004 without; "*" is every address of
 * this machine.
 *
 * Nothing that a datagram does ends it: one that cannot be sent back is lost, as datagrams are. One that is longer than
 * ECHO_BYTES is not sent back, since only its beginning could be. Ctrl-C ends it with exit code 0. */
#include <firth/firth.h>
#include <stdio.h>
#include <stdlib.h>

/* The longest datagram there is; where memory is short, -DECHO_BYTES=1472 is what one frame of Ethernet carries. */
#ifndef ECHO_BYTES
#define ECHO_BYTES 65535
#endif

typedef struct place {
    const char *host;
    int port;
    bool begun; /* the task has, and tells by itself what fails */
} place;

static bool is_the_end(int64_t rc)
{
    return rc == FIRTH_ERR_CANCELED || rc == FIRTH_ERR_CLOSED;
}

static int echo(firth_datagram_socket *socket)
{
    static unsigned char bytes[ECHO_BYTES];
    int64_t rc = FIRTH_OK;

    while (!is_the_end(rc)) {
        firth_datagram datagram = {.bytes = bytes, .capacity = sizeof bytes};

        if ((rc = firth_receive(socket, &datagram)) < 0)
            return (int)rc;
        if (!datagram.truncated)
            rc = firth_send_to(socket, bytes, datagram.size, &datagram.address);
    }
    return (int)rc;
}

static int serve(firth_scope *scope, void *argument)
{
    place *at = argument;
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *socket;
    firth_address local;
    int rc;

    at->begun = true;
    rc = firth_udp_bind(&udp, at->host, at->port, &socket);

    if (rc < 0) {
        fprintf(stderr, "Cannot receive at %s port %d: %s\n", at->host, at->port, firth_error_text(rc));
        return rc;
    }
    firth_scope_own_datagram_socket(scope, socket);
    firth_scope_cancel_on_interrupt(scope);
    if ((rc = firth_datagram_socket_local_address(socket, &local)) < 0)
        return rc;
    printf("Server is receiving at %s\n", firth_address_text(&local).text);
    fflush(stdout);
    return echo(socket);
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
    place at = {.host = argc > 1 ? argv[1] : "127.0.0.1", .port = argc > 2 ? parse_port(argv[2]) : 9004};
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
