/* SPDX-License-Identifier: Apache-2.0 */
/* Partitions: nothing gets through, nothing is lost, and nobody is told. */
#include "tests/sim/world.h"

enum { MS = 1000000 };

static void at_ms(int64_t ms, void (*fn)(void *argument))
{
    assert_int_equal(firth_sim_at(here.sim, (1000 + ms) * MS, fn, NULL), FIRTH_OK);
}

static void play(firth_task_fn *client, firth_task_fn *server)
{
    assert_int_equal(world_spawn(here.server, server, NULL), FIRTH_OK);
    assert_int_equal(world_spawn(here.client, client, NULL), FIRTH_OK);
    assert_int_equal(world_run(), FIRTH_OK);
    assert_int_equal(world_close(), FIRTH_OK);
}

static int connect_in_vain(firth_scope *scope, void *argument)
{
    int64_t start_ns = firth_now_ns();
    firth_socket *socket;

    (void)argument;
    EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_ERR_TIMED_OUT);
    EXPECT_EQUAL(firth_now_ns() - start_ns, 127000 * (int64_t)MS);
    world_stop();
    return FIRTH_OK;
}

static void a_connect_across_a_partition_times_out_after_127_seconds(void **state)
{
    (void)state;
    world_open(1);
    world_part(NULL);
    play(connect_in_vain, world_echo);
}

static int connect_late(firth_scope *scope, void *argument)
{
    firth_socket *socket;

    (void)argument;
    EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_OK);
    /* Tries at 0, 1, 3 and 7 seconds; the heal comes at 5. */
    EXPECT_EQUAL(firth_now_ns(), (1000 + 7002) * (int64_t)MS);
    world_stop();
    return firth_socket_close(socket);
}

static void a_connect_gets_through_with_its_next_try_after_the_heal(void **state)
{
    (void)state;
    world_open(1);
    world_part(NULL);
    at_ms(5000, world_heal);
    play(connect_late, world_echo);
}

/* Cut in every millisecond of a handshake and of what comes after it. */
static int talk(firth_scope *scope, void *argument)
{
    unsigned char bytes[10000], back[10000];
    firth_socket *socket;

    (void)argument;
    support_fill(bytes, sizeof bytes, 0);
    EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_write(firth_socket_output(socket), bytes, sizeof bytes), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(socket)), FIRTH_OK);
    EXPECT_EQUAL(firth_read_fully(firth_socket_input(socket), back, sizeof back), (int64_t)sizeof back);
    EXPECT_BYTES(back, bytes, sizeof bytes);
    EXPECT(firth_now_ns() >= 61000 * (int64_t)MS);
    EXPECT_EQUAL(firth_socket_close(socket), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep(1000), FIRTH_OK);
    world_stop();
    return FIRTH_OK;
}

static void bytes_are_kept_until_the_heal_wherever_the_partition_comes(void **state)
{
    (void)state;
    for (int64_t ms = 0; ms < 4; ms++) {
        world_open(1);
        at_ms(ms, world_part);
        at_ms(60000, world_heal);
        play(talk, world_echo);
    }
}

static bool is_through;

static int wait_for_a_byte(firth_scope *scope, void *argument)
{
    firth_socket *socket;
    char byte;

    (void)argument;
    EXPECT_EQUAL(world_accept(scope, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_read(firth_socket_input(socket), &byte, 1), 1);
    is_through = true;
    return firth_socket_close(socket);
}

static int send_into_it(firth_scope *scope, void *argument)
{
    firth_socket *socket;

    (void)argument;
    EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep(10), FIRTH_OK);
    world_part(NULL);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(socket), "x"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(socket)), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep(3600000), FIRTH_OK);
    EXPECT(!is_through);
    world_heal(NULL);
    EXPECT_EQUAL(firth_sleep(1000), FIRTH_OK);
    EXPECT(is_through);
    return firth_socket_close(socket);
}

static void a_partition_of_an_hour_lets_nothing_through_and_loses_nothing(void **state)
{
    (void)state;
    is_through = false;
    world_open(1);
    play(send_into_it, wait_for_a_byte);
}

/* ---- handshakes -------------------------------------------------------------------------------------------------- */

