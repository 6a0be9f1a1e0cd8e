/* SPDX-License-Identifier: Apache-2.0 */
/* Traps of lwIP's raw API, each with its test; those of memory that runs out are in lwip_test.c and lwip_memory_test.c. */
#include <firth/lwip.h>
#include <lwip/memp.h>
#include <lwip/priv/tcp_priv.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/lwip/lock.h"
#include "tests/support/support.h"

enum { SENT = 30000, MARK = 0xa5 };

static void end_time_wait(void)
{
    LOCKED(while (tcp_tw_pcbs != NULL) tcp_abort(tcp_tw_pcbs));
}

/* ---- threads ----------------------------------------------------------------------------------------------------- */

static void *use_lwip(void *argument)
{
    (void)argument;
    (void)tcp_new();
    return NULL;
}

static void use_lwip_elsewhere(void *argument)
{
    firth_selector_options options = support_options();
    firth_selector *selector;
    pthread_t thread;

    (void)argument;
    if (firth_selector_open(&selector, &options) >= 0 && pthread_create(&thread, NULL, use_lwip, NULL) == 0)
        (void)pthread_join(thread, NULL);
}

static void lwip_used_on_another_thread_ends_the_program(void **state)
{
    char said[1024] = "";
    int status = support_in_child(use_lwip_elsewhere, NULL, said, sizeof said);

    (void)state;
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_non_null(strstr(said, NO_SYS ? "lwIP, used on another thread" : "lwIP, used without its lock"));
}

/* ---- wakes ------------------------------------------------------------------------------------------------------- */

/* A controller whose interrupt is another thread: it has nothing that could be polled for. */
static struct controller {
    firth_lwip_driver driver;
    _Atomic int64_t rung_ns;
    int quick, served;
} controller;

static bool serve(firth_lwip_driver *driver)
{
    enum { QUICK_NS = 15 * 1000000 };
    int64_t rung_ns = atomic_exchange(&controller.rung_ns, 0);

    (void)driver;
    if (rung_ns != 0) {
        controller.served++;
        controller.quick += firth_now_ns() - rung_ns < QUICK_NS;
    }
    return false;
}

/* Not at once: the loop is to sleep by then. */
static void *interrupt(void *argument)
{
    const struct timespec pause = {.tv_nsec = 5000000};

    (void)argument;
    (void)nanosleep(&pause, NULL);
    atomic_store(&controller.rung_ns, firth_now_ns());
    firth_lwip_wake();
    return NULL;
}

/* Without the wake the driver waits for lwIP's next timer, of 100 ms, or the task's. */
TASK_TEST(a_wake_from_an_interrupt_turns_the_drivers)
{
    enum { INTERRUPTS = 10, PAUSE_MS = 70 };
    pthread_t thread;

    controller = (struct controller){.driver = {.poll = serve, .descriptor = -1}};
    firth_lwip_driver_add(&controller.driver);
    for (int i = 1; i <= INTERRUPTS; i++) {
        EXPECT_EQUAL(pthread_create(&thread, NULL, interrupt, NULL), 0);
        while (controller.served < i)
            EXPECT_EQUAL(firth_sleep(PAUSE_MS), FIRTH_OK);
        EXPECT_EQUAL(pthread_join(thread, NULL), 0);
    }
    firth_lwip_driver_remove(&controller.driver);
    EXPECT(controller.quick >= INTERRUPTS / 2);
    return FIRTH_OK;
}

static bool leave_and_count(firth_lwip_driver *driver)
{
    *(int *)driver->argument += 1;
    firth_lwip_driver_remove(driver + 1);
    firth_lwip_driver_remove(driver);
    return false;
}

TASK_TEST(a_driver_may_remove_itself_and_the_next_in_its_turn)
{
    int turns = 0;
    firth_lwip_driver drivers[2] = {{.poll = leave_and_count, .argument = &turns, .descriptor = -1},
                                    {.poll = leave_and_count, .argument = &turns, .descriptor = -1}};

    firth_lwip_driver_add(&drivers[1]);
    firth_lwip_driver_add(&drivers[0]);
    EXPECT_EQUAL(firth_sleep(1), FIRTH_OK);
    EXPECT_EQUAL(turns, 1);
    firth_lwip_driver_remove(&drivers[1]); /* nothing happens */
    return FIRTH_OK;
}

