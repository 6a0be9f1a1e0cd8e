/* SPDX-License-Identifier: Apache-2.0 */
/* Writing: plain, formatted, gathered, in place, and against a full channel. */
#include "stream.h"

#include <stdlib.h>

enum { ROOM = 64 };

/* Closes the stream and compares all that was written to it. */
static int expect_all(test_stream *stream, const char *text)
{
    char bytes[ROOM];
    size_t size = strlen(text);

    EXPECT_EQUAL(firth_flush_and_close(stream->out), FIRTH_OK);
    EXPECT_EQUAL(firth_read_remaining(stream->in, bytes, sizeof bytes), size);
    EXPECT_BYTES(bytes, text, size);
    return FIRTH_OK;
}

static int written_bytes_arrive_in_order(test_stream *stream)
{
    EXPECT_EQUAL(firth_write(stream->out, "ab", 2), FIRTH_OK);
    EXPECT_EQUAL(firth_write_progress(stream->out), 2);
    EXPECT_EQUAL(firth_write(stream->out, "", 0), FIRTH_OK);
    EXPECT_EQUAL(firth_write_progress(stream->out), 0);
    EXPECT_EQUAL(firth_write_string(stream->out, "cde"), FIRTH_OK);
    EXPECT_EQUAL(firth_write_progress(stream->out), 3);
    EXPECT_EQUAL(firth_write_string(stream->out, ""), FIRTH_OK);
    EXPECT_EQUAL(firth_write_format(stream->out, "-%d-%s-%5.2f", -42, "x", 1.5), FIRTH_OK);
    EXPECT_EQUAL(firth_write_progress(stream->out), 12);
    return expect_all(stream, "abcde--42-x- 1.50");
}

static int pieces_are_written_as_one(test_stream *stream)
{
    const firth_buffer pieces[] = {{"ab", 2}, {NULL, 0}, {"", 0}, {"cde", 3}, {"f", 1}};

    EXPECT_EQUAL(firth_write_vector(stream->out, pieces, 5), FIRTH_OK);
    EXPECT_EQUAL(firth_write_progress(stream->out), 6);
    EXPECT_EQUAL(firth_write_vector(stream->out, pieces, 0), FIRTH_OK);
    EXPECT_EQUAL(firth_write_vector(stream->out, NULL, 0), FIRTH_OK);
    return expect_all(stream, "abcdef");
}

/* Runs body while another task compares what arrives: size bytes of support_fill. */
static int drained(test_stream *stream, int (*body)(test_stream *stream, char *bytes), size_t size)
{
    static stream_drain drain;
    char *bytes = malloc(size);
    int rc;

    EXPECT(bytes != NULL);
    support_fill(bytes, size, 0);
    rc = stream_drain_start(stream, &drain);
    if (rc >= 0)
        rc = body(stream, bytes);
    if (rc >= 0)
        rc = firth_flush_and_close(stream->out);
    if (rc >= 0)
        rc = stream_until(&drain.job.done);
    free(bytes);
    EXPECT_EQUAL(rc, FIRTH_OK);
    EXPECT_EQUAL(drain.job.result, FIRTH_EOF);
    EXPECT(!drain.wrong);
    EXPECT_EQUAL(drain.used, size);
    return FIRTH_OK;
}

/* 100 pieces of growing size, more than any gathering call takes at once. */
static int write_hundred_pieces(test_stream *stream, char *bytes)
{
    static firth_buffer pieces[100];
    size_t at = 0;

    for (size_t i = 0; i < 100; i++) {
        pieces[i] = (firth_buffer){bytes + at, i * stream->block_bytes / 40};
        at += pieces[i].size;
    }
    EXPECT_EQUAL(firth_write(stream->out, bytes, 0), FIRTH_OK);
    EXPECT_EQUAL(firth_write_vector(stream->out, pieces, 100), FIRTH_OK);
    EXPECT_EQUAL(firth_write_progress(stream->out), at);
    return FIRTH_OK;
}

static int a_hundred_pieces_of_many_sizes_arrive_whole(test_stream *stream)
{
    size_t size = 0;

    for (size_t i = 0; i < 100; i++)
        size += i * stream->block_bytes / 40;
    return drained(stream, write_hundred_pieces, size);
}

