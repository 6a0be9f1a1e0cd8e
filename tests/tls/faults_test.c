/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of building a configuration fails in turn: an error, nothing left behind, and the next try succeeds;
 * and those of the parts of a handshake where it matters. */
#include "core/tls/builder.h"
#include "core/tls/mbedtls/context.h"
#include "core/tls/mbedtls/failures.h"
#include "core/tls/mbedtls/private.h"
#include "tests/support/support.h"
#include "tests/tls/heap.h"
#include "tests/tls/pki.h"
#include "tests/tls/scratch.h"
#include "tests/tls/wire.h"
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static pki certificates;

/* How many allocations it has; 0 after a failure that was printed. *others counts those whose failure did no harm, or was
 * called something else: mbedTLS tries a key in DER in one format after the other, and goes on to the next then. */
static size_t fail_each(const firth_tls_builder *tls, size_t *others)
{
    fth_tls_context *context = NULL;
    size_t n;

    *others = 0;
    for (n = 1;; n++) {
        const size_t before = heap_live();
        int rc;

        heap_fail_at(n);
        rc = fth_tls_mbedtls.context_build(tls, &context);
        if (!heap_has_failed()) {
            heap_fail_at(0);
            if (rc != FIRTH_OK)
                break;
            fth_tls_mbedtls.context_free(context);
            return heap_live() == before ? n - 1 : 0;
        }
        if (rc == FIRTH_OK)
            fth_tls_mbedtls.context_free(context);
        else if (context != NULL)
            break;
        if (heap_live() != before || (rc != FIRTH_OK && rc != FIRTH_ERR_NO_MEMORY && rc != FIRTH_ERR_TLS_CONFIG))
            break;
        *others += rc != FIRTH_ERR_NO_MEMORY;
    }
    (void)fprintf(stderr, "allocation %zu: %s, %s; %zu pieces are live\n", n, firth_last_failure()->step,
                  firth_last_failure()->detail, heap_live());
    return 0;
}

/* What is allocated once in a process - by the C library of mingw-w64, a mutex at its first use - is not the builder's. */
static void warm_up(const firth_tls_builder *tls)
{
    fth_tls_context *context = NULL;

    heap_fail_at(1);
    if (fth_tls_mbedtls.context_build(tls, &context) == FIRTH_OK)
        fth_tls_mbedtls.context_free(context);
    heap_fail_at(0);
}

static const char *const protocols[] = {"h2", "http/1.1"};

static void of_a_client(void **state)
{
    const unsigned char serial = 9;
    const certificate *const chain[] = {certificates.root, certificates.ec};
    unsigned char list[1024];
    char bundle[8192];
    size_t others, count;
    firth_tls_data authorities[2], revocations;
    firth_tls_pin pin = certificate_pin(certificates.ec, true);
    pki_setup setup;

    (void)state;
    (void)certificate_pem(bundle, sizeof bundle, chain, 2);
    pki_prepare(&setup, &certificates, certificates.ec, 0);
    pki_prepare_client(&setup, &certificates, FIRTH_TLS_CLIENT_REQUIRED);
    authorities[0] = firth_tls_file(scratch_text("bundle.pem", bundle));
    authorities[1] = certificate_data(certificates.rsa);
    revocations = firth_tls_memory(list, certificate_revoke(list, sizeof list, certificates.root, &serial, 1, NULL));
    setup.client.authorities = authorities;
    setup.client.authority_count = 2;
    setup.client.revocation_lists = &revocations;
    setup.client.revocation_list_count = 1;
    setup.client.pins = &pin;
    setup.client.pin_count = 1;
    setup.client.alpn = protocols;
    setup.client.alpn_count = 2;
    setup.client.server_name = PKI_HOST;
    warm_up(&setup.client);
    count = fail_each(&setup.client, &others);
    assert_true(count > 50);
    assert_true(others < count / 4);
}

static void of_a_server(void **state)
{
    char key[4096];
    size_t others, count;
    firth_tls_identity both[2];
    pki_setup setup;

    (void)state;
    pki_prepare(&setup, &certificates, certificates.ec, 0);
    pki_prepare_client(&setup, &certificates, FIRTH_TLS_CLIENT_OPTIONAL);
    both[0] = certificate_identity(certificates.rsa);
    both[1] = certificate_identity(certificates.ec);
    both[0].key = firth_tls_memory(key, certificate_key_pem(key, sizeof key, certificates.rsa));
    setup.server.identities = both;
    setup.server.identity_count = 2;
    count = fail_each(&setup.server, &others);
    assert_true(count > 50);
    assert_true(others < count / 4);
}

