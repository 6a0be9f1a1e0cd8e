/* SPDX-License-Identifier: Apache-2.0 */
/* The authorities that the system trusts: where they are looked for, and that they are read once. Each test is in a
 * process of its own. */
#include "core/tls/mbedtls/context.h"
#include "tests/support/support.h"
#include "tests/tls/pki.h"
#include "tests/tls/scratch.h"
#include "tests/tls/wire.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static pki certificates;
static certificate *other; /* another authority */

static int handshake(const pki_setup *setup)
{
    wire_pair *pair = wire_open(&setup->client, &setup->server);
    const int rc = wire_establish(pair, PKI_HOST);

    wire_close(pair);
    return rc;
}

static void ensure(bool condition, const char *what)
{
    if (condition)
        return;
    (void)fprintf(stderr, "%s\n", what);
    _exit(1);
}

static firth_tls_builder system_client(void)
{
    firth_tls_builder tls = firth_tls_client();

    tls.server_name = PKI_HOST;
    return tls;
}

static void in_child(void (*body)(void *argument))
{
    char text[2048] = "";
    const int status = support_in_child(body, NULL, text, sizeof text);

    if (status != 0)
        (void)fprintf(stderr, "%s\n", text);
    assert_int_equal(status, 0);
}

static const char *write_root(const char *name)
{
    char pem[4096];

    (void)certificate_pem(pem, sizeof pem, (const certificate *const[]){certificates.root}, 1);
    return scratch_text(name, pem);
}

static void trust_the_file(void *argument)
{
    pki_setup setup;

    (void)argument;
    pki_prepare(&setup, &certificates, certificates.ec, 0);
    setup.client.trust = FIRTH_TLS_TRUST_SYSTEM;
    setup.client.authority_count = 0;
    (void)unsetenv("SSL_CERT_DIR");
    (void)setenv("SSL_CERT_FILE", write_root("system.pem"), 1);
    ensure(handshake(&setup) == FIRTH_OK, "the file's authority is not trusted");
    setup.identity = certificate_identity(other);
    ensure(handshake(&setup) == FIRTH_ERR_TLS_CERTIFICATE, "another is");
    /* With the builder's own in addition. */
    setup.authority = certificate_data(other);
    setup.client.authority_count = 1;
    setup.client.insecure_any_name = true;
    ensure(handshake(&setup) == FIRTH_OK, "the builder's authority is not trusted beside the system's");
    setup.identity = certificate_identity(certificates.ec);
    ensure(handshake(&setup) == FIRTH_OK, "the system's authority is not trusted beside the builder's");
}

static void the_authorities_of_ssl_cert_file_are_the_systems(void **state)
{
    (void)state;
    in_child(trust_the_file);
}

static void trust_the_folder(void *argument)
{
    char list[1200];
    pki_setup setup;

    (void)argument;
    pki_prepare(&setup, &certificates, certificates.ec, 0);
    setup.client.trust = FIRTH_TLS_TRUST_SYSTEM;
    setup.client.authority_count = 0;
    (void)write_root("a.pem");
    (void)write_root("2ae6433e.0"); /* the same by its hash */
    (void)scratch_file("other.der", other->der, other->der_size);
    (void)scratch_text("README", "no certificates here");
    (void)snprintf(list, sizeof list, "/nowhere:%s", scratch_path(""));
    (void)unsetenv("SSL_CERT_FILE");
    (void)setenv("SSL_CERT_DIR", list, 1);
    ensure(handshake(&setup) == FIRTH_OK, "the folder's authority is not trusted");
    {
        const firth_tls_builder tls = system_client();
        fth_tls_context *context = context_of(&tls);
        size_t count = 0;

        ensure(context != NULL, "no context");
        for (const mbedtls_x509_crt *at = context->system_authorities; at != NULL; at = at->next)
            count++;
        fth_tls_mbedtls.context_free(context);
        ensure(count == 2, "each authority is there once");
    }
}

