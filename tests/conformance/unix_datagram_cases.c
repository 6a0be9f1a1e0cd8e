/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams between programs of one machine: none is lost, doubled or overtaken. */
#include "tests/conformance/unix.h"

enum { LARGE = 8000, MANY = 300, MESSAGE_BYTES = 64 };

typedef struct mail {
    const char *path;
    firth_unix_datagram_socket *sender, *receiver; /* the receiver's is that path; the sender has one of its own */
    firth_unix_address from, to;
} mail;

static int open_mail(firth_scope *scope, mail *it)
{
    const char *path = fth_kit_unix_path(scope, 0);

    it->path = fth_kit_unix_path(scope, 0);
    EXPECT(path != NULL && it->path != NULL);
    TRY(fth_kit_unix_datagrams(scope, path, &it->sender));
    TRY(fth_kit_unix_datagrams(scope, it->path, &it->receiver));
    it->from = fth_kit_unix_address(path);
    it->to = fth_kit_unix_address(it->path);
    return FIRTH_OK;
}

static uint8_t *bytes_of(size_t size, uint64_t offset)
{
    uint8_t *bytes = fth_kit_keep(size + 1);

    fth_kit_fill(bytes, size, offset);
    return bytes;
}

/* One comes, with those bytes and nothing missing. */
static int expect(firth_unix_datagram_socket *socket, size_t size, uint64_t offset, firth_unix_address *from)
{
    firth_unix_message got = {.bytes = fth_kit_keep(size + 1), .capacity = size + 1, .address = from};

    EXPECT_RESULT(fth_kit_unix_receive(socket, &got), size);
    EXPECT_RESULT(got.size, size);
    EXPECT_RESULT(got.whole_size, size);
    EXPECT(!got.truncated && got.descriptor_count == 0 && !got.descriptors_lost);
    PROMISE(fth_kit_is_filled(got.bytes, size, offset));
    return FIRTH_OK;
}

static int a_unix_datagram_comes_whole_and_says_from_whom(firth_scope *scope)
{
    static const size_t sizes[] = {1, 2, 100, 0, 1472, LARGE};
    firth_unix_datagram_socket *nameless;
    firth_unix_address from;
    mail it;

    KIT_NEEDS_UNIX_DATAGRAMS(scope);
    TRY(open_mail(scope, &it));
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        TRY(fth_kit_unix_send(it.sender, bytes_of(sizes[i], i * 10007), sizes[i], &it.to));
        TRY(expect(it.receiver, sizes[i], i * 10007, &from));
        EXPECT(from.size == it.from.size && strcmp(from.path, it.from.path) == 0);
    }
    TRY(fth_kit_unix_datagrams(scope, NULL, &nameless));
    TRY(fth_kit_unix_send(nameless, bytes_of(3, 7), 3, &it.to));
    TRY(expect(it.receiver, 3, 7, &from));
    EXPECT_RESULT(from.size, 0);
    return FIRTH_OK;
}

static int a_long_unix_datagram_is_truncated_and_says_so(firth_scope *scope)
{
    firth_unix_message got = {.bytes = bytes_of(40, 0), .capacity = 30};
    const uint8_t *behind = (const uint8_t *)got.bytes + 30;
    mail it;

    KIT_NEEDS_UNIX_DATAGRAMS(scope);
    TRY(open_mail(scope, &it));
    TRY(fth_kit_unix_send(it.sender, bytes_of(100, 5), 100, &it.to));
    TRY(fth_kit_unix_send(it.sender, bytes_of(10, 6), 10, &it.to));
    EXPECT_RESULT(fth_kit_unix_receive(it.receiver, &got), 30);
    EXPECT(got.truncated);
    EXPECT_RESULT(got.size, 30);
    EXPECT_EITHER(got.whole_size, 100, 0);
    PROMISE(fth_kit_is_filled(got.bytes, 30, 5));
    PROMISE(fth_kit_is_filled(behind, 10, 30));
    /* The rest of it does not come with the next. */
    return expect(it.receiver, 10, 6, NULL);
}

