/* SPDX-License-Identifier: Apache-2.0 */
/* The client, against our server and against servers with other manners. */
#include "tests/examples/program.h"
#include "tests/tcp/raw.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WSA_REFUSED = 10061 }; /* WSAECONNREFUSED */

/* The client, connected to a raw server. */
static int connect_client(program *client)
{
    int port, peer, listener = raw_listen(1, &port);
    char text[16];

    assert_true(listener >= 0);
    snprintf(text, sizeof text, "%d", port);
    program_start_example(client, (const char *const[]){"sockets-client", "127.0.0.1", text, NULL});
    peer = raw_accept(listener);
    assert_true(peer >= 0);
    close(listener);
    return peer;
}

static void client_and_server_have_a_conversation(void **state)
{
    program server, client;
    char port[16];

    (void)state;
    snprintf(port, sizeof port, "%d", program_serve(&server, "sockets-server"));
    program_start_example(&client, (const char *const[]){"sockets-client", "127.0.0.1", port, NULL});
    program_await(&client, "Please enter your name\n");
    program_write(&client, "Ada\n", 4);
    program_await(&client, "Hello, Ada!\n");
    program_write(&client, "Grace\n", 6);
    program_await(&client, "Hello, Grace!\n");
    program_end_input(&client);
    assert_int_equal(program_wait(&client), 0);
    assert_string_equal(client.text, "Please enter your name\nHello, Ada!\nHello, Grace!\n");
    assert_int_equal(program_stop(&server, SIGINT), 0);
}

static void after_the_end_of_input_the_client_prints_what_is_still_to_come(void **state)
{
    program client;
    int peer = connect_client(&client);
    char bytes[8];

    (void)state;
    program_write(&client, "all\n", 4);
    program_end_input(&client);
    assert_int_equal(raw_receive(peer, bytes, 4), 0);
    assert_int_equal(recv(peer, bytes, 1, 0), 0);
    assert_int_equal(raw_send(peer, "late\n", 5), 0);
    program_await(&client, "late\n");
    assert_int_equal(raw_send(peer, "later\n", 6), 0);
    close(peer);
    assert_int_equal(program_wait(&client), 0);
    assert_string_equal(client.text, "late\nlater\n");
}

static const char no_look[] = "Wine's PeekNamedPipe says ERROR_NOT_SUPPORTED of a pipe of Linux, so the client is in "
                              "ReadFile and cannot be called back";

static void client_ends_when_the_server_does_though_nobody_types(void **state)
{
    program client;
    int peer;

    (void)state;
    program_not_by_wine(no_look);
    peer = connect_client(&client);
    assert_int_equal(raw_send(peer, "bye\n", 4), 0);
    close(peer);
    assert_int_equal(program_wait(&client), 0);
    assert_string_equal(client.text, "bye\n");
}

static void reset_is_said_and_the_exit_code_is_1(void **state)
{
    program client;
    int peer = connect_client(&client);

    (void)state;
    assert_int_equal(raw_send(peer, "hello\n", 6), 0);
    program_await(&client, "hello\n");
    raw_reset(peer);
    if (program_is_of_windows())
        program_end_input(&client); /* by Wine the client is in ReadFile: see no_look */
    assert_int_equal(program_wait(&client), 1);
    assert_non_null(strstr(client.text, firth_error_text(FIRTH_ERR_RESET)));
}

static void interrupt_ends_the_client_though_it_waits_for_input(void **state)
{
    program client;
    char byte;
    int peer;

    (void)state;
    program_not_by_wine(no_look);
    peer = connect_client(&client);
    assert_int_equal(raw_send(peer, "hello\n", 6), 0);
    program_await(&client, "hello\n");
    assert_int_equal(program_stop(&client, SIGINT), 0);
    assert_int_equal(recv(peer, &byte, 1, 0), 0);
    close(peer);
}

