/* SPDX-License-Identifier: Apache-2.0 */
/* One seed decides everything: what a world does is told by its trace, and the trace by its seed. */
#include "tests/sim/world.h"

#include <stdlib.h>

static const firth_sim_faults all_faults = {.short_read = 0.3,
                                            .short_write = 0.3,
                                            .would_block = 0.2,
                                            .spurious_wait = 0.2,
                                            .late_cancel = 0.5,
                                            .refused = 0.1,
                                            .unreachable = 0.1,
                                            .shuffle = true};

/* Asks again and again, with a deadline that ends some of it in the middle. */
static int ask_impatiently(firth_scope *scope, void *argument)
{
    char bytes[2000], back[2000];
    firth_scope_options limit = {.timeout_ms = 40};

    (void)argument;
    support_fill(bytes, sizeof bytes, 0);
    for (int i = 0; i < 20; i++) {
        firth_socket *socket;
        firth_scope within;
        int64_t n;
        int rc;

        firth_scope_open(&within, scope, &limit);
        rc = world_connect(&within, &socket);
        if (rc >= 0) {
            rc = firth_write(firth_socket_output(socket), bytes, sizeof bytes);
            rc = rc < 0 ? rc : firth_flush(firth_socket_output(socket));
            n = rc < 0 ? rc : firth_read_fully(firth_socket_input(socket), back, sizeof back);
            if (n == (int64_t)sizeof back)
                EXPECT_BYTES(back, bytes, sizeof bytes);
            (void)firth_socket_close(socket);
        }
        rc = firth_scope_close(&within, rc);
        EXPECT(rc == FIRTH_OK || rc == FIRTH_ERR_TIMED_OUT || rc == FIRTH_ERR_REFUSED ||
               rc == FIRTH_ERR_HOST_UNREACHABLE);
    }
    return FIRTH_OK;
}

static int several_ask(firth_scope *scope, void *argument)
{
    firth_scope askers;

    (void)argument;
    firth_scope_open(&askers, scope, NULL);
    for (int i = 0; i < 5; i++)
        EXPECT_EQUAL(firth_spawn(&askers, ask_impatiently, NULL, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_scope_close(&askers, FIRTH_OK), FIRTH_OK);
    world_stop();
    return FIRTH_OK;
}

/* The trace of a stormy world; the caller's to free. */
static char *storm(uint64_t seed)
{
    firth_sim_link link = firth_sim_link_defaults();
    char *trace;

    world_open_with(seed, &all_faults, true);
    link.latency_min_us = 100;
    link.latency_max_us = 9000;
    link.loss = 0.02;
    link.retransmit_us = 5000;
    assert_int_equal(firth_sim_link_set(here.client, here.server, &link), FIRTH_OK);
    assert_int_equal(world_spawn(here.server, world_echo, NULL), FIRTH_OK);
    assert_int_equal(world_spawn(here.client, several_ask, NULL), FIRTH_OK);
    assert_int_equal(world_run(), FIRTH_OK);
    assert_int_equal(world_close(), FIRTH_OK);
    trace = here.trace;
    here.trace = NULL;
    assert_non_null(trace);
    return trace;
}

static void the_same_seed_gives_the_same_trace_byte_for_byte(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        char *once = storm(seed), *again = storm(seed);

        assert_string_equal(once, again);
        assert_true(strlen(once) > 10000);
        free(once);
        free(again);
    }
}

static void another_seed_gives_another_trace(void **state)
{
    char *one = storm(1), *other = storm(2);

    (void)state;
    assert_string_not_equal(one, other);
    free(one);
    free(other);
}

static void a_trace_holds_no_address_of_memory(void **state)
{
    char *trace = storm(3);

    (void)state;
    assert_null(strstr(trace, "0x"));
    free(trace);
}

/* ---- a world without faults, told line by line --------------------------------------------------------------------- */

static int say_hello(firth_scope *scope, void *argument)
{
    firth_socket *socket;
    char answer[8];

    (void)argument;
    EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(socket), "hello"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush_and_close(firth_socket_output(socket)), FIRTH_OK);
    EXPECT_EQUAL(firth_read_remaining(firth_socket_input(socket), answer, sizeof answer), 2);
    return firth_socket_close(socket);
}

static int answer_hello(firth_scope *scope, void *argument)
{
    firth_socket *socket;
    char question[8];

    (void)argument;
    EXPECT_EQUAL(world_accept(scope, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_read_remaining(firth_socket_input(socket), question, sizeof question), 5);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(socket), "hi"), FIRTH_OK);
    return firth_socket_close(socket);
}

static void a_conversation_is_traced_step_by_step(void **state)
{
    static const char expected[] = "1.000000000 client open\n"
                                   "1.000000000 server open\n"
                                   "1.000000000 client #1 connect 10.0.0.1:32768 > 10.0.0.2:7000\n"
                                   "1.000000000 server listen [::]:7000\n"
                                   "1.002000000 client #1 connected\n"
                                   "1.002000000 client #1 sent 5\n"
                                   "1.002000000 client #1 fin\n"
                                   "1.003000000 server #1 arrived 5\n"
                                   "1.003000000 server #1 fin arrived\n"
                                   "1.003000000 server #1 accepted\n"
                                   "1.003000000 server #1 received 5\n"
                                   "1.003000000 server #1 sent 2\n"
                                   "1.003000000 server #1 fin\n"
                                   "1.004000000 client #1 arrived 2\n"
                                   "1.004000000 client #1 fin arrived\n"
                                   "1.004000000 client #1 received 2\n"
                                   "1.004000000 client close\n"
                                   "1.004000000 server close\n";

    (void)state;
    world_open_with(1, NULL, true);
    assert_int_equal(world_spawn(here.server, answer_hello, NULL), FIRTH_OK);
    assert_int_equal(world_spawn(here.client, say_hello, NULL), FIRTH_OK);
    assert_int_equal(world_run(), FIRTH_OK);
    assert_int_equal(world_close(), FIRTH_OK);
    assert_string_equal(here.trace, expected);
    free(here.trace);
    here.trace = NULL;
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_trace_byte_for_byte),
        cmocka_unit_test(another_seed_gives_another_trace),
        cmocka_unit_test(a_trace_holds_no_address_of_memory),
        cmocka_unit_test(a_conversation_is_traced_step_by_step),
    };

    return support_main(argc, argv, "determinism", tests, sizeof tests / sizeof tests[0]);
}
