/* SPDX-License-Identifier: Apache-2.0 */
/* The echo server, and the fan-out. */
#include "tests/examples/program.h"
#include "tests/tcp/raw.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* Sends and receives side by side: an echo of more than the buffers hold must not lock up. */
static void exchange(int client, size_t total)
{
    static uint8_t sent[16 * 1024], received[16 * 1024];
    size_t out = 0, in = 0;

    fcntl(client, F_SETFL, O_NONBLOCK);
    while (in < total) {
        struct pollfd watched = {.fd = client, .events = (short)(out < total ? POLLIN | POLLOUT : POLLIN)};
        size_t size = total - out < sizeof sent ? total - out : sizeof sent;
        ssize_t count;

        assert_true(poll(&watched, 1, PROGRAM_PATIENCE_MS) > 0);
        support_fill(sent, size, out);
        count = out < total ? send(client, sent, size, MSG_NOSIGNAL) : -1;
        out += count > 0 ? (size_t)count : 0;
        if (out == total && count > 0)
            shutdown(client, SHUT_WR);
        count = recv(client, received, sizeof received, 0);
        assert_true(count <= 0 || support_is_filled(received, (size_t)count, in));
        assert_int_not_equal(count, 0);
        in += count > 0 ? (size_t)count : 0;
    }
}

static void echo_server_sends_back_every_byte_and_then_the_end(void **state)
{
    program server;
    int client = raw_connect(program_serve(&server, "echo-server"));
    struct pollfd watched = {.fd = client, .events = POLLIN};
    char byte;

    (void)state;
    assert_true(client >= 0);
    exchange(client, 8 * 1024 * 1024);
    assert_int_equal(poll(&watched, 1, PROGRAM_PATIENCE_MS), 1);
    assert_int_equal(recv(client, &byte, 1, 0), 0);
    close(client);
    assert_int_equal(program_stop(&server, SIGINT), 0);
}

static void echo_server_answers_before_the_end(void **state)
{
    program server;
    int port = program_serve(&server, "echo-server"), client = raw_connect(port), other = raw_connect(port);
    char bytes[5];

    (void)state;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(raw_send(client, "ping\n", 5), 0);
        assert_int_equal(raw_receive(client, bytes, 5), 0);
        assert_memory_equal(bytes, "ping\n", 5);
    }
    raw_reset(client);
    assert_int_equal(raw_send(other, "ping\n", 5), 0);
    assert_int_equal(raw_receive(other, bytes, 5), 0);
    close(other);
    assert_int_equal(program_stop(&server, SIGINT), 0);
}

static void socat_sends_a_file_through_the_echo_server(void **state)
{
    char command[128];
    program server, pipeline;

    (void)state;
    program_need("socat");
    program_need("cksum");
    snprintf(command, sizeof command,
             "head -c 3000000 /dev/zero | socat -t 20 - TCP:127.0.0.1:%d | cksum; head -c 3000000 /dev/zero | cksum",
             program_serve(&server, "echo-server"));
    program_start_tool(&pipeline, (const char *const[]){"sh", "-c", command, NULL});
    assert_int_equal(program_wait(&pipeline), 0);
    assert_int_equal(pipeline.size % 2, 0);
    assert_memory_equal(pipeline.text, pipeline.text + pipeline.size / 2, pipeline.size / 2);
    assert_int_equal(program_stop(&server, SIGINT), 0);
}

static void add_target(program *fan_out, int port)
{
    char line[64];

    program_write(fan_out, line, (size_t)snprintf(line, sizeof line, "127.0.0.1 %d\n", port));
}

static const char *const patient[] = {"fan-out", "60000", NULL};

