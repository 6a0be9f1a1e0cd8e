/* SPDX-License-Identifier: Apache-2.0 */
/* A cancel or a deadline at every suspension point of every reading call. The bytes come one by one; after each of them
 * the call is interrupted once, and what it says it delivered together with what is then still to be read must be
 * exactly what was sent. */
#include "stream.h"

#include <stdio.h>
#include <stdlib.h>

enum { TEXT_SIZE = 10, ROOM = 64 };

static const char text[] = "abcdefgh\r\n";

typedef enum interruption {
    BY_CANCEL,      /* when the bytes have been seen and the reader waits again */
    BY_CANCEL_RACE, /* with one more byte on its way */
    BY_DEADLINE,
    INTERRUPTIONS,
} interruption;

/* One call in a scope of its own, and what it has taken out of the channel. */
typedef struct read_trial {
    size_t which;
    interruption how;
    firth_scope scope;
    bool inside; /* the scope is open and the call has begun */
    int64_t closed;
    char bytes[ROOM];
    size_t size;
} read_trial;

static int64_t take(stream_job *job, int64_t rc, size_t extra)
{
    ((read_trial *)job->bytes)->size = rc >= 0 ? (size_t)rc + extra : firth_read_progress(job->stream->in);
    return rc;
}

static char *room(stream_job *job)
{
    return ((read_trial *)job->bytes)->bytes;
}

static int64_t do_read(stream_job *job)
{
    return take(job, firth_read(job->stream->in, room(job), 4), 0);
}

static int64_t do_read_fully(stream_job *job)
{
    return take(job, firth_read_fully(job->stream->in, room(job), 8), 0);
}

static int64_t do_read_line(stream_job *job)
{
    int64_t rc = firth_read_line(job->stream->in, room(job), ROOM);

    if (rc == 8)
        memcpy(room(job) + 8, "\r\n", 2);
    return take(job, rc, 2);
}

static int64_t do_read_short_line(stream_job *job)
{
    int64_t rc = firth_read_line(job->stream->in, room(job), 5);

    return rc == FIRTH_ERR_TOO_LONG ? take(job, 4, 0) : take(job, rc, 2);
}

static int64_t do_read_until(stream_job *job)
{
    int64_t rc = firth_read_until(job->stream->in, "fgh", 3, room(job), ROOM);

    if (rc == 5)
        memcpy(room(job) + 5, "fgh", 3);
    return take(job, rc, 3);
}

static int64_t do_read_remaining(stream_job *job)
{
    return take(job, firth_read_remaining(job->stream->in, room(job), ROOM), 0);
}

static int64_t do_peek(stream_job *job)
{
    const void *seen;
    int64_t rc = firth_peek(job->stream->in, &seen);

    if (rc > 0) {
        memcpy(room(job), seen, (size_t)rc);
        EXPECT_EQUAL(firth_consume(job->stream->in, (size_t)rc), FIRTH_OK);
    }
    return take(job, rc, 0);
}

static int64_t do_await_content(stream_job *job)
{
    int64_t rc = firth_await_content(job->stream->in, 8);

    EXPECT_EQUAL(firth_read_progress(job->stream->in), 0);
    return take(job, rc < 0 ? rc : 0, 0);
}

static int64_t do_skip_if_found(stream_job *job)
{
    int rc = firth_skip_if_found(job->stream->in, text, 8);

    memcpy(room(job), text, 8);
    return take(job, rc == 1 ? 8 : rc, 0);
}

static int64_t do_discard(stream_job *job)
{
    int64_t rc = firth_discard(job->stream->in, 8);

    memcpy(room(job), text, 8);
    return take(job, rc, 0);
}

static int64_t do_read_integer(stream_job *job)
{
    uint64_t value = 0;
    int rc = firth_read_integer_be(job->stream->in, &value, 8);

    for (int i = 0; i < 8; i++)
        room(job)[i] = (char)(value >> (56 - 8 * i));
    return take(job, rc == FIRTH_OK ? 8 : rc, 0);
}

