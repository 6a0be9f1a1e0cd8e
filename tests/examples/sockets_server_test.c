/* SPDX-License-Identifier: Apache-2.0 */
/* The greeting server and clients that are not ours. */
#include "tests/examples/program.h"
#include "tests/tcp/raw.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static const char greeting[] = "Please enter your name\n";
enum { GREETING_SIZE = sizeof greeting - 1 };

/* Fails instead of waiting for ever. */
static int client_of(int port)
{
    struct timeval patience = {.tv_sec = PROGRAM_PATIENCE_MS / 1000};
    int client = raw_connect(port), on = 1;

    assert_true(client >= 0);
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return client;
}

static void expect(int client, const void *bytes, size_t size)
{
    char received[256];

    assert_true(size <= sizeof received);
    assert_int_equal(raw_receive(client, received, size), 0);
    assert_memory_equal(received, bytes, size);
}

static void expect_text(int client, const char *text)
{
    expect(client, text, strlen(text));
}

static void expect_end(int client)
{
    char byte;

    assert_int_equal(recv(client, &byte, 1, 0), 0);
    close(client);
}

static void say(int client, const char *text)
{
    assert_int_equal(raw_send(client, text, strlen(text)), 0);
}

/* A whole conversation: the server is well. */
static void expect_service(int port)
{
    int client = client_of(port);

    expect_text(client, greeting);
    say(client, "Ada\n");
    expect_text(client, "Hello, Ada!\n");
    shutdown(client, SHUT_WR);
    expect_end(client);
}

static void end_server(program *server)
{
    assert_int_equal(program_stop(server, SIGINT), 0);
    assert_non_null(strstr(server->text, "Server stopped\n"));
}

static void server_greets_and_answers_each_line(void **state)
{
    program server;
    int port = program_serve(&server, "sockets-server"), client = client_of(port);

    (void)state;
    expect_text(client, greeting);
    say(client, "Ada\nGrace\r\n\nlast");
    shutdown(client, SHUT_WR);
    expect_text(client, "Hello, Ada!\nHello, Grace!\nHello, !\nHello, last!\n");
    expect_end(client);
    end_server(&server);
}

static void converse_with(const char *const words[])
{
    program client;

    program_start_tool(&client, words);
    program_await(&client, greeting);
    program_write(&client, "Ada\n", 4);
    program_await(&client, "Hello, Ada!\n");
    program_write(&client, "Grace\n", 6);
    program_await(&client, "Hello, Grace!\n");
    program_stop(&client, SIGTERM);
}

static void netcat_is_a_client(void **state)
{
    program server;
    char port[16];

    (void)state;
    program_need("nc");
    snprintf(port, sizeof port, "%d", program_serve(&server, "sockets-server"));
    converse_with((const char *const[]){"nc", "127.0.0.1", port, NULL});
    end_server(&server);
}

static void socat_is_a_client(void **state)
{
    char address[64];
    program server;

    (void)state;
    program_need("socat");
    snprintf(address, sizeof address, "TCP:127.0.0.1:%d", program_serve(&server, "sockets-server"));
    converse_with((const char *const[]){"socat", "-", address, NULL});
    end_server(&server);
}

static void curl_is_a_client(void **state)
{
    program server;
    char url[64];

    (void)state;
    program_need("curl");
    snprintf(url, sizeof url, "telnet://127.0.0.1:%d", program_serve(&server, "sockets-server"));
    converse_with((const char *const[]){"curl", "--no-progress-meter", "-N", url, NULL});
    end_server(&server);
}

static void hundred_clients_at_once_are_all_served(void **state)
{
    enum { CLIENTS = 100 };
    int clients[CLIENTS], port;
    program server;

    (void)state;
    port = program_serve(&server, "sockets-server");
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = client_of(port);
    for (int i = 0; i < CLIENTS; i++)
        expect_text(clients[i], greeting);
    for (int i = CLIENTS - 1; i >= 0; i--) { /* nobody waits for those before */
        char text[64];

        snprintf(text, sizeof text, "client %d\n", i);
        say(clients[i], text);
        snprintf(text, sizeof text, "Hello, client %d!\n", i);
        expect_text(clients[i], text);
    }
    for (int i = 0; i < CLIENTS; i++)
        close(clients[i]);
    expect_service(port);
    end_server(&server);
}

