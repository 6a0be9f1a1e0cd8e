/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation failing in turn: an error, no leak, no crash. */
#include "tests/tcp/peers.h"

#include <stdio.h>

/* Who is left without memory for good may wait for it until the end; any other has all the time a loaded machine takes. */
enum { TRIES_MOST = 1000, TIMEOUT_MS = 200, AMPLE_MS = 30000 };

typedef struct exchange {
    const char *host;
    firth_server *server;
    bool all_after;
} exchange;

static int serve_one(firth_scope *scope, void *argument)
{
    exchange *this = argument;
    firth_socket *client;
    int rc = firth_accept(this->server, &client);

    return rc < 0 ? rc : peers_echo(scope, client);
}

static int ask(firth_scope *scope, const firth_tcp_builder *tcp, const char *host, int port)
{
    firth_socket *client;
    char line[16] = "";
    int64_t rc = firth_tcp_connect(tcp, host, port, &client);

    if (rc < 0)
        return (int)rc;
    firth_scope_own_socket(scope, client);
    rc = firth_write_format(firth_socket_output(client), "%s\n", "hello");
    if (rc >= 0)
        rc = firth_flush_and_close(firth_socket_output(client));
    if (rc >= 0)
        rc = firth_read_line(firth_socket_input(client), line, sizeof line);
    return rc == 5 && memcmp(line, "hello", 5) == 0 ? FIRTH_OK : (int)rc;
}

/* Both sides of a conversation; whoever lacks memory ends it. */
static int converse(firth_scope *scope, void *argument)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    exchange *this = argument;
    const firth_scope_options soon = {.timeout_ms = this->all_after ? TIMEOUT_MS : AMPLE_MS};
    firth_scope both;
    int rc = firth_tcp_bind(&tcp, "127.0.0.1", 0, &this->server);

    if (rc < 0)
        return rc;
    firth_scope_own_server(scope, this->server);
    firth_scope_open(&both, scope, &soon);
    rc = firth_spawn(&both, serve_one, this, NULL);
    if (rc >= 0)
        rc = ask(&both, &tcp, this->host, firth_server_address(this->server)->port);
    return firth_scope_close(&both, rc);
}

/* No memory on one side may look like a hurried end to the other. */
static bool is_fair(int rc, bool all_after)
{
    return rc == FIRTH_OK || rc == FIRTH_ERR_NO_MEMORY || rc == FIRTH_EOF || rc == FIRTH_ERR_RESET ||
           (all_after && rc == FIRTH_ERR_TIMED_OUT);
}

static void fail_each_in_turn(const char *host, bool all_after)
{
    size_t descriptors = support_descriptors_open(), live = support_allocations_live(), failed = 0, made;

    for (size_t n = 1; n < TRIES_MOST; n++) {
        firth_selector_options options = support_options();
        exchange this = {.host = host, .all_after = all_after};
        int rc;

        made = support_allocations_made();
        support_allocation_fail_at(n, all_after);
        rc = firth_run_with(&options, converse, &this);
        support_allocation_fail_at(0, false);
        made = support_allocations_made() - made;
        if (!is_fair(rc, all_after))
            fprintf(stderr, "allocation %zu failed: %s\n", n, firth_error_name(rc));
        assert_true(is_fair(rc, all_after));
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

static void any_allocation_that_fails_is_an_error_and_nothing_more(void **state)
{
    (void)state;
    fail_each_in_turn("127.0.0.1", false);
}

static void no_memory_from_any_point_on_is_an_error_and_nothing_more(void **state)
{
    (void)state;
    fail_each_in_turn("127.0.0.1", true);
}

static void any_allocation_that_fails_while_a_name_is_looked_up_is_an_error_and_nothing_more(void **state)
{
    (void)state;
    fail_each_in_turn("localhost", false);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_allocation_that_fails_is_an_error_and_nothing_more),
        cmocka_unit_test(no_memory_from_any_point_on_is_an_error_and_nothing_more),
        cmocka_unit_test(any_allocation_that_fails_while_a_name_is_looked_up_is_an_error_and_nothing_more),
    };

    return support_main(argc, argv, "memory", tests, sizeof tests / sizeof tests[0]);
}