static void fan_out_reports_in_order_of_completion(void **state)
{
    enum { TARGETS = 3 };
    int listeners[TARGETS], ports[TARGETS], peers[TARGETS];
    static const int order[TARGETS] = {2, 0, 1};
    program fan_out;

    (void)state;
    program_start_example(&fan_out, patient);
    for (int i = 0; i < TARGETS; i++) {
        assert_true((listeners[i] = raw_listen(1, &ports[i])) >= 0);
        add_target(&fan_out, ports[i]);
    }
    program_end_input(&fan_out);
    for (int i = 0; i < TARGETS; i++) /* all are connected to before any has answered */
        assert_true((peers[i] = raw_accept(listeners[i])) >= 0);
    for (int i = 0; i < TARGETS; i++) {
        char report[64];

        assert_int_equal(raw_send(peers[order[i]], "here\nmore\n", 10), 0);
        snprintf(report, sizeof report, "127.0.0.1 %d: here\n", ports[order[i]]);
        program_await(&fan_out, report);
    }
    assert_int_equal(program_wait(&fan_out), 0);
    for (int i = 0; i < TARGETS; i++) {
        close(peers[i]);
        close(listeners[i]);
    }
}

static void fan_out_has_one_deadline_on_all(void **state)
{
    int port, listener = raw_listen(1, &port);
    char line[64], refused[64];
    raw_silence silence;
    program fan_out;

    (void)state;
    assert_true(listener >= 0);
    assert_int_equal(raw_silence_open(&silence), 0);
    program_start_example(&fan_out, (const char *const[]){"fan-out", "500", NULL});
    add_target(&fan_out, port); /* connects and says nothing */
    add_target(&fan_out, silence.port);
    add_target(&fan_out, support_closed_port());
    program_end_input(&fan_out);
    assert_int_equal(program_wait(&fan_out), 1);
    snprintf(line, sizeof line, "127.0.0.1 %d: no answer in time\n", port);
    assert_non_null(strstr(fan_out.text, line));
    snprintf(line, sizeof line, "127.0.0.1 %d: no answer in time\n", silence.port);
    assert_non_null(strstr(fan_out.text, line));
    snprintf(refused, sizeof refused, "127.0.0.1 %d: %s\n", support_closed_port(), firth_error_text(FIRTH_ERR_REFUSED));
    assert_ptr_equal(strstr(fan_out.text, refused), fan_out.text); /* it was known first */
    raw_silence_close(&silence);
    close(listener);
}

static void fan_out_asks_two_hundred_servers_at_once(void **state)
{
    enum { TARGETS = 200 };
    program server, fan_out;
    int port, answers = 0;

    (void)state;
    port = program_serve(&server, "sockets-server");
    program_start_example(&fan_out, patient);
    for (int i = 0; i < TARGETS; i++)
        add_target(&fan_out, port);
    program_end_input(&fan_out);
    assert_int_equal(program_wait(&fan_out), 0);
    for (const char *at = fan_out.text; (at = strstr(at, ": Please enter your name\n")) != NULL; at++)
        answers++;
    assert_int_equal(answers, TARGETS);
    assert_int_equal(program_stop(&server, SIGINT), 0);
}

static void fan_out_refuses_a_line_that_is_no_target(void **state)
{
    program fan_out;

    (void)state;
    program_start_example(&fan_out, patient);
    program_write(&fan_out, "localhost\n", 10);
    program_end_input(&fan_out);
    assert_int_equal(program_wait(&fan_out), 2);
    assert_non_null(strstr(fan_out.text, "localhost"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(echo_server_sends_back_every_byte_and_then_the_end),
        cmocka_unit_test(echo_server_answers_before_the_end),
        cmocka_unit_test(socat_sends_a_file_through_the_echo_server),
        cmocka_unit_test(fan_out_reports_in_order_of_completion),
        cmocka_unit_test(fan_out_has_one_deadline_on_all),
        cmocka_unit_test(fan_out_asks_two_hundred_servers_at_once),
        cmocka_unit_test(fan_out_refuses_a_line_that_is_no_target),
    };

    return support_main(argc, argv, "echo_and_fan_out", tests, sizeof tests / sizeof tests[0]);
}
