/* SPDX-License-Identifier: Apache-2.0 */
/* Bugs in the slots around the ops. */
#include "tests/planted/planted.h"

#include <unistd.h>

static void slot_close(firth_selector *selector)
{
    if (planted == PLANTED_MEMORY_LEAKED)
        (void)firth_selector_allocate(selector, 100);
    planted_forget_late();
    planted_real->close(selector);
}

static void slot_socket_close(firth_io *io, firth_close_how how)
{
    planted_note_ended(io, how == FIRTH_CLOSE_RESET);
    planted_forget(io);
    if (planted == PLANTED_DESCRIPTOR_LEAKED)
        (void)!dup((int)io->native);
    planted_real->socket_close(io, planted == PLANTED_CLOSE_DROPS ? FIRTH_CLOSE_RESET : how);
}

static int slot_shutdown_write(firth_io *io)
{
    planted_note_ended(io, false);
    return planted == PLANTED_SHUTDOWN_IGNORED ? FIRTH_OK : planted_real->shutdown_write(io);
}

static int slot_set_option(firth_io *io, firth_option option, int value)
{
    if (planted == PLANTED_OPTION_IGNORED && option == FIRTH_OPTION_KEEP_ALIVE_COUNT)
        return FIRTH_OK;
    if (planted == PLANTED_BUFFER_IGNORED && option == FIRTH_OPTION_RECEIVE_BUFFER_BYTES)
        return FIRTH_OK;
    if (planted == PLANTED_CLASS_CUT && option == FIRTH_OPTION_TRAFFIC_CLASS)
        value &= ~3;
    return planted_real->set_option(io, option, value);
}

static int slot_peer_address(const firth_io *io, firth_address *address)
{
    return planted == PLANTED_WRONG_ADDRESS ? planted_real->local_address(io, address)
                                            : planted_real->peer_address(io, address);
}

static int slot_bind(firth_io *io, const firth_address *address)
{
    int rc = planted_real->bind(io, address);

    if (rc == FIRTH_ERR_ADDRESS_IN_USE && planted == PLANTED_FAILURE_UNTOLD)
        (void)firth_fail(FIRTH_ERR_SYSTEM, 0, "of another call");
    return rc;
}

void planted_slots_fill(firth_backend *table)
{
    *table = *planted_real;
    table->close = slot_close;
    table->socket_close = slot_socket_close;
    table->shutdown_write = slot_shutdown_write;
    table->set_option = slot_set_option;
    table->peer_address = slot_peer_address;
    table->bind = slot_bind;
}
