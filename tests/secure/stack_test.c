/* SPDX-License-Identifier: Apache-2.0 */
/* How much stack a handshake takes of the tasks at its ends: what they touched of memory that was painted before. */
#include "tests/secure/secure_pair.h"
#include "tests/tls/certificates.h"

#include <stdlib.h>
#include <string.h>

enum { STACK_BYTES = 256 * 1024, PAINT = 0xa5, LIMIT_BYTES = 6 * 1024 };

/* Sanitizers' frames are larger, other processors' too; unoptimised ones of Firth's a little. */
#if defined(__x86_64__) && defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
enum { IS_LIMITED = 1 };
#else
enum { IS_LIMITED = 0 };
#endif

static _Alignas(16) unsigned char stacks[2][STACK_BYTES];

typedef struct end {
    firth_socket *socket;
    firth_tls_config *config;
    unsigned char *stack;
    int result;
} end;

static int open_end(end *one, const firth_tls_builder *tls)
{
    EXPECT_EQUAL(firth_tls_build(tls, &one->config), FIRTH_OK);
    memset(one->stack, PAINT, STACK_BYTES);
    return FIRTH_OK;
}

/* Stacks grow down. */
static size_t touched(const end *one)
{
    size_t low = 0;

    while (low < STACK_BYTES && one->stack[low] == PAINT)
        low++;
    return STACK_BYTES - low;
}

static int shake(firth_scope *scope, void *argument)
{
    end *one = argument;

    (void)scope;
    one->result = firth_tls_start(one->socket, one->config, &one->socket);
    return FIRTH_OK;
}

static int shake_both(firth_scope *scope, end *server, end *client)
{
    firth_scope both;

    firth_scope_open(&both, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&both, shake, server,
                             &(firth_task_options){.stack_memory = server->stack, .stack_bytes = STACK_BYTES}),
                 FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(&both, shake, client,
                             &(firth_task_options){.stack_memory = client->stack, .stack_bytes = STACK_BYTES}),
                 FIRTH_OK);
    return firth_scope_close(&both, FIRTH_OK);
}

static int judge(const char *what, const end *one)
{
    size_t bytes = touched(one);

    if (getenv("FIRTH_TEST_VERBOSE") != NULL)
        fprintf(stderr, "%s: %zu bytes\n", what, bytes);
    EXPECT(bytes > 1024);
    EXPECT(!IS_LIMITED || bytes <= LIMIT_BYTES);
    return FIRTH_OK;
}

static int handshake_fits(firth_scope *scope, const char *what, firth_tls_builder *server_tls,
                          firth_tls_builder *client_tls)
{
    end server = {.stack = stacks[0]}, client = {.stack = stacks[1]};

    EXPECT_EQUAL(open_end(&server, server_tls), FIRTH_OK);
    EXPECT_EQUAL(open_end(&client, client_tls), FIRTH_OK);
    EXPECT_EQUAL(support_pair(scope, &server.socket, &client.socket), FIRTH_OK);
    EXPECT_EQUAL(shake_both(scope, &server, &client), FIRTH_OK);
    EXPECT_EQUAL(client.result, FIRTH_OK);
    EXPECT_EQUAL(server.result, FIRTH_OK);
    EXPECT_EQUAL(secure_pair_end(scope, server.socket, client.socket), FIRTH_OK);
    EXPECT_EQUAL(judge(what, &server), FIRTH_OK);
    EXPECT_EQUAL(judge(what, &client), FIRTH_OK);
    firth_tls_config_release(server.config);
    firth_tls_config_release(client.config);
    return FIRTH_OK;
}

TASK_TEST(a_handshake_of_tls_1_2_takes_six_kibibytes_of_stack)
{
    firth_tls_builder server = secure_pair_server(), client = secure_pair_client();

    client.max_version = FIRTH_TLS_1_2;
    return handshake_fits(scope, "1.2", &server, &client);
}