static int write_around_the_block(test_stream *stream, char *bytes)
{
    size_t block = stream->block_bytes, at = 0;
    const size_t sizes[] = {1, block - 1, 1, block, 1, block + 1, 3 * block, 2 * block - 5};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        EXPECT_EQUAL(firth_write(stream->out, bytes + at, sizes[i]), FIRTH_OK);
        EXPECT_EQUAL(firth_write_progress(stream->out), sizes[i]);
        EXPECT(firth_write_pending(stream->out) <= firth_write_capacity(stream->out));
        at += sizes[i];
    }
    return FIRTH_OK;
}

static int sizes_around_a_block_arrive_in_order(test_stream *stream)
{
    return drained(stream, write_around_the_block, 8 * stream->block_bytes - 2);
}

static int64_t write_wide_number(stream_job *job)
{
    int rc = firth_write_format(job->stream->out, "%0*d%s", (int)job->size, 7, "end");

    job->progress = firth_write_progress(job->stream->out);
    return rc < 0 ? rc : firth_flush_and_close(job->stream->out);
}

static bool is_wide_number(const char *bytes, size_t zeros)
{
    for (size_t i = 0; i < zeros; i++)
        if (bytes[i] != '0')
            return false;
    return memcmp(bytes + zeros, "7end", 4) == 0;
}

static int write_wide(test_stream *stream, char *bytes, size_t width)
{
    static stream_job job;

    job = (stream_job){.name = "formatter", .operation = write_wide_number, .size = width};
    EXPECT_EQUAL(stream_start(stream, stream->scope, &job), FIRTH_OK);
    EXPECT_EQUAL(firth_read_remaining(stream->in, bytes, width + 4), width + 3);
    EXPECT(is_wide_number(bytes, width - 1));
    EXPECT_EQUAL(stream_until(&job.done), FIRTH_OK);
    EXPECT_EQUAL(job.result, FIRTH_OK);
    EXPECT_EQUAL(job.progress, width + 3);
    return stream_reopen(stream);
}

static int a_format_of_any_length_is_written_whole(test_stream *stream)
{
    size_t block = stream->block_bytes;
    const size_t widths[] = {block - 4, block - 3, block - 2, block, 3 * block + 1};
    char *bytes = malloc(4 * block);
    int rc = bytes != NULL ? FIRTH_OK : FIRTH_ERR_NO_MEMORY;

    for (size_t i = 0; i < sizeof widths / sizeof *widths && rc >= 0; i++)
        rc = write_wide(stream, bytes, widths[i]);
    free(bytes);
    return rc;
}

static int a_format_with_bytes_before_it_in_the_buffer_keeps_the_order(test_stream *stream)
{
    static stream_job job;
    size_t block = stream->block_bytes;
    char *bytes = malloc(2 * block);
    int64_t count = FIRTH_ERR_NO_MEMORY;
    bool same = false;

    job = (stream_job){.name = "formatter", .operation = write_wide_number, .size = block - 3};
    if (bytes != NULL) {
        count = firth_write_string(stream->out, "abc");
        if (count >= 0)
            count = stream_start(stream, stream->scope, &job);
        if (count >= 0)
            count = firth_read_remaining(stream->in, bytes, 2 * block);
        same = memcmp(bytes, "abc", 3) == 0 && is_wide_number(bytes + 3, block - 4);
    }
    free(bytes);
    EXPECT_EQUAL(count, block + 3);
    EXPECT(same);
    return FIRTH_OK;
}

static int what_is_written_in_place_arrives(test_stream *stream)
{
    void *room;
    int64_t fit = firth_reserve(stream->out, 3, &room);

    EXPECT(fit >= 3 && (size_t)fit <= firth_write_capacity(stream->out));
    memcpy(room, "abc", 3);
    EXPECT_EQUAL(firth_commit(stream->out, 2), FIRTH_OK);
    EXPECT_EQUAL(firth_reserve(stream->out, 1, &room) >= 1, 1);
    EXPECT_EQUAL(firth_commit(stream->out, 0), FIRTH_OK);
    EXPECT_EQUAL(firth_write_string(stream->out, "-"), FIRTH_OK);
    EXPECT_EQUAL(firth_reserve(stream->out, 1, &room) >= 1, 1);
    memcpy(room, "d", 1);
    EXPECT_EQUAL(firth_commit(stream->out, 1), FIRTH_OK);
    return expect_all(stream, "ab-d");
}

static int reserving_takes_1_to_the_capacity(test_stream *stream)
{
    size_t capacity = firth_write_capacity(stream->out);
    void *room;

    EXPECT_EQUAL(capacity, stream->block_bytes);
    EXPECT_EQUAL(firth_reserve(stream->out, 0, &room), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_reserve(stream->out, capacity + 1, &room), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_reserve(stream->out, SIZE_MAX, &room), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_reserve(stream->out, capacity, &room), capacity);
    return FIRTH_OK;
}

