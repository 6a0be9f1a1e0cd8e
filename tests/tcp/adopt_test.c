/* SPDX-License-Identifier: Apache-2.0 */
/* Native descriptors that become Firth's, and the other way round. */
#include "tests/tcp/peers.h"
#include "tests/tcp/raw.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

/* Two plain, blocking ends of one connection. */
static int raw_pair(int *near, int *far)
{
    int port, listener = raw_listen(1, &port);

    *near = listener < 0 ? -1 : raw_connect(port);
    *far = *near < 0 ? -1 : raw_accept(listener);
    close(listener);
    return *far < 0 ? -1 : 0;
}

TASK_TEST(adopted_descriptor_is_a_socket_like_any_other)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    char line[8], answer[4];
    firth_socket *socket;
    int near, far;

    EXPECT_EQUAL(raw_pair(&near, &far), 0);
    fcntl(near, F_SETFD, 0);
    tcp.keep_alive = true;
    EXPECT_EQUAL(firth_tcp_adopt(&tcp, near, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_descriptor(socket), near);
    EXPECT((fcntl(near, F_GETFL) & O_NONBLOCK) != 0);
    EXPECT((fcntl(near, F_GETFD) & FD_CLOEXEC) != 0);
    EXPECT_EQUAL(raw_option(near, SOL_SOCKET, SO_KEEPALIVE), 1);
    EXPECT(raw_option(near, IPPROTO_TCP, TCP_NODELAY) != 0);
    EXPECT_EQUAL(raw_send(far, "ask\n", 4), 0);
    EXPECT_EQUAL(firth_read_line(firth_socket_input(socket), line, sizeof line), 3);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(socket), "say\n"), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_close(socket), FIRTH_OK);
    EXPECT_EQUAL(raw_receive(far, answer, 4), 0);
    EXPECT_EQUAL(recv(far, answer, 1, 0), 0);
    EXPECT_EQUAL(fcntl(near, F_GETFD), -1);
    close(far);
    return FIRTH_OK;
}

/* On failure the descriptor is still the caller's, as it was. */
static int expect_refusal(firth_scope *scope, int descriptor, int code)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *socket = (firth_socket *)&tcp;
    int flags = fcntl(descriptor, F_GETFL), inherited = fcntl(descriptor, F_GETFD);

    EXPECT_EQUAL(firth_tcp_adopt(&tcp, descriptor, &socket), code);
    EXPECT(socket == NULL);
    EXPECT_EQUAL(fcntl(descriptor, F_GETFL), flags);
    EXPECT_EQUAL(fcntl(descriptor, F_GETFD), inherited);
    if (descriptor >= 0)
        close(descriptor);
    return FIRTH_OK;
}

TASK_TEST(what_is_no_connected_tcp_socket_is_not_adopted)
{
    int pipe_ends[2];

    EXPECT_EQUAL(expect_refusal(scope, socket(AF_INET, SOCK_STREAM, 0), FIRTH_ERR_NOT_CONNECTED), FIRTH_OK);
    EXPECT_EQUAL(expect_refusal(scope, socket(AF_INET, SOCK_DGRAM, 0), FIRTH_ERR_ARGUMENT), FIRTH_OK);
    EXPECT_EQUAL(expect_refusal(scope, socket(AF_UNIX, SOCK_STREAM, 0), FIRTH_ERR_ARGUMENT), FIRTH_OK);
    EXPECT_EQUAL(expect_refusal(scope, open("/dev/null", O_RDWR), FIRTH_ERR_ARGUMENT), FIRTH_OK);
    EXPECT_EQUAL(expect_refusal(scope, open("/proc/self/exe", O_RDONLY), FIRTH_ERR_ARGUMENT), FIRTH_OK);
    EXPECT_EQUAL(pipe(pipe_ends), 0);
    EXPECT_EQUAL(expect_refusal(scope, pipe_ends[0], FIRTH_ERR_ARGUMENT), FIRTH_OK);
    EXPECT_EQUAL(expect_refusal(scope, pipe_ends[1], FIRTH_ERR_ARGUMENT), FIRTH_OK);
    EXPECT_EQUAL(expect_refusal(scope, -1, FIRTH_ERR_ARGUMENT), FIRTH_OK);
    EXPECT_EQUAL(expect_refusal(scope, 1000 * 1000, FIRTH_ERR_ARGUMENT), FIRTH_OK);
    return FIRTH_OK;
}

