/* SPDX-License-Identifier: Apache-2.0 */
/* Buffers are held only while they hold bytes. With no block kept for the next use, every block is an allocation that
 * the hooks count. */
#include "stream.h"

#include <stdlib.h>

static int buffered_bytes_hold_a_block_until_the_last_is_read(test_stream *stream)
{
    size_t idle = support_allocations_live();
    char bytes[8];

    EXPECT_EQUAL(stream_send(stream, "abcdef", 6), FIRTH_OK);
    EXPECT_EQUAL(firth_await_content(stream->in, 6), 6);
    EXPECT_EQUAL(support_allocations_live(), idle + 1);
    EXPECT_EQUAL(firth_read(stream->in, bytes, 5), 5);
    EXPECT_EQUAL(support_allocations_live(), idle + 1);
    EXPECT_EQUAL(firth_read(stream->in, bytes, 1), 1);
    EXPECT_EQUAL(support_allocations_live(), idle);
    return FIRTH_OK;
}

static int written_bytes_hold_a_block_until_they_have_left(test_stream *stream)
{
    size_t idle = support_allocations_live();
    char bytes[8];

    firth_write_auto_flush(stream->out, false);
    EXPECT_EQUAL(firth_write(stream->out, "abc", 3), FIRTH_OK);
    EXPECT_EQUAL(support_allocations_live(), idle + 1);
    EXPECT_EQUAL(firth_flush(stream->out), FIRTH_OK);
    if (stream->kind == STREAM_TCP)
        EXPECT_EQUAL(support_allocations_live(), idle);
    EXPECT_EQUAL(firth_read_fully(stream->in, bytes, 3), 3);
    EXPECT_EQUAL(support_allocations_live(), idle);
    return FIRTH_OK;
}

static int64_t read_twice(stream_job *job)
{
    char bytes[4];

    EXPECT_EQUAL(firth_read(job->stream->in, bytes, 4), 3);
    job->size = 1; /* seen by the test: the second one begins */
    return firth_read(job->stream->in, bytes, 4);
}

static int a_suspended_reader_holds_no_block(test_stream *stream)
{
    static stream_job job;
    size_t waiting;

    job = (stream_job){.name = "reader", .operation = read_twice};
    EXPECT_EQUAL(stream_start(stream, stream->scope, &job), FIRTH_OK);
    EXPECT(stream_until_waiting(stream, &job));
    waiting = support_allocations_live();
    EXPECT_EQUAL(stream_send(stream, "abc", 3), FIRTH_OK);
    EXPECT(stream_until_waiting(stream, &job));
    EXPECT_EQUAL(job.size, 1);
    EXPECT_EQUAL(support_allocations_live(), waiting);
    EXPECT_EQUAL(firth_flush_and_close(stream->out), FIRTH_OK);
    return stream_until(&job.done);
}

/* Opening a stream allocates what it takes, but blocks come and go with the bytes. */
static int fifty_streams_hold_blocks_only_while_they_hold_bytes(test_stream *stream)
{
    static test_stream others[50];
    size_t idle;

    for (size_t i = 0; i < 50; i++)
        EXPECT_EQUAL(stream_open_like(&others[i], stream), FIRTH_OK);
    EXPECT_EQUAL(stream_settle(), FIRTH_OK);
    idle = support_allocations_live();
    for (size_t i = 0; i < 50; i++) {
        EXPECT_EQUAL(stream_send(&others[i], "abc", 3), FIRTH_OK);
        EXPECT_EQUAL(firth_await_content(others[i].in, 1), 3);
    }
    EXPECT_EQUAL(support_allocations_live(), idle + 50);
    for (size_t i = 0; i < 50; i++)
        EXPECT_EQUAL(firth_consume(others[i].in, 3), FIRTH_OK);
    EXPECT_EQUAL(support_allocations_live(), idle);
    for (size_t i = 0; i < 50; i++)
        stream_close(&others[i]);
    return FIRTH_OK;
}

/* Straight between the caller's memory and the kernel. What the kernel holds of a write this small it takes at once. */
static int64_t read_all(test_stream *stream, char *read, size_t size)
{
    size_t used = 0;

    while (used + stream->block_bytes <= size) { /* so every call has room for a block */
        int64_t count = firth_read(stream->in, read + used, size - used);

        if (count < 0)
            return count;
        used += (size_t)count;
    }
    return (int64_t)used;
}

static int a_large_read_takes_no_block(test_stream *stream)
{
    size_t size = 8 * stream->block_bytes, made = 0;
    char *sent = malloc(size), *read = malloc(size);
    int64_t rc = FIRTH_ERR_NO_MEMORY;
    bool same = false;

    if (sent != NULL && read != NULL) {
        support_fill(sent, size, 0);
        rc = firth_write(stream->out, sent, size);
        made = support_allocations_made();
        if (rc >= 0)
            rc = read_all(stream, read, size);
        made = support_allocations_made() - made;
        same = rc > 0 && support_is_filled(read, (size_t)rc, 0);
    }
    free(sent);
    free(read);
    EXPECT(rc > 0);
    EXPECT_EQUAL(made, 0);
    EXPECT(same);
    return FIRTH_OK;
}

