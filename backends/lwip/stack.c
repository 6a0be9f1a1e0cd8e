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
} program = {.is_taken = ATOMIC_FLAG_INIT};

#if NO_SYS
/* What lwIP asks in each of its calls (cc.h). */
void fth_lwip_assert_thread(void)
{
    if (program.thread != firth_port_thread_id())
        firth_port_panic("firth: lwIP, used on another thread than its selector's");
}
#endif

bool fth_lwip_is_elsewhere(void)
{
    return !NO_SYS && program.thread != firth_port_thread_id();
}

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

/* Takes what there is, and runs the timers. Whether there is more. */
static bool move(void)
{
    bool is_more = fth_lwip_poll_drivers();

    netif_poll_all();
    sys_check_timeouts();
    return is_more;
}

static int64_t next_timer_ns(int64_t now_ns)
{
    u32_t left_ms = sys_timeouts_sleeptime();

    return left_ms == SYS_TIMEOUTS_SLEEPTIME_INFINITE ? INT64_MAX : now_ns + (int64_t)left_ms * 1000000;
}
#else
static bool has_packets(void)
{
    return false;
}

static bool move(void)
{
    return fth_lwip_poll_drivers();
}

static int64_t next_timer_ns(int64_t now_ns)
{
    (void)now_ns;
    return INT64_MAX;
}
#endif

/* One turn: how many ops and names have ended. */
static unsigned turn(firth_selector *selector, bool *is_more)
{
    unsigned ended;

    fth_lwip_lock();
    *is_more = move();
    ended = fth_lwip_deliver(fth_lwip_stack_of(selector));
    ended += fth_lwip_deliver_names(selector);
    *is_more = *is_more || has_packets();
    fth_lwip_unlock();
    return ended;
}

int fth_lwip_poll(firth_selector *selector, int64_t until_ns)
{
    int rc = FIRTH_OK;

    while (rc >= 0) {
        int64_t now_ns, timer_ns;
        bool is_more;

        if (turn(selector, &is_more) > 0 || atomic_exchange(&program.is_woken, false) || until_ns <= 0)
            break;
        now_ns = firth_now_ns();
        if (now_ns >= until_ns)
            break;
        if (is_more)
            continue;
        timer_ns = next_timer_ns(now_ns);
        rc = fth_lwip_platform_wait(timer_ns < until_ns ? timer_ns : until_ns);
    }
    return rc;
}

void fth_lwip_wake(firth_selector *selector)
{
    (void)selector;
    atomic_store(&program.is_woken, true);
    fth_lwip_platform_wake();
}