/* ---- control blocks ---------------------------------------------------------------------------------------------- */

/* All free blocks are marked, those too that were a connection's a moment ago. */
static struct tcp_pcb *blocks[MEMP_NUM_TCP_PCB];

static size_t mark_blocks(void)
{
    size_t count = 0;

    while (count < MEMP_NUM_TCP_PCB && (blocks[count] = memp_malloc(MEMP_TCP_PCB)) != NULL)
        memset(blocks[count++], MARK, sizeof(struct tcp_pcb));
    return count;
}

static bool are_marked(size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < sizeof(struct tcp_pcb); k++)
            if (((const uint8_t *)blocks[i])[k] != MARK)
                return false;
    return true;
}

/* lwIP has freed the block before it tells of the error. */
TASK_TEST(a_block_that_was_reset_is_not_touched_any_more)
{
    firth_socket *a, *b;
    bool is_untouched;
    size_t count;
    char byte;

    EXPECT_EQUAL(support_pair(scope, &a, &b), FIRTH_OK);
    firth_socket_abort(b);
    EXPECT_EQUAL(firth_await_content(firth_socket_input(a), 1), FIRTH_ERR_RESET);
    end_time_wait();
    count = mark_blocks();
    EXPECT_EQUAL(firth_read(firth_socket_input(a), &byte, 1), FIRTH_ERR_RESET);
    EXPECT_EQUAL(firth_socket_set_option(a, FIRTH_OPTION_KEEP_ALIVE, 1), FIRTH_OK);
    EXPECT_EQUAL(firth_write(firth_socket_output(a), "x", 1), FIRTH_OK);
    EXPECT(firth_flush(firth_socket_output(a)) < 0);
    (void)firth_socket_close(a);
    is_untouched = are_marked(count);
    while (count > 0)
        memp_free(MEMP_TCP_PCB, blocks[--count]);
    EXPECT(is_untouched);
    return FIRTH_OK;
}

#if NO_SYS /* a thread of lwIP's would have lwIP's memory */
/* ---- clients without memory -------------------------------------------------------------------------------------- */

static err_t raw_error;

static void on_raw_error(void *argument, err_t err)
{
    (void)argument;
    raw_error = err;
}

/* In the callback of accept: lwIP aborts the client itself, and nobody does so twice (ERR_ABRT). */
TASK_TEST(a_client_for_whom_there_is_no_memory_is_reset_and_the_next_is_served)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    struct tcp_pcb *raw = tcp_new();
    firth_socket *client, *accepted;
    firth_server *server;
    ip_addr_t address;

    EXPECT(raw != NULL);
    EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, &server), FIRTH_OK);
    firth_scope_own_server(scope, server);
    IP_ADDR4(&address, 127, 0, 0, 1);
    raw_error = ERR_OK;
    tcp_err(raw, on_raw_error);
    EXPECT_EQUAL(tcp_connect(raw, &address, firth_server_address(server)->port, NULL), ERR_OK);
    support_allocation_fail_at(1, false);
    for (int i = 0; i < 1000 && raw_error == ERR_OK; i++)
        EXPECT_EQUAL(firth_sleep(1), FIRTH_OK);
    support_allocation_fail_at(0, false);
    EXPECT_EQUAL(raw_error, ERR_RST);
    EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", firth_server_address(server)->port, &client), FIRTH_OK);
    EXPECT_EQUAL(firth_accept(server, &accepted), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_close(client), FIRTH_OK);
    return firth_socket_close(accepted);
}

#endif

/* ---- bytes ------------------------------------------------------------------------------------------------------- */

static int scribble_behind(firth_socket *socket, uint8_t *bytes)
{
    support_fill(bytes, SENT, 0);
    EXPECT_EQUAL(firth_write(firth_socket_output(socket), bytes, SENT), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(socket)), FIRTH_OK);
    memset(bytes, MARK, SENT);
    return FIRTH_OK;
}

