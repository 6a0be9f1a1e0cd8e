/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tls/wire.h"
#include "tests/support/support.h"
#include "tests/tls/certificate_parts.h"
#include <firth/backend.h>
#include <stdlib.h>

static const fth_tls_engine *const engine = &fth_tls_mbedtls;

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* What a call may move; 0 would block. */
static size_t allowance(wire *w, size_t size)
{
    w->is_turn = !w->is_turn;
    if (w->is_reluctant && w->is_turn)
        return 0;
    return w->most != 0 ? least(size, w->most) : size;
}

static int64_t receive(void *owner, void *bytes, size_t size)
{
    wire *w = ((wire_end *)owner)->in;
    size_t there = least(w->written, w->cut_at) - w->read;

    if (there == 0 && w->receive_error != FIRTH_OK)
        return firth_fail(w->receive_error, 0, "receive");
    if (there == 0)
        return w->is_ended || w->read >= w->cut_at ? FIRTH_EOF : FIRTH_ERR_WOULD_BLOCK;
    size = least(allowance(w, size), there);
    if (size == 0)
        return FIRTH_ERR_WOULD_BLOCK;
    memcpy(bytes, w->bytes + w->read, size);
    if (w->flip_at >= w->read && w->flip_at < w->read + size)
        ((unsigned char *)bytes)[w->flip_at - w->read] ^= w->flip;
    w->read += size;
    w->receives++;
    return (int64_t)size;
}

static int64_t give(void *owner, const void *bytes, size_t size)
{
    wire *w = ((wire_end *)owner)->out;

    if (w->send_error != FIRTH_OK)
        return firth_fail(w->send_error, 0, "send");
    if (w->cut.piece == 0)
        size = allowance(w, size);
    if (w->room != 0)
        size = least(size, w->room - least(w->room, w->written - w->read));
    if (size == 0)
        return FIRTH_ERR_WOULD_BLOCK;
    certificate_check(size <= sizeof w->bytes - w->written, "the size of the wire");
    memcpy(w->bytes + w->written, bytes, size);
    w->written += size;
    w->sends++;
    return (int64_t)size;
}

static const fth_tls_transport transport = {.receive = receive, .send = give};

static void reset(wire *w)
{
    w->written = w->read = w->receives = w->sends = 0;
    w->is_ended = w->cut.is_sealed = false;
}

static void build(wire_end *end, const firth_tls_builder *tls)
{
    int rc = tls != NULL ? engine->context_build(tls, &end->context) : FIRTH_OK;

    if (rc != FIRTH_OK)
        (void)fprintf(stderr, "%s: %s\n", firth_error_name(rc), firth_last_failure()->detail);
    certificate_check(rc == FIRTH_OK, "building a context");
}

wire_pair *wire_open(const firth_tls_builder *client, const firth_tls_builder *server)
{
    wire_pair *pair = calloc(1, sizeof *pair);

    if (pair == NULL)
        abort();
    pair->to_client.cut_at = pair->to_server.cut_at = SIZE_MAX;
    pair->to_client.flip_at = pair->to_server.flip_at = SIZE_MAX;
    pair->client.in = pair->server.out = &pair->to_client;
    pair->client.out = pair->server.in = &pair->to_server;
    pair->port = 443;
    build(&pair->client, client);
    build(&pair->server, server);
    return pair;
}

void wire_close(wire_pair *pair)
{
    wire_disconnect(pair);
    if (pair->client.context != NULL)
        engine->context_free(pair->client.context);
    if (pair->server.context != NULL)
        engine->context_free(pair->server.context);
    free(pair);
}

static void note_failure(wire_end *end)
{
    end->failure = *firth_last_failure();
    (void)snprintf(end->detail, sizeof end->detail, "%s", end->failure.detail);
    end->failure.detail = end->detail;
}

static void note(wire_end *end, int result)
{
    end->result = result;
    if (result < 0)
        note_failure(end);
}

int64_t wire_read(wire_end *end, void *bytes, size_t size)
{
    int64_t got = engine->read(end->session, bytes, size);

    end->read_result = got < 0 ? (int)got : FIRTH_OK;
    if (got < 0 && got != FIRTH_ERR_WOULD_BLOCK)
        note_failure(end);
    return got;
}

static int open_end(wire_end *end, const char *server_name, uint16_t port)
{
    fth_tls_opening opening = {.transport = &transport, .owner = end, .server_name = server_name, .port = port};
    fth_tls_session *session = calloc(1, engine->session_bytes);
    int rc;

    certificate_check(session != NULL, "calloc");
    rc = engine->open(session, end->context, &opening);
    note(end, rc);
    if (rc == FIRTH_OK)
        end->session = session;
    else
        free(session);
    return rc;
}

static void close_end(wire_end *end)
{
    if (end->session != NULL)
        (engine->close)(end->session);
    free(end->session);
    end->session = NULL;
    memset(&end->failure, 0, sizeof end->failure);
    end->detail[0] = '\0';
    end->read_result = FIRTH_ERR_WOULD_BLOCK;
}

