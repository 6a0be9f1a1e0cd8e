/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/handshake.h"
#include "core/tls/engine.h"
#include "tests/tls/pki.h"

#include <stdlib.h>
#include <string.h>

enum { STEPS_MAX = 200 * 1000, PATIENCE = 8, DATA_BYTES = 100 };

static const fth_tls_engine *const engine = &fth_tls_mbedtls;

typedef struct end {
    fth_tls_session *session;
    fuzz_stream *in, *out;
    const uint8_t *edits; /* of what it sends */
    size_t edit_count;
    size_t sent; /* before the edits */
    bool in_pieces;
    bool is_alone; /* there is no peer: the end of its bytes is the end */
    int result;    /* of the handshake, or of what came later */
} end;

static void check(bool is_kept)
{
    if (!is_kept)
        abort();
}

/* ---- the transport ------------------------------------------------------------------------------------------------ */

static int64_t receive(void *owner, void *bytes, size_t size)
{
    end *this = owner;
    size_t there = this->in->written - this->in->read;

    if (there == 0)
        return this->is_alone ? FIRTH_EOF : FIRTH_ERR_WOULD_BLOCK;
    size = size < there ? size : there;
    if (this->in_pieces)
        size = 1;
    memcpy(bytes, this->in->bytes + this->in->read, size);
    this->in->read += size;
    return (int64_t)size;
}

static void put(fuzz_stream *to, uint8_t byte)
{
    if (to->written < sizeof to->bytes)
        to->bytes[to->written++] = byte;
}

/* A byte on its way: changed, replaced, doubled, left out, or followed by another. */
static void send_byte(end *this, uint8_t byte)
{
    size_t at = this->sent++;
    bool is_left_out = false;

    for (size_t i = 0; i < this->edit_count; i++) {
        const uint8_t *edit = this->edits + i * FUZZ_EDIT_BYTES;

        if ((size_t)(edit[0] << 8 | edit[1]) != at)
            continue;
        switch (edit[2] % 4) {
        case 0:
            byte ^= edit[3];
            break;
        case 1:
            byte = edit[3];
            break;
        case 2:
            is_left_out = true;
            break;
        default:
            put(this->out, edit[3]);
            break;
        }
    }
    if (!is_left_out)
        put(this->out, byte);
}

static int64_t give(void *owner, const void *bytes, size_t size)
{
    end *this = owner;

    for (size_t i = 0; i < size; i++)
        send_byte(this, ((const uint8_t *)bytes)[i]);
    return (int64_t)size;
}

static const fth_tls_transport transport = {.receive = receive, .send = give};

/* ---- configurations: made once for each kind ---------------------------------------------------------------------- */

static firth_tls_version version_of(unsigned kind)
{
    switch (kind & (FUZZ_TLS_1_2 | FUZZ_TLS_1_3)) {
    case FUZZ_TLS_1_2:
        return FIRTH_TLS_1_2;
    case FUZZ_TLS_1_3:
        return FIRTH_TLS_1_3;
    default:
        return (firth_tls_version)0;
    }
}

static fth_tls_context *build(firth_tls_role role, unsigned kind)
{
    static fth_tls_context *built[2][FUZZ_KINDS];
    static pki keys;
    fth_tls_context **wanted = &built[role][kind % FUZZ_KINDS & ~(unsigned)(FUZZ_EDITED | FUZZ_PIECES)];
    pki_setup setup;

    if (*wanted != NULL)
        return *wanted;
    if (keys.root == NULL)
        pki_open(&keys);
    pki_prepare(&setup, &keys, (kind & FUZZ_RSA) != 0 ? keys.rsa : keys.ec, version_of(kind));
    if ((kind & FUZZ_CLIENT_CERTIFICATE) != 0)
        pki_prepare_client(&setup, &keys, FIRTH_TLS_CLIENT_REQUIRED);
    setup.client.insecure_any_certificate = (kind & FUZZ_ANY_CERTIFICATE) != 0;
    check(engine->context_build(role == FIRTH_TLS_CLIENT ? &setup.client : &setup.server, wanted) == FIRTH_OK);
    return *wanted;
}

/* ---- sessions ----------------------------------------------------------------------------------------------------- */

static void open_end(end *this, firth_tls_role role, unsigned kind)
{
    fth_tls_opening opening = {.transport = &transport, .owner = this, .port = 443};

    if (role == FIRTH_TLS_CLIENT)
        opening.server_name = PKI_HOST;
    this->session = calloc(1, engine->session_bytes);
    check(this->session != NULL);
    check(engine->open(this->session, build(role, kind), &opening) == FIRTH_OK);
    this->result = FTH_TLS_WANT_READ;
}

