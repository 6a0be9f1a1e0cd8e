/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams that the system hands out together. */
#include "tests/udp/sockets.h"

/* Runs of equal datagrams may come as one; cut up again they are what was sent. */
TASK_TEST(coalesced_datagrams_are_runs_of_equal_size)
{
    enum { SIZE = 50, COUNT = 100 };
    static char bytes[65536], sent[COUNT][SIZE];
    static firth_datagram out[COUNT];
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram got = {.bytes = bytes, .capacity = sizeof bytes};
    firth_datagram_socket *receiver, *sender;
    firth_address to;
    size_t count = 0;
    bool is_run = false;
    int rc;

    udp.coalesce = true;
    udp.receive_buffer_bytes = 200000;
    rc = firth_udp_bind(&udp, "127.0.0.1", 0, &receiver);
    if (rc == FIRTH_ERR_NOT_SUPPORTED) {
        EXPECT(strcmp(firth_last_failure()->step, "option coalesce") == 0);
        return FIRTH_OK;
    }
    EXPECT_EQUAL(rc, FIRTH_OK);
    firth_scope_own_datagram_socket(scope, receiver);
    EXPECT_EQUAL(firth_datagram_socket_local_address(receiver, &to), FIRTH_OK);
    EXPECT_EQUAL(sockets_open_plain(scope, &sender, NULL), FIRTH_OK);
    for (size_t i = 0; i < COUNT; i++) {
        support_fill(sent[i], SIZE, i);
        out[i] = (firth_datagram){.bytes = sent[i], .size = i < COUNT - 1 ? SIZE : 7, .address = to};
    }
    EXPECT_EQUAL(firth_send_many(sender, out, COUNT), COUNT);
    while (count < COUNT) {
        size_t at = 0, size;

        EXPECT(firth_receive(receiver, &got) > 0);
        EXPECT(!got.truncated);
        is_run = is_run || got.segment_bytes > 0;
        do {
            size = got.size - at;
            if (got.segment_bytes > 0 && size > got.segment_bytes)
                size = got.segment_bytes;
            EXPECT_EQUAL(size, out[count].size);
            EXPECT(support_is_filled(bytes + at, size, count));
            at += size;
            count++;
        } while (at < got.size);
    }
    EXPECT(is_run || !support_backend_is("epoll"));
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(coalesced_datagrams_are_runs_of_equal_size),
    };

    return support_main(argc, argv, "datagrams handed out together", tests, sizeof tests / sizeof tests[0]);
}
