/* SPDX-License-Identifier: Apache-2.0 */
/* How much of a task's stack the engine uses: every call runs on a stack that was painted before. What is on top of the
 * engine's call is not counted, so the figure is what a task needs beyond its own frames and those of the channels. */
#include "tests/support/skip.h"
#include "tests/support/support.h"
#include "tests/tls/expect.h"
#include "tests/tls/pki.h"
#include <ucontext.h>

enum { STACK_SIZE = 128 * 1024, LIMIT_BYTES = 6 * 1024 };

static const unsigned char paint = 0xa5;

/* A place to run calls on; they do not suspend. */
typedef struct painted {
    _Alignas(64) unsigned char stack[STACK_SIZE];
    ucontext_t back, run;
    unsigned char *entry;
    void (*call)(void *argument);
    void *argument;
} painted;

static painted place;

static void enter(void)
{
    unsigned char here;

    place.entry = &here;
    place.call(place.argument);
}

/* Bytes below the frame that called call. */
static size_t used_by(void (*call)(void *argument), void *argument)
{
    size_t untouched = 0;

    memset(place.stack, paint, sizeof place.stack);
    place.call = call;
    place.argument = argument;
    assert_int_equal(getcontext(&place.run), 0);
    place.run.uc_stack.ss_sp = place.stack;
    place.run.uc_stack.ss_size = sizeof place.stack;
    place.run.uc_link = &place.back;
    makecontext(&place.run, enter, 0);
    assert_int_equal(swapcontext(&place.back, &place.run), 0);
    while (place.stack[untouched] == paint)
        untouched++;
    return (size_t)(place.entry - (place.stack + untouched));
}

static void step_of(void *argument)
{
    wire_end *end = argument;

    if (end->result > 0)
        end->result = fth_tls_mbedtls.handshake(end->session);
}

static void keep_most(size_t *most, size_t used)
{
    if (used > *most)
        *most = used;
}

static void read_of(void *argument)
{
    wire_end *end = argument;
    unsigned char bytes[16];

    (void)fth_tls_mbedtls.read(end->session, bytes, sizeof bytes);
}

static void write_of(void *argument)
{
    wire_end *end = argument;

    (void)fth_tls_mbedtls.write(end->session, "hello", 5);
}

typedef struct figures {
    size_t client, server, read, write;
} figures;

static figures measure(wire_pair *pair, const char *host, int expected)
{
    figures f = {0, 0, 0, 0};

    assert_int_equal(wire_connect(pair, host), FIRTH_OK);
    pair->client.result = pair->server.result = FTH_TLS_WANT_READ;
    for (int i = 0; i < 10; i++) {
        keep_most(&f.client, used_by(step_of, &pair->client));
        keep_most(&f.server, used_by(step_of, &pair->server));
    }
    assert_int_equal(pair->client.result, expected);
    keep_most(&f.write, used_by(write_of, &pair->client));
    keep_most(&f.read, used_by(read_of, &pair->server));
    keep_most(&f.read, used_by(read_of, &pair->client)); /* the tickets */
    return f;
}

static void a_handshake_stays_within_its_stack(void **state)
{
    static const firth_tls_version versions[] = {FIRTH_TLS_1_2, FIRTH_TLS_1_3};
    static const char *const names[] = {"ECDSA with P-256", "ECDSA with P-384", "RSA"};
    pki keys;

    (void)state;
#ifdef FIRTH_CONTEXT_ANNOTATED
    SKIP("a sanitizer's frames are larger");
#endif
    pki_open(&keys);
    for (int i = 0; i < 6; i++) {
        certificate_wish wish = {.subject = "CN=Server",
                                 .names = "DNS:" PKI_HOST,
                                 .issuer = keys.root,
                                 .key = i % 3 == 0   ? KEY_P256
                                        : i % 3 == 1 ? KEY_P384
                                                     : KEY_RSA};
        certificate *shown = certificate_make(&wish);
        pki_setup setup;
        wire_pair *pair;
        figures good, bad;

        pki_prepare(&setup, &keys, shown, versions[i / 3]);
        pki_prepare_client(&setup, &keys, FIRTH_TLS_CLIENT_REQUIRED);
        pair = wire_open(&setup.client, &setup.server);
        good = measure(pair, PKI_HOST, FIRTH_OK);
        bad = measure(pair, "other.example", FIRTH_ERR_TLS_CERTIFICATE);
        print_message("TLS 1.%d, %s: client %zu bytes (refusing %zu), server %zu, read %zu, write %zu\n",
                      i / 3 == 0 ? 2 : 3, names[i % 3], good.client, bad.client, good.server, good.read, good.write);
        assert_true(good.client <= LIMIT_BYTES && bad.client <= LIMIT_BYTES && good.server <= LIMIT_BYTES);
        wire_close(pair);
        certificate_free(shown);
    }
    pki_close(&keys);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_handshake_stays_within_its_stack)};

    return support_main(argc, argv, "tls stack", tests, sizeof tests / sizeof *tests);
}