static void close_end(end *this)
{
    if (this->session == NULL)
        return;
    engine->close(this->session);
    free(this->session);
}

/* What is only there after the handshake. */
static void look(end *this)
{
    const firth_tls_certificate *certificate;
    static const char words[DATA_BYTES];
    firth_tls_info info;

    fth_tls_mbedtls_facts.info(this->session, &info);
    check(info.alpn != NULL && info.server_name != NULL && info.cipher_suite_name != NULL);
    if (fth_tls_mbedtls_facts.peer_certificate(this->session, &certificate) == FIRTH_OK)
        check(strlen(certificate->subject) < SIZE_MAX && certificate->der_size > 0);
    (void)!engine->write(this->session, words, sizeof words);
    (void)!engine->flush(this->session);
}

/* One that has failed says so again. */
static void expect_sticky(end *this)
{
    char byte;

    check(engine->read(this->session, &byte, 1) < 0);
    (void)!engine->flush(this->session);
    (void)!engine->end(this->session);
}

static void step(end *this)
{
    char bytes[300];

    if (this->result > 0) {
        this->result = engine->handshake(this->session);
        check(this->result <= FTH_TLS_WANT_WRITE);
        if (this->result == FIRTH_OK)
            look(this);
    } else if (this->result == FIRTH_OK) {
        int64_t n = engine->read(this->session, bytes, sizeof bytes);

        check(n != 0 && n <= (int64_t)sizeof bytes);
        if (n < 0 && n != FIRTH_ERR_WOULD_BLOCK)
            this->result = (int)n;
    }
    if (this->result < 0)
        expect_sticky(this);
}

static size_t moved(const end *this)
{
    return this->in->read + this->out->written;
}

/* Until both have come to an end or stand still. */
static void play(end *target, end *peer)
{
    size_t before = 0, steps = 0;
    int still = 0;

    while (still < PATIENCE && target->result >= 0) {
        check(steps++ < STEPS_MAX);
        step(target);
        if (peer->session != NULL)
            step(peer);
        still = moved(target) == before ? still + 1 : 0;
        before = moved(target);
    }
}

/* A handshake that stands still is given up, in whatever state it is. */
static void finish(end *target, end *peer, fuzz_stream *streams)
{
    if (target->result > 0)
        check(engine->cancel(target->session) == FIRTH_OK);
    else
        (void)!engine->end(target->session);
    close_end(target);
    close_end(peer);
    free(streams);
}

void fuzz_handshake(firth_tls_role target_role, const uint8_t *input, size_t size)
{
    fuzz_stream *streams = calloc(2, sizeof *streams);
    end target = {.in = &streams[0], .out = &streams[1]}, peer = {.in = &streams[1], .out = &streams[0]};
    unsigned kind;

    check(streams != NULL);
    if (size == 0) {
        free(streams);
        return;
    }
    kind = input[0];
    target.in_pieces = (kind & FUZZ_PIECES) != 0;
    open_end(&target, target_role, kind);
    if ((kind & FUZZ_EDITED) != 0) {
        peer.edits = input + 1;
        peer.edit_count = (size - 1) / FUZZ_EDIT_BYTES;
        peer.edit_count = peer.edit_count < FUZZ_EDITS_MAX ? peer.edit_count : FUZZ_EDITS_MAX;
        open_end(&peer, target_role == FIRTH_TLS_CLIENT ? FIRTH_TLS_SERVER : FIRTH_TLS_CLIENT, kind);
    } else {
        target.is_alone = true;
        for (size_t i = 1; i < size; i++)
            put(target.in, input[i]);
    }
    play(&target, &peer);
    finish(&target, &peer, streams);
}

void fuzz_record(unsigned kind, fuzz_stream *of_client, fuzz_stream *of_server)
{
    end client = {.in = of_server, .out = of_client}, server = {.in = of_client, .out = of_server};

    memset(of_client, 0, sizeof *of_client);
    memset(of_server, 0, sizeof *of_server);
    open_end(&client, FIRTH_TLS_CLIENT, kind);
    open_end(&server, FIRTH_TLS_SERVER, kind);
    play(&client, &server);
    check(client.result == FIRTH_OK && server.result == FIRTH_OK);
    (void)!engine->end(client.session);
    (void)!engine->end(server.session);
    close_end(&client);
    close_end(&server);
}
