/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams through the sockets of core. */
#include "tests/conformance/datagrams.h"

enum { LARGE = 9000, MANY = 100 };

static uint8_t *bytes_of(size_t size, uint64_t offset)
{
    uint8_t *bytes = fth_kit_keep(size + 1);

    fth_kit_fill(bytes, size, offset);
    return bytes;
}

static int a_datagram_is_received_whole_and_alone(firth_scope *scope)
{
    static const size_t sizes[] = {1, 2, 100, 508, 1472, LARGE};
    kit_datagrams pair;
    firth_datagram got = {.bytes = fth_kit_keep(LARGE + 1), .capacity = LARGE + 1};
    int rc, room = LARGE;

    TRY(fth_kit_datagrams(scope, &pair));
    /* One that is longer than the receiver's buffer is lost, and nobody can say so. */
    rc = firth_datagram_socket_get_option(pair.b, FIRTH_OPTION_RECEIVE_BUFFER_BYTES, &room);
    if (rc != FIRTH_ERR_NOT_SUPPORTED)
        TRY(rc);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0] && sizes[i] <= (size_t)room; i++) {
        firth_datagram sent = {.bytes = bytes_of(sizes[i], i * 10007), .size = sizes[i], .address = pair.b_at};

        TRY(fth_kit_exchange(pair.a, &sent, pair.b, &got));
        PROMISE(fth_kit_is_filled(got.bytes, got.size, i * 10007));
        EXPECT(!got.truncated);
        EXPECT(firth_address_equal(&got.address, &pair.a_at));
    }
    return FIRTH_OK;
}

static int an_empty_datagram_is_one(firth_scope *scope)
{
    kit_datagrams pair;
    uint8_t byte = 7;
    firth_datagram got = {.bytes = &byte, .capacity = 1}, sent = {.size = 0};

    TRY(fth_kit_datagrams(scope, &pair));
    sent.address = pair.b_at;
    TRY(fth_kit_exchange(pair.a, &sent, pair.b, &got));
    EXPECT_RESULT(got.size, 0);
    EXPECT(!got.truncated);
    EXPECT(firth_address_equal(&got.address, &pair.a_at));
    PROMISE(byte == 7);
    return FIRTH_OK;
}

static int truncated_is_said(firth_scope *scope, firth_datagram_control *control)
{
    firth_datagram sent = {.bytes = bytes_of(100, 5), .size = 100};
    firth_datagram got = {.bytes = bytes_of(40, 0), .capacity = 30, .control = control};
    const uint8_t *behind = (const uint8_t *)got.bytes + 30;
    kit_datagrams pair;

    TRY(fth_kit_datagrams(scope, &pair));
    sent.address = pair.b_at;
    TRY(fth_kit_exchange(pair.a, &sent, pair.b, &got));
    EXPECT(got.truncated);
    EXPECT_RESULT(got.size, 30);
    EXPECT_EITHER(got.whole_size, 100, 0);
    PROMISE(fth_kit_is_filled(got.bytes, 30, 5));
    PROMISE(fth_kit_is_filled(behind, 10, 30));
    /* The rest of it does not come as the next, nor with it. */
    while (fth_kit_receive_datagram(pair.b, &got) >= 0)
        PROMISE(got.truncated && fth_kit_is_filled(got.bytes, got.size, 5));
    sent.size = 10;
    TRY(fth_kit_exchange(pair.a, &sent, pair.b, &got));
    EXPECT(!got.truncated);
    return FIRTH_OK;
}

static int a_long_datagram_is_truncated_and_says_so(firth_scope *scope)
{
    return truncated_is_said(scope, NULL);
}

static int a_long_datagram_with_a_control_is_truncated_and_says_so(firth_scope *scope)
{
    firth_datagram_control control = firth_datagram_control_none();

    return truncated_is_said(scope, &control);
}

