/* SPDX-License-Identifier: Apache-2.0 */
/* What lies between hosts: latency, bandwidth, loss, partitions, resets. */
#include "tests/sim/world.h"

enum { MS = 1000000 };

static firth_sim_link link_between;

static void set_link(void)
{
    assert_int_equal(firth_sim_link_set(here.client, here.server, &link_between), FIRTH_OK);
}

/* Opens a world whose link a test then describes. */
static void begin(uint64_t seed)
{
    world_open(seed);
    link_between = firth_sim_link_defaults();
}

static void play(firth_task_fn *client, firth_task_fn *server)
{
    set_link();
    assert_int_equal(world_spawn(here.server, server, NULL), FIRTH_OK);
    assert_int_equal(world_spawn(here.client, client, NULL), FIRTH_OK);
    assert_int_equal(world_run(), FIRTH_OK);
    assert_int_equal(world_close(), FIRTH_OK);
}

/* One byte there and back: how long it took, in ns; < 0 for a failure. */
static int64_t round_trip(firth_socket *socket)
{
    int64_t start_ns = firth_now_ns();
    char byte = 'x';
    int rc = firth_write(firth_socket_output(socket), &byte, 1);

    rc = rc < 0 ? rc : firth_flush(firth_socket_output(socket));
    if (rc >= 0)
        rc = (int)firth_read_fully(firth_socket_input(socket), &byte, 1);
    return rc < 0 ? rc : firth_now_ns() - start_ns;
}

/* ---- latency ----------------------------------------------------------------------------------------------------- */

static int measure_fixed(firth_scope *scope, void *argument)
{
    firth_socket *socket;

    (void)argument;
    EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_now_ns(), (1000 + 14) * (int64_t)MS);
    for (int i = 0; i < 10; i++)
        EXPECT_EQUAL(round_trip(socket), 14 * (int64_t)MS);
    world_stop();
    return firth_socket_close(socket);
}

static void a_round_trip_takes_twice_the_latency(void **state)
{
    (void)state;
    begin(1);
    link_between.latency_min_us = link_between.latency_max_us = 7000;
    play(measure_fixed, world_echo);
}

static int measure_range(firth_scope *scope, void *argument)
{
    int64_t least_ns = INT64_MAX, most_ns = 0;
    firth_socket *socket;

    (void)argument;
    EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_OK);
    for (int i = 0; i < 1000; i++) {
        int64_t took_ns = round_trip(socket);

        EXPECT(took_ns >= 2 * (int64_t)MS && took_ns <= 20 * (int64_t)MS);
        least_ns = took_ns < least_ns ? took_ns : least_ns;
        most_ns = took_ns > most_ns ? took_ns : most_ns;
    }
    EXPECT(least_ns < 5 * (int64_t)MS && most_ns > 17 * (int64_t)MS);
    world_stop();
    return firth_socket_close(socket);
}

static void latencies_fill_their_range_and_never_leave_it(void **state)
{
    (void)state;
    begin(1);
    link_between.latency_min_us = 1000;
    link_between.latency_max_us = 10000;
    play(measure_range, world_echo);
}

/* ---- bandwidth --------------------------------------------------------------------------------------------------- */

enum { BULK_BYTES = 1000000 };

static int send_bulk(firth_scope *scope, void *argument)
{
    static unsigned char bytes[BULK_BYTES];
    firth_socket *socket;
    char byte;

    (void)argument;
    support_fill(bytes, sizeof bytes, 0);
    EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_write(firth_socket_output(socket), bytes, sizeof bytes), FIRTH_OK);
    EXPECT_EQUAL(firth_flush_and_close(firth_socket_output(socket)), FIRTH_OK);
    EXPECT_EQUAL(firth_read(firth_socket_input(socket), &byte, 1), FIRTH_EOF);
    return firth_socket_close(socket);
}

static int receive_all(firth_socket *socket)
{
    unsigned char bytes[4096];
    uint64_t total = 0;
    int64_t n;

    while ((n = firth_read(firth_socket_input(socket), bytes, sizeof bytes)) > 0) {
        EXPECT(support_is_filled(bytes, (size_t)n, total));
        total += (uint64_t)n;
    }
    EXPECT_EQUAL(n, FIRTH_EOF);
    EXPECT_EQUAL(total, BULK_BYTES);
    return firth_socket_close(socket);
}

