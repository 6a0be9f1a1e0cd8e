/* SPDX-License-Identifier: Apache-2.0 */
/* Who is at the other end, and adopted sockets. */
#include "tests/unix/places.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int expect_self(const firth_socket *socket)
{
    firth_unix_credentials who = {0};

    EXPECT_EQUAL(firth_unix_peer_credentials(socket, &who), FIRTH_OK);
    EXPECT_EQUAL(who.process_id, getpid());
    EXPECT_EQUAL(who.user_id, geteuid());
    EXPECT_EQUAL(who.group_id, getegid());
    return FIRTH_OK;
}

TASK_TEST(each_end_knows_who_the_other_is)
{
    firth_socket *a, *b;

    EXPECT_EQUAL(places_pair(scope, NULL, &a, &b), FIRTH_OK);
    firth_scope_own_socket(scope, a);
    firth_scope_own_socket(scope, b);
    EXPECT_EQUAL(expect_self(a), FIRTH_OK);
    EXPECT_EQUAL(expect_self(b), FIRTH_OK);
    return FIRTH_OK;
}

/* A process that connects and waits until it is let go. */
static pid_t start_client(const char *path, int *let_go)
{
    int ends[2];
    pid_t child;

    if (support_pipe(ends) != 0)
        return -1;
    child = fork();
    if (child == 0) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
        char byte;

        close(ends[1]);
        snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
        if (connect(descriptor, (const struct sockaddr *)&address, sizeof address) != 0)
            _exit(1);
        _exit(read(ends[0], &byte, 1) == 0 ? 0 : 2);
    }
    close(ends[0]);
    *let_go = ends[1];
    return child;
}

TASK_TEST(another_process_is_told_as_what_it_is)
{
    firth_unix_credentials who = {0};
    firth_server *server;
    firth_socket *socket;
    int let_go = -1, status = -1;
    pid_t child;

    EXPECT_EQUAL(places_serve(scope, places_path("server"), &server), FIRTH_OK);
    child = start_client(places_path("server"), &let_go);
    EXPECT(child > 0);
    EXPECT_EQUAL(firth_accept(server, &socket), FIRTH_OK);
    firth_scope_own_socket(scope, socket);
    EXPECT_EQUAL(firth_unix_peer_credentials(socket, &who), FIRTH_OK);
    EXPECT_EQUAL(who.process_id, child);
    close(let_go);
    EXPECT_EQUAL(waitpid(child, &status, 0), child);
    EXPECT_EQUAL(status, 0);
    EXPECT_EQUAL(firth_unix_peer_credentials(socket, &who), FIRTH_OK); /* and is known when it is gone */
    EXPECT_EQUAL(who.process_id, child);
    return FIRTH_OK;
}

TASK_TEST(an_end_without_a_path_has_an_empty_address)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    firth_unix_address address;
    firth_address none;
    firth_server *server;
    firth_socket *client, *accepted;

    EXPECT_EQUAL(places_serve(scope, places_path("server"), &server), FIRTH_OK);
    EXPECT_EQUAL(firth_unix_connect(&builder, places_path("server"), &client), FIRTH_OK);
    firth_scope_own_socket(scope, client);
    EXPECT_EQUAL(firth_accept(server, &accepted), FIRTH_OK);
    firth_scope_own_socket(scope, accepted);
    EXPECT_EQUAL(firth_unix_local_address(client, &address), FIRTH_OK);
    EXPECT(address.size == 0 && !address.abstract && address.path[0] == '\0');
    EXPECT_EQUAL(firth_unix_peer_address(accepted, &address), FIRTH_OK);
    EXPECT_EQUAL(address.size, 0);
    EXPECT_EQUAL(firth_unix_local_address(accepted, &address), FIRTH_OK);
    EXPECT(strcmp(address.path, places_path("server")) == 0);
    EXPECT_EQUAL(firth_socket_local_address(client, &none), FIRTH_ERR_NOT_SUPPORTED);
    EXPECT_EQUAL(firth_socket_peer_address(client, &none), FIRTH_ERR_NOT_SUPPORTED);
    return FIRTH_OK;
}

