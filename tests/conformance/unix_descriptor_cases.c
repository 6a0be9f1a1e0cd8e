/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors beside the bytes of a stream, where the system passes them. They are those of the kit's own sockets, so that
 * it counts what is left of them. */
#include "tests/conformance/unix.h"

/* An odd number: what alignment adds has room for one more, which is nobody's. */
enum { ROOM = 3, SENT_MOST = 7 };

typedef struct passing {
    kit_pair pair;  /* a sends, b takes up to ROOM */
    kit_pair given; /* the descriptor of its b is what is sent */
    intptr_t sent[SENT_MOST];
} passing;

/* *supported: descriptors go at all. The first one has gone and is taken and closed then. */
static int open_passing(firth_scope *scope, int room, passing *it, bool *supported)
{
    firth_unix_builder builder = fth_kit_unix(scope);
    int rc;

    TRY(fth_kit_unix_pair(scope, &builder, &it->given));
    builder.descriptors_max = room;
    TRY(fth_kit_unix_pair(scope, &builder, &it->pair));
    for (int i = 0; i < SENT_MOST; i++)
        it->sent[i] = firth_socket_descriptor(it->given.b);
    rc = firth_unix_send_descriptors(it->pair.a, "?", 1, it->sent, 1);
    *supported = rc != FIRTH_ERR_NOT_SUPPORTED;
    if (!*supported)
        return fth_kit_not_applicable("descriptors over Unix sockets");
    TRY(rc);
    return FIRTH_OK;
}

static int read_byte(kit_pair *pair, char expected)
{
    char byte = 0;

    EXPECT_RESULT(firth_read(pair->b_in, &byte, 1), 1);
    PROMISE(byte == expected);
    return FIRTH_OK;
}

/* A descriptor that is good: what is written to the given socket's peer comes out of it. Closes it. */
static int use(firth_scope *scope, passing *it, intptr_t descriptor)
{
    firth_unix_builder builder = fth_kit_unix(scope);
    firth_socket *taken;
    char byte = 0;
    int rc = firth_unix_adopt(&builder, descriptor, &taken);

    if (rc < 0 && fth_kit.tolerate) /* on failure it is still the caller's */
        rc = firth_unix_adopt(&builder, descriptor, &taken);
    TRY(rc);
    firth_scope_own_socket(scope, taken);
    TRY(firth_write(it->given.a_out, "!", 1));
    TRY(firth_flush(it->given.a_out));
    EXPECT_RESULT(firth_read(firth_socket_input(taken), &byte, 1), 1);
    PROMISE(byte == '!');
    firth_socket_abort(taken);
    return FIRTH_OK;
}

/* By the backend's own slot: C has nothing that closes a descriptor. */
static void discard(const intptr_t *descriptors, int count)
{
    for (int i = 0; i < count; i++)
        fth_kit_table()->unix_sockets->discard(descriptors[i]);
}

static int a_descriptor_comes_with_its_bytes(firth_scope *scope)
{
    intptr_t descriptor = -1;
    bool supported = false;
    passing it;

    TRY(open_passing(scope, ROOM, &it, &supported));
    if (!supported)
        return FIRTH_OK;
    TRY(read_byte(&it.pair, '?'));
    EXPECT_RESULT(firth_unix_take_descriptors(it.pair.b, &descriptor, 1), 1);
    PROMISE(descriptor != -1);
    EXPECT_RESULT(firth_unix_take_descriptors(it.pair.b, &descriptor, 1), 0);
    return use(scope, &it, descriptor);
}

