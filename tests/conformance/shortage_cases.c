/* SPDX-License-Identifier: Apache-2.0 */
/* No memory, no descriptors: an error, or a wait; never a leak, a spin or a loss. */
#include "tests/conformance/peers.h"

enum { TRIES_MOST = 1000 };

static int ask(firth_scope *scope, int port)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    firth_socket *client;
    char line[16] = "";
    int64_t rc = fth_kit_tcp_connect(&tcp, "127.0.0.1", port, &client);

    if (rc < 0)
        return (int)rc;
    firth_scope_own_socket(scope, client);
    rc = firth_write_string(firth_socket_output(client), "hello\n");
    if (rc >= 0)
        rc = firth_flush_and_close(firth_socket_output(client));
    if (rc >= 0)
        rc = firth_read_line(firth_socket_input(client), line, sizeof line);
    if (rc >= 0 && (rc != 5 || memcmp(line, "hello", 5) != 0))
        return fth_kit_broken(__FILE__, __LINE__, "an answer is the question's echo");
    return rc < 0 ? (int)rc : FIRTH_OK;
}

static int64_t serve_one(kit_attempt *attempt)
{
    int rc = fth_kit_tcp_accept(attempt->server, &attempt->socket);

    return rc < 0 ? rc : fth_kit_echo(attempt);
}

/* Both sides of a conversation; whoever lacks memory ends it, for both. */
static int converse_for_a_while(firth_scope *scope, void *argument)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    kit_attempt *serving = fth_kit_attempt(serve_one);
    int rc = fth_kit_tcp_bind(&tcp, "127.0.0.1", 0, &serving->server);

    (void)argument;
    if (rc < 0)
        return rc;
    firth_scope_own_server(scope, serving->server);
    rc = fth_kit_start(scope, serving);
    return rc < 0 ? rc : ask(scope, firth_server_address(serving->server)->port);
}

static int converse(firth_scope *scope)
{
    (void)scope;
    return firth_with_timeout(fth_kit_paced_ms(500), converse_for_a_while, NULL);
}

/* No memory on one side may look like a hurried end to the other. */
static bool is_fair(int rc, bool all_after)
{
    return rc == FIRTH_OK || rc == FIRTH_ERR_NO_MEMORY || rc == FIRTH_EOF || rc == FIRTH_ERR_RESET ||
           (all_after && rc == FIRTH_ERR_TIMED_OUT);
}

static int fail_each(bool all_after)
{
    int failed = 0;

    for (size_t n = 1; n < TRIES_MOST; n++) {
        size_t live = fth_kit_allocations_live(), made = fth_kit_allocations_made();
        int rc;

        fth_kit_allocation_fail_at(n, all_after);
        rc = fth_kit_in_selector(converse);
        fth_kit_allocation_fail_at(0, false);
        made = fth_kit_allocations_made() - made;
        if (!is_fair(rc, all_after))
            EXPECT_RESULT(rc, FIRTH_ERR_NO_MEMORY);
        if (fth_kit_allocations_live() != live) {
            fth_kit_law("when allocation %u fails, %u are left", (unsigned)n,
                        (unsigned)(fth_kit_allocations_live() - live));
            return FIRTH_ERR_USER;
        }
        failed += rc == FIRTH_ERR_NO_MEMORY;
        if (made < n) { /* it went through with none left to fail */
            EXPECT_RESULT(rc, FIRTH_OK);
            EXPECT(failed > 3);
            return FIRTH_OK;
        }
    }
    return fth_kit_untrue(__FILE__, __LINE__, "a conversation takes a bounded number of allocations");
}

static int every_allocation_failing_in_turn_is_an_error_and_no_more(void)
{
    return fail_each(false);
}

static int no_memory_from_any_point_on_is_an_error_and_no_more(void)
{
    return fail_each(true);
}

/* ---- descriptors ------------------------------------------------------------------------------------------------- */

