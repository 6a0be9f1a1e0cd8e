/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams between hosts: lost, doubled, overtaken, cut up, as the seed decides. */
#include "tests/sim/world.h"

#include <stdlib.h>

enum { COUNT = 1000, SIZE_MOST = 4000, MS = 1000000, IDLE_MS = 2000 };

/* What the server's task has got. */
static struct {
    int counts[COUNT];    /* of each number */
    int64_t at_ns[COUNT]; /* of its first arrival */
    int total;
    int out_of_order; /* arrivals of a lower number than the one before */
    int last;
} got;

/* What the client's task sends. */
static struct {
    int count;
    size_t size;
    int64_t pause_us;
} plan;

static firth_sim_link link_between;

static int bind_server(firth_scope *scope, firth_datagram_socket **socket)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));

    udp.receive_buffer_bytes = 1 << 24;
    EXPECT_EQUAL(firth_udp_bind(&udp, NULL, WORLD_PORT, socket), FIRTH_OK);
    firth_scope_own_datagram_socket(scope, *socket);
    return FIRTH_OK;
}

static void note(const char *bytes)
{
    int number;

    memcpy(&number, bytes, sizeof number);
    if (got.counts[number]++ == 0)
        got.at_ns[number] = firth_now_ns();
    got.total++;
    got.out_of_order += number < got.last;
    got.last = number;
}

typedef struct receiving {
    firth_datagram_socket *socket;
    char *bytes;
} receiving;

static int receive_one(firth_scope *scope, void *argument)
{
    receiving *it = argument;

    (void)scope;
    return (int)firth_receive_from(it->socket, it->bytes, SIZE_MOST, NULL);
}

/* Until nothing has come for a while. */
static int receive_all(firth_scope *scope, void *argument)
{
    char bytes[SIZE_MOST];
    receiving it = {.bytes = bytes};
    int rc;

    (void)argument;
    EXPECT_EQUAL(bind_server(scope, &it.socket), FIRTH_OK);
    while ((rc = firth_with_timeout(IDLE_MS, receive_one, &it)) >= 0) {
        EXPECT(rc >= (int)sizeof(int));
        EXPECT(support_is_filled(bytes + sizeof(int), (size_t)rc - sizeof(int), 1));
        note(bytes);
    }
    EXPECT_EQUAL(rc, FIRTH_ERR_TIMED_OUT);
    return FIRTH_OK;
}

static int connect_to_server(firth_scope *scope, firth_datagram_socket **socket)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));

    EXPECT_EQUAL(firth_udp_connect(&udp, SERVER_IP, WORLD_PORT, socket), FIRTH_OK);
    firth_scope_own_datagram_socket(scope, *socket);
    return FIRTH_OK;
}

static int send_all(firth_scope *scope, void *argument)
{
    char bytes[SIZE_MOST];
    firth_datagram_socket *socket;

    (void)argument;
    EXPECT_EQUAL(connect_to_server(scope, &socket), FIRTH_OK);
    support_fill(bytes + sizeof(int), sizeof bytes - sizeof(int), 1);
    for (int i = 0; i < plan.count; i++) {
        memcpy(bytes, &i, sizeof i);
        EXPECT_EQUAL(firth_send_to(socket, bytes, plan.size, NULL), FIRTH_OK);
        if (plan.pause_us > 0)
            EXPECT_EQUAL(firth_sleep_until(firth_now_ns() + plan.pause_us * 1000), FIRTH_OK);
    }
    return FIRTH_OK;
}

static void begin(uint64_t seed)
{
    world_open(seed);
    link_between = firth_sim_link_defaults();
    memset(&got, 0, sizeof got);
    plan.count = COUNT;
    plan.size = 100;
    plan.pause_us = 100;
}

