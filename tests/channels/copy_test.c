/* SPDX-License-Identifier: Apache-2.0 */
/* firth_copy: from the stream of the case into a second one of the same kind. */
#include "stream.h"

#include <stdlib.h>

static const int cause = FIRTH_ERR_USER - 7;

/* Static, since jobs refer to it after a failed EXPECT has left the frame. */
static test_stream other;

static int copying_counts_flushes_and_leaves_the_destination_open(test_stream *stream)
{
    char bytes[16];

    EXPECT_EQUAL(stream_open_like(&other, stream), FIRTH_OK);
    EXPECT_EQUAL(stream_feed(stream, "abcdef", 6, 1), FIRTH_OK);
    firth_write_auto_flush(other.out, false);
    EXPECT_EQUAL(firth_copy(stream->in, other.out, FIRTH_NO_LIMIT), 6);
    EXPECT_EQUAL(firth_write_progress(other.out), 6);
    if (stream->kind == STREAM_TCP)
        EXPECT_EQUAL(firth_write_pending(other.out), 0);
    EXPECT_EQUAL(firth_read_fully(other.in, bytes, 6), 6);
    EXPECT_BYTES(bytes, "abcdef", 6);
    EXPECT_EQUAL(firth_copy(stream->in, other.out, FIRTH_NO_LIMIT), 0);
    EXPECT_EQUAL(stream_send(&other, "g", 1), FIRTH_OK);
    EXPECT_EQUAL(firth_read(other.in, bytes, 1), 1);
    stream_close(&other);
    return FIRTH_OK;
}

static int a_limit_leaves_the_rest(test_stream *stream)
{
    char bytes[16];

    EXPECT_EQUAL(stream_open_like(&other, stream), FIRTH_OK);
    EXPECT_EQUAL(stream_feed(stream, "abcdef", 6, 4), FIRTH_OK);
    EXPECT_EQUAL(firth_copy(stream->in, other.out, 0), 0);
    EXPECT_EQUAL(firth_copy(stream->in, other.out, 2), 2);
    EXPECT_EQUAL(firth_read_fully(other.in, bytes, 2), 2);
    EXPECT_BYTES(bytes, "ab", 2);
    EXPECT_EQUAL(firth_read(stream->in, bytes, 1), 1);
    EXPECT_EQUAL(bytes[0], 'c');
    EXPECT_EQUAL(firth_copy(stream->in, other.out, 10), 3);
    EXPECT_EQUAL(firth_flush_and_close(other.out), FIRTH_OK);
    EXPECT_EQUAL(firth_read_remaining(other.in, bytes, sizeof bytes), 3);
    EXPECT_BYTES(bytes, "def", 3);
    stream_close(&other);
    return FIRTH_OK;
}

/* What was written before and is still in the buffer goes out first. */
static int what_the_destination_has_buffered_goes_first(test_stream *stream)
{
    char bytes[16];

    EXPECT_EQUAL(stream_open_like(&other, stream), FIRTH_OK);
    EXPECT_EQUAL(firth_write_string(other.out, "01"), FIRTH_OK);
    EXPECT_EQUAL(stream_feed(stream, "abc", 3, 1), FIRTH_OK);
    EXPECT_EQUAL(firth_copy(stream->in, other.out, FIRTH_NO_LIMIT), 3);
    EXPECT_EQUAL(firth_flush_and_close(other.out), FIRTH_OK);
    EXPECT_EQUAL(firth_read_remaining(other.in, bytes, sizeof bytes), 5);
    EXPECT_BYTES(bytes, "01abc", 5);
    stream_close(&other);
    return FIRTH_OK;
}

/* The source ends without a clean end: a pipe's reader learns the cause, a socket's a reset. */
static int a_failing_source_fails_the_copy_and_cancels_the_destination(test_stream *stream)
{
    const int expected = stream->kind == STREAM_PIPE ? cause : FIRTH_ERR_RESET;
    char byte;

    EXPECT_EQUAL(stream_open_like(&other, stream), FIRTH_OK);
    firth_write_cancel(stream->out, cause);
    EXPECT_EQUAL(firth_copy(stream->in, other.out, FIRTH_NO_LIMIT), expected);
    EXPECT_EQUAL(firth_write(other.out, "x", 1), expected);
    EXPECT_EQUAL(firth_read(other.in, &byte, 1), expected);
    stream_close(&other);
    return FIRTH_OK;
}

