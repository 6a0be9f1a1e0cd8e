/* SPDX-License-Identifier: Apache-2.0 */
/* Many datagrams in one call. */
#include "tests/udp/sockets.h"

enum { MANY = 200, BYTES = 64 };

/* More than one op takes, in memory of their own. */
typedef struct batch {
    firth_datagram datagrams[MANY];
    char bytes[MANY][BYTES];
} batch;

/* Of sizes that differ, or of one size; to that address. */
static void fill(batch *out, size_t size, const firth_address *to)
{
    for (size_t i = 0; i < MANY; i++) {
        size_t its_size = size > 0 ? size : i % BYTES;

        support_fill(out->bytes[i], its_size, i);
        out->datagrams[i] = (firth_datagram){.bytes = out->bytes[i], .size = its_size, .address = *to};
    }
}

static void make_room(batch *in)
{
    memset(in->bytes, 0, sizeof in->bytes);
    for (size_t i = 0; i < MANY; i++)
        in->datagrams[i] = (firth_datagram){.bytes = in->bytes[i], .capacity = BYTES};
}

static int send_all(firth_datagram_socket *socket, const batch *out)
{
    size_t sent = 0;

    while (sent < MANY) {
        int64_t n = firth_send_many(socket, out->datagrams + sent, MANY - sent);

        EXPECT(n > 0);
        sent += (size_t)n;
    }
    return FIRTH_OK;
}

static int receive_all(firth_datagram_socket *socket, batch *in, const batch *out)
{
    size_t received = 0;

    make_room(in);
    while (received < MANY) {
        int64_t n = firth_receive_many(socket, in->datagrams + received, MANY - received);

        EXPECT(n > 0);
        received += (size_t)n;
    }
    for (size_t i = 0; i < MANY; i++) {
        EXPECT_EQUAL(in->datagrams[i].size, out->datagrams[i].size);
        EXPECT_EQUAL(in->datagrams[i].whole_size, out->datagrams[i].size);
        EXPECT(!in->datagrams[i].truncated);
        EXPECT(support_is_filled(in->bytes[i], in->datagrams[i].size, i));
    }
    return FIRTH_OK;
}

static batch out, in;

static int there(firth_scope *scope, size_t size)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *receiver, *sender;
    firth_address to;

    udp.receive_buffer_bytes = 200000;
    EXPECT_EQUAL(sockets_open(scope, &udp, "127.0.0.1", &receiver, &to), FIRTH_OK);
    EXPECT_EQUAL(sockets_open_plain(scope, &sender, NULL), FIRTH_OK);
    fill(&out, size, &to);
    EXPECT_EQUAL(send_all(sender, &out), FIRTH_OK);
    return receive_all(receiver, &in, &out);
}

TASK_TEST(batch_of_different_sizes_arrives_whole_and_in_order)
{
    return there(scope, 0);
}

TASK_TEST(batch_of_one_size_arrives_whole_and_in_order)
{
    return there(scope, BYTES);
}

/* As one buffer that was cut into datagrams. */
TASK_TEST(batch_of_neighbours_in_memory_arrives_whole_and_in_order)
{
    firth_datagram_socket *socket;
    static char bytes[50 * 16 + 5];
    firth_address self;
    int64_t sent;

    EXPECT_EQUAL(sockets_open_plain(scope, &socket, &self), FIRTH_OK);
    support_fill(bytes, sizeof bytes, 9);
    for (int i = 0; i <= 50; i++)
        out.datagrams[i] = (firth_datagram){.bytes = bytes + 16 * i, .size = i < 50 ? 16 : 5, .address = self};
    for (sent = 0; sent < 51;) {
        int64_t n = firth_send_many(socket, out.datagrams + sent, (size_t)(51 - sent));

        EXPECT(n > 0);
        sent += n;
    }
    make_room(&in);
    for (uint64_t i = 0; i <= 50; i++) {
        EXPECT_EQUAL(firth_receive(socket, &in.datagrams[i]), i < 50 ? 16 : 5);
        EXPECT(support_is_filled(in.bytes[i], in.datagrams[i].size, 9 + 16 * i));
    }
    return FIRTH_OK;
}

