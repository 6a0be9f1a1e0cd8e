/* SPDX-License-Identifier: Apache-2.0 */
/* Options of sockets: what each takes, and what it is when nobody sets it, as on Linux. */
#include "backends/sim/world.h"

#include <limits.h>

/* The ECN bits of the traffic class are the transport's own (RFC 3168 §5). */
enum { ECN_MASK = 3, BUFFER_BYTES = 131072 };

static const struct rule {
    int least;
    int most;
    int value;
    const char *name;
} rules[FIRTH_OPTION_COUNT_] = {
    [FIRTH_OPTION_REUSE_ADDRESS] = {0, 1, 0, "option reuse_address"},
    [FIRTH_OPTION_REUSE_PORT] = {0, 1, 0, "option reuse_port"},
    [FIRTH_OPTION_IPV6_ONLY] = {0, 1, 0, "option ipv6_only"},
    [FIRTH_OPTION_NO_DELAY] = {0, 1, 0, "option no_delay"},
    [FIRTH_OPTION_KEEP_ALIVE] = {0, 1, 0, "option keep_alive"},
    [FIRTH_OPTION_KEEP_ALIVE_IDLE_S] = {1, 32767, 7200, "option keep_alive_idle_s"},
    [FIRTH_OPTION_KEEP_ALIVE_INTERVAL_S] = {1, 32767, 75, "option keep_alive_interval_s"},
    [FIRTH_OPTION_KEEP_ALIVE_COUNT] = {1, 127, 9, "option keep_alive_count"},
    [FIRTH_OPTION_SEND_BUFFER_BYTES] = {1, INT_MAX, BUFFER_BYTES, "option send_buffer_bytes"},
    [FIRTH_OPTION_RECEIVE_BUFFER_BYTES] = {1, INT_MAX, BUFFER_BYTES, "option receive_buffer_bytes"},
    [FIRTH_OPTION_TRAFFIC_CLASS] = {0, 255, 0, "option traffic_class"},
};

/* A host's limit stands above what a socket asks for. */
static int within_limit(size_t limit_bytes, int value)
{
    if (limit_bytes == 0)
        return value;
    return limit_bytes < INT_MAX ? (int)limit_bytes : INT_MAX;
}

static int clamp(const fth_sim_socket *socket, firth_option option, int value)
{
    if (option == FIRTH_OPTION_SEND_BUFFER_BYTES)
        return within_limit(socket->host->faults.send_buffer_bytes, value);
    if (option == FIRTH_OPTION_RECEIVE_BUFFER_BYTES)
        return within_limit(socket->host->faults.receive_buffer_bytes, value);
    return value;
}

void fth_sim_options_start(fth_sim_socket *socket)
{
    for (int option = 0; option < FIRTH_OPTION_COUNT_; option++)
        socket->values[option] = clamp(socket, (firth_option)option, rules[option].value);
}

/* Some take effect on a connection that there is. */
static void apply(fth_sim_socket *socket, firth_option option, int value)
{
    fth_sim_end *end = socket->end;

    if (end == NULL)
        return;
    if (option == FIRTH_OPTION_SEND_BUFFER_BYTES)
        end->send_buffer_bytes = (size_t)value;
    else if (option == FIRTH_OPTION_RECEIVE_BUFFER_BYTES)
        end->receive_buffer_bytes = (size_t)value;
    else
        fth_sim_watch_peer(end);
}

int fth_sim_set_option(firth_io *io, firth_option option, int value)
{
    fth_sim_socket *socket = fth_sim_socket_of(io);
    const struct rule *rule;

    if ((unsigned)option >= FIRTH_OPTION_COUNT_)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "option");
    rule = &rules[option];
    if (option == FIRTH_OPTION_IPV6_ONLY && socket->family != FIRTH_FAMILY_IPV6)
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, rule->name);
    if (option == FIRTH_OPTION_TRAFFIC_CLASS && value >= 0 && value <= rule->most && (value & ECN_MASK) != 0)
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, rule->name);
    if (value < rule->least || value > rule->most || (option == FIRTH_OPTION_IPV6_ONLY && socket->is_bound))
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, rule->name);
    socket->values[option] = clamp(socket, option, value);
    apply(socket, option, socket->values[option]);
    return FIRTH_OK;
}

int fth_sim_get_option(const firth_io *io, firth_option option, int *value)
{
    const fth_sim_socket *socket = fth_sim_socket_of(io);

    if ((unsigned)option >= FIRTH_OPTION_COUNT_)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "option");
    if (option == FIRTH_OPTION_IPV6_ONLY && socket->family != FIRTH_FAMILY_IPV6)
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, rules[option].name);
    *value = socket->values[option];
    return FIRTH_OK;
}
