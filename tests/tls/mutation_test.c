/* SPDX-License-Identifier: Apache-2.0 */
/* A handshake with one byte changed, and one that is cut off, at each byte in turn: an error at both ends, never a hang,
 * never a crash, and the side that did not see it is told. FIRTH_TEST_STRIDE is the distance from one byte to the next;
 * unset, few are tried. */
#include "tests/support/support.h"
#include "tests/tls/pki.h"
#include "tests/tls/wire.h"
#include <stdlib.h>

static pki keys;

typedef struct kind {
    firth_tls_version version;
    bool is_rsa, has_client_certificate;
    size_t piece; /* bytes of a record in plain; 0: as mbedTLS makes them */
} kind;

static const kind kinds[] = {
    {FIRTH_TLS_1_2, false, false, 0},
    {FIRTH_TLS_1_3, false, false, 0},
    {FIRTH_TLS_1_2, true, true, 0},
    {FIRTH_TLS_1_3, true, true, 0},
    {0, false, true, 0},
    {FIRTH_TLS_1_2, false, false, 3},
    {FIRTH_TLS_1_3, false, false, 7},
};

enum { KIND_COUNT = sizeof kinds / sizeof *kinds, FEW = 29 };

static size_t stride(void)
{
    const char *text = getenv("FIRTH_TEST_STRIDE");

    return text != NULL ? strtoul(text, NULL, 10) : FEW;
}

static wire_pair *open_kind(const kind *k)
{
    pki_setup setup;
    wire_pair *pair;

    pki_prepare(&setup, &keys, k->is_rsa ? keys.rsa : keys.ec, k->version);
    if (k->has_client_certificate)
        pki_prepare_client(&setup, &keys, FIRTH_TLS_CLIENT_REQUIRED);
    pair = wire_open(&setup.client, &setup.server);
    pair->to_server.cut = pair->to_client.cut = (recut){.piece = k->piece, .is_1_2 = k->version == FIRTH_TLS_1_2};
    return pair;
}

static wire_end *reader_of(wire_pair *pair, const wire *w)
{
    return w == &pair->to_server ? &pair->server : &pair->client;
}

static wire_end *writer_of(wire_pair *pair, const wire *w)
{
    return w == &pair->to_server ? &pair->client : &pair->server;
}

/* Where in its record a byte is. */
static size_t offset_in_record(const wire *w, size_t at)
{
    size_t start = 0;

    for (;;) {
        size_t size = 5 + (size_t)(w->bytes[start + 3] << 8 | w->bytes[start + 4]);

        if (at < start + size)
            return at - start;
        start += size;
    }
}

static void complain(const wire_pair *pair, const kind *k, const wire *w, size_t at)
{
    print_error("version %x rsa %d, %s, byte %u (%u of its record): client %s: %s %s; server %s: %s %s\n",
                (unsigned)k->version, k->is_rsa, w == &pair->to_server ? "to the server" : "to the client",
                (unsigned)at, (unsigned)offset_in_record(w, at), firth_error_name(wire_outcome(&pair->client)),
                pair->client.failure.step, pair->client.detail, firth_error_name(wire_outcome(&pair->server)),
                pair->server.failure.step, pair->server.detail);
}

/* A record's version says nothing (RFC 8446 §5.1); a length that became longer is waited for. */
static bool is_without_effect(const wire *w, size_t at)
{
    size_t offset = offset_in_record(w, at);

    return offset == 1 || offset == 2;
}

static bool is_in_the_middle(const wire_end *end)
{
    const fth_tls_pieces *pieces = &end->session->pieces;

    return end->session->ssl.MBEDTLS_PRIVATE(in_left) > 0 || pieces->theirs_came > 0 || pieces->left > 0;
}

/* Both sides' keys may differ by then, so that the alert is there but cannot be read. */
static bool is_told(int code)
{
    return code == FIRTH_ERR_TLS_ALERT || code == FIRTH_ERR_TLS_PROTOCOL;
}

static bool is_right_after_flip(wire_pair *pair, const wire *w)
{
    const wire_end *reader = reader_of(pair, w), *writer = writer_of(pair, w);
    int seen = wire_outcome(reader);

    if (seen == FIRTH_OK) /* the handshake did not look at it */
        return is_without_effect(w, w->flip_at) || is_in_the_middle(reader);
    if (seen == FIRTH_ERR_TLS_TRUNCATED) /* it was waited for to the end, of the deadline or of what failed */
        return true;
    return seen != FIRTH_ERR_SYSTEM && (is_told(seen) ? wire_outcome(writer) < 0 : is_told(wire_outcome(writer)));
}

/* False when the handshake is shorter than that. */
static bool flip(wire_pair *pair, const kind *k, wire *w, size_t at)
{
    bool is_over;

    w->flip_at = at;
    (void)wire_establish(pair, PKI_HOST);
    is_over = at >= w->written;
    if (!is_over && !is_right_after_flip(pair, w)) {
        complain(pair, k, w, at);
        fail();
    }
    wire_end_both(pair);
    if (!is_over && (wire_outcome(&pair->client) >= 0 || wire_outcome(&pair->server) >= 0)) {
        complain(pair, k, w, at);
        fail();
    }
    w->flip_at = SIZE_MAX;
    return !is_over;
}

static void flip_all(unsigned char bits, const kind *k)
{
    wire_pair *pair = open_kind(k);

    pair->to_client.flip = pair->to_server.flip = bits;
    for (size_t at = 0; flip(pair, k, &pair->to_client, at); at += stride())
        continue;
    for (size_t at = 0; flip(pair, k, &pair->to_server, at); at += stride())
        continue;
    wire_close(pair);
}

static void a_changed_byte_is_an_error_at_both_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < KIND_COUNT; i++)
        flip_all(i % 2 == 0 ? 0x01 : 0x80, &kinds[i]);
}

static bool cut(wire_pair *pair, const kind *k, wire *w, size_t at)
{
    bool is_over;

    w->cut_at = at;
    (void)wire_establish(pair, PKI_HOST);
    is_over = at >= w->written;
    wire_end_both(pair);
    if (!is_over &&
        (wire_outcome(reader_of(pair, w)) != FIRTH_ERR_TLS_TRUNCATED || wire_outcome(writer_of(pair, w)) >= 0)) {
        complain(pair, k, w, at);
        fail();
    }
    w->cut_at = SIZE_MAX;
    return !is_over;
}

static void a_handshake_that_is_cut_off_is_truncated(void **state)
{
    (void)state;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        wire_pair *pair = open_kind(&kinds[i]);

        for (size_t at = 0; cut(pair, &kinds[i], &pair->to_client, at); at += stride())
            continue;
        for (size_t at = 0; cut(pair, &kinds[i], &pair->to_server, at); at += stride())
            continue;
        wire_close(pair);
    }
}

static int setup_group(void **state)
{
    (void)state;
    pki_open(&keys);
    return 0;
}

static int teardown_group(void **state)
{
    (void)state;
    pki_close(&keys);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_changed_byte_is_an_error_at_both_ends, setup_group, teardown_group),
        cmocka_unit_test_setup_teardown(a_handshake_that_is_cut_off_is_truncated, setup_group, teardown_group),
    };

    return support_main(argc, argv, "tls mutation", tests, sizeof tests / sizeof *tests);
}
