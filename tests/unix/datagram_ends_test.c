/* SPDX-License-Identifier: Apache-2.0 */
/* Unix datagram sockets: peers that are not there, descriptors, files, options. */
#include "tests/unix/places.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- nobody there --------------------------------------------------------------------------------------------------- */

TASK_TEST(where_nobody_receives_is_refused_and_the_socket_lives_on)
{
    firth_unix_address nothing = places_address(places_path("nothing")), to = places_address(places_path("b"));
    firth_unix_datagram_socket *a, *b;

    EXPECT_EQUAL(places_open_datagrams(scope, places_path("a"), &a), FIRTH_OK);
    EXPECT_EQUAL(places_send(a, "x", &nothing), FIRTH_ERR_REFUSED);
    EXPECT_EQUAL(places_send(a, "x", NULL), FIRTH_ERR_NOT_CONNECTED);
    EXPECT_EQUAL(firth_unix_datagram_connect(a, &nothing), FIRTH_ERR_REFUSED);
    EXPECT_EQUAL(places_open_datagrams(scope, places_path("b"), &b), FIRTH_OK);
    EXPECT_EQUAL(firth_unix_datagram_connect(a, &to), FIRTH_OK);
    EXPECT_EQUAL(places_send(a, "x", NULL), FIRTH_OK);
    firth_unix_datagram_close(b);
    EXPECT_EQUAL(places_send(a, "x", NULL), FIRTH_ERR_REFUSED);
    EXPECT_EQUAL(unlink(places_path("b")), 0);
    EXPECT_EQUAL(places_open_datagrams(scope, places_path("b"), &b), FIRTH_OK);
    EXPECT_EQUAL(firth_unix_datagram_connect(a, &to), FIRTH_OK);
    EXPECT_EQUAL(places_send(a, "again", NULL), FIRTH_OK);
    EXPECT_EQUAL(places_receive(scope, b, "again", NULL), FIRTH_OK);
    return FIRTH_OK;
}

TASK_TEST(a_connected_socket_is_its_peers_alone)
{
    firth_unix_address at_a = places_address(places_path("a")), at_b = places_address(places_path("b")), told;
    firth_unix_datagram_socket *a, *b, *c;

    EXPECT_EQUAL(places_open_datagrams(scope, places_path("a"), &a), FIRTH_OK);
    EXPECT_EQUAL(places_open_datagrams(scope, places_path("b"), &b), FIRTH_OK);
    EXPECT_EQUAL(places_open_datagrams(scope, NULL, &c), FIRTH_OK);
    EXPECT_EQUAL(firth_unix_datagram_peer_address(a, &told), FIRTH_ERR_NOT_CONNECTED);
    EXPECT_EQUAL(firth_unix_datagram_connect(a, &at_b), FIRTH_OK);
    EXPECT_EQUAL(firth_unix_datagram_peer_address(a, &told), FIRTH_OK);
    EXPECT(strcmp(told.path, at_b.path) == 0);
    EXPECT_EQUAL(places_send(c, "x", &at_a), FIRTH_ERR_PERMISSION);
    EXPECT_EQUAL(places_send(b, "mine", &at_a), FIRTH_OK);
    EXPECT_EQUAL(places_receive(scope, a, "mine", NULL), FIRTH_OK);
    return FIRTH_OK;
}

TASK_TEST(the_end_of_a_pairs_peer_is_told_by_the_next_send)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    firth_unix_datagram_socket *a;
    int ends[2];

    EXPECT_EQUAL(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), 0);
    EXPECT_EQUAL(firth_unix_datagram_adopt(&builder, ends[0], &a), FIRTH_OK);
    firth_scope_own_unix_datagram(scope, a);
    EXPECT_EQUAL(write(ends[1], "last", 4), 4);
    close(ends[1]);
    EXPECT_EQUAL(places_receive(scope, a, "last", NULL), FIRTH_OK);
    EXPECT_EQUAL(places_send(a, "x", NULL), FIRTH_ERR_REFUSED);
    EXPECT_EQUAL(places_send(a, "x", NULL), FIRTH_ERR_NOT_CONNECTED);
    return FIRTH_OK;
}

/* ---- descriptors, files, options ------------------------------------------------------------------------------------ */

TASK_TEST(descriptors_come_with_their_datagram)
{
    firth_unix_datagram_socket *a, *b;
    firth_unix_address to = places_address(places_path("b"));
    intptr_t sent[3] = {STDERR_FILENO, STDERR_FILENO, STDERR_FILENO}, taken[3];
    char byte = 'x';
    firth_unix_message out = {.bytes = &byte, .size = 1, .address = &to, .descriptors = sent, .descriptor_count = 3};
    firth_unix_message in = {.bytes = &byte, .capacity = 1, .descriptors = taken};
    size_t before;

    EXPECT_EQUAL(places_open_datagrams(scope, NULL, &a), FIRTH_OK);
    EXPECT_EQUAL(places_open_datagrams(scope, places_path("b"), &b), FIRTH_OK);
    before = support_descriptors_open();
    for (size_t room = 0; room <= 3; room++) {
        in.descriptor_capacity = room;
        EXPECT_EQUAL(firth_unix_send(a, &out), FIRTH_OK);
        EXPECT_EQUAL(firth_unix_receive(b, &in), 1);
        EXPECT_EQUAL(in.descriptor_count, room);
        EXPECT_EQUAL(in.descriptors_lost, room < 3);
        EXPECT_EQUAL(support_descriptors_open(), before + room);
        for (size_t i = 0; i < room; i++) {
            EXPECT((fcntl((int)taken[i], F_GETFD) & FD_CLOEXEC) != 0);
            close((int)taken[i]);
        }
    }
    sent[1] = -1;
    EXPECT_EQUAL(firth_unix_send(a, &out), FIRTH_ERR_ARGUMENT);
    return FIRTH_OK;
}

