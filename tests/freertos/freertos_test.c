/* SPDX-License-Identifier: Apache-2.0 */
/* A selector inside a task of FreeRTOS: where its memory is, what ends its sleep, how its clock goes. */
#include <firth/freertos.h>

#include "ports/shared/arena.h"
#include "tests/freertos/shim/shim.h"
#include "tests/support/support.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include <firth/port.h>

enum { ARENA_BYTES = 4 * 1024 * 1024, STACK_WORDS = ARENA_BYTES / sizeof(StackType_t) + 16384 };

/* ---- in a task of FreeRTOS ---------------------------------------------------------------------------------------- */

typedef struct place {
    firth_task_fn *body;
    int result;
    int ending; /* of firth_freertos_end */
    uintptr_t low, high;
    firth_freertos_memory before, after;
} place;

static void run_in_task(void *argument)
{
    place *here = argument;
    char arena[ARENA_BYTES];

    here->low = (uintptr_t)arena;
    here->high = here->low + sizeof arena;
    here->result = firth_freertos_begin(arena, sizeof arena);
    here->before = firth_freertos_memory_now();
    if (here->result >= 0)
        here->result = firth_run(here->body, here);
    here->after = firth_freertos_memory_now();
    here->ending = firth_freertos_end();
    vTaskDelete(NULL);
}

static void run_place(place *here)
{
    static StaticTask_t task;
    TaskHandle_t handle = xTaskCreateStatic(run_in_task, "network", STACK_WORDS, here, 1, NULL, &task);

    assert_non_null(handle);
    shim_join(handle);
}

static bool is_inside(const place *here, const void *address)
{
    return (uintptr_t)address >= here->low && (uintptr_t)address < here->high;
}

/* ---- memory ------------------------------------------------------------------------------------------------------- */

static int answer(firth_scope *scope, void *argument)
{
    firth_socket *socket;
    char line[16];
    int rc = firth_accept(argument, &socket);

    if (rc < 0)
        return rc;
    firth_scope_own_socket(scope, socket);
    EXPECT_EQUAL(firth_read_line(firth_socket_input(socket), line, sizeof line), 5);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(socket), "hello\n"), FIRTH_OK);
    return firth_flush_and_close(firth_socket_output(socket));
}

static int talk(firth_scope *scope, void *argument)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_server *server;
    firth_socket *socket;
    char line[16];

    EXPECT(is_inside(argument, line)); /* the stack of one of Firth's tasks */
    EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, &server), FIRTH_OK);
    firth_scope_own_server(scope, server);
    EXPECT(is_inside(argument, server));
    EXPECT_EQUAL(firth_spawn(scope, answer, server, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", firth_server_address(server)->port, &socket), FIRTH_OK);
    firth_scope_own_socket(scope, socket);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(socket), "knock\n"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(socket)), FIRTH_OK);
    EXPECT_EQUAL(firth_read_line(firth_socket_input(socket), line, sizeof line), 5);
    EXPECT_BYTES(line, "hello", 5);
    return FIRTH_OK;
}

static void all_memory_is_in_the_upper_part_of_the_tasks_stack(void **state)
{
    place here = {.body = talk};
    unsigned long allocations = shim_allocations();

    (void)state;
    run_place(&here);
    assert_int_equal(here.result, FIRTH_OK);
    assert_int_equal(shim_allocations(), allocations);
    assert_int_equal(here.ending, FIRTH_OK);
    assert_int_equal(here.after.used_bytes, here.before.used_bytes);
    assert_int_equal(here.after.bytes, ARENA_BYTES);
    assert_in_range(here.after.most_bytes, 100 * 1024, ARENA_BYTES);
}

static void run_in_small(void *argument)
{
    place *here = argument;
    char arena[4096];

    here->result = firth_freertos_begin(arena, sizeof arena);
    if (here->result == FIRTH_OK && firth_freertos_begin(arena, sizeof arena) == FIRTH_ERR_ARGUMENT)
        here->result = firth_run(here->body, here);
    here->ending = firth_freertos_end();
    vTaskDelete(NULL);
}

static void an_arena_that_is_too_small_is_an_error(void **state)
{
    static StaticTask_t task;
    place here = {.body = talk};
    char byte;

    (void)state;
    shim_join(xTaskCreateStatic(run_in_small, "small", STACK_WORDS, &here, 1, NULL, &task));
    assert_int_equal(here.result, FIRTH_ERR_NO_MEMORY);
    assert_int_equal(here.ending, FIRTH_OK); /* nothing is left in it */
    assert_int_equal(firth_freertos_begin(&byte, 1), FIRTH_ERR_ARGUMENT);
    assert_int_equal(firth_freertos_begin(NULL, 4096), FIRTH_ERR_ARGUMENT);
    assert_int_equal(firth_freertos_memory_now().bytes, 0);
}

/* ---- interrupts, threads, time ------------------------------------------------------------------------------------ */

static atomic_bool is_sleeping;

static void interrupt_program(void *argument)
{
    (void)argument;
    firth_freertos_interrupt();
}

static int sleep_long(firth_scope *scope, void *argument)
{
    (void)argument;
    firth_scope_cancel_on_interrupt(scope);
    atomic_store(&is_sleeping, true);
    EXPECT_EQUAL(firth_sleep(60000), FIRTH_ERR_CANCELED);
    return FIRTH_OK;
}