static int committing_more_than_was_shown_writes_nothing(test_stream *stream)
{
    void *room;
    int64_t fit;

    EXPECT_EQUAL(firth_commit(stream->out, 1), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_write_string(stream->out, "ab"), FIRTH_OK);
    EXPECT_EQUAL(firth_commit(stream->out, 1), FIRTH_ERR_ARGUMENT);
    fit = firth_reserve(stream->out, 1, &room);
    EXPECT(fit >= 1);
    EXPECT_EQUAL(firth_commit(stream->out, (size_t)fit + 1), FIRTH_ERR_ARGUMENT);
    return expect_all(stream, "ab");
}

static int reserve_whole_blocks(test_stream *stream, char *bytes)
{
    size_t capacity = firth_write_capacity(stream->out), at = 0;
    void *room;

    for (int i = 0; i < 4; i++) {
        EXPECT_EQUAL(firth_write(stream->out, bytes + at, 3), FIRTH_OK);
        EXPECT_EQUAL(firth_reserve(stream->out, capacity, &room), capacity);
        memcpy(room, bytes + at + 3, capacity);
        EXPECT_EQUAL(firth_commit(stream->out, capacity), FIRTH_OK);
        at += capacity + 3;
    }
    return FIRTH_OK;
}

static int reserving_a_whole_block_makes_room_first(test_stream *stream)
{
    return drained(stream, reserve_whole_blocks, 4 * (stream->block_bytes + 3));
}

static int start_flood(test_stream *stream, stream_flood *flood)
{
    EXPECT_EQUAL(stream_flood_start(stream, flood, UINT64_MAX, 256), FIRTH_OK);
    EXPECT(stream_until_waiting(stream, &flood->job));
    return FIRTH_OK;
}

static int a_full_channel_suspends_the_writer_and_reading_resumes_it(test_stream *stream)
{
    static stream_flood flood;
    static stream_drain drain;
    uint64_t full;

    EXPECT_EQUAL(start_flood(stream, &flood), FIRTH_OK);
    full = flood.written;
    if (stream->kind == STREAM_PIPE)
        EXPECT(full <= 2 * stream->block_bytes);
    EXPECT_EQUAL(stream_drain_start(stream, &drain), FIRTH_OK);
    while (flood.written == full)
        EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    flood.stop = true;
    EXPECT_EQUAL(stream_until(&flood.job.done), FIRTH_OK);
    EXPECT_EQUAL(flood.job.result, FIRTH_OK);
    EXPECT_EQUAL(firth_flush_and_close(stream->out), FIRTH_OK);
    EXPECT_EQUAL(stream_until(&drain.job.done), FIRTH_OK);
    EXPECT_EQUAL(drain.used, flood.written);
    EXPECT(!drain.wrong);
    return FIRTH_OK;
}

static int a_cancel_wakes_a_suspended_writer_with_the_cause(test_stream *stream)
{
    static stream_flood flood;

    EXPECT_EQUAL(start_flood(stream, &flood), FIRTH_OK);
    firth_write_cancel(stream->out, FIRTH_ERR_USER - 5);
    EXPECT_EQUAL(stream_until(&flood.job.done), FIRTH_OK);
    EXPECT_EQUAL(flood.job.result, FIRTH_ERR_USER - 5);
    EXPECT_EQUAL(firth_write(stream->out, "x", 1), FIRTH_ERR_USER - 5);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    static const stream_case cases[] = {
        STREAM_CASE(written_bytes_arrive_in_order),
        STREAM_CASE(pieces_are_written_as_one),
        STREAM_CASE(a_hundred_pieces_of_many_sizes_arrive_whole),
        STREAM_CASE(sizes_around_a_block_arrive_in_order),
        STREAM_CASE(a_format_of_any_length_is_written_whole),
        STREAM_CASE(a_format_with_bytes_before_it_in_the_buffer_keeps_the_order),
        STREAM_CASE(what_is_written_in_place_arrives),
        STREAM_CASE(reserving_takes_1_to_the_capacity),
        STREAM_CASE(committing_more_than_was_shown_writes_nothing),
        STREAM_CASE(reserving_a_whole_block_makes_room_first),
        STREAM_CASE(a_full_channel_suspends_the_writer_and_reading_resumes_it),
        STREAM_CASE(a_cancel_wakes_a_suspended_writer_with_the_cause),
    };

    return stream_main(argc, argv, "writing", cases, sizeof cases / sizeof *cases);
}
