/* SPDX-License-Identifier: Apache-2.0 */
/* TLS over Unix sockets: a firth_socket is a firth_socket. */
#include "tests/secure/secure_pair.h"
#include "tests/unix/places.h"

/* A secure pair over a Unix pair whose ends take that many descriptors. */
static int pair_of(firth_scope *scope, int descriptors_max, firth_socket **server, firth_socket **client)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));

    builder.descriptors_max = descriptors_max;
    EXPECT_EQUAL(places_pair(scope, &builder, client, server), FIRTH_OK);
    EXPECT_EQUAL(secure_pair_start(scope, secure_pair_server_config(), secure_pair_client_config(), server, client),
                 FIRTH_OK);
    return FIRTH_OK;
}

enum { SIZE = 1 << 20 };

static int send_all(firth_scope *scope, void *argument)
{
    firth_write_channel *out = firth_socket_output(argument);
    unsigned char bytes[3000];

    (void)scope;
    for (size_t at = 0; at < SIZE; at += sizeof bytes) {
        support_fill(bytes, sizeof bytes, at);
        EXPECT_EQUAL(firth_write(out, bytes, SIZE - at < sizeof bytes ? SIZE - at : sizeof bytes), FIRTH_OK);
    }
    return firth_flush(out);
}

static int receive_all(firth_scope *scope, void *argument)
{
    unsigned char bytes[5000];

    (void)scope;
    for (size_t at = 0; at < SIZE;) {
        int64_t n = firth_read(firth_socket_input(argument), bytes, sizeof bytes);

        EXPECT(n > 0);
        EXPECT(support_is_filled(bytes, (size_t)n, at));
        at += (size_t)n;
    }
    return FIRTH_OK;
}

static int exchange(firth_scope *scope, int descriptors_max)
{
    firth_socket *ends[2];
    firth_scope inner;

    EXPECT_EQUAL(pair_of(scope, descriptors_max, &ends[0], &ends[1]), FIRTH_OK);
    firth_scope_open(&inner, scope, NULL);
    for (int i = 0; i < 2; i++) {
        EXPECT_EQUAL(firth_spawn(&inner, send_all, ends[i], NULL), FIRTH_OK);
        EXPECT_EQUAL(firth_spawn(&inner, receive_all, ends[i], NULL), FIRTH_OK);
    }
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_OK), FIRTH_OK);
    return secure_pair_end(scope, ends[0], ends[1]);
}

TASK_TEST(a_mebibyte_goes_both_ways_at_once)
{
    return exchange(scope, 0);
}

TASK_TEST(the_same_where_descriptors_may_come)
{
    return exchange(scope, 2);
}

TASK_TEST(the_peer_is_known_through_tls_and_descriptors_do_not_pass)
{
    firth_unix_credentials who, above;
    firth_unix_address address;
    firth_socket *server, *client, *a, *b;
    intptr_t descriptor = 2;

    EXPECT_EQUAL(places_pair(scope, NULL, &a, &b), FIRTH_OK);
    EXPECT_EQUAL(firth_unix_peer_credentials(a, &who), FIRTH_OK);
    firth_socket_abort(a);
    firth_socket_abort(b);
    EXPECT_EQUAL(pair_of(scope, 2, &server, &client), FIRTH_OK);
    EXPECT_EQUAL(firth_unix_peer_credentials(server, &above), FIRTH_OK);
    EXPECT_EQUAL(above.process_id, who.process_id);
    EXPECT_EQUAL(firth_unix_peer_address(client, &address), FIRTH_OK);
    EXPECT(strcmp(address.path, places_path("pair")) == 0);
    EXPECT_EQUAL(firth_unix_send_descriptors(server, "x", 1, &descriptor, 1), FIRTH_ERR_NOT_SUPPORTED);
    EXPECT_EQUAL(firth_unix_take_descriptors(server, &descriptor, 1), FIRTH_ERR_NOT_SUPPORTED);
    return secure_pair_end(scope, server, client);
}

TASK_TEST(a_stream_cut_without_close_notify_is_truncated)
{
    firth_socket *server, *client;
    char byte;

    EXPECT_EQUAL(pair_of(scope, 0, &server, &client), FIRTH_OK);
    firth_scope_own_socket(scope, client);
    firth_socket_abort(server);
    EXPECT_EQUAL(firth_read(firth_socket_input(client), &byte, 1), FIRTH_ERR_TLS_TRUNCATED);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        PLACES_TEST(a_mebibyte_goes_both_ways_at_once),
        PLACES_TEST(the_same_where_descriptors_may_come),
        PLACES_TEST(the_peer_is_known_through_tls_and_descriptors_do_not_pass),
        PLACES_TEST(a_stream_cut_without_close_notify_is_truncated),
    };

    return support_main(argc, argv, "secure unix", tests, sizeof tests / sizeof *tests);
}
