/* SPDX-License-Identifier: Apache-2.0 */
/* Reading up to an ending: lines and delimiters. While the item fits the block nothing is consumed before it is whole;
 * a longer one moves into the caller's memory as it comes. */
#include "core/channels/read.h"
#include "core/selector/selector.h"
#include <string.h>

/* What a call has to fill. */
typedef struct target {
    firth_read_channel *in;
    unsigned char *bytes;
    size_t limit; /* most content bytes */
} target;

static size_t room(const target *to)
{
    return to->limit - to->in->progress;
}

/* Moves content from the buffer to the caller, and drops the ending behind it. */
static void deliver(target *to, size_t content, size_t ending_size)
{
    if (content > 0)
        memcpy(to->bytes + to->in->progress, fth_read_bytes(to->in), content);
    to->in->progress += content;
    fth_read_drop(to->in, content + ending_size);
}

static int64_t too_long(target *to)
{
    deliver(to, room(to), 0);
    return FIRTH_ERR_TOO_LONG;
}

static bool is_full(const firth_read_channel *in)
{
    return in->block != NULL && fth_read_buffered(in) == in->block->size;
}

/* ---- lines ------------------------------------------------------------------------------------------------------- */

/* A line whose LF is at offset lf of the buffer. */
static int64_t end_line(target *to, size_t lf)
{
    bool carriage_return = lf > 0 && fth_read_bytes(to->in)[lf - 1] == '\r';
    size_t content = carriage_return ? lf - 1 : lf;

    if (content > room(to))
        return too_long(to);
    deliver(to, content, carriage_return ? 2 : 1);
    return (int64_t)to->in->progress;
}

/* The stream ended behind what is buffered. */
static int64_t end_last_line(target *to, bool strict)
{
    size_t left = fth_read_buffered(to->in);

    if (left > room(to))
        return too_long(to);
    deliver(to, left, 0);
    if (to->in->progress == 0)
        return FIRTH_EOF;
    return strict ? FIRTH_ERR_INCOMPLETE : (int64_t)to->in->progress;
}

/* No LF in all that is buffered: whether the line is too long already, whatever comes. One byte over the limit may be
 * the CR of its ending. */
static bool over_limit(const target *to)
{
    size_t buffered = fth_read_buffered(to->in);

    return buffered > room(to) + 1 || (buffered == room(to) + 1 && fth_read_bytes(to->in)[buffered - 1] != '\r');
}

static int64_t read_line(target *to, bool strict)
{
    size_t seen = 0;

    for (;;) {
        size_t buffered = fth_read_buffered(to->in);
        const unsigned char *bytes = buffered > 0 ? fth_read_bytes(to->in) : NULL;
        const unsigned char *lf = buffered > seen ? memchr(bytes + seen, '\n', buffered - seen) : NULL;
        int rc;

        if (lf != NULL)
            return end_line(to, (size_t)(lf - bytes));
        if (over_limit(to))
            return too_long(to);
        seen = buffered;
        if (buffered > 0 && is_full(to->in)) {
            seen = bytes[buffered - 1] == '\r' ? 1 : 0;
            deliver(to, buffered - seen, 0);
        }
        rc = fth_read_fill(to->in, 0);
        if (rc == FIRTH_EOF)
            return end_last_line(to, strict);
        if (rc < 0)
            return rc;
    }
}

/* A whole line that is buffered and fits: the way of nearly all. Its length, or -1: the long way has to be gone. */
static int64_t take_line(firth_read_channel *in, char *line, size_t size)
{
    size_t buffered = fth_read_buffered(in), content;
    const char *bytes, *lf;

    bytes = (const char *)fth_read_bytes(in);
    lf = memchr(bytes, '\n', buffered);
    if (lf == NULL)
        return -1;
    content = (size_t)(lf - bytes);
    if (content > 0 && bytes[content - 1] == '\r')
        content--;
    if (content >= size)
        return -1;
    memcpy(line, bytes, content);
    line[content] = '\0';
    in->progress = content;
    fth_read_drop(in, (size_t)(lf + 1 - bytes));
    return (int64_t)content;
}

