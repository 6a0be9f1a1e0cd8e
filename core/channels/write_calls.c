/* SPDX-License-Identifier: Apache-2.0 */
/* The public calls of a write channel. */
#include "core/base/assert.h"
#include "core/channels/write.h"
#include "core/selector/selector.h"
#include <firth/numbers.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool has_room(firth_write_channel *out, size_t size)
{
    if (out->block != NULL)
        return size < out->capacity - out->end;
    return size < out->capacity && out->selector->blocks.free_list != NULL;
}

/* For the short way through a call, with no wait and no failure in it: whether nobody is inside, the bytes fit the block,
 * or one that is at hand, without filling it, and the task may go on, which uses up a unit of its budget. */
static bool is_plain(firth_write_channel *out, size_t size)
{
    if (out->writer != NULL || out->cause != 0 || out->closed || size == 0 || !has_room(out, size) ||
        !fth_task_goes_on(out->selector))
        return false;
    if (out->block == NULL)
        out->block = fth_block_take(&out->selector->blocks);
    return true;
}

FIRTH_HOT int firth_write(firth_write_channel *out, const void *bytes, size_t size)
{
    int rc;

    if (is_plain(out, size)) {
        memcpy(out->block->bytes + out->end, bytes, size);
        out->end += (uint32_t)size;
        out->progress = size;
        out->reserved = 0;
        fth_write_mark_dirty(out);
        return FIRTH_OK;
    }
    rc = fth_write_enter(out);
    if (rc < 0)
        return rc;
    rc = size > 0 || out->cause == 0 ? fth_write_all(out, bytes, size, false) : out->cause;
    return fth_write_leave(out, rc);
}

int firth_write_string(firth_write_channel *out, const char *text)
{
    return firth_write(out, text, strlen(text));
}

int firth_write_vector(firth_write_channel *out, const firth_buffer *pieces, size_t count)
{
    int rc = fth_write_enter(out);
    size_t i;

    if (rc < 0)
        return rc;
    rc = out->cause;
    for (i = 0; i < count && rc >= 0; i++)
        rc = fth_write_all(out, pieces[i].bytes, pieces[i].size, false);
    return fth_write_leave(out, rc);
}

/* ---- formatted --------------------------------------------------------------------------------------------------- */

/* More than fits the block in one piece. */
static int write_long(firth_write_channel *out, size_t size, const char *format, va_list arguments)
{
    char *text = firth_selector_allocate(out->selector, size + 1);
    int rc;

    if (text == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "firth_write_format");
    (void)vsnprintf(text, size + 1, format, arguments);
    rc = fth_write_all(out, text, size, false);
    firth_selector_release(out->selector, text);
    return rc;
}

/* Formats straight into the buffer; the NUL behind it needs room too, but is not written. */
static int write_format(firth_write_channel *out, const char *format, va_list arguments)
{
    size_t room;
    va_list again;
    int rc = fth_write_room(out, 1), n;

    if (rc < 0)
        return rc;
    room = out->capacity - out->end;
    va_copy(again, arguments);
    n = vsnprintf((char *)out->block->bytes + out->end, room, format, arguments);
    if (n < 0) {
        rc = firth_fail(FIRTH_ERR_ARGUMENT, 0, "firth_write_format");
        fth_write_append(out, NULL, 0);
    } else if ((size_t)n < room) {
        fth_write_append(out, out->block->bytes + out->end, (size_t)n);
    } else if ((size_t)n < out->capacity) {
        rc = fth_write_room(out, (size_t)n + 1);
        if (rc >= 0) {
            (void)vsnprintf((char *)out->block->bytes + out->end, (size_t)n + 1, format, again);
            fth_write_append(out, out->block->bytes + out->end, (size_t)n);
        }
    } else {
        rc = write_long(out, (size_t)n, format, again);
    }
    va_end(again);
    return rc;
}

