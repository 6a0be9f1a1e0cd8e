/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers on channels: integers of 8 to 64 bits and IEEE 754 floats, big-endian (_be, network byte order) and
 * little-endian (_le). All of these may suspend, consume a whole number or nothing, and return FIRTH_OK or what
 * firth_await_content and firth_write return: FIRTH_EOF when the stream ends before the number is whole. */
#ifndef FIRTH_NUMBERS_H
#define FIRTH_NUMBERS_H

#include <firth/channel.h>
#include <string.h>

FIRTH_BEGIN_DECLS

/* Reads an unsigned integer of 1 to 8 bytes, the most significant byte first. May suspend. */
FIRTH_API FIRTH_NODISCARD int firth_read_integer_be(firth_read_channel *in, uint64_t *value, unsigned bytes);

/* Reads an unsigned integer of 1 to 8 bytes, the least significant byte first. May suspend. */
FIRTH_API FIRTH_NODISCARD int firth_read_integer_le(firth_read_channel *in, uint64_t *value, unsigned bytes);

/* Writes the low 1 to 8 bytes of value, the most significant byte first. May suspend. */
FIRTH_API FIRTH_NODISCARD int firth_write_integer_be(firth_write_channel *out, uint64_t value, unsigned bytes);

/* Writes the low 1 to 8 bytes of value, the least significant byte first. May suspend. */
FIRTH_API FIRTH_NODISCARD int firth_write_integer_le(firth_write_channel *out, uint64_t value, unsigned bytes);

/* Reads an unsigned 8-bit integer. May suspend. */
static inline FIRTH_NODISCARD int firth_read_uint8(firth_read_channel *in, uint8_t *value)
{
    uint64_t wide = 0;
    int rc = firth_read_integer_be(in, &wide, 1);

    if (rc >= 0)
        *value = (uint8_t)wide;
    return rc;
}

/* Writes an unsigned 8-bit integer. May suspend. */
static inline FIRTH_NODISCARD int firth_write_uint8(firth_write_channel *out, uint8_t value)
{
    return firth_write_integer_be(out, (uint64_t)value, 1);
}

/* Reads a signed 8-bit integer. May suspend. */
static inline FIRTH_NODISCARD int firth_read_int8(firth_read_channel *in, int8_t *value)
{
    uint64_t wide = 0;
    int rc = firth_read_integer_be(in, &wide, 1);

    if (rc >= 0)
        *value = (int8_t)(uint8_t)wide;
    return rc;
}

/* Writes a signed 8-bit integer. May suspend. */
static inline FIRTH_NODISCARD int firth_write_int8(firth_write_channel *out, int8_t value)
{
    return firth_write_integer_be(out, (uint64_t)value, 1);
}

/* Reads an unsigned 16-bit integer, big-endian. May suspend. */
static inline FIRTH_NODISCARD int firth_read_uint16_be(firth_read_channel *in, uint16_t *value)
{
    uint64_t wide = 0;
    int rc = firth_read_integer_be(in, &wide, 2);

    if (rc >= 0)
        *value = (uint16_t)wide;
    return rc;
}

/* Writes an unsigned 16-bit integer, big-endian. May suspend. */
static inline FIRTH_NODISCARD int firth_write_uint16_be(firth_write_channel *out, uint16_t value)
{
    return firth_write_integer_be(out, (uint64_t)value, 2);
}

/* Reads an unsigned 16-bit integer, little-endian. May suspend. */
static inline FIRTH_NODISCARD int firth_read_uint16_le(firth_read_channel *in, uint16_t *value)
{
    uint64_t wide = 0;
    int rc = firth_read_integer_le(in, &wide, 2);

    if (rc >= 0)
        *value = (uint16_t)wide;
    return rc;
}

/* Writes an unsigned 16-bit integer, little-endian. May suspend. */
static inline FIRTH_NODISCARD int firth_write_uint16_le(firth_write_channel *out, uint16_t value)
{
    return firth_write_integer_le(out, (uint64_t)value, 2);
}

/* Reads a signed 16-bit integer, big-endian. May suspend. */
static inline FIRTH_NODISCARD int firth_read_int16_be(firth_read_channel *in, int16_t *value)
{
    uint64_t wide = 0;
    int rc = firth_read_integer_be(in, &wide, 2);

    if (rc >= 0)
        *value = (int16_t)(uint16_t)wide;
    return rc;
}