/* What is called to wake the task may be called in an interrupt, or the shim ends the program. */
static void an_interrupt_wakes_the_task(void **state)
{
    static StaticTask_t task;
    place here = {.body = sleep_long};
    TaskHandle_t handle = xTaskCreateStatic(run_in_task, "network", STACK_WORDS, &here, 1, NULL, &task);

    (void)state;
    while (!atomic_load(&is_sleeping))
        vTaskDelay(1);
    shim_interrupt(interrupt_program, NULL);
    shim_join(handle);
    assert_int_equal(here.result, FIRTH_OK);
    assert_int_equal(here.ending, FIRTH_OK);
}

static int add_one(void *argument)
{
    ++*(int *)argument;
    return FIRTH_OK;
}

static int call_blocking(firth_scope *scope, void *argument)
{
    int count = 0;

    (void)scope;
    (void)argument;
    for (int i = 0; i < 100; i++)
        EXPECT_EQUAL(firth_blocking(add_one, &count), FIRTH_OK);
    EXPECT_EQUAL(count, 100);
    return FIRTH_OK;
}

static void run_until_threads_end(void *argument)
{
    place *here = argument;
    char arena[ARENA_BYTES];

    here->result = firth_freertos_begin(arena, sizeof arena);
    if (here->result >= 0)
        here->result = firth_run(here->body, here);
    while ((here->ending = firth_freertos_end()) == FIRTH_ERR_BUSY) /* a thread of the pool is on its way out */
        vTaskDelay(1);
    vTaskDelete(NULL);
}

static void blocking_calls_have_tasks_of_freertos(void **state)
{
    static StaticTask_t task;
    place here = {.body = call_blocking};

    (void)state;
    shim_join(xTaskCreateStatic(run_until_threads_end, "network", STACK_WORDS, &here, 1, NULL, &task));
    assert_int_equal(here.result, FIRTH_OK);
    assert_int_equal(here.ending, FIRTH_OK);
}

static void the_clock_goes_on_when_the_ticks_begin_anew(void **state)
{
    const int64_t over_ns = (INT64_C(1) << 32) * (1000000000 / configTICK_RATE_HZ);
    int64_t before_ns, now_ns;

    (void)state;
    shim_set_ticks((UINT64_C(1) << 32) - 5);
    now_ns = firth_port_now_ns();
    assert_true(now_ns < over_ns);
    do {
        before_ns = now_ns;
        now_ns = firth_port_now_ns();
        assert_true(now_ns >= before_ns);
        assert_true(now_ns - before_ns < 60 * INT64_C(1000000000));
    } while (now_ns <= over_ns);
}

/* ---- the arena ---------------------------------------------------------------------------------------------------- */

enum { PIECES = 64 };

typedef struct piece {
    unsigned char *bytes;
    size_t size;
} piece;

static void drop(fth_arena *arena, piece *one, unsigned char mark)
{
    for (size_t i = 0; i < one->size; i++)
        assert_int_equal(one->bytes[i], mark);
    fth_arena_give(arena, one->bytes);
    one->bytes = NULL;
}

static void pieces_do_not_overlap_and_all_come_back(void **state)
{
    static unsigned char memory[20000];
    uint32_t random = 1;
    piece pieces[PIECES] = {{NULL, 0}};
    fth_arena arena;
    size_t refused = 0;

    (void)state;
    assert_true(fth_arena_open(&arena, memory + 3, sizeof memory - 3));
    for (int round = 0; round < 20000; round++) {
        piece *one = &pieces[(random = random * 1664525u + 1013904223u) >> 26];
        size_t alignment = (size_t)1 << (random >> 8) % 9;

        if (one->bytes != NULL) {
            drop(&arena, one, (unsigned char)(one - pieces));
            continue;
        }
        one->size = (random >> 12) % 1000;
        one->bytes = fth_arena_take(&arena, one->size, alignment);
        if (one->bytes == NULL) {
            refused++;
            continue;
        }
        assert_int_equal((uintptr_t)one->bytes % alignment, 0);
        assert_int_equal((uintptr_t)one->bytes % _Alignof(max_align_t), 0);
        assert_true(one->bytes >= memory + 3 && one->bytes + one->size <= memory + sizeof memory);
        memset(one->bytes, (int)(one - pieces), one->size);
    }
    assert_true(refused > 0);
    for (int i = 0; i < PIECES; i++)
        if (pieces[i].bytes != NULL)
            drop(&arena, &pieces[i], (unsigned char)i);
    assert_int_equal(arena.used_bytes, 0);
    assert_non_null(fth_arena_take(&arena, sizeof memory - 200, 1)); /* in one piece again */
    assert_null(fth_arena_take(&arena, SIZE_MAX, 1));
    assert_false(fth_arena_open(&arena, memory, 8));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_clock_goes_on_when_the_ticks_begin_anew),
        cmocka_unit_test(pieces_do_not_overlap_and_all_come_back),
        cmocka_unit_test(all_memory_is_in_the_upper_part_of_the_tasks_stack),
        cmocka_unit_test(an_arena_that_is_too_small_is_an_error),
        cmocka_unit_test(an_interrupt_wakes_the_task),
        cmocka_unit_test(blocking_calls_have_tasks_of_freertos),
    };

    return support_main(argc, argv, "FreeRTOS", tests, sizeof tests / sizeof tests[0]);
}
