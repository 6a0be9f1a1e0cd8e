/* SPDX-License-Identifier: Apache-2.0 */
/* Plain reads: firth_read, firth_read_fully, firth_read_remaining, firth_discard, and what they say of progress. */
#include "stream.h"

#include <stdlib.h>

static int a_read_returns_what_is_there(test_stream *stream)
{
    char bytes[16];

    EXPECT_EQUAL(stream_send(stream, "abcdef", 6), FIRTH_OK);
    EXPECT_EQUAL(firth_read(stream->in, bytes, 4), 4);
    EXPECT_EQUAL(firth_read_progress(stream->in), 4);
    EXPECT_EQUAL(firth_read(stream->in, bytes + 4, 12), 2);
    EXPECT_BYTES(bytes, "abcdef", 6);
    EXPECT_EQUAL(firth_read_progress(stream->in), 2);
    return FIRTH_OK;
}

/* Nothing was sent and nothing ends: a read of nothing must not wait. */
static int a_read_of_nothing_returns_0_at_once(test_stream *stream)
{
    char byte;

    EXPECT_EQUAL(firth_read(stream->in, &byte, 0), 0);
    EXPECT_EQUAL(firth_read_fully(stream->in, &byte, 0), 0);
    EXPECT_EQUAL(firth_discard(stream->in, 0), 0);
    return FIRTH_OK;
}

/* A read as large as a block goes past the buffer; what is buffered must come first all the same. */
static int read_large(test_stream *stream, char *sent, char *read, size_t size)
{
    size_t used = 0;

    support_fill(sent, size, 7);
    EXPECT_EQUAL(stream_feed(stream, sent, size, 0), FIRTH_OK);
    EXPECT_EQUAL(firth_await_content(stream->in, 1) >= 1, 1);
    EXPECT_EQUAL(firth_read(stream->in, read, 1), 1);
    for (used = 1; used < size;) {
        int64_t count = firth_read(stream->in, read + used, size - used);

        EXPECT(count >= 1);
        used += (size_t)count;
    }
    EXPECT(support_is_filled(read, size, 7));
    EXPECT_EQUAL(firth_read(stream->in, read, 1), FIRTH_EOF);
    return stream_reopen(stream);
}

static int reads_larger_than_a_block_keep_the_order(test_stream *stream)
{
    size_t block = stream->block_bytes;
    const size_t sizes[] = {block - 1, block, block + 1, 2 * block, 5 * block + 3};
    char *sent = malloc(6 * block), *read = malloc(6 * block);
    int rc = sent != NULL && read != NULL ? FIRTH_OK : FIRTH_ERR_NO_MEMORY;

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes && rc >= 0; i++)
        rc = read_large(stream, sent, read, sizes[i]);
    free(sent);
    free(read);
    return rc;
}

static int reading_fully_takes_exactly_that_many(test_stream *stream)
{
    char bytes[8];

    EXPECT_EQUAL(stream_feed(stream, "abcdefg", 7, 1), FIRTH_OK);
    EXPECT_EQUAL(firth_read_fully(stream->in, bytes, 3), 3);
    EXPECT_BYTES(bytes, "abc", 3);
    EXPECT_EQUAL(firth_read_progress(stream->in), 3);
    EXPECT_EQUAL(firth_read_fully(stream->in, bytes, 3), 3);
    EXPECT_BYTES(bytes, "def", 3);
    EXPECT_EQUAL(firth_read_fully(stream->in, bytes, 1), 1);
    EXPECT_BYTES(bytes, "g", 1);
    return FIRTH_OK;
}

static int too_few_bytes_is_eof_and_says_how_many_were_read(test_stream *stream)
{
    char bytes[8] = "#######";

    EXPECT_EQUAL(stream_feed(stream, "abcde", 5, 2), FIRTH_OK);
    EXPECT_EQUAL(firth_read_fully(stream->in, bytes, 7), FIRTH_EOF);
    EXPECT_EQUAL(firth_read_progress(stream->in), 5);
    EXPECT_BYTES(bytes, "abcde##", 7);
    EXPECT_EQUAL(firth_read_fully(stream->in, bytes, 1), FIRTH_EOF);
    EXPECT_EQUAL(firth_read_progress(stream->in), 0);
    return FIRTH_OK;
}

static int reading_the_rest_returns_its_count(test_stream *stream)
{
    char bytes[16];

    EXPECT_EQUAL(stream_feed(stream, "abcdef", 6, 1), FIRTH_OK);
    EXPECT_EQUAL(firth_read_remaining(stream->in, bytes, sizeof bytes), 6);
    EXPECT_BYTES(bytes, "abcdef", 6);
    EXPECT_EQUAL(firth_read_remaining(stream->in, bytes, sizeof bytes), 0);
    EXPECT_EQUAL(stream_reopen(stream), FIRTH_OK);
    EXPECT_EQUAL(stream_feed(stream, "abcdef", 6, 1), FIRTH_OK);
    EXPECT_EQUAL(firth_read_remaining(stream->in, bytes, 6), 6);
    EXPECT_EQUAL(stream_reopen(stream), FIRTH_OK);
    EXPECT_EQUAL(stream_feed(stream, "", 0, 0), FIRTH_OK);
    EXPECT_EQUAL(firth_read_remaining(stream->in, bytes, 0), 0);
    return FIRTH_OK;
}