TASK_TEST(a_tcp_socket_is_none)
{
    firth_unix_credentials who;
    firth_unix_address address;
    intptr_t descriptor = 0;
    firth_socket *a, *b;

    EXPECT_EQUAL(support_pair(scope, &a, &b), FIRTH_OK);
    firth_scope_own_socket(scope, a);
    firth_scope_own_socket(scope, b);
    EXPECT_EQUAL(firth_unix_peer_credentials(a, &who), FIRTH_ERR_NOT_SUPPORTED);
    EXPECT_EQUAL(firth_unix_peer_address(a, &address), FIRTH_ERR_NOT_SUPPORTED);
    EXPECT_EQUAL(firth_unix_local_address(a, &address), FIRTH_ERR_NOT_SUPPORTED);
    EXPECT_EQUAL(firth_unix_take_descriptors(a, &descriptor, 1), FIRTH_ERR_NOT_SUPPORTED);
    EXPECT_EQUAL(firth_unix_send_descriptors(a, "x", 1, &descriptor, 1), FIRTH_ERR_NOT_SUPPORTED);
    return FIRTH_OK;
}

/* ---- adopt --------------------------------------------------------------------------------------------------------- */

TASK_TEST(both_ends_of_a_socketpair_can_be_adopted)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    firth_unix_address address;
    firth_socket *sockets[2];
    intptr_t released;
    char line[16];
    int ends[2];

    builder.auto_flush = true;
    EXPECT_EQUAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    for (int i = 0; i < 2; i++) {
        EXPECT_EQUAL(firth_unix_adopt(&builder, ends[i], &sockets[i]), FIRTH_OK);
        EXPECT_EQUAL(firth_socket_descriptor(sockets[i]), ends[i]);
        EXPECT_EQUAL(firth_unix_peer_address(sockets[i], &address), FIRTH_OK);
        EXPECT_EQUAL(address.size, 0);
        EXPECT_EQUAL(expect_self(sockets[i]), FIRTH_OK);
    }
    for (int i = 0; i < 2; i++) {
        EXPECT_EQUAL(firth_write_string(firth_socket_output(sockets[i]), "hello\n"), FIRTH_OK);
        EXPECT_EQUAL(firth_read_line(firth_socket_input(sockets[1 - i]), line, sizeof line), 5);
    }
    EXPECT_EQUAL(firth_socket_release(sockets[0], &released), FIRTH_OK);
    EXPECT_EQUAL(released, ends[0]);
    EXPECT_EQUAL(write(ends[0], "raw\n", 4), 4);
    EXPECT_EQUAL(firth_read_line(firth_socket_input(sockets[1]), line, sizeof line), 3);
    close(ends[0]);
    EXPECT_EQUAL(firth_socket_close(sockets[1]), FIRTH_OK);
    return FIRTH_OK;
}

static int socket_of(int domain, int type)
{
    return socket(domain, type | SOCK_CLOEXEC, 0);
}

TASK_TEST(something_else_is_not_adopted_and_stays_open)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    int pair[2], others[3];
    firth_socket *socket;

    EXPECT_EQUAL(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair), 0);
    others[0] = pair[0];
    others[1] = socket_of(AF_UNIX, SOCK_STREAM);
    others[2] = socket_of(AF_INET, SOCK_STREAM);
    EXPECT_EQUAL(firth_unix_adopt(&builder, others[0], &socket), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_unix_adopt(&builder, others[1], &socket), FIRTH_ERR_NOT_CONNECTED);
    EXPECT_EQUAL(firth_unix_adopt(&builder, others[2], &socket), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_unix_adopt(&builder, -1, &socket), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_tcp_adopt(&tcp, others[0], &socket), FIRTH_ERR_ARGUMENT);
    EXPECT(socket == NULL);
    for (int i = 0; i < 3; i++)
        EXPECT_EQUAL(close(others[i]), 0);
    close(pair[1]);
    return FIRTH_OK;
}