static void play(firth_task_fn *client, firth_task_fn *server)
{
    assert_int_equal(firth_sim_link_set(here.client, here.server, &link_between), FIRTH_OK);
    if (server != NULL)
        assert_int_equal(world_spawn(here.server, server, NULL), FIRTH_OK);
    assert_int_equal(world_spawn(here.client, client, NULL), FIRTH_OK);
    assert_int_equal(world_run(), FIRTH_OK);
    assert_int_equal(world_close(), FIRTH_OK);
}

/* ---- what links do ------------------------------------------------------------------------------------------------- */

static void a_good_link_brings_each_once_and_in_order(void **state)
{
    (void)state;
    begin(1);
    play(send_all, receive_all);
    assert_int_equal(got.total, COUNT);
    assert_int_equal(got.out_of_order, 0);
    assert_int_equal(got.at_ns[1] - got.at_ns[0], 100000);
}

static void loss_takes_its_share(void **state)
{
    int missing = 0;

    (void)state;
    begin(1);
    link_between.loss = 0.2;
    play(send_all, receive_all);
    for (int i = 0; i < COUNT; i++) {
        assert_in_range(got.counts[i], 0, 1);
        missing += got.counts[i] == 0;
    }
    assert_in_range(missing, 140, 260);
    assert_int_equal(got.out_of_order, 0);
}

static void duplication_doubles_its_share(void **state)
{
    int doubled = 0;

    (void)state;
    begin(1);
    link_between.duplication = 0.2;
    play(send_all, receive_all);
    for (int i = 0; i < COUNT; i++) {
        assert_in_range(got.counts[i], 1, 2);
        doubled += got.counts[i] == 2;
    }
    assert_in_range(doubled, 140, 260);
}

static void reordering_lets_later_ones_overtake(void **state)
{
    (void)state;
    begin(1);
    link_between.reordering = 0.1;
    link_between.reorder_us = 5000;
    play(send_all, receive_all);
    assert_int_equal(got.total, COUNT);
    assert_true(got.out_of_order > 30 && got.out_of_order < 200);
}

static void latencies_of_a_range_reorder_too(void **state)
{
    (void)state;
    begin(1);
    link_between.latency_min_us = 1000;
    link_between.latency_max_us = 3000;
    play(send_all, receive_all);
    assert_int_equal(got.total, COUNT);
    assert_true(got.out_of_order > 100);
}

static void fragments_are_lost_one_by_one(void **state)
{
    int small, large;

    (void)state;
    begin(1);
    link_between.loss = 0.1;
    play(send_all, receive_all);
    small = got.total;
    begin(1);
    link_between.loss = 0.1;
    plan.size = 4000; /* three fragments of 1500 */
    play(send_all, receive_all);
    large = got.total;
    assert_in_range(small, 850, 950);
    assert_in_range(large, 660, 800);
}

static void bandwidth_spaces_them_and_a_full_queue_drops(void **state)
{
    (void)state;
    begin(1);
    link_between.bytes_per_second = 1000000;
    link_between.queue_bytes = 50000;
    plan.pause_us = 0;
    plan.size = 972; /* 1000 on the wire */
    play(send_all, receive_all);
    assert_in_range(got.total, 51, 53);
    assert_int_equal(got.at_ns[1] - got.at_ns[0], MS);
}

static void a_partition_loses_what_is_sent(void **state)
{
    (void)state;
    begin(1);
    assert_int_equal(firth_sim_partition(here.client, here.server), FIRTH_OK);
    play(send_all, receive_all);
    assert_int_equal(got.total, 0);
}

static void after_a_heal_they_go_through_again_and_those_before_stay_lost(void **state)
{
    (void)state;
    begin(1);
    assert_int_equal(firth_sim_at(here.sim, (int64_t)1020 * MS, world_part, NULL), FIRTH_OK);
    assert_int_equal(firth_sim_at(here.sim, (int64_t)1050 * MS, world_heal, NULL), FIRTH_OK);
    play(send_all, receive_all);
    /* One each tenth of a millisecond, under way for one: the first ten that are missing had left before the cut. */
    for (int i = 0; i < COUNT; i++)
        if (i < 189 || i > 501)
            assert_int_equal(got.counts[i], 1);
        else if (i > 191 && i < 498)
            assert_int_equal(got.counts[i], 0);
}

