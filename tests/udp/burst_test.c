/* SPDX-License-Identifier: Apache-2.0 */
/* Receives of many, when few come and then many. */
#include "tests/udp/sockets.h"

enum { MANY = 200, BURST = 150, BYTES = 64 };

static firth_datagram out[BURST], in[MANY];
static char sent_bytes[BURST][BYTES], received_bytes[MANY][BYTES];

static void fill(const firth_address *to)
{
    for (size_t i = 0; i < BURST; i++) {
        support_fill(sent_bytes[i], BYTES, i);
        out[i] = (firth_datagram){.bytes = sent_bytes[i], .size = BYTES, .address = *to};
    }
}

static void make_room(void)
{
    memset(received_bytes, 0, sizeof received_bytes);
    for (size_t i = 0; i < MANY; i++)
        in[i] = (firth_datagram){.bytes = received_bytes[i], .capacity = BYTES};
}

/* Until they are there: a link of the simulator's takes its time, loopback none. */
static int send_and_wait(firth_datagram_socket *socket, size_t count)
{
    for (size_t sent = 0; sent < count;) {
        int64_t n = firth_send_many(socket, out + sent, count - sent);

        EXPECT(n > 0);
        sent += (size_t)n;
    }
    return firth_sleep(1);
}

/* Few are asked for at first after few came, and the rest then, without waiting. */
TASK_TEST(burst_behind_a_single_one_is_received_by_one_call)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *socket;
    firth_address self;

    udp.receive_buffer_bytes = 200000;
    EXPECT_EQUAL(sockets_open(scope, &udp, "127.0.0.1", &socket, &self), FIRTH_OK);
    fill(&self);
    for (int i = 0; i < 3; i++) {
        make_room();
        EXPECT_EQUAL(send_and_wait(socket, 1), FIRTH_OK);
        EXPECT_EQUAL(firth_receive_many(socket, in, MANY), 1);
        EXPECT_EQUAL(send_and_wait(socket, BURST), FIRTH_OK);
        EXPECT_EQUAL(firth_receive_many(socket, in, MANY), BURST);
        for (uint64_t j = 0; j < BURST; j++)
            EXPECT(in[j].size == BYTES && support_is_filled(received_bytes[j], BYTES, j));
    }
    return sockets_expect_nothing(socket);
}

TASK_TEST(datagrams_before_one_without_memory_are_received_into)
{
    firth_datagram_socket *socket;
    firth_address self;

    EXPECT_EQUAL(sockets_open_plain(scope, &socket, &self), FIRTH_OK);
    fill(&self);
    EXPECT_EQUAL(send_and_wait(socket, 3), FIRTH_OK);
    make_room();
    in[2].bytes = NULL;
    EXPECT_EQUAL(firth_receive_many(socket, in, 3), 2);
    EXPECT_EQUAL(firth_receive_many(socket, in + 2, 1), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_receive_many(socket, in, 2), 1);
    EXPECT(support_is_filled(received_bytes[0], BYTES, 2));
    return FIRTH_OK;
}

/* Sends `count`, and receives them into that many from `at` on, the first of which has room for half of it alone. */
static int send_and_receive(firth_datagram_socket *socket, firth_datagram *at, size_t count)
{
    at[0].capacity = BYTES / 2;
    EXPECT_EQUAL(send_and_wait(socket, count), FIRTH_OK);
    for (size_t received = 0; received < count;) {
        int64_t n = firth_receive_many(socket, at + received, count - received);

        EXPECT(n > 0);
        received += (size_t)n;
    }
    EXPECT(at[0].truncated && at[0].size == BYTES / 2);
    for (size_t i = 0; i < count; i++) {
        EXPECT(support_is_filled(at[i].bytes, at[i].size, i));
        EXPECT(at[i].truncated == (i == 0));
    }
    at[0].capacity = BYTES;
    return FIRTH_OK;
}

/* The same array, or a part of it, says another time other memory and other sizes. */
TASK_TEST(datagrams_arrive_where_the_array_says_at_that_call)
{
    firth_datagram_socket *socket;
    firth_address self;

    EXPECT_EQUAL(sockets_open_plain(scope, &socket, &self), FIRTH_OK);
    fill(&self);
    make_room();
    EXPECT_EQUAL(send_and_receive(socket, in, 4), FIRTH_OK);
    for (size_t i = 0; i < 4; i++)
        in[i].bytes = received_bytes[20 - i];
    EXPECT_EQUAL(send_and_receive(socket, in, 4), FIRTH_OK);
    EXPECT_EQUAL(send_and_receive(socket, in + 2, 6), FIRTH_OK);
    EXPECT_EQUAL(send_and_receive(socket, in, 2), FIRTH_OK);
    make_room();
    EXPECT_EQUAL(send_and_receive(socket, in, 9), FIRTH_OK);
    return sockets_expect_nothing(socket);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(burst_behind_a_single_one_is_received_by_one_call),
        cmocka_unit_test(datagrams_before_one_without_memory_are_received_into),
        cmocka_unit_test(datagrams_arrive_where_the_array_says_at_that_call),
    };

    return support_main(argc, argv, "bursts of datagrams", tests, sizeof tests / sizeof tests[0]);
}
