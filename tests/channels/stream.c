/* SPDX-License-Identifier: Apache-2.0 */
#include "stream.h"

#include <stdio.h>
#include <stdlib.h>

/* No body takes this long, whatever slows the machine down; a hang becomes a failure with a name. */
enum { BODY_LIMIT_MS = 120 * 1000, VARIANTS_MAX = 4, NAME_BYTES = 160, SMALL_BLOCK_BYTES = 512 };

typedef struct stream_variant {
    const stream_case *which;
    stream_kind kind;
    size_t block_bytes;
    char name[NAME_BYTES];
} stream_variant;

static int open_ends(test_stream *stream)
{
    int rc;

    if (stream->kind == STREAM_PIPE) {
        if ((rc = firth_pipe_open(stream->selector, &stream->pipe)) < 0)
            return rc;
        stream->in = firth_pipe_input(stream->pipe);
        stream->out = firth_pipe_output(stream->pipe);
        return FIRTH_OK;
    }
    if ((rc = support_pair(stream->scope, &stream->near, &stream->far)) < 0)
        return rc;
    stream->in = firth_socket_input(stream->far);
    stream->out = firth_socket_output(stream->near);
    return FIRTH_OK;
}

void stream_close(test_stream *stream)
{
    firth_pipe_close(stream->pipe);
    firth_socket_abort(stream->near);
    firth_socket_abort(stream->far);
    stream->pipe = NULL;
    stream->near = stream->far = NULL;
    stream->in = NULL;
    stream->out = NULL;
}

int stream_reopen(test_stream *stream)
{
    int rc = stream_until(&stream->fed);

    if (rc < 0)
        return rc;
    stream_close(stream);
    return open_ends(stream);
}

int stream_open_like(test_stream *other, const test_stream *model)
{
    memset(other, 0, sizeof *other);
    other->scope = model->scope;
    other->selector = model->selector;
    other->kind = model->kind;
    other->block_bytes = model->block_bytes;
    other->fed = true;
    return open_ends(other);
}

static int run_case(firth_scope *scope, void *argument)
{
    const stream_variant *variant = argument;
    const firth_scope_options options = {.timeout_ms = BODY_LIMIT_MS, .name = variant->name};
    test_stream stream = {.kind = variant->kind, .block_bytes = variant->block_bytes, .fed = true};
    firth_scope inner;
    int rc;

    stream.scope = scope;
    stream.selector = firth_scope_selector(scope);
    if ((rc = open_ends(&stream)) < 0)
        return rc;
    firth_scope_open(&inner, scope, &options);
    stream.scope = &inner;
    rc = variant->which->body(&stream);
    rc = firth_scope_close(&inner, rc);
    stream_close(&stream);
    return rc;
}

static void test_variant(void **state)
{
    const stream_variant *variant = *state;
    firth_selector_options options = support_options();

    options.block_bytes = variant->block_bytes;
    if (variant->block_bytes == SMALL_BLOCK_BYTES)
        options.block_cache = 0;
    support_run_with(&options, run_case, (void *)(uintptr_t)variant);
}

static size_t add_variants(stream_variant *variants, const stream_case *which)
{
    static const struct {
        stream_kind kind;
        size_t block_bytes;
    } all[VARIANTS_MAX] = {
        {STREAM_PIPE, SMALL_BLOCK_BYTES}, {STREAM_PIPE, 16384}, {STREAM_TCP, SMALL_BLOCK_BYTES}, {STREAM_TCP, 16384}};
    size_t count = 0;

    for (size_t i = 0; i < VARIANTS_MAX; i++) {
        stream_variant *variant = &variants[count];
        bool small = all[i].block_bytes == SMALL_BLOCK_BYTES;

        if ((which->kinds & 1u << all[i].kind) == 0 ||
            (which->kinds & (small ? STREAM_LARGE_ONLY : STREAM_SMALL_ONLY)) != 0)
            continue;
        variant->which = which;
        variant->kind = all[i].kind;
        variant->block_bytes = all[i].block_bytes;
        snprintf(variant->name, sizeof variant->name, "%s %zu: %s", all[i].kind == STREAM_PIPE ? "pipe" : "tcp",
                 all[i].block_bytes, which->name);
        count++;
    }
    return count;
}

int stream_main(int argc, char **argv, const char *group, const stream_case *cases, size_t count)
{
    stream_variant *all = calloc(count * VARIANTS_MAX, sizeof *all);
    struct CMUnitTest *tests = calloc(count * VARIANTS_MAX, sizeof *tests);
    size_t total = 0;
    int code = EXIT_FAILURE;

    for (size_t i = 0; all != NULL && tests != NULL && i < count; i++)
        total += add_variants(&all[total], &cases[i]);
    for (size_t i = 0; i < total; i++) {
        tests[i].name = all[i].name;
        tests[i].test_func = test_variant;
        tests[i].initial_state = &all[i];
    }
    if (total > 0)
        code = support_main(argc, argv, group, tests, total);
    free(tests);
    free(all);
    return code;
}

/* The loop asks the kernel at least every 64 resumes: so often that it is asked, and what it wakes runs and comes to
 * rest. */
