/* SPDX-License-Identifier: Apache-2.0 */
/* A cancel or a deadline while a writing call waits for room. What it says it wrote, and no more, must arrive; the next
 * call goes on where it stopped. */
#include "stream.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct write_trial {
    size_t which;
    int64_t timeout_ms;
    firth_scope scope;
    uint64_t offset; /* in the endless stream of support_fill */
    char *bytes;     /* size of them, from offset */
    size_t size;
    size_t written;
    bool inside;
    int64_t closed;
} write_trial;

static int64_t do_write(const stream_job *job, write_trial *trial)
{
    int rc = firth_write(job->stream->out, trial->bytes, trial->size);

    trial->written = firth_write_progress(job->stream->out);
    return rc;
}

static int64_t do_write_vector(const stream_job *job, write_trial *trial)
{
    size_t third = trial->size / 3;
    const firth_buffer pieces[] = {
        {trial->bytes, third},
        {trial->bytes + third, third},
        {trial->bytes + 2 * third, trial->size - 2 * third},
    };
    int rc = firth_write_vector(job->stream->out, pieces, 3);

    trial->written = firth_write_progress(job->stream->out);
    return rc;
}

static int64_t do_reserve(const stream_job *job, write_trial *trial)
{
    size_t capacity = firth_write_capacity(job->stream->out);
    void *room;
    int64_t fit = firth_reserve(job->stream->out, capacity, &room);

    trial->written = 0;
    if (fit < 0)
        return fit;
    memcpy(room, trial->bytes, capacity);
    trial->written = capacity;
    return firth_commit(job->stream->out, capacity);
}

/* Integers until one has to wait. */
static int64_t do_write_integers(const stream_job *job, write_trial *trial)
{
    int rc = FIRTH_OK;

    trial->written = 0;
    while (rc >= 0 && trial->written + 8 <= trial->size) {
        uint64_t value = 0;

        for (size_t i = 0; i < 8; i++)
            value = value << 8 | (uint8_t)trial->bytes[trial->written + i];
        rc = firth_write_integer_be(job->stream->out, value, 8);
        trial->written += firth_write_progress(job->stream->out);
    }
    return rc;
}

static int64_t do_flush(const stream_job *job, write_trial *trial)
{
    trial->written = 0;
    return firth_flush(job->stream->out);
}

static const struct {
    const char *name;
    int64_t (*call)(const stream_job *job, write_trial *trial);
} calls[] = {
    {"write", do_write},     {"write_vector", do_write_vector},
    {"reserve", do_reserve}, {"write_integer", do_write_integers},
    {"flush", do_flush},
};

static int64_t call_in_a_scope(stream_job *job)
{
    write_trial *trial = job->bytes;
    const firth_scope_options options = {.timeout_ms = trial->timeout_ms};
    int64_t rc;

    firth_scope_open(&trial->scope, firth_scope_current(), &options);
    trial->inside = true;
    rc = calls[trial->which].call(job, trial);
    trial->inside = false;
    trial->closed = firth_scope_close(&trial->scope, rc < 0 ? (int)rc : FIRTH_OK);
    return rc;
}

/* Fills the channel and all that is behind it, by writes that are interrupted in the end. */
static int fill(test_stream *stream, uint64_t *offset)
{
    static stream_flood flood;
    firth_scope filling, *outer = stream->scope;

    firth_scope_open(&filling, outer, NULL);
    stream->scope = &filling;
    EXPECT_EQUAL(stream_flood_start(stream, &flood, UINT64_MAX, 600), FIRTH_OK);
    EXPECT(stream_until_waiting(stream, &flood.job));
    stream->scope = outer;
    EXPECT_EQUAL(firth_scope_close(&filling, FIRTH_ERR_CANCELED), FIRTH_OK);
    EXPECT_EQUAL(flood.job.result, FIRTH_ERR_CANCELED);
    *offset = flood.written;
    return FIRTH_OK;
}

static int64_t finish(stream_job *job)
{
    const write_trial *trial = job->bytes;
    int rc = firth_write(job->stream->out, trial->bytes + trial->written, trial->size - trial->written);

    return rc < 0 ? rc : firth_flush_and_close(job->stream->out);
}

/* Writes the rest and compares all that arrives from there on. */
static int expect_whole(test_stream *stream, write_trial *trial, uint64_t read)
{
    static stream_job job;
    const void *seen;
    int64_t count;

    job = (stream_job){.name = "finisher", .operation = finish, .bytes = trial};
    EXPECT_EQUAL(stream_start(stream, stream->scope, &job), FIRTH_OK);
    while ((count = firth_peek(stream->in, &seen)) > 0) {
        EXPECT(support_is_filled(seen, (size_t)count, read));
        EXPECT_EQUAL(firth_consume(stream->in, (size_t)count), FIRTH_OK);
        read += (uint64_t)count;
    }
    EXPECT_EQUAL(count, FIRTH_EOF);
    EXPECT_EQUAL(read, trial->offset + trial->size);
    EXPECT_EQUAL(stream_until(&job.done), FIRTH_OK);
    EXPECT_EQUAL(job.result, FIRTH_OK);
    return FIRTH_OK;
}

