/* SPDX-License-Identifier: Apache-2.0 */
/* The table of lwIP's network, whose stack one selector has, and its loop. */
#include "backends/lwip/stack.h"

#include <firth/port.h>
#include <firth/task.h>

#include <lwip/init.h>
#include <lwip/netif.h>
#include <lwip/timeouts.h>
#include <stdatomic.h>

#include "backends/lwip/driver.h"
#include "backends/lwip/platform.h"

/* lwIP is the program's, and so is this. */
static struct {
    atomic_flag is_taken;
    bool is_initialized;
    uintptr_t thread; /* of the selector that has it */
    atomic_bool is_woken;
} program = {.is_taken = ATOMIC_FLAG_INIT};

/* What lwIP asks in each of its calls (cc.h). */
void fth_lwip_assert_thread(void)
{
    if (program.thread != firth_port_thread_id())
        firth_port_panic("firth: lwIP, used on another thread than its selector's");
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static void start(void)
{
    program.thread = firth_port_thread_id();
    if (!program.is_initialized)
        lwip_init();
    else
        sys_restart_timeouts(); /* nobody was there to run them */
    program.is_initialized = true;
}

static int lwip_open(firth_selector *selector)
{
    fth_lwip_stack *stack;
    int rc;

    if (atomic_flag_test_and_set(&program.is_taken))
        return firth_fail(FIRTH_ERR_BUSY, 0, "lwip");
    start();
    rc = fth_lwip_platform_open();
    if (rc < 0) {
        atomic_flag_clear(&program.is_taken);
        return rc;
    }
    stack = firth_selector_allocate(selector, sizeof *stack);
    if (stack == NULL) {
        fth_lwip_platform_close();
        atomic_flag_clear(&program.is_taken);
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "allocate");
    }
    stack->selector = selector;
    atomic_store(&program.is_woken, false);
    firth_selector_set_state(selector, stack);
    return FIRTH_OK;
}

/* What was closed last says so to this machine itself. What has still something to send to another waits for the next
 * selector. */
static void lwip_close(firth_selector *selector)
{
    netif_poll_all();
    firth_selector_release(selector, firth_selector_state(selector));
    firth_selector_set_state(selector, NULL);
    fth_lwip_platform_close();
    atomic_flag_clear(&program.is_taken);
}

/* ---- the loop ---------------------------------------------------------------------------------------------------- */

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

static int64_t next_timer_ns(int64_t now_ns)
{
    u32_t left_ms = sys_timeouts_sleeptime();

    return left_ms == SYS_TIMEOUTS_SLEEPTIME_INFINITE ? INT64_MAX : now_ns + (int64_t)left_ms * 1000000;
}

static int lwip_poll(firth_selector *selector, int64_t until_ns)
{
    fth_lwip_stack *stack = fth_lwip_stack_of(selector);
    int rc = FIRTH_OK;

    while (rc >= 0) {
        int64_t now_ns, timer_ns;
        bool is_more;

        is_more = fth_lwip_poll_drivers();
        netif_poll_all();
        sys_check_timeouts();
        if (fth_lwip_deliver(stack) + fth_lwip_deliver_names(selector) > 0 ||
            atomic_exchange(&program.is_woken, false) || until_ns <= 0)
            break;
        now_ns = firth_now_ns();
        if (now_ns >= until_ns)
            break;
        if (is_more || has_packets())
            continue;
        timer_ns = next_timer_ns(now_ns);
        rc = fth_lwip_platform_wait(timer_ns < until_ns ? timer_ns : until_ns);
    }
    return rc;
}

static void lwip_wake(firth_selector *selector)
{
    (void)selector;
    atomic_store(&program.is_woken, true);
    fth_lwip_platform_wake();
}

const firth_backend firth_backend_lwip = {
    .name = "lwip",
    .capabilities = FIRTH_CAN_INHERIT | FIRTH_CAN_DATAGRAMS | FIRTH_CAN_BATCH,
    .open = lwip_open,
    .close = lwip_close,
    .socket_open = fth_lwip_socket_open,
    .datagram_open = fth_lwip_datagram_open,
    .socket_close = fth_lwip_socket_close,
    .bind = fth_lwip_bind,
    .listen = fth_lwip_listen,
    .set_option = fth_lwip_set_option,
    .get_option = fth_lwip_get_option,
    .multicast = fth_lwip_multicast,
    .local_address = fth_lwip_local_address,
    .peer_address = fth_lwip_peer_address,
    .shutdown_write = fth_lwip_shutdown_write,
    .submit = fth_lwip_submit,
    .cancel = fth_lwip_cancel,
    .poll = lwip_poll,
    .wake = lwip_wake,
#if LWIP_DNS
    .resolve = fth_lwip_resolve,
    .resolve_cancel = fth_lwip_resolve_cancel,
#endif
};
