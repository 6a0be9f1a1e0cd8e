/* SPDX-License-Identifier: Apache-2.0 */
/* What the servers in C and C++ share: the command line, and the line that says where they listen. */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What a client's bytes are to it. */
typedef enum server_protocol {
    SERVER_ECHO, /* sent back */
    SERVER_LINE, /* lines, each sent back on its own, with LF */
    SERVER_SINK  /* swallowed; at the end their number is sent as a decimal line */
} server_protocol;

/* The longest line, its ending included. */
enum { SERVER_LINE_BYTES = 1024 };

/* The last argument; ends the program if it is none. */
static inline server_protocol server_protocol_of(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[argc - 1] : "";

    if (strcmp(name, "echo") == 0)
        return SERVER_ECHO;
    if (strcmp(name, "line") == 0)
        return SERVER_LINE;
    if (strcmp(name, "sink") == 0)
        return SERVER_SINK;
    fprintf(stderr, "usage: %s echo|line|sink\n", argv[0]);
    exit(2);
}

/* What the load generator waits for. */
static inline void server_announce(unsigned port)
{
    printf("listening pid=%ld port=%u\n", (long)getpid(), port);
    fflush(stdout);
}

/* The port that the system chose for a listening socket. */
static inline unsigned server_port_of(int listener)
{
    struct sockaddr_in address;
    socklen_t size = sizeof address;

    if (getsockname(listener, (struct sockaddr *)&address, &size) != 0) {
        perror("getsockname");
        exit(EXIT_FAILURE);
    }
    return ntohs(address.sin_port);
}

#endif
