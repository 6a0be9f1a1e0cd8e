/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/conformance/ops.h"

#include <stddef.h>

/* ---- ops --------------------------------------------------------------------------------------------------------- */

static bool is_reading(const kit_op *op)
{
    return op->op.kind == FIRTH_OP_WAIT_READABLE || op->op.kind == FIRTH_OP_ACCEPT || op->op.kind == FIRTH_OP_RECEIVE ||
           op->op.kind == FIRTH_OP_RECEIVE_DATAGRAMS;
}

static kit_op **side_of(const kit_op *op)
{
    return is_reading(op) ? &op->at->reading : &op->at->writing;
}

static void op_ended(firth_op *op)
{
    kit_op *this = (kit_op *)(void *)((char *)op - offsetof(kit_op, op));

    this->pending = false;
    *side_of(this) = NULL;
    fth_kit_tell(&this->ended);
}

kit_op *fth_kit_op(kit_io *io, firth_op_kind kind)
{
    kit_op *this = fth_kit_keep(sizeof *this);

    this->at = io;
    this->op.kind = (uint8_t)kind;
    this->op.io = &io->io;
    this->op.done = op_ended;
    return this;
}

kit_op *fth_kit_transfer(kit_io *io, firth_op_kind kind, void *bytes, size_t size)
{
    kit_op *this = fth_kit_op(io, kind);

    /* A body may leave while the op is pending: what it receives lands in memory that outlives the frame. */
    if (kind == FIRTH_OP_RECEIVE) {
        this->destination = bytes;
        bytes = fth_kit_keep(size);
    }
    this->pieces[0] = (firth_buffer){bytes, size};
    this->op.with.pieces = this->pieces;
    this->op.piece_count = 1;
    return this;
}

kit_op *fth_kit_op_connect(kit_io *io, const firth_address *address)
{
    kit_op *this = fth_kit_op(io, FIRTH_OP_CONNECT);

    this->address = *address;
    this->op.with.address = &this->address;
    return this;
}

kit_op *fth_kit_op_accept(kit_io *server, kit_io *accepted)
{
    kit_op *this = fth_kit_op(server, FIRTH_OP_ACCEPT);

    this->op.with.accepted = &accepted->io;
    return this;
}

bool fth_kit_submit(kit_op *op)
{
    op->op.state = FIRTH_SUBMIT_PENDING;
    op->op.os_code = 0;
    op->op.step = NULL;
    op->pending = true;
    *side_of(op) = op;
    if (fth_kit_table()->submit(&op->op) == FIRTH_SUBMIT_PENDING)
        return true;
    op->op.state = FIRTH_SUBMIT_DONE;
    op_ended(&op->op);
    return false;
}

int fth_kit_pend(kit_op *op)
{
    if (fth_kit_submit(op))
        return FIRTH_OK;
    return op->op.result < 0 ? (int)op->op.result
                             : fth_kit_untrue(__FILE__, __LINE__, "an op that has to wait is left pending");
}

void fth_kit_op_cancel(kit_op *op)
{
    if (op->op.state == FIRTH_SUBMIT_PENDING)
        fth_kit_table()->cancel(&op->op);
}

static int64_t deliver(const kit_op *op)
{
    if (op->destination != NULL && op->op.result > 0)
        memcpy(op->destination, op->pieces[0].bytes, (size_t)op->op.result);
    return op->op.result;
}

int64_t fth_kit_result(kit_op *op)
{
    int rc = fth_kit_await(&op->ended);

    return rc < 0 ? rc : deliver(op);
}

int64_t fth_kit_do(kit_op *op)
{
    (void)fth_kit_submit(op);
    return fth_kit_result(op);
}

int64_t fth_kit_receive(kit_io *io, void *bytes, size_t size)
{
    return fth_kit_do(fth_kit_transfer(io, FIRTH_OP_RECEIVE, bytes, size));
}

static int64_t transfer_all(kit_io *io, firth_op_kind kind, uint8_t *bytes, size_t size)
{
    size_t done = 0;

    while (done < size) {
        int64_t n = fth_kit_do(fth_kit_transfer(io, kind, bytes + done, size - done));

        if (n <= 0)
            return n;
        done += (size_t)n;
    }
    return (int64_t)done;
}

int64_t fth_kit_receive_all(kit_io *io, void *bytes, size_t size)
{
    return transfer_all(io, FIRTH_OP_RECEIVE, bytes, size);
}

int64_t fth_kit_send(kit_io *io, const void *bytes, size_t size)
{
    return transfer_all(io, FIRTH_OP_SEND, (uint8_t *)(uintptr_t)bytes, size);
}

int64_t fth_kit_try(kit_io *io, firth_op_kind kind, void *bytes, size_t size)
{
    kit_op *this = fth_kit_transfer(io, kind, bytes, size);

    this->op.attempt_only = true;
    (void)fth_kit_submit(this);
    return deliver(this);
}

/* ---- ios --------------------------------------------------------------------------------------------------------- */

static void end_op(kit_op *op)
{
    if (op == NULL)
        return;
    fth_kit_op_cancel(op);
    (void)fth_kit_await(&op->ended);
}

/* In a shield: an op has to end before its io may go, whatever is cancelled. */
static void clean_up(void *argument)
{
    const firth_scope_options shielded = {.shield = true, .name = "clean-up"};
    kit_io *this = argument;
    firth_scope shield;

    firth_scope_open(&shield, firth_scope_current(), &shielded);
    end_op(this->reading);
    end_op(this->writing);
    (void)!firth_scope_close(&shield, FIRTH_OK);
    if (this->io.native != -1)
        fth_kit_table()->socket_close(&this->io, FIRTH_CLOSE_RESET);
    this->io.native = -1;
}

kit_io *fth_kit_io(firth_scope *scope)
{
    kit_io *this = fth_kit_keep(sizeof *this);

    this->io.selector = firth_scope_selector(scope);
    this->io.native = -1;
    this->scope = scope;
    firth_scope_own(scope, &this->cleanup, clean_up, this);
    return this;
}

void fth_kit_io_close(kit_io *io, firth_close_how how)
{
    fth_kit_table()->socket_close(&io->io, how);
    memset(&io->io, 0, sizeof io->io);
    io->io.native = -1;
    io->io.selector = firth_scope_selector(io->scope);
}

static int open_io(kit_io *io)
{
    int rc = fth_kit_table()->socket_open(&io->io, FIRTH_FAMILY_IPV4);

    if (rc < 0)
        io->io.native = -1;
    return rc;
}

int fth_kit_io_listen(firth_scope *scope, kit_io **server, firth_address *address)
{
    const firth_backend *table = fth_kit_table();

    *server = fth_kit_io(scope);
    TRY(open_io(*server));
    TRY(firth_address_make(address, "127.0.0.1", 0));
    TRY(table->bind(&(*server)->io, address));
    TRY(table->listen(&(*server)->io, 0));
    TRY(table->local_address(&(*server)->io, address));
    return FIRTH_OK;
}

int fth_kit_io_pair(firth_scope *scope, kit_io **a, kit_io **b)
{
    firth_address address;
    kit_io *server;

    TRY(fth_kit_io_listen(scope, &server, &address));
    *a = fth_kit_io(scope);
    *b = fth_kit_io(scope);
    TRY(open_io(*a));
    TRY(fth_kit_do(fth_kit_op_connect(*a, &address)));
    TRY(fth_kit_do(fth_kit_op_accept(server, *b)));
    fth_kit_io_close(server, FIRTH_CLOSE_NORMAL);
    return FIRTH_OK;
}