static const struct {
    const char *name;
    int64_t (*call)(stream_job *job);
    bool consumes_nothing_before_its_end;
} calls[] = {
    {"read", do_read, true},
    {"read_fully", do_read_fully, false},
    {"read_line", do_read_line, true},
    {"read_line too long", do_read_short_line, true},
    {"read_until", do_read_until, true},
    {"read_remaining", do_read_remaining, false},
    {"peek", do_peek, true},
    {"await_content", do_await_content, true},
    {"skip_if_found", do_skip_if_found, true},
    {"discard", do_discard, false},
    {"read_integer", do_read_integer, true},
};

static int64_t call_in_a_scope(stream_job *job)
{
    read_trial *trial = job->bytes;
    const firth_scope_options options = {.timeout_ms = trial->how == BY_DEADLINE ? 2 : 0};
    int64_t rc;

    firth_scope_open(&trial->scope, firth_scope_current(), &options);
    trial->inside = true;
    rc = calls[trial->which].call(job);
    trial->inside = false;
    trial->closed = firth_scope_close(&trial->scope, rc < 0 ? (int)rc : FIRTH_OK);
    return rc;
}

/* What was taken and what is still there are the text, once. */
static int expect_whole(test_stream *stream, const read_trial *trial, size_t sent)
{
    char rest[ROOM];
    int64_t count;

    EXPECT_EQUAL(firth_write(stream->out, text + sent, TEXT_SIZE - sent), FIRTH_OK);
    EXPECT_EQUAL(firth_flush_and_close(stream->out), FIRTH_OK);
    count = firth_read_remaining(stream->in, rest, sizeof rest);
    EXPECT_EQUAL(count, TEXT_SIZE - trial->size);
    EXPECT_BYTES(trial->bytes, text, trial->size);
    EXPECT_BYTES(rest, text + trial->size, (size_t)count);
    return stream_reopen(stream);
}

/* The call ended by itself, or by the interruption in the way the interface promises. */
static int expect_ending(const read_trial *trial, const stream_job *job)
{
    if (job->result != FIRTH_ERR_CANCELED) {
        EXPECT(job->result >= 0 || job->result == FIRTH_ERR_TOO_LONG);
        return FIRTH_OK;
    }
    EXPECT_EQUAL(trial->closed, trial->how == BY_DEADLINE ? FIRTH_ERR_TIMED_OUT : FIRTH_OK);
    if (calls[trial->which].consumes_nothing_before_its_end)
        EXPECT_EQUAL(trial->size, 0);
    return FIRTH_OK;
}

/* sent bytes arrive one by one while the call waits for more; then it is interrupted. */
static int interrupt_after(test_stream *stream, size_t which, size_t sent, interruption how)
{
    static stream_job job;
    static read_trial trial;

    job = (stream_job){.name = "reader", .operation = call_in_a_scope, .bytes = &trial};
    memset(&trial, 0, sizeof trial);
    trial.which = which;
    trial.how = how;
    EXPECT_EQUAL(stream_start(stream, stream->scope, &job), FIRTH_OK);
    for (size_t i = 0; i < sent; i++)
        EXPECT_EQUAL(stream_send(stream, &text[i], 1), FIRTH_OK);
    if (how == BY_CANCEL_RACE) {
        EXPECT_EQUAL(firth_write(stream->out, &text[sent++], 1), FIRTH_OK);
        EXPECT_EQUAL(firth_flush(stream->out), FIRTH_OK);
    }
    if (how != BY_DEADLINE && trial.inside)
        firth_scope_cancel(&trial.scope);
    if (how == BY_CANCEL && !job.done)
        EXPECT(trial.inside);
    EXPECT_EQUAL(stream_until(&job.done), FIRTH_OK);
    EXPECT_EQUAL(expect_ending(&trial, &job), FIRTH_OK);
    return expect_whole(stream, &trial, sent);
}

static int interrupt_everywhere(test_stream *stream, interruption how)
{
    for (size_t which = 0; which < sizeof calls / sizeof *calls; which++)
        for (size_t sent = 0; sent < TEXT_SIZE; sent++)
            if (interrupt_after(stream, which, sent, how) < 0) {
                fprintf(stderr, "%s, interrupted after %zu bytes\n", calls[which].name, sent);
                return FIRTH_ERR_USER;
            }
    return FIRTH_OK;
}

static int a_cancel_at_every_suspension_point_loses_no_byte(test_stream *stream)
{
    return interrupt_everywhere(stream, BY_CANCEL);
}

