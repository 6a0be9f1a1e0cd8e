/* SPDX-License-Identifier: Apache-2.0 */
/* The records that written bytes become, as somebody between the two ends sees them. */
#include "tests/secure/secure_pair.h"

enum { TOTAL_BYTES = 32 * 16384, HEADER_BYTES = 5, BODY_BYTES_MAX = 16384 + 256 };

/* Of a record of TLS 1.3 with AES-GCM or ChaCha20-Poly1305: its kind, and a tag. */
enum { OVERHEAD_BYTES = 1 + 16 };

/* Hands records on, one way, and counts them. */
typedef struct tap {
    firth_socket *from, *to;
    int count;
    size_t longest; /* body */
} tap;

static int pass_records(firth_scope *scope, void *argument)
{
    tap *way = argument;
    firth_read_channel *in = firth_socket_input(way->from);
    firth_write_channel *out = firth_socket_output(way->to);
    unsigned char header[HEADER_BYTES];
    static unsigned char body[BODY_BYTES_MAX];

    (void)scope;
    while (firth_read_fully(in, header, HEADER_BYTES) == HEADER_BYTES) {
        size_t size = (size_t)header[3] * 256 + header[4];

        EXPECT(size <= BODY_BYTES_MAX);
        EXPECT_EQUAL(firth_read_fully(in, body, size), (int64_t)size);
        way->count++;
        way->longest = size > way->longest ? size : way->longest;
        EXPECT_EQUAL(firth_write(out, header, HEADER_BYTES), FIRTH_OK);
        EXPECT_EQUAL(firth_write(out, body, size), FIRTH_OK);
        EXPECT_EQUAL(firth_flush(out), FIRTH_OK);
    }
    return firth_flush_and_close(out);
}

static int pass_bytes(firth_scope *scope, void *argument)
{
    tap *way = argument;

    (void)scope;
    EXPECT(firth_copy(firth_socket_input(way->to), firth_socket_output(way->from), FIRTH_NO_LIMIT) >= 0);
    return firth_flush_and_close(firth_socket_output(way->from));
}

typedef struct writing {
    firth_socket *server;
    size_t piece;
} writing;

static int write_all(firth_scope *scope, void *argument)
{
    static unsigned char bytes[65536];
    writing *it = argument;
    size_t sent = 0;

    (void)scope;
    while (sent < TOTAL_BYTES) {
        size_t size = it->piece < TOTAL_BYTES - sent ? it->piece : TOTAL_BYTES - sent;

        support_fill(bytes, size, sent);
        EXPECT_EQUAL(firth_write(firth_socket_output(it->server), bytes, size), FIRTH_OK);
        sent += size;
    }
    EXPECT_EQUAL(firth_flush(firth_socket_output(it->server)), FIRTH_OK);
    return FIRTH_OK;
}

static int read_all(firth_socket *client)
{
    static unsigned char bytes[TOTAL_BYTES];

    EXPECT_EQUAL(firth_read_fully(firth_socket_input(client), bytes, TOTAL_BYTES), TOTAL_BYTES);
    EXPECT(support_is_filled(bytes, TOTAL_BYTES, 0));
    return FIRTH_OK;
}

/* TOTAL_BYTES in pieces of that size are as few records as there can be. */
static int are_whole_records(firth_scope *scope, size_t piece)
{
    firth_tls_builder quiet = secure_pair_server();
    firth_tls_config *config;
    firth_socket *server, *client;
    firth_scope inner, taps;
    tap way = {.count = 0};
    writing it = {.piece = piece};
    size_t payload;

    quiet.session_tickets = false;
    EXPECT_EQUAL(firth_tls_build(&quiet, &config), FIRTH_OK);
    firth_scope_open(&taps, scope, NULL);
    EXPECT_EQUAL(support_pair(scope, &server, &way.from), FIRTH_OK);
    EXPECT_EQUAL(support_pair(scope, &way.to, &client), FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(&taps, pass_records, &way, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(&taps, pass_bytes, &way, NULL), FIRTH_OK);
    EXPECT_EQUAL(secure_pair_start(&taps, config, secure_pair_client_config(), &server, &client), FIRTH_OK);
    way.count = 0;
    way.longest = 0;
    it.server = server;
    firth_scope_open(&inner, &taps, NULL);
    EXPECT_EQUAL(firth_spawn(&inner, write_all, &it, NULL), FIRTH_OK);
    EXPECT_EQUAL(read_all(client), FIRTH_OK);
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_OK), FIRTH_OK);
    EXPECT(way.longest > OVERHEAD_BYTES + 500);
    payload = way.longest - OVERHEAD_BYTES;
    EXPECT_EQUAL(way.count, (TOTAL_BYTES + payload - 1) / payload);
    EXPECT_EQUAL(secure_pair_end(&taps, server, client), FIRTH_OK);
    EXPECT_EQUAL(firth_scope_close(&taps, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_close(way.from), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_close(way.to), FIRTH_OK);
    firth_tls_config_release(config);
    return FIRTH_OK;
}

TASK_TEST(bytes_become_whole_records_whatever_the_size_of_the_writes)
{
    static const size_t pieces[] = {16384, 100, 16383, 1000, 8192, 65536};

    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++)
        EXPECT_EQUAL(are_whole_records(scope, pieces[i]), FIRTH_OK);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_become_whole_records_whatever_the_size_of_the_writes),
    };

    return support_main(argc, argv, "secure_records", tests, sizeof tests / sizeof tests[0]);
}