static int64_t copy_into_other(stream_job *job)
{
    int64_t rc = firth_copy(job->stream->in, other.out, FIRTH_NO_LIMIT);

    job->progress = firth_write_progress(other.out);
    return rc;
}

static void break_destination(test_stream *stream)
{
    if (stream->kind == STREAM_PIPE) {
        firth_read_cancel(stream->in, cause);
    } else {
        firth_socket_abort(stream->far);
        stream->far = NULL;
    }
}

static int a_failing_destination_fails_the_copy_and_cancels_the_source(test_stream *stream)
{
    const int expected = stream->kind == STREAM_PIPE ? cause : FIRTH_ERR_RESET;
    static stream_job job;
    static stream_flood flood;
    char byte;

    EXPECT_EQUAL(stream_open_like(&other, stream), FIRTH_OK);
    job = (stream_job){.name = "copier", .operation = copy_into_other};
    EXPECT_EQUAL(stream_start(stream, stream->scope, &job), FIRTH_OK);
    EXPECT_EQUAL(stream_flood_start(stream, &flood, UINT64_MAX, 512), FIRTH_OK);
    EXPECT(stream_until_waiting(stream, &job));
    break_destination(&other);
    EXPECT_EQUAL(stream_until(&job.done), FIRTH_OK);
    EXPECT_EQUAL(job.result, expected);
    EXPECT_EQUAL(firth_read(stream->in, &byte, 1), expected);
    if (stream->kind == STREAM_PIPE) { /* a socket's writing side is not touched by the end of its reading */
        EXPECT_EQUAL(stream_until(&flood.job.done), FIRTH_OK);
        EXPECT_EQUAL(flood.job.result, expected);
    } else {
        firth_write_cancel(stream->out, cause);
    }
    EXPECT_EQUAL(stream_until(&flood.job.done), FIRTH_OK);
    stream_close(&other);
    return FIRTH_OK;
}

static int a_destination_closed_for_writing_cancels_the_source(test_stream *stream)
{
    char byte;

    EXPECT_EQUAL(stream_open_like(&other, stream), FIRTH_OK);
    EXPECT_EQUAL(firth_flush_and_close(other.out), FIRTH_OK);
    EXPECT_EQUAL(stream_send(stream, "abc", 3), FIRTH_OK);
    EXPECT_EQUAL(firth_copy(stream->in, other.out, FIRTH_NO_LIMIT), FIRTH_ERR_CLOSED);
    EXPECT_EQUAL(firth_write_progress(other.out), 0);
    EXPECT_EQUAL(firth_read(stream->in, &byte, 1), FIRTH_ERR_CLOSED);
    stream_close(&other);
    return FIRTH_OK;
}

/* Nobody reads the destination, so in the end the writer of the source is suspended; then all of it arrives. */
static int a_slow_destination_slows_the_source(test_stream *stream)
{
    static stream_job job;
    static stream_flood flood;
    static stream_drain drain;

    EXPECT_EQUAL(stream_open_like(&other, stream), FIRTH_OK);
    job = (stream_job){.name = "copier", .operation = copy_into_other};
    EXPECT_EQUAL(stream_start(stream, stream->scope, &job), FIRTH_OK);
    EXPECT_EQUAL(stream_flood_start(stream, &flood, UINT64_MAX, 1000), FIRTH_OK);
    EXPECT(stream_until_waiting(stream, &flood.job));
    EXPECT(!job.done);
    if (stream->kind == STREAM_PIPE)
        EXPECT(flood.written <= 4 * stream->block_bytes);
    EXPECT_EQUAL(stream_drain_start(&other, &drain), FIRTH_OK);
    flood.stop = true;
    EXPECT_EQUAL(stream_until(&flood.job.done), FIRTH_OK);
    EXPECT_EQUAL(firth_flush_and_close(stream->out), FIRTH_OK);
    EXPECT_EQUAL(stream_until(&job.done), FIRTH_OK);
    EXPECT_EQUAL(job.result, flood.written);
    EXPECT_EQUAL(firth_flush_and_close(other.out), FIRTH_OK);
    EXPECT_EQUAL(stream_until(&drain.job.done), FIRTH_OK);
    EXPECT_EQUAL(drain.used, flood.written);
    EXPECT(!drain.wrong);
    stream_close(&other);
    return FIRTH_OK;
}

