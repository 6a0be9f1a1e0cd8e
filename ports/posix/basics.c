/* SPDX-License-Identifier: Apache-2.0 */
/* Clock, entropy, allocation, panic. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <firth/port.h>

int64_t firth_port_now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

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