static void of_a_client_with_a_pre_shared_key(void **state)
{
    firth_tls_builder tls = firth_tls_client();
    size_t others;

    (void)state;
    tls.psk_identity = "me";
    tls.psk = (const unsigned char *)"0123456789abcdef";
    tls.psk_size = 16;
    assert_true(fail_each(&tls, &others) > 3);
    assert_int_equal(others, 0);
}

/* What is there once for the process: the lock, PSA's state, the system's authorities. */
static void fail_the_first(void *argument)
{
    firth_tls_builder tls = firth_tls_client();
    fth_tls_context *context;
    char pem[4096];
    size_t n = 0;
    int rc;

    (void)argument;
    (void)certificate_pem(pem, sizeof pem, (const certificate *const[]){certificates.root}, 1);
    (void)unsetenv("SSL_CERT_DIR");
    (void)setenv("SSL_CERT_FILE", scratch_text("system.pem", pem), 1);
    mbedtls_psa_crypto_free(); /* the certificates' was the first */
    do {
        heap_fail_at(++n);
        rc = fth_tls_mbedtls.context_build(&tls, &context);
        if (heap_has_failed() && rc != FIRTH_ERR_NO_MEMORY) {
            (void)fprintf(stderr, "allocation %zu: %s %s, %s\n", n, firth_error_name(rc), firth_last_failure()->step,
                          firth_last_failure()->detail);
            _exit(1);
        }
    } while (heap_has_failed());
    heap_fail_at(0);
    if (rc != FIRTH_OK || n < 10)
        _exit(2);
    fth_tls_mbedtls.context_free(context);
}

static void of_the_first_in_a_process(void **state)
{
    char text[1024] = "";
    const int status = support_in_child(fail_the_first, NULL, text, sizeof text);

    (void)state;
    if (status != 0)
        (void)fprintf(stderr, "%s\n", text);
    assert_int_equal(status, 0);
}

/* What this side cannot do is not the peer's fault, and the peer hears so. */
static void of_a_handshake_are_not_blamed_on_the_peer(void **state)
{
    static const struct {
        int error, code;
    } faults[] = {{MBEDTLS_ERR_SSL_ALLOC_FAILED, FIRTH_ERR_NO_MEMORY},
                  {MBEDTLS_ERR_MPI_ALLOC_FAILED, FIRTH_ERR_NO_MEMORY},
                  {PSA_ERROR_INSUFFICIENT_MEMORY, FIRTH_ERR_NO_MEMORY},
                  {MBEDTLS_ERR_X509_FATAL_ERROR + MBEDTLS_ERR_ASN1_ALLOC_FAILED, FIRTH_ERR_NO_MEMORY},
                  {MBEDTLS_ERR_CTR_DRBG_ENTROPY_SOURCE_FAILED, FIRTH_ERR_SYSTEM},
                  {MBEDTLS_ERR_ENTROPY_SOURCE_FAILED, FIRTH_ERR_SYSTEM},
                  {PSA_ERROR_INSUFFICIENT_ENTROPY, FIRTH_ERR_SYSTEM},
                  {MBEDTLS_ERR_ERROR_GENERIC_ERROR, FIRTH_ERR_SYSTEM},
                  {MBEDTLS_ERR_ECP_FEATURE_UNAVAILABLE, FIRTH_ERR_SYSTEM},
                  {MBEDTLS_ERR_RSA_PRIVATE_FAILED, FIRTH_ERR_SYSTEM},
                  {MBEDTLS_ERR_SSL_INTERNAL_ERROR, FIRTH_ERR_SYSTEM}};
    pki_setup setup;

    (void)state;
    pki_prepare(&setup, &certificates, certificates.ec, FIRTH_TLS_1_3);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        wire_pair *pair = wire_open(&setup.client, &setup.server);
        unsigned char byte;

        assert_int_equal(wire_establish(pair, PKI_HOST), FIRTH_OK);
        assert_int_equal(fth_tls_fail(pair->server.session, faults[i].error, "handshake"), faults[i].code);
        assert_int_equal(wire_read(&pair->client, &byte, 1), FIRTH_ERR_TLS_ALERT);
        assert_string_equal(pair->client.failure.step, "alert internal_error");
        wire_close(pair);
    }
}

