/* SPDX-License-Identifier: Apache-2.0 */
/* When written bytes leave. On TCP the kernel is asked how many segments with data it sent (tcp_info, Linux 4.6). */
#include "stream.h"

#ifdef __linux__
#include <linux/tcp.h>
#endif
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static int64_t segments_sent(const test_stream *stream)
{
#ifdef __linux__
    struct tcp_info info = {0};
    socklen_t size = sizeof info;

    if (getsockopt((int)firth_socket_descriptor(stream->near), IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
        return FIRTH_ERR_USER;
    return info.tcpi_data_segs_out;
#else /* nobody tells */
    (void)stream;
    return FIRTH_ERR_USER;
#endif
}

/* Bytes that the kernel has for the other end and that nobody has read. */
static int64_t arrived(const test_stream *stream)
{
    int count = 0;

    if (ioctl((int)firth_socket_descriptor(stream->far), FIONREAD, &count) != 0)
        return FIRTH_ERR_USER;
    return count;
}

static int write_ten(test_stream *stream, bool flush_each)
{
    for (int i = 0; i < 10; i++) {
        EXPECT_EQUAL(firth_write(stream->out, "abc", 3), FIRTH_OK);
        if (flush_each)
            EXPECT_EQUAL(firth_flush(stream->out), FIRTH_OK);
    }
    return FIRTH_OK;
}

static int ten_small_writes_between_two_suspensions_leave_as_one_segment(test_stream *stream)
{
    int64_t before = segments_sent(stream);

    firth_write_auto_flush(stream->out, true);
    EXPECT_EQUAL(write_ten(stream, false), FIRTH_OK);
    EXPECT_EQUAL(firth_write_pending(stream->out), 30);
    EXPECT_EQUAL(segments_sent(stream), before);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    EXPECT_EQUAL(firth_write_pending(stream->out), 0);
    EXPECT_EQUAL(segments_sent(stream), before + 1);
    EXPECT_EQUAL(arrived(stream), 30);
    return FIRTH_OK;
}

/* The yardstick of the case above: without coalescing there are ten. */
static int ten_flushed_writes_leave_as_ten_segments(test_stream *stream)
{
    int64_t before = segments_sent(stream);

    EXPECT_EQUAL(write_ten(stream, true), FIRTH_OK);
    EXPECT_EQUAL(segments_sent(stream), before + 10);
    return FIRTH_OK;
}

static int without_auto_flush_nothing_leaves_by_itself(test_stream *stream)
{
    firth_write_auto_flush(stream->out, false);
    EXPECT_EQUAL(write_ten(stream, false), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep(20), FIRTH_OK);
    EXPECT_EQUAL(stream_settle(), FIRTH_OK);
    EXPECT_EQUAL(arrived(stream), 0);
    EXPECT_EQUAL(firth_write_pending(stream->out), 30);
    EXPECT_EQUAL(firth_flush(stream->out), FIRTH_OK);
    EXPECT_EQUAL(arrived(stream), 30);
    EXPECT_EQUAL(firth_write_pending(stream->out), 0);
    return FIRTH_OK;
}

static int auto_flush_can_be_turned_on_and_off(test_stream *stream)
{
    firth_write_auto_flush(stream->out, false);
    EXPECT_EQUAL(firth_write(stream->out, "abc", 3), FIRTH_OK);
    firth_write_auto_flush(stream->out, true);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    EXPECT_EQUAL(arrived(stream), 3);
    EXPECT_EQUAL(firth_write(stream->out, "abc", 3), FIRTH_OK);
    firth_write_auto_flush(stream->out, false);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    EXPECT_EQUAL(arrived(stream), 3);
    return FIRTH_OK;
}

static int64_t read_some(stream_job *job)
{
    char bytes[64];

    return firth_read(job->stream->in, bytes, sizeof bytes);
}

/* A reader that waits is not woken before the bytes are meant for it. */
static int without_auto_flush_a_suspended_reader_sleeps_on(test_stream *stream)
{
    static stream_job job;

    firth_write_auto_flush(stream->out, false);
    job = (stream_job){.name = "reader", .operation = read_some};
    EXPECT_EQUAL(stream_start(stream, stream->scope, &job), FIRTH_OK);
    EXPECT(stream_until_waiting(stream, &job));
    EXPECT_EQUAL(write_ten(stream, false), FIRTH_OK);
    EXPECT(stream_until_waiting(stream, &job));
    EXPECT_EQUAL(firth_flush(stream->out), FIRTH_OK);
    EXPECT_EQUAL(stream_until(&job.done), FIRTH_OK);
    EXPECT_EQUAL(job.result, 30);
    return FIRTH_OK;
}

static int64_t write_and_sleep(stream_job *job)
{
    int rc = firth_write_string(job->stream->out, "abc");

    return rc < 0 ? rc : firth_sleep(600 * 1000);
}

static int64_t write_and_end(stream_job *job)
{
    return firth_write_string(job->stream->out, "abc");
}

static int do_nothing(void *argument)
{
    (void)argument;
    return FIRTH_OK;
}

static int64_t write_and_block(stream_job *job)
{
    int rc = firth_write_string(job->stream->out, "abc");

    return rc < 0 ? rc : firth_blocking(do_nothing, NULL);
}

static int64_t write_and_read(stream_job *job)
{
    firth_pipe *never;
    char byte;
    int64_t rc = firth_pipe_open(job->stream->selector, &never);

    if (rc < 0)
        return rc;
    rc = firth_write_string(job->stream->out, "abc");
    if (rc >= 0)
        rc = firth_read(firth_pipe_input(never), &byte, 1);
    firth_pipe_close(never);
    return rc;
}

/* Whatever suspends the task, or ends it, the reader gets the bytes. */
static int auto_flush_happens_at_every_kind_of_suspension(test_stream *stream)
{
    static int64_t (*const operations[])(stream_job * job) = {write_and_sleep, write_and_end, write_and_block,
                                                              write_and_read};
    static stream_job job;
    char bytes[3];

    firth_write_auto_flush(stream->out, true);
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        firth_scope writing;

        firth_scope_open(&writing, stream->scope, NULL);
        job = (stream_job){.name = "writer", .operation = operations[i]};
        EXPECT_EQUAL(stream_start(stream, &writing, &job), FIRTH_OK);
        EXPECT_EQUAL(firth_read_fully(stream->in, bytes, 3), 3);
        EXPECT_EQUAL(firth_scope_close(&writing, FIRTH_ERR_CANCELED), FIRTH_OK);
    }
    return FIRTH_OK;
}

static int a_full_buffer_leaves_without_a_flush(test_stream *stream)
{
    size_t capacity = firth_write_capacity(stream->out);
    char *bytes = calloc(1, capacity + 1);
    int rc = FIRTH_ERR_NO_MEMORY;

    firth_write_auto_flush(stream->out, false);
    if (bytes != NULL)
        rc = firth_write(stream->out, bytes, capacity - 1);
    if (rc >= 0)
        rc = firth_write(stream->out, bytes, 2);
    free(bytes);
    EXPECT_EQUAL(rc, FIRTH_OK);
    EXPECT_EQUAL(stream_settle(), FIRTH_OK);
    EXPECT((size_t)arrived(stream) >= capacity);
    return FIRTH_OK;
}

static int a_flush_hands_all_over(test_stream *stream)
{
    EXPECT_EQUAL(firth_flush(stream->out), FIRTH_OK);
    EXPECT_EQUAL(firth_write_string(stream->out, "abc"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(stream->out), FIRTH_OK);
    EXPECT_EQUAL(firth_write_pending(stream->out), 0);
    EXPECT_EQUAL(arrived(stream), 3);
    return FIRTH_OK;
}

/* The peer is gone when the auto-flush runs; nobody is there to be told but the next call, and it must be told. */
static int the_error_of_an_auto_flush_is_returned_by_the_next_call(test_stream *stream)
{
    firth_write_auto_flush(stream->out, true);
    firth_socket_abort(stream->far);
    stream->far = NULL;
    EXPECT_EQUAL(firth_write_string(stream->out, "abc"), FIRTH_OK);
    EXPECT_EQUAL(stream_settle(), FIRTH_OK);
    EXPECT_EQUAL(firth_write_string(stream->out, "def"), FIRTH_ERR_RESET);
    EXPECT_EQUAL(firth_write_string(stream->out, "def"), FIRTH_ERR_RESET);
    EXPECT_EQUAL(firth_flush(stream->out), FIRTH_ERR_RESET);
    EXPECT_EQUAL(firth_flush_and_close(stream->out), FIRTH_ERR_RESET);
    EXPECT_EQUAL(firth_write_pending(stream->out), 0);
    return FIRTH_OK;
}

static int the_error_of_an_auto_flush_is_returned_by_a_flush(test_stream *stream)
{
    firth_write_auto_flush(stream->out, true);
    firth_socket_abort(stream->far);
    stream->far = NULL;
    EXPECT_EQUAL(firth_write_string(stream->out, "abc"), FIRTH_OK);
    EXPECT_EQUAL(stream_settle(), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(stream->out), FIRTH_ERR_RESET);
    return FIRTH_OK;
}

/* Auto-flush meets a full kernel: it may not wait, and what did not fit must not be lost. */
static int an_auto_flush_that_does_not_fit_loses_nothing(test_stream *stream)
{
    static stream_flood flood;
    static stream_drain drain;

    firth_write_auto_flush(stream->out, true);
    EXPECT_EQUAL(stream_flood_start(stream, &flood, UINT64_MAX, 100), FIRTH_OK);
    EXPECT(stream_until_waiting(stream, &flood.job));
    flood.stop = true;
    EXPECT_EQUAL(stream_drain_start(stream, &drain), FIRTH_OK);
    EXPECT_EQUAL(stream_until(&flood.job.done), FIRTH_OK);
    EXPECT_EQUAL(flood.job.result, FIRTH_OK);
    while (drain.used < flood.written) /* the last bytes leave with no flush of ours */
        EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    EXPECT_EQUAL(firth_flush_and_close(stream->out), FIRTH_OK);
    EXPECT_EQUAL(stream_until(&drain.job.done), FIRTH_OK);
    EXPECT(!drain.wrong);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    static const stream_case cases[] = {
        STREAM_TCP_CASE(ten_small_writes_between_two_suspensions_leave_as_one_segment),
        STREAM_TCP_CASE(ten_flushed_writes_leave_as_ten_segments),
        STREAM_TCP_CASE(without_auto_flush_nothing_leaves_by_itself),
        STREAM_TCP_CASE(auto_flush_can_be_turned_on_and_off),
        STREAM_CASE(without_auto_flush_a_suspended_reader_sleeps_on),
        STREAM_CASE(auto_flush_happens_at_every_kind_of_suspension),
        STREAM_TCP_CASE(a_full_buffer_leaves_without_a_flush),
        STREAM_TCP_CASE(a_flush_hands_all_over),
        STREAM_TCP_CASE(the_error_of_an_auto_flush_is_returned_by_the_next_call),
        STREAM_TCP_CASE(the_error_of_an_auto_flush_is_returned_by_a_flush),
        STREAM_CASE(an_auto_flush_that_does_not_fit_loses_nothing),
    };

    return stream_main(argc, argv, "flushing", cases, sizeof cases / sizeof *cases);
}
