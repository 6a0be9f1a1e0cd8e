/* SPDX-License-Identifier: Apache-2.0 */
/* A pair of channels in memory: the reader takes from the writer's block what was flushed, which is what the writer's
 * in_flight counts here. */
#include "core/base/assert.h"
#include "core/base/list.h"
#include "core/channels/fill.h"
#include "core/channels/read.h"
#include "core/channels/write.h"
#include "core/selector/selector.h"
#include <string.h>

struct firth_pipe {
    firth_read_channel in;
    firth_write_channel out;
    fth_opened opened;
    bool reader_waits;
};

static firth_pipe *of_input(const firth_read_channel *in)
{
    return FTH_CONTAINER(in, firth_pipe, in);
}

static firth_pipe *of_output(const firth_write_channel *out)
{
    return FTH_CONTAINER(out, firth_pipe, out);
}

static void settle(firth_pipe *pipe)
{
    if (!pipe->in.closed || pipe->in.reader != NULL || pipe->out.writer != NULL)
        return;
    fth_write_clean(&pipe->out);
    fth_write_discard(&pipe->out);
    pipe->in.source = NULL;
    pipe->out.sink = NULL;
    fth_selector_bury(pipe->in.selector, pipe);
}

static void wake_reader(firth_pipe *pipe)
{
    if (!pipe->reader_waits || pipe->in.reader->stage != FTH_TASK_SUSPENDED)
        return;
    pipe->reader_waits = false;
    fth_task_wake(pipe->in.reader);
}

/* ---- the reading end --------------------------------------------------------------------------------------------- */

static int wait_for_writer(firth_read_channel *in)
{
    firth_pipe *pipe = of_input(in);
    int rc;

    if (pipe->out.in_flight > 0 || pipe->out.cause != 0)
        return FIRTH_OK;
    pipe->reader_waits = true;
    rc = fth_task_park("read", INT64_MAX);
    pipe->reader_waits = false;
    return rc;
}

static int64_t take(firth_read_channel *in, void *bytes, size_t size)
{
    firth_write_channel *out = &of_input(in)->out;
    uint32_t flushed = out->in_flight;
    size_t n = flushed < size ? flushed : size;

    if (n > 0) {
        memcpy(bytes, out->block->bytes + out->start, n);
        fth_write_drained(out, (uint32_t)n);
        out->in_flight = flushed - (uint32_t)n;
        return (int64_t)n;
    }
    if (out->cause == 0)
        return FIRTH_ERR_WOULD_BLOCK;
    fth_read_end(in, out->finished ? FIRTH_EOF : out->cause, out->os_code, out->step);
    return in->cause;
}

static int64_t receive(firth_read_channel *in, void *bytes, size_t size, bool attempt_only)
{
    int64_t n = take(in, bytes, size);

    while (n == FIRTH_ERR_WOULD_BLOCK && !attempt_only) {
        n = wait_for_writer(in);
        if (n >= 0)
            n = take(in, bytes, size);
    }
    return n;
}

static void reader_left(firth_read_channel *in)
{
    settle(of_input(in));
}

static void reading_cancelled(firth_read_channel *in)
{
    firth_write_channel *out = &of_input(in)->out;

    if (out->cause == 0 || out->finished)
        fth_write_end(out, in->cause, 0, "firth_read_cancel");
    fth_write_discard(out);
}

static size_t shown(const firth_read_channel *in)
{
    return of_input(in)->out.in_flight;
}

static int fill(firth_read_channel *in, uint64_t most);

static const fth_source pipe_source = {
    .name = "read",
    .is_cheap = true,
    .receive = receive,
    .wait = wait_for_writer,
    .fill = fill,
    .left = reader_left,
    .available = shown,
    .cancelled = reading_cancelled,
};

static int fill(firth_read_channel *in, uint64_t most)
{
    return fth_read_fill_from(in, &pipe_source, most);
}

/* ---- the writing end --------------------------------------------------------------------------------------------- */

static int show(firth_write_channel *out)
{
    out->in_flight = fth_write_buffered(out);
    wake_reader(of_output(out));
    return FTH_DRAINED;
}

static int64_t never(const firth_write_channel *out)
{
    (void)out;
    return INT64_MAX;
}

static int finish(firth_write_channel *out)
{
    wake_reader(of_output(out));
    return FIRTH_OK;
}

static void writer_left(firth_write_channel *out)
{
    settle(of_output(out));
}

static void writing_cancelled(firth_write_channel *out, int cause)
{
    firth_pipe *pipe = of_output(out);

    fth_write_discard(out);
    if (pipe->in.cause == 0 || fth_read_buffered(&pipe->in) > 0)
        firth_read_cancel(&pipe->in, cause);
}

static const fth_sink pipe_sink = {
    .name = "write",
    .drain = show,
    .send = NULL,
    .idle_deadline_ns = never,
    .finish = finish,
    .left = writer_left,
    .cancelled = writing_cancelled,
};

/* ---- the calls --------------------------------------------------------------------------------------------------- */

static void abandon(fth_opened *opened)
{
    firth_pipe_close(FTH_CONTAINER(opened, firth_pipe, opened));
}

static const fth_opened_kind pipe_kind = {.name = "pipe", .abandon = abandon};

int firth_pipe_open_at(firth_selector *selector, firth_pipe **pipe, const char *place)
{
    firth_pipe *made = firth_selector_allocate(selector, sizeof *made);

    *pipe = made;
    if (made == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "firth_pipe_open");
    fth_read_init(&made->in, &pipe_source, selector);
    fth_write_init(&made->out, &pipe_sink, selector, true);
    fth_opened_add(&selector->opened, &made->opened, &pipe_kind, place);
    return FIRTH_OK;
}

firth_read_channel *firth_pipe_input(firth_pipe *pipe)
{
    return &pipe->in;
}

firth_write_channel *firth_pipe_output(firth_pipe *pipe)
{
    return &pipe->out;
}

void firth_pipe_close(firth_pipe *pipe)
{
    if (pipe == NULL)
        return;
    if (pipe->in.closed) {
        (void)FTH_MISUSE("a pipe after it was closed");
        return;
    }
    fth_opened_remove(&pipe->opened);
    fth_read_close(&pipe->in);
    fth_write_close(&pipe->out);
    fth_write_end(&pipe->out, FIRTH_ERR_CLOSED, 0, "firth_pipe_close");
    settle(pipe);
}
