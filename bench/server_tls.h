/* SPDX-License-Identifier: Apache-2.0 */
/* What the servers over TLS share: their protocols. */
#ifndef BENCH_SERVER_TLS_H
#define BENCH_SERVER_TLS_H

#include <malloc.h>

#include "bench/server.h"

/* What a client's bytes are to it. */
typedef enum tls_protocol {
    TLS_ECHO,     /* sent back */
    TLS_SOURCE16, /* each asks for SOURCE_PIECE_BYTES of the stream of bench/bytes.h, in writes of 16 KiB */
    TLS_SOURCE1,  /* the same in writes of 1 KiB, each a record of its own */
    TLS_SINK,     /* swallowed; at the end their number is sent as a decimal line */
    TLS_HEAP      /* each is answered with HEAP_TEXT_BYTES: the heap in use, decimal, filled up with zeros */
} tls_protocol;

enum { SOURCE_PIECE_BYTES = 256 * 1024, HEAP_TEXT_BYTES = 16, TLS_RECORD_BYTES = 16 * 1024 };

/* The last argument; ends the program if it is none. */
static inline tls_protocol tls_protocol_of(int argc, char **argv)
{
    static const char *const names[] = {[TLS_ECHO] = "echo",
                                        [TLS_SOURCE16] = "source16",
                                        [TLS_SOURCE1] = "source1",
                                        [TLS_SINK] = "sink",
                                        [TLS_HEAP] = "heap"};
    const char *name = argc > 1 ? argv[argc - 1] : "";

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return (tls_protocol)i;
    fprintf(stderr, "usage: %s echo|source16|source1|sink|heap\n", argv[0]);
    exit(2);
}

/* Of malloc's memory, its own headers included; what a program maps by itself is not in it. */
static inline void server_heap_text(char text[HEAP_TEXT_BYTES + 1])
{
    struct mallinfo2 heap = mallinfo2();

    (void)snprintf(text, HEAP_TEXT_BYTES + 1, "%016zu", heap.uordblks + heap.hblkhd);
}

#endif