static int a_rest_too_long_is_delivered_as_far_as_it_fits(test_stream *stream)
{
    char bytes[8];

    EXPECT_EQUAL(stream_feed(stream, "abcdef", 6, 4), FIRTH_OK);
    EXPECT_EQUAL(firth_read_remaining(stream->in, bytes, 4), FIRTH_ERR_TOO_LONG);
    EXPECT_EQUAL(firth_read_progress(stream->in), 4);
    EXPECT_BYTES(bytes, "abcd", 4);
    EXPECT_EQUAL(firth_read_remaining(stream->in, bytes, 4), 2);
    EXPECT_BYTES(bytes, "ef", 2);
    return FIRTH_OK;
}

static int a_long_rest_crosses_many_blocks(test_stream *stream)
{
    size_t size = 20 * stream->block_bytes + 5;
    char *sent = malloc(size), *read = malloc(size);
    int64_t rc = FIRTH_ERR_NO_MEMORY;
    bool same = false;

    if (sent != NULL && read != NULL) {
        support_fill(sent, size, 0);
        rc = stream_feed(stream, sent, size, stream->block_bytes - 1);
        if (rc >= 0)
            rc = firth_read_remaining(stream->in, read, size);
        same = support_is_filled(read, size, 0);
    }
    free(sent);
    free(read);
    EXPECT_EQUAL(rc, size);
    EXPECT(same);
    return FIRTH_OK;
}

static int discarding_throws_away_up_to_the_limit(test_stream *stream)
{
    char byte;

    EXPECT_EQUAL(stream_feed(stream, "abcdefgh", 8, 1), FIRTH_OK);
    EXPECT_EQUAL(firth_discard(stream->in, 3), 3);
    EXPECT_EQUAL(firth_read_progress(stream->in), 3);
    EXPECT_EQUAL(firth_read(stream->in, &byte, 1), 1);
    EXPECT_EQUAL(byte, 'd');
    EXPECT_EQUAL(firth_discard(stream->in, 10), 4);
    EXPECT_EQUAL(firth_discard(stream->in, 10), FIRTH_EOF);
    EXPECT_EQUAL(firth_discard(stream->in, 0), 0);
    EXPECT_EQUAL(stream_reopen(stream), FIRTH_OK);
    EXPECT_EQUAL(stream_feed(stream, "abcdefgh", 8, 3), FIRTH_OK);
    EXPECT_EQUAL(firth_discard(stream->in, FIRTH_NO_LIMIT), 8);
    EXPECT_EQUAL(firth_discard(stream->in, FIRTH_NO_LIMIT), FIRTH_EOF);
    return FIRTH_OK;
}

static int discarding_crosses_many_blocks(test_stream *stream)
{
    size_t size = 20 * stream->block_bytes + 5;
    char *sent = malloc(size), tail[5];
    int64_t rc = FIRTH_ERR_NO_MEMORY;

    if (sent != NULL) {
        support_fill(sent, size, 0);
        rc = stream_feed(stream, sent, size, 0);
        if (rc >= 0)
            rc = firth_discard(stream->in, size - 5);
        if (rc >= 0 && firth_read_fully(stream->in, tail, 5) != 5)
            rc = FIRTH_ERR_USER;
        if (rc >= 0 && firth_read(stream->in, tail, 0) == 0 && firth_await_content(stream->in, 1) != FIRTH_EOF)
            rc = FIRTH_ERR_USER; /* and now the feeder is done with the bytes */
    }
    free(sent);
    EXPECT_EQUAL(rc, size - 5);
    EXPECT(support_is_filled(tail, 5, size - 5));
    return FIRTH_OK;
}

/* What was asked for has come; whether that was all of the rest is not known yet. */
static int a_deadline_while_the_rest_may_go_on_is_told_and_loses_nothing(test_stream *stream)
{
    const firth_scope_options soon = {.timeout_ms = 5};
    firth_scope until;
    char bytes[5];
    int rc;

    EXPECT_EQUAL(stream_send(stream, "abcde", 5), FIRTH_OK);
    firth_scope_open(&until, stream->scope, &soon);
    rc = (int)firth_read_remaining(stream->in, bytes, sizeof bytes);
    EXPECT_EQUAL(firth_scope_close(&until, rc), FIRTH_ERR_TIMED_OUT);
    EXPECT_EQUAL(rc, FIRTH_ERR_CANCELED);
    EXPECT_EQUAL(firth_read_progress(stream->in), 5);
    EXPECT_BYTES(bytes, "abcde", 5);
    EXPECT_EQUAL(stream_send(stream, "fg", 2), FIRTH_OK);
    EXPECT_EQUAL(firth_flush_and_close(stream->out), FIRTH_OK);
    EXPECT_EQUAL(firth_read_remaining(stream->in, bytes, sizeof bytes), 2);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    static const stream_case cases[] = {
        STREAM_CASE(a_read_returns_what_is_there),
        STREAM_CASE(a_read_of_nothing_returns_0_at_once),
        STREAM_CASE(reads_larger_than_a_block_keep_the_order),
        STREAM_CASE(reading_fully_takes_exactly_that_many),
        STREAM_CASE(too_few_bytes_is_eof_and_says_how_many_were_read),
        STREAM_CASE(reading_the_rest_returns_its_count),
        STREAM_CASE(a_rest_too_long_is_delivered_as_far_as_it_fits),
        STREAM_CASE(a_long_rest_crosses_many_blocks),
        STREAM_CASE(discarding_throws_away_up_to_the_limit),
        STREAM_CASE(discarding_crosses_many_blocks),
        STREAM_CASE(a_deadline_while_the_rest_may_go_on_is_told_and_loses_nothing),
    };

    return stream_main(argc, argv, "reading", cases, sizeof cases / sizeof *cases);
}