static int what_is_too_long_for_any_datagram_is_an_error(firth_scope *scope)
{
    firth_datagram sent = {.bytes = fth_kit_keep(70000), .size = 65508};
    kit_datagrams pair;

    TRY(fth_kit_datagrams(scope, &pair));
    sent.address = pair.b_at;
    EXPECT_RESULT(firth_send(pair.a, &sent), FIRTH_ERR_TOO_LONG);
    sent.size = 70000;
    EXPECT_RESULT(firth_send(pair.a, &sent), FIRTH_ERR_TOO_LONG);
    return FIRTH_OK;
}

static int a_socket_without_a_peer_needs_an_address(firth_scope *scope)
{
    firth_datagram sent = {.bytes = bytes_of(4, 0), .size = 4};
    kit_datagrams pair;

    TRY(fth_kit_datagrams(scope, &pair));
    EXPECT_RESULT(firth_send(pair.a, &sent), FIRTH_ERR_NOT_CONNECTED);
    return FIRTH_OK;
}

static int connect_to(firth_scope *scope, const firth_address *to, firth_datagram_socket **socket)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));

    TRY(firth_udp_connect_to(&udp, to, socket));
    firth_scope_own_datagram_socket(scope, *socket);
    return FIRTH_OK;
}

static int a_connected_socket_hears_its_peer_alone(firth_scope *scope)
{
    firth_datagram from_peer = {.bytes = bytes_of(8, 1), .size = 8}, from_other = {.bytes = bytes_of(8, 99), .size = 8};
    firth_datagram got = {.bytes = fth_kit_keep(16), .capacity = 16}, to_peer = {.bytes = bytes_of(8, 5), .size = 8};
    firth_datagram_socket *connected;
    firth_address local, peer;
    kit_datagrams pair;

    TRY(fth_kit_datagrams(scope, &pair));
    TRY(connect_to(scope, &pair.a_at, &connected));
    TRY(firth_datagram_socket_peer_address(connected, &peer));
    EXPECT(firth_address_equal(&peer, &pair.a_at));
    TRY(firth_datagram_socket_local_address(connected, &local));
    from_peer.address = from_other.address = local;
    for (int i = 0; i < 5; i++)
        TRY(firth_send(pair.b, &from_other));
    TRY(fth_kit_settle());
    TRY(firth_send(pair.a, &from_peer));
    for (;;) {
        int64_t n = fth_kit_receive_datagram(connected, &got);

        if (n == FIRTH_ERR_TIMED_OUT)
            break; /* lost */
        TRY(n);
        EXPECT(firth_address_equal(&got.address, &pair.a_at));
        PROMISE(fth_kit_is_filled(got.bytes, got.size, 1));
    }
    /* And sends to it without an address. */
    return fth_kit_exchange(connected, &to_peer, pair.a, &got);
}

/* What ICMP says of it is told once or not at all, and the socket is as good as before. The port is that of a socket that
 * hears another alone: so no other program gets it meanwhile. */
static int survives_a_closed_port(firth_scope *scope, bool is_connected)
{
    firth_datagram sent = {.bytes = bytes_of(8, 1), .size = 8}, got = {.bytes = fth_kit_keep(16), .capacity = 16};
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *gone, *socket;
    firth_address nobody, at;
    kit_datagrams pair;

    TRY(fth_kit_datagrams(scope, &pair));
    TRY(connect_to(scope, &pair.a_at, &gone));
    TRY(firth_datagram_socket_local_address(gone, &nobody));
    if (is_connected)
        TRY(connect_to(scope, &nobody, &socket));
    else
        TRY(fth_kit_datagram_socket(scope, &udp, &socket, &at));
    for (int i = 0; i < 3; i++) {
        int64_t n;

        sent.address = nobody;
        n = firth_send(socket, &sent);
        if (!is_connected || n != FIRTH_ERR_REFUSED)
            TRY(n);
        n = fth_kit_receive_datagram(socket, &got);
        EXPECT(n == FIRTH_ERR_TIMED_OUT || (is_connected && n == FIRTH_ERR_REFUSED));
        n = fth_kit_receive_datagram(socket, &got);
        EXPECT(n == FIRTH_ERR_TIMED_OUT || (n == FIRTH_ERR_REFUSED && is_connected && !fth_kit_is_sure()));
    }
    if (is_connected)
        return FIRTH_OK;
    sent.address = pair.b_at;
    return fth_kit_exchange(socket, &sent, pair.b, &got);
}

