/* SPDX-License-Identifier: Apache-2.0 */
/* Ten thousand connections that exchange a million messages under loss, in seconds. */
#include "tests/sim/world.h"

#include <time.h>

enum { CONNECTIONS = 10000, MESSAGES_EACH = 100, MESSAGE_BYTES = 64, SECONDS_MAX = 60 };

static int answered, connected;

static int exchange(firth_scope *scope, void *argument)
{
    unsigned char message[MESSAGE_BYTES], back[MESSAGE_BYTES];
    firth_socket *socket;
    uint64_t number = (uint64_t)(uintptr_t)argument;

    EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_OK);
    connected++;
    for (int i = 0; i < MESSAGES_EACH; i++) {
        support_fill(message, sizeof message, number * MESSAGES_EACH + (uint64_t)i);
        EXPECT_EQUAL(firth_write(firth_socket_output(socket), message, sizeof message), FIRTH_OK);
        EXPECT_EQUAL(firth_flush(firth_socket_output(socket)), FIRTH_OK);
        EXPECT_EQUAL(firth_read_fully(firth_socket_input(socket), back, sizeof back), MESSAGE_BYTES);
        EXPECT_BYTES(back, message, sizeof back);
        answered++;
    }
    return firth_socket_close(socket);
}

static int exchange_all(firth_scope *scope, void *argument)
{
    firth_scope clients;

    (void)argument;
    firth_scope_open(&clients, scope, NULL);
    for (int i = 0; i < CONNECTIONS; i++)
        EXPECT_EQUAL(firth_spawn(&clients, exchange, (void *)(uintptr_t)i, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_scope_close(&clients, FIRTH_OK), FIRTH_OK);
    world_stop();
    return FIRTH_OK;
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void ten_thousand_connections_exchange_a_million_messages_under_loss(void **state)
{
    firth_sim_link link = firth_sim_link_defaults();
    double start = seconds();

    (void)state;
    answered = connected = 0;
    world_open(1);
    link.loss = 0.01;
    link.latency_max_us = 20000;
    assert_int_equal(firth_sim_link_set(here.client, here.server, &link), FIRTH_OK);
    assert_int_equal(world_spawn(here.server, world_echo, NULL), FIRTH_OK);
    assert_int_equal(world_spawn(here.client, exchange_all, NULL), FIRTH_OK);
    assert_int_equal(world_run(), FIRTH_OK);
    print_message("%d connections, %d messages there and back: %.1f s, %.1f s of the world\n", connected, answered,
                  seconds() - start, (double)world_ms() / 1000);
    assert_int_equal(world_close(), FIRTH_OK);
    assert_int_equal(connected, CONNECTIONS);
    assert_int_equal(answered, CONNECTIONS * MESSAGES_EACH);
#ifndef FIRTH_CONTEXT_ANNOTATED /* not under sanitizers */
    assert_true(seconds() - start < SECONDS_MAX);
#endif
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_thousand_connections_exchange_a_million_messages_under_loss),
    };

    return support_main(argc, argv, "many", tests, sizeof tests / sizeof tests[0]);
}
