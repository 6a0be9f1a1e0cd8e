/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of the selector's failing in turn, in firth_tls_start and in accept and connect with option tls: an
 * error, nothing left, and the server goes on. mbedTLS's own allocations are tests/tls/faults_test.c's. */
#include "tests/secure/secure_pair.h"
#include "tests/tcp/peers.h"

#include <stdio.h>

enum { TRIES_MOST = 1000, TIMEOUT_MS = 2000 };

/* No memory on one side may look like a hurried end to the other. */
static bool is_fair(int64_t rc)
{
    return rc == FIRTH_OK || rc == FIRTH_ERR_NO_MEMORY || rc == FIRTH_EOF || rc == FIRTH_ERR_RESET ||
           rc == FIRTH_ERR_TLS_TRUNCATED || rc == FIRTH_ERR_TLS_ALERT;
}

static void fail_each_in_turn(firth_task_fn *body)
{
    size_t descriptors = support_descriptors_open(), live = support_allocations_live(), failed = 0;

    for (size_t n = 1; n < TRIES_MOST; n++) {
        firth_selector_options options = support_options();
        size_t made = support_allocations_made();
        int rc;

        support_allocation_fail_at(n, false);
        rc = firth_run_with(&options, body, NULL);
        support_allocation_fail_at(0, false);
        made = support_allocations_made() - made;
        if (!is_fair(rc))
            (void)fprintf(stderr, "allocation %zu failed: %s\n", n, firth_error_name(rc));
        assert_true(is_fair(rc));
        assert_int_equal(support_descriptors_open(), descriptors);
        assert_int_equal(support_allocations_live(), live);
        failed += rc == FIRTH_ERR_NO_MEMORY;
        if (made < n) { /* it went through with none left to fail */
            assert_int_equal(rc, FIRTH_OK);
            assert_true(failed > 3);
            return;
        }
    }
    fail();
}

/* ---- firth_tls_start --------------------------------------------------------------------------------------------- */

static int start_and_answer(firth_scope *scope, void *socket)
{
    firth_socket *server = socket;
    int rc = firth_tls_start(server, secure_pair_server_config(), &server);

    return rc < 0 ? rc : secure_pair_answer(scope, server);
}

static int start_both_ends(firth_scope *scope, void *argument)
{
    firth_socket *server, *client;
    firth_scope both;
    int rc = support_pair(scope, &server, &client);

    (void)argument;
    if (rc < 0)
        return rc;
    firth_scope_open(&both, scope, NULL);
    firth_scope_own_socket(&both, client);
    rc = firth_spawn(&both, start_and_answer, server, NULL);
    if (rc < 0)
        firth_socket_abort(server);
    else
        rc = firth_tls_start(client, secure_pair_client_config(), &client);
    if (rc >= 0)
        rc = secure_pair_ask(&both, client);
    return firth_scope_close(&both, rc);
}

static void any_allocation_that_fails_while_tls_is_started_is_an_error_and_nothing_more(void **state)
{
    (void)state;
    fail_each_in_turn(start_both_ends);
}

/* ---- accept and connect ------------------------------------------------------------------------------------------ */

/* One allocation fails for one of the two clients, or for neither: the other is served. */
static int serve_two_clients(firth_scope *scope, firth_server *server)
{
    int port = firth_server_address(server)->port, first, second;

    first = firth_with_timeout(TIMEOUT_MS, secure_pair_visit, &port);
    second = firth_with_timeout(TIMEOUT_MS, secure_pair_visit, &port);
    (void)scope;
    firth_server_close(server);
    EXPECT(first == FIRTH_OK || second == FIRTH_OK);
    return first != FIRTH_OK ? first : second;
}

static int serve_and_visit(firth_scope *scope, void *argument)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_server *server;
    firth_scope both;
    int rc;

    (void)argument;
    tcp.tls = secure_pair_server_config();
    rc = firth_tcp_bind(&tcp, "127.0.0.1", 0, &server);
    if (rc < 0)
        return rc;
    firth_scope_open(&both, scope, NULL);
    rc = firth_spawn(&both, secure_pair_serve, server, NULL);
    if (rc < 0)
        firth_server_close(server);
    else
        rc = serve_two_clients(&both, server);
    return firth_scope_close(&both, rc);
}

static void any_allocation_that_fails_in_a_secure_server_or_client_leaves_the_others_alone(void **state)
{
    (void)state;
    fail_each_in_turn(serve_and_visit);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_allocation_that_fails_while_tls_is_started_is_an_error_and_nothing_more),
        cmocka_unit_test(any_allocation_that_fails_in_a_secure_server_or_client_leaves_the_others_alone),
    };

    return support_main(argc, argv, "tls memory", tests, sizeof tests / sizeof *tests);
}
