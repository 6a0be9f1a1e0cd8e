/* SPDX-License-Identifier: Apache-2.0 */
/* Two sockets connected to each other in memory. As in a pipe, the reader takes from the writer's block what was
 * flushed, which is what the writer's in_flight counts here; what a socket has not delivered when it is closed goes over
 * to its peer. */
#include "core/base/assert.h"
#include "core/base/list.h"
#include "core/channels/fill.h"
#include "core/sockets/socket.h"
#include <string.h>

typedef struct half {
    firth_socket socket;
    struct half *peer; /* NULL: closed */
    fth_block *left;   /* what the peer had not delivered when it was closed: [start, end) */
    uint32_t start;
    uint32_t end;
    int end_cause; /* after that */
    bool reader_waits;
} half;

enum { LINGER_MS = 5000 };

static half *of_input(const firth_read_channel *in)
{
    return (half *)(void *)FTH_CONTAINER(in, firth_socket, in);
}

static half *of_output(const firth_write_channel *out)
{
    return (half *)(void *)FTH_CONTAINER(out, firth_socket, out);
}

static void wake_reader(half *one)
{
    firth_task *reader = one != NULL ? one->socket.in.reader : NULL;

    if (reader == NULL || !one->reader_waits || reader->stage != FTH_TASK_SUSPENDED)
        return;
    one->reader_waits = false;
    fth_task_wake(reader);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static int64_t take_left(half *one, void *bytes, size_t size)
{
    size_t n = one->end - one->start;

    n = n < size ? n : size;
    memcpy(bytes, one->left->bytes + one->start, n);
    one->start += (uint32_t)n;
    if (one->start == one->end) {
        fth_block_give(&one->socket.io.selector->blocks, one->left);
        one->left = NULL;
    }
    return (int64_t)n;
}

static int64_t take_from(firth_write_channel *out, void *bytes, size_t size)
{
    uint32_t flushed = out->in_flight;
    size_t n = flushed < size ? flushed : size;

    memcpy(bytes, out->block->bytes + out->start, n);
    fth_write_drained(out, (uint32_t)n);
    out->in_flight = flushed - (uint32_t)n;
    if (out->upper != NULL)
        out->upper->sink->below_moved(out->upper);
    return (int64_t)n;
}

static int64_t attempt(half *one, void *bytes, size_t size)
{
    firth_read_channel *in = &one->socket.in;
    firth_write_channel *out = one->peer != NULL ? &one->peer->socket.out : NULL;

    if (one->left != NULL)
        return take_left(one, bytes, size);
    if (out != NULL && out->in_flight > 0)
        return take_from(out, bytes, size);
    if (out != NULL && !out->finished)
        return FIRTH_ERR_WOULD_BLOCK;
    fth_read_end(in, out != NULL ? FIRTH_EOF : one->end_cause, 0, "read");
    return in->cause;
}

static int wait_for_peer(firth_read_channel *in)
{
    half *one = of_input(in);
    int rc;

    if (one->left != NULL || one->peer == NULL || one->peer->socket.out.in_flight > 0 || one->peer->socket.out.finished)
        return FIRTH_OK;
    one->reader_waits = true;
    rc = fth_task_park("read", one->socket.read_idle_ms > 0
                                   ? firth_now_ns() + (int64_t)one->socket.read_idle_ms * 1000000
                                   : INT64_MAX);
    one->reader_waits = false;
    return rc;
}

static int64_t receive(firth_read_channel *in, void *bytes, size_t size, bool attempt_only)
{
    half *one = of_input(in);
    int64_t n = attempt(one, bytes, size);

    while (n == FIRTH_ERR_WOULD_BLOCK && !attempt_only) {
        n = wait_for_peer(in);
        if (n >= 0)
            n = attempt(one, bytes, size);
    }
    return n;
}

static size_t shown(const firth_read_channel *in)
{
    const half *one = of_input(in);

    return one->left != NULL ? one->end - one->start : one->peer != NULL ? one->peer->socket.out.in_flight : 0;
}

static bool must_wait(const firth_read_channel *in)
{
    const half *one = of_input(in);

    return one->left == NULL && one->peer != NULL && one->peer->socket.out.in_flight == 0 &&
           !one->peer->socket.out.finished;
}

static int fill(firth_read_channel *in, uint64_t most);

static const fth_source source = {
    .name = "read",
    .is_cheap = true,
    .receive = receive,
    .fill = fill,
    .must_wait = must_wait,
    .wait = wait_for_peer,
    .left = fth_socket_reader_left,
    .available = shown,
};

static int fill(firth_read_channel *in, uint64_t most)
{
    return fth_read_fill_from(in, &source, most);
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static int show(firth_write_channel *out)
{
    if (of_output(out)->peer == NULL) {
        fth_write_end(out, FIRTH_ERR_RESET, 0, "write");
        return out->cause;
    }
    out->in_flight = fth_write_buffered(out);
    wake_reader(of_output(out)->peer);
    return FTH_DRAINED;
}

static int finish(firth_write_channel *out)
{
    /* The end is seen when the channel says that it is finished, which is right after this. */
    wake_reader(of_output(out)->peer);
    return FIRTH_OK;
}

static const fth_sink sink = {
    .name = "write",
    .drain = show,
    .finish = finish,
    .idle_deadline_ns = fth_socket_idle_deadline_ns,
    .left = fth_socket_writer_left,
    .cancelled = fth_socket_write_cancelled,
};

/* ---- the kind ---------------------------------------------------------------------------------------------------- */

/* What the peer has not read goes over to it. */
static int hand_over(firth_socket *socket)
{
    half *one = (half *)(void *)socket, *peer = one->peer;
    firth_write_channel *out = &socket->out;

    if (peer == NULL || out->block == NULL || out->in_flight == 0)
        return FIRTH_OK;
    peer->left = out->block;
    peer->start = out->start;
    peer->end = out->start + out->in_flight;
    out->block = NULL;
    out->start = out->end = out->in_flight = 0;
    return FIRTH_OK;
}

static void forget(firth_socket *socket)
{
    socket->out.in_flight = 0;
    fth_write_discard(&socket->out);
}

static void part(firth_socket *socket)
{
    half *one = (half *)(void *)socket, *peer = one->peer;

    if (one->left != NULL)
        fth_block_give(&socket->io.selector->blocks, one->left);
    one->left = NULL;
    if (peer == NULL)
        return;
    one->peer = peer->peer = NULL;
    peer->end_cause = socket->how == FIRTH_CLOSE_RESET ? FIRTH_ERR_RESET : FIRTH_EOF;
    peer->socket.out.in_flight = 0;
    if (peer->socket.out.cause == 0 && fth_write_buffered(&peer->socket.out) > 0)
        fth_write_end(&peer->socket.out, FIRTH_ERR_RESET, 0, "write");
    if (peer->socket.out.upper != NULL)
        peer->socket.out.upper->sink->below_moved(peer->socket.out.upper);
    wake_reader(peer);
    one->end_cause = FIRTH_ERR_CLOSED;
}

static const fth_socket_kind in_memory = {
    .source = &source,
    .sink = &sink,
    .farewell = hand_over,
    .stop_sending = forget,
    .close = part,
};

static half *make(firth_selector *selector)
{
    half *one = firth_selector_allocate(selector, sizeof *one);

    if (one != NULL)
        fth_socket_init(&one->socket, selector, &in_memory);
    return one;
}

int firth_socket_pair_at(firth_selector *selector, firth_socket *pair[2], const char *place)
{
    firth_tcp_builder tcp = firth_tcp(selector);
    half *first = make(selector), *second = make(selector);

    pair[0] = pair[1] = NULL;
    if (first == NULL || second == NULL) {
        firth_selector_release(selector, first);
        firth_selector_release(selector, second);
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "firth_socket_pair");
    }
    tcp.auto_flush = true;
    tcp.linger_ms = LINGER_MS;
    first->peer = second;
    second->peer = first;
    fth_socket_start(&first->socket, &tcp, place);
    fth_socket_start(&second->socket, &tcp, place);
    pair[0] = &first->socket;
    pair[1] = &second->socket;
    return FIRTH_OK;
}