/* Writes a signed 16-bit integer, big-endian. May suspend. */
static inline FIRTH_NODISCARD int firth_write_int16_be(firth_write_channel *out, int16_t value)
{
    return firth_write_integer_be(out, (uint64_t)value, 2);
}

/* Reads a signed 16-bit integer, little-endian. May suspend. */
static inline FIRTH_NODISCARD int firth_read_int16_le(firth_read_channel *in, int16_t *value)
{
    uint64_t wide = 0;
    int rc = firth_read_integer_le(in, &wide, 2);

    if (rc >= 0)
        *value = (int16_t)(uint16_t)wide;
    return rc;
}

/* Writes a signed 16-bit integer, little-endian. May suspend. */
static inline FIRTH_NODISCARD int firth_write_int16_le(firth_write_channel *out, int16_t value)
{
    return firth_write_integer_le(out, (uint64_t)value, 2);
}

/* Reads an unsigned 32-bit integer, big-endian. May suspend. */
static inline FIRTH_NODISCARD int firth_read_uint32_be(firth_read_channel *in, uint32_t *value)
{
    uint64_t wide = 0;
    int rc = firth_read_integer_be(in, &wide, 4);

    if (rc >= 0)
        *value = (uint32_t)wide;
    return rc;
}

/* Writes an unsigned 32-bit integer, big-endian. May suspend. */
static inline FIRTH_NODISCARD int firth_write_uint32_be(firth_write_channel *out, uint32_t value)
{
    return firth_write_integer_be(out, (uint64_t)value, 4);
}

/* Reads an unsigned 32-bit integer, little-endian. May suspend. */
static inline FIRTH_NODISCARD int firth_read_uint32_le(firth_read_channel *in, uint32_t *value)
{
    uint64_t wide = 0;
    int rc = firth_read_integer_le(in, &wide, 4);

    if (rc >= 0)
        *value = (uint32_t)wide;
    return rc;
}

/* Writes an unsigned 32-bit integer, little-endian. May suspend. */
static inline FIRTH_NODISCARD int firth_write_uint32_le(firth_write_channel *out, uint32_t value)
{
    return firth_write_integer_le(out, (uint64_t)value, 4);
}

/* Reads a signed 32-bit integer, big-endian. May suspend. */
static inline FIRTH_NODISCARD int firth_read_int32_be(firth_read_channel *in, int32_t *value)
{
    uint64_t wide = 0;
    int rc = firth_read_integer_be(in, &wide, 4);

    if (rc >= 0)
        *value = (int32_t)(uint32_t)wide;
    return rc;
}

/* Writes a signed 32-bit integer, big-endian. May suspend. */
static inline FIRTH_NODISCARD int firth_write_int32_be(firth_write_channel *out, int32_t value)
{
    return firth_write_integer_be(out, (uint64_t)value, 4);
}

/* Reads a signed 32-bit integer, little-endian. May suspend. */
static inline FIRTH_NODISCARD int firth_read_int32_le(firth_read_channel *in, int32_t *value)
{
    uint64_t wide = 0;
    int rc = firth_read_integer_le(in, &wide, 4);

    if (rc >= 0)
        *value = (int32_t)(uint32_t)wide;
    return rc;
}

/* Writes a signed 32-bit integer, little-endian. May suspend. */
static inline FIRTH_NODISCARD int firth_write_int32_le(firth_write_channel *out, int32_t value)
{
    return firth_write_integer_le(out, (uint64_t)value, 4);
}

/* Reads an unsigned 64-bit integer, big-endian. May suspend. */
static inline FIRTH_NODISCARD int firth_read_uint64_be(firth_read_channel *in, uint64_t *value)
{
    uint64_t wide = 0;
    int rc = firth_read_integer_be(in, &wide, 8);

    if (rc >= 0)
        *value = wide;
    return rc;
}

/* Writes an unsigned 64-bit integer, big-endian. May suspend. */
static inline FIRTH_NODISCARD int firth_write_uint64_be(firth_write_channel *out, uint64_t value)
{
    return firth_write_integer_be(out, value, 8);
}

