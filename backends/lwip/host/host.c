/* SPDX-License-Identifier: Apache-2.0 */
/* lwIP on a POSIX system: its clock and its dice, a pipe that ends the wait, and an interface if the
 * environment asks for one: FIRTH_LWIP_TAP, as tap.h says. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include <firth/port.h>
#include <firth/task.h>

#include <lwip/opt.h>

#include <lwip/sys.h>

#include "backends/lwip/driver.h"
#include "backends/lwip/host/loopback.h"
#include "backends/lwip/host/tap.h"
#include "backends/lwip/platform.h"

/* Most drivers whose descriptors end a wait; those of more are looked at once in each tick. */
enum { WATCHED_MAX = 15, TICK_MS = 1 };

static int bell[2] = {-1, -1};
static atomic_bool is_rung;

/* ---- waiting ----------------------------------------------------------------------------------------------------- */

static int fail(const char *step)
{
    int os_code = errno;
    bool is_full = os_code == EMFILE || os_code == ENFILE;

    return firth_fail(is_full ? FIRTH_ERR_TOO_MANY_OPEN : FIRTH_ERR_SYSTEM, os_code, step);
}

/* The examples know of no interfaces, so one may be named from outside. */
int fth_lwip_platform_open(void)
{
    const char *interface = getenv("FIRTH_LWIP_TAP");
    int rc = FIRTH_OK;

    atomic_store(&is_rung, false);
    if (pipe2(bell, O_CLOEXEC | O_NONBLOCK) != 0)
        return fail("pipe2");
    fth_lwip_loopback_open();
    if (interface != NULL && interface[0] != '\0')
        rc = fth_lwip_tap_open(interface);
    if (rc < 0)
        fth_lwip_platform_close();
    return rc;
}

void fth_lwip_platform_close(void)
{
    fth_lwip_tap_close();
    (void)close(bell[0]);
    (void)close(bell[1]);
    bell[0] = bell[1] = -1;
}

/* Rounded up: a wait that ends a fraction of a millisecond early would be followed by a spin of empty ones. */
static int timeout_ms(int64_t until_ns)
{
    int64_t left_ns, left_ms;

    if (until_ns == INT64_MAX)
        return -1;
    left_ns = until_ns - firth_now_ns();
    if (left_ns <= 0)
        return 0;
    left_ms = left_ns / 1000000 + (left_ns % 1000000 != 0);
    return left_ms < INT_MAX ? (int)left_ms : INT_MAX;
}

/* Once for all the wakes there were; a wake from now on rings again. */
static void hear_bell(void)
{
    char bytes[16];

    while (read(bell[0], bytes, sizeof bytes) > 0)
        continue;
    atomic_store(&is_rung, false);
}

int fth_lwip_platform_wait(int64_t until_ns)
{
    struct pollfd entries[1 + WATCHED_MAX] = {{.fd = bell[0], .events = POLLIN}};
    const firth_lwip_driver *driver = fth_lwip_drivers();
    nfds_t count = 1;
    int n;

    for (; driver != NULL && count <= WATCHED_MAX; driver = driver->next)
        if (driver->descriptor >= 0)
            entries[count++] = (struct pollfd){.fd = (int)driver->descriptor, .events = POLLIN};
    n = poll(entries, count, driver != NULL ? TICK_MS : timeout_ms(until_ns));
    if (n < 0)
        return errno == EINTR ? FIRTH_OK : fail("poll");
    if (entries[0].revents != 0)
        hear_bell();
    return FIRTH_OK;
}

void fth_lwip_platform_wake(void)
{
    int saved = errno;
    ssize_t n = 0;

    if (!atomic_exchange(&is_rung, true)) {
        do
            n = write(bell[1], "", 1);
        while (n < 0 && errno == EINTR);
        if (n < 0)
            atomic_store(&is_rung, false);
    }
    errno = saved;
}
