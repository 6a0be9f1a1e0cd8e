/* SPDX-License-Identifier: Apache-2.0 */
/* Integers and floats: their bytes on the wire, and crossing a block boundary byte by byte. */
#include "stream.h"

#include <stdio.h>
#include <stdlib.h>

static uint64_t low_bytes(uint64_t value, unsigned width)
{
    return width == 8 ? value : value & (((uint64_t)1 << (8 * width)) - 1);
}

/* An independent opinion of what the bytes must be. */
static void encode(uint8_t *bytes, uint64_t value, unsigned width, bool big)
{
    uint8_t all[8];

    for (unsigned i = 0; i < 8; i++)
        all[big ? 7 - i : i] = (uint8_t)(value >> (8 * i));
    memcpy(bytes, big ? all + 8 - width : all, width);
}

static int read_integer(firth_read_channel *in, uint64_t *value, unsigned width, bool big)
{
    return big ? firth_read_integer_be(in, value, width) : firth_read_integer_le(in, value, width);
}

static int write_integer(firth_write_channel *out, uint64_t value, unsigned width, bool big)
{
    return big ? firth_write_integer_be(out, value, width) : firth_write_integer_le(out, value, width);
}

/* filler bytes, then one number whose bytes arrive one by one, then the end. */
static int cross_reading(test_stream *stream, uint8_t *bytes, size_t filler, unsigned width, bool big)
{
    const uint64_t value = 0x8182838485868788u;
    uint64_t read = 0;

    EXPECT_EQUAL(stream_feed_open(stream, bytes, filler, 0), FIRTH_OK);
    EXPECT_EQUAL(firth_discard(stream->in, filler - 1), filler - 1);
    EXPECT_EQUAL(firth_await_content(stream->in, 1), 1);
    encode(bytes, value, width, big);
    EXPECT_EQUAL(stream_feed(stream, bytes, width, 1), FIRTH_OK);
    EXPECT_EQUAL(firth_discard(stream->in, 1), 1);
    EXPECT_EQUAL(read_integer(stream->in, &read, width, big), FIRTH_OK);
    EXPECT_EQUAL(read, low_bytes(value, width));
    EXPECT_EQUAL(read_integer(stream->in, &read, width, big), FIRTH_EOF);
    return FIRTH_OK;
}

static int each_width_is_read_across_a_block_boundary_byte_by_byte(test_stream *stream)
{
    uint8_t *bytes = calloc(1, stream->block_bytes + 1);
    int rc = bytes != NULL ? FIRTH_OK : FIRTH_ERR_NO_MEMORY;

    for (unsigned width = 1; width <= 8 && rc >= 0; width++)
        for (size_t back = 0; back <= width && rc >= 0; back++)
            for (int big = 0; big < 2 && rc >= 0; big++) {
                rc = cross_reading(stream, bytes, stream->block_bytes - back, width, big != 0);
                if (rc < 0)
                    fprintf(stderr, "width %u, %zu before the boundary, big-endian %d\n", width, back, big);
                else
                    rc = stream_reopen(stream);
            }
    free(bytes);
    return rc;
}

typedef struct drain {
    uint8_t *bytes;
    size_t size, used;
} drain;

static int64_t drain_job(stream_job *job)
{
    drain *into = job->bytes;
    int64_t count = firth_read_remaining(job->stream->in, into->bytes, into->size);

    into->used = count > 0 ? (size_t)count : 0;
    return count;
}

static int cross_writing(test_stream *stream, stream_job *job, size_t filler, unsigned width, bool big)
{
    const uint64_t value = 0xf1f2f3f4f5f6f7f8u;
    drain *into = job->bytes;
    uint8_t expected[8];

    EXPECT_EQUAL(stream_start(stream, stream->scope, job), FIRTH_OK);
    EXPECT_EQUAL(firth_write(stream->out, into->bytes + into->size, filler), FIRTH_OK);
    EXPECT_EQUAL(write_integer(stream->out, value, width, big), FIRTH_OK);
    EXPECT_EQUAL(firth_flush_and_close(stream->out), FIRTH_OK);
    EXPECT_EQUAL(stream_until(&job->done), FIRTH_OK);
    encode(expected, value, width, big);
    EXPECT_EQUAL(into->used, filler + width);
    EXPECT_BYTES(into->bytes + filler, expected, width);
    return FIRTH_OK;
}

