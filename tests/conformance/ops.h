/* SPDX-License-Identifier: Apache-2.0 */
/* Ops submitted by hand: the kit in the place of core's sockets. */
#ifndef FTH_KIT_OPS_H
#define FTH_KIT_OPS_H

#include "tests/conformance/peers.h"

typedef struct kit_op {
    firth_op op;
    struct kit_io *at;
    kit_event ended;
    bool pending;
    firth_address address;
    void *destination; /* of a receive's bytes, once the body has asked for its result */
    firth_buffer pieces[FIRTH_OP_PIECES_MAX];
} kit_op;

typedef struct kit_io {
    firth_io io;
    kit_op *reading, *writing; /* pending */
    firth_cleanup cleanup;
    firth_scope *scope;
} kit_io;

/* An io without a socket, that the scope cleans up: ops are cancelled, the socket is reset. */
kit_io *fth_kit_io(firth_scope *scope);

/* A listening one on IPv4 loopback, and its address; a connected pair. */
int fth_kit_io_listen(firth_scope *scope, kit_io **server, firth_address *address);
int fth_kit_io_pair(firth_scope *scope, kit_io **a, kit_io **b);

/* Closes the socket at once; no op is pending. */
void fth_kit_io_close(kit_io *io, firth_close_how how);

/* An op ready to be filled in. */
kit_op *fth_kit_op(kit_io *io, firth_op_kind kind);

/* The same with one piece, and with the address or the io that a connect or accept takes. */
kit_op *fth_kit_transfer(kit_io *io, firth_op_kind kind, void *bytes, size_t size);
kit_op *fth_kit_op_connect(kit_io *io, const firth_address *address);
kit_op *fth_kit_op_accept(kit_io *server, kit_io *accepted);

/* Submits it. True: it is pending. */
bool fth_kit_submit(kit_op *op);

/* Submits an op that has to wait. FIRTH_OK when it is pending; what it came to if that is an error. */
int fth_kit_pend(kit_op *op);

/* Asks it to end, if it is pending. */
void fth_kit_op_cancel(kit_op *op);

/* Waits for its end and returns its result; FIRTH_ERR_CANCELED also when the case itself is. */
int64_t fth_kit_result(kit_op *op);

/* Submits and waits. */
int64_t fth_kit_do(kit_op *op);

/* One receive; all the bytes there are to be, in as many receives or sends as it takes: short ones are nobody's fault.
 * The latter return size, or what the last op came to. */
int64_t fth_kit_receive(kit_io *io, void *bytes, size_t size);
int64_t fth_kit_receive_all(kit_io *io, void *bytes, size_t size);
int64_t fth_kit_send(kit_io *io, const void *bytes, size_t size);

/* One attempt at a transfer of one piece. */
int64_t fth_kit_try(kit_io *io, firth_op_kind kind, void *bytes, size_t size);

#endif