/* ---- a receiver that is slow --------------------------------------------------------------------------------------- */

typedef struct sending {
    firth_unix_datagram_socket *socket;
    const firth_unix_address *to;
    kit_event ended;
    int result;
} sending;

static int send_many(firth_scope *scope, void *argument)
{
    uint8_t bytes[MESSAGE_BYTES];
    sending *it = argument;

    (void)scope;
    for (uint64_t i = 0; i < MANY && it->result >= 0; i++) {
        fth_kit_fill(bytes, sizeof bytes, i);
        it->result = fth_kit_unix_send(it->socket, bytes, 1 + i % sizeof bytes, it->to);
    }
    fth_kit_note_result(it->result);
    fth_kit_tell(&it->ended);
    return FIRTH_OK;
}

/* The sender has no room before long, and none gets lost for that. */
static int many_come_in_their_order(firth_scope *scope, bool is_connected)
{
    sending *it = fth_kit_keep(sizeof *it);
    firth_unix_message got = {.bytes = fth_kit_keep(MESSAGE_BYTES + 1), .capacity = MESSAGE_BYTES + 1};
    mail between;

    KIT_NEEDS_UNIX_DATAGRAMS(scope);
    TRY(open_mail(scope, &between));
    *it = (sending){.socket = between.sender};
    if (is_connected) {
        TRY(firth_unix_datagram_connect(between.sender, &between.to));
    } else {
        firth_unix_address *to = fth_kit_keep(sizeof *to);

        *to = between.to;
        it->to = to;
    }
    TRY(firth_spawn(scope, send_many, it, NULL));
    TRY(fth_kit_settle());
    for (uint64_t i = 0; i < MANY; i++) {
        EXPECT_RESULT(fth_kit_unix_receive(between.receiver, &got), 1 + i % MESSAGE_BYTES);
        PROMISE(fth_kit_is_filled(got.bytes, got.size, i));
    }
    TRY(fth_kit_await(&it->ended));
    TRY(it->result);
    return FIRTH_OK;
}

static int a_sender_of_unix_datagrams_waits_for_its_receiver(firth_scope *scope)
{
    return many_come_in_their_order(scope, false);
}

static int a_connected_sender_of_unix_datagrams_waits_for_its_peer(firth_scope *scope)
{
    return many_come_in_their_order(scope, true);
}

/* ---- ends -------------------------------------------------------------------------------------------------------- */

static int where_nobody_receives_unix_datagrams_is_refused(firth_scope *scope)
{
    const char *path = fth_kit_unix_path(scope, 0);
    firth_unix_address nobody;
    mail it;

    KIT_NEEDS_UNIX_DATAGRAMS(scope);
    EXPECT(path != NULL);
    TRY(open_mail(scope, &it));
    nobody = fth_kit_unix_address(path);
    EXPECT_RESULT(fth_kit_unix_send(it.sender, "x", 1, &nobody), FIRTH_ERR_REFUSED);
    EXPECT_RESULT(firth_unix_datagram_connect(it.sender, &nobody), FIRTH_ERR_REFUSED);
    EXPECT_RESULT(fth_kit_unix_send(it.sender, "x", 1, NULL), FIRTH_ERR_NOT_CONNECTED);
    TRY(fth_kit_unix_send(it.sender, bytes_of(5, 1), 5, &it.to));
    return expect(it.receiver, 5, 1, NULL);
}

static int a_deadline_loses_no_unix_datagram(firth_scope *scope)
{
    firth_unix_message got = {.bytes = fth_kit_keep(8), .capacity = 8};
    mail it;

    KIT_NEEDS_UNIX_DATAGRAMS(scope);
    TRY(open_mail(scope, &it));
    for (uint64_t i = 0; i < 5; i++) {
        EXPECT_RESULT(fth_kit_unix_receive_within(it.receiver, &got, 5), FIRTH_ERR_TIMED_OUT);
        TRY(fth_kit_unix_send(it.sender, bytes_of(8, i), 8, &it.to));
        TRY(expect(it.receiver, 8, i, NULL));
    }
    return FIRTH_OK;
}

