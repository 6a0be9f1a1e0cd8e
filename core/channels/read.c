/* SPDX-License-Identifier: Apache-2.0 */
/* Reading: what all calls share, and the plain ones. */
#include "core/channels/read.h"
#include "core/base/assert.h"
#include "core/channels/fill.h"
#include "core/selector/selector.h"
#include <string.h>

void fth_read_init(firth_read_channel *in, const fth_source *source, firth_selector *selector)
{
    memset(in, 0, sizeof *in);
    in->source = source;
    in->selector = selector;
    in->step = "";
}

int fth_read_waited(const firth_read_channel *in, int rc)
{
    if (in->closed)
        return FIRTH_ERR_CLOSED;
    /* Cancelled by firth_read_cancel, not by a scope. */
    if (rc == FIRTH_ERR_CANCELED && in->cause != 0)
        return in->cause;
    return rc;
}

/* ---- the buffer -------------------------------------------------------------------------------------------------- */

static void give_block(firth_read_channel *in)
{
    fth_block_give(&in->selector->blocks, in->block);
    in->block = NULL;
    in->start = in->end = 0;
}

/* What is buffered goes: now, or when the call inside has left. */
static void discard(firth_read_channel *in)
{
    in->discarding = in->reader != NULL;
    if (!in->discarding && in->block != NULL)
        give_block(in);
}

FIRTH_HOT void fth_read_drop(firth_read_channel *in, size_t count)
{
    FTH_ASSERT(count <= fth_read_buffered(in));
    in->start += (uint32_t)count;
    if (in->block != NULL && in->start == in->end)
        give_block(in);
}

static void move_down(firth_read_channel *in)
{
    memmove(in->block->bytes, fth_read_bytes(in), fth_read_buffered(in));
    in->end -= in->start;
    in->start = 0;
}

FIRTH_HOT int fth_read_make_room(firth_read_channel *in, bool bulk)
{
    if (in->block == NULL) {
        if (bulk)
            in->block = fth_block_take_bulk(&in->selector->blocks);
        if (in->block == NULL)
            in->block = fth_block_take(&in->selector->blocks);
        return in->block != NULL ? FIRTH_OK : firth_fail(FIRTH_ERR_NO_MEMORY, 0, "block");
    }
    if (in->end == in->block->size)
        move_down(in);
    FTH_ASSERT(in->end < in->block->size);
    return FIRTH_OK;
}

int fth_read_attempt(firth_read_channel *in, uint64_t most)
{
    if (in->cause != 0)
        return in->cause;
    if (in->source->must_wait != NULL && in->source->must_wait(in))
        return FIRTH_ERR_WOULD_BLOCK;
    return fth_read_try_fill(in, in->source, most);
}

int fth_read_some(firth_read_channel *in)
{
    return fth_read_buffered(in) > 0 ? FIRTH_OK : fth_read_fill(in, 0);
}

void fth_read_end(firth_read_channel *in, int cause, int os_code, const char *step)
{
    if (in->cause != 0)
        return;
    in->cause = cause;
    in->os_code = os_code;
    in->step = step != NULL ? step : in->source->name;
}

void fth_read_close(firth_read_channel *in)
{
    in->closed = in->tell_left = true;
    discard(in);
    if (in->reader != NULL && in->reader != fth_current)
        fth_task_interrupt(in->reader);
}

void firth_read_cancel(firth_read_channel *in, int cause)
{
    fth_selector_assert_thread(in->selector);
    /* An end that lay behind buffered bytes was not told to anybody yet. */
    if (fth_read_buffered(in) > 0)
        in->cause = 0;
    discard(in);
    in->cancelled = in->cancelled || in->cause == 0;
    fth_read_end(in, cause < 0 ? cause : FIRTH_ERR_CANCELED, 0, "firth_read_cancel");
    if (in->reader != NULL && in->reader != fth_current)
        fth_task_interrupt(in->reader);
    if (in->source->cancelled != NULL)
        in->source->cancelled(in);
}

size_t firth_read_progress(const firth_read_channel *in)
{
    return in->progress;
}

size_t firth_read_available(const firth_read_channel *in)
{
    return fth_read_buffered(in) + (in->source->available != NULL ? in->source->available(in) : 0);
}

size_t firth_read_capacity(const firth_read_channel *in)
{
    return in->selector->blocks.block_bytes;
}

/* ---- entering and leaving ---------------------------------------------------------------------------------------- */