static int a_large_write_takes_no_block(test_stream *stream)
{
    size_t size = 4 * stream->block_bytes, made;
    char *sent = calloc(1, size);
    int rc;

    EXPECT(sent != NULL);
    made = support_allocations_made();
    rc = firth_write(stream->out, sent, size);
    made = support_allocations_made() - made;
    free(sent);
    EXPECT_EQUAL(rc, FIRTH_OK);
    EXPECT_EQUAL(made, 0);
    EXPECT_EQUAL(firth_write_pending(stream->out), 0);
    return FIRTH_OK;
}

/* Having no memory for a block is an error of that call; the bytes stay where they are until there is some. */
static int no_memory_for_a_block_passes_and_loses_nothing(test_stream *stream)
{
    char bytes[8];
    int64_t rc;

    support_allocation_fail_at(1, true);
    rc = firth_write(stream->out, "abc", 3);
    support_allocation_fail_at(0, false);
    EXPECT(rc == FIRTH_OK || rc == FIRTH_ERR_NO_MEMORY);
    if (rc == FIRTH_ERR_NO_MEMORY) {
        EXPECT_EQUAL(firth_write_progress(stream->out), 0);
        EXPECT_EQUAL(firth_write(stream->out, "abc", 3), FIRTH_OK);
    }
    EXPECT_EQUAL(firth_flush(stream->out), FIRTH_OK);
    EXPECT_EQUAL(stream_settle(), FIRTH_OK);
    support_allocation_fail_at(1, true);
    rc = firth_await_content(stream->in, 2);
    support_allocation_fail_at(0, false);
    EXPECT(rc == 3 || rc == FIRTH_ERR_NO_MEMORY);
    if (stream->kind == STREAM_TCP)
        EXPECT_EQUAL(rc, FIRTH_ERR_NO_MEMORY);
    EXPECT_EQUAL(firth_read_fully(stream->in, bytes, 3), 3);
    EXPECT_BYTES(bytes, "abc", 3);
    return FIRTH_OK;
}

static int64_t format_long(stream_job *job)
{
    return firth_write_format(job->stream->out, "%0*d", (int)(3 * job->stream->block_bytes), 7);
}

static int a_long_format_holds_no_block_afterwards(test_stream *stream)
{
    static stream_job job;
    size_t idle = support_allocations_live();

    job = (stream_job){.name = "writer", .operation = format_long};
    EXPECT_EQUAL(stream_start(stream, stream->scope, &job), FIRTH_OK);
    EXPECT_EQUAL(firth_discard(stream->in, 3 * stream->block_bytes), 3 * stream->block_bytes);
    EXPECT_EQUAL(stream_until(&job.done), FIRTH_OK);
    EXPECT_EQUAL(job.result, FIRTH_OK);
    EXPECT_EQUAL(firth_flush(stream->out), FIRTH_OK);
    EXPECT_EQUAL(stream_settle(), FIRTH_OK);
    EXPECT(support_allocations_live() <= idle + 1); /* the ended task's stack slab is kept */
    return FIRTH_OK;
}

static int room_that_was_reserved_and_not_used_is_given_back(test_stream *stream)
{
    size_t idle = support_allocations_live();
    void *room;

    EXPECT(firth_reserve(stream->out, 10, &room) >= 10);
    EXPECT_EQUAL(support_allocations_live(), idle + 1);
    EXPECT_EQUAL(firth_flush(stream->out), FIRTH_OK);
    EXPECT_EQUAL(support_allocations_live(), idle);
    EXPECT_EQUAL(stream_send(stream, "abc", 3), FIRTH_OK);
    return firth_read_fully(stream->in, (char[3]){0}, 3) == 3 ? FIRTH_OK : FIRTH_ERR_USER;
}

int main(int argc, char **argv)
{
    static const stream_case cases[] = {
        STREAM_SMALL_CASE(buffered_bytes_hold_a_block_until_the_last_is_read),
        STREAM_SMALL_CASE(written_bytes_hold_a_block_until_they_have_left),
        STREAM_SMALL_CASE(a_suspended_reader_holds_no_block),
        STREAM_SMALL_CASE(fifty_streams_hold_blocks_only_while_they_hold_bytes),
        STREAM_SMALL_TCP_CASE(a_large_read_takes_no_block),
        STREAM_SMALL_TCP_CASE(a_large_write_takes_no_block),
        STREAM_SMALL_CASE(no_memory_for_a_block_passes_and_loses_nothing),
        STREAM_SMALL_CASE(a_long_format_holds_no_block_afterwards),
        STREAM_SMALL_CASE(room_that_was_reserved_and_not_used_is_given_back),
    };

    return stream_main(argc, argv, "blocks", cases, sizeof cases / sizeof *cases);
}