TASK_TEST(batch_goes_to_each_its_own_destination)
{
    firth_datagram_socket *receivers[3], *sender;
    firth_address to[3];

    EXPECT_EQUAL(sockets_open_plain(scope, &sender, NULL), FIRTH_OK);
    for (int i = 0; i < 3; i++)
        EXPECT_EQUAL(sockets_open_plain(scope, &receivers[i], &to[i]), FIRTH_OK);
    fill(&out, 8, &to[0]);
    for (int i = 0; i < 30; i++) {
        out.datagrams[i].address = to[i / 2 % 3];
        memset(out.bytes[i], 'a' + i / 2 % 3, 8);
    }
    EXPECT_EQUAL(firth_send_many(sender, out.datagrams, 30), 30);
    for (int i = 0; i < 3; i++) {
        make_room(&in);
        for (int64_t got = 0; got < 10;) {
            int64_t n = firth_receive_many(receivers[i], in.datagrams, MANY);

            EXPECT(n > 0);
            for (int64_t j = 0; j < n; j++)
                EXPECT_EQUAL(in.bytes[j][0], 'a' + i);
            got += n;
        }
        EXPECT_EQUAL(sockets_expect_nothing(receivers[i]), FIRTH_OK);
    }
    return FIRTH_OK;
}

TASK_TEST(batch_takes_what_is_there_and_does_not_wait_for_more)
{
    firth_datagram_socket *socket;
    firth_address self;

    EXPECT_EQUAL(sockets_open_plain(scope, &socket, &self), FIRTH_OK);
    fill(&out, 5, &self);
    EXPECT_EQUAL(firth_send_many(socket, out.datagrams, 3), 3);
    make_room(&in);
    for (int64_t got = 0; got < 3;) {
        int64_t n = firth_receive_many(socket, in.datagrams, MANY);

        EXPECT(n > 0 && n <= 3);
        got += n;
        EXPECT(firth_address_equal(&in.datagrams[0].address, &self));
    }
    return sockets_expect_nothing(socket);
}

TASK_TEST(batch_with_a_truncated_and_an_empty_one)
{
    firth_datagram_control control = firth_datagram_control_none();
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *socket;
    firth_address self;
    int64_t got = 0;

    udp.receive_hop_limit = true;
    EXPECT_EQUAL(sockets_open(scope, &udp, "127.0.0.1", &socket, &self), FIRTH_OK);
    fill(&out, 10, &self);
    out.datagrams[1].size = 0;
    EXPECT_EQUAL(firth_send_many(socket, out.datagrams, 3), 3);
    make_room(&in);
    in.datagrams[0].capacity = 4;
    in.datagrams[2].control = &control;
    while (got < 3) {
        int64_t n = firth_receive_many(socket, in.datagrams + got, (size_t)(3 - got));

        EXPECT(n > 0);
        got += n;
    }
    EXPECT(in.datagrams[0].truncated);
    EXPECT_EQUAL(in.datagrams[0].size, 4);
    EXPECT_EQUAL(in.bytes[0][4], 0);
    EXPECT_EQUAL(in.datagrams[1].size, 0);
    EXPECT(!in.datagrams[1].truncated);
    EXPECT_EQUAL(in.datagrams[2].size, 10);
    EXPECT_EQUAL(control.hop_limit, 64);
    return FIRTH_OK;
}