/* Starts a copy in a scope of its own, lets it come to rest, and cancels that scope. */
static int copy_and_cancel(test_stream *stream, stream_job *job)
{
    firth_scope copying;

    *job = (stream_job){.name = "copier", .operation = copy_into_other};
    firth_scope_open(&copying, stream->scope, NULL);
    EXPECT_EQUAL(stream_start(stream, &copying, job), FIRTH_OK);
    EXPECT(stream_until_waiting(stream, job));
    EXPECT_EQUAL(firth_scope_close(&copying, FIRTH_ERR_CANCELED), FIRTH_OK);
    EXPECT(job->done);
    EXPECT_EQUAL(job->result, FIRTH_ERR_CANCELED);
    return FIRTH_OK;
}

/* Copies the rest of what the flood wrote and compares all that arrived. */
static int copy_the_rest(test_stream *stream, stream_flood *flood, uint64_t moved)
{
    static stream_job job;
    static stream_drain drain;

    EXPECT_EQUAL(stream_drain_start(&other, &drain), FIRTH_OK);
    job = (stream_job){.name = "copier", .operation = copy_into_other};
    EXPECT_EQUAL(stream_start(stream, stream->scope, &job), FIRTH_OK);
    flood->stop = true;
    EXPECT_EQUAL(stream_until(&flood->job.done), FIRTH_OK);
    EXPECT_EQUAL(flood->job.result, FIRTH_OK);
    EXPECT_EQUAL(firth_flush_and_close(stream->out), FIRTH_OK);
    EXPECT_EQUAL(stream_until(&job.done), FIRTH_OK);
    EXPECT_EQUAL(job.result, flood->written - moved);
    EXPECT_EQUAL(firth_flush_and_close(other.out), FIRTH_OK);
    EXPECT_EQUAL(stream_until(&drain.job.done), FIRTH_OK);
    EXPECT_EQUAL(drain.used, flood->written);
    EXPECT(!drain.wrong);
    return FIRTH_OK;
}

static int a_copy_cancelled_at_a_full_destination_can_go_on(test_stream *stream)
{
    static stream_job job;
    static stream_flood flood;

    EXPECT_EQUAL(stream_open_like(&other, stream), FIRTH_OK);
    EXPECT_EQUAL(stream_flood_start(stream, &flood, UINT64_MAX, 1000), FIRTH_OK);
    EXPECT_EQUAL(copy_and_cancel(stream, &job), FIRTH_OK);
    EXPECT(job.progress > 0);
    EXPECT_EQUAL(copy_the_rest(stream, &flood, job.progress), FIRTH_OK);
    stream_close(&other);
    return FIRTH_OK;
}

static int a_copy_cancelled_at_an_empty_source_can_go_on(test_stream *stream)
{
    static stream_job job;
    static stream_flood flood;

    EXPECT_EQUAL(stream_open_like(&other, stream), FIRTH_OK);
    EXPECT_EQUAL(stream_flood_start(stream, &flood, 5, 5), FIRTH_OK);
    EXPECT_EQUAL(stream_until(&flood.job.done), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(stream->out), FIRTH_OK);
    EXPECT_EQUAL(copy_and_cancel(stream, &job), FIRTH_OK);
    EXPECT_EQUAL(job.progress, 5);
    EXPECT_EQUAL(copy_the_rest(stream, &flood, job.progress), FIRTH_OK);
    stream_close(&other);
    return FIRTH_OK;
}

enum { CAUSE = FIRTH_ERR_USER - 3 };

