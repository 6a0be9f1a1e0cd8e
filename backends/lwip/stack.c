/* SPDX-License-Identifier: Apache-2.0 */
/* lwIP's stack, which one selector has, and its loop. */
#include "backends/lwip/stack.h"

#include <firth/port.h>
#include <firth/task.h>

#include <lwip/init.h>
#include <lwip/netif.h>
#include <lwip/timeouts.h>
#include <stdatomic.h>

#include "backends/lwip/driver.h"
#include "backends/lwip/loop.h"
#include "backends/lwip/platform.h"

/* lwIP is the program's, and so is this. */
static struct {
    atomic_flag is_taken;
    bool is_initialized;
    uintptr_t thread; /* of the selector that has it */
    atomic_bool is_woken;
    atomic_bool is_called; /* by a driver, since the last turn: a hint, the platform's wake is what counts */
} program = {.is_taken = ATOMIC_FLAG_INIT};

#if NO_SYS
/* What lwIP asks in each of its calls (cc.h). */
void fth_lwip_assert_thread(void)
{
    if (program.thread != firth_port_thread_id())
        firth_port_panic("firth: lwIP, used on another thread than its selector's");
}
#else
bool fth_lwip_is_elsewhere(void)
{
    return program.thread != firth_port_thread_id();
}
#endif

/* ---- opening ----------------------------------------------------------------------------------------------------- */

/* Without a thread nobody ran lwIP's timers since the last selector. */
static void start(void)
{
#if NO_SYS
    program.thread = firth_port_thread_id();
    if (!program.is_initialized)
        lwip_init();
    else
        sys_restart_timeouts();
#else
    if (!program.is_initialized)
        fth_lwip_start_thread();
#endif
    program.is_initialized = true;
}

/* Under the lock. */
static int open_stack(firth_selector *selector)
{
    fth_lwip_stack *stack;
    int rc;

    program.thread = firth_port_thread_id();
    rc = fth_lwip_platform_open();
    if (rc < 0)
        return rc;
    stack = firth_selector_allocate(selector, sizeof *stack);
    if (stack == NULL) {
        fth_lwip_platform_close();
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "allocate");
    }
    stack->selector = selector;
    atomic_store(&program.is_woken, false);
    firth_selector_set_state(selector, stack);
    return FIRTH_OK;
}

int fth_lwip_open(firth_selector *selector)
{
    int rc;

    if (atomic_flag_test_and_set(&program.is_taken))
        return firth_fail(FIRTH_ERR_BUSY, 0, "lwip");
    start();
    fth_lwip_lock();
    rc = open_stack(selector);
    fth_lwip_unlock();
    if (rc < 0)
        atomic_flag_clear(&program.is_taken);
    return rc;
}

/* What was closed last says so to this machine itself. What has still something to send to another waits for the next
 * selector, or for lwIP's thread. */
void fth_lwip_close(firth_selector *selector)
{
    fth_lwip_lock();
#if NO_SYS
    netif_poll_all();
#endif
    firth_selector_release(selector, firth_selector_state(selector));
    firth_selector_set_state(selector, NULL);
    fth_lwip_platform_close();
    fth_lwip_unlock();
    atomic_flag_clear(&program.is_taken);
}

/* ---- the loop ---------------------------------------------------------------------------------------------------- */

#if NO_SYS
/* What was sent to this machine itself waits in its netif. */
static bool has_packets(void)
{
    const struct netif *netif;

    NETIF_FOREACH(netif)
    {
        if (netif->loop_first != NULL)
            return true;
    }
    return false;
}

/* Runs the timers, and takes what there is: whether there is more. The timers come first: behind the packets they would
 * acknowledge what a task is about to answer, in a segment of its own. */
static bool move(void)
{
    bool is_more;

    sys_check_timeouts();
    atomic_store_explicit(&program.is_called, false, memory_order_relaxed);
    is_more = fth_lwip_poll_drivers();
    netif_poll_all();
    return is_more;
}

/* If there is none, a turn after 49 days. */
static int64_t next_timer_ns(void)
{
    return firth_now_ns() + (int64_t)sys_timeouts_sleeptime() * 1000000;
}
#else
static bool has_packets(void)
{
    return false;
}

static bool move(void)
{
    atomic_store_explicit(&program.is_called, false, memory_order_relaxed);
    return fth_lwip_poll_drivers();
}

static int64_t next_timer_ns(void)
{
    return INT64_MAX;
}
#endif

/* One turn: how many ops and names have ended. */
static unsigned turn(fth_lwip_stack *stack)
{
    unsigned ended;

    fth_lwip_lock();
    stack->is_more = move();
    ended = fth_lwip_deliver(stack);
    ended += fth_lwip_deliver_names(stack->selector);
    fth_lwip_unlock();
    return ended;
}

/* Whether a turn is due of which no wake tells: there was more in the last, or tasks have left some since. */
static bool is_due(fth_lwip_stack *stack)
{
    bool is_due;

    fth_lwip_lock();
    fth_lwip_open_window(stack);
    is_due = stack->is_more || stack->ready_first != NULL || has_packets();
    fth_lwip_unlock();
    return is_due || atomic_load_explicit(&program.is_called, memory_order_relaxed);
}

static int rest(int64_t until_ns)
{
    int64_t timer_ns = next_timer_ns();

    return fth_lwip_platform_wait(timer_ns < until_ns ? timer_ns : until_ns);
}

/* What has come since the last turn ends the sleep at once, so there is no turn before it that would find nothing. */
int fth_lwip_poll(firth_selector *selector, int64_t until_ns)
{
    fth_lwip_stack *stack = fth_lwip_stack_of(selector);
    int rc = FIRTH_OK;

    do {
        if (!is_due(stack) && until_ns > 0)
            rc = rest(until_ns);
    } while (turn(stack) == 0 && !atomic_exchange(&program.is_woken, false) && rc >= 0 && firth_now_ns() < until_ns);
    return rc;
}

void fth_lwip_wake(firth_selector *selector)
{
    (void)selector;
    atomic_store(&program.is_woken, true);
    fth_lwip_platform_wake();
}

void firth_lwip_wake(void)
{
    atomic_store_explicit(&program.is_called, true, memory_order_relaxed);
    fth_lwip_platform_wake();
}