TASK_TEST(batch_with_controls_of_their_own)
{
    firth_datagram_control sent[4], got = firth_datagram_control_none();
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *socket;
    firth_address self;

    udp.receive_hop_limit = true;
    EXPECT_EQUAL(sockets_open(scope, &udp, "127.0.0.1", &socket, &self), FIRTH_OK);
    fill(&out, 10, &self);
    for (int i = 0; i < 4; i++) {
        sent[i] = firth_datagram_control_none();
        sent[i].hop_limit = (int16_t)(10 + i);
        out.datagrams[i].control = &sent[i];
    }
    if (support_backend_is("iocp")) { /* docs/windows.md */
        EXPECT_EQUAL(firth_send_many(socket, out.datagrams, 4), FIRTH_ERR_NOT_SUPPORTED);
        EXPECT(strcmp(firth_last_failure()->step, "hop_limit") == 0);
        return FIRTH_OK;
    }
    EXPECT_EQUAL(firth_send_many(socket, out.datagrams, 4), 4);
    make_room(&in);
    in.datagrams[0].control = &got;
    for (int i = 0; i < 4; i++) {
        EXPECT_EQUAL(firth_receive(socket, &in.datagrams[0]), 10);
        EXPECT_EQUAL(got.hop_limit, 10 + i);
    }
    return FIRTH_OK;
}

/* What receives them may be shared by sockets of both families, with control data and without. */
TASK_TEST(batches_of_two_sockets_by_turns_tell_who_sent_them)
{
    static const char *const hosts[] = {"127.0.0.1", "::1"};
    firth_datagram_control controls[3];
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *sockets[2];
    firth_address at[2];
    int families;

    udp.receive_hop_limit = true;
    families = support_backend_is("sim") || support_has_ipv6() ? 2 : 1;
    for (int i = 0; i < families; i++)
        EXPECT_EQUAL(sockets_open(scope, &udp, hosts[i], &sockets[i], &at[i]), FIRTH_OK);
    for (int round = 0; round < 8; round++) {
        int which = round % families, with_control = round / 2 % 2;

        fill(&out, 5, &at[which]);
        EXPECT_EQUAL(firth_send_many(sockets[which], out.datagrams, 3), 3);
        make_room(&in);
        for (int i = 0; i < 3; i++) {
            controls[i] = firth_datagram_control_none();
            in.datagrams[i].control = with_control && i != 1 ? &controls[i] : NULL;
        }
        for (int64_t got = 0; got < 3;) {
            int64_t n = firth_receive_many(sockets[which], in.datagrams + got, (size_t)(3 - got));

            EXPECT(n > 0);
            got += n;
        }
        for (int i = 0; i < 3; i++) {
            EXPECT(firth_address_equal(&in.datagrams[i].address, &at[which]));
            EXPECT_EQUAL(controls[i].hop_limit, with_control && i != 1 ? 64 : -1);
        }
    }
    return FIRTH_OK;
}

/* Those before it are sent; then it is the first, and the call tells of it. */
TASK_TEST(bad_one_in_a_batch_stops_it_there)
{
    static char long_bytes[65508];
    firth_datagram_socket *socket;
    firth_address self;

    EXPECT_EQUAL(sockets_open_plain(scope, &socket, &self), FIRTH_OK);
    fill(&out, 5, &self);
    out.datagrams[2].bytes = long_bytes;
    out.datagrams[2].size = sizeof long_bytes;
    EXPECT_EQUAL(firth_send_many(socket, out.datagrams, 4), 2);
    EXPECT_EQUAL(firth_send_many(socket, out.datagrams + 2, 2), FIRTH_ERR_TOO_LONG);
    EXPECT_EQUAL(firth_send_many(socket, out.datagrams + 3, 1), 1);
    out.datagrams[1].bytes = NULL;
    EXPECT_EQUAL(firth_send_many(socket, out.datagrams, 2), 1);
    EXPECT_EQUAL(firth_send_many(socket, out.datagrams + 1, 1), FIRTH_ERR_ARGUMENT);
    return FIRTH_OK;
}

