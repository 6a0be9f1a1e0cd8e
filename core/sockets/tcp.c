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
        rc = firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, FTH_OPTION("tls"));
#endif
    return rc;
}

int fth_tcp_read(firth_tcp_builder *full, const firth_tcp_builder *given)
{
    if (given == NULL || given->struct_bytes < offsetof(firth_tcp_builder, auto_flush))
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, FTH_OPTION("struct_bytes"));
    firth_tcp_init(full, given->selector, sizeof *full);
    memcpy(full, given, given->struct_bytes < sizeof *full ? given->struct_bytes : sizeof *full);
    full->struct_bytes = sizeof *full;
    return check(full);
}

/* More of when an option is set: an address to connect from was given; the listener is of IPv6. */
enum {
    EVERY_ROLE = FTH_TCP_CONNECT | FTH_TCP_LISTEN | FTH_TCP_ACCEPTED | FTH_TCP_ADOPTED,
    FROM_ADDRESS = 16,
    LISTENS_IPV6 = 32
};

_Static_assert((EVERY_ROLE & (FROM_ADDRESS | LISTENS_IPV6)) == 0, "bits of their own");

int fth_tcp_apply(const firth_tcp_builder *tcp, firth_io *io, firth_family family, fth_tcp_role role)
{
    static const fth_setting settings[] = {
        FTH_SETTING(firth_tcp_builder, reuse_address, REUSE_ADDRESS, FTH_TCP_LISTEN | FROM_ADDRESS, 0),
        FTH_SETTING(firth_tcp_builder, reuse_port, REUSE_PORT, FTH_TCP_LISTEN | FTH_TCP_CONNECT, 0),
        FTH_SETTING(firth_tcp_builder, ipv6_only, IPV6_ONLY, LISTENS_IPV6, -1),
        FTH_SETTING(firth_tcp_builder, no_delay, NO_DELAY, FTH_TCP_LISTEN | FTH_TCP_CONNECT | FTH_TCP_ACCEPTED, 0),
        FTH_SETTING(firth_tcp_builder, no_delay, NO_DELAY, FTH_TCP_ADOPTED, -1),
        FTH_SETTING(firth_tcp_builder, keep_alive, KEEP_ALIVE, EVERY_ROLE, 0),
        FTH_SETTING(firth_tcp_builder, keep_alive_idle_s, KEEP_ALIVE_IDLE_S, EVERY_ROLE, 0),
        FTH_SETTING(firth_tcp_builder, keep_alive_interval_s, KEEP_ALIVE_INTERVAL_S, EVERY_ROLE, 0),
        FTH_SETTING(firth_tcp_builder, keep_alive_count, KEEP_ALIVE_COUNT, EVERY_ROLE, 0),
        FTH_SETTING(firth_tcp_builder, send_buffer_bytes, SEND_BUFFER_BYTES, EVERY_ROLE, 0),
        FTH_SETTING(firth_tcp_builder, receive_buffer_bytes, RECEIVE_BUFFER_BYTES, EVERY_ROLE, 0),
        FTH_SETTING(firth_tcp_builder, traffic_class, TRAFFIC_CLASS, EVERY_ROLE, -1),
    };
    unsigned where = role;

    if (role == FTH_TCP_CONNECT && tcp->local_address != NULL)
        where |= FROM_ADDRESS;
    if (role == FTH_TCP_LISTEN && family == FIRTH_FAMILY_IPV6)
        where |= LISTENS_IPV6;
    return fth_settings_apply(io, FTH_TCP, tcp, settings, sizeof settings / sizeof settings[0], where);
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
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, FTH_OPTION("tls"));
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