static int expect_ending(const write_trial *trial, const stream_job *job)
{
    if (job->result != FIRTH_ERR_CANCELED) {
        EXPECT_EQUAL(job->result, FIRTH_OK);
        return FIRTH_OK;
    }
    EXPECT_EQUAL(trial->closed, trial->timeout_ms != 0 ? FIRTH_ERR_TIMED_OUT : FIRTH_OK);
    return FIRTH_OK;
}

/* The call waits at a full channel; `first` bytes are read, which may let it go on for a while; then it ends. */
static int interrupt_after(test_stream *stream, write_trial *trial, size_t first)
{
    static stream_job job;
    char byte;

    EXPECT_EQUAL(fill(stream, &trial->offset), FIRTH_OK);
    if (first > trial->offset)
        first = (size_t)trial->offset;
    support_fill(trial->bytes, trial->size, trial->offset);
    job = (stream_job){.name = "writer", .operation = call_in_a_scope, .bytes = trial};
    EXPECT_EQUAL(stream_start(stream, stream->scope, &job), FIRTH_OK);
    for (size_t i = 0; i < first; i++) {
        EXPECT_EQUAL(firth_read(stream->in, &byte, 1), 1);
        EXPECT(support_is_filled(&byte, 1, i));
    }
    EXPECT_EQUAL(stream_settle(), FIRTH_OK);
    if (trial->timeout_ms == 0 && trial->inside)
        firth_scope_cancel(&trial->scope);
    EXPECT_EQUAL(stream_until(&job.done), FIRTH_OK);
    EXPECT_EQUAL(expect_ending(trial, &job), FIRTH_OK);
    EXPECT(trial->written <= trial->size);
    EXPECT_EQUAL(expect_whole(stream, trial, first), FIRTH_OK);
    return stream_reopen(stream);
}

static int interrupt_everywhere(test_stream *stream, int64_t timeout_ms)
{
    static write_trial trial;
    size_t block = stream->block_bytes;
    const size_t firsts[] = {0, 1, 7, 8, block / 2, block - 1, block, block + 1, 2 * block, 3 * block};
    int rc = FIRTH_OK;

    for (size_t which = 0; which < sizeof calls / sizeof *calls && rc >= 0; which++)
        for (size_t i = 0; i < sizeof firsts / sizeof *firsts && rc >= 0; i++) {
            trial = (write_trial){.which = which, .timeout_ms = timeout_ms, .size = 3 * block + 5};
            trial.bytes = malloc(trial.size);
            rc = trial.bytes != NULL ? interrupt_after(stream, &trial, firsts[i]) : FIRTH_ERR_NO_MEMORY;
            free(trial.bytes);
            if (rc < 0)
                fprintf(stderr, "%s, interrupted after %zu bytes were read\n", calls[which].name, firsts[i]);
        }
    return rc;
}

static int a_cancel_while_a_write_waits_loses_no_byte(test_stream *stream)
{
    return interrupt_everywhere(stream, 0);
}

static int a_deadline_while_a_write_waits_loses_no_byte(test_stream *stream)
{
    return interrupt_everywhere(stream, 3);
}

static int in_a_cancelled_scope_nothing_is_written(test_stream *stream)
{
    firth_scope writing;
    void *room;
    char bytes[4];

    firth_write_auto_flush(stream->out, false);
    firth_scope_open(&writing, stream->scope, NULL);
    firth_scope_cancel(&writing);
    EXPECT_EQUAL(firth_write_string(stream->out, "abc"), FIRTH_ERR_CANCELED);
    EXPECT_EQUAL(firth_write_progress(stream->out), 0);
    EXPECT_EQUAL(firth_write_format(stream->out, "%d", 1), FIRTH_ERR_CANCELED);
    EXPECT_EQUAL(firth_reserve(stream->out, 1, &room), FIRTH_ERR_CANCELED);
    EXPECT_EQUAL(firth_flush(stream->out), FIRTH_ERR_CANCELED);
    EXPECT_EQUAL(firth_flush_and_close(stream->out), FIRTH_ERR_CANCELED);
    EXPECT_EQUAL(firth_write_pending(stream->out), 0);
    EXPECT_EQUAL(firth_scope_close(&writing, FIRTH_ERR_CANCELED), FIRTH_OK);
    EXPECT_EQUAL(stream_send(stream, "abc", 3), FIRTH_OK);
    EXPECT_EQUAL(firth_read_fully(stream->in, bytes, 3), 3);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    static const stream_case cases[] = {
        STREAM_CASE(a_cancel_while_a_write_waits_loses_no_byte),
        STREAM_CASE(a_deadline_while_a_write_waits_loses_no_byte),
        STREAM_CASE(in_a_cancelled_scope_nothing_is_written),
    };

    return stream_main(argc, argv, "interrupted writes", cases, sizeof cases / sizeof *cases);
}