TASK_TEST(a_handshake_of_tls_1_3_takes_six_kibibytes_of_stack)
{
    firth_tls_builder server = secure_pair_server(), client = secure_pair_client();

    return handshake_fits(scope, "1.3", &server, &client);
}

TASK_TEST(a_handshake_with_client_certificates_takes_six_kibibytes_of_stack)
{
    firth_tls_builder server = secure_pair_server(), client = secure_pair_client();

    server.client_authentication = FIRTH_TLS_CLIENT_REQUIRED;
    server.trust = FIRTH_TLS_TRUST_AUTHORITIES;
    server.authorities = client.authorities;
    server.authority_count = client.authority_count;
    client.identities = server.identities;
    client.identity_count = server.identity_count;
    EXPECT_EQUAL(handshake_fits(scope, "1.3, client", &server, &client), FIRTH_OK);
    client.max_version = FIRTH_TLS_1_2;
    return handshake_fits(scope, "1.2, client", &server, &client);
}

TASK_TEST(a_handshake_with_rsa_takes_six_kibibytes_of_stack)
{
    firth_tls_builder server = firth_tls_server(), client = firth_tls_client();
    certificate *authority = certificate_make(&(certificate_wish){.subject = "CN=Authority", .is_authority = true});
    certificate *own = certificate_make(&(certificate_wish){
        .subject = "CN=Server", .names = "DNS:" SECURE_PAIR_HOST, .key = KEY_RSA, .issuer = authority});
    firth_tls_identity identity = certificate_identity(own);
    firth_tls_data trusted = certificate_data(authority);

    server.identities = &identity;
    server.identity_count = 1;
    client.trust = FIRTH_TLS_TRUST_AUTHORITIES;
    client.authorities = &trusted;
    client.authority_count = 1;
    client.server_name = SECURE_PAIR_HOST;
    EXPECT_EQUAL(handshake_fits(scope, "1.3, RSA", &server, &client), FIRTH_OK);
    client.max_version = FIRTH_TLS_1_2;
    EXPECT_EQUAL(handshake_fits(scope, "1.2, RSA", &server, &client), FIRTH_OK);
    certificate_free(own);
    certificate_free(authority);
    return FIRTH_OK;
}

/* The client closes, so the server's end comes with an alert. */
TASK_TEST(a_handshake_that_fails_takes_six_kibibytes_of_stack)
{
    firth_tls_builder server_tls = secure_pair_server(), client_tls = secure_pair_client();
    end server = {.stack = stacks[0]}, client = {.stack = stacks[1]};

    client_tls.server_name = "another.example";
    EXPECT_EQUAL(open_end(&server, &server_tls), FIRTH_OK);
    EXPECT_EQUAL(open_end(&client, &client_tls), FIRTH_OK);
    EXPECT_EQUAL(support_pair(scope, &server.socket, &client.socket), FIRTH_OK);
    EXPECT_EQUAL(shake_both(scope, &server, &client), FIRTH_OK);
    EXPECT_EQUAL(client.result, FIRTH_ERR_TLS_CERTIFICATE);
    EXPECT_EQUAL(server.result, FIRTH_ERR_TLS_ALERT);
    EXPECT_EQUAL(judge("failed", &server), FIRTH_OK);
    EXPECT_EQUAL(judge("failed", &client), FIRTH_OK);
    firth_tls_config_release(server.config);
    firth_tls_config_release(client.config);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handshake_of_tls_1_2_takes_six_kibibytes_of_stack),
        cmocka_unit_test(a_handshake_of_tls_1_3_takes_six_kibibytes_of_stack),
        cmocka_unit_test(a_handshake_with_client_certificates_takes_six_kibibytes_of_stack),
        cmocka_unit_test(a_handshake_with_rsa_takes_six_kibibytes_of_stack),
        cmocka_unit_test(a_handshake_that_fails_takes_six_kibibytes_of_stack),
    };

    return support_main(argc, argv, "secure_stack", tests, sizeof tests / sizeof tests[0]);
}