static int a_closed_port_does_not_kill_the_socket(firth_scope *scope)
{
    return survives_a_closed_port(scope, false);
}

static int a_closed_port_does_not_kill_a_connected_socket(firth_scope *scope)
{
    return survives_a_closed_port(scope, true);
}

/* ---- many ---------------------------------------------------------------------------------------------------------- */

static int is_received_as_it_was_sent(firth_scope *scope, size_t (*size_of)(size_t number))
{
    firth_datagram *out = fth_kit_keep(MANY * sizeof *out), in = {.bytes = fth_kit_keep(64), .capacity = 64};
    uint8_t *seen = fth_kit_keep(MANY);
    kit_datagrams pair;
    size_t sent = 0, received = 0;

    TRY(fth_kit_datagrams(scope, &pair));
    for (size_t i = 0; i < MANY; i++) {
        uint8_t *bytes = bytes_of(64, i);

        bytes[0] = (uint8_t)i;
        out[i] = (firth_datagram){.bytes = bytes, .size = size_of(i), .address = pair.b_at};
    }
    while (sent < MANY) {
        int64_t n = firth_send_many(pair.a, out + sent, MANY - sent);

        TRY(n);
        EXPECT(n > 0 && sent + (size_t)n <= MANY);
        sent += (size_t)n;
    }
    /* None is changed. */
    while (received < MANY && fth_kit_receive_datagram(pair.b, &in) >= 0) {
        size_t number = ((const uint8_t *)in.bytes)[0];

        EXPECT(number < MANY && in.size == size_of(number));
        PROMISE(fth_kit_is_filled((const uint8_t *)in.bytes + 1, in.size - 1, number + 1));
        EXPECT(seen[number]++ == 0 || !fth_kit_is_sure());
        received++;
    }
    EXPECT(received == MANY || !fth_kit_is_sure());
    EXPECT(received > 0);
    return FIRTH_OK;
}

static size_t ever_longer(size_t number)
{
    return 1 + number % 64;
}

static int a_batch_is_received_as_it_was_sent(firth_scope *scope)
{
    return is_received_as_it_was_sent(scope, ever_longer);
}

/* Such runs go as one through systems that can cut them up again. */
static size_t alike_but_for_the_tenth(size_t number)
{
    return number % 10 == 9 ? 5 : 32;
}

static int datagrams_that_are_alike_stay_apart(firth_scope *scope)
{
    return is_received_as_it_was_sent(scope, alike_but_for_the_tenth);
}

typedef struct batch_receiver {
    firth_datagram_socket *socket;
    firth_datagram *in;
    int64_t received;
} batch_receiver;

static int receive_batch(firth_scope *scope, void *argument)
{
    batch_receiver *it = argument;

    (void)scope;
    it->received = firth_receive_many(it->socket, it->in, MANY);
    return (int)it->received;
}

