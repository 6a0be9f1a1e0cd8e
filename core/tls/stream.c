/* SPDX-License-Identifier: Apache-2.0 */
/* A secure socket's side of its channels, and the engine's way to the channels below. */
#include "core/base/assert.h"
#include "core/base/list.h"
#include "core/channels/fill.h"
#include "core/tls/secure.h"
#include <string.h>

/* Asks the channel below for so much at once when it was full the last time. */
enum { MUCH = 64 * 1024 };

static fth_secure *of_input(const firth_read_channel *in)
{
    return fth_secure_of(FTH_CONTAINER(in, firth_socket, in));
}

static fth_secure *of_output(const firth_write_channel *out)
{
    return fth_secure_of(FTH_CONTAINER(out, firth_socket, out));
}

/* ---- the transport ----------------------------------------------------------------------------------------------- */

/* Records are read ahead: a header and its body, and often the next record, in one receive. */
static int64_t receive_below(void *owner, void *bytes, size_t size)
{
    fth_secure *secure = owner;
    firth_read_channel *in = &secure->socket.below->in;
    size_t n;
    int rc;

    if (fth_read_buffered(in) == 0) {
        rc = fth_read_attempt(in, secure->reads_much ? MUCH : 0);
        if (rc < 0) /* what is known of the end belongs to whoever is told of it */
            return rc == in->cause && rc != FIRTH_EOF ? firth_fail(rc, in->os_code, in->step) : rc;
        secure->reads_much = in->end == in->block->size;
    }
    n = fth_read_buffered(in);
    n = n < size ? n : size;
    memcpy(bytes, fth_read_bytes(in), n);
    fth_read_drop(in, n);
    return (int64_t)n;
}

/* A record that finds nothing before it goes to the system at once, from the engine's memory. What a handshake says is
 * gathered, and so is what the system does not take. */
static int64_t send_below(void *owner, const void *bytes, size_t size)
{
    fth_secure *secure = owner;
    firth_write_channel *out = &secure->socket.below->out;
    int64_t n = FIRTH_ERR_WOULD_BLOCK;

    if (out->cause != 0)
        return firth_fail(out->cause, out->os_code, out->step);
    if (!secure->gathering && out->sink->attempt != NULL && fth_write_buffered(out) == 0 && !out->unsent)
        n = out->sink->attempt(out, bytes, size);
    if (n != FIRTH_ERR_WOULD_BLOCK)
        return n > 0 ? n : firth_fail(out->cause, out->os_code, out->step);
    n = (int64_t)fth_write_take(out, bytes, size);
    if (n == 0 && out->block == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "block");
    if (n == 0 && out->sink->drain(out) >= 0)
        n = (int64_t)fth_write_take(out, bytes, size);
    if (out->cause != 0)
        return firth_fail(out->cause, out->os_code, out->step);
    return n > 0 ? n : FIRTH_ERR_WOULD_BLOCK;
}

const fth_tls_transport fth_secure_transport = {.receive = receive_below, .send = send_below};

/* ---- reading ----------------------------------------------------------------------------------------------------- */

int fth_secure_wait_readable(fth_secure *secure)
{
    firth_read_channel *in = &secure->socket.below->in;
    int rc;

    if (fth_read_buffered(in) > 0 || in->cause != 0)
        return FIRTH_OK;
    in->reader = fth_current;
    rc = in->source->wait(in);
    in->reader = NULL;
    return rc < 0 && in->cause != 0 ? FIRTH_OK : rc;
}

static int64_t receive(firth_read_channel *in, void *bytes, size_t size, bool attempt_only)
{
    fth_secure *secure = of_input(in);

    for (;;) {
        int64_t n;

        secure->busy = true;
        n = fth_tls_engine_used->read(fth_secure_session(secure), bytes, size);
        secure->busy = false;
        if (n == FIRTH_ERR_WOULD_BLOCK && !attempt_only) {
            n = fth_secure_wait_readable(secure);
            if (n >= 0)
                continue;
            return n;
        }
        if (n > 0 || n == FIRTH_ERR_WOULD_BLOCK)
            return n;
        fth_read_end(in, (int)n, n == FIRTH_EOF ? 0 : firth_last_failure()->os_code,
                     n == FIRTH_EOF ? "close_notify" : firth_last_failure()->step);
        /* An alert that says why may wait below. */
        (void)fth_secure_push(secure);
        return in->cause;
    }
}

static int wait_readable(firth_read_channel *in)
{
    return fth_secure_wait_readable(of_input(in));
}

/* A socket whose writing was cancelled has no session any more, and a user still. Test:
 * write_cancel_is_a_reset_for_the_peer_and_its_cause_for_ever. */
static size_t available(const firth_read_channel *in)
{
    fth_secure *secure = of_input(in);

    return secure->is_open ? fth_tls_engine_used->readable(fth_secure_session(secure)) : 0;
}

static bool must_wait(const firth_read_channel *in)
{
    const fth_secure *secure = of_input(in);
    const firth_read_channel *below;

    if (!secure->is_open)
        return false;
    below = &secure->socket.below->in;
    return fth_read_buffered(below) == 0 && below->cause == 0 && below->source->must_wait != NULL &&
           below->source->must_wait(below) && available(in) == 0;
}

static int fill(firth_read_channel *in, uint64_t most)
{
    return fth_read_fill_from(in, &fth_secure_source, most);
}

const fth_source fth_secure_source = {
    .name = "read",
    .receive = receive,
    .fill = fill,
    .must_wait = must_wait,
    .wait = wait_readable,
    .left = fth_socket_reader_left,
    .available = available,
};

/* ---- writing ----------------------------------------------------------------------------------------------------- */

