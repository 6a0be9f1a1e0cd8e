/* SPDX-License-Identifier: Apache-2.0 */
/* Looking without taking: firth_peek, firth_consume, firth_await_content, firth_read_available. */
#include "stream.h"

#include <stdlib.h>

static int peeking_shows_and_consuming_takes(test_stream *stream)
{
    const void *seen;
    char byte;

    EXPECT_EQUAL(stream_send(stream, "abcdef", 6), FIRTH_OK);
    EXPECT_EQUAL(firth_peek(stream->in, &seen), 6);
    EXPECT_BYTES(seen, "abcdef", 6);
    EXPECT_EQUAL(firth_peek(stream->in, &seen), 6);
    EXPECT_BYTES(seen, "abcdef", 6);
    EXPECT_EQUAL(firth_read_available(stream->in), 6);
    EXPECT_EQUAL(firth_consume(stream->in, 2), FIRTH_OK);
    EXPECT_EQUAL(firth_read_available(stream->in), 4);
    EXPECT_EQUAL(firth_peek(stream->in, &seen), 4);
    EXPECT_BYTES(seen, "cdef", 4);
    EXPECT_EQUAL(firth_consume(stream->in, 0), FIRTH_OK);
    EXPECT_EQUAL(firth_read(stream->in, &byte, 1), 1);
    EXPECT_EQUAL(byte, 'c');
    EXPECT_EQUAL(firth_consume(stream->in, 3), FIRTH_OK);
    EXPECT_EQUAL(firth_read_available(stream->in), 0);
    return FIRTH_OK;
}

