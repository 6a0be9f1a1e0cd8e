/* SPDX-License-Identifier: Apache-2.0 */
/* What the servers of datagrams share: their protocols and sizes.
 *
 *     server_…_udp [--batch|--segments] udp-echo|udp-sink|udp-source
 *
 * With --batch many datagrams are moved by one call; with --segments the yardstick also lets the kernel cut them off one
 * buffer, which Firth does by itself. */
#ifndef BENCH_SERVER_UDP_H
#define BENCH_SERVER_UDP_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/server.h"

typedef enum udp_protocol {
    UDP_ECHO,  /* each datagram is sent back */
    UDP_SINK,  /* each is counted; each UDP_ROUND-th is answered with the number so far */
    UDP_SOURCE /* each is answered with UDP_ROUND datagrams of UDP_SOURCE_BYTES */
} udp_protocol;

enum { UDP_ROUND = 32, UDP_BATCH = 64, UDP_BYTES = 2048, UDP_SOURCE_BYTES = 1200, UDP_BUFFER_BYTES = 1 << 20 };

typedef enum udp_way { UDP_EACH, UDP_BATCHES, UDP_SEGMENTS } udp_way;

static inline udp_protocol udp_protocol_of(int argc, char **argv, udp_way *way)
{
    const char *name = argc > 1 ? argv[argc - 1] : "", *option = argc > 2 ? argv[1] : "";

    *way = strcmp(option, "--segments") == 0 ? UDP_SEGMENTS : strcmp(option, "--batch") == 0 ? UDP_BATCHES : UDP_EACH;
    if (strcmp(name, "udp-echo") == 0)
        return UDP_ECHO;
    if (strcmp(name, "udp-sink") == 0)
        return UDP_SINK;
    if (strcmp(name, "udp-source") == 0)
        return UDP_SOURCE;
    fprintf(stderr, "usage: %s [--batch|--segments] udp-echo|udp-sink|udp-source\n", argv[0]);
    exit(2);
}

#endif
