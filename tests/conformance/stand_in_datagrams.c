/* SPDX-License-Identifier: Apache-2.0 */
/* Stand-ins of ops that move datagrams. */
#include "tests/conformance/observer.h"

enum { MOST_BYTES = 1024 * 1024 /* of one op; datagrams beyond are left to the next */ };

static size_t room_of(const firth_op *op, const firth_datagram *datagram)
{
    return op->kind == FIRTH_OP_SEND_DATAGRAMS ? datagram->size : datagram->capacity;
}

/* How many fit; one always does. */
static size_t count_of(const firth_op *from, size_t *bytes)
{
    size_t count = 0;

    for (*bytes = 0; count < from->piece_count; count++) {
        size_t room = room_of(from, &from->with.datagrams[count]);

        if (count > 0 && *bytes + room > MOST_BYTES)
            break;
        *bytes += room;
    }
    return count;
}

void fth_kit_datagrams_copy(kit_stand_in *one)
{
    const firth_op *from = one->original;
    size_t bytes, count = count_of(from, &bytes), at = 0;

    fth_kit_stand_in_make_room(one, bytes);
    for (size_t i = 0; i < count; i++) {
        firth_datagram *datagram = &one->datagrams[i];
        size_t room = room_of(from, &from->with.datagrams[i]);

        *datagram = from->with.datagrams[i];
        if (from->kind == FIRTH_OP_SEND_DATAGRAMS && room > 0)
            memcpy(one->bytes + at, datagram->bytes, room);
        datagram->bytes = one->bytes + at;
        at += room;
        if (datagram->control != NULL) {
            one->controls[i] = *datagram->control;
            datagram->control = &one->controls[i];
        }
    }
    one->op.piece_count = (uint8_t)count;
    one->op.with.datagrams = one->datagrams;
}

/* Numbers are ints, since small C libraries print no size_t. */
static void check_received(const firth_datagram *datagram)
{
    const unsigned size = (unsigned)datagram->size, whole = (unsigned)datagram->whole_size;
    const unsigned room = (unsigned)datagram->capacity;

    if (datagram->size > datagram->capacity)
        fth_kit_law("a datagram of %u bytes was received into %u", size, room);
    else if (datagram->truncated && (datagram->size != datagram->capacity ||
                                     (datagram->whole_size != 0 && datagram->whole_size <= datagram->size)))
        fth_kit_law("a datagram is called truncated, and has %u of %u bytes in room for %u", size, whole, room);
    else if (!datagram->truncated && datagram->whole_size != datagram->size)
        fth_kit_law("a datagram is not called truncated, and has %u of %u bytes", size, whole);
    if (datagram->address.family == FIRTH_FAMILY_NONE)
        fth_kit_law("a datagram was received from nobody");
}

static void check_sent(const firth_datagram *datagram, const firth_datagram *original)
{
    if (datagram->size != original->size || !firth_address_equal(&datagram->address, &original->address) ||
        (datagram->size > 0 && memcmp(datagram->bytes, original->bytes, datagram->size) != 0))
        fth_kit_law("a send changed the datagram it sent");
}

void fth_kit_datagrams_check(const kit_stand_in *one)
{
    const firth_op *op = &one->op;

    if (op->result < 1 || op->result > op->piece_count) {
        fth_kit_law("an op of %u datagrams came to %lld", op->piece_count, (long long)op->result);
        return;
    }
    for (int64_t i = 0; i < op->result; i++) {
        if (op->kind == FIRTH_OP_RECEIVE_DATAGRAMS)
            check_received(&one->datagrams[i]);
        else
            check_sent(&one->datagrams[i], &one->original->with.datagrams[i]);
    }
}

void fth_kit_datagrams_hand_back(const kit_stand_in *one)
{
    for (int64_t i = 0; i < one->op.result; i++) {
        firth_datagram *to = &one->original->with.datagrams[i], from = one->datagrams[i];

        if (from.size <= to->capacity)
            memcpy(to->bytes, from.bytes, from.size);
        if (to->control != NULL)
            *to->control = one->controls[i];
        from.bytes = to->bytes;
        from.control = to->control;
        *to = from;
    }
}
