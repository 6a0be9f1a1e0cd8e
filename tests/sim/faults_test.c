/* SPDX-License-Identifier: Apache-2.0 */
/* Each fault of a host does visibly what it says, and no byte is ever wrong. */
#include "tests/sim/world.h"

enum { MS = 1000000, BYTES = 50000 };

static uint64_t sends, receives;

/* Counts in a table between core and the simulator. */
static firth_backend counting;

static firth_submit count(firth_op *op)
{
    firth_submit how = firth_backend_sim.submit(op);

    sends += op->kind == FIRTH_OP_SEND;
    receives += op->kind == FIRTH_OP_RECEIVE;
    return how;
}

static void open_counting(const firth_sim_faults *faults)
{
    firth_selector_options selector = support_options();
    firth_sim_host_options options = firth_sim_host_defaults();

    counting = firth_backend_sim;
    counting.submit = count;
    sends = receives = 0;
    world_open(1);
    selector.backend = &counting;
    options.selector = &selector;
    options.name = "counted";
    options.addresses[0] = "10.0.0.3";
    options.faults = *faults;
    assert_int_equal(firth_sim_host_close(here.client), FIRTH_OK);
    assert_int_equal(firth_sim_host_open(here.sim, &options, &here.client), FIRTH_OK);
}

static int echo_bytes(firth_scope *scope, void *argument)
{
    static unsigned char bytes[BYTES], back[BYTES];
    int64_t *took_ns = argument;
    firth_socket *socket;

    support_fill(bytes, sizeof bytes, 0);
    EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_write(firth_socket_output(socket), bytes, sizeof bytes), FIRTH_OK);
    EXPECT_EQUAL(firth_flush_and_close(firth_socket_output(socket)), FIRTH_OK);
    EXPECT_EQUAL(firth_read_fully(firth_socket_input(socket), back, sizeof back), BYTES);
    EXPECT_BYTES(back, bytes, sizeof bytes);
    EXPECT_EQUAL(firth_read(firth_socket_input(socket), back, 1), FIRTH_EOF);
    EXPECT_EQUAL(firth_socket_close(socket), FIRTH_OK);
    *took_ns = firth_now_ns();
    world_stop();
    return FIRTH_OK;
}

/* The echo of BYTES under faults: how long it took in the world's time. */
static int64_t echo_under(const firth_sim_faults *faults)
{
    int64_t took_ns = 0;

    open_counting(faults);
    assert_int_equal(world_spawn(here.server, world_echo, NULL), FIRTH_OK);
    assert_int_equal(world_spawn(here.client, echo_bytes, &took_ns), FIRTH_OK);
    assert_int_equal(world_run(), FIRTH_OK);
    assert_int_equal(world_close(), FIRTH_OK);
    return took_ns;
}

static const firth_sim_faults none;

static void short_reads_take_more_receives(void **state)
{
    uint64_t plain;

    (void)state;
    (void)echo_under(&none);
    plain = receives;
    (void)echo_under(&(firth_sim_faults){.short_read = 1});
    assert_true(receives > 2 * plain);
}

static void short_writes_take_more_sends(void **state)
{
    uint64_t plain;

    (void)state;
    (void)echo_under(&none);
    plain = sends;
    (void)echo_under(&(firth_sim_faults){.short_write = 1});
    assert_true(sends > 2 * plain);
}

static void what_would_block_takes_longer(void **state)
{
    int64_t plain_ns = echo_under(&none);

    (void)state;
    assert_true(echo_under(&(firth_sim_faults){.would_block = 0.9}) > plain_ns + 2 * MS);
}

static int wait_in_vain(firth_scope *scope, void *argument)
{
    firth_scope_options limit = {.timeout_ms = 100};
    firth_scope within;
    firth_socket *socket;
    char byte;

    (void)argument;
    EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_OK);
    firth_scope_open(&within, scope, &limit);
    EXPECT_EQUAL(firth_read(firth_socket_input(socket), &byte, 1), FIRTH_ERR_CANCELED);
    EXPECT_EQUAL(firth_scope_close(&within, FIRTH_ERR_CANCELED), FIRTH_ERR_TIMED_OUT);
    firth_socket_abort(socket);
    world_stop();
    return FIRTH_OK;
}