static void client_that_resets_at_any_point_does_not_end_the_server(void **state)
{
    program server;
    int port = program_serve(&server, "sockets-server"), client;

    (void)state;
    raw_reset(client_of(port));
    client = client_of(port);
    expect_text(client, greeting);
    raw_reset(client);
    client = client_of(port);
    say(client, "half a na");
    raw_reset(client);
    client = client_of(port);
    say(client, "Ada\nGrace\n");
    raw_reset(client);
    client = client_of(port);
    shutdown(client, SHUT_WR);
    raw_reset(client);
    expect_service(port);
    end_server(&server);
}

static void name_that_is_too_long_ends_its_client_alone(void **state)
{
    program server;
    int port = program_serve(&server, "sockets-server"), client = client_of(port), neighbour = client_of(port);
    static char name[100 * 1000];

    (void)state;
    memset(name, 'x', sizeof name);
    expect_text(client, greeting);
    expect_text(neighbour, greeting);
    assert_int_equal(raw_send(client, name, sizeof name), 0);
    expect_text(client, "That name is too long, goodbye\n");
    expect_end(client);
    say(neighbour, "Ada\n");
    expect_text(neighbour, "Hello, Ada!\n");
    close(neighbour);
    end_server(&server);
}

static void nul_and_invalid_utf8_in_a_name_come_back_byte_for_byte(void **state)
{
    static const char name[] = "A\0B\xff\xc0\xaf\xed\xa0\x80\n", answer[] = "Hello, A\0B\xff\xc0\xaf\xed\xa0\x80!\n";
    program server;
    int port = program_serve(&server, "sockets-server"), client = client_of(port);

    (void)state;
    expect(client, greeting, GREETING_SIZE);
    assert_int_equal(raw_send(client, name, sizeof name - 1), 0);
    expect(client, answer, sizeof answer - 1);
    close(client);
    end_server(&server);
}

static void name_in_segments_of_one_byte_is_one_name(void **state)
{
    static const char name[] = "Ada Lovelace\r\n";
    program server;
    int port = program_serve(&server, "sockets-server"), client = client_of(port);

    (void)state;
    expect_text(client, greeting);
    for (size_t i = 0; name[i] != '\0'; i++)
        assert_int_equal(raw_send(client, &name[i], 1), 0);
    expect_text(client, "Hello, Ada Lovelace!\n");
    close(client);
    end_server(&server);
}

