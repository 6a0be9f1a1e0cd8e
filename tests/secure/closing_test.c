/* SPDX-License-Identifier: Apache-2.0 */
/* What a close waits for, and what it tells: in the simulator, whose time passes only while all wait. */
#include "tests/secure/secure_pair.h"

enum { IDLE = 4, LINGER_MS = 5000, MS = 1000000 };

/* Of each pair the scope owns one end, and nobody reads or closes the other. How long the end of the scope took, in ms. */
static int64_t end_scope_of_idle(firth_scope *scope, int rc)
{
    firth_socket *silent[IDLE], *owned;
    firth_scope owner;
    int64_t start_ns;

    firth_scope_open(&owner, scope, NULL);
    for (int i = 0; i < IDLE; i++) {
        EXPECT_EQUAL(secure_pair_memory(&owner, &silent[i], &owned), FIRTH_OK);
        firth_scope_own_socket(&owner, owned);
    }
    start_ns = firth_now_ns();
    EXPECT_EQUAL(firth_scope_close(&owner, rc), FIRTH_OK);
    start_ns = firth_now_ns() - start_ns;
    for (int i = 0; i < IDLE; i++)
        firth_socket_abort(silent[i]);
    return start_ns / MS;
}

TASK_TEST(silent_peers_hold_up_a_scope_that_owns_many_for_one_linger)
{
    EXPECT_EQUAL(end_scope_of_idle(scope, FIRTH_OK), LINGER_MS);
    return FIRTH_OK;
}

TASK_TEST(silent_peers_do_not_hold_up_a_scope_that_is_cancelled)
{
    EXPECT_EQUAL(end_scope_of_idle(scope, FIRTH_ERR_CANCELED), 0);
    return FIRTH_OK;
}

/* The peer hears that we end all the same. */
TASK_TEST(what_a_cancelled_scope_closes_has_said_close_notify)
{
    firth_socket *server, *client;
    firth_scope owner;
    char text[8];

    firth_scope_open(&owner, scope, NULL);
    EXPECT_EQUAL(secure_pair_memory(&owner, &server, &client), FIRTH_OK);
    firth_scope_own_socket(&owner, client);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(client), "bye"), FIRTH_OK);
    EXPECT_EQUAL(firth_scope_close(&owner, FIRTH_ERR_CANCELED), FIRTH_OK);
    EXPECT_EQUAL(firth_read(firth_socket_input(server), text, sizeof text), 3);
    EXPECT_EQUAL(firth_read(firth_socket_input(server), text, sizeof text), FIRTH_EOF);
    return firth_socket_close(server);
}

/* With TLS 1.3 a client is through before the server has seen whether it has a certificate (RFC 8446 §4.4.2). This one has
 * written, and the server has refused it. */
static int open_refused(firth_scope *scope, firth_socket **client, int (*finish)(firth_write_channel *out))
{
    firth_tls_builder demanding = secure_pair_server(), trusting = secure_pair_client();
    secure_pair_starting server = {.result = FIRTH_OK};
    firth_scope_options isolated = {.on_child_error = FIRTH_CHILD_ERROR_REPORT};
    firth_socket *pair[2];
    firth_scope other;

    demanding.min_version = FIRTH_TLS_1_3;
    demanding.client_authentication = FIRTH_TLS_CLIENT_REQUIRED;
    demanding.authorities = trusting.authorities;
    demanding.authority_count = trusting.authority_count;
    demanding.trust = FIRTH_TLS_TRUST_AUTHORITIES;
    EXPECT_EQUAL(firth_tls_build(&demanding, &server.config), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_pair(firth_scope_selector(scope), pair), FIRTH_OK);
    server.socket = pair[0];
    firth_scope_open(&other, scope, &isolated);
    EXPECT_EQUAL(firth_spawn(&other, secure_pair_start_one, &server, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_tls_start(pair[1], secure_pair_client_config(), client), FIRTH_OK);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(*client), "hello\n"), FIRTH_OK);
    EXPECT_EQUAL(finish(firth_socket_output(*client)), FIRTH_OK);
    EXPECT_EQUAL(firth_scope_close(&other, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(server.result, FIRTH_ERR_TLS_CERTIFICATE);
    firth_tls_config_release(server.config);
    return FIRTH_OK;
}

TASK_TEST(close_tells_that_the_server_refused_a_client_that_only_writes)
{
    firth_socket *client;

    EXPECT_EQUAL(open_refused(scope, &client, firth_flush), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_close(client), FIRTH_ERR_TLS_ALERT);
    EXPECT(strstr(firth_last_failure()->step, "certificate_required") != NULL);
    return FIRTH_OK;
}

TASK_TEST(close_does_not_tell_once_more_what_a_read_has_told)
{
    firth_socket *client;
    char byte;

    EXPECT_EQUAL(open_refused(scope, &client, firth_flush_and_close), FIRTH_OK);
    EXPECT_EQUAL(firth_read(firth_socket_input(client), &byte, 1), FIRTH_ERR_TLS_ALERT);
    EXPECT_EQUAL(firth_socket_close(client), FIRTH_OK);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silent_peers_hold_up_a_scope_that_owns_many_for_one_linger),
        cmocka_unit_test(silent_peers_do_not_hold_up_a_scope_that_is_cancelled),
        cmocka_unit_test(what_a_cancelled_scope_closes_has_said_close_notify),
        cmocka_unit_test(close_tells_that_the_server_refused_a_client_that_only_writes),
        cmocka_unit_test(close_does_not_tell_once_more_what_a_read_has_told),
    };

    return support_main(argc, argv, "secure_closing", tests, sizeof tests / sizeof tests[0]);
}