FIRTH_HOT int fth_read_enter(firth_read_channel *in)
{
    int rc;

#ifdef FIRTH_DEBUG
    if (in->source == NULL)
        return FTH_MISUSE("a read channel after its socket or pipe was closed");
#endif
    if (in->reader != NULL)
        return firth_fail(FIRTH_ERR_BUSY, 0, "read");
    in->reader = fth_current;
    rc = fth_task_enter(in->selector);
    if (rc >= 0 && in->closed)
        rc = firth_fail(FIRTH_ERR_CLOSED, 0, "read");
    else if (rc >= 0 && in->discarding)
        rc = in->cause;
    in->progress = 0;
    return rc >= 0 ? rc : (int)fth_read_leave(in, rc);
}

FIRTH_HOT int64_t fth_read_leave(firth_read_channel *in, int64_t result)
{
    in->reader = NULL;
    if (in->discarding)
        discard(in);
    if (result < 0) {
        if (result == in->cause)
            (void)firth_fail((int)result, in->os_code, in->step);
        else if (firth_last_failure()->code != result)
            (void)firth_fail((int)result, 0, in->source->name);
    }
    if (in->tell_left)
        in->source->left(in);
    return result;
}

/* ---- plain reads ------------------------------------------------------------------------------------------------- */

/* Up to size bytes, at least one, counted as progress: from the buffer, or past it when that saves a copy. */
static int64_t read_into(firth_read_channel *in, unsigned char *bytes, size_t size)
{
    size_t n = fth_read_buffered(in);
    int rc;

    if (n == 0 && in->cause == 0 && !in->closed && (in->source->is_cheap || size >= in->selector->blocks.block_bytes)) {
        int64_t got = in->source->receive(in, bytes, size, false);

        if (got > 0)
            in->progress += (size_t)got;
        return got > 0 ? got : fth_read_waited(in, (int)got);
    }
    if (n == 0 && (rc = fth_read_fill(in, 0)) < 0)
        return rc;
    n = fth_read_buffered(in);
    n = n < size ? n : size;
    memcpy(bytes, fth_read_bytes(in), n);
    fth_read_drop(in, n);
    in->progress += n;
    return (int64_t)n;
}

FIRTH_HOT int64_t firth_read(firth_read_channel *in, void *bytes, size_t size)
{
    int rc = fth_read_enter(in);

    if (rc < 0)
        return rc;
    return fth_read_leave(in, size == 0 ? 0 : read_into(in, bytes, size));
}

int64_t firth_read_fully(firth_read_channel *in, void *bytes, size_t size)
{
    int64_t n = fth_read_enter(in);

    if (n < 0)
        return n;
    while (in->progress < size && n >= 0)
        n = read_into(in, (unsigned char *)bytes + in->progress, size - in->progress);
    return fth_read_leave(in, n < 0 ? n : (int64_t)size);
}

int64_t firth_read_remaining(firth_read_channel *in, void *bytes, size_t size)
{
    int64_t n = fth_read_enter(in);

    if (n < 0)
        return n;
    while (n >= 0 && in->progress < size)
        n = read_into(in, (unsigned char *)bytes + in->progress, size - in->progress);
    if (n >= 0) { /* full: whether that was all is known when more has come, or the end */
        n = fth_read_some(in);
        n = n == FIRTH_OK ? FIRTH_ERR_TOO_LONG : n;
    }
    if (n == FIRTH_EOF)
        n = (int64_t)in->progress;
    return fth_read_leave(in, n);
}

int64_t firth_peek(firth_read_channel *in, const void **bytes)
{
    int rc = fth_read_enter(in);

    if (rc < 0)
        return rc;
    rc = fth_read_some(in);
    if (rc >= 0)
        *bytes = fth_read_bytes(in);
    return fth_read_leave(in, rc < 0 ? rc : (int64_t)fth_read_buffered(in));
}

int firth_consume(firth_read_channel *in, size_t count)
{
    if (in->reader != NULL)
        return firth_fail(FIRTH_ERR_BUSY, 0, "firth_consume");
    if (count > fth_read_buffered(in))
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "firth_consume");
    fth_read_drop(in, count);
    in->progress = count;
    return FIRTH_OK;
}

int fth_read_await(firth_read_channel *in, size_t minimum)
{
    int rc = FIRTH_OK;

    while (rc >= 0 && fth_read_buffered(in) < minimum) {
        /* Bytes may lie at the end of the block, with too little room behind them. */
        if (in->block != NULL && in->block->size - in->start < minimum)
            move_down(in);
        rc = fth_read_fill(in, 0);
    }
    return rc;
}

int64_t firth_await_content(firth_read_channel *in, size_t minimum)
{
    int rc = fth_read_enter(in);

    if (rc < 0)
        return rc;
    if (minimum > in->selector->blocks.block_bytes)
        return fth_read_leave(in, firth_fail(FIRTH_ERR_ARGUMENT, 0, "firth_await_content"));
    rc = fth_read_await(in, minimum);
    return fth_read_leave(in, rc < 0 ? rc : (int64_t)fth_read_buffered(in));
}
