/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a datagram socket, and its small calls. */
#include "core/sockets/datagram.h"
#include "core/base/list.h"
#include <string.h>

static void abandon(fth_opened *opened)
{
    firth_datagram_socket_close(FTH_CONTAINER(opened, firth_datagram_socket, opened));
}

static const fth_opened_kind datagram_socket_kind = {.name = "datagram socket", .abandon = abandon};

firth_datagram_socket *fth_datagram_socket_new(firth_selector *selector)
{
    firth_datagram_socket *socket = firth_selector_allocate(selector, sizeof *socket);

    if (socket != NULL) {
        socket->io.selector = selector;
        socket->io.native = -1;
    }
    return socket;
}

static void close_io(firth_datagram_socket *socket)
{
    if (socket->io.native != -1 && socket->closing != NULL)
        socket->closing(socket);
    if (socket->io.native != -1)
        socket->io.selector->backend->socket_close(&socket->io, FIRTH_CLOSE_NORMAL);
    socket->io.native = -1;
}

void fth_datagram_socket_discard(firth_datagram_socket *socket)
{
    firth_failure why = *firth_last_failure();

    close_io(socket);
    firth_selector_release(socket->io.selector, socket);
    (void)firth_fail(why.code, why.os_code, why.step);
}

void fth_datagram_socket_start(firth_datagram_socket *socket, const char *place)
{
    fth_opened_add(&socket->io.selector->opened, &socket->opened, &datagram_socket_kind, place);
}

/* ---- close ------------------------------------------------------------------------------------------------------- */

static bool is_at_work(const fth_datagram_side *side)
{
    return side->op != NULL && side->op->state != FIRTH_SUBMIT_DONE;
}

void fth_datagram_socket_settle(firth_datagram_socket *socket)
{
    /* The port is free at once where the backend has let go of the ops already. */
    if (!is_at_work(&socket->receiving) && !is_at_work(&socket->sending))
        close_io(socket);
    if (socket->receiving.task == NULL && socket->sending.task == NULL)
        fth_selector_bury(socket->io.selector, socket);
}

static void disown(firth_datagram_socket *socket)
{
    if (socket->owner != NULL)
        firth_scope_disown(socket->owner, &socket->cleanup);
    socket->owner = NULL;
}

void firth_datagram_socket_close(firth_datagram_socket *socket)
{
    if (socket == NULL || fth_datagram_socket_check(socket) < 0)
        return;
    disown(socket);
    socket->closed = true;
    fth_opened_remove(&socket->opened);
    if (socket->receiving.task != NULL)
        fth_task_interrupt(socket->receiving.task);
    if (socket->sending.task != NULL)
        fth_task_interrupt(socket->sending.task);
    fth_datagram_socket_settle(socket);
}

static void close_owned(void *argument)
{
    firth_datagram_socket *socket = argument;

    socket->owner = NULL;
    firth_datagram_socket_close(socket);
}

void firth_scope_own_datagram_socket(firth_scope *scope, firth_datagram_socket *socket)
{
    if (fth_datagram_socket_check(socket) < 0)
        return;
    disown(socket);
    socket->owner = scope;
    firth_scope_own(scope, &socket->cleanup, close_owned, socket);
}

/* ---- groups ------------------------------------------------------------------------------------------------------ */

/* 224.0.0.0/4 (RFC 5771) and ff00::/8 (RFC 4291 §2.7). */
static bool is_group(const firth_address *address)
{
    return address->family == FIRTH_FAMILY_IPV4 ? (address->ip[0] & 0xf0) == 0xe0
                                                : address->family == FIRTH_FAMILY_IPV6 && address->ip[0] == 0xff;
}

static int change_membership(firth_datagram_socket *socket, firth_membership membership, const firth_address *group,
                             uint32_t interface_index, const firth_address *source)
{
    int rc = fth_datagram_socket_check(socket);

    if (rc < 0)
        return rc;
    if (group == NULL || !is_group(group) || (source != NULL && (source->family != group->family || is_group(source))))
        return firth_fail(FIRTH_ERR_ADDRESS_INVALID, 0, "multicast group");
    return socket->io.selector->backend->multicast(&socket->io, membership, group, interface_index, source);
}

int firth_multicast_join(firth_datagram_socket *socket, const firth_address *group, uint32_t interface_index,
                         const firth_address *source)
{
    return change_membership(socket, FIRTH_MEMBERSHIP_JOIN, group, interface_index, source);
}

int firth_multicast_leave(firth_datagram_socket *socket, const firth_address *group, uint32_t interface_index,
                          const firth_address *source)
{
    return change_membership(socket, FIRTH_MEMBERSHIP_LEAVE, group, interface_index, source);
}

/* ---- small calls ------------------------------------------------------------------------------------------------- */

void firth_datagram_control_init(firth_datagram_control *control, size_t struct_bytes)
{
    const firth_datagram_control none = {.struct_bytes = struct_bytes, .hop_limit = -1, .ecn = -1};

    memset(control, 0, struct_bytes);
    memcpy(control, &none, struct_bytes < sizeof none ? struct_bytes : sizeof none);
}

int firth_datagram_socket_local_address(const firth_datagram_socket *socket, firth_address *address)
{
    int rc = fth_datagram_socket_check(socket);

    return rc < 0 ? rc : socket->io.selector->backend->local_address(&socket->io, address);
}

int firth_datagram_socket_peer_address(const firth_datagram_socket *socket, firth_address *address)
{
    int rc = fth_datagram_socket_check(socket);

    if (rc < 0)
        return rc;
    if (socket->peer.family == FIRTH_FAMILY_NONE)
        return firth_fail(FIRTH_ERR_NOT_CONNECTED, 0, "getpeername");
    *address = socket->peer;
    return FIRTH_OK;
}

int firth_datagram_socket_get_option(const firth_datagram_socket *socket, firth_option option, int *value)
{
    int rc = fth_datagram_socket_check(socket);

    if (rc < 0)
        return rc;
    rc = fth_option_get(&socket->io, FTH_UDP, option, value);
    if (rc == FIRTH_ERR_NOT_SUPPORTED && option == FIRTH_OPTION_MULTICAST_INTERFACE) {
        /* Of IPv4 the systems take an index and tell an address. */
        *value = socket->multicast_interface;
        rc = FIRTH_OK;
    }
    return rc;
}

int firth_datagram_socket_set_option(firth_datagram_socket *socket, firth_option option, int value)
{
    int rc = fth_datagram_socket_check(socket);

    if (rc >= 0)
        rc = fth_option_set(&socket->io, FTH_UDP, option, value);
    if (rc >= 0 && option == FIRTH_OPTION_MULTICAST_INTERFACE)
        socket->multicast_interface = value;
    return rc;
}

intptr_t firth_datagram_socket_descriptor(const firth_datagram_socket *socket)
{
    return fth_datagram_socket_check(socket) < 0 ? -1 : socket->io.native;
}