/* The copy waits for the destination; the source ends under it. */
static int a_source_cancelled_while_the_destination_is_full_ends_both(test_stream *stream)
{
    static stream_job job;
    static stream_flood flood;

    EXPECT_EQUAL(stream_open_like(&other, stream), FIRTH_OK);
    EXPECT_EQUAL(stream_flood_start(stream, &flood, UINT64_MAX, 1000), FIRTH_OK);
    job = (stream_job){.name = "copier", .operation = copy_into_other};
    EXPECT_EQUAL(stream_start(stream, stream->scope, &job), FIRTH_OK);
    EXPECT(stream_until_waiting(stream, &flood.job));
    EXPECT(stream_until_waiting(stream, &job));
    flood.stop = true;
    firth_read_cancel(stream->in, CAUSE);
    EXPECT_EQUAL(stream_until(&job.done), FIRTH_OK);
    EXPECT_EQUAL(job.result, CAUSE);
    EXPECT_EQUAL(firth_write(other.out, "x", 1), CAUSE);
    firth_write_cancel(stream->out, CAUSE);
    EXPECT_EQUAL(stream_until(&flood.job.done), FIRTH_OK);
    stream_close(&other);
    return FIRTH_OK;
}

/* The copy waits for the source; the destination ends under it. */
static int a_destination_cancelled_while_the_source_is_empty_ends_both(test_stream *stream)
{
    static stream_job job;
    char byte;

    EXPECT_EQUAL(stream_open_like(&other, stream), FIRTH_OK);
    job = (stream_job){.name = "copier", .operation = copy_into_other};
    EXPECT_EQUAL(stream_start(stream, stream->scope, &job), FIRTH_OK);
    EXPECT(stream_until_waiting(stream, &job));
    firth_write_cancel(other.out, CAUSE);
    EXPECT_EQUAL(stream_until(&job.done), FIRTH_OK);
    EXPECT_EQUAL(job.result, CAUSE);
    EXPECT_EQUAL(firth_read(stream->in, &byte, 1), CAUSE);
    stream_close(&other);
    return FIRTH_OK;
}

static int64_t copy_alone(stream_job *job)
{
    return firth_copy(job->stream->in, other.out, FIRTH_NO_LIMIT);
}

static int closing_the_destination_while_the_source_is_empty_ends_the_copy_with_closed(test_stream *stream)
{
    static stream_job job;

    EXPECT_EQUAL(stream_open_like(&other, stream), FIRTH_OK);
    job = (stream_job){.name = "copier", .operation = copy_alone};
    EXPECT_EQUAL(stream_start(stream, stream->scope, &job), FIRTH_OK);
    EXPECT(stream_until_waiting(stream, &job));
    stream_close(&other);
    EXPECT_EQUAL(stream_until(&job.done), FIRTH_OK);
    EXPECT_EQUAL(job.result, FIRTH_ERR_CLOSED);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    static const stream_case cases[] = {
        STREAM_CASE(copying_counts_flushes_and_leaves_the_destination_open),
        STREAM_CASE(a_limit_leaves_the_rest),
        STREAM_CASE(what_the_destination_has_buffered_goes_first),
        STREAM_CASE(a_failing_source_fails_the_copy_and_cancels_the_destination),
        STREAM_CASE(a_failing_destination_fails_the_copy_and_cancels_the_source),
        STREAM_CASE(a_destination_closed_for_writing_cancels_the_source),
        STREAM_CASE(a_slow_destination_slows_the_source),
        STREAM_CASE(a_copy_cancelled_at_a_full_destination_can_go_on),
        STREAM_CASE(a_copy_cancelled_at_an_empty_source_can_go_on),
        STREAM_CASE(a_source_cancelled_while_the_destination_is_full_ends_both),
        STREAM_CASE(a_destination_cancelled_while_the_source_is_empty_ends_both),
        STREAM_CASE(closing_the_destination_while_the_source_is_empty_ends_the_copy_with_closed),
    };

    return stream_main(argc, argv, "copying", cases, sizeof cases / sizeof *cases);
}