static void a_folder_of_authorities_is_read_each_of_them_once(void **state)
{
    (void)state;
    in_child(trust_the_folder);
}

static void read_once(void *argument)
{
    const firth_tls_builder tls = system_client();
    fth_tls_context *a, *b;

    (void)argument;
    (void)unsetenv("SSL_CERT_DIR");
    (void)setenv("SSL_CERT_FILE", write_root("system.pem"), 1);
    a = context_of(&tls);
    ensure(a != NULL && unlink(scratch_path("system.pem")) == 0, "no file");
    b = context_of(&tls);
    ensure(b != NULL, "it was read again");
    ensure(a->system_authorities == b->system_authorities, "they are not shared");
    fth_tls_mbedtls.context_free(a);
    fth_tls_mbedtls.context_free(b);
    b = context_of(&tls);
    ensure(b != NULL, "they did not outlive the contexts");
    fth_tls_mbedtls.context_free(b);
}

static void the_systems_authorities_are_read_once_for_the_process(void **state)
{
    (void)state;
    in_child(read_once);
}

static void find_none(void *argument)
{
    const firth_tls_builder tls = system_client();
    const char *file = scratch_path("nothing.pem");

    (void)argument;
    (void)setenv("SSL_CERT_FILE", file, 1);
    (void)setenv("SSL_CERT_DIR", "/nowhere/at/all", 1);
    ensure(context_refused(&tls, FIRTH_ERR_TLS_CONFIG, file, "/nowhere/at/all"), "not refused");
    ensure(context_refused(&tls, FIRTH_ERR_TLS_CONFIG, "the system has no authorities", NULL), "in other words");
    (void)scratch_text("nothing.pem", "none\n");
    ensure(context_refused(&tls, FIRTH_ERR_TLS_CONFIG, file, NULL), "a file without any is one");
    (void)write_root("nothing.pem"); /* later there are some */
    {
        fth_tls_context *context = context_of(&tls);

        ensure(context != NULL, "the failure is remembered");
        fth_tls_mbedtls.context_free(context);
    }
}

static void a_system_without_authorities_is_an_error_that_names_the_places(void **state)
{
    (void)state;
    in_child(find_none);
}

static void need_none(void *argument)
{
    firth_tls_builder tls = system_client();
    fth_tls_context *context;

    (void)argument;
    (void)setenv("SSL_CERT_FILE", "/nowhere", 1);
    tls.insecure_any_certificate = true;
    context = context_of(&tls);
    ensure(context != NULL, "who verifies nothing needs none");
    fth_tls_mbedtls.context_free(context);
    tls = firth_tls_client();
    tls.psk_identity = "me";
    tls.psk = (const unsigned char *)"0123456789abcdef";
    tls.psk_size = 16;
    context = context_of(&tls);
    ensure(context != NULL, "who has a pre-shared key needs none");
    fth_tls_mbedtls.context_free(context);
}

static void who_verifies_no_certificate_needs_no_authorities(void **state)
{
    (void)state;
    in_child(need_none);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_authorities_of_ssl_cert_file_are_the_systems, scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(a_folder_of_authorities_is_read_each_of_them_once, scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(the_systems_authorities_are_read_once_for_the_process, scratch_open,
                                        scratch_close),
        cmocka_unit_test_setup_teardown(a_system_without_authorities_is_an_error_that_names_the_places, scratch_open,
                                        scratch_close),
        cmocka_unit_test(who_verifies_no_certificate_needs_no_authorities),
    };
    const certificate_wish wish = {.subject = "CN=Other", .is_authority = true, .names = "DNS:other.example"};
    int result;

    pki_open(&certificates);
    other = certificate_make(&wish);
    result = support_main(argc, argv, "tls_system", tests, sizeof tests / sizeof *tests);
    certificate_free(other);
    pki_close(&certificates);
    return result;
}
