/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/bytes.h"

#include <stdlib.h>

enum { PERIOD = BYTES_MESSAGES * BYTES_MESSAGE };

/* xorshift64*, by Sebastiano Vigna: the same stream in every run. */
static unsigned char next_byte(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (unsigned char)(*state * 0x2545f4914f6cdd1du >> 56);
}

static unsigned char next_of_line(uint64_t *state, size_t at)
{
    if (at % BYTES_MESSAGE == BYTES_MESSAGE - 1)
        return '\n';
    return (unsigned char)(' ' + next_byte(state) % 95);
}

bool bytes_open(bytes *of, bool as_lines)
{
    uint64_t state = 0x9e3779b97f4a7c15u;

    of->stream = malloc(PERIOD + BYTES_RUN_MAX);
    if (of->stream == NULL)
        return false;
    for (size_t i = 0; i < PERIOD; i++)
        of->stream[i] = as_lines ? next_of_line(&state, i) : next_byte(&state);
    for (size_t i = PERIOD; i < PERIOD + BYTES_RUN_MAX; i++)
        of->stream[i] = of->stream[i - PERIOD];
    return true;
}

void bytes_close(bytes *of)
{
    free(of->stream);
}

const unsigned char *bytes_at(const bytes *of, uint64_t offset)
{
    return of->stream + offset % PERIOD;
}

uint64_t bytes_start_of(size_t i)
{
    return i * 577 % BYTES_MESSAGES * BYTES_MESSAGE;
}
