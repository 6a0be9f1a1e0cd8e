/* SPDX-License-Identifier: Apache-2.0 */
/* Datagram sockets and ops for the tests of backends: all is the including file's own. */
#ifndef FIRTH_TESTS_BACKENDS_DATAGRAMS_H
#define FIRTH_TESTS_BACKENDS_DATAGRAMS_H

#include <string.h>

#include "tests/backends/host.h"

enum { MOST = FIRTH_OP_DATAGRAMS_MAX, BYTES = 32 };

static const firth_address loopback = {.family = FIRTH_FAMILY_IPV4, .ip = {127, 0, 0, 1}};

/* What the ops of a test point to. */
static firth_datagram out[MOST], in[MOST];
static char in_bytes[MOST][BYTES];

static inline firth_io *opened(firth_address *address)
{
    firth_io *io = host_io();

    assert_int_equal(host_backend()->datagram_open(io, FIRTH_FAMILY_IPV4), FIRTH_OK);
    host_check_flags(io->native);
    assert_int_equal(host_backend()->bind(io, &loopback), FIRTH_OK);
    assert_int_equal(host_backend()->local_address(io, address), FIRTH_OK);
    host_calls_reset();
    return io;
}

static inline host_op *make(firth_io *io, firth_op_kind kind, firth_datagram *datagrams, unsigned count)
{
    host_op *op = host_op_make(io, kind);

    op->op.with.datagrams = datagrams;
    op->op.piece_count = (uint8_t)count;
    return op;
}

static inline host_op *send_some(firth_io *io, const firth_address *to, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        out[i] = (firth_datagram){.bytes = "abcdefgh", .size = 8, .address = *to};
    return host_submit(make(io, FIRTH_OP_SEND_DATAGRAMS, out, count));
}

static inline host_op *receive_some(firth_io *io, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        in[i] = (firth_datagram){.bytes = in_bytes[i], .capacity = BYTES};
    return host_submit(make(io, FIRTH_OP_RECEIVE_DATAGRAMS, in, count));
}

static inline host_op *attempt_some(firth_io *io, unsigned count)
{
    host_op *op;

    for (unsigned i = 0; i < count; i++)
        in[i] = (firth_datagram){.bytes = in_bytes[i], .capacity = BYTES};
    op = make(io, FIRTH_OP_RECEIVE_DATAGRAMS, in, count);
    op->op.attempt_only = op->op.look_again = true;
    return host_submit(op);
}

static inline bool has_batches(void)
{
    return (host_backend()->capabilities & FIRTH_CAN_BATCH) != 0;
}

#endif
