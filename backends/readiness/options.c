/* SPDX-License-Identifier: Apache-2.0 */
/* Options by intent: what each is called here, what it takes, in one table. */
#include "backends/readiness/options.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include "backends/readiness/reactor.h"

/* The ECN bits of the traffic class are TCP's own (RFC 3168 §5); Linux leaves them out without a word. */
enum { FTH_ECN_MASK = 3 };

struct rule {
    int level;
    int name;
    int told_factor;
    const char *set_step; /* NULL: the system does not have it */
    const char *get_step;
};

#define RULE(OPTION, level, name, told_factor)                                                                         \
    [FIRTH_OPTION_##OPTION] = {level, name, told_factor, "setsockopt(" #name ")", "getsockopt(" #name ")"},
static const struct rule rules[FIRTH_OPTION_COUNT_] = {FTH_NATIVE_OPTIONS(RULE)};
static const struct rule ipv6_rules[FIRTH_OPTION_COUNT_] = {FTH_NATIVE_IPV6_OPTIONS(RULE)};
#undef RULE

/* An option the system does not know is named as the builder names it, any other failure as the manuals do. */
static int fail(firth_option option, const char *step)
{
    int code = fth_errno_code(errno);

    return firth_fail(code, errno, code == FIRTH_ERR_NOT_SUPPORTED ? firth_option_step(option) : step);
}

/* ---- setting ----------------------------------------------------------------------------------------------------- */

/* The same numbers for both families. */
_Static_assert((int)IP_PMTUDISC_DO == IPV6_PMTUDISC_DO && (int)IP_PMTUDISC_DONT == IPV6_PMTUDISC_DONT,
               "ip(7), ipv6(7)");

static int set_bytes(const firth_io *io, firth_option option, const struct rule *rule, const void *value,
                     socklen_t size)
{
    return setsockopt((int)io->native, rule->level, rule->name, value, size) == 0 ? FIRTH_OK
                                                                                  : fail(option, rule->set_step);
}

static int set(const firth_io *io, firth_option option, const struct rule *rule, int value)
{
    /* IPv4 names an interface by more than its index (ip(7)). */
    if (rule == &rules[FIRTH_OPTION_MULTICAST_INTERFACE]) {
        struct ip_mreqn request = {.imr_ifindex = value};

        return set_bytes(io, option, rule, &request, sizeof request);
    }
    if (option == FIRTH_OPTION_DONT_FRAGMENT)
        value = value != 0 ? IP_PMTUDISC_DO : IP_PMTUDISC_DONT;
    return set_bytes(io, option, rule, &value, sizeof value);
}

/* An IPv6 socket may carry IPv4 too (RFC 4038 §4.2), so it gets both; of packet information IPv6's is for both. */
static int set_each(const firth_io *io, firth_option option, int value)
{
    bool has_own = (io->state & FTH_IPV6) != 0 && ipv6_rules[option].set_step != NULL;
    int rc = has_own ? set(io, option, &ipv6_rules[option], value) : FIRTH_OK;

    return rc < 0 || (has_own && option == FIRTH_OPTION_PACKET_INFO) ? rc : set(io, option, &rules[option], value);
}

/* What the reactor must know of it. */
static void note(firth_io *io, firth_option option, int value)
{
    if (option == FIRTH_OPTION_COALESCE)
        io->state = (io->state & ~(uint32_t)FTH_COALESCES) | (value != 0 ? (unsigned)FTH_COALESCES : 0u);
    else if (option == FIRTH_OPTION_TRAFFIC_CLASS)
        fth_reactor_of(io)->slots[io->slot].traffic_class = (uint8_t)value;
}

int fth_native_set_option(firth_io *io, firth_option option, int value)
{
    int rc;

    if (rules[option].set_step == NULL)
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, firth_option_step(option));
    if (option == FIRTH_OPTION_TRAFFIC_CLASS && (value & FTH_ECN_MASK) != 0 && (io->state & FTH_DATAGRAMS) == 0)
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, firth_option_step(option));
    rc = set_each(io, option, value);
    if (rc >= 0)
        note(io, option, value);
    return rc;
}

/* ---- getting ----------------------------------------------------------------------------------------------------- */

/* One of the numbers of linux/sock_diag.h, of which the headers that come with the C library know nothing. */
static int get_drops(const firth_io *io, const struct rule *rule, int *value)
{
    enum { DROPS = 8 }; /* SK_MEMINFO_DROPS */
    uint32_t numbers[16] = {0};
    socklen_t size = sizeof numbers;

    if (getsockopt((int)io->native, rule->level, rule->name, numbers, &size) != 0)
        return fail(FIRTH_OPTION_RECEIVE_DROPS, rule->get_step);
    if (size < (DROPS + 1) * sizeof numbers[0])
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, firth_option_step(FIRTH_OPTION_RECEIVE_DROPS));
    *value = numbers[DROPS] < INT_MAX ? (int)numbers[DROPS] : INT_MAX;
    return FIRTH_OK;
}

int fth_native_get_option(const firth_io *io, firth_option option, int *value)
{
    const struct rule *rule = &rules[option];
    socklen_t size = sizeof *value;

    if ((io->state & FTH_IPV6) != 0 && ipv6_rules[option].set_step != NULL)
        rule = &ipv6_rules[option];
    /* Linux tells it as an address, which names no interface that was set by its index. */
    if (rule->set_step == NULL || rule == &rules[FIRTH_OPTION_MULTICAST_INTERFACE])
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, firth_option_step(option));
    if (option == FIRTH_OPTION_RECEIVE_DROPS)
        return get_drops(io, rule, value);
    if (getsockopt((int)io->native, rule->level, rule->name, value, &size) != 0)
        return fail(option, rule->get_step);
    *value = option == FIRTH_OPTION_DONT_FRAGMENT ? *value == IP_PMTUDISC_DO : *value / rule->told_factor;
    return FIRTH_OK;
}