static void wait_under(const firth_sim_faults *faults)
{
    open_counting(faults);
    assert_int_equal(world_spawn(here.server, world_echo, NULL), FIRTH_OK);
    assert_int_equal(world_spawn(here.client, wait_in_vain, NULL), FIRTH_OK);
    assert_int_equal(world_run(), FIRTH_OK);
    assert_int_equal(world_close(), FIRTH_OK);
}

static void spurious_waits_are_tried_in_vain(void **state)
{
    (void)state;
    wait_under(&none);
    assert_true(receives <= 1);
    wait_under(&(firth_sim_faults){.spurious_wait = 1});
    assert_true(receives > 50);
}

static int everything(uint64_t seed)
{
    const firth_sim_faults all = {.short_read = 0.5,
                                  .short_write = 0.5,
                                  .would_block = 0.5,
                                  .spurious_wait = 0.5,
                                  .late_cancel = 0.5,
                                  .shuffle = true};
    int64_t took_ns = 0;

    world_open_with(seed, &all, false);
    EXPECT_EQUAL(world_spawn(here.server, world_echo, NULL), FIRTH_OK);
    EXPECT_EQUAL(world_spawn(here.client, echo_bytes, &took_ns), FIRTH_OK);
    EXPECT_EQUAL(world_run(), FIRTH_OK);
    return world_close();
}

static void an_echo_is_whole_under_all_faults_at_once(void **state)
{
    (void)state;
    assert_int_equal(support_seeds(50, everything), FIRTH_OK);
}

/* ---- connects ---------------------------------------------------------------------------------------------------- */

static int connect_code(firth_scope *scope, void *argument)
{
    const int *expected = argument;
    firth_socket *socket;

    EXPECT_EQUAL(world_connect(scope, &socket), *expected);
    if (*expected >= 0)
        firth_socket_abort(socket);
    world_stop();
    return FIRTH_OK;
}

static void connect_under(const firth_sim_faults *faults, int expected)
{
    world_open_with(1, faults, false);
    assert_int_equal(firth_sim_host_set_faults(here.server, &none), FIRTH_OK);
    assert_int_equal(world_spawn(here.server, world_echo, NULL), FIRTH_OK);
    assert_int_equal(world_spawn(here.client, connect_code, &expected), FIRTH_OK);
    assert_int_equal(world_run(), FIRTH_OK);
    assert_int_equal(world_close(), FIRTH_OK);
}

static void connects_are_refused_or_find_nobody_as_told(void **state)
{
    (void)state;
    connect_under(&none, FIRTH_OK);
    connect_under(&(firth_sim_faults){.refused = 1}, FIRTH_ERR_REFUSED);
    connect_under(&(firth_sim_faults){.unreachable = 1}, FIRTH_ERR_HOST_UNREACHABLE);
}

/* ---- limits ------------------------------------------------------------------------------------------------------ */

static int use_up_descriptors(firth_scope *scope, void *argument)
{
    firth_socket *sockets[4], *extra;

    (void)argument;
    for (int i = 0; i < 4; i++)
        EXPECT_EQUAL(world_connect(scope, &sockets[i]), FIRTH_OK);
    EXPECT_EQUAL(firth_sim_host_descriptors(here.client), 4);
    EXPECT_EQUAL(world_connect(scope, &extra), FIRTH_ERR_TOO_MANY_OPEN);
    EXPECT_EQUAL(firth_socket_close(sockets[0]), FIRTH_OK);
    EXPECT_EQUAL(world_connect(scope, &sockets[0]), FIRTH_OK);
    for (int i = 0; i < 4; i++)
        firth_socket_abort(sockets[i]);
    EXPECT_EQUAL(firth_sim_host_descriptors(here.client), 0);
    world_stop();
    return FIRTH_OK;
}