/* What is written before and behind arrives, wherever a receive ends. */
static int bytes_around_descriptors_are_whole(firth_scope *scope)
{
    intptr_t taken[1];
    bool supported = false;
    passing it;

    for (int room = 0; room <= 1; room++) {
        TRY(open_passing(scope, room, &it, &supported));
        if (!supported)
            return FIRTH_OK;
        TRY(read_byte(&it.pair, '?'));
        if (room > 0)
            discard(taken, firth_unix_take_descriptors(it.pair.b, taken, 1));
        for (int round = 0; round < 10; round++) {
            char bytes[12];

            TRY(firth_write(it.pair.a_out, "one ", 4));
            TRY(firth_unix_send_descriptors(it.pair.a, "two ", 4, it.sent, 1));
            TRY(firth_write(it.pair.a_out, "four", 4));
            TRY(firth_flush(it.pair.a_out));
            EXPECT_RESULT(firth_read_fully(it.pair.b_in, bytes, 12), 12);
            PROMISE(memcmp(bytes, "one two four", 12) == 0);
            if (room > 0)
                discard(taken, firth_unix_take_descriptors(it.pair.b, taken, 1));
        }
    }
    return FIRTH_OK;
}

static int descriptors_without_room_are_closed_and_that_is_told(firth_scope *scope)
{
    intptr_t taken[SENT_MOST];
    bool supported = false;
    passing it;

    TRY(open_passing(scope, ROOM, &it, &supported));
    if (!supported)
        return FIRTH_OK;
    TRY(read_byte(&it.pair, '?'));
    discard(taken, firth_unix_take_descriptors(it.pair.b, taken, SENT_MOST));
    for (size_t count = ROOM + 1; count <= SENT_MOST; count++) {
        int got;

        TRY(firth_unix_send_descriptors(it.pair.a, "x", 1, it.sent, count));
        TRY(read_byte(&it.pair, 'x'));
        got = firth_unix_take_descriptors(it.pair.b, taken, SENT_MOST);
        discard(taken, got);
        EXPECT_RESULT(got, ROOM);
        EXPECT_RESULT(firth_unix_take_descriptors(it.pair.b, taken, SENT_MOST), FIRTH_ERR_TOO_MANY_OPEN);
        EXPECT_RESULT(firth_unix_take_descriptors(it.pair.b, taken, SENT_MOST), 0);
    }
    return FIRTH_OK;
}

static int descriptors_that_nobody_takes_are_closed_with_the_socket(firth_scope *scope)
{
    bool supported = false;
    passing it;

    for (int round = 0; round < 2; round++) {
        TRY(open_passing(scope, ROOM, &it, &supported));
        if (!supported)
            return FIRTH_OK;
        TRY(firth_unix_send_descriptors(it.pair.a, "x", 1, it.sent, 2));
        TRY(read_byte(&it.pair, '?'));
        if (round > 0)
            TRY(read_byte(&it.pair, 'x'));
        firth_socket_abort(it.pair.b);
        firth_socket_abort(it.pair.a);
    }
    return FIRTH_OK;
}

static int a_peer_that_is_gone_takes_no_descriptors_and_raises_no_signal(firth_scope *scope)
{
    bool supported = false;
    passing it;

    TRY(open_passing(scope, ROOM, &it, &supported));
    if (!supported)
        return FIRTH_OK;
    TRY(read_byte(&it.pair, '?'));
    firth_socket_abort(it.pair.b);
    TRY(fth_kit_settle());
    EXPECT_RESULT(firth_unix_send_descriptors(it.pair.a, "x", 1, it.sent, 1), FIRTH_ERR_RESET);
    return FIRTH_OK;
}

const kit_case fth_kit_unix_descriptor_cases[] = {
    KIT_UNIX_CASE(a_descriptor_comes_with_its_bytes),
    KIT_UNIX_CASE(bytes_around_descriptors_are_whole),
    KIT_UNIX_CASE(descriptors_without_room_are_closed_and_that_is_told),
    KIT_UNIX_CASE(descriptors_that_nobody_takes_are_closed_with_the_socket),
    KIT_UNIX_CASE(a_peer_that_is_gone_takes_no_descriptors_and_raises_no_signal),
    {.name = NULL},
};
