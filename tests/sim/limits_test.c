/* SPDX-License-Identifier: Apache-2.0 */
/* The limits of a world: delays are short and come once. */
#include "tests/sim/world.h"

enum { MS = 1000000 };

/* ---- delays ------------------------------------------------------------------------------------------------------ */

enum { ROUNDS = 20 };

static int ask(firth_scope *scope, void *argument)
{
    firth_socket *socket;
    char byte = 'x';

    (void)argument;
    EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_OK);
    for (int i = 0; i < ROUNDS; i++) {
        int64_t start_ns = firth_now_ns();

        EXPECT_EQUAL(firth_write(firth_socket_output(socket), &byte, 1), FIRTH_OK);
        EXPECT_EQUAL(firth_flush(firth_socket_output(socket)), FIRTH_OK);
        EXPECT_EQUAL(firth_read_fully(firth_socket_input(socket), &byte, 1), 1);
        /* A send and a receive on either side, a millisecond each at most, and the way. */
        EXPECT(firth_now_ns() - start_ns > 2 * (int64_t)MS);
        EXPECT(firth_now_ns() - start_ns <= (2 + 4) * (int64_t)MS);
    }
    EXPECT_EQUAL(firth_socket_close(socket), FIRTH_OK);
    world_stop();
    return FIRTH_OK;
}

static int ask_under_delays(uint64_t seed)
{
    world_open_with(seed, &(firth_sim_faults){.would_block = 1}, false);
    EXPECT_EQUAL(world_spawn(here.server, world_echo, NULL), FIRTH_OK);
    EXPECT_EQUAL(world_spawn(here.client, ask, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_sim_run_for(here.sim, 10000), 0);
    EXPECT_EQUAL(world_run(), FIRTH_OK);
    return world_close();
}

static void what_would_block_always_waits_once_each_time(void **state)
{
    (void)state;
    assert_int_equal(support_seeds(20, ask_under_delays), FIRTH_OK);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_would_block_always_waits_once_each_time),
    };

    return support_main(argc, argv, "limits", tests, sizeof tests / sizeof tests[0]);
}