/* One way takes a second: the SYN leaves at 0, its answer is under way from 1 to 2. */
static void open_far_apart(void)
{
    firth_sim_link link = firth_sim_link_defaults();

    world_open(1);
    link.latency_min_us = link.latency_max_us = 1000000;
    assert_int_equal(firth_sim_link_set(here.client, here.server, &link), FIRTH_OK);
}

static int connect_after_the_heal(firth_scope *scope, void *argument)
{
    firth_socket *socket;

    (void)argument;
    EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_OK);
    /* Cut from 1.5 to 9; tries at 0, 1, 3, 7 and 15. */
    EXPECT_EQUAL(firth_now_ns(), (1000 + 17000) * (int64_t)MS);
    world_stop();
    return firth_socket_close(socket);
}

static void a_partition_holds_the_answer_to_a_connect(void **state)
{
    (void)state;
    open_far_apart();
    at_ms(1500, world_part);
    at_ms(9000, world_heal);
    play(connect_after_the_heal, world_echo);
}

static void a_partition_during_a_handshake_that_stays_times_a_connect_out(void **state)
{
    (void)state;
    open_far_apart();
    at_ms(1500, world_part);
    play(connect_in_vain, world_echo);
}

static int be_refused_after_the_heal(firth_scope *scope, void *argument)
{
    firth_socket *socket;

    (void)argument;
    EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_ERR_REFUSED);
    EXPECT_EQUAL(firth_now_ns(), (1000 + 17000) * (int64_t)MS);
    return FIRTH_OK;
}

static void a_partition_holds_a_refusal(void **state)
{
    (void)state;
    open_far_apart();
    at_ms(1500, world_part);
    at_ms(9000, world_heal);
    assert_int_equal(world_spawn(here.client, be_refused_after_the_heal, NULL), FIRTH_OK);
    assert_int_equal(world_run(), FIRTH_OK);
    assert_int_equal(world_close(), FIRTH_OK);
}

/* ---- who notices ------------------------------------------------------------------------------------------------- */

static int read_with_keep_alive(firth_scope *scope, void *argument)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *socket;
    int64_t start_ns;
    char byte;

    (void)argument;
    tcp.keep_alive = true;
    tcp.keep_alive_idle_s = 60;
    tcp.keep_alive_interval_s = 10;
    tcp.keep_alive_count = 3;
    EXPECT_EQUAL(firth_tcp_connect(&tcp, SERVER_IP, WORLD_PORT, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep(5), FIRTH_OK);
    world_part(NULL);
    start_ns = firth_now_ns();
    EXPECT_EQUAL(firth_read(firth_socket_input(socket), &byte, 1), FIRTH_ERR_TIMED_OUT);
    EXPECT_EQUAL(firth_now_ns() - start_ns, 90000 * (int64_t)MS);
    world_heal(NULL);
    firth_socket_abort(socket);
    world_stop();
    return FIRTH_OK;
}

static void keep_alive_notices_a_peer_that_is_gone(void **state)
{
    (void)state;
    world_open(1);
    play(read_with_keep_alive, world_echo);
}

/* The one who gave up is dead to the other, who hears so when it sends something. */
typedef struct giving_up {
    bool closes;       /* its socket, at once */
    bool says_in_time; /* the peer sends while they are parted, else after the heal */
    bool says_bye;     /* and ends its stream */
} giving_up;

static int give_up(firth_scope *scope, void *argument)
{
    const giving_up *how = argument;
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *socket;
    char bytes[8];

    tcp.keep_alive = true;
    tcp.keep_alive_idle_s = tcp.keep_alive_interval_s = 1;
    tcp.keep_alive_count = 3;
    EXPECT_EQUAL(firth_tcp_connect(&tcp, SERVER_IP, WORLD_PORT, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_read(firth_socket_input(socket), bytes, sizeof bytes), FIRTH_ERR_TIMED_OUT);
    if (how->closes) {
        (void)firth_socket_close(socket);
        return FIRTH_OK;
    }
    EXPECT_EQUAL(firth_sleep(60000), FIRTH_OK);
    EXPECT_EQUAL(firth_read(firth_socket_input(socket), bytes, sizeof bytes), FIRTH_ERR_TIMED_OUT);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(socket), "x"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(socket)), FIRTH_ERR_TIMED_OUT);
    firth_socket_abort(socket);
    return FIRTH_OK;
}