static int limit_open(int64_t further)
{
    return fth_kit.subject.limit_open(fth_kit.subject.argument, further);
}

static int connect_without_descriptors(firth_scope *scope)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    firth_server *server, *none;
    firth_socket *socket;
    int port, connected, bound;

    TRY(fth_kit_server(scope, &server, &port));
    TRY(limit_open(0));
    connected = fth_kit_tcp_connect(&tcp, "127.0.0.1", port, &socket);
    bound = fth_kit_tcp_bind(&tcp, "127.0.0.1", 0, &none);
    TRY(limit_open(-1));
    EXPECT_RESULT(connected, FIRTH_ERR_TOO_MANY_OPEN);
    EXPECT_RESULT(bound, FIRTH_ERR_TOO_MANY_OPEN);
    TRY(fth_kit_tcp_connect(&tcp, "127.0.0.1", port, &socket));
    firth_socket_abort(socket);
    return FIRTH_OK;
}

static int without_descriptors_connect_and_bind_say_so_and_work_again_later(firth_scope *scope)
{
    int rc = connect_without_descriptors(scope);

    (void)limit_open(-1);
    return rc;
}

/* The client waits in the backlog until there is a descriptor again. */
static int accept_without_descriptors(firth_scope *scope)
{
    kit_attempt *accepting = fth_kit_attempt(fth_kit_accept);
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    firth_socket *client;
    size_t empty;
    uint8_t byte;
    int port;

    TRY(fth_kit_server(scope, &accepting->server, &port));
    TRY(fth_kit_tcp_connect(&tcp, "127.0.0.1", port, &client));
    firth_scope_own_socket(scope, client);
    TRY(limit_open(0));
    empty = fth_kit_empty_polls();
    TRY(fth_kit_start(scope, accepting));
    TRY(firth_sleep(100));
    EXPECT(!accepting->ended.happened);
    EXPECT(fth_kit_empty_polls() - empty < 100);
    TRY(limit_open(-1));
    TRY(fth_kit_await(&accepting->ended));
    EXPECT_RESULT(accepting->result, FIRTH_OK);
    firth_scope_own_socket(scope, accepting->socket);
    TRY(firth_write(firth_socket_output(client), "x", 1));
    TRY(firth_flush(firth_socket_output(client)));
    EXPECT_RESULT(firth_read(firth_socket_input(accepting->socket), &byte, 1), 1);
    return FIRTH_OK;
}

static int without_descriptors_accept_waits_and_loses_nobody(firth_scope *scope)
{
    int rc = accept_without_descriptors(scope);

    (void)limit_open(-1);
    return rc;
}

static int without_descriptors_a_selector_does_not_open(void)
{
    int rc = limit_open(0);

    if (rc == FIRTH_ERR_NOT_SUPPORTED)
        return fth_kit_not_applicable("a limit outside a selector");
    TRY(rc);
    rc = fth_kit_in_selector(converse);
    TRY(limit_open(-1));
    /* A backend may need none of its own; then the conversation fails. */
    EXPECT_RESULT(rc, FIRTH_ERR_TOO_MANY_OPEN);
    return fth_kit_in_selector(converse);
}

const kit_case fth_kit_shortage_cases[] = {
    KIT_CASE_OUTSIDE(every_allocation_failing_in_turn_is_an_error_and_no_more, 0),
    KIT_CASE_OUTSIDE(no_memory_from_any_point_on_is_an_error_and_no_more, KIT_SLOW),
    KIT_CASE_FLAGS(without_descriptors_connect_and_bind_say_so_and_work_again_later, KIT_LIMITS),
    KIT_CASE_WITH(without_descriptors_accept_waits_and_loses_nobody,
                  .body = without_descriptors_accept_waits_and_loses_nobody, .flags = KIT_LIMITS, .plain = KIT_BACKLOG),
    KIT_CASE_OUTSIDE(without_descriptors_a_selector_does_not_open, KIT_LIMITS),
    {.name = NULL},
};
