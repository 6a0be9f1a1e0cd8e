/* SPDX-License-Identifier: Apache-2.0 */
/* Address space for stacks, and guards in it. */
#include "ports/posix/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif
#include <unistd.h>

#include <firth/port.h>

/* Linux 6.13; the C library's headers are often older than the kernel. */
#if defined(__linux__) && !defined(MADV_GUARD_INSTALL)
#define MADV_GUARD_INSTALL 102
#endif

/* A property of the kernel and a count of the process, so they belong to the process, not to a selector. */
static atomic_int guard_kind;
static atomic_ulong guards_protected;
static atomic_ulong guards_limit;

size_t firth_port_page_bytes(void)
{
    long bytes = sysconf(_SC_PAGESIZE);

    return bytes > 0 ? (size_t)bytes : 4096;
}

void *firth_port_pages_reserve(size_t bytes)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    void *pages;

#ifdef MAP_NORESERVE
    flags |= MAP_NORESERVE;
#endif
#ifdef __OpenBSD__
    flags |= MAP_STACK; /* a stack pointer that is elsewhere at a system call ends the program (mmap(2)) */
#endif
    pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (pages == MAP_FAILED)
        return NULL;
#ifdef MADV_NOHUGEPAGE
    /* One touched page of a stack must not become 2 MiB of memory. */
    (void)madvise(pages, bytes, MADV_NOHUGEPAGE);
#endif
    return pages;
}

void firth_port_pages_release(void *pages, size_t bytes)
{
    (void)munmap(pages, bytes);
}

/* MADV_DONTNEED takes the memory away at once on Linux alone; elsewhere it is advice about paging (madvise(2)). */
void firth_port_pages_discard(void *pages, size_t bytes)
{
#if defined(__linux__) || !defined(MADV_FREE)
    (void)madvise(pages, bytes, MADV_DONTNEED);
#else
    (void)madvise(pages, bytes, MADV_FREE);
#endif
}

/* ---- guards ------------------------------------------------------------------------------------------------------ */

static bool install(void *pages, size_t bytes)
{
#ifdef MADV_GUARD_INSTALL
    return madvise(pages, bytes, MADV_GUARD_INSTALL) == 0;
#else
    (void)pages;
    (void)bytes;
    return false;
#endif
}

/* Advice is advice: QEMU's user emulation says yes to what it does not know (linux-user/mmap.c, target_madvise). So the
 * kernel is asked to write there, which fails without a signal if the guard is one.
 * Test: a_guard_is_fatal_to_touch, in guard_selftest.c under emulation. */
static bool is_guarded(void *page)
{
#ifdef __linux__
    return syscall(SYS_getrandom, page, (size_t)1, 0u) < 0 && errno == EFAULT;
#else
    (void)page;
    return false;
#endif
}

fth_guard_kind fth_port_guard_kind(void)
{
    int kind = atomic_load(&guard_kind);
    size_t bytes = firth_port_page_bytes();
    void *probe;

    if (kind != FTH_GUARD_UNKNOWN)
        return (fth_guard_kind)kind;
    probe = firth_port_pages_reserve(bytes);
    if (probe == NULL)
        return FTH_GUARD_PROTECTED;
    kind = install(probe, bytes) && is_guarded(probe) ? FTH_GUARD_INSTALLED : FTH_GUARD_PROTECTED;
    firth_port_pages_release(probe, bytes);
    atomic_store(&guard_kind, kind);
    return (fth_guard_kind)kind;
}

/* Each protected guard splits a mapping in two, and Linux allows vm.max_map_count mappings (proc(5), 65530 by
 * default). Beyond it every mmap of the program fails, so guards and the stacks between them get 45 % of them at most.
 * Test: the_limit_of_protected_guards_is_an_error. */
static unsigned long system_limit(void)
{
#ifdef __linux__
    char text[32] = "";
    unsigned long most = 65530;
    int file = open("/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (file >= 0) {
        n = read(file, text, sizeof text - 1);
        (void)close(file);
        if (n > 0)
            most = strtoul(text, NULL, 10);
    }
    return most / 2 * 45 / 100;
#else
    return ULONG_MAX;
#endif
}

static unsigned long protected_limit(void)
{
    unsigned long limit = atomic_load(&guards_limit);

    if (limit == 0) {
        limit = system_limit();
        atomic_store(&guards_limit, limit);
    }
    return limit;
}

void fth_port_guard_force(fth_guard_kind kind, unsigned long limit)
{
    atomic_store(&guard_kind, (int)kind);
    atomic_store(&guards_limit, limit);
}

int firth_port_pages_guard(void *pages, size_t bytes)
{
    if (fth_port_guard_kind() == FTH_GUARD_INSTALLED)
        return install(pages, bytes) ? FIRTH_OK : FIRTH_ERR_NO_MEMORY;
    if (atomic_fetch_add(&guards_protected, 1) < protected_limit() && mprotect(pages, bytes, PROT_NONE) == 0)
        return FIRTH_OK;
    atomic_fetch_sub(&guards_protected, 1);
    return FIRTH_ERR_NO_MEMORY;
}

void firth_port_pages_unguard(void *pages, size_t bytes)
{
    (void)pages;
    (void)bytes;
    if (fth_port_guard_kind() == FTH_GUARD_PROTECTED)
        atomic_fetch_sub(&guards_protected, 1);
}

/* ---- high-water mark --------------------------------------------------------------------------------------------- */

/* mincore(2): a page of private anonymous memory is resident from its first touch on, unless it was swapped out. */
#ifdef __OpenBSD__ /* which has no mincore since 6.5: nobody knows */
size_t firth_port_pages_touched(const void *pages, size_t bytes)
{
    (void)pages;
    (void)bytes;
    return 0;
}
#else
size_t firth_port_pages_touched(const void *pages, size_t bytes)
{
    size_t page = firth_port_page_bytes(), count = bytes / page, first = 0, step;

    while (first < count) {
        unsigned char resident[64];

        step = count - first < sizeof resident ? count - first : sizeof resident;
        if (mincore((char *)(uintptr_t)pages + first * page, step * page, (void *)resident) != 0)
            return 0;
        for (size_t i = 0; i < step; i++)
            if ((resident[i] & 1) != 0)
                return (count - first - i) * page;
        first += step;
    }
    return 0;
}
#endif