typedef struct waiting {
    firth_unix_datagram_socket *socket;
    firth_unix_message message;
    kit_event ended;
    int64_t result;
} waiting;

static int wait_for_one(firth_scope *scope, void *argument)
{
    waiting *it = argument;

    (void)scope;
    it->result = firth_unix_receive(it->socket, &it->message);
    fth_kit_note_result(it->result);
    fth_kit_tell(&it->ended);
    return FIRTH_OK;
}

static int closing_wakes_a_receiver_of_unix_datagrams_and_frees_the_path(firth_scope *scope)
{
    waiting *it = fth_kit_keep(sizeof *it);
    firth_unix_datagram_socket *again;
    mail between;

    KIT_NEEDS_UNIX_DATAGRAMS(scope);
    TRY(open_mail(scope, &between));
    *it = (waiting){.socket = between.receiver, .message = {.bytes = fth_kit_keep(8), .capacity = 8}};
    TRY(firth_spawn(scope, wait_for_one, it, NULL));
    TRY(fth_kit_turn());
    EXPECT(!it->ended.happened);
    firth_unix_datagram_close(between.receiver);
    TRY(fth_kit_await(&it->ended));
    EXPECT_RESULT(it->result, FIRTH_ERR_CLOSED);
    TRY(fth_kit_unix_datagrams(scope, between.path, &again));
    TRY(fth_kit_unix_send(between.sender, bytes_of(8, 2), 8, &between.to));
    return expect(again, 8, 2, NULL);
}

/* ---- descriptors --------------------------------------------------------------------------------------------------- */

/* With room for fewer than were sent the datagram comes all the same, and says so. */
static int descriptors_come_with_their_datagram(firth_scope *scope)
{
    intptr_t sent[3], taken[1] = {-1};
    firth_unix_message out = {.bytes = bytes_of(8, 4), .size = 8, .descriptors = sent};
    firth_unix_message in = {.bytes = fth_kit_keep(8), .capacity = 8, .descriptors = taken, .descriptor_capacity = 1};
    mail it;

    KIT_NEEDS_UNIX_DATAGRAMS(scope);
    TRY(open_mail(scope, &it));
    out.address = &it.to;
    for (size_t count = 1; count <= 3; count++) {
        int rc;

        sent[count - 1] = firth_unix_datagram_descriptor(it.receiver);
        out.descriptor_count = count;
        rc = firth_unix_send(it.sender, &out);
        if (rc == FIRTH_ERR_NOT_SUPPORTED)
            return fth_kit_not_applicable("descriptors over Unix sockets");
        TRY(rc);
        EXPECT_RESULT(fth_kit_unix_receive(it.receiver, &in), 8);
        for (size_t i = 0; i < in.descriptor_count; i++)
            fth_kit_table()->unix_sockets->discard(taken[i]);
        PROMISE(fth_kit_is_filled(in.bytes, 8, 4));
        EXPECT_RESULT(in.descriptor_count, 1);
        EXPECT(in.descriptors_lost == (count > 1));
    }
    return FIRTH_OK;
}

const kit_case fth_kit_unix_datagram_cases[] = {
    KIT_UNIX_CASE(a_unix_datagram_comes_whole_and_says_from_whom),
    KIT_UNIX_CASE(a_long_unix_datagram_is_truncated_and_says_so),
    KIT_UNIX_CASE(a_sender_of_unix_datagrams_waits_for_its_receiver),
    KIT_UNIX_CASE(a_connected_sender_of_unix_datagrams_waits_for_its_peer),
    KIT_UNIX_CASE(where_nobody_receives_unix_datagrams_is_refused),
    KIT_UNIX_CASE(a_deadline_loses_no_unix_datagram),
    KIT_UNIX_CASE(closing_wakes_a_receiver_of_unix_datagrams_and_frees_the_path),
    KIT_UNIX_CASE(descriptors_come_with_their_datagram),
    {.name = NULL},
};
