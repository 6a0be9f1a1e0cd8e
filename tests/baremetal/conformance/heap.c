/* SPDX-License-Identifier: Apache-2.0 */
/* What a program of a desktop asks of the C library and firmware does not have: a heap, in place of
 * ports/baremetal/heap.c, the time that was spent, files. */
#include "tests/baremetal/conformance/heap.h"

#include <errno.h>
#include <firth/port.h>
#include <sys/times.h>
#include <time.h>

#include "ports/baremetal/layout.h"
#include "ports/baremetal/libc.h"

void *_sbrk(int increment);
clock_t _times(struct tms *spent);
int _open(const char *path, int flags, int mode);
int _unlink(const char *path);

void *_sbrk(int increment)
{
    static int used;
    void *at = firth_baremetal_arena_end + used;

    if (increment > HEAP_BYTES - used) {
        errno = ENOMEM;
        return (void *)-1; /* NOLINT(performance-no-int-to-ptr): that is how it fails */
    }
    used += increment;
    return at;
}

void fth_libc_seal(void)
{
}

clock_t _times(struct tms *spent)
{
    *spent = (struct tms){.tms_utime = (clock_t)(firth_port_now_ns() / (1000000000 / CLOCKS_PER_SEC))};
    return spent->tms_utime;
}

/* Of socket files, which no case makes here. */
int _open(const char *path, int flags, int mode)
{
    (void)path;
    (void)flags;
    (void)mode;
    errno = ENOENT;
    return -1;
}

int _unlink(const char *path)
{
    (void)path;
    errno = ENOENT;
    return -1;
}