static int receive_bulk(firth_scope *scope, void *argument)
{
    firth_socket *socket;

    (void)argument;
    EXPECT_EQUAL(world_accept(scope, &socket), FIRTH_OK);
    return receive_all(socket);
}

static int receive_bulk_in_a_second(firth_scope *scope, void *argument)
{
    firth_socket *socket;
    int64_t start_ns;

    (void)argument;
    EXPECT_EQUAL(world_accept(scope, &socket), FIRTH_OK);
    start_ns = firth_now_ns();
    EXPECT_EQUAL(receive_all(socket), FIRTH_OK);
    EXPECT(firth_now_ns() - start_ns >= 990 * (int64_t)MS);
    EXPECT(firth_now_ns() - start_ns <= 1100 * (int64_t)MS);
    return FIRTH_OK;
}

static void a_megabyte_at_a_megabyte_a_second_takes_a_second(void **state)
{
    (void)state;
    begin(1);
    link_between.bytes_per_second = BULK_BYTES;
    play(send_bulk, receive_bulk_in_a_second);
}

/* ---- loss -------------------------------------------------------------------------------------------------------- */

static int lossy_round_trips(firth_scope *scope, void *argument)
{
    firth_socket *socket;
    int late = 0;

    (void)argument;
    EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_OK);
    for (int i = 0; i < 1000; i++) {
        int64_t took_ns = round_trip(socket);

        /* On time, or later by whole retransmissions: 50 ms, or 50 and 100, there and back. */
        EXPECT(took_ns >= 2 * (int64_t)MS && took_ns % (50 * (int64_t)MS) == 2 * (int64_t)MS);
        late += took_ns > 2 * (int64_t)MS;
    }
    /* 1 - 0.9² of them: 190 of 1000, give or take five standard deviations. */
    EXPECT(late > 128 && late < 252);
    world_stop();
    return firth_socket_close(socket);
}

static void a_lost_segment_arrives_a_retransmission_late(void **state)
{
    (void)state;
    begin(1);
    link_between.loss = 0.1;
    link_between.retransmit_us = 50000;
    play(lossy_round_trips, world_echo);
}

static int lossy_bulk(uint64_t seed)
{
    begin(seed);
    link_between.loss = 0.2;
    link_between.latency_max_us = 50000;
    play(send_bulk, receive_bulk);
    return FIRTH_OK;
}

static void bytes_arrive_whole_and_in_order_whatever_is_lost(void **state)
{
    (void)state;
    assert_int_equal(support_seeds(10, lossy_bulk), FIRTH_OK);
}

static int connect_repeatedly(firth_scope *scope, void *argument)
{
    int late = 0;

    (void)argument;
    for (int i = 0; i < 100; i++) {
        int64_t start_ns = firth_now_ns();
        firth_socket *socket;

        EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_OK);
        if (firth_now_ns() - start_ns > 2 * (int64_t)MS) {
            EXPECT(firth_now_ns() - start_ns >= 1000 * (int64_t)MS);
            late++;
        }
        firth_socket_abort(socket);
    }
    EXPECT(late > 5 && late < 95);
    world_stop();
    return FIRTH_OK;
}

static void a_lost_syn_costs_a_second(void **state)
{
    (void)state;
    begin(1);
    link_between.loss = 0.2;
    play(connect_repeatedly, world_echo);
}

/* ---- resets ------------------------------------------------------------------------------------------------------ */

static int reset_it(firth_scope *scope, void *argument)
{
    firth_socket *socket;
    char bytes[8];

    (void)argument;
    EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_read(firth_socket_input(socket), bytes, sizeof bytes), 3);
    EXPECT_EQUAL(firth_sim_reset(here.client, here.server), 1);
    EXPECT_EQUAL(firth_read(firth_socket_input(socket), bytes, sizeof bytes), FIRTH_ERR_RESET);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(socket), "x"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(socket)), FIRTH_ERR_RESET);
    firth_socket_abort(socket);
    return FIRTH_OK;
}

static int be_reset(firth_scope *scope, void *argument)
{
    firth_socket *socket;
    char byte;

    (void)argument;
    EXPECT_EQUAL(world_accept(scope, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(socket), "abc"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(socket)), FIRTH_OK);
    EXPECT_EQUAL(firth_read(firth_socket_input(socket), &byte, 1), FIRTH_ERR_RESET);
    firth_socket_abort(socket);
    return FIRTH_OK;
}