#ifdef __linux__
#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76
#endif

static int lowest_free(void)
{
    int lowest = dup(STDERR_FILENO);

    close(lowest);
    return lowest;
}

/* Linux since 6.5 tells who sent each byte by a descriptor, if it was asked to before the socket was adopted. */
TASK_TEST(what_tells_of_the_sender_by_a_descriptor_does_not_stay_open)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    const int on = 1;
    firth_socket *socket;
    int pair[2], before;
    char byte;

    builder.descriptors_max = 8;
    EXPECT_EQUAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    if (setsockopt(pair[0], SOL_SOCKET, SO_PASSPIDFD, &on, sizeof on) != 0)
        print_message("SO_PASSPIDFD is not there, so nothing is told\n");
    EXPECT_EQUAL(firth_unix_adopt(&builder, pair[0], &socket), FIRTH_OK);
    firth_scope_own_socket(scope, socket);
    before = lowest_free();
    for (int i = 0; i < 4; i++) {
        EXPECT_EQUAL(write(pair[1], "x", 1), 1);
        EXPECT_EQUAL(firth_read_fully(firth_socket_input(socket), &byte, 1), 1);
        EXPECT_EQUAL(lowest_free(), before);
    }
    close(pair[1]);
    return FIRTH_OK;
}
#endif

/* A path that fills the system's address, which somebody else may bind: the system tells a length of more than that. Linux,
 * with AddressSanitizer, sees who believes it. */
TASK_TEST(an_address_longer_than_there_is_room_for_is_none)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    struct {
        struct sockaddr_un address;
        char end; /* Valgrind reads the path as a string */
    } longest = {.address = {.sun_family = AF_UNIX}};
    int listener = socket_of(AF_UNIX, SOCK_STREAM), client = socket_of(AF_UNIX, SOCK_STREAM);
    const size_t room = sizeof longest.address.sun_path, told = room < FIRTH_UNIX_PATH_BYTES ? room : 0;
    const char *path = places_long_path(room);
    firth_unix_address address;
    firth_socket *socket;

    EXPECT_EQUAL(strlen(path), sizeof longest.address.sun_path);
    memcpy(longest.address.sun_path, path, sizeof longest.address.sun_path);
    EXPECT_EQUAL(bind(listener, (const struct sockaddr *)&longest.address, sizeof longest.address), 0);
    EXPECT_EQUAL(listen(listener, 1), 0);
    EXPECT_EQUAL(connect(client, (const struct sockaddr *)&longest.address, sizeof longest.address), 0);
    EXPECT_EQUAL(firth_unix_adopt(&builder, client, &socket), FIRTH_OK);
    firth_scope_own_socket(scope, socket);
    EXPECT_EQUAL(firth_unix_peer_address(socket, &address), FIRTH_OK);
    EXPECT_EQUAL(address.size, told);
    EXPECT_BYTES(address.path, path, told);
    EXPECT_EQUAL(address.path[address.size], '\0');
    close(listener);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        PLACES_TEST(each_end_knows_who_the_other_is),
        PLACES_TEST(another_process_is_told_as_what_it_is),
        PLACES_TEST(an_end_without_a_path_has_an_empty_address),
        PLACES_TEST(a_tcp_socket_is_none),
        PLACES_TEST(both_ends_of_a_socketpair_can_be_adopted),
        PLACES_TEST(something_else_is_not_adopted_and_stays_open),
#ifdef __linux__
        PLACES_TEST(what_tells_of_the_sender_by_a_descriptor_does_not_stay_open),
#endif
        PLACES_TEST(an_address_longer_than_there_is_room_for_is_none),
    };

    return support_main(argc, argv, "unix peer", tests, sizeof tests / sizeof *tests);
}