/* Writing has come to an end of its own. */
static int fail(fth_secure *secure, int64_t rc)
{
    firth_write_channel *out = &secure->socket.out;
    const firth_failure *why = firth_last_failure();

    out->unsent = false;
    fth_write_end(out, (int)rc, why->os_code, why->step);
    return out->cause;
}

/* What the engine still has to say. */
static int hand_over(fth_secure *secure)
{
    fth_tls_session *session = fth_secure_session(secure);

    return secure->is_ended ? fth_tls_engine_used->end(session) : fth_tls_engine_used->flush(session);
}

int fth_secure_push(fth_secure *secure)
{
    firth_write_channel *out = &secure->socket.out, *below = &secure->socket.below->out;
    int rc, drained;

    secure->busy = true;
    do {
        rc = hand_over(secure);
        drained = FTH_DRAINED;
        if (below->cause == 0 && (fth_write_buffered(below) > 0 || below->unsent))
            drained = below->sink->drain(below);
    } while (rc == FTH_TLS_WANT_WRITE && drained == FTH_DRAINED && fth_write_buffered(below) == 0 && below->cause == 0);
    secure->busy = false;
    if (rc >= 0 && below->cause != 0)
        rc = firth_fail(below->cause, below->os_code, below->step);
    if (rc < 0)
        return fail(secure, rc);
    out->unsent = rc != FIRTH_OK || drained != FTH_DRAINED;
    return out->unsent ? FTH_DRAINING : FTH_DRAINED;
}

/* One record at most; FIRTH_ERR_WOULD_BLOCK while an earlier one is not gone. */
static int64_t encrypt(fth_secure *secure, const void *bytes, size_t size)
{
    int64_t n;

    secure->busy = true;
    n = fth_tls_engine_used->write(fth_secure_session(secure), bytes, size);
    secure->busy = false;
    if (n < 0 && n != FIRTH_ERR_WOULD_BLOCK)
        return fail(secure, n);
    return n;
}

static int drain(firth_write_channel *out)
{
    fth_secure *secure = of_output(out);
    const firth_write_channel *below = &secure->socket.below->out;
    bool has_own = out->in_flight == 0 && fth_write_buffered(out) > 0;
    /* The last flight of a handshake waits below for the first record, to leave with it. */
    bool has_rest =
        out->unsent || secure->is_ended || below->in_flight > 0 || (!has_own && fth_write_buffered(below) > 0);
    int rc = has_rest ? fth_secure_push(secure) : FTH_DRAINED;

    /* While a task sends past the buffer, that is its affair. */
    while (rc == FTH_DRAINED && out->in_flight == 0 && fth_write_buffered(out) > 0) {
        int64_t n = encrypt(secure, out->block->bytes + out->start, fth_write_buffered(out));

        if (n < 0)
            return n == FIRTH_ERR_WOULD_BLOCK ? FTH_DRAINING : (int)n;
        fth_write_drained(out, (uint32_t)n);
        rc = fth_secure_push(secure);
    }
    return rc;
}

static void below_moved(firth_write_channel *out)
{
    fth_secure *secure = of_output(out);
    firth_socket *socket = &secure->socket;

    if (secure->busy || !secure->is_open)
        return;
    if (out->cause == 0 || out->unsent) {
        if (out->cause == 0 ? drain(out) == FTH_DRAINED : fth_secure_push(secure) == FTH_DRAINED)
            fth_write_wake(out);
    }
    if (secure->moved != NULL)
        secure->moved(secure->moved_argument);
    if (out->upper != NULL)
        out->upper->sink->below_moved(out->upper);
    if (out->tell_left)
        fth_socket_settle(socket);
}

static int64_t send_pieces(firth_write_channel *out, firth_buffer *pieces, unsigned count)
{
    fth_secure *secure = of_output(out);
    int64_t total = 0;
    unsigned i = 0;
    size_t at = 0;

    while (i < count) {
        int64_t n = encrypt(secure, (const unsigned char *)pieces[i].bytes + at, pieces[i].size - at);
        int rc;

        if (n >= 0) {
            total += n;
            at += (size_t)n;
            if (at == pieces[i].size) {
                at = 0;
                i++;
            } else if (i + 1 == count && pieces[i].size - at < out->capacity) {
                i = count; /* a rest may become more */
            }
        } else if (n != FIRTH_ERR_WOULD_BLOCK) {
            return total > 0 ? total : n;
        }
        rc = fth_secure_push(secure);
        if (rc == FTH_DRAINED)
            continue;
        if (total > 0)
            return total;
        rc = rc < 0 ? rc : fth_write_wait(out);
        /* An end that comes to a writer that waits wakes it, as room does. Test: write_cancel_wakes_the_writer_that_waits. */
        if (rc >= 0)
            rc = out->cause;
        if (rc < 0)
            return rc;
    }
    return total;
}

/* close_notify, and then the end of the channel below. */
static int finish(firth_write_channel *out)
{
    fth_secure *secure = of_output(out);
    firth_write_channel *below = &secure->socket.below->out;
    int rc;

    secure->is_ended = true;
    rc = fth_secure_push(secure);
    while (rc == FTH_DRAINING) {
        rc = fth_write_wait(out);
        if (rc >= 0)
            rc = out->cause != 0 ? firth_fail(out->cause, out->os_code, out->step) : fth_secure_push(secure);
    }
    if (rc < 0 || below->finished)
        return rc;
    rc = below->sink->finish(below);
    below->finished = rc >= 0;
    return rc;
}

const fth_sink fth_secure_sink = {
    .name = "write",
    .drain = drain,
    .send = send_pieces,
    .idle_deadline_ns = fth_socket_idle_deadline_ns,
    .finish = finish,
    .below_moved = below_moved,
    .left = fth_socket_writer_left,
    .cancelled = fth_socket_write_cancelled,
};