static void a_reset_of_the_link_ends_both_ends(void **state)
{
    (void)state;
    begin(1);
    play(reset_it, be_reset);
}

enum { CUT_BYTES = 64 };
static int64_t cut_at;

/* Everything that arrives before the cut arrives, and nothing after. */
static int read_to_the_cut(firth_scope *scope, void *argument)
{
    unsigned char bytes[CUT_BYTES];
    firth_socket *socket;
    int64_t n;
    int rc;

    (void)argument;
    rc = world_accept(scope, &socket);
    EXPECT_EQUAL(rc, FIRTH_OK);
    n = firth_read_fully(firth_socket_input(socket), bytes, sizeof bytes);
    if (cut_at < CUT_BYTES) {
        EXPECT_EQUAL(n, FIRTH_ERR_RESET);
        EXPECT_EQUAL(firth_read_progress(firth_socket_input(socket)), cut_at);
    } else {
        EXPECT_EQUAL(n, CUT_BYTES);
        EXPECT_EQUAL(firth_read(firth_socket_input(socket), bytes, 1),
                     cut_at == CUT_BYTES ? FIRTH_ERR_RESET : FIRTH_EOF);
    }
    EXPECT(support_is_filled(bytes, (size_t)(cut_at < CUT_BYTES ? cut_at : CUT_BYTES), 0));
    firth_socket_abort(socket);
    return FIRTH_OK;
}

static int write_past_the_cut(firth_scope *scope, void *argument)
{
    unsigned char bytes[CUT_BYTES];
    firth_socket *socket;
    int rc = FIRTH_OK;

    (void)argument;
    support_fill(bytes, sizeof bytes, 0);
    EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_OK);
    for (size_t at = 0; at < CUT_BYTES && rc >= 0; at += 16) {
        rc = firth_write(firth_socket_output(socket), bytes + at, 16);
        rc = rc < 0 ? rc : firth_flush(firth_socket_output(socket));
        rc = rc < 0 ? rc : firth_sleep(5);
    }
    if (cut_at < CUT_BYTES - 16)
        EXPECT_EQUAL(rc, FIRTH_ERR_RESET);
    (void)firth_socket_close(socket);
    return FIRTH_OK;
}

static void a_connection_is_cut_at_every_byte(void **state)
{
    (void)state;
    for (cut_at = 0; cut_at <= CUT_BYTES + 1; cut_at++) {
        begin(1);
        link_between.reset_after_bytes = cut_at;
        play(write_past_the_cut, read_to_the_cut);
    }
}

/* ---- fields ------------------------------------------------------------------------------------------------------ */

static void a_link_that_cannot_be_is_refused(void **state)
{
    firth_sim_link bad[9];

    (void)state;
    begin(1);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        bad[i] = firth_sim_link_defaults();
    bad[0].latency_min_us = -1;
    bad[1].latency_min_us = bad[1].latency_max_us + 1;
    bad[2].latency_max_us = INT64_MAX;
    bad[3].bytes_per_second = -1;
    bad[4].segment_bytes = 0;
    bad[5].loss = 1;
    bad[6].loss = -0.1;
    bad[7].retransmit_us = 0;
    bad[8].segment_bytes = SIZE_MAX;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(firth_sim_link_set(here.client, here.server, &bad[i]), FIRTH_ERR_ARGUMENT);
    assert_int_equal(world_close(), FIRTH_OK);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_round_trip_takes_twice_the_latency),
        cmocka_unit_test(latencies_fill_their_range_and_never_leave_it),
        cmocka_unit_test(a_megabyte_at_a_megabyte_a_second_takes_a_second),
        cmocka_unit_test(a_lost_segment_arrives_a_retransmission_late),
        cmocka_unit_test(bytes_arrive_whole_and_in_order_whatever_is_lost),
        cmocka_unit_test(a_lost_syn_costs_a_second),
        cmocka_unit_test(a_reset_of_the_link_ends_both_ends),
        cmocka_unit_test(a_connection_is_cut_at_every_byte),
        cmocka_unit_test(a_link_that_cannot_be_is_refused),
    };

    return support_main(argc, argv, "links", tests, sizeof tests / sizeof tests[0]);
}
