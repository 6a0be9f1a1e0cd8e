/* SPDX-License-Identifier: Apache-2.0 */
/* Writing: the buffer, and what all calls share. The public calls are in write_calls.c. */
#include "core/channels/write.h"
#include "core/base/assert.h"
#include "core/selector/selector.h"
#include <string.h>

void fth_write_init(firth_write_channel *out, const fth_sink *sink, firth_selector *selector, bool auto_flush)
{
    memset(out, 0, sizeof *out);
    out->sink = sink;
    out->selector = selector;
    out->capacity = selector->blocks.block_bytes;
    out->auto_flush = auto_flush;
    out->step = "";
}

static void give_block(firth_write_channel *out)
{
    fth_block_give(&out->selector->blocks, out->block);
    out->block = NULL;
    out->start = out->end = 0;
}

/* ---- entering and leaving ---------------------------------------------------------------------------------------- */

int fth_write_enter(firth_write_channel *out)
{
    int rc;

#ifdef FIRTH_DEBUG
    if (out->sink == NULL)
        return FTH_MISUSE("a write channel after its socket or pipe was closed");
#endif
    if (out->writer != NULL)
        return firth_fail(FIRTH_ERR_BUSY, 0, "write");
    out->writer = fth_current;
    out->progress = 0;
    out->reserved = 0;
    rc = fth_task_enter(out->selector);
    if (rc >= 0 && out->closed)
        rc = firth_fail(FIRTH_ERR_CLOSED, 0, "write");
    return rc >= 0 ? rc : fth_write_leave(out, rc);
}

int fth_write_leave(firth_write_channel *out, int result)
{
    out->writer = NULL;
    if (out->block != NULL && out->start == out->end && out->reserved == 0 && out->in_flight == 0)
        give_block(out);
    if (result < 0) {
        if (result == out->cause)
            (void)firth_fail(result, out->os_code, out->step);
        else if (firth_last_failure()->code != result)
            (void)firth_fail(result, 0, out->sink->name);
    }
    if (out->tell_left)
        out->sink->left(out);
    return result;
}

int fth_write_waited(const firth_write_channel *out, int rc)
{
    if (out->closed)
        return FIRTH_ERR_CLOSED;
    /* Cancelled by firth_write_cancel, not by a scope. */
    if (rc == FIRTH_ERR_CANCELED && out->cause != 0)
        return out->cause;
    return rc;
}

/* ---- the list of channels to flush when the task suspends ---------------------------------------------------------- */

FIRTH_HOT void fth_write_mark_dirty(firth_write_channel *out)
{
    if (!out->auto_flush || out->dirty)
        return;
    out->dirty = true;
    out->next_dirty = out->selector->dirty;
    out->selector->dirty = out;
}

void fth_write_clean(firth_write_channel *out)
{
    firth_write_channel **link = &out->selector->dirty;

    if (!out->dirty)
        return;
    while (*link != out)
        link = &(*link)->next_dirty;
    *link = out->next_dirty;
    out->dirty = false;
}

/* ---- the buffer -------------------------------------------------------------------------------------------------- */

/* An op holds the front of the buffer; what a pipe has in flight nobody holds. */
static bool is_pinned(const firth_write_channel *out)
{
    return out->in_flight > 0 && out->sink->send != NULL;
}

static void drop(firth_write_channel *out, uint32_t count)
{
    FTH_ASSERT(count <= fth_write_buffered(out));
    out->start += count;
    if (out->block != NULL && out->start == out->end && out->reserved == 0)
        give_block(out);
}

void fth_write_wake(firth_write_channel *out)
{
    if (!out->waiting || out->writer->stage != FTH_TASK_SUSPENDED)
        return;
    out->waiting = false;
    fth_task_wake(out->writer);
}

FIRTH_HOT void fth_write_drained(firth_write_channel *out, uint32_t count)
{
    out->in_flight = 0;
    drop(out, count);
    fth_write_wake(out);
}

void fth_write_discard(firth_write_channel *out)
{
    if (is_pinned(out)) {
        out->end = out->start + out->in_flight;
        return;
    }
    out->in_flight = 0;
    if (out->block != NULL)
        give_block(out);
}

void fth_write_end(firth_write_channel *out, int cause, int os_code, const char *step)
{
    if (out->cause == 0) {
        out->cause = cause;
        out->os_code = os_code;
        out->step = step != NULL ? step : out->sink->name;
    }
    fth_write_discard(out);
    fth_write_wake(out);
}

void fth_write_close(firth_write_channel *out)
{
    out->closed = out->tell_left = true;
    if (out->writer != NULL && out->writer != fth_current)
        fth_task_interrupt(out->writer);
}

int fth_write_wait(firth_write_channel *out)
{
    firth_task *writer = out->writer;
    int rc;

    if (fth_task_is_cancelled())
        return FIRTH_ERR_CANCELED;
    out->writer = fth_current;
    out->waiting = true;
    /* A close has a limit of its own. */
    rc = fth_task_park(out->sink->name, out->closed ? INT64_MAX : out->sink->idle_deadline_ns(out));
    out->waiting = false;
    out->writer = writer;
    return rc;
}

