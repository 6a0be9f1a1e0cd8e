/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of 16 KiB, as Apple's processors have them, for a program that is linked with --wrap=sysconf and --wrap=mincore: the
 * kernel's own are smaller, so it takes whatever is a multiple of these, and what counts in other pages fails its test. */
#include <assert.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BIG_PAGE = 16384, PAGES_MAX = 4096 };

long __real_sysconf(int name);
long __wrap_sysconf(int name);
int __real_mincore(void *from, size_t bytes, unsigned char *resident);
int __wrap_mincore(void *from, size_t bytes, unsigned char *resident);

long __wrap_sysconf(int name)
{
    return name == _SC_PAGESIZE ? BIG_PAGE : __real_sysconf(name);
}

/* A big page is there when a part of it is. */
int __wrap_mincore(void *from, size_t bytes, unsigned char *resident)
{
    const size_t page = (size_t)__real_sysconf(_SC_PAGESIZE), parts = BIG_PAGE / page;
    unsigned char small[PAGES_MAX];

    assert(bytes % BIG_PAGE == 0 && bytes / page <= PAGES_MAX && BIG_PAGE % page == 0);
    if (__real_mincore(from, bytes, small) != 0)
        return -1;
    for (size_t i = 0; i < bytes / BIG_PAGE; i++) {
        resident[i] = 0;
        for (size_t part = 0; part < parts; part++)
            resident[i] |= (unsigned char)(small[i * parts + part] & 1);
    }
    return 0;
}
