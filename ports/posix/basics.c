/* SPDX-License-Identifier: Apache-2.0 */
/* Clock, entropy, allocation, panic. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/random.h>
#endif
#include <time.h>
#include <unistd.h>

#include <firth/port.h>

/* The time that the machine is awake: that is CLOCK_MONOTONIC on Linux, FreeBSD and NetBSD, while that of macOS and of
 * OpenBSD goes on in its sleep. */
#if defined(__APPLE__)
#define AWAKE_CLOCK CLOCK_UPTIME_RAW
#elif defined(__OpenBSD__)
#define AWAKE_CLOCK CLOCK_UPTIME
#else
#define AWAKE_CLOCK CLOCK_MONOTONIC
#endif

int64_t firth_port_now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(AWAKE_CLOCK, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

#ifdef __linux__
/* getrandom(2) returns up to 256 bytes whole; longer requests a signal may cut short. */
int firth_port_entropy(void *bytes, size_t size)
{
    unsigned char *to = bytes;

    while (size > 0) {
        ssize_t n = getrandom(to, size, 0);

        if (n < 0 && errno != EINTR)
            return FIRTH_ERR_NOT_SUPPORTED;
        if (n > 0) {
            to += n;
            size -= (size_t)n;
        }
    }
    return FIRTH_OK;
}
#else
/* macOS and the BSDs have it, seeded by the kernel and anew after a fork; it cannot fail. */
int firth_port_entropy(void *bytes, size_t size)
{
    arc4random_buf(bytes, size);
    return FIRTH_OK;
}
#endif

void *firth_port_allocate(size_t bytes)
{
    return malloc(bytes);
}

void firth_port_release(void *memory)
{
    free(memory);
}

void firth_port_panic(const char *text)
{
    ssize_t written = write(STDERR_FILENO, text, strlen(text));

    if (written >= 0)
        written = write(STDERR_FILENO, "\n", 1);
    (void)written;
    abort();
}