TASK_TEST(the_file_is_treated_as_a_servers_is)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    firth_unix_datagram_socket *socket, *second;
    const char *path = places_path("b");

    EXPECT_EQUAL(firth_unix_datagram_bind(&builder, path, &socket), FIRTH_OK);
    builder.replace_stale = builder.unlink_on_close = true;
    EXPECT_EQUAL(firth_unix_datagram_bind(&builder, path, &second), FIRTH_ERR_ADDRESS_IN_USE);
    EXPECT(strstr(firth_last_failure()->detail, "somebody listens there") != NULL);
    firth_unix_datagram_close(socket);
    EXPECT(places_has(path));
    EXPECT_EQUAL(firth_unix_datagram_bind(&builder, path, &second), FIRTH_OK);
    firth_unix_datagram_close(second);
    EXPECT(!places_has(path));
    EXPECT_EQUAL(firth_unix_datagram_bind(&builder, places_long_path(108), &second), FIRTH_ERR_TOO_LONG);
    EXPECT_EQUAL(firth_unix_datagram_bind(&builder, places_path("no/b"), &second), FIRTH_ERR_ADDRESS_NOT_AVAILABLE);
    EXPECT(second == NULL);
    return FIRTH_OK;
}

TASK_TEST(options_are_applied_and_others_refused)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    firth_unix_datagram_socket *socket;
    firth_unix_address to = places_address(places_path("b"));
    static char bytes[100000];
    firth_unix_message message = {.bytes = bytes, .size = sizeof bytes, .address = &to};
    int value = 0;

    builder.send_buffer_bytes = 30000;
    builder.receive_buffer_bytes = 20000;
    EXPECT_EQUAL(firth_unix_datagram_bind(&builder, places_path("b"), &socket), FIRTH_OK);
    firth_scope_own_unix_datagram(scope, socket);
    EXPECT_EQUAL(firth_unix_datagram_get_option(socket, FIRTH_OPTION_SEND_BUFFER_BYTES, &value), FIRTH_OK);
    EXPECT_EQUAL(value, 30000);
    EXPECT_EQUAL(firth_unix_datagram_get_option(socket, FIRTH_OPTION_RECEIVE_BUFFER_BYTES, &value), FIRTH_OK);
    EXPECT_EQUAL(value, 20000);
    EXPECT_EQUAL(firth_unix_datagram_set_option(socket, FIRTH_OPTION_BROADCAST, 1), FIRTH_ERR_NOT_SUPPORTED);
    EXPECT_EQUAL(firth_unix_send(socket, &message), FIRTH_ERR_TOO_LONG);
    return FIRTH_OK;
}

TASK_TEST(bad_arguments_are_refused)
{
    firth_unix_address none = {.size = 0};
    firth_unix_datagram_socket *socket;
    char byte;
    firth_unix_message message = {.bytes = &byte, .capacity = 1, .size = 1, .address = &none};

    EXPECT_EQUAL(places_open_datagrams(scope, places_path("b"), &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_unix_send(socket, &message), FIRTH_ERR_ARGUMENT);
    message.bytes = NULL;
    message.address = NULL;
    EXPECT_EQUAL(firth_unix_send(socket, &message), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_unix_receive(socket, &message), FIRTH_ERR_ARGUMENT);
    message.bytes = &byte;
    message.descriptor_capacity = message.descriptor_count = 254;
    EXPECT_EQUAL(firth_unix_send(socket, &message), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_unix_receive(socket, &message), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_unix_datagram_connect(socket, &none), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_unix_datagram_connect(socket, NULL), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(places_open_datagrams(scope, "", &socket), FIRTH_ERR_ARGUMENT);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        PLACES_TEST(where_nobody_receives_is_refused_and_the_socket_lives_on),
        PLACES_TEST(a_connected_socket_is_its_peers_alone),
        PLACES_TEST(the_end_of_a_pairs_peer_is_told_by_the_next_send),
        PLACES_TEST(descriptors_come_with_their_datagram),
        PLACES_TEST(the_file_is_treated_as_a_servers_is),
        PLACES_TEST(options_are_applied_and_others_refused),
        PLACES_TEST(bad_arguments_are_refused),
    };

    return support_main(argc, argv, "unix datagram ends", tests, sizeof tests / sizeof *tests);
}