/* A session that cannot be kept is no failure of the connection. */
static void a_session_that_cannot_be_kept_is_not(void **state)
{
    pki_setup setup;
    wire_pair *pair;
    firth_port_lock *lock;
    size_t n = 0;
    bool failed;

    (void)state;
    pki_prepare(&setup, &certificates, certificates.ec, FIRTH_TLS_1_2);
    pair = wire_open(&setup.client, &setup.server);
    lock = pair->client.context->kept_lock;
    do {
        size_t before;

        pair->client.context->kept_lock = NULL; /* the handshake is to keep nothing: mbedTLS gives a session once */
        assert_int_equal(wire_establish(pair, PKI_HOST), FIRTH_OK);
        pair->client.context->kept_lock = lock;
        before = heap_live();
        heap_fail_at(++n);
        fth_tls_kept_keep(pair->client.context, &pair->client.session->ssl, PKI_HOST, 443, 0);
        failed = heap_has_failed();
        heap_fail_at(0);
        if (failed)
            assert_int_equal(heap_live(), before);
        assert_int_equal(pair->client.context->kept_count, failed ? 0 : 1);
    } while (failed);
    assert_true(n > 2);
    wire_close(pair);
}

static bool is_own_failure(const wire_end *end)
{
    return end->result == FIRTH_ERR_NO_MEMORY || end->result == FIRTH_ERR_SYSTEM;
}

static wire_pair *open_pair(const certificate *leaf, firth_tls_version version)
{
    pki_setup setup;

    pki_prepare(&setup, &certificates, leaf, version);
    setup.client.session_tickets = false;
    return wire_open(&setup.client, &setup.server);
}

/* A handshake in which the n-th allocation fails; false when it has fewer. */
static bool fail_one(wire_pair *pair, size_t n)
{
    bool failed;

    assert_int_equal(wire_connect(pair, PKI_HOST), FIRTH_OK);
    heap_fail_at(n);
    if (wire_handshake(pair) != FIRTH_OK)
        wire_end_both(pair);
    failed = heap_has_failed();
    heap_fail_at(0);
    return failed;
}

/* The last allocation before the server's signature is made. */
static size_t last_of_a_signature(wire_pair *pair)
{
    size_t before = 1, behind = 20000;

    while (behind - before > 1) {
        const size_t middle = before + (behind - before) / 2;

        (void)fail_one(pair, middle);
        if (fth_tls_state(&pair->server.session->ssl) <= MBEDTLS_SSL_SERVER_KEY_EXCHANGE)
            before = middle;
        else
            behind = middle;
    }
    return before;
}

/* mbedTLS keeps the values that blind a private operation in the key. */
static void no_memory_for_a_signature_spoils_no_later_one(void **state)
{
    enum { ALLOCATIONS = 200 }; /* of a signature by RSA, about */
    wire_pair *pair = open_pair(certificates.rsa, FIRTH_TLS_1_2);
    const size_t last = last_of_a_signature(pair);

    (void)state;
    assert_true(last > ALLOCATIONS);
    for (size_t n = last; n > last - ALLOCATIONS; n--) {
        assert_true(fail_one(pair, n));
        assert_true(pair->server.result < 0);
        if (wire_establish(pair, PKI_HOST) != FIRTH_OK)
            fail_msg("after allocation %zu: client %s, server %s (%s)", n, firth_error_name(pair->client.result),
                     firth_error_name(pair->server.result), pair->server.detail);
    }
    wire_close(pair);
}

/* The hellos and keys, up to the certificates: mbedTLS's words for what it could not verify are another matter. */
static void no_memory_for_the_first_messages_is_not_the_peers_fault(void **state)
{
    const firth_tls_version versions[] = {FIRTH_TLS_1_2, FIRTH_TLS_1_3};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        wire_pair *pair = open_pair(certificates.ec, versions[i]);

        for (size_t n = 1; n < 50; n++) {
            assert_true(fail_one(pair, n));
            if (pair->client.result != FIRTH_OK && !is_own_failure(&pair->client) && !is_own_failure(&pair->server))
                fail_msg("allocation %zu: client %s (%s), server %s (%s)", n, firth_error_name(pair->client.result),
                         pair->client.detail, firth_error_name(pair->server.result), pair->server.detail);
        }
        wire_close(pair);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(of_a_client, scratch_open, scratch_close),
        cmocka_unit_test(of_a_server),
        cmocka_unit_test(of_a_client_with_a_pre_shared_key),
        cmocka_unit_test_setup_teardown(of_the_first_in_a_process, scratch_open, scratch_close),
        cmocka_unit_test(of_a_handshake_are_not_blamed_on_the_peer),
        cmocka_unit_test(no_memory_for_a_signature_spoils_no_later_one),
        cmocka_unit_test(no_memory_for_the_first_messages_is_not_the_peers_fault),
        cmocka_unit_test(a_session_that_cannot_be_kept_is_not),
    };
    int result;

    if (fth_tls_prepare() != 0)
        return 1;
    pki_open(&certificates);
    result = support_main(argc, argv, "tls_faults", tests, sizeof tests / sizeof *tests);
    pki_close(&certificates);
    return result;
}
