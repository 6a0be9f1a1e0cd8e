/* SPDX-License-Identifier: Apache-2.0 */
/* Options by intent: what each is called here, what it takes, in one table. */
#include "backends/readiness/reactor.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

/* The ECN bits of the traffic class are the transport's own (RFC 3168 §5); Linux leaves them out without a word. */
enum { FTH_ECN_MASK = 3, FTH_CLASS_MAX = 255 };

struct rule {
    int level;
    int name;
    int least; /* what the system does not refuse by itself */
    int most;
    int told_factor; /* the system tells this many times what was asked for (Linux, socket(7): buffers) */
    const char *set_step;
    const char *get_step;
    const char *option;
};

#define RULE(level, name, least, most, told_factor, option)                                                            \
    {                                                                                                                  \
        level, name, least, most, told_factor, "setsockopt(" #name ")", "getsockopt(" #name ")", "option " option      \
    }

static const struct rule rules[FIRTH_OPTION_COUNT_] = {
    [FIRTH_OPTION_REUSE_ADDRESS] = RULE(SOL_SOCKET, SO_REUSEADDR, 0, 1, 1, "reuse_address"),
    [FIRTH_OPTION_REUSE_PORT] = RULE(SOL_SOCKET, SO_REUSEPORT, 0, 1, 1, "reuse_port"),
    [FIRTH_OPTION_IPV6_ONLY] = RULE(IPPROTO_IPV6, IPV6_V6ONLY, 0, 1, 1, "ipv6_only"),
    [FIRTH_OPTION_NO_DELAY] = RULE(IPPROTO_TCP, TCP_NODELAY, 0, 1, 1, "no_delay"),
    [FIRTH_OPTION_KEEP_ALIVE] = RULE(SOL_SOCKET, SO_KEEPALIVE, 0, 1, 1, "keep_alive"),
    [FIRTH_OPTION_KEEP_ALIVE_IDLE_S] = RULE(IPPROTO_TCP, TCP_KEEPIDLE, 1, INT_MAX, 1, "keep_alive_idle_s"),
    [FIRTH_OPTION_KEEP_ALIVE_INTERVAL_S] = RULE(IPPROTO_TCP, TCP_KEEPINTVL, 1, INT_MAX, 1, "keep_alive_interval_s"),
    [FIRTH_OPTION_KEEP_ALIVE_COUNT] = RULE(IPPROTO_TCP, TCP_KEEPCNT, 1, INT_MAX, 1, "keep_alive_count"),
    [FIRTH_OPTION_SEND_BUFFER_BYTES] = RULE(SOL_SOCKET, SO_SNDBUF, 1, INT_MAX, 2, "send_buffer_bytes"),
    [FIRTH_OPTION_RECEIVE_BUFFER_BYTES] = RULE(SOL_SOCKET, SO_RCVBUF, 1, INT_MAX, 2, "receive_buffer_bytes"),
    [FIRTH_OPTION_TRAFFIC_CLASS] = RULE(IPPROTO_IP, IP_TOS, 0, FTH_CLASS_MAX, 1, "traffic_class"),
};

static const struct rule ipv6_traffic_class = RULE(IPPROTO_IPV6, IPV6_TCLASS, 0, FTH_CLASS_MAX, 1, "traffic_class");

/* An option the system does not know is named as the builder names it, any other failure as the manuals do. */
static int fail(const struct rule *rule, const char *step)
{
    int code = fth_errno_code(errno);

    return firth_fail(code, errno, code == FIRTH_ERR_NOT_SUPPORTED ? rule->option : step);
}

static int set(const firth_io *io, const struct rule *rule, int value)
{
    if (setsockopt((int)io->native, rule->level, rule->name, &value, sizeof value) != 0)
        return fail(rule, rule->set_step);
    return FIRTH_OK;
}

int fth_native_set_option(firth_io *io, firth_option option, int value)
{
    const struct rule *rule;
    int rc;

    if ((unsigned)option >= FIRTH_OPTION_COUNT_)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "option");
    rule = &rules[option];
    if (value < rule->least || value > rule->most)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, rule->option);
    if (option == FIRTH_OPTION_TRAFFIC_CLASS) {
        if ((value & FTH_ECN_MASK) != 0)
            return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, rule->option);
        /* An IPv6 socket may carry IPv4 too (RFC 4038 §4.2), so it gets both. */
        if ((io->state & FTH_IPV6) != 0 && (rc = set(io, &ipv6_traffic_class, value)) < 0)
            return rc;
    }
    return set(io, rule, value);
}

int fth_native_get_option(const firth_io *io, firth_option option, int *value)
{
    const struct rule *rule;
    socklen_t size = sizeof *value;

    if ((unsigned)option >= FIRTH_OPTION_COUNT_)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "option");
    rule = &rules[option];
    if (option == FIRTH_OPTION_TRAFFIC_CLASS && (io->state & FTH_IPV6) != 0)
        rule = &ipv6_traffic_class;
    if (getsockopt((int)io->native, rule->level, rule->name, value, &size) != 0)
        return fail(rule, rule->get_step);
    *value /= rule->told_factor;
    return FIRTH_OK;
}