FIRTH_HOT static int64_t read_line_as(firth_read_channel *in, char *line, size_t size, bool strict)
{
    target to = {.in = in, .bytes = (unsigned char *)line, .limit = size - 1};
    int64_t n;

    if (fth_read_is_plain(in) && (n = take_line(in, line, size)) >= 0)
        return n;
    n = fth_read_enter(in);
    if (n < 0)
        return n;
    if (size == 0)
        return fth_read_leave(in, firth_fail(FIRTH_ERR_ARGUMENT, 0, "firth_read_line"));
    n = read_line(&to, strict);
    line[in->progress] = '\0';
    return fth_read_leave(in, n);
}

FIRTH_HOT int64_t firth_read_line(firth_read_channel *in, char *line, size_t size)
{
    return read_line_as(in, line, size, false);
}

int64_t firth_read_line_strict(firth_read_channel *in, char *line, size_t size)
{
    return read_line_as(in, line, size, true);
}

/* ---- delimiters -------------------------------------------------------------------------------------------------- */

typedef struct ending {
    const unsigned char *bytes;
    size_t size;
} ending;

/* The first offset from `from` on at which the delimiter stands, or may stand once more bytes come; buffered if none. */
static size_t candidate(const firth_read_channel *in, const ending *mark, size_t from, bool *whole)
{
    size_t buffered = fth_read_buffered(in);

    *whole = false;
    while (from < buffered) {
        const unsigned char *bytes = fth_read_bytes(in);
        const unsigned char *at = memchr(bytes + from, mark->bytes[0], buffered - from);
        size_t left;

        if (at == NULL)
            return buffered;
        from = (size_t)(at - bytes);
        left = buffered - from < mark->size ? buffered - from : mark->size;
        if (memcmp(at, mark->bytes, left) == 0) {
            *whole = left == mark->size;
            return from;
        }
        from++;
    }
    return buffered;
}

static int64_t end_until(target *to)
{
    size_t left = fth_read_buffered(to->in);

    if (left > room(to))
        return too_long(to);
    deliver(to, left, 0);
    return to->in->progress > 0 ? FIRTH_ERR_INCOMPLETE : FIRTH_EOF;
}

static int64_t read_until(target *to, const ending *mark)
{
    size_t at = 0;
    bool whole;

    for (;;) {
        int rc;

        at = candidate(to->in, mark, at, &whole);
        if (at > room(to))
            return too_long(to);
        if (whole) {
            deliver(to, at, mark->size);
            return (int64_t)to->in->progress;
        }
        if (is_full(to->in)) {
            deliver(to, at, 0);
            at = 0;
        }
        rc = fth_read_fill(to->in, 0);
        if (rc == FIRTH_EOF)
            return end_until(to);
        if (rc < 0)
            return rc;
    }
}

int64_t firth_read_until(firth_read_channel *in, const void *delimiter, size_t delimiter_size, void *bytes, size_t size)
{
    target to = {.in = in, .bytes = bytes, .limit = size};
    ending mark = {.bytes = delimiter, .size = delimiter_size};
    int rc = fth_read_enter(in);

    if (rc < 0)
        return rc;
    if (delimiter_size == 0 || delimiter_size > in->selector->blocks.block_bytes)
        return fth_read_leave(in, firth_fail(FIRTH_ERR_ARGUMENT, 0, "firth_read_until"));
    return fth_read_leave(in, read_until(&to, &mark));
}

int firth_skip_if_found(firth_read_channel *in, const void *bytes, size_t size)
{
    int rc = fth_read_enter(in);

    if (rc < 0)
        return rc;
    if (size > in->selector->blocks.block_bytes)
        return (int)fth_read_leave(in, firth_fail(FIRTH_ERR_ARGUMENT, 0, "firth_skip_if_found"));
    while (size > 0) {
        size_t buffered = fth_read_buffered(in);
        size_t known = buffered < size ? buffered : size;

        if (known > 0 && memcmp(fth_read_bytes(in), bytes, known) != 0)
            return (int)fth_read_leave(in, 0);
        if (known == size)
            break;
        rc = fth_read_await(in, buffered + 1);
        if (rc == FIRTH_EOF && buffered > 0)
            return (int)fth_read_leave(in, 0);
        if (rc < 0)
            return (int)fth_read_leave(in, rc);
    }
    fth_read_drop(in, size);
    in->progress = size;
    return (int)fth_read_leave(in, 1);
}