TASK_TEST(listening_socket_is_not_adopted)
{
    int port;

    return expect_refusal(scope, raw_listen(1, &port), FIRTH_ERR_NOT_CONNECTED);
}

TASK_TEST(released_descriptor_lives_on_without_firth)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *socket;
    intptr_t released = -1;
    char bytes[4];
    int raw;

    EXPECT_EQUAL(peers_raw_client(&tcp, &socket, &raw), FIRTH_OK);
    EXPECT_EQUAL(raw_send(raw, "abc\n", 4), 0);
    EXPECT_EQUAL(firth_read_fully(firth_socket_input(socket), bytes, 4), 4);
    EXPECT_EQUAL(firth_socket_release(socket, &released), FIRTH_OK);
    EXPECT((fcntl((int)released, F_GETFL) & O_NONBLOCK) != 0);
    EXPECT_EQUAL(raw_send((int)released, "def\n", 4), 0);
    EXPECT_EQUAL(raw_receive(raw, bytes, 4), 0);
    EXPECT_EQUAL(firth_tcp_adopt(&tcp, released, &socket), FIRTH_OK);
    EXPECT_EQUAL(raw_send(raw, "ghi\n", 4), 0);
    EXPECT_EQUAL(firth_read_line(firth_socket_input(socket), bytes, 4), 3);
    EXPECT_EQUAL(firth_socket_close(socket), FIRTH_OK);
    close(raw);
    return FIRTH_OK;
}

TASK_TEST(socket_with_bytes_in_it_is_not_released)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *socket;
    intptr_t released;
    char bytes[4];
    int raw;

    EXPECT_EQUAL(peers_raw_client(&tcp, &socket, &raw), FIRTH_OK);
    EXPECT_EQUAL(raw_send(raw, "abcd", 4), 0);
    EXPECT_EQUAL(firth_await_content(firth_socket_input(socket), 4), 4);
    EXPECT_EQUAL(firth_socket_release(socket, &released), FIRTH_ERR_BUSY);
    EXPECT_EQUAL(firth_read_fully(firth_socket_input(socket), bytes, 4), 4);
    EXPECT_BYTES(bytes, "abcd", 4);
    EXPECT_EQUAL(firth_write(firth_socket_output(socket), "x", 1), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_release(socket, &released), FIRTH_ERR_BUSY);
    EXPECT_EQUAL(firth_flush(firth_socket_output(socket)), FIRTH_OK);
    EXPECT_EQUAL(raw_receive(raw, bytes, 1), 0);
    EXPECT_EQUAL(firth_socket_release(socket, &released), FIRTH_OK);
    close((int)released);
    close(raw);
    return FIRTH_OK;
}

TASK_TEST(socket_with_a_suspended_reader_is_not_released)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    peers_attempt reading = {0};
    firth_scope children;
    intptr_t released;
    int raw;

    EXPECT_EQUAL(peers_raw_client(&tcp, &reading.socket, &raw), FIRTH_OK);
    firth_scope_open(&children, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&children, peers_read, &reading, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_release(reading.socket, &released), FIRTH_ERR_BUSY);
    EXPECT(!reading.ended);
    EXPECT_EQUAL(raw_send(raw, "x", 1), 0);
    EXPECT_EQUAL(firth_scope_close(&children, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(reading.result, 1);
    EXPECT_EQUAL(firth_socket_release(reading.socket, &released), FIRTH_OK);
    close((int)released);
    close(raw);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adopted_descriptor_is_a_socket_like_any_other),
        cmocka_unit_test(what_is_no_connected_tcp_socket_is_not_adopted),
        cmocka_unit_test(listening_socket_is_not_adopted),
        cmocka_unit_test(released_descriptor_lives_on_without_firth),
        cmocka_unit_test(socket_with_bytes_in_it_is_not_released),
        cmocka_unit_test(socket_with_a_suspended_reader_is_not_released),
    };

    return support_main(argc, argv, "adopt", tests, sizeof tests / sizeof tests[0]);
}
