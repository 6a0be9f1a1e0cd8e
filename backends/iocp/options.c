/* SPDX-License-Identifier: Apache-2.0 */
/* Options by intent: what each is called here, in one table. */
#include "backends/iocp/options.h"

#include "backends/iocp/iocp.h"

#include <limits.h>
#include <mstcpip.h>

/* Windows 10 version 1709, newer than some headers. */
#ifndef TCP_KEEPIDLE
#define TCP_KEEPIDLE 3
#endif
#ifndef TCP_KEEPCNT
#define TCP_KEEPCNT 16
#endif
#ifndef TCP_KEEPINTVL
#define TCP_KEEPINTVL 17
#endif

struct rule {
    int level;
    int name;
    const char *set_step; /* NULL: the system does not have it */
    const char *get_step;
};

/* The system takes IP_TOS without a word and does nothing of it, as a program has to ask its service for quality (qWAVE);
 * so traffic_class is not here. */
#define RULE(OPTION, level, name)                                                                                      \
    [FIRTH_OPTION_##OPTION] = {level, name, "setsockopt(" #name ")", "getsockopt(" #name ")"},
static const struct rule rules[FIRTH_OPTION_COUNT_] = {FTH_WINDOWS_OPTIONS(RULE)};
#undef RULE

/* An option the system does not know is named as the builder names it, any other failure as the manuals do. */
static int fail(firth_option option, const char *step)
{
    const int os_code = WSAGetLastError(), code = fth_code_of(os_code);

    return firth_fail(code, os_code, code == FIRTH_ERR_NOT_SUPPORTED ? firth_option_step(option) : step);
}

/* ---- keep-alive before Windows 10 version 1709, where idle time and interval go together with the switch ------------ */

static uint32_t *kept_time(fth_record *record, firth_option option)
{
    if (option == FIRTH_OPTION_KEEP_ALIVE_IDLE_S)
        return &record->keep_alive_idle_s;
    return option == FIRTH_OPTION_KEEP_ALIVE_INTERVAL_S ? &record->keep_alive_interval_s : NULL;
}

static int set_times(const firth_io *io, firth_option option)
{
    enum { IDLE_S = 7200, INTERVAL_S = 1 }; /* the system's own */
    const fth_record *record = fth_record_of(io);
    struct tcp_keepalive values;
    DWORD returned;

    if ((io->state & FTH_KEPT_ALIVE) == 0 || (record->keep_alive_idle_s == 0 && record->keep_alive_interval_s == 0))
        return FIRTH_OK; /* when it is turned on */
    values.onoff = 1;
    values.keepalivetime = 1000 * (record->keep_alive_idle_s != 0 ? record->keep_alive_idle_s : IDLE_S);
    values.keepaliveinterval = 1000 * (record->keep_alive_interval_s != 0 ? record->keep_alive_interval_s : INTERVAL_S);
    if (WSAIoctl(fth_socket_of(io), SIO_KEEPALIVE_VALS, &values, sizeof values, NULL, 0, &returned, NULL, NULL) != 0)
        return fail(option, "WSAIoctl(SIO_KEEPALIVE_VALS)");
    return FIRTH_OK;
}

/* What the system takes; it counts probes in a byte and these times in milliseconds. */
static int check(firth_option option, int value)
{
    if ((option == FIRTH_OPTION_KEEP_ALIVE_COUNT && value > UINT8_MAX) ||
        ((option == FIRTH_OPTION_KEEP_ALIVE_IDLE_S || option == FIRTH_OPTION_KEEP_ALIVE_INTERVAL_S) &&
         value > INT_MAX / 1000))
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, firth_option_step(option));
    return FIRTH_OK;
}

/* ---- the slots --------------------------------------------------------------------------------------------------- */

static void note(firth_io *io, uint32_t bit, int value)
{
    io->state = value != 0 ? io->state | bit : io->state & ~bit;
}

int fth_iocp_set_option(firth_io *io, firth_option option, int value)
{
    const struct rule *rule = &rules[option];
    uint32_t *kept;

    if (rule->set_step == NULL)
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, firth_option_step(option));
    if (check(option, value) < 0)
        return FIRTH_ERR_ARGUMENT;
    if (option == FIRTH_OPTION_REUSE_ADDRESS) { /* see fth_iocp_bind */
        note(io, FTH_REUSES, value);
        return FIRTH_OK;
    }
    if (setsockopt(fth_socket_of(io), rule->level, rule->name, (const char *)&value, sizeof value) != 0) {
        kept = kept_time(fth_record_of(io), option);
        if (WSAGetLastError() != WSAENOPROTOOPT || kept == NULL)
            return fail(option, rule->set_step);
        *kept = (uint32_t)value;
    }
    if (option == FIRTH_OPTION_KEEP_ALIVE)
        note(io, FTH_KEPT_ALIVE, value);
    return set_times(io, option);
}

int fth_iocp_get_option(const firth_io *io, firth_option option, int *value)
{
    const struct rule *rule = &rules[option];
    const uint32_t *kept = kept_time(fth_record_of(io), option);
    int size = sizeof *value;

    *value = 0; /* some fill in a byte of it */
    if (rule->set_step == NULL)
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, firth_option_step(option));
    if (option == FIRTH_OPTION_REUSE_ADDRESS) {
        *value = (io->state & FTH_REUSES) != 0;
        return FIRTH_OK;
    }
    if (kept != NULL && *kept != 0) {
        *value = (int)*kept;
        return FIRTH_OK;
    }
    if (getsockopt(fth_socket_of(io), rule->level, rule->name, (char *)value, &size) != 0)
        return fail(option, rule->get_step);
    return FIRTH_OK;
}
