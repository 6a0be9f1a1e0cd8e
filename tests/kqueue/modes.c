/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kqueue/double.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/event.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *const names[DOUBLE_MODES_] = {
    [DOUBLE_NO_USER] = "no_user",       [DOUBLE_DISABLED] = "disabled",
    [DOUBLE_DISPATCH] = "dispatch",     [DOUBLE_ONE] = "one",
    [DOUBLE_EINTR] = "eintr",           [DOUBLE_SHUFFLED] = "shuffled",
    [DOUBLE_INSTANT] = "instant",       [DOUBLE_QUIET_ERRORS] = "quiet_errors",
    [DOUBLE_EATEN] = "eaten",           [DOUBLE_STRICT] = "strict",
    [DOUBLE_REFUSED] = "refused",       [DOUBLE_NO_BUFFERS] = "no_buffers",
    [DOUBLE_EPROTOTYPE] = "eprototype", [DOUBLE_ADDRESSES] = "addresses",
};

/* A mode that does not exist would be a test that tests nothing. */
static unsigned modes_in(const char *list)
{
    unsigned modes = 0, mode;

    while (*list != '\0') {
        size_t length = strcspn(list, ",");

        for (mode = 0; mode < DOUBLE_MODES_; mode++)
            if (strlen(names[mode]) == length && strncmp(names[mode], list, length) == 0)
                break;
        if (mode == DOUBLE_MODES_ && length > 0) {
            (void)fprintf(stderr, "FIRTH_KQUEUE_MODE: there is no mode %.*s\n", (int)length, list);
            abort();
        }
        if (length > 0)
            modes |= 1u << mode;
        list += length + (list[length] == ',');
    }
    return modes;
}

bool double_has(double_mode mode)
{
    static atomic_uint modes; /* the highest bit: they were read */
    const unsigned is_read = 1u << 31;
    unsigned now = atomic_load(&modes);

    if ((now & is_read) == 0) {
        const char *list = getenv("FIRTH_KQUEUE_MODE");

        now = is_read | modes_in(list != NULL ? list : "");
        atomic_store(&modes, now);
    }
    return (now & 1u << mode) != 0;
}

unsigned double_chance(unsigned limit)
{
    static atomic_uint state; /* 0: not begun */
    unsigned now = atomic_load(&state);

    if (now == 0) {
        const char *seed = getenv("FIRTH_KQUEUE_SEED");

        (void)atomic_compare_exchange_strong(&state, &now, seed != NULL ? (unsigned)strtoul(seed, NULL, 10) | 1 : 1);
    }
    now = atomic_fetch_add(&state, 0x9e3779b9u);

    now ^= now >> 16;
    now *= 0x7feb352du;
    now ^= now >> 15;
    return now % limit;
}

void double_lose_options(int native)
{
    (void)native;
#ifndef EVFILT_USER
    static const int lost[][3] = {{IPPROTO_TCP, TCP_KEEPIDLE, 7200},
                                  {IPPROTO_TCP, TCP_KEEPINTVL, 75},
                                  {IPPROTO_TCP, TCP_KEEPCNT, 9},
                                  {IPPROTO_IP, IP_TOS, 0},
                                  {IPPROTO_IPV6, IPV6_TCLASS, 0}};

    for (size_t i = 0; i < sizeof lost / sizeof lost[0]; i++)
        (void)syscall(SYS_setsockopt, native, lost[i][0], lost[i][1], &lost[i][2], sizeof lost[i][2]);
#endif
}

static atomic_int limits[DOUBLE_DESCRIPTORS];

void double_limit(int native, int bytes)
{
    if (native >= 0 && native < DOUBLE_DESCRIPTORS)
        atomic_store(&limits[native], bytes);
}

bool double_is_too_long(int native, size_t size)
{
    int limit = native >= 0 && native < DOUBLE_DESCRIPTORS ? atomic_load(&limits[native]) : 0;

    if (limit == 0 || size <= (size_t)limit)
        return false;
    errno = EMSGSIZE;
    return true;
}
