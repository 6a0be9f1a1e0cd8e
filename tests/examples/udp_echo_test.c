/* SPDX-License-Identifier: Apache-2.0 */
/* The echo of datagrams, and clients that are not Firth. */
#include "tests/examples/program.h"
#include "tests/support/cloexec.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* A socket whose peer is that port of 127.0.0.1. */
static int connect_to(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int client = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(client >= 0);
    assert_int_equal(connect(client, (const struct sockaddr *)&address, sizeof address), 0);
    return client;
}

static int serve(program *server, const char *host)
{
    const char *const words[] = {"udp-echo", host, "0", NULL};

    program_start_example(server, words);
    program_await(server, "\n");
    assert_non_null(strstr(server->text, "Server is receiving at "));
    return (int)strtol(strrchr(server->text, ':') + 1, NULL, 10);
}

static void expect_echo(int client, size_t size)
{
    static uint8_t sent[65536], received[65536];
    struct pollfd watched = {.fd = client, .events = POLLIN};

    support_fill(sent, size, size);
    assert_int_equal(send(client, sent, size, 0), (ssize_t)size);
    assert_int_equal(poll(&watched, 1, PROGRAM_PATIENCE_MS), 1);
    assert_int_equal(recv(client, received, sizeof received, 0), (ssize_t)size);
    assert_memory_equal(sent, received, size);
}

static void it_sends_back_datagrams_of_every_size(void **state)
{
    static const size_t sizes[] = {1, 0, 1200, 9000, 65507, 5};
    program server;
    int client = connect_to(serve(&server, "127.0.0.1"));

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        expect_echo(client, sizes[i]);
    close(client);
    assert_int_equal(program_stop(&server, SIGINT), 0);
}

/* Its answer meets a closed port, whose ICMP error is nothing to the next client. */
static void a_client_that_is_gone_does_not_end_it(void **state)
{
    program server;
    int port = serve(&server, "*"), gone = connect_to(port), client;

    (void)state;
    assert_int_equal(send(gone, "gone", 4, 0), 4);
    close(gone);
    client = connect_to(port);
    for (int i = 0; i < 10; i++)
        expect_echo(client, 100);
    close(client);
    assert_int_equal(program_stop(&server, program_is_of_windows() ? SIGINT : SIGTERM), 0);
}

static void address_of_another_machine_is_said(void **state)
{
    const char *const elsewhere[] = {"udp-echo", "192.0.2.1", "0", NULL};
    program server;

    (void)state;
    program_not_by_wine("Wine binds a datagram socket to 192.0.2.1, an address that no interface has");
    program_start_example(&server, elsewhere);
    assert_int_equal(program_wait(&server), EXIT_FAILURE);
    assert_non_null(strstr(server.text, "Cannot receive at 192.0.2.1 port 0: the address is not one of this machine"));
}

static void port_that_is_none_gets_the_usage(void **state)
{
    const char *const port[] = {"udp-echo", "::", "x", NULL};
    program server;

    (void)state;
    program_start_example(&server, port);
    assert_int_equal(program_wait(&server), EXIT_FAILURE);
    assert_non_null(strstr(server.text, "usage:"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_sends_back_datagrams_of_every_size),
        cmocka_unit_test(a_client_that_is_gone_does_not_end_it),
        cmocka_unit_test(address_of_another_machine_is_said),
        cmocka_unit_test(port_that_is_none_gets_the_usage),
    };

    return support_main(argc, argv, "udp echo", tests, sizeof tests / sizeof *tests);
}