static const giving_up *peer_of;

static int hear_that_it_gave_up(firth_scope *scope, void *argument)
{
    firth_socket *socket;
    char byte;

    (void)argument;
    EXPECT_EQUAL(world_accept(scope, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep(peer_of->says_in_time ? 10000 : 30000), FIRTH_OK);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(socket), "hello"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(socket)), FIRTH_OK);
    if (peer_of->says_bye)
        EXPECT_EQUAL(firth_flush_and_close(firth_socket_output(socket)), FIRTH_OK);
    EXPECT_EQUAL(firth_read(firth_socket_input(socket), &byte, 1), FIRTH_ERR_RESET);
    firth_socket_abort(socket);
    return FIRTH_OK;
}

static void who_sends_to_a_peer_whose_keep_alive_gave_up_is_reset(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        giving_up how = {.closes = (i & 1) != 0, .says_in_time = (i & 2) != 0, .says_bye = (i & 4) != 0};

        peer_of = &how;
        world_open(1);
        at_ms(2000, world_part);
        at_ms(21000, world_heal);
        assert_int_equal(world_spawn(here.server, hear_that_it_gave_up, NULL), FIRTH_OK);
        assert_int_equal(world_spawn(here.client, give_up, &how), FIRTH_OK);
        assert_int_equal(world_run(), FIRTH_OK);
        assert_int_equal(world_close(), FIRTH_OK);
    }
}

static int read_forever(firth_scope *scope, void *argument)
{
    firth_socket *socket;
    char byte;

    (void)argument;
    EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep(5), FIRTH_OK);
    world_part(NULL);
    world_stop();
    EXPECT_EQUAL(firth_read(firth_socket_input(socket), &byte, 1), FIRTH_ERR_CANCELED);
    return FIRTH_OK;
}

static void without_keep_alive_nobody_ever_notices(void **state)
{
    (void)state;
    world_open(1);
    assert_int_equal(world_spawn(here.server, world_echo, NULL), FIRTH_OK);
    assert_int_equal(world_spawn(here.client, read_forever, NULL), FIRTH_OK);
    assert_int_equal(firth_sim_run_for(here.sim, (int64_t)30 * 24 * 3600 * 1000), 1);
    assert_int_equal(firth_sim_run(here.sim), FIRTH_ERR_DEADLOCK);
    assert_int_equal(firth_sim_close(here.sim), FIRTH_ERR_STILL_OPEN);
    assert_int_equal(support_allocations_live(), here.live);
}

/* ---- who is not concerned ---------------------------------------------------------------------------------------- */

static int talk_to_oneself(firth_scope *scope, void *argument)
{
    firth_socket *a, *b;
    char byte;

    (void)argument;
    EXPECT_EQUAL(support_pair(scope, &a, &b), FIRTH_OK);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(a), "x"), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_close(a), FIRTH_OK);
    EXPECT_EQUAL(firth_read(firth_socket_input(b), &byte, 1), 1);
    return firth_socket_close(b);
}

static void a_partition_leaves_the_loopbacks_alone(void **state)
{
    (void)state;
    world_open(1);
    world_part(NULL);
    play(talk_to_oneself, talk_to_oneself);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connect_across_a_partition_times_out_after_127_seconds),
        cmocka_unit_test(a_connect_gets_through_with_its_next_try_after_the_heal),
        cmocka_unit_test(bytes_are_kept_until_the_heal_wherever_the_partition_comes),
        cmocka_unit_test(a_partition_of_an_hour_lets_nothing_through_and_loses_nothing),
        cmocka_unit_test(a_partition_holds_the_answer_to_a_connect),
        cmocka_unit_test(a_partition_during_a_handshake_that_stays_times_a_connect_out),
        cmocka_unit_test(a_partition_holds_a_refusal),
        cmocka_unit_test(keep_alive_notices_a_peer_that_is_gone),
        cmocka_unit_test(who_sends_to_a_peer_whose_keep_alive_gave_up_is_reset),
        cmocka_unit_test(without_keep_alive_nobody_ever_notices),
        cmocka_unit_test(a_partition_leaves_the_loopbacks_alone),
    };

    return support_main(argc, argv, "partitions", tests, sizeof tests / sizeof tests[0]);
}