/* ---- the seed -------------------------------------------------------------------------------------------------------- */

static char *storm(uint64_t seed)
{
    static const firth_sim_faults faults = {
        .would_block = 0.2, .spurious_wait = 0.2, .late_cancel = 0.5, .shuffle = true};
    char *trace;

    world_open_with(seed, &faults, true);
    link_between = firth_sim_link_defaults();
    link_between.latency_max_us = 4000;
    link_between.loss = link_between.duplication = link_between.reordering = 0.1;
    memset(&got, 0, sizeof got);
    plan.count = 200;
    plan.size = 2000;
    plan.pause_us = 300;
    play(send_all, receive_all);
    trace = here.trace;
    here.trace = NULL;
    return trace;
}

static void the_seed_decides_every_datagram(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        char *once = storm(seed), *again = storm(seed), *other = storm(seed + 100);

        assert_string_equal(once, again);
        assert_string_not_equal(once, other);
        assert_non_null(strstr(once, "lost"));
        free(once);
        free(again);
        free(other);
    }
}

static void a_link_out_of_range_is_refused(void **state)
{
    firth_sim_link bad;

    (void)state;
    begin(1);
    bad = link_between;
    bad.duplication = 1.1;
    assert_int_equal(firth_sim_link_set(here.client, here.server, &bad), FIRTH_ERR_ARGUMENT);
    bad = link_between;
    bad.reordering = -0.1;
    assert_int_equal(firth_sim_link_set(here.client, here.server, &bad), FIRTH_ERR_ARGUMENT);
    bad = link_between;
    bad.reorder_us = 0;
    assert_int_equal(firth_sim_link_set(here.client, here.server, &bad), FIRTH_ERR_ARGUMENT);
    bad = link_between;
    bad.mtu_bytes = 575;
    assert_int_equal(firth_sim_link_set(here.client, here.server, &bad), FIRTH_ERR_ARGUMENT);
    assert_int_equal(world_close(), FIRTH_OK);
}

/* What is under way when a world ends is not left behind; nor what nobody has received. */
static int send_and_go(firth_scope *scope, void *argument)
{
    firth_datagram_socket *socket;

    (void)argument;
    EXPECT_EQUAL(connect_to_server(scope, &socket), FIRTH_OK);
    for (int i = 0; i < 10; i++)
        EXPECT_EQUAL(firth_send_to(socket, "x", 1, NULL), FIRTH_OK);
    return FIRTH_OK;
}

static int bind_and_sleep(firth_scope *scope, void *argument)
{
    firth_datagram_socket *socket;

    (void)argument;
    EXPECT_EQUAL(bind_server(scope, &socket), FIRTH_OK);
    return firth_sleep(20);
}

static void nothing_is_left_of_datagrams_nobody_received(void **state)
{
    (void)state;
    begin(1);
    play(send_and_go, NULL);
    begin(1);
    play(send_and_go, bind_and_sleep);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_link_brings_each_once_and_in_order),
        cmocka_unit_test(loss_takes_its_share),
        cmocka_unit_test(duplication_doubles_its_share),
        cmocka_unit_test(reordering_lets_later_ones_overtake),
        cmocka_unit_test(latencies_of_a_range_reorder_too),
        cmocka_unit_test(fragments_are_lost_one_by_one),
        cmocka_unit_test(bandwidth_spaces_them_and_a_full_queue_drops),
        cmocka_unit_test(a_partition_loses_what_is_sent),
        cmocka_unit_test(after_a_heal_they_go_through_again_and_those_before_stay_lost),
        cmocka_unit_test(the_seed_decides_every_datagram),
        cmocka_unit_test(a_link_out_of_range_is_refused),
        cmocka_unit_test(nothing_is_left_of_datagrams_nobody_received),
    };

    return support_main(argc, argv, "datagrams of simulated hosts", tests, sizeof tests / sizeof tests[0]);
}