enum { SETTLE_YIELDS = 2 * 64 + 2 };

int stream_settle(void)
{
    for (int i = 0; i < SETTLE_YIELDS; i++) {
        int rc = firth_yield();

        if (rc < 0)
            return rc;
    }
    return FIRTH_OK;
}

int stream_send(test_stream *stream, const void *bytes, size_t size)
{
    int rc = firth_write(stream->out, bytes, size);

    if (rc >= 0)
        rc = firth_flush(stream->out);
    return rc < 0 ? rc : stream_settle();
}

static int feed_pieces(test_stream *stream)
{
    size_t at = 0;

    while (at < stream->feed_size) {
        size_t left = stream->feed_size - at;
        size_t piece = stream->feed_piece != 0 && stream->feed_piece < left ? stream->feed_piece : left;

        EXPECT_EQUAL(stream_send(stream, stream->feed_bytes + at, piece), FIRTH_OK);
        at += piece;
    }
    return stream->feed_stays_open ? FIRTH_OK : firth_flush_and_close(stream->out);
}

static int feed(firth_scope *scope, void *argument)
{
    test_stream *stream = argument;
    int rc = feed_pieces(stream);

    (void)scope;
    stream->fed = true;
    return rc;
}

static int start_feed(test_stream *stream, const void *bytes, size_t size, size_t piece, bool stays_open)
{
    const firth_task_options options = {.name = "feeder"};
    int rc = stream_until(&stream->fed);

    if (rc < 0)
        return rc;
    stream->feed_bytes = bytes;
    stream->feed_size = size;
    stream->feed_piece = piece;
    stream->feed_stays_open = stays_open;
    stream->fed = false;
    return firth_spawn(stream->scope, feed, stream, &options);
}

int stream_feed(test_stream *stream, const void *bytes, size_t size, size_t piece)
{
    return start_feed(stream, bytes, size, piece, false);
}

int stream_feed_open(test_stream *stream, const void *bytes, size_t size, size_t piece)
{
    return start_feed(stream, bytes, size, piece, true);
}

static int run_job(firth_scope *scope, void *argument)
{
    stream_job *job = argument;

    (void)scope;
    job->started = true;
    job->result = job->operation(job);
    job->done = true;
    return FIRTH_OK;
}

int stream_start(test_stream *stream, firth_scope *scope, stream_job *job)
{
    const firth_task_options options = {.name = job->name};
    int rc;

    job->stream = stream;
    job->started = job->done = false;
    if ((rc = firth_spawn(scope, run_job, job, &options)) < 0)
        return rc;
    return stream_until(&job->started);
}

int stream_until(const bool *flag)
{
    while (!*flag) {
        int rc = firth_yield();

        if (rc < 0)
            return rc;
    }
    return FIRTH_OK;
}

typedef struct task_search {
    const char *name;
    bool waits;
} task_search;

static void look(const firth_task_info *task, void *argument)
{
    task_search *search = argument;

    if (strcmp(task->name, search->name) == 0)
        search->waits = task->state == FIRTH_TASK_SUSPENDED;
}

bool stream_until_waiting(test_stream *stream, const stream_job *job)
{
    int in_a_row = 0;

    while (in_a_row < 3 && !job->done && stream_settle() >= 0) {
        task_search search = {.name = job->name};

        firth_tasks_visit(stream->selector, look, &search);
        in_a_row = search.waits ? in_a_row + 1 : 0;
    }
    return in_a_row == 3;
}

static int64_t drain_all(stream_job *job)
{
    stream_drain *drain = job->bytes;
    const void *seen;
    int64_t count;

    while ((count = firth_peek(job->stream->in, &seen)) > 0) {
        drain->wrong |= !support_is_filled(seen, (size_t)count, drain->used);
        drain->used += (uint64_t)count;
        EXPECT_EQUAL(firth_consume(job->stream->in, (size_t)count), FIRTH_OK);
    }
    return count;
}

int stream_drain_start(test_stream *stream, stream_drain *drain)
{
    *drain = (stream_drain){.job = {.name = "drain", .operation = drain_all, .bytes = drain}};
    return stream_start(stream, stream->scope, &drain->job);
}

static int64_t flood_until(stream_job *job)
{
    stream_flood *flood = job->bytes;
    char bytes[1024];
    int rc = FIRTH_OK;

    while (rc >= 0 && !flood->stop && flood->written < flood->limit) {
        uint64_t left = flood->limit - flood->written;
        size_t piece = left < flood->piece ? (size_t)left : flood->piece;

        support_fill(bytes, piece, flood->written);
        rc = firth_write(job->stream->out, bytes, piece);
        if (job->stream->out == NULL) /* closed meanwhile, and the handle with it */
            return rc;
        flood->written += firth_write_progress(job->stream->out);
    }
    return rc;
}

int stream_flood_start(test_stream *stream, stream_flood *flood, uint64_t limit, size_t piece)
{
    *flood = (stream_flood){
        .job = {.name = "flood", .operation = flood_until, .bytes = flood},
        .limit = limit,
        .piece = piece,
    };
    return stream_start(stream, stream->scope, &flood->job);
}