/* What is there, without waiting for more. */
static int a_batch_takes_what_is_there(firth_scope *scope)
{
    firth_datagram sent = {.bytes = bytes_of(16, 3), .size = 16};
    batch_receiver it = {.in = fth_kit_keep(MANY * sizeof *it.in)};
    kit_datagrams pair;
    int64_t received = 0;

    TRY(fth_kit_datagrams(scope, &pair));
    it.socket = pair.b;
    sent.address = pair.b_at;
    for (size_t i = 0; i < MANY; i++)
        it.in[i] = (firth_datagram){.bytes = fth_kit_keep(16), .capacity = 16};
    for (int i = 0; i < 10; i++)
        TRY(firth_send(pair.a, &sent));
    TRY(fth_kit_settle());
    do {
        TRY(firth_with_timeout(fth_kit_paced_ms(1000), receive_batch, &it));
        EXPECT(it.received >= 1 && it.received <= MANY);
        for (int64_t i = 0; i < it.received; i++) {
            EXPECT_RESULT(it.in[i].size, 16);
            PROMISE(fth_kit_is_filled(it.in[i].bytes, 16, 3));
            EXPECT(firth_address_equal(&it.in[i].address, &pair.a_at));
        }
        received += it.received;
    } while (received < 10 && fth_kit_is_sure());
    EXPECT(received <= 10 || !fth_kit_is_sure());
    return FIRTH_OK;
}

static int check_cut(const firth_datagram *in)
{
    const uint8_t *bytes = in->bytes;
    bool is_long = bytes[0] % 2 == 1;

    PROMISE(fth_kit_is_filled(bytes + 1, in->size - 1, bytes[0] + 1u));
    EXPECT(in->truncated == is_long);
    EXPECT_RESULT(in->size, is_long ? 30 : 20);
    EXPECT_EITHER(in->whole_size, is_long ? 40 : 20, is_long ? 0 : 20);
    return FIRTH_OK;
}

/* Every other one is too long. */
static int each_long_datagram_of_a_batch_says_that_it_is_truncated(firth_scope *scope)
{
    batch_receiver it = {.in = fth_kit_keep(MANY * sizeof *it.in)};
    kit_datagrams pair;
    int64_t received = 0;

    TRY(fth_kit_datagrams(scope, &pair));
    it.socket = pair.b;
    for (size_t i = 0; i < MANY; i++)
        it.in[i] = (firth_datagram){.bytes = fth_kit_keep(30), .capacity = 30};
    for (size_t i = 0; i < 10; i++) {
        firth_datagram sent = {.bytes = bytes_of(40, i), .size = i % 2 == 1 ? 40 : 20, .address = pair.b_at};

        ((uint8_t *)sent.bytes)[0] = (uint8_t)i;
        TRY(firth_send(pair.a, &sent));
    }
    TRY(fth_kit_settle());
    do {
        TRY(firth_with_timeout(fth_kit_paced_ms(1000), receive_batch, &it));
        for (int64_t i = 0; i < it.received; i++)
            TRY(check_cut(&it.in[i]));
        received += it.received;
    } while (received < 10 && fth_kit_is_sure());
    return FIRTH_OK;
}

const kit_case fth_kit_datagram_cases[] = {
    KIT_DATAGRAM_CASE(a_datagram_is_received_whole_and_alone),
    KIT_DATAGRAM_CASE(an_empty_datagram_is_one),
    KIT_DATAGRAM_CASE(a_long_datagram_is_truncated_and_says_so),
    KIT_DATAGRAM_CASE(a_long_datagram_with_a_control_is_truncated_and_says_so),
    KIT_DATAGRAM_CASE(what_is_too_long_for_any_datagram_is_an_error),
    KIT_DATAGRAM_CASE(a_socket_without_a_peer_needs_an_address),
    KIT_DATAGRAM_CASE(a_connected_socket_hears_its_peer_alone),
    KIT_DATAGRAM_CASE(a_closed_port_does_not_kill_the_socket),
    KIT_DATAGRAM_CASE(a_closed_port_does_not_kill_a_connected_socket),
    KIT_DATAGRAM_CASE(a_batch_is_received_as_it_was_sent),
    KIT_DATAGRAM_CASE(datagrams_that_are_alike_stay_apart),
    KIT_DATAGRAM_CASE(a_batch_takes_what_is_there),
    KIT_DATAGRAM_CASE(each_long_datagram_of_a_batch_says_that_it_is_truncated),
    {.name = NULL},
};
