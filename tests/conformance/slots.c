/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/conformance/slots.h"

#include "tests/conformance/observer.h"

int fth_kit_slot_result(const char *slot, int rc)
{
    if (rc > FIRTH_OK)
        fth_kit_law("%s returned %d: a slot returns FIRTH_OK or a negative code", slot, rc);
    else if (rc < 0 && (rc == FIRTH_EOF || rc < FIRTH_ERR_SYSTEM))
        fth_kit_law("%s returned %d, which is no code of a failure", slot, rc);
    else if (rc < 0 && firth_last_failure()->code != rc)
        fth_kit_law("%s returned %s and did not tell why by firth_fail", slot, firth_error_name(rc));
    return rc;
}

static int slot_open(firth_selector *selector)
{
    size_t live = fth_kit_allocations_live();
    int rc = fth_kit_slot_result("open", fth_kit_real->open(selector));

    if (rc < 0 && fth_kit_allocations_live() != live)
        fth_kit_law("open failed and left memory behind");
    return rc;
}

static void slot_close(firth_selector *selector)
{
    fth_kit_real->close(selector);
}

/* An io that is open after the call, if and only if it succeeded. */
int fth_kit_slot_opened(const char *slot, const firth_io *io, const firth_selector *selector, int rc)
{
    if (rc >= 0 && (io->native == -1 || io->selector != selector))
        fth_kit_law("%s succeeded and its io is not open", slot);
    return fth_kit_slot_result(slot, rc);
}

static int slot_socket_open(firth_io *io, firth_family family)
{
    const firth_selector *selector = io->selector;

    return fth_kit_slot_opened("socket_open", io, selector, fth_kit_real->socket_open(io, family));
}

static int slot_datagram_open(firth_io *io, firth_family family)
{
    const firth_selector *selector = io->selector;

    return fth_kit_slot_opened("datagram_open", io, selector, fth_kit_real->datagram_open(io, family));
}

static int slot_multicast(firth_io *io, firth_membership membership, const firth_address *group,
                          uint32_t interface_index, const firth_address *source)
{
    return fth_kit_slot_result("multicast", fth_kit_real->multicast(io, membership, group, interface_index, source));
}

static void slot_socket_close(firth_io *io, firth_close_how how)
{
    fth_kit_real->socket_close(io, how);
}

static int slot_adopt(firth_io *io, intptr_t native)
{
    const firth_selector *selector = io->selector;

    return fth_kit_slot_opened("adopt", io, selector, fth_kit_real->adopt(io, native));
}

static int slot_release(firth_io *io, intptr_t *native)
{
    return fth_kit_slot_result("release", fth_kit_real->release(io, native));
}

static int slot_bind(firth_io *io, const firth_address *address)
{
    return fth_kit_slot_result("bind", fth_kit_real->bind(io, address));
}

static int slot_listen(firth_io *io, int backlog)
{
    return fth_kit_slot_result("listen", fth_kit_real->listen(io, backlog));
}

static int slot_set_option(firth_io *io, firth_option option, int value)
{
    return fth_kit_slot_result("set_option", fth_kit_real->set_option(io, option, value));
}

static int slot_get_option(const firth_io *io, firth_option option, int *value)
{
    return fth_kit_slot_result("get_option", fth_kit_real->get_option(io, option, value));
}

static int slot_local_address(const firth_io *io, firth_address *address)
{
    return fth_kit_slot_result("local_address", fth_kit_real->local_address(io, address));
}

static int slot_peer_address(const firth_io *io, firth_address *address)
{
    return fth_kit_slot_result("peer_address", fth_kit_real->peer_address(io, address));
}

static int slot_shutdown_write(firth_io *io)
{
    return fth_kit_slot_result("shutdown_write", fth_kit_real->shutdown_write(io));
}

static int slot_pollable(firth_selector *selector, intptr_t *descriptor)
{
    return fth_kit_slot_result("pollable", fth_kit_real->pollable(selector, descriptor));
}

void fth_kit_slots_fill(firth_backend *table)
{
    *table = *fth_kit_real; /* the name, the capabilities, and what a later version adds */
    table->open = slot_open;
    table->close = slot_close;
    table->socket_open = slot_socket_open;
    table->socket_close = slot_socket_close;
    table->bind = slot_bind;
    table->listen = slot_listen;
    table->set_option = slot_set_option;
    table->get_option = slot_get_option;
    table->local_address = slot_local_address;
    table->peer_address = slot_peer_address;
    table->shutdown_write = slot_shutdown_write;
    table->adopt = fth_kit_real->adopt != NULL ? slot_adopt : NULL;
    table->datagram_open = fth_kit_real->datagram_open != NULL ? slot_datagram_open : NULL;
    table->multicast = fth_kit_real->multicast != NULL ? slot_multicast : NULL;
    table->release = fth_kit_real->release != NULL ? slot_release : NULL;
    table->pollable = fth_kit_real->pollable != NULL ? slot_pollable : NULL;
    table->unix_sockets = fth_kit_slots_unix();
}
