/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tls/recut.h"
#include <string.h>

enum { HEADER = 5, CHANGE_CIPHER_SPEC = 20, HANDSHAKE = 22, APPLICATION_DATA = 23 };

static size_t size_of(const unsigned char *record)
{
    return HEADER + (size_t)(record[3] << 8 | record[4]);
}

/* A byte more in the record that is being made. */
static void put(const recut *this, unsigned char *out, size_t *written, size_t *begun, const unsigned char *header,
                unsigned char byte)
{
    if (*begun == *written || *written - *begun == HEADER + this->piece) {
        *begun = *written;
        memcpy(out + *written, header, 3);
        *written += HEADER;
    }
    out[(*written)++] = byte;
    out[*begun + 3] = (unsigned char)((*written - *begun - HEADER) >> 8);
    out[*begun + 4] = (unsigned char)(*written - *begun - HEADER);
}

size_t recut_records(recut *this, const unsigned char *bytes, size_t size, unsigned char *out, size_t *taken)
{
    size_t written = 0, begun = 0, at = 0;

    while (size - at >= HEADER && size - at >= size_of(bytes + at)) {
        const unsigned char *record = bytes + at;
        const size_t whole = size_of(record);

        at += whole;
        if (record[0] == HANDSHAKE && this->piece != 0 && !this->is_sealed) {
            for (size_t i = HEADER; i < whole; i++)
                put(this, out, &written, &begun, record, record[i]);
            continue;
        }
        if (record[0] == APPLICATION_DATA || (record[0] == CHANGE_CIPHER_SPEC && this->is_1_2))
            this->is_sealed = true;
        memcpy(out + written, record, whole);
        begun = written += whole;
    }
    *taken = at;
    return written;
}
