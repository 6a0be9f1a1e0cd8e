/* SPDX-License-Identifier: Apache-2.0 */
/* The modes over TLS. Those whose name ends in 12 are of TLS 1.2, the others of TLS 1.3. */
#include "bench/load_tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/server_tls.h"

/* The server always has work: pieces asked for at a time, and bytes to swallow in one write. */
enum { PIECES_AHEAD = 4, SINK_WRITE_BYTES = 16 * 1024 };

/* ---- new connections --------------------------------------------------------------------------------------------- */

typedef enum visit_stage { VISIT_NONE, VISIT_HANDSHAKING, VISIT_ENDING } visit_stage;

typedef struct visit {
    tls_stream stream; /* the first: an event's owner is the visit */
    visit_stage stage;
    int64_t handshaken_ns;
} visit;

static void begin_visit(load *self, visit *of)
{
    if (load_may_start(self, 1) == 0)
        return;
    tls_begin(self, &of->stream, self->started);
    of->stream.begun_ns = load_now_ns();
    of->stage = VISIT_HANDSHAKING;
}

/* An operation is over when the server's end has come: all of its work for that connection is inside. The latency is
 * that of the handshake, connecting included. */
static void advance(load *self, visit *of)
{
    if (of->stage == VISIT_HANDSHAKING && tls_handshake(&of->stream)) {
        of->handshaken_ns = load_now_ns();
        of->stage = VISIT_ENDING;
        tls_end(&of->stream);
    }
    if (of->stage != VISIT_ENDING || !tls_has_ended(&of->stream))
        return;
    tls_free(&of->stream);
    of->stage = VISIT_NONE;
    load_complete(self, of->handshaken_ns - of->stream.begun_ns, 1);
    begin_visit(self, of);
}

static void run_handshakes(load *self)
{
    struct epoll_event events[LOAD_EVENTS];
    visit *visits = calloc(self->connections, sizeof *visits);
    int64_t now_ns;

    if (visits == NULL)
        fail("no memory");
    load_begin(self);
    for (unsigned i = 0; i < self->connections; i++)
        begin_visit(self, &visits[i]);
    while (self->stage != LOAD_OVER || self->completed < self->started) {
        int ready = load_wait(self, events, &now_ns);

        for (int i = 0; i < ready; i++) {
            visit *of = events[i].data.ptr;

            tls_stir(&of->stream, events[i].events);
            if (of->stage != VISIT_NONE)
                advance(self, of);
        }
        load_tick(self, load_now_ns());
    }
    free(visits);
}

/* ---- small messages ---------------------------------------------------------------------------------------------- */

static void ask(load *self, tls_stream *of)
{
    if (load_may_start(self, 1) == 0)
        return;
    of->begun_ns = load_now_ns();
    tls_send(of, bytes_at(&self->content, of->start + of->asked), BYTES_MESSAGE);
    of->asked += BYTES_MESSAGE;
}

static void receive_answer(load *self, tls_stream *of)
{
    size_t n;

    while (of->answered < of->asked && (n = tls_receive(of, self->buffer, BYTES_MESSAGE)) > 0) {
        if (n > of->asked - of->answered ||
            memcmp(self->buffer, bytes_at(&self->content, of->start + of->answered), n) != 0)
            fail("the answer is not what was sent, from byte %llu of a connection on",
                 (unsigned long long)of->answered);
        of->answered += n;
        if (of->answered < of->asked)
            continue;
        load_complete(self, load_now_ns() - of->begun_ns, 1);
        ask(self, of);
    }
}

static bool all_answered(const tls_stream *streams, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (streams[i].answered < streams[i].asked)
            return false;
    return true;
}

static void ping_pong(load *self, tls_stream *streams, size_t count)
{
    struct epoll_event events[LOAD_EVENTS];
    int64_t now_ns;

    load_begin(self);
    for (size_t i = 0; i < count; i++)
        ask(self, &streams[i]);
    while (self->stage != LOAD_OVER || !all_answered(streams, count)) {
        int ready = load_wait(self, events, &now_ns);

        for (int i = 0; i < ready; i++) {
            tls_stir(events[i].data.ptr, events[i].events);
            receive_answer(self, events[i].data.ptr);
        }
        load_tick(self, now_ns);
    }
}

static tls_stream *open_all(load *self)
{
    tls_stream *streams = calloc(self->connections, sizeof *streams);

    if (streams == NULL)
        fail("no memory");
    for (unsigned i = 0; i < self->connections; i++)
        tls_open(self, &streams[i], i);
    return streams;
}

static void close_all(load *self, tls_stream *streams)
{
    for (unsigned i = 0; i < self->connections; i++) {
        tls_end(&streams[i]);
        tls_close(&streams[i]);
    }
    free(streams);
}

static void run_ping_pong(load *self)
{
    tls_stream *streams = open_all(self);

    ping_pong(self, streams, self->connections);
    close_all(self, streams);
}

/* ---- bulk -------------------------------------------------------------------------------------------------------- */