static void descriptors_run_out_and_come_back(void **state)
{
    (void)state;
    world_open(1);
    assert_int_equal(firth_sim_host_set_faults(here.client, &(firth_sim_faults){.descriptors_max = 4}), FIRTH_OK);
    assert_int_equal(world_spawn(here.server, world_echo, NULL), FIRTH_OK);
    assert_int_equal(world_spawn(here.client, use_up_descriptors, NULL), FIRTH_OK);
    assert_int_equal(world_run(), FIRTH_OK);
    assert_int_equal(world_close(), FIRTH_OK);
}

static int one_question(firth_scope *scope, void *argument)
{
    firth_socket *socket;
    char byte = 'x';

    (void)argument;
    EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_write(firth_socket_output(socket), &byte, 1), FIRTH_OK);
    EXPECT_EQUAL(firth_flush_and_close(firth_socket_output(socket)), FIRTH_OK);
    EXPECT_EQUAL(firth_read_fully(firth_socket_input(socket), &byte, 1), 1);
    return firth_socket_close(socket);
}

static int many_questions(firth_scope *scope, void *argument)
{
    firth_scope askers;

    (void)argument;
    firth_scope_open(&askers, scope, NULL);
    for (int i = 0; i < 30; i++)
        EXPECT_EQUAL(firth_spawn(&askers, one_question, NULL, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_scope_close(&askers, FIRTH_OK), FIRTH_OK);
    world_stop();
    return FIRTH_OK;
}

static void a_server_without_descriptors_serves_everybody_in_the_end(void **state)
{
    (void)state;
    world_open(1);
    assert_int_equal(firth_sim_host_set_faults(here.server, &(firth_sim_faults){.descriptors_max = 4}), FIRTH_OK);
    assert_int_equal(world_spawn(here.server, world_echo, NULL), FIRTH_OK);
    assert_int_equal(world_spawn(here.client, many_questions, NULL), FIRTH_OK);
    assert_int_equal(world_run(), FIRTH_OK);
    assert_int_equal(world_close(), FIRTH_OK);
}

/* Fills what lies between two programs: both buffers, and nothing more. */
static int fill_buffers(firth_scope *scope, void *argument)
{
    static unsigned char bytes[BYTES];
    firth_scope_options limit = {.timeout_ms = 1000};
    firth_scope within;
    firth_socket *socket;
    int rc;

    (void)argument;
    EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_OK);
    firth_scope_open(&within, scope, &limit);
    rc = firth_write(firth_socket_output(socket), bytes, sizeof bytes);
    EXPECT_EQUAL(rc, FIRTH_ERR_CANCELED);
    EXPECT_EQUAL(firth_write_progress(firth_socket_output(socket)), 3000 + 2000);
    EXPECT_EQUAL(firth_scope_close(&within, rc), FIRTH_ERR_TIMED_OUT);
    firth_socket_abort(socket);
    return FIRTH_OK;
}

static int never_read(firth_scope *scope, void *argument)
{
    firth_socket *socket;

    (void)argument;
    EXPECT_EQUAL(world_accept(scope, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep(5000), FIRTH_OK);
    firth_socket_abort(socket);
    return FIRTH_OK;
}

static void buffers_hold_what_they_are_told_to(void **state)
{
    (void)state;
    world_open(1);
    assert_int_equal(firth_sim_host_set_faults(here.client, &(firth_sim_faults){.send_buffer_bytes = 3000}), FIRTH_OK);
    assert_int_equal(firth_sim_host_set_faults(here.server, &(firth_sim_faults){.receive_buffer_bytes = 2000}),
                     FIRTH_OK);
    assert_int_equal(world_spawn(here.server, never_read, NULL), FIRTH_OK);
    assert_int_equal(world_spawn(here.client, fill_buffers, NULL), FIRTH_OK);
    assert_int_equal(world_run(), FIRTH_OK);
    assert_int_equal(world_close(), FIRTH_OK);
}

static void tiny_buffers_still_pass_everything_on(void **state)
{
    (void)state;
    (void)echo_under(&(firth_sim_faults){.send_buffer_bytes = 1, .receive_buffer_bytes = 1});
}

/* ---- order ------------------------------------------------------------------------------------------------------- */

static char woken[64];

static int sleep_on_a_socket(firth_scope *scope, void *argument)
{
    firth_socket *socket;
    size_t n;
    char byte;

    EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_read(firth_socket_input(socket), &byte, 1), FIRTH_ERR_RESET);
    n = strlen(woken);
    woken[n] = *(const char *)argument;
    woken[n + 1] = '\0';
    firth_socket_abort(socket);
    return FIRTH_OK;
}