static int a_cancel_that_races_with_a_byte_loses_no_byte(test_stream *stream)
{
    return interrupt_everywhere(stream, BY_CANCEL_RACE);
}

static int a_deadline_at_every_suspension_point_loses_no_byte(test_stream *stream)
{
    return interrupt_everywhere(stream, BY_DEADLINE);
}

/* A line longer than the channel's capacity is taken piece by piece, so here progress must tell what is in it. */
static int64_t do_read_long_line(stream_job *job)
{
    int64_t rc = firth_read_line(job->stream->in, job->bytes, job->size);

    job->progress = firth_read_progress(job->stream->in);
    return rc;
}

static int interrupt_long_line(test_stream *stream, char *sent, char *line, size_t size, size_t first)
{
    static stream_job job;
    firth_scope reading;

    job = (stream_job){.name = "reader", .operation = do_read_long_line, .bytes = line, .size = size};
    memset(sent, 'a', size);
    sent[size - 2] = '\n';
    firth_scope_open(&reading, stream->scope, NULL);
    EXPECT_EQUAL(stream_start(stream, &reading, &job), FIRTH_OK);
    EXPECT_EQUAL(stream_feed_open(stream, sent, first, stream->block_bytes / 2), FIRTH_OK);
    EXPECT_EQUAL(stream_until(&stream->fed), FIRTH_OK);
    EXPECT(stream_until_waiting(stream, &job));
    EXPECT_EQUAL(firth_scope_close(&reading, FIRTH_ERR_CANCELED), FIRTH_OK);
    EXPECT_EQUAL(job.result, FIRTH_ERR_CANCELED);
    EXPECT(job.progress <= first);
    EXPECT_EQUAL(stream_feed(stream, sent + first, size - 1 - first, 0), FIRTH_OK);
    EXPECT_EQUAL(firth_read_line(stream->in, line + job.progress, size - job.progress), size - 2 - job.progress);
    EXPECT_BYTES(line, sent, size - 2);
    EXPECT_EQUAL(firth_read(stream->in, line, 1), FIRTH_EOF);
    return stream_reopen(stream);
}

static int progress_tells_what_is_in_a_line_longer_than_the_capacity(test_stream *stream)
{
    size_t capacity = firth_read_capacity(stream->in), size = 4 * capacity;
    const size_t firsts[] = {0, 1, capacity - 1, capacity, capacity + 1, 2 * capacity, 3 * capacity + 7};
    char *sent = malloc(size), *line = malloc(size);
    int rc = sent != NULL && line != NULL ? FIRTH_OK : FIRTH_ERR_NO_MEMORY;

    for (size_t i = 0; i < sizeof firsts / sizeof *firsts && rc >= 0; i++)
        rc = interrupt_long_line(stream, sent, line, size, firsts[i]);
    free(sent);
    free(line);
    return rc;
}

/* Cancelled already: the answer comes at once, and takes nothing, however much there is to read. */
static int in_a_cancelled_scope_nothing_is_taken(test_stream *stream)
{
    firth_scope reading;
    char bytes[8];

    EXPECT_EQUAL(stream_send(stream, "abc", 3), FIRTH_OK);
    EXPECT_EQUAL(firth_await_content(stream->in, 3), 3);
    firth_scope_open(&reading, stream->scope, NULL);
    firth_scope_cancel(&reading);
    for (int i = 0; i < 1000; i++)
        EXPECT_EQUAL(firth_read(stream->in, bytes, 3), FIRTH_ERR_CANCELED);
    EXPECT_EQUAL(firth_scope_close(&reading, FIRTH_ERR_CANCELED), FIRTH_OK);
    EXPECT_EQUAL(firth_read(stream->in, bytes, 3), 3);
    EXPECT_BYTES(bytes, "abc", 3);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    static const stream_case cases[] = {
        STREAM_CASE(a_cancel_at_every_suspension_point_loses_no_byte),
        STREAM_CASE(a_cancel_that_races_with_a_byte_loses_no_byte),
        STREAM_CASE(a_deadline_at_every_suspension_point_loses_no_byte),
        STREAM_CASE(progress_tells_what_is_in_a_line_longer_than_the_capacity),
        STREAM_CASE(in_a_cancelled_scope_nothing_is_taken),
    };

    return stream_main(argc, argv, "interrupted reads", cases, sizeof cases / sizeof *cases);
}