int fth_write_flush(firth_write_channel *out)
{
    bool inside = out->writer != NULL;
    int rc = FIRTH_OK;

    while (rc >= 0) {
        if (inside && out->closed)
            return FIRTH_ERR_CLOSED;
        if (out->cause != 0)
            return out->finished ? FIRTH_OK : out->cause;
        if (fth_write_buffered(out) == 0 && !out->unsent)
            return FIRTH_OK;
        rc = out->sink->drain(out);
        if (rc == FTH_DRAINED)
            return FIRTH_OK;
        if (rc == FTH_DRAINING)
            rc = fth_write_wait(out);
    }
    return rc;
}

int fth_write_room(firth_write_channel *out, size_t minimum)
{
    for (;;) {
        int rc;

        if (out->closed)
            return FIRTH_ERR_CLOSED;
        if (out->cause != 0)
            return out->cause;
        if (out->block == NULL) {
            out->block = fth_block_take(&out->selector->blocks);
            return out->block != NULL ? FIRTH_OK : firth_fail(FIRTH_ERR_NO_MEMORY, 0, "block");
        }
        if (out->capacity - out->end >= minimum)
            return FIRTH_OK;
        if (!is_pinned(out) && out->capacity - fth_write_buffered(out) >= minimum) {
            memmove(out->block->bytes, out->block->bytes + out->start, fth_write_buffered(out));
            out->end -= out->start;
            out->start = 0;
            return FIRTH_OK;
        }
        rc = out->sink->drain(out);
        if (rc >= 0 && out->block != NULL)
            rc = fth_write_wait(out);
        if (rc < 0)
            return fth_write_waited(out, rc);
    }
}

void fth_write_append(firth_write_channel *out, const void *bytes, size_t size)
{
    unsigned char *to = out->block->bytes + out->end;

    FTH_ASSERT(out->block != NULL);
    FTH_ASSERT(size <= out->capacity - out->end);
    if (size > 0 && bytes != to)
        memcpy(to, bytes, size);
    out->end += (uint32_t)size;
    out->progress += size;
    out->reserved = 0;
    if (out->start == out->end && out->in_flight == 0)
        give_block(out);
    else
        fth_write_mark_dirty(out);
    if (out->block != NULL && out->end == out->capacity)
        (void)out->sink->drain(out);
}

size_t fth_write_take(firth_write_channel *out, const void *bytes, size_t size)
{
    uint32_t room;

    if (out->block == NULL)
        out->block = fth_block_take(&out->selector->blocks);
    if (out->block == NULL)
        return 0;
    if (!is_pinned(out) && out->start > 0) {
        memmove(out->block->bytes, out->block->bytes + out->start, fth_write_buffered(out));
        out->end -= out->start;
        out->start = 0;
    }
    room = out->capacity - out->end;
    size = size < room ? size : room;
    memcpy(out->block->bytes + out->end, bytes, size);
    out->end += (uint32_t)size;
    return size;
}

int64_t fth_write_send_failed(firth_write_channel *out, int64_t rc)
{
    if (out->cause != 0)
        fth_write_discard(out);
    return fth_write_waited(out, (int)rc);
}

int64_t fth_write_send_gathered(firth_write_channel *out, const void *bytes, size_t size)
{
    firth_buffer pieces[2] = {{out->block->bytes + out->start, fth_write_buffered(out)}, {bytes, size}};
    uint32_t buffered;
    int64_t n;

    /* A flush on the task's behalf leaves the buffer alone meanwhile. */
    out->in_flight = fth_write_buffered(out);
    n = out->sink->send(out, pieces, 2);
    out->in_flight = 0;
    if (n < 0)
        return fth_write_send_failed(out, n);
    if (out->cause != 0)
        fth_write_discard(out);
    buffered = (uint32_t)((uint64_t)n < pieces[0].size ? (uint64_t)n : pieces[0].size);
    n -= buffered;
    if (out->block != NULL)
        drop(out, buffered);
    out->progress += (size_t)n;
    return n;
}

int fth_write_all(firth_write_channel *out, const void *bytes, size_t size, bool direct)
{
    const unsigned char *from = bytes;

    while (size > 0) {
        int64_t n;

        if (out->closed)
            return FIRTH_ERR_CLOSED;
        if (out->cause != 0)
            return out->cause;
        /* Of what a sink takes by the record, the beginning of one that is buffered is filled up first. */
        bool by_copy = !direct && (size < out->capacity || (out->by_record && fth_write_buffered(out) > 0));

        if (out->sink->send == NULL || by_copy) {
            int rc = fth_write_room(out, 1);

            if (rc < 0)
                return rc;
            n = (int64_t)(size < out->capacity - out->end ? size : out->capacity - out->end);
            fth_write_append(out, from, (size_t)n);
        } else if (out->in_flight > 0) {
            n = fth_write_waited(out, fth_write_wait(out));
            if (n < 0)
                return (int)n;
        } else {
            n = fth_write_send(out, from, size);
            if (n < 0)
                return (int)n;
        }
        from += n;
        size -= (size_t)n;
    }
    return FIRTH_OK;
}
