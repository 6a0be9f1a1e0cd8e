/* SPDX-License-Identifier: Apache-2.0 */
/* Happy Eyeballs (RFC 8305) to the millisecond: one way takes one everywhere, but to the host that is said to be slow. */
#include "tests/sim/world.h"

#define GONE_IPS "2001:db8::a", "2001:db8::b", "2001:db8::c", "2001:db8::d"
#define SLOW_IP  "2001:db8::e"

static firth_sim_host *gone, *slow;

/* One race: where to, how far away the slow host is, and what has to come of it. */
typedef struct race {
    const char *texts[8]; /* in the order they are tried; NULL behind the last */
    int64_t slow_ms;      /* one way to the slow host */
    int64_t attempt_delay_ms;
    const char *winner; /* NULL: none */
    int64_t ms;         /* when the connect returned */
    int64_t timeout_ms;
    int code;
} race;

static firth_sim_host *open_host(const char *name, const char *const *ips, size_t count)
{
    firth_selector_options selector = support_options();
    firth_sim_host_options options = firth_sim_host_defaults();
    firth_sim_host *host;

    selector.backend = NULL;
    options.name = name;
    options.selector = &selector;
    for (size_t i = 0; i < count; i++)
        options.addresses[i] = ips[i];
    assert_int_equal(firth_sim_host_open(here.sim, &options, &host), FIRTH_OK);
    return host;
}

static void open_world(const race *one)
{
    static const char *const gone_ips[] = {GONE_IPS}, *const slow_ips[] = {SLOW_IP};
    firth_sim_link link = firth_sim_link_defaults();

    world_open(1);
    gone = open_host("gone", gone_ips, 4);
    slow = open_host("slow", slow_ips, 1);
    assert_int_equal(firth_sim_partition(here.client, gone), FIRTH_OK);
    link.latency_min_us = link.latency_max_us = one->slow_ms * 1000;
    assert_int_equal(firth_sim_link_set(here.client, slow, &link), FIRTH_OK);
}

static int connect_as_told(firth_scope *scope, void *argument)
{
    const race *one = argument;
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_address addresses[8], peer;
    firth_socket *socket;
    size_t count = 0;

    for (; one->texts[count] != NULL; count++)
        EXPECT_EQUAL(firth_address_parse(&addresses[count], one->texts[count]), FIRTH_OK);
    if (one->attempt_delay_ms != 0)
        tcp.attempt_delay_ms = one->attempt_delay_ms;
    if (one->timeout_ms != 0)
        tcp.connect_timeout_ms = one->timeout_ms;
    EXPECT_EQUAL(firth_tcp_connect_any(&tcp, addresses, count, &socket), one->code);
    EXPECT_EQUAL(world_ms(), one->ms);
    EXPECT_EQUAL(firth_sim_host_descriptors(here.client), one->winner != NULL); /* the losers are gone */
    if (one->winner != NULL) {
        EXPECT_EQUAL(firth_socket_peer_address(socket, &peer), FIRTH_OK);
        EXPECT(strcmp(firth_address_text(&peer).text, one->winner) == 0);
        EXPECT_EQUAL(firth_socket_close(socket), FIRTH_OK);
    }
    EXPECT_EQUAL(firth_sleep(2000), FIRTH_OK);
    world_stop();
    return FIRTH_OK;
}

static void run(race *one)
{
    print_message("%s …\n", one->texts[0]);
    open_world(one);
    assert_int_equal(world_spawn(here.server, world_echo, NULL), FIRTH_OK);
    assert_int_equal(world_spawn(slow, world_echo, NULL), FIRTH_OK);
    assert_int_equal(world_spawn(here.client, connect_as_told, one), FIRTH_OK);
    assert_int_equal(world_run(), FIRTH_OK);
    assert_int_equal(world_close(), FIRTH_OK);
}

#define SERVER         SERVER_IP ":7000"
#define SERVER_REFUSES "[2001:db8::2]:7001"
#define GONE_1         "[2001:db8::a]:7000"
#define GONE_2         "[2001:db8::b]:7000"
#define GONE_3         "[2001:db8::c]:7000"
#define SLOW           "[" SLOW_IP "]:7000"

static void silent_addresses_cost_a_quarter_of_a_second_each(void **state)
{
    race rows[] = {
        {.texts = {SERVER}, .winner = SERVER, .ms = 2},
        {.texts = {GONE_1, SERVER}, .winner = SERVER, .ms = 252},
        {.texts = {GONE_1, GONE_2, SERVER}, .winner = SERVER, .ms = 502},
        {.texts = {GONE_1, GONE_2, GONE_3, SERVER}, .winner = SERVER, .ms = 752},
        {.texts = {GONE_1, SERVER}, .attempt_delay_ms = 10, .winner = SERVER, .ms = 12},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        run(&rows[i]);
}

static void an_address_that_refuses_costs_its_round_trip_alone(void **state)
{
    race rows[] = {
        {.texts = {SERVER_REFUSES, SERVER}, .winner = SERVER, .ms = 4},
        {.texts = {SERVER_REFUSES, SERVER_REFUSES, SERVER}, .winner = SERVER, .ms = 6},
        {.texts = {GONE_1, SERVER_REFUSES, SERVER}, .winner = SERVER, .ms = 254},
        {.texts = {SERVER_REFUSES, GONE_1, SERVER}, .winner = SERVER, .ms = 254},
        {.texts = {SERVER_REFUSES}, .ms = 2, .code = FIRTH_ERR_REFUSED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        run(&rows[i]);
}

static void the_first_to_answer_wins_whenever_it_was_asked(void **state)
{
    race rows[] = {
        {.texts = {SLOW, SERVER}, .slow_ms = 124, .winner = SLOW, .ms = 248}, /* the other is never asked */
        {.texts = {SLOW, SERVER}, .slow_ms = 127, .winner = SERVER, .ms = 252},
        {.texts = {SLOW, GONE_1, SERVER}, .slow_ms = 200, .winner = SLOW, .ms = 400},
        {.texts = {SLOW, GONE_1, SERVER}, .slow_ms = 260, .winner = SERVER, .ms = 502},
        {.texts = {SLOW, GONE_1, GONE_2}, .slow_ms = 300, .winner = SLOW, .ms = 600},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        run(&rows[i]);
}

static void the_timeout_is_on_all_of_them_together(void **state)
{
    race rows[] = {
        {.texts = {GONE_1, GONE_2, GONE_3}, .timeout_ms = 600, .ms = 600, .code = FIRTH_ERR_TIMED_OUT},
        {.texts = {GONE_1, GONE_2, GONE_3, SERVER}, .timeout_ms = 751, .ms = 751, .code = FIRTH_ERR_TIMED_OUT},
        {.texts = {GONE_1, GONE_2, GONE_3, SERVER}, .timeout_ms = 753, .winner = SERVER, .ms = 752},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        run(&rows[i]);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silent_addresses_cost_a_quarter_of_a_second_each),
        cmocka_unit_test(an_address_that_refuses_costs_its_round_trip_alone),
        cmocka_unit_test(the_first_to_answer_wins_whenever_it_was_asked),
        cmocka_unit_test(the_timeout_is_on_all_of_them_together),
    };

    return support_main(argc, argv, "eyeballs", tests, sizeof tests / sizeof *tests);
}
