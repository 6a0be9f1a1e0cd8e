/* SPDX-License-Identifier: Apache-2.0 */
/* What is sent: an endless pseudo-random stream, of which any run is at hand in one piece, both to send it and to
 * compare with what came back. Connections start at different places of it, so a byte that is lost, doubled, moved or
 * another connection's does not compare equal. */
#ifndef BENCH_BYTES_H
#define BENCH_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BYTES_MESSAGE = 64,        /* one request; with lines, the LF included */
    BYTES_MESSAGES = 1021,     /* then the stream repeats; a prime, so that no block size divides it */
    BYTES_RUN_MAX = 256 * 1024 /* most that bytes_at shows in one piece */
};

typedef struct bytes {
    unsigned char *stream;
} bytes;

/* Any bytes, or lines of BYTES_MESSAGE bytes whose last is LF and which hold no other LF nor CR. False without memory. */
bool bytes_open(bytes *of, bool as_lines);
void bytes_close(bytes *of);

/* BYTES_RUN_MAX bytes of the stream from that offset on. */
const unsigned char *bytes_at(const bytes *of, uint64_t offset);

/* Where connection number i starts. */
uint64_t bytes_start_of(size_t i);

#endif
