/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that build configurations at once, and connect with one that they share. For the thread sanitizer most of all. */
#include "core/tls/mbedtls/context.h"
#include "tests/support/support.h"
#include "tests/tls/pki.h"
#include "tests/tls/scratch.h"
#include "tests/tls/wire.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { THREADS = 2, ROUNDS = 6 };

static pki certificates;

/* The first to use TLS in a process prepares it, and the first that trusts the system reads its authorities. */
static atomic_int waiting, failures;

static void *build_many(void *argument)
{
    const firth_tls_builder tls = firth_tls_client();

    (void)argument;
    (void)atomic_fetch_add(&waiting, 1);
    while (atomic_load(&waiting) < THREADS)
        ;
    for (int i = 0; i < ROUNDS; i++) {
        fth_tls_context *context = context_of(&tls);

        if (context == NULL) {
            (void)atomic_fetch_add(&failures, 1);
            continue;
        }
        if (strncmp(fth_tls_mbedtls_facts.name(), "mbedTLS 3.", 10) != 0)
            (void)atomic_fetch_add(&failures, 1);
        fth_tls_mbedtls.context_free(context);
    }
    return NULL;
}

static void run_threads(void *(*body)(void *), void *argument)
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, body, argument) != 0)
            abort();
    for (int i = 0; i < THREADS; i++)
        (void)pthread_join(threads[i], NULL);
}

static void build_in_threads(void *argument)
{
    char pem[4096];

    (void)argument;
    (void)certificate_pem(pem, sizeof pem, (const certificate *const[]){certificates.root}, 1);
    (void)unsetenv("SSL_CERT_DIR");
    (void)setenv("SSL_CERT_FILE", scratch_text("system.pem", pem), 1);
    run_threads(build_many, NULL);
    if (atomic_load(&failures) != 0)
        _exit(1);
}

static void the_first_configurations_of_a_process_may_be_built_by_several_threads(void **state)
{
    char text[4096] = "";
    const int status = support_in_child(build_in_threads, NULL, text, sizeof text);

    (void)state;
    if (status != 0)
        (void)fprintf(stderr, "%s\n", text);
    assert_int_equal(status, 0);
}

/* A pair of contexts that all threads connect with. Each has wires and sessions of its own. */
typedef struct shared {
    fth_tls_context *client, *server;
    atomic_int failures, resumed;
} shared;

static void *connect_many(void *argument)
{
    shared *with = argument;
    wire_pair *pair = wire_open(NULL, NULL);

    pair->client.context = with->client;
    pair->server.context = with->server;
    for (int i = 0; i < ROUNDS; i++) {
        firth_tls_info info;

        if (wire_establish(pair, PKI_HOST) != FIRTH_OK ||
            wire_carry(&pair->server, &pair->client, 1000, 1000) != FIRTH_OK) {
            (void)atomic_fetch_add(&with->failures, 1);
            continue;
        }
        fth_tls_mbedtls_facts.info(pair->client.session, &info);
        (void)atomic_fetch_add(&with->resumed, info.is_resumed ? 1 : 0);
    }
    wire_disconnect(pair);
    pair->client.context = pair->server.context = NULL;
    wire_close(pair);
    return NULL;
}

static void threads_connect_with_one_configuration(void **state)
{
    static const firth_tls_version versions[] = {FIRTH_TLS_1_2, FIRTH_TLS_1_3};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        shared with = {.failures = 0};
        pki_setup setup;

        pki_prepare(&setup, &certificates, i < 2 ? certificates.ec : certificates.rsa, versions[i % 2]);
        with.client = context_of(&setup.client);
        with.server = context_of(&setup.server);
        assert_non_null(with.client);
        assert_non_null(with.server);
        run_threads(connect_many, &with);
        assert_int_equal(atomic_load(&with.failures), 0);
        assert_true(atomic_load(&with.resumed) > 0);
        fth_tls_mbedtls.context_free(with.client);
        fth_tls_mbedtls.context_free(with.server);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_first_configurations_of_a_process_may_be_built_by_several_threads,
                                        scratch_open, scratch_close),
        cmocka_unit_test(threads_connect_with_one_configuration),
    };
    int result;

    pki_open(&certificates);
    result = support_main(argc, argv, "tls_threads", tests, sizeof tests / sizeof *tests);
    pki_close(&certificates);
    return result;
}
