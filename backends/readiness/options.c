/* SPDX-License-Identifier: Apache-2.0 */
/* Options by intent: what each is called here, what it takes, in one table. */
#include "backends/readiness/options.h"

#include <sys/types.h> /* first: see address.h */

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include "backends/readiness/datagram.h"
#include "backends/readiness/descriptors.h"

/* Names that some BSDs have not: OpenBSD times keep-alives for all sockets alike, and nobody but FreeBSD and macOS has
 * IPv4's of fragments and ECN. */
enum { FTH_NO_OPTION = -1 };
#ifndef __linux__
#ifndef TCP_KEEPIDLE
#define TCP_KEEPIDLE FTH_NO_OPTION
#endif
#ifndef TCP_KEEPINTVL
#define TCP_KEEPINTVL FTH_NO_OPTION
#endif
#ifndef TCP_KEEPCNT
#define TCP_KEEPCNT FTH_NO_OPTION
#endif
#ifndef IP_DONTFRAG
#define IP_DONTFRAG FTH_NO_OPTION
#endif
#ifndef IP_RECVTOS
#define IP_RECVTOS FTH_NO_OPTION
#endif
#endif

/* The ECN bits of the traffic class are TCP's own (RFC 3168 §5); Linux leaves them out without a word. */
enum { FTH_ECN_MASK = 3 };

struct rule {
    int level;
    int name;
    int told_factor;
    const char *set_step; /* NULL: not in the table */
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

/* The socket's own, which is IPv6's if that has one; NULL: the system does not have it. */
static const struct rule *rule_of(const firth_io *io, firth_option option)
{
    const struct rule *rule = &rules[option];

    if ((io->state & FTH_IPV6) != 0 && ipv6_rules[option].set_step != NULL)
        rule = &ipv6_rules[option];
    return rule->set_step != NULL && rule->name != FTH_NO_OPTION ? rule : NULL;
}

/* ---- what is not an int that is handed on ------------------------------------------------------------------------ */

static int set_bytes(const firth_io *io, firth_option option, const struct rule *rule, const void *value,
                     socklen_t size)
{
    return setsockopt((int)io->native, rule->level, rule->name, value, size) == 0 ? FIRTH_OK
                                                                                  : fail(option, rule->set_step);
}

/* IPv4 names an interface by more than its index: ip(7); on NetBSD by an address 0.x.x.x, RFC 1724 §3.3. */
static int set_ipv4_interface(const firth_io *io, const struct rule *rule, int index)
{
#ifdef __NetBSD__
    struct in_addr request = {.s_addr = htonl((uint32_t)index)};
#else
    struct ip_mreqn request = {.imr_ifindex = index};
#endif

    return set_bytes(io, FIRTH_OPTION_MULTICAST_INTERFACE, rule, &request, sizeof request);
}

#ifdef __linux__
/* The same numbers for both families. */
_Static_assert((int)IP_PMTUDISC_DO == IPV6_PMTUDISC_DO && (int)IP_PMTUDISC_DONT == IPV6_PMTUDISC_DONT,
               "ip(7), ipv6(7)");

static int native_value(firth_option option, int value)
{
    if (option != FIRTH_OPTION_DONT_FRAGMENT)
        return value;
    return value != 0 ? IP_PMTUDISC_DO : IP_PMTUDISC_DONT;
}

static int own_value(firth_option option, int value)
{
    return option == FIRTH_OPTION_DONT_FRAGMENT ? value == IP_PMTUDISC_DO : value;
}

static bool is_byte(const struct rule *rule)
{
    (void)rule;
    return false;
}
#else
static int native_value(firth_option option, int value)
{
    (void)option;
    return value;
}

/* A switch that is on may be told as any number but 0. */
static int own_value(firth_option option, int value)
{
    switch (option) {
    case FIRTH_OPTION_REUSE_ADDRESS:
    case FIRTH_OPTION_REUSE_PORT:
    case FIRTH_OPTION_IPV6_ONLY:
    case FIRTH_OPTION_NO_DELAY:
    case FIRTH_OPTION_KEEP_ALIVE:
    case FIRTH_OPTION_BROADCAST:
    case FIRTH_OPTION_DONT_FRAGMENT:
    case FIRTH_OPTION_PACKET_INFO:
    case FIRTH_OPTION_RECEIVE_HOP_LIMIT:
    case FIRTH_OPTION_RECEIVE_ECN:
        return value != 0;
    default:
        return value;
    }
}

/* As in 4.4BSD; OpenBSD takes nothing else, the others an int too. */
static bool is_byte(const struct rule *rule)
{
    return rule == &rules[FIRTH_OPTION_MULTICAST_LOOP] || rule == &rules[FIRTH_OPTION_MULTICAST_HOP_LIMIT];
}
#endif

/* ---- setting ----------------------------------------------------------------------------------------------------- */

static int set(const firth_io *io, firth_option option, const struct rule *rule, int value)
{
    const uint8_t byte = (uint8_t)value;
    int rc;

    if (rule == &rules[FIRTH_OPTION_MULTICAST_INTERFACE])
        return set_ipv4_interface(io, rule, value);
    if (is_byte(rule))
        return set_bytes(io, option, rule, &byte, sizeof byte);
    value = native_value(option, value);
    rc = set_bytes(io, option, rule, &value, sizeof value);
#ifndef FTH_HAS_PKTINFO
    if (rc >= 0 && rule == &rules[FIRTH_OPTION_PACKET_INFO] &&
        setsockopt((int)io->native, IPPROTO_IP, IP_RECVIF, &value, sizeof value) != 0)
        rc = fail(option, "setsockopt(IP_RECVIF)");
#endif
    return rc;
}

/* An IPv6 socket may carry IPv4 too (RFC 4038 §4.2), so it gets both; of packet information IPv6's is for both. Linux has
 * IPv4's options on every socket. Others may refuse them on an IPv6 socket (FreeBSD, ip6_ctloutput), which then has them
 * of IPv6 alone. */
static int set_each(const firth_io *io, firth_option option, const struct rule *own, int value)
{
    int rc = set(io, option, own, value);

    if (rc < 0 || own == &rules[option] || option == FIRTH_OPTION_PACKET_INFO)
        return rc;
#ifdef __linux__
    return set(io, option, &rules[option], value);
#else
    if (rules[option].set_step != NULL && rules[option].name != FTH_NO_OPTION)
        (void)set(io, option, &rules[option], value);
    return FIRTH_OK;
#endif
}

/* What the reactor must know of it. */
static void note(firth_io *io, firth_option option, int value)
{
    if (option == FIRTH_OPTION_COALESCE)
        io->state = (io->state & ~(uint32_t)FTH_COALESCES) | (value != 0 ? (unsigned)FTH_COALESCES : 0u);
    else if (option == FIRTH_OPTION_TRAFFIC_CLASS)
        fth_reactor_of(io)->slots[io->slot].of.datagrams.traffic_class = (uint8_t)value;
}

int fth_native_set_option(firth_io *io, firth_option option, int value)
{
    const struct rule *own = rule_of(io, option);
    int rc;

#ifdef __OpenBSD__ /* its IPv6 sockets take no IPv4, and say EINVAL to whoever asks them to (ip6(4)) */
    if (option == FIRTH_OPTION_IPV6_ONLY && value == 0)
        return FIRTH_OK;
#endif
    if (own == NULL)
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, firth_option_step(option));
    if (option == FIRTH_OPTION_TRAFFIC_CLASS && (value & FTH_ECN_MASK) != 0 && (io->state & FTH_DATAGRAMS) == 0)
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, firth_option_step(option));
    rc = set_each(io, option, own, value);
    if (rc >= 0)
        note(io, option, value);
    return rc;
}