/* A run of datagrams that are too long for a packet each cannot be cut off one buffer by the system: IP fragments them. */
TASK_TEST(batch_of_datagrams_longer_than_the_mtu_arrives)
{
    enum { SIZE = 20000, COUNT = 3, LONGER = 65507 };
    static char bytes[COUNT][LONGER], got[LONGER];
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *socket;
    firth_address self;

    udp.receive_buffer_bytes = 1 << 20;
    EXPECT_EQUAL(sockets_open(scope, &udp, "127.0.0.1", &socket, &self), FIRTH_OK);
    fill(&out, 5, &self);
    for (int size = SIZE; size <= LONGER; size += LONGER - SIZE) {
        for (int i = 0; i < COUNT; i++) {
            support_fill(bytes[i], (size_t)size, (uint64_t)i);
            out.datagrams[i].bytes = bytes[i];
            out.datagrams[i].size = (size_t)size;
        }
        for (int64_t sent = 0; sent < COUNT;) {
            int64_t n = firth_send_many(socket, out.datagrams + sent, (size_t)(COUNT - sent));

            EXPECT(n > 0);
            for (int64_t i = 0; i < n; i++) {
                EXPECT_EQUAL(firth_receive_from(socket, got, sizeof got, NULL), size);
                EXPECT(support_is_filled(got, (size_t)size, (uint64_t)(sent + i)));
            }
            sent += n;
        }
    }
    return FIRTH_OK;
}

TASK_TEST(connected_batch_needs_no_addresses)
{
    firth_datagram_socket *peer, *socket;
    firth_address to, other;

    EXPECT_EQUAL(sockets_open_plain(scope, &peer, &to), FIRTH_OK);
    EXPECT_EQUAL(sockets_connect(scope, &to, &socket), FIRTH_OK);
    fill(&out, 5, &(firth_address){.family = FIRTH_FAMILY_NONE});
    EXPECT_EQUAL(firth_send_many(socket, out.datagrams, 10), 10);
    make_room(&in);
    for (int i = 0; i < 10; i++)
        EXPECT_EQUAL(firth_receive(peer, &in.datagrams[i]), 5);
    EXPECT_EQUAL(sockets_open_plain(scope, &peer, &other), FIRTH_OK);
    out.datagrams[3].address = other;
    EXPECT_EQUAL(firth_send_many(socket, out.datagrams, 10), 3);
    return FIRTH_OK;
}

static int receive_every(firth_scope *scope, void *socket)
{
    static batch its;
    int64_t got = 0;

    (void)scope;
    make_room(&its);
    while (got < 10 * MANY) {
        int64_t n = firth_receive_many(socket, its.datagrams, MANY);

        EXPECT(n > 0);
        got += n;
    }
    return FIRTH_OK;
}

/* A sender that fills its buffer waits, and is woken when there is room. */
TASK_TEST(batches_of_two_tasks_flow)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *receiver, *sender;
    firth_address to;

    udp.receive_buffer_bytes = 1 << 20;
    udp.send_buffer_bytes = 4096;
    EXPECT_EQUAL(sockets_open(scope, &udp, "127.0.0.1", &receiver, &to), FIRTH_OK);
    EXPECT_EQUAL(sockets_open(scope, &udp, "127.0.0.1", &sender, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(scope, receive_every, receiver, NULL), FIRTH_OK);
    fill(&out, 0, &to);
    for (int i = 0; i < 10; i++) {
        EXPECT_EQUAL(send_all(sender, &out), FIRTH_OK);
        EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    }
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batch_of_different_sizes_arrives_whole_and_in_order),
        cmocka_unit_test(batch_of_one_size_arrives_whole_and_in_order),
        cmocka_unit_test(batch_of_neighbours_in_memory_arrives_whole_and_in_order),
        cmocka_unit_test(batch_goes_to_each_its_own_destination),
        cmocka_unit_test(batch_takes_what_is_there_and_does_not_wait_for_more),
        cmocka_unit_test(batch_with_a_truncated_and_an_empty_one),
        cmocka_unit_test(batch_with_controls_of_their_own),
        cmocka_unit_test(batches_of_two_sockets_by_turns_tell_who_sent_them),
        cmocka_unit_test(bad_one_in_a_batch_stops_it_there),
        cmocka_unit_test(batch_of_datagrams_longer_than_the_mtu_arrives),
        cmocka_unit_test(connected_batch_needs_no_addresses),
        cmocka_unit_test(batches_of_two_tasks_flow),
    };

    return support_main(argc, argv, "batches of datagrams", tests, sizeof tests / sizeof tests[0]);
}