int wire_connect(wire_pair *pair, const char *server_name)
{
    int rc;

    wire_disconnect(pair);
    reset(&pair->to_client);
    reset(&pair->to_server);
    rc = open_end(&pair->client, server_name, pair->port);
    return rc != FIRTH_OK ? rc : open_end(&pair->server, NULL, 0);
}

void wire_disconnect(wire_pair *pair)
{
    close_end(&pair->client);
    close_end(&pair->server);
}

static size_t moved(const wire_pair *pair)
{
    return pair->to_client.written + pair->to_client.read + pair->to_server.written + pair->to_server.read;
}

/* One that is done reads on, as programs do: a server of TLS 1.3 sends tickets in the end, and waits for room for them;
 * what it thinks of a client's certificate comes to the client no earlier either. */
static void step(wire_end *end)
{
    unsigned char byte;

    if (end->result > 0)
        note(end, engine->handshake(end->session));
    else if (end->result == FIRTH_OK && end->read_result == FIRTH_ERR_WOULD_BLOCK)
        certificate_check(wire_read(end, &byte, 1) < 0, "reading nothing");
}

/* An end that failed sends nothing any more. */
static void end_wires(wire_pair *pair, bool all)
{
    pair->to_server.is_ended = pair->to_server.is_ended || all || pair->client.result < 0;
    pair->to_client.is_ended = pair->to_client.is_ended || all || pair->server.result < 0;
}

/* What was written since then. */
static void cut_since(wire *w, size_t before)
{
    static unsigned char cut[RECUT_GROWTH * 65536];
    size_t taken, size;

    if (w->cut.piece == 0 || w->written == before)
        return;
    certificate_check(w->written - before <= sizeof cut / RECUT_GROWTH, "the size of a flight");
    size = recut_records(&w->cut, w->bytes + before, w->written - before, cut, &taken);
    certificate_check(taken == w->written - before && before + size <= sizeof w->bytes, "whole records");
    memcpy(w->bytes + before, cut, size);
    w->written = before + size;
}

static void step_and_cut(wire_end *end)
{
    const size_t before = end->out->written;

    step(end);
    cut_since(end->out, before);
}

int wire_handshake(wire_pair *pair)
{
    size_t before = 0;
    int still = 0;

    pair->client.result = pair->server.result = FTH_TLS_WANT_READ;
    while (still < WIRE_PATIENCE && (pair->client.result > 0 || pair->server.result > 0)) {
        step_and_cut(&pair->client);
        step_and_cut(&pair->server);
        end_wires(pair, false);
        still = moved(pair) == before ? still + 1 : 0;
        before = moved(pair);
    }
    step_and_cut(&pair->client); /* what was sent last */
    step_and_cut(&pair->server);
    return pair->client.result != FIRTH_OK ? pair->client.result : pair->server.result;
}

void wire_end_both(wire_pair *pair)
{
    end_wires(pair, true);
    for (int i = 0; i < WIRE_PATIENCE; i++) {
        step(&pair->client);
        step(&pair->server);
    }
}

int wire_outcome(const wire_end *end)
{
    if (end->result < 0)
        return end->result;
    return end->read_result == FIRTH_ERR_WOULD_BLOCK ? FIRTH_OK : end->read_result;
}

int wire_establish(wire_pair *pair, const char *server_name)
{
    int rc = wire_connect(pair, server_name);

    if (rc != FIRTH_OK)
        return rc;
    rc = wire_handshake(pair);
    if (rc <= 0 && pair->server.result <= 0)
        return rc;
    wire_end_both(pair);
    return pair->client.result != FIRTH_OK ? pair->client.result : pair->server.result;
}

/* A few bytes of what was sent. 1: they are not those. */
static int take(wire_end *to, size_t *received)
{
    unsigned char bytes[1500];
    int64_t got = wire_read(to, bytes, sizeof bytes);

    if (got < 0)
        return got == FIRTH_ERR_WOULD_BLOCK ? FIRTH_OK : (int)got;
    if (!support_is_filled(bytes, (size_t)got, *received))
        return 1;
    *received += (size_t)got;
    return FIRTH_OK;
}

static int put(wire_end *from, size_t *sent, size_t size, size_t piece)
{
    unsigned char bytes[32768];
    int rc = engine->flush(from->session);
    int64_t taken;

    if (rc != FIRTH_OK || *sent == size)
        return rc > 0 ? FIRTH_OK : rc;
    piece = least(least(piece, size - *sent), sizeof bytes);
    support_fill(bytes, piece, *sent);
    taken = engine->write(from->session, bytes, piece);
    if (taken > 0)
        *sent += (size_t)taken;
    return taken > 0 || taken == FIRTH_ERR_WOULD_BLOCK ? FIRTH_OK : (int)taken;
}

int wire_carry(wire_end *from, wire_end *to, size_t size, size_t piece)
{
    size_t sent = 0, received = 0;

    while (received < size) {
        int rc = put(from, &sent, size, piece);

        if (from->out->read == from->out->written) /* the wire is used again */
            from->out->read = from->out->written = 0;
        if (rc == FIRTH_OK)
            rc = take(to, &received);
        if (rc != FIRTH_OK)
            return rc;
    }
    return FIRTH_OK;
}