/* ---- getting ----------------------------------------------------------------------------------------------------- */

#ifdef __linux__
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

/* A socket that has a peer and no route any more, since some options drop it, as IP_TOS does: connecting to the same peer
 * finds it again, as the next send would. Nothing else is changed by that. Test:
 * path_mtu_is_known_after_an_option_that_drops_the_route. */
static bool find_route_again(const firth_io *io)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;

    return errno == ENOTCONN && fth_getpeername((int)io->native, (struct sockaddr *)&peer, &size) == 0 &&
           connect((int)io->native, (const struct sockaddr *)&peer, size) == 0;
}
#endif

int fth_native_get_option(const firth_io *io, firth_option option, int *value)
{
    const struct rule *rule = rule_of(io, option);
    uint8_t byte;
    socklen_t size = sizeof *value, byte_size = sizeof byte;
    int rc;

    /* It is told as an address, which names no interface that was set by its index. */
    if (rule == NULL || rule == &rules[FIRTH_OPTION_MULTICAST_INTERFACE])
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, firth_option_step(option));
#ifdef __linux__
    if (option == FIRTH_OPTION_RECEIVE_DROPS)
        return get_drops(io, rule, value);
#endif
    if (is_byte(rule)) {
        rc = getsockopt((int)io->native, rule->level, rule->name, &byte, &byte_size);
        *value = rc == 0 ? byte : 0;
    } else {
        rc = getsockopt((int)io->native, rule->level, rule->name, value, &size);
#ifdef __linux__
        if (rc != 0 && option == FIRTH_OPTION_PATH_MTU_BYTES && find_route_again(io))
            rc = getsockopt((int)io->native, rule->level, rule->name, value, &size);
#endif
    }
    if (rc != 0)
        return fail(option, rule->get_step);
    *value = own_value(option, *value / rule->told_factor);
    return FIRTH_OK;
}