static void control_c_on_a_terminal_ends_the_client(void **state)
{
    program server, client;
    char port[16];

    (void)state;
    program_not_by_wine("Wine draws its console, letter by letter, on a terminal of Linux");
    snprintf(port, sizeof port, "%d", program_serve(&server, "sockets-server"));
    program_start_on_terminal(&client, (const char *const[]){"sockets-client", "127.0.0.1", port, NULL});
    program_await(&client, "Please enter your name");
    program_write(&client, "Ada\n", 4);
    program_await(&client, "Hello, Ada!");
    program_write(&client, "\003", 1);
    assert_int_equal(program_wait(&client), 0);
    assert_int_equal(program_stop(&server, SIGINT), 0);
}

static void interrupt_ends_a_client_that_is_still_connecting(void **state)
{
    raw_silence silence;
    program client;
    char port[16];

    (void)state;
    assert_int_equal(raw_silence_open(&silence), 0);
    snprintf(port, sizeof port, "%d", silence.port);
    program_start_example(&client, (const char *const[]){"sockets-client", "127.0.0.1", port, NULL});
    program_await_interruptible(&client);
    assert_int_equal(program_stop(&client, SIGINT), 0);
    raw_silence_close(&silence);
}

static void refused_connection_is_explained_and_the_exit_code_is_1(void **state)
{
    char port[16], code[32];
    program client;

    (void)state;
    snprintf(port, sizeof port, "%d", support_closed_port());
    snprintf(code, sizeof code, "%d", program_is_of_windows() ? WSA_REFUSED : ECONNREFUSED);
    program_start_example(&client, (const char *const[]){"sockets-client", "127.0.0.1", port, NULL});
    assert_int_equal(program_wait(&client), 1);
    assert_non_null(strstr(client.text, "127.0.0.1"));
    assert_non_null(strstr(client.text, port));
    assert_non_null(strstr(client.text, firth_error_text(FIRTH_ERR_REFUSED)));
    assert_non_null(strstr(client.text, code));
}

static void unknown_host_is_explained_and_the_exit_code_is_1(void **state)
{
    program client;

    (void)state;
    program_start_example(&client, (const char *const[]){"sockets-client", "no-such-host.invalid", "9002", NULL});
    assert_int_equal(program_wait(&client), 1);
    assert_non_null(strstr(client.text, "no-such-host.invalid"));
    assert_true(strstr(client.text, firth_error_text(FIRTH_ERR_NAME_NOT_FOUND)) != NULL ||
                strstr(client.text, firth_error_text(FIRTH_ERR_NAME_TRY_AGAIN)) != NULL ||
                strstr(client.text, firth_error_text(FIRTH_ERR_NAME_FAILED)) != NULL);
}

static void port_that_is_none_is_explained_and_the_exit_code_is_1(void **state)
{
    program client;

    (void)state;
    program_start_example(&client, (const char *const[]){"sockets-client", "127.0.0.1", "70000", NULL});
    assert_int_equal(program_wait(&client), 1);
    assert_non_null(strstr(client.text, firth_error_text(FIRTH_ERR_PORT_RANGE)));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(client_and_server_have_a_conversation),
        cmocka_unit_test(after_the_end_of_input_the_client_prints_what_is_still_to_come),
        cmocka_unit_test(client_ends_when_the_server_does_though_nobody_types),
        cmocka_unit_test(reset_is_said_and_the_exit_code_is_1),
        cmocka_unit_test(interrupt_ends_the_client_though_it_waits_for_input),
        cmocka_unit_test(control_c_on_a_terminal_ends_the_client),
        cmocka_unit_test(interrupt_ends_a_client_that_is_still_connecting),
        cmocka_unit_test(refused_connection_is_explained_and_the_exit_code_is_1),
        cmocka_unit_test(unknown_host_is_explained_and_the_exit_code_is_1),
        cmocka_unit_test(port_that_is_none_is_explained_and_the_exit_code_is_1),
    };

    return support_main(argc, argv, "sockets_client", tests, sizeof tests / sizeof tests[0]);
}