/* Of 200 clients some fifty fit; each that leaves makes room for one more. Returns how many were greeted at once. */
static int serve_in_turns(int *clients, int count)
{
    int greeted_at_once = 0;

    poll(NULL, 0, 1000); /* time for the server to burn its processor in, if it does */
    for (int i = 0; i < count; i++) {
        char byte;

        greeted_at_once += recv(clients[i], &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 1;
    }
    for (int left = count; left > 0;) {
        static struct pollfd watched[256];

        for (int i = 0; i < count; i++)
            watched[i] = (struct pollfd){.fd = clients[i], .events = POLLIN};
        assert_true(poll(watched, (nfds_t)count, PROGRAM_PATIENCE_MS) > 0);
        for (int i = 0; i < count; i++) {
            if (watched[i].revents == 0)
                continue;
            expect_text(clients[i], greeting);
            say(clients[i], "Ada\n");
            expect_text(clients[i], "Hello, Ada!\n");
            close(clients[i]);
            clients[i] = -1;
            left--;
        }
    }
    return greeted_at_once;
}

static void with_64_descriptors_200_clients_are_served_in_turn_without_spinning(void **state)
{
    enum { CLIENTS = 200, LIMIT = 64 };
    int clients[CLIENTS], port, greeted_at_once;
    program server;

    (void)state;
    program_not_by_wine("sockets are those of Wine's server, which the limit of a program is not for");
    port = program_serve_limited(&server, "sockets-server", LIMIT);
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = client_of(port);
    greeted_at_once = serve_in_turns(clients, CLIENTS);
    assert_in_range(greeted_at_once, LIMIT / 2, LIMIT);
    expect_service(port);
    end_server(&server);
    assert_true(server.usage.ru_utime.tv_sec + server.usage.ru_stime.tv_sec < 1);
}

static void interrupt_ends_the_server_and_its_clients_cleanly(void **state)
{
    program server;
    int port = program_serve(&server, "sockets-server"), client = client_of(port);

    (void)state;
    expect_text(client, greeting);
    end_server(&server);
    expect_end(client);
    assert_int_equal(raw_connect(port), -1);
}

static void port_in_use_is_said_and_the_exit_code_is_1(void **state)
{
    program server, second;
    char port[16];

    (void)state;
    snprintf(port, sizeof port, "%d", program_serve(&server, "sockets-server"));
    program_start_example(&second, (const char *const[]){"sockets-server", "127.0.0.1", port, NULL});
    assert_int_equal(program_wait(&second), 1);
    assert_non_null(strstr(second.text, "127.0.0.1"));
    assert_non_null(strstr(second.text, port));
    assert_non_null(strstr(second.text, firth_error_text(FIRTH_ERR_ADDRESS_IN_USE)));
    end_server(&server);
}

static void port_that_is_none_is_said_and_the_exit_code_is_1(void **state)
{
    static const char *const ports[] = {"65536", "-1", "http", "", "9002x"};

    (void)state;
    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++) {
        program server;

        program_start_example(&server, (const char *const[]){"sockets-server", "127.0.0.1", ports[i], NULL});
        assert_int_equal(program_wait(&server), 1);
        assert_non_null(strstr(server.text, firth_error_text(FIRTH_ERR_PORT_RANGE)));
    }
}

/* With the fewest descriptors, of which this program may have been given some, that let it start at all. */
static int run_with_fewest_descriptors(program *this, const char *const words[])
{
    enum { CANNOT_LOAD = 127 }; /* ld.so(8) */
    int code = CANNOT_LOAD;

    for (unsigned limit = 4; limit < 64 && code == CANNOT_LOAD; limit++) {
        program_start_limited(this, words, limit);
        program_end_input(this);
        code = program_wait(this);
    }
    return code;
}

/* What fails before there is a task to tell of it: with one descriptor left there is no selector. */
static void an_example_that_cannot_begin_says_why(void **state)
{
    static const char *const examples[][3] = {
        {"sockets-server"}, {"echo-server"}, {"udp-echo"}, {"firth-resolve", "localhost"}, {"fan-out"},
    };

    (void)state;
    program_not_by_wine("the limit of descriptors is Linux's, and Wine's own come first");
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        const char *const words[] = {examples[i][0], examples[i][1], NULL};
        program told;

        assert_int_equal(run_with_fewest_descriptors(&told, words), 1);
        assert_non_null(strstr(told.text, "Cannot begin: no descriptor is left ("));
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(server_greets_and_answers_each_line),
        cmocka_unit_test(an_example_that_cannot_begin_says_why),
        cmocka_unit_test(netcat_is_a_client),
        cmocka_unit_test(socat_is_a_client),
        cmocka_unit_test(curl_is_a_client),
        cmocka_unit_test(hundred_clients_at_once_are_all_served),
        cmocka_unit_test(client_that_resets_at_any_point_does_not_end_the_server),
        cmocka_unit_test(name_that_is_too_long_ends_its_client_alone),
        cmocka_unit_test(nul_and_invalid_utf8_in_a_name_come_back_byte_for_byte),
        cmocka_unit_test(name_in_segments_of_one_byte_is_one_name),
        cmocka_unit_test(with_64_descriptors_200_clients_are_served_in_turn_without_spinning),
        cmocka_unit_test(interrupt_ends_the_server_and_its_clients_cleanly),
        cmocka_unit_test(port_in_use_is_said_and_the_exit_code_is_1),
        cmocka_unit_test(port_that_is_none_is_said_and_the_exit_code_is_1),
    };

    return support_main(argc, argv, "sockets_server", tests, sizeof tests / sizeof tests[0]);
}