static int consuming_more_than_is_there_takes_nothing(test_stream *stream)
{
    char bytes[4];

    EXPECT_EQUAL(firth_consume(stream->in, 1), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(stream_send(stream, "abc", 3), FIRTH_OK);
    EXPECT_EQUAL(firth_await_content(stream->in, 3), 3);
    EXPECT_EQUAL(firth_consume(stream->in, 4), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_consume(stream->in, SIZE_MAX), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_read_fully(stream->in, bytes, 3), 3);
    EXPECT_BYTES(bytes, "abc", 3);
    return FIRTH_OK;
}

static int64_t peek_job(stream_job *job)
{
    const void *seen;
    int64_t count = firth_peek(job->stream->in, &seen);

    if (count > 0)
        *(char *)job->bytes = *(const char *)seen;
    return count;
}

static int peeking_waits_for_the_first_byte(test_stream *stream)
{
    static stream_job job;
    static char first;

    job = (stream_job){.name = "peeker", .operation = peek_job, .bytes = &first};
    EXPECT_EQUAL(stream_start(stream, stream->scope, &job), FIRTH_OK);
    EXPECT(stream_until_waiting(stream, &job));
    EXPECT_EQUAL(stream_send(stream, "x", 1), FIRTH_OK);
    EXPECT_EQUAL(stream_until(&job.done), FIRTH_OK);
    EXPECT_EQUAL(job.result, 1);
    EXPECT_EQUAL(first, 'x');
    return FIRTH_OK;
}

static int peeking_at_the_end_is_eof(test_stream *stream)
{
    const void *seen;

    EXPECT_EQUAL(stream_feed(stream, "ab", 2, 0), FIRTH_OK);
    EXPECT_EQUAL(firth_await_content(stream->in, 2), 2);
    EXPECT_EQUAL(firth_consume(stream->in, 2), FIRTH_OK);
    EXPECT_EQUAL(firth_peek(stream->in, &seen), FIRTH_EOF);
    EXPECT_EQUAL(firth_peek(stream->in, &seen), FIRTH_EOF);
    EXPECT_EQUAL(firth_consume(stream->in, 1), FIRTH_ERR_ARGUMENT);
    return FIRTH_OK;
}

static int64_t await_job(stream_job *job)
{
    return firth_await_content(job->stream->in, job->size);
}

static int awaiting_content_waits_for_the_minimum_and_consumes_nothing(test_stream *stream)
{
    static stream_job job;
    char bytes[8];

    job = (stream_job){.name = "awaiter", .operation = await_job, .size = 4};
    EXPECT_EQUAL(stream_start(stream, stream->scope, &job), FIRTH_OK);
    for (int i = 0; i < 3; i++) {
        EXPECT_EQUAL(stream_send(stream, &"abc"[i], 1), FIRTH_OK);
        EXPECT(stream_until_waiting(stream, &job));
    }
    EXPECT_EQUAL(stream_send(stream, "de", 2), FIRTH_OK);
    EXPECT_EQUAL(stream_until(&job.done), FIRTH_OK);
    EXPECT_EQUAL(job.result, 5);
    EXPECT_EQUAL(firth_await_content(stream->in, 5), 5);
    EXPECT_EQUAL(firth_read_fully(stream->in, bytes, 5), 5);
    EXPECT_BYTES(bytes, "abcde", 5);
    return FIRTH_OK;
}

static int too_little_content_at_the_end_is_eof_and_stays_readable(test_stream *stream)
{
    char bytes[4];

    EXPECT_EQUAL(stream_feed(stream, "abc", 3, 1), FIRTH_OK);
    EXPECT_EQUAL(firth_await_content(stream->in, 4), FIRTH_EOF);
    EXPECT_EQUAL(firth_await_content(stream->in, 4), FIRTH_EOF);
    EXPECT_EQUAL(firth_await_content(stream->in, 3), 3);
    EXPECT_EQUAL(firth_read_fully(stream->in, bytes, 3), 3);
    EXPECT_BYTES(bytes, "abc", 3);
    EXPECT_EQUAL(firth_await_content(stream->in, 1), FIRTH_EOF);
    return FIRTH_OK;
}

static int awaiting_more_than_the_capacity_is_an_argument_error(test_stream *stream)
{
    size_t capacity = firth_read_capacity(stream->in);

    EXPECT_EQUAL(capacity, stream->block_bytes);
    EXPECT_EQUAL(firth_await_content(stream->in, capacity + 1), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_await_content(stream->in, SIZE_MAX), FIRTH_ERR_ARGUMENT);
    return FIRTH_OK;
}

/* However far the first byte is into the buffer, a whole capacity can be had in one piece. */
static int await_from(test_stream *stream, const char *bytes, size_t skipped)
{
    size_t capacity = firth_read_capacity(stream->in);
    const void *seen;

    EXPECT_EQUAL(stream_feed(stream, bytes, skipped + capacity, 0), FIRTH_OK);
    EXPECT_EQUAL(firth_discard(stream->in, skipped), skipped);
    EXPECT_EQUAL(firth_await_content(stream->in, capacity), capacity);
    EXPECT_EQUAL(firth_peek(stream->in, &seen), capacity);
    EXPECT(support_is_filled(seen, capacity, skipped));
    EXPECT_EQUAL(firth_consume(stream->in, capacity), FIRTH_OK);
    EXPECT_EQUAL(firth_peek(stream->in, &seen), FIRTH_EOF);
    return stream_reopen(stream);
}

static int a_whole_capacity_is_shown_in_one_piece(test_stream *stream)
{
    size_t capacity = firth_read_capacity(stream->in);
    char *bytes = malloc(3 * capacity);
    const size_t skips[] = {1, 2, capacity / 2, capacity - 1, capacity, capacity + 1, 2 * capacity - 1};
    int rc = bytes != NULL ? FIRTH_OK : FIRTH_ERR_NO_MEMORY;

    if (bytes != NULL)
        support_fill(bytes, 3 * capacity, 0);
    for (size_t i = 0; i < sizeof skips / sizeof *skips && rc >= 0; i++)
        rc = await_from(stream, bytes, skips[i]);
    free(bytes);
    return rc;
}

int main(int argc, char **argv)
{
    static const stream_case cases[] = {
        STREAM_CASE(peeking_shows_and_consuming_takes),
        STREAM_CASE(consuming_more_than_is_there_takes_nothing),
        STREAM_CASE(peeking_waits_for_the_first_byte),
        STREAM_CASE(peeking_at_the_end_is_eof),
        STREAM_CASE(awaiting_content_waits_for_the_minimum_and_consumes_nothing),
        STREAM_CASE(too_little_content_at_the_end_is_eof_and_stays_readable),
        STREAM_CASE(awaiting_more_than_the_capacity_is_an_argument_error),
        STREAM_CASE(a_whole_capacity_is_shown_in_one_piece),
    };

    return stream_main(argc, argv, "peeking", cases, sizeof cases / sizeof *cases);
}