/* Whatever lwIP has not sent yet, or may have to send again, is a copy. */
TASK_TEST(bytes_may_be_overwritten_as_soon_as_they_are_sent)
{
    static uint8_t sent[SENT], received[SENT];
    firth_socket *a, *b;

    EXPECT_EQUAL(support_pair(scope, &a, &b), FIRTH_OK);
    EXPECT_EQUAL(scribble_behind(a, sent), FIRTH_OK);
    EXPECT_EQUAL(firth_read_fully(firth_socket_input(b), received, SENT), SENT);
    EXPECT(support_is_filled(received, SENT, 0));
    EXPECT_EQUAL(firth_socket_close(a), FIRTH_OK);
    return firth_socket_close(b);
}

/* ---- full ends --------------------------------------------------------------------------------------------------- */

enum { MUCH = 1024 * 1024 }; /* more than all buffers between two ends */

typedef struct saying {
    firth_socket *socket;
    size_t size;
} saying;

static int say(firth_scope *scope, void *argument)
{
    static const uint8_t bytes[MUCH];
    const saying *mine = argument;
    firth_write_channel *out = firth_socket_output(mine->socket);
    int rc = firth_write(out, bytes, mine->size);

    (void)scope;
    return rc < 0 ? rc : firth_flush_and_close(out);
}

/* Ends without room whose peer has none either, which they have asked with a byte, or an end, that was not taken. */
static int full_ends(void)
{
    int count = 0;

    LOCKED(for (const struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next) count +=
           pcb->rcv_wnd == 0 && pcb->snd_wnd == 0 && pcb->snd_nxt - pcb->lastack == 1);
    return count;
}

/* Both say all of it before one listens. */
static int say_both(firth_scope *scope, size_t size)
{
    saying sayings[2] = {{.size = size}, {.size = size}};
    firth_scope talk;

    EXPECT_EQUAL(support_pair(scope, &sayings[0].socket, &sayings[1].socket), FIRTH_OK);
    firth_scope_open(&talk, scope, NULL);
    for (int i = 0; i < 2; i++)
        EXPECT_EQUAL(firth_spawn(&talk, say, &sayings[i], NULL), FIRTH_OK);
    while (full_ends() < 2)
        EXPECT_EQUAL(firth_sleep(5), FIRTH_OK);
    for (int i = 0; i < 2; i++)
        EXPECT_EQUAL(firth_discard(firth_socket_input(sayings[i].socket), UINT64_MAX), size);
    EXPECT_EQUAL(firth_scope_close(&talk, FIRTH_OK), FIRTH_OK);
    for (int i = 0; i < 2; i++)
        EXPECT_EQUAL(firth_socket_close(sayings[i].socket), FIRTH_OK);
    return FIRTH_OK;
}

/* lwIP by itself answers the answers, and comes to nothing else. */
TASK_TEST(two_ends_that_are_both_full_go_on_when_they_are_read)
{
    return say_both(scope, MUCH);
}

/* Then it is the end that does not fit. */
TASK_TEST(two_ends_that_are_both_full_to_the_last_byte_end_when_they_are_read)
{
    return say_both(scope, TCP_WND);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lwip_used_on_another_thread_ends_the_program),
        cmocka_unit_test(a_wake_from_an_interrupt_turns_the_drivers),
        cmocka_unit_test(a_driver_may_remove_itself_and_the_next_in_its_turn),
        cmocka_unit_test(a_block_that_was_reset_is_not_touched_any_more),
#if NO_SYS
        cmocka_unit_test(a_client_for_whom_there_is_no_memory_is_reset_and_the_next_is_served),
#endif
        cmocka_unit_test(bytes_may_be_overwritten_as_soon_as_they_are_sent),
        cmocka_unit_test(two_ends_that_are_both_full_go_on_when_they_are_read),
        cmocka_unit_test(two_ends_that_are_both_full_to_the_last_byte_end_when_they_are_read),
    };

    return support_main(argc, argv, "lwip_trap", tests, sizeof tests / sizeof tests[0]);
}
