/* SPDX-License-Identifier: Apache-2.0 */
#include "core/channels/read.h"
#include <firth/numbers.h>

/* Shows `bytes` bytes in one piece. */
static int await_number(firth_read_channel *in, unsigned bytes)
{
    int rc;

    if (bytes < 1 || bytes > 8)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "an integer of 1 to 8 bytes");
    rc = fth_read_enter(in);
    if (rc < 0)
        return rc;
    rc = fth_read_await(in, bytes);
    return rc < 0 ? (int)fth_read_leave(in, rc) : FIRTH_OK;
}

/* One that is buffered whole: most are. */
static bool is_buffered(const firth_read_channel *in, unsigned bytes)
{
    return bytes - 1 < 8 && fth_read_buffered(in) >= bytes && fth_read_is_plain(in);
}

static int take_plain(firth_read_channel *in, unsigned bytes)
{
    fth_read_drop(in, bytes);
    in->progress = bytes;
    return FIRTH_OK;
}

static int take_number(firth_read_channel *in, unsigned bytes)
{
    fth_read_drop(in, bytes);
    in->progress = bytes;
    return (int)fth_read_leave(in, FIRTH_OK);
}

int firth_read_integer_be(firth_read_channel *in, uint64_t *value, unsigned bytes)
{
    bool plain = is_buffered(in, bytes);
    int rc = plain ? FIRTH_OK : await_number(in, bytes);
    unsigned i;

    if (rc < 0)
        return rc;
    *value = 0;
    for (i = 0; i < bytes; i++)
        *value = *value << 8 | fth_read_bytes(in)[i];
    return plain ? take_plain(in, bytes) : take_number(in, bytes);
}

int firth_read_integer_le(firth_read_channel *in, uint64_t *value, unsigned bytes)
{
    bool plain = is_buffered(in, bytes);
    int rc = plain ? FIRTH_OK : await_number(in, bytes);
    unsigned i;

    if (rc < 0)
        return rc;
    *value = 0;
    for (i = bytes; i > 0; i--)
        *value = *value << 8 | fth_read_bytes(in)[i - 1];
    return plain ? take_plain(in, bytes) : take_number(in, bytes);
}

int firth_write_integer_be(firth_write_channel *out, uint64_t value, unsigned bytes)
{
    unsigned char text[8];
    unsigned i;

    if (bytes < 1 || bytes > 8)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "an integer of 1 to 8 bytes");
    for (i = bytes; i > 0; i--, value >>= 8)
        text[i - 1] = (unsigned char)(value & 0xff);
    return firth_write(out, text, bytes);
}

int firth_write_integer_le(firth_write_channel *out, uint64_t value, unsigned bytes)
{
    unsigned char text[8];
    unsigned i;

    if (bytes < 1 || bytes > 8)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "an integer of 1 to 8 bytes");
    for (i = 0; i < bytes; i++, value >>= 8)
        text[i] = (unsigned char)(value & 0xff);
    return firth_write(out, text, bytes);
}
