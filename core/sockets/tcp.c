/* SPDX-License-Identifier: Apache-2.0 */
/* The TCP builder: defaults, checks, options. */
#include "core/sockets/tcp.h"
#include "core/selector/selector.h"
#include "core/sockets/options.h"
#include "core/sockets/socket.h"
#include <string.h>

void firth_tcp_init(firth_tcp_builder *tcp, firth_selector *selector, size_t struct_bytes)
{
    const firth_tcp_builder defaults = {
        .struct_bytes = struct_bytes,
        .selector = selector,
        .no_delay = true,
        .traffic_class = -1,
        .linger_ms = 5000,
        .connect_timeout_ms = 30000,
        .attempt_delay_ms = 250,
        .reuse_address = true,
        .handshakes_max = 256,
    };

    memset(tcp, 0, struct_bytes);
    memcpy(tcp, &defaults, struct_bytes < sizeof defaults ? struct_bytes : sizeof defaults);
}

static int check(const firth_tcp_builder *tcp)
{
    static const fth_field fields[] = {
        FTH_FIELD(firth_tcp_builder, keep_alive_idle_s, 0, INT16_MAX),
        FTH_FIELD(firth_tcp_builder, keep_alive_interval_s, 0, INT16_MAX),
        FTH_FIELD(firth_tcp_builder, keep_alive_count, 0, INT16_MAX),
        FTH_FIELD(firth_tcp_builder, send_buffer_bytes, 0, INT16_MAX),
        FTH_FIELD(firth_tcp_builder, receive_buffer_bytes, 0, INT16_MAX),
        FTH_FIELD(firth_tcp_builder, traffic_class, -1, 255),
        FTH_FIELD(firth_tcp_builder, linger_ms, 0, INT16_MAX),
        FTH_FIELD(firth_tcp_builder, read_idle_ms, 0, INT16_MAX),
        FTH_FIELD(firth_tcp_builder, write_idle_ms, 0, INT16_MAX),
        FTH_FIELD(firth_tcp_builder, connect_timeout_ms, 0, INT16_MAX),
        FTH_FIELD(firth_tcp_builder, attempt_delay_ms, 10, INT16_MAX),
        FTH_FIELD(firth_tcp_builder, backlog, 0, INT16_MAX),
        FTH_FIELD(firth_tcp_builder, handshakes_max, 1, INT16_MAX),
    };
    int rc = fth_fields_check(tcp, tcp->selector, fields, sizeof fields / sizeof fields[0]);

#if !FIRTH_HAS_TLS
    if (rc >= 0 && tcp->tls != NULL)
        rc = firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, "option tls");
#endif
    return rc;
}

int fth_tcp_read(firth_tcp_builder *full, const firth_tcp_builder *given)
{
    if (given == NULL || given->struct_bytes < offsetof(firth_tcp_builder, auto_flush))
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "option struct_bytes");
    firth_tcp_init(full, given->selector, sizeof *full);
    memcpy(full, given, given->struct_bytes < sizeof *full ? given->struct_bytes : sizeof *full);
    full->struct_bytes = sizeof *full;
    return check(full);
}

/* What each option is in the builder, when it is set, and on which kind of socket. value: -1 leaves it to the system. */
typedef struct setting {
    firth_option option;
    unsigned roles;
    int value;
} setting;

enum { EVERY_ROLE = FTH_TCP_CONNECT | FTH_TCP_LISTEN | FTH_TCP_ACCEPTED | FTH_TCP_ADOPTED };

int fth_tcp_apply(const firth_tcp_builder *tcp, firth_io *io, firth_family family, fth_tcp_role role)
{
    const setting settings[] = {
        {FIRTH_OPTION_REUSE_ADDRESS, FTH_TCP_LISTEN, tcp->reuse_address ? 1 : -1},
        {FIRTH_OPTION_REUSE_ADDRESS, FTH_TCP_CONNECT, tcp->reuse_address && tcp->local_address != NULL ? 1 : -1},
        {FIRTH_OPTION_REUSE_PORT, FTH_TCP_LISTEN | FTH_TCP_CONNECT, tcp->reuse_port ? 1 : -1},
        {FIRTH_OPTION_IPV6_ONLY, FTH_TCP_LISTEN, family == FIRTH_FAMILY_IPV6 ? tcp->ipv6_only : -1},
        {FIRTH_OPTION_NO_DELAY, EVERY_ROLE,
         tcp->no_delay             ? 1
         : role == FTH_TCP_ADOPTED ? 0
                                   : -1},
        {FIRTH_OPTION_KEEP_ALIVE, EVERY_ROLE, tcp->keep_alive ? 1 : -1},
        {FIRTH_OPTION_KEEP_ALIVE_IDLE_S, EVERY_ROLE, tcp->keep_alive_idle_s > 0 ? tcp->keep_alive_idle_s : -1},
        {FIRTH_OPTION_KEEP_ALIVE_INTERVAL_S, EVERY_ROLE,
         tcp->keep_alive_interval_s > 0 ? tcp->keep_alive_interval_s : -1},
        {FIRTH_OPTION_KEEP_ALIVE_COUNT, EVERY_ROLE, tcp->keep_alive_count > 0 ? tcp->keep_alive_count : -1},
        {FIRTH_OPTION_SEND_BUFFER_BYTES, EVERY_ROLE, tcp->send_buffer_bytes > 0 ? tcp->send_buffer_bytes : -1},
        {FIRTH_OPTION_RECEIVE_BUFFER_BYTES, EVERY_ROLE, tcp->receive_buffer_bytes > 0 ? tcp->receive_buffer_bytes : -1},
        {FIRTH_OPTION_TRAFFIC_CLASS, EVERY_ROLE, tcp->traffic_class},
    };
    size_t i;
    int rc = FIRTH_OK;

    for (i = 0; i < sizeof settings / sizeof settings[0] && rc >= 0; i++)
        if ((settings[i].roles & (unsigned)role) != 0 && settings[i].value >= 0)
            rc = fth_option_set(io, FTH_TCP, settings[i].option, settings[i].value);
    return rc;
}

int firth_tcp_adopt_at(const firth_tcp_builder *tcp, intptr_t descriptor, firth_socket **socket, const char *place)
{
    firth_tcp_builder full = {.selector = NULL};
    firth_socket *made;
    firth_address peer = {.family = FIRTH_FAMILY_NONE};
    intptr_t ignored;
    int rc = fth_tcp_read(&full, tcp);

    *socket = NULL;
    if (rc < 0 || full.selector == NULL)
        return rc;
    fth_selector_assert_thread(full.selector);
    if ((full.selector->backend->capabilities & FIRTH_CAN_ADOPT) == 0)
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, "firth_tcp_adopt");
    /* A handshake suspends, which adopting does not: firth_tls_start is for that. */
    if (full.tls != NULL)
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, "option tls");
    made = fth_socket_new(full.selector);
    if (made == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "firth_tcp_adopt");
    rc = full.selector->backend->adopt(&made->io, descriptor);
    if (rc >= 0) {
        rc = full.selector->backend->peer_address(&made->io, &peer);
        if (rc >= 0)
            rc = fth_tcp_apply(&full, &made->io, (firth_family)peer.family, FTH_TCP_ADOPTED);
        if (rc < 0)
            (void)full.selector->backend->release(&made->io, &ignored);
    }
    made->io.native = rc < 0 ? -1 : made->io.native;
    if (rc < 0) {
        fth_socket_discard(made);
        return rc;
    }
    fth_socket_start(made, &full, place);
    *socket = made;
    return FIRTH_OK;
}
