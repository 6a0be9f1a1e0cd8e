/* SPDX-License-Identifier: Apache-2.0 */
/* Options of sockets: what each takes, and what it is when nobody sets it, as on Linux. */
#include "backends/sim/options.h"
#include "backends/sim/world.h"

#include <limits.h>

/* The ECN bits of the traffic class are TCP's own (RFC 3168 §5). */
enum { ECN_MASK = 3 };

static const struct rule {
    bool is_there;
    int most;
    int value;
} rules[FIRTH_OPTION_COUNT_] = {
#define RULE(OPTION, most, value) [FIRTH_OPTION_##OPTION] = {true, most, value},
    FTH_SIM_OPTIONS(RULE)
#undef RULE
};

/* A host's limit stands above what a socket asks for. */
static int within_limit(size_t limit_bytes, int value)
{
    return limit_bytes > 0 && limit_bytes < (size_t)value ? (int)limit_bytes : value;
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

static bool has(const fth_sim_socket *socket, firth_option option)
{
    return rules[option].is_there && (option != FIRTH_OPTION_IPV6_ONLY || socket->family == FIRTH_FAMILY_IPV6);
}

int fth_sim_set_option(firth_io *io, firth_option option, int value)
{
    fth_sim_socket *socket = fth_sim_socket_of(io);

    if (!has(socket, option) ||
        (option == FIRTH_OPTION_TRAFFIC_CLASS && socket->stage != FTH_SIM_DATAGRAMS && (value & ECN_MASK) != 0))
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, firth_option_step(option));
    if (value > rules[option].most || (option == FIRTH_OPTION_IPV6_ONLY && socket->is_bound))
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, firth_option_step(option));
    socket->values[option] = clamp(socket, option, value);
    apply(socket, option, socket->values[option]);
    return FIRTH_OK;
}

int fth_sim_get_option(const firth_io *io, firth_option option, int *value)
{
    const fth_sim_socket *socket = fth_sim_socket_of(io);

    if (!has(socket, option))
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, firth_option_step(option));
    if (option == FIRTH_OPTION_PATH_MTU_BYTES)
        return fth_sim_path_mtu(socket, value);
    if (option == FIRTH_OPTION_RECEIVE_DROPS)
        *value = socket->mail.drops < INT_MAX ? (int)socket->mail.drops : INT_MAX;
    else
        *value = socket->values[option];
    return FIRTH_OK;
}