static int each_width_is_written_across_a_block_boundary(test_stream *stream)
{
    static stream_job job;
    static drain into;
    int rc = FIRTH_OK;

    into = (drain){.size = stream->block_bytes + 16};
    into.bytes = calloc(2, into.size);
    job = (stream_job){.name = "drain", .operation = drain_job, .bytes = &into};
    EXPECT(into.bytes != NULL);
    for (unsigned width = 1; width <= 8 && rc >= 0; width++)
        for (size_t back = 0; back <= width && rc >= 0; back++)
            for (int big = 0; big < 2 && rc >= 0; big++) {
                rc = cross_writing(stream, &job, stream->block_bytes - back, width, big != 0);
                if (rc >= 0)
                    rc = stream_reopen(stream);
            }
    free(into.bytes);
    return rc;
}

/* Values at the edges of a type survive, and the first byte on the wire tells the order. */
#define ROUND_TRIP(stream, name, type, value, first)                                                                   \
    do {                                                                                                               \
        type before_ = (type)(value), after_;                                                                          \
        const void *seen_;                                                                                             \
        memset(&after_, 0x5a, sizeof after_);                                                                          \
        EXPECT_EQUAL(firth_write_##name((stream)->out, before_), FIRTH_OK);                                            \
        EXPECT_EQUAL(firth_flush((stream)->out), FIRTH_OK);                                                            \
        EXPECT_EQUAL(firth_await_content((stream)->in, sizeof after_), sizeof after_);                                 \
        EXPECT_EQUAL(firth_peek((stream)->in, &seen_), sizeof after_);                                                 \
        EXPECT_EQUAL(*(const uint8_t *)seen_, first);                                                                  \
        EXPECT_EQUAL(firth_read_##name((stream)->in, &after_), FIRTH_OK);                                              \
        EXPECT_BYTES(&before_, &after_, sizeof after_);                                                                \
    } while (0)

static int bytes_and_words_of_16_bits_keep_their_value_and_order(test_stream *stream)
{
    ROUND_TRIP(stream, uint8, uint8_t, 0, 0);
    ROUND_TRIP(stream, uint8, uint8_t, UINT8_MAX, 0xff);
    ROUND_TRIP(stream, int8, int8_t, INT8_MIN, 0x80);
    ROUND_TRIP(stream, int8, int8_t, -1, 0xff);
    ROUND_TRIP(stream, uint16_be, uint16_t, 0x1234, 0x12);
    ROUND_TRIP(stream, uint16_le, uint16_t, 0x1234, 0x34);
    ROUND_TRIP(stream, uint16_be, uint16_t, UINT16_MAX, 0xff);
    ROUND_TRIP(stream, int16_be, int16_t, INT16_MIN, 0x80);
    ROUND_TRIP(stream, int16_le, int16_t, INT16_MIN, 0x00);
    ROUND_TRIP(stream, int16_be, int16_t, -2, 0xff);
    ROUND_TRIP(stream, int16_le, int16_t, -2, 0xfe);
    return FIRTH_OK;
}

static int words_of_32_bits_keep_their_value_and_order(test_stream *stream)
{
    ROUND_TRIP(stream, uint32_be, uint32_t, 0x12345678, 0x12);
    ROUND_TRIP(stream, uint32_le, uint32_t, 0x12345678, 0x78);
    ROUND_TRIP(stream, uint32_le, uint32_t, UINT32_MAX, 0xff);
    ROUND_TRIP(stream, int32_be, int32_t, INT32_MIN, 0x80);
    ROUND_TRIP(stream, int32_le, int32_t, INT32_MAX, 0xff);
    ROUND_TRIP(stream, int32_le, int32_t, -2, 0xfe);
    return FIRTH_OK;
}

static int words_of_64_bits_keep_their_value_and_order(test_stream *stream)
{
    ROUND_TRIP(stream, uint64_be, uint64_t, 0x123456789abcdef0, 0x12);
    ROUND_TRIP(stream, uint64_le, uint64_t, 0x123456789abcdef0, 0xf0);
    ROUND_TRIP(stream, uint64_be, uint64_t, UINT64_MAX, 0xff);
    ROUND_TRIP(stream, int64_be, int64_t, INT64_MIN, 0x80);
    ROUND_TRIP(stream, int64_le, int64_t, INT64_MAX, 0xff);
    ROUND_TRIP(stream, int64_le, int64_t, -2, 0xfe);
    return FIRTH_OK;
}

/* 1.5 is 3fc00000 and 3ff8000000000000 (IEEE 754-2008 §3.4). */
static int floats_keep_every_bit(test_stream *stream)
{
    uint32_t single_nan = 0x7fc12345u;
    uint64_t double_nan = 0xfff8123456789abcu;
    float strange;
    double stranger;

    memcpy(&strange, &single_nan, sizeof strange);
    memcpy(&stranger, &double_nan, sizeof stranger);
    ROUND_TRIP(stream, float_be, float, 1.5f, 0x3f);
    ROUND_TRIP(stream, float_le, float, 1.5f, 0x00);
    ROUND_TRIP(stream, float_be, float, -0.0f, 0x80);
    ROUND_TRIP(stream, float_be, float, strange, 0x7f);
    ROUND_TRIP(stream, float_le, float, strange, 0x45);
    ROUND_TRIP(stream, double_be, double, 1.5, 0x3f);
    ROUND_TRIP(stream, double_le, double, 1.5, 0x00);
    ROUND_TRIP(stream, double_be, double, -0.0, 0x80);
    ROUND_TRIP(stream, double_be, double, stranger, 0xff);
    ROUND_TRIP(stream, double_le, double, stranger, 0xbc);
    return FIRTH_OK;
}

static int a_number_cut_short_is_eof_and_its_bytes_stay_readable(test_stream *stream)
{
    uint64_t value = 42;
    char bytes[8];

    EXPECT_EQUAL(stream_feed(stream, "\1\2\3\4\5\6\7", 7, 1), FIRTH_OK);
    EXPECT_EQUAL(firth_read_integer_be(stream->in, &value, 8), FIRTH_EOF);
    EXPECT_EQUAL(firth_read_integer_le(stream->in, &value, 8), FIRTH_EOF);
    EXPECT_EQUAL(value, 42);
    EXPECT_EQUAL(firth_read_fully(stream->in, bytes, 7), 7);
    EXPECT_BYTES(bytes, "\1\2\3\4\5\6\7", 7);
    EXPECT_EQUAL(firth_read_integer_be(stream->in, &value, 1), FIRTH_EOF);
    return FIRTH_OK;
}

static int a_width_outside_1_to_8_is_an_argument_error(test_stream *stream)
{
    static const unsigned widths[] = {0, 9, 64, UINT32_MAX};
    uint64_t value;

    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
        for (int big = 0; big < 2; big++) {
            EXPECT_EQUAL(write_integer(stream->out, 1, widths[i], big != 0), FIRTH_ERR_ARGUMENT);
            EXPECT_EQUAL(read_integer(stream->in, &value, widths[i], big != 0), FIRTH_ERR_ARGUMENT);
        }
    EXPECT_EQUAL(firth_write_pending(stream->out), 0);
    return FIRTH_OK;
}

static int only_the_low_bytes_are_written(test_stream *stream)
{
    const void *seen;

    EXPECT_EQUAL(firth_write_integer_be(stream->out, 0x1122334455667788u, 3), FIRTH_OK);
    EXPECT_EQUAL(firth_write_integer_le(stream->out, 0x1122334455667788u, 3), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(stream->out), FIRTH_OK);
    EXPECT_EQUAL(firth_await_content(stream->in, 6), 6);
    EXPECT_EQUAL(firth_peek(stream->in, &seen), 6);
    EXPECT_BYTES(seen, "\x66\x77\x88\x88\x77\x66", 6);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    static const stream_case cases[] = {
        STREAM_CASE(each_width_is_read_across_a_block_boundary_byte_by_byte),
        STREAM_CASE(each_width_is_written_across_a_block_boundary),
        STREAM_CASE(bytes_and_words_of_16_bits_keep_their_value_and_order),
        STREAM_CASE(words_of_32_bits_keep_their_value_and_order),
        STREAM_CASE(words_of_64_bits_keep_their_value_and_order),
        STREAM_CASE(floats_keep_every_bit),
        STREAM_CASE(a_number_cut_short_is_eof_and_its_bytes_stay_readable),
        STREAM_CASE(a_width_outside_1_to_8_is_an_argument_error),
        STREAM_CASE(only_the_low_bytes_are_written),
    };

    return stream_main(argc, argv, "numbers", cases, sizeof cases / sizeof *cases);
}