static void receive_stream(load *self, tls_stream *of)
{
    size_t n;

    while (of->answered < of->asked && (n = tls_receive(of, self->buffer, BYTES_RUN_MAX)) > 0) {
        if (n > of->asked - of->answered || memcmp(self->buffer, bytes_at(&self->content, of->answered), n) != 0)
            fail("the stream is not as it should be, from byte %llu on", (unsigned long long)of->answered);
        of->answered += n;
        self->bytes += n;
        load_tick(self, load_now_ns());
        if (self->stage != LOAD_OVER && of->asked - of->answered <= (PIECES_AHEAD - 1) * SOURCE_PIECE_BYTES) {
            tls_send(of, (const unsigned char *)"+", 1);
            of->asked += SOURCE_PIECE_BYTES;
        }
    }
}

static void run_source(load *self)
{
    static const unsigned char wanted[PIECES_AHEAD] = "++++";
    struct epoll_event events[LOAD_EVENTS];
    int64_t now_ns;
    tls_stream only;

    tls_open(self, &only, 0);
    load_begin(self);
    tls_send(&only, wanted, sizeof wanted);
    only.asked = sizeof wanted * SOURCE_PIECE_BYTES;
    while (self->stage != LOAD_OVER || only.answered < only.asked) {
        if (load_wait(self, events, &now_ns) > 0)
            tls_stir(&only, events[0].events);
        receive_stream(self, &only);
    }
    tls_end(&only);
    tls_close(&only);
}

static void run_sink(load *self)
{
    char text[32] = "";
    unsigned long long count;
    size_t got = 0;
    tls_stream only;

    tls_open(self, &only, 0);
    load_begin(self);
    while (self->stage != LOAD_OVER) {
        tls_send(&only, bytes_at(&self->content, self->bytes), SINK_WRITE_BYTES);
        self->bytes += SINK_WRITE_BYTES;
        load_tick(self, load_now_ns());
    }
    tls_end(&only);
    do {
        tls_receive_all(&only, (unsigned char *)text + got, 1);
        got++;
    } while (text[got - 1] != '\n' && got < sizeof text - 1);
    if (sscanf(text, "%llu\n", &count) != 1 || count != self->bytes)
        fail("%llu bytes were sent, and the server says \"%s\"", (unsigned long long)self->bytes, text);
    tls_close(&only);
}

/* ---- idle connections -------------------------------------------------------------------------------------------- */

static unsigned long long heap_bytes(tls_stream *with)
{
    char text[HEAP_TEXT_BYTES + 1] = "";
    unsigned long long in_use;

    tls_send(with, (const unsigned char *)"?", 1);
    tls_receive_all(with, (unsigned char *)text, HEAP_TEXT_BYTES);
    if (sscanf(text, "%llu", &in_use) != 1)
        fail("the server says that its heap is \"%s\"", text);
    return in_use;
}

/* Each connection has exchanged a message. The first ones are not counted: with them come the server's tables. An
 * operation is a connection. */
static void run_idle(load *self)
{
    unsigned first = self->connections / 4, count;
    tls_stream *streams = calloc(self->connections, sizeof *streams);
    unsigned long long heap = 0;
    int64_t resident = 0;

    if (streams == NULL || first == 0)
        fail("no memory, or too few connections");
    self->limit = self->connections;
    load_begin(self);
    for (unsigned i = 0; i < self->connections; i++) {
        tls_open(self, &streams[i], i);
        (void)heap_bytes(&streams[i]);
        self->completed++;
        if (i + 1 == first) {
            heap = heap_bytes(&streams[0]);
            resident = subject_resident_bytes(&self->server);
        }
    }
    count = self->connections - first;
    self->heap_per_idle_bytes = (double)(heap_bytes(&streams[0]) - heap) / count;
    self->resident_per_idle_bytes = (double)(subject_resident_bytes(&self->server) - resident) / count;
    load_tick(self, load_now_ns());
    for (unsigned i = 0; i < self->connections; i++) /* they cost that much only if they are still served */
        (void)heap_bytes(&streams[i]);
    close_all(self, streams);
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

static void run_with(load *self, mbedtls_ssl_protocol_version version, void (*run)(load *self))
{
    tls_configure(version);
    run(self);
    tls_unconfigure();
}

#define MODE_OF(name, version)                                                                                         \
    static void name##_##version(load *self)                                                                           \
    {                                                                                                                  \
        run_with(self, MBEDTLS_SSL_VERSION_TLS1_##version, run_##name);                                                \
    }

MODE_OF(handshakes, 2)
MODE_OF(handshakes, 3)
MODE_OF(ping_pong, 3)
MODE_OF(source, 3)
MODE_OF(sink, 3)
MODE_OF(idle, 2)
MODE_OF(idle, 3)

const load_mode load_modes[] = {
    {"tls-hs", "echo", "handshake", 8, 1, handshakes_3},  {"tls-hs12", "echo", "handshake", 8, 1, handshakes_2},
    {"tls-pp1", "echo", "request", 1, 1, ping_pong_3},    {"tls-pp100", "echo", "request", 100, 1, ping_pong_3},
    {"tls-bulk16", "source16", "MiB", 1, 1, source_3},    {"tls-bulk1", "source1", "MiB", 1, 1, source_3},
    {"tls-sink16", "sink", "MiB", 1, 1, sink_3},          {"tls-idle", "heap", "connection", 400, 1, idle_3},
    {"tls-idle12", "heap", "connection", 400, 1, idle_2}, {NULL, NULL, NULL, 0, 0, NULL},
};