int firth_write_format(firth_write_channel *out, const char *format, ...)
{
    va_list arguments;
    int rc = fth_write_enter(out);

    if (rc < 0)
        return rc;
    va_start(arguments, format);
    rc = write_format(out, format, arguments);
    va_end(arguments);
    return fth_write_leave(out, rc);
}

/* ---- without a copy ---------------------------------------------------------------------------------------------- */

int64_t firth_reserve(firth_write_channel *out, size_t minimum, void **bytes)
{
    int rc = fth_write_enter(out);
    int64_t room = 0;

    if (rc < 0)
        return rc;
    if (minimum == 0 || minimum > out->capacity)
        return fth_write_leave(out, firth_fail(FIRTH_ERR_ARGUMENT, 0, "firth_reserve"));
    rc = fth_write_room(out, minimum);
    if (rc >= 0) {
        *bytes = out->block->bytes + out->end;
        out->reserved = out->capacity - out->end;
        room = out->reserved;
    }
    rc = fth_write_leave(out, rc);
    return rc < 0 ? rc : room;
}

int firth_commit(firth_write_channel *out, size_t count)
{
    if (out->writer != NULL)
        return firth_fail(FIRTH_ERR_BUSY, 0, "firth_commit");
    if (out->cause != 0)
        return firth_fail(out->cause, out->os_code, out->step);
    if (count > out->reserved)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "firth_commit");
    out->progress = 0;
    if (out->reserved == 0)
        return FIRTH_OK;
    fth_write_append(out, out->block->bytes + out->end, count);
    return FIRTH_OK;
}

/* ---- flushing and ending ----------------------------------------------------------------------------------------- */

FIRTH_HOT int firth_flush(firth_write_channel *out)
{
    int rc = fth_write_enter(out);

    if (rc < 0)
        return rc;
    rc = fth_write_flush(out);
    return fth_write_leave(out, fth_write_waited(out, rc));
}

/* A connection that the peer has reset is not connected any more by the time it is shut down. */
static int fail_to_finish(firth_write_channel *out, int rc)
{
    const firth_failure *why = firth_last_failure();

    fth_write_end(out, rc == FIRTH_ERR_NOT_CONNECTED ? FIRTH_ERR_RESET : rc, why->os_code, why->step);
    return out->cause;
}

int firth_flush_and_close(firth_write_channel *out)
{
    int rc = fth_write_enter(out);

    if (rc < 0)
        return rc;
    rc = fth_write_waited(out, fth_write_flush(out));
    if (rc >= 0 && !out->finished) {
        rc = out->sink->finish(out);
        if (rc >= 0) {
            /* What a pipe has not delivered yet stays readable. */
            out->finished = true;
            out->cause = FIRTH_ERR_CLOSED;
            out->step = "firth_flush_and_close";
        } else {
            rc = fail_to_finish(out, rc);
        }
    }
    return fth_write_leave(out, rc);
}

void firth_write_cancel(firth_write_channel *out, int cause)
{
    fth_selector_assert_thread(out->selector);
    cause = cause < 0 ? cause : FIRTH_ERR_CANCELED;
    fth_write_end(out, cause, 0, "firth_write_cancel");
    if (out->writer != NULL && out->writer != fth_current)
        fth_task_interrupt(out->writer);
    out->sink->cancelled(out, cause);
}

void firth_write_auto_flush(firth_write_channel *out, bool on)
{
    out->auto_flush = on;
    if (!on)
        fth_write_clean(out);
    else if (fth_write_buffered(out) > 0)
        fth_write_mark_dirty(out);
}

size_t firth_write_progress(const firth_write_channel *out)
{
    return out->progress;
}

size_t firth_write_pending(const firth_write_channel *out)
{
    /* What a pipe has in flight the reader can see. */
    return out->sink->send == NULL ? fth_write_buffered(out) - out->in_flight : fth_write_buffered(out);
}

size_t firth_write_capacity(const firth_write_channel *out)
{
    return out->capacity;
}
