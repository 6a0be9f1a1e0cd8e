/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of a world fails in turn: an error, no crash, nothing leaked, and the next run is as if nothing had
 * been. */
#include "tests/sim/world.h"

#include <stdlib.h>

#include "tests/support/internal.h"

static int result;

/* Codes that memory running out may come to. */
static bool is_fair(int rc)
{
    return rc >= 0 || rc == FIRTH_ERR_NO_MEMORY || rc == FIRTH_ERR_NO_BUFFERS || rc == FIRTH_ERR_RESET ||
           rc == FIRTH_EOF || rc == FIRTH_ERR_CANCELED;
}

static int ask(firth_scope *scope, void *argument)
{
    unsigned char bytes[3000], back[3000];
    firth_socket *socket;
    int64_t n;
    int rc = world_connect(scope, &socket);

    (void)argument;
    if (rc >= 0) {
        support_fill(bytes, sizeof bytes, 0);
        rc = firth_write(firth_socket_output(socket), bytes, sizeof bytes);
        if (rc >= 0)
            rc = firth_flush_and_close(firth_socket_output(socket));
        n = rc < 0 ? rc : firth_read_fully(firth_socket_input(socket), back, sizeof back);
        if (n == (int64_t)sizeof back)
            EXPECT_BYTES(back, bytes, sizeof back);
        rc = n < 0 ? (int)n : FIRTH_OK;
        (void)firth_socket_close(socket);
    }
    result = rc;
    EXPECT(is_fair(rc) || rc == FIRTH_ERR_REFUSED);
    return FIRTH_OK;
}

static int echo_once(firth_scope *scope, void *argument)
{
    firth_socket *socket;
    int64_t n;
    int rc = world_accept(scope, &socket);

    (void)argument;
    EXPECT(is_fair(rc));
    if (rc < 0)
        return FIRTH_OK;
    n = firth_copy(firth_socket_input(socket), firth_socket_output(socket), FIRTH_NO_LIMIT);
    EXPECT(n >= 0 || is_fair((int)n));
    rc = firth_socket_close(socket);
    EXPECT(is_fair(rc));
    return FIRTH_OK;
}

/* The whole of it, with the n-th allocation from now on failing, and all later ones if told; whether one failed. */
static void play(firth_sim_host **host, size_t n, bool all_after)
{
    int rc;

    world_open(1);
    assert_int_equal(world_spawn(here.server, echo_once, NULL), FIRTH_OK);
    assert_int_equal(world_spawn(here.client, ask, NULL), FIRTH_OK);
    result = FIRTH_OK;
    if (host != NULL)
        assert_int_equal(firth_sim_host_set_faults(
                             *host, &(firth_sim_faults){.allocation_fail_at = n, .allocation_fail_after = all_after}),
                         FIRTH_OK);
    else
        support_allocation_fail_at(n, all_after);
    /* A server that got no memory to bind leaves a client refused; one that waits for memory waits with a timer. */
    rc = firth_sim_run_for(here.sim, 10000);
    support_allocation_fail_at(0, false);
    assert_int_equal(firth_sim_host_set_faults(here.client, &(firth_sim_faults){.short_read = 0}), FIRTH_OK);
    assert_int_equal(firth_sim_host_set_faults(here.server, &(firth_sim_faults){.short_read = 0}), FIRTH_OK);
    assert_true(rc >= 0);
    rc = firth_sim_close(here.sim);
    assert_true(rc == FIRTH_OK || rc == FIRTH_ERR_STILL_OPEN);
    assert_int_equal(support_allocations_live(), here.live);
    assert_int_equal(firth_sim_open(&here.sim, NULL), FIRTH_OK);
    assert_int_equal(firth_sim_close(here.sim), FIRTH_OK);
}

static void every_allocation_of_a_host_fails_in_turn(void **state)
{
    firth_sim_host **const hosts[] = {&here.client, &here.server};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        int failed = 0;

        for (size_t n = 1; n < 60; n++) {
            play(hosts[i], n, false);
            failed += result < 0;
            play(hosts[i], n, true);
        }
        assert_true(failed >= 3);
        assert_int_equal(result, FIRTH_OK); /* the last were beyond all that is allocated */
    }
}

static void every_allocation_of_the_network_fails_in_turn(void **state)
{
    (void)state;
    for (size_t n = 1; n < 100; n++) {
        play(NULL, n, false);
        play(NULL, n, true);
    }
    assert_int_equal(result, FIRTH_OK);
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static int open_all(void)
{
    firth_sim_options options = firth_sim_defaults();
    firth_sim_host_options host_options = firth_sim_host_defaults();
    firth_selector_options selector = support_options();
    firth_sim_host *host;
    firth_sim *sim;
    int rc;

    options.allocate = support_allocate;
    options.release = support_release;
    selector.backend = NULL;
    host_options.selector = &selector;
    host_options.addresses[0] = CLIENT_IP;
    rc = firth_sim_open(&sim, &options);
    if (rc < 0)
        return rc;
    rc = firth_sim_host_open(sim, &host_options, &host);
    if (rc >= 0)
        rc = firth_sim_partition(host, host);
    if (rc >= 0)
        rc = firth_sim_at(sim, 1, free, NULL);
    if (rc >= 0)
        rc = firth_sim_run_for(sim, 1);
    (void)firth_sim_close(sim);
    return rc;
}

static void opening_a_world_without_memory_leaves_nothing_behind(void **state)
{
    size_t live = support_allocations_live(), n = 0;
    int rc;

    (void)state;
    do {
        support_allocation_fail_at(++n, false);
        rc = open_all();
        assert_true(rc == FIRTH_OK || rc == FIRTH_ERR_NO_MEMORY);
        assert_int_equal(support_allocations_live(), live);
    } while (rc < 0);
    assert_true(n > 4);
}

static int nothing(firth_scope *scope, void *argument)
{
    (void)scope;
    (void)argument;
    return FIRTH_OK;
}

static void a_selector_with_a_world_of_its_own_opens_or_says_why_not(void **state)
{
    size_t live = support_allocations_live(), n = 0;
    int rc;

    (void)state;
    do {
        firth_selector_options options = support_options();

        options.backend = &firth_backend_sim;
        support_allocation_fail_at(++n, false);
        rc = firth_run_with(&options, nothing, NULL);
        assert_true(rc == FIRTH_OK || rc == FIRTH_ERR_NO_MEMORY);
        assert_int_equal(support_allocations_live(), live);
    } while (rc < 0);
    assert_true(n > 2);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_of_a_host_fails_in_turn),
        cmocka_unit_test(every_allocation_of_the_network_fails_in_turn),
        cmocka_unit_test(opening_a_world_without_memory_leaves_nothing_behind),
        cmocka_unit_test(a_selector_with_a_world_of_its_own_opens_or_says_why_not),
    };

    return support_main(argc, argv, "memory", tests, sizeof tests / sizeof tests[0]);
}