static void reset_all(void *argument)
{
    (void)argument;
    (void)firth_sim_reset(here.client, here.server);
    world_stop();
}

static void wake_all_at_once(uint64_t seed, bool shuffle)
{
    static const char names[] = "abcdef";

    woken[0] = '\0';
    world_open(seed);
    assert_int_equal(firth_sim_host_set_faults(here.client, &(firth_sim_faults){.shuffle = shuffle}), FIRTH_OK);
    assert_int_equal(world_spawn(here.server, world_echo, NULL), FIRTH_OK);
    for (size_t i = 0; names[i] != '\0'; i++)
        assert_int_equal(world_spawn(here.client, sleep_on_a_socket, (void *)(uintptr_t)&names[i]), FIRTH_OK);
    assert_int_equal(firth_sim_at(here.sim, 2000 * (int64_t)MS, reset_all, NULL), FIRTH_OK);
    assert_int_equal(world_run(), FIRTH_OK);
    assert_int_equal(world_close(), FIRTH_OK);
    assert_int_equal(strlen(woken), strlen(names));
}

static void what_is_ready_at_once_ends_in_any_order_if_shuffled(void **state)
{
    char plain[64], shuffled[64];
    bool differs = false;

    (void)state;
    wake_all_at_once(1, false);
    strcpy(plain, woken);
    wake_all_at_once(2, false);
    assert_string_equal(woken, plain);
    wake_all_at_once(1, true);
    strcpy(shuffled, woken);
    for (uint64_t seed = 2; seed < 6; seed++) {
        wake_all_at_once(seed, true);
        differs = differs || strcmp(woken, shuffled) != 0;
    }
    assert_true(differs);
}

static void a_rate_that_is_none_is_refused(void **state)
{
    (void)state;
    world_open(1);
    assert_int_equal(firth_sim_host_set_faults(here.client, &(firth_sim_faults){.refused = 1.5}), FIRTH_ERR_ARGUMENT);
    assert_int_equal(firth_sim_host_set_faults(here.client, &(firth_sim_faults){.short_read = -1}), FIRTH_ERR_ARGUMENT);
    assert_int_equal(world_close(), FIRTH_OK);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_reads_take_more_receives),
        cmocka_unit_test(short_writes_take_more_sends),
        cmocka_unit_test(what_would_block_takes_longer),
        cmocka_unit_test(spurious_waits_are_tried_in_vain),
        cmocka_unit_test(an_echo_is_whole_under_all_faults_at_once),
        cmocka_unit_test(connects_are_refused_or_find_nobody_as_told),
        cmocka_unit_test(descriptors_run_out_and_come_back),
        cmocka_unit_test(a_server_without_descriptors_serves_everybody_in_the_end),
        cmocka_unit_test(buffers_hold_what_they_are_told_to),
        cmocka_unit_test(tiny_buffers_still_pass_everything_on),
        cmocka_unit_test(what_is_ready_at_once_ends_in_any_order_if_shuffled),
        cmocka_unit_test(a_rate_that_is_none_is_refused),
    };

    return support_main(argc, argv, "faults", tests, sizeof tests / sizeof tests[0]);
}