/* Reads an unsigned 64-bit integer, little-endian. May suspend. */
static inline FIRTH_NODISCARD int firth_read_uint64_le(firth_read_channel *in, uint64_t *value)
{
    uint64_t wide = 0;
    int rc = firth_read_integer_le(in, &wide, 8);

    if (rc >= 0)
        *value = wide;
    return rc;
}

/* Writes an unsigned 64-bit integer, little-endian. May suspend. */
static inline FIRTH_NODISCARD int firth_write_uint64_le(firth_write_channel *out, uint64_t value)
{
    return firth_write_integer_le(out, value, 8);
}

/* Reads a signed 64-bit integer, big-endian. May suspend. */
static inline FIRTH_NODISCARD int firth_read_int64_be(firth_read_channel *in, int64_t *value)
{
    uint64_t wide = 0;
    int rc = firth_read_integer_be(in, &wide, 8);

    if (rc >= 0)
        *value = (int64_t)(uint64_t)wide;
    return rc;
}

/* Writes a signed 64-bit integer, big-endian. May suspend. */
static inline FIRTH_NODISCARD int firth_write_int64_be(firth_write_channel *out, int64_t value)
{
    return firth_write_integer_be(out, (uint64_t)value, 8);
}

/* Reads a signed 64-bit integer, little-endian. May suspend. */
static inline FIRTH_NODISCARD int firth_read_int64_le(firth_read_channel *in, int64_t *value)
{
    uint64_t wide = 0;
    int rc = firth_read_integer_le(in, &wide, 8);

    if (rc >= 0)
        *value = (int64_t)(uint64_t)wide;
    return rc;
}

/* Writes a signed 64-bit integer, little-endian. May suspend. */
static inline FIRTH_NODISCARD int firth_write_int64_le(firth_write_channel *out, int64_t value)
{
    return firth_write_integer_le(out, (uint64_t)value, 8);
}

/* Reads an IEEE 754 32-bit float, big-endian. May suspend. */
static inline FIRTH_NODISCARD int firth_read_float_be(firth_read_channel *in, float *value)
{
    uint32_t bits = 0;
    int rc = firth_read_uint32_be(in, &bits);

    if (rc >= 0)
        memcpy(value, &bits, sizeof bits);
    return rc;
}

/* Writes an IEEE 754 32-bit float, big-endian. May suspend. */
static inline FIRTH_NODISCARD int firth_write_float_be(firth_write_channel *out, float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    return firth_write_uint32_be(out, bits);
}

/* Reads an IEEE 754 32-bit float, little-endian. May suspend. */
static inline FIRTH_NODISCARD int firth_read_float_le(firth_read_channel *in, float *value)
{
    uint32_t bits = 0;
    int rc = firth_read_uint32_le(in, &bits);

    if (rc >= 0)
        memcpy(value, &bits, sizeof bits);
    return rc;
}

/* Writes an IEEE 754 32-bit float, little-endian. May suspend. */
static inline FIRTH_NODISCARD int firth_write_float_le(firth_write_channel *out, float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    return firth_write_uint32_le(out, bits);
}

/* Reads an IEEE 754 64-bit float, big-endian. May suspend. */
static inline FIRTH_NODISCARD int firth_read_double_be(firth_read_channel *in, double *value)
{
    uint64_t bits = 0;
    int rc = firth_read_uint64_be(in, &bits);

    if (rc >= 0)
        memcpy(value, &bits, sizeof bits);
    return rc;
}

/* Writes an IEEE 754 64-bit float, big-endian. May suspend. */
static inline FIRTH_NODISCARD int firth_write_double_be(firth_write_channel *out, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof bits);
    return firth_write_uint64_be(out, bits);
}

/* Reads an IEEE 754 64-bit float, little-endian. May suspend. */
static inline FIRTH_NODISCARD int firth_read_double_le(firth_read_channel *in, double *value)
{
    uint64_t bits = 0;
    int rc = firth_read_uint64_le(in, &bits);

    if (rc >= 0)
        memcpy(value, &bits, sizeof bits);
    return rc;
}

/* Writes an IEEE 754 64-bit float, little-endian. May suspend. */
static inline FIRTH_NODISCARD int firth_write_double_le(firth_write_channel *out, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof bits);
    return firth_write_uint64_le(out, bits);
}

FIRTH_END_DECLS

#endif
