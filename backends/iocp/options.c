/* SPDX-License-Identifier: Apache-2.0 */
/* Options by intent: what each is called here, in one table. */
#include "backends/iocp/options.h"

#include "backends/iocp/iocp.h"

#include <mstcpip.h>

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
static const struct rule ipv6_rules[FIRTH_OPTION_COUNT_] = {FTH_WINDOWS_IPV6_OPTIONS(RULE)};
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

/* ---- the slots --------------------------------------------------------------------------------------------------- */

static void note(firth_io *io, uint32_t bit, int value)
{
    io->state = value != 0 ? io->state | bit : io->state & ~bit;
}

static int set(const firth_io *io, const struct rule *rule, int value)
{
    DWORD native = (DWORD)value;

    if (rule == &rules[FIRTH_OPTION_MULTICAST_INTERFACE]) {
        native = htonl(native); /* an address that begins with 0 is an interface's index */
        if (setsockopt(fth_socket_of(io), rule->level, rule->name, (const char *)&native, sizeof native) == 0)
            return 0;
        native = fth_interface_ipv4((uint32_t)value); /* Wine 8 knows addresses alone */
    }
    return setsockopt(fth_socket_of(io), rule->level, rule->name, (const char *)&native, sizeof native);
}

/* An IPv6 socket may carry IPv4 too, and so gets both; one that does not has no options of that level. */
static int set_each(const firth_io *io, firth_option option, int value)
{
    const bool has_own = (io->state & FTH_IPV6) != 0 && ipv6_rules[option].set_step != NULL;
    int error;

    if (has_own && set(io, &ipv6_rules[option], value) != 0)
        return fail(option, ipv6_rules[option].set_step);
    if (set(io, &rules[option], value) == 0)
        return FIRTH_OK;
    error = WSAGetLastError();
    return has_own && (error == WSAENOPROTOOPT || error == WSAEINVAL) ? FIRTH_OK : fail(option, rules[option].set_step);
}

int fth_iocp_set_option(firth_io *io, firth_option option, int value)
{
    uint32_t *kept = kept_time(fth_record_of(io), option);
    int rc;

    if (rules[option].set_step == NULL)
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, firth_option_step(option));
    if (option == FIRTH_OPTION_REUSE_ADDRESS) { /* see fth_iocp_bind */
        note(io, FTH_REUSES, value);
        return FIRTH_OK;
    }
    rc = set_each(io, option, value);
    if (rc == FIRTH_ERR_NOT_SUPPORTED && kept != NULL) {
        *kept = (uint32_t)value;
        rc = FIRTH_OK;
    }
    if (rc >= 0 && option == FIRTH_OPTION_KEEP_ALIVE)
        note(io, FTH_KEPT_ALIVE, value);
    return rc < 0 ? rc : set_times(io, option);
}

int fth_iocp_get_option(const firth_io *io, firth_option option, int *value)
{
    const bool has_own = (io->state & FTH_IPV6) != 0 && ipv6_rules[option].set_step != NULL;
    const struct rule *rule = has_own ? &ipv6_rules[option] : &rules[option];
    const uint32_t *kept = kept_time(fth_record_of(io), option);
    int size = sizeof *value;

    *value = 0; /* some fill in a byte of it */
    /* It may have been set by an address, and then is told as one. */
    if (rule->set_step == NULL || rule == &rules[FIRTH_OPTION_MULTICAST_INTERFACE])
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
