/* SPDX-License-Identifier: Apache-2.0 */
/* The table of lwIP's network: each slot under lwIP's lock, if there is one. */
#include "backends/lwip/loop.h"
#include "backends/lwip/stack.h"

#if NO_SYS
#define AT(slot) fth_lwip_##slot
#else
#define AT(slot) locked_##slot

/* SLOT(result, slot, parameters, arguments) */
#define SLOT(result, slot, parameters, arguments)                                                                      \
    static result locked_##slot parameters                                                                             \
    {                                                                                                                  \
        result rc;                                                                                                     \
                                                                                                                       \
        fth_lwip_lock();                                                                                               \
        rc = fth_lwip_##slot arguments;                                                                                \
        fth_lwip_unlock();                                                                                             \
        return rc;                                                                                                     \
    }

SLOT(int, socket_open, (firth_io * io, firth_family family), (io, family))
SLOT(int, datagram_open, (firth_io * io, firth_family family), (io, family))
SLOT(int, bind, (firth_io * io, const firth_address *address), (io, address))
SLOT(int, listen, (firth_io * io, int backlog), (io, backlog))
SLOT(int, set_option, (firth_io * io, firth_option option, int value), (io, option, value))
SLOT(int, get_option, (const firth_io *io, firth_option option, int *value), (io, option, value))
SLOT(int, multicast,
     (firth_io * io, firth_membership membership, const firth_address *group, uint32_t interface_index,
      const firth_address *source),
     (io, membership, group, interface_index, source))
SLOT(int, local_address, (const firth_io *io, firth_address *address), (io, address))
SLOT(int, peer_address, (const firth_io *io, firth_address *address), (io, address))
SLOT(int, shutdown_write, (firth_io * io), (io))
SLOT(firth_submit, submit, (firth_op * op), (op))

static void locked_socket_close(firth_io *io, firth_close_how how)
{
    fth_lwip_lock();
    fth_lwip_socket_close(io, how);
    fth_lwip_unlock();
}

static void locked_cancel(firth_op *op)
{
    fth_lwip_lock();
    fth_lwip_cancel(op);
    fth_lwip_unlock();
}

#if LWIP_DNS
SLOT(int, resolve, (firth_selector * selector, firth_name *name), (selector, name))

static void locked_resolve_cancel(firth_selector *selector, firth_name *name)
{
    fth_lwip_lock();
    fth_lwip_resolve_cancel(selector, name);
    fth_lwip_unlock();
}
#endif
#endif

const firth_backend firth_backend_lwip = {
    .name = "lwip",
    .capabilities = FIRTH_CAN_INHERIT | FIRTH_CAN_DATAGRAMS | FIRTH_CAN_BATCH,
    .open = fth_lwip_open,
    .close = fth_lwip_close,
    .socket_open = AT(socket_open),
    .datagram_open = AT(datagram_open),
    .socket_close = AT(socket_close),
    .bind = AT(bind),
    .listen = AT(listen),
    .set_option = AT(set_option),
    .get_option = AT(get_option),
    .multicast = AT(multicast),
    .local_address = AT(local_address),
    .peer_address = AT(peer_address),
    .shutdown_write = AT(shutdown_write),
    .submit = AT(submit),
    .cancel = AT(cancel),
    .poll = fth_lwip_poll,
    .wake = fth_lwip_wake,
#if LWIP_DNS
    .resolve = AT(resolve),
    .resolve_cancel = AT(resolve_cancel),
#endif
};
