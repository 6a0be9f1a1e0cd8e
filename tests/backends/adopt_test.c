/* SPDX-License-Identifier: Apache-2.0 */
/* Taking over a descriptor, giving one away, and closing. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/backends/host.h"

static void a_connected_pair(int *one, int *other)
{
    firth_address address;
    int listener = host_raw_listener(&address);

    *one = host_raw_connect(&address);
    *other = accept(listener, NULL, NULL);
    assert_true(*other >= 0);
    close(listener);
}

static void an_adopted_socket_works(void **state)
{
    int native, peer;
    firth_io *io = host_io();
    char text[8];
    host_op *op;

    (void)state;
    a_connected_pair(&native, &peer);
    assert_int_equal(write(peer, "abc", 3), 3);
    assert_int_equal(host_backend()->adopt(io, native), FIRTH_OK);
    assert_int_equal(io->native, native);
    host_check_flags(native);
    assert_int_equal(host_await(host_receive(io, text, 8)), 3); /* was there before */
    op = host_receive(io, text, 8);
    assert_int_equal(op->endings, 0);
    assert_true(host_send(io, "de", 2)->submitted_done);
    assert_int_equal(read(peer, text, 8), 2);
    close(peer);
    assert_int_equal(host_await(op), 0);
}

static void check_refused(int native, int code)
{
    int status = fcntl(native, F_GETFL), flags = fcntl(native, F_GETFD);
    firth_io *io = host_io();

    assert_int_equal(host_backend()->adopt(io, native), code);
    assert_int_equal(host_failed_code(), code);
    assert_int_equal(io->native, -1);
    assert_int_equal(fcntl(native, F_GETFL), status);
    assert_int_equal(fcntl(native, F_GETFD), flags);
}

static void what_is_no_connected_tcp_socket_is_refused_untouched(void **state)
{
    firth_address address;
    int pair[2], native;

    (void)state;
    check_refused(-1, FIRTH_ERR_ARGUMENT);
    native = open("/proc/self/exe", O_RDONLY);
    check_refused(native, FIRTH_ERR_ARGUMENT);
    close(native);
    check_refused(native, FIRTH_ERR_ARGUMENT); /* closed */
    assert_int_equal(host_failed_os_code(), EBADF);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    check_refused(pair[0], FIRTH_ERR_ARGUMENT);
    close(pair[0]);
    close(pair[1]);
    native = socket(AF_INET, SOCK_DGRAM, 0);
    check_refused(native, FIRTH_ERR_ARGUMENT);
    close(native);
    native = socket(AF_INET, SOCK_STREAM, 0);
    check_refused(native, FIRTH_ERR_NOT_CONNECTED);
    close(native);
    native = host_raw_listener(&address);
    check_refused(native, FIRTH_ERR_NOT_CONNECTED);
    close(native);
}

static void a_failure_on_the_way_is_undone(void **state)
{
    int native, peer, i;

    (void)state;
    a_connected_pair(&native, &peer);
    host_call_fail(HOST_SETSOCKOPT, EINVAL, 1); /* the last step, after both flags are set */
    check_refused(native, FIRTH_ERR_ARGUMENT);
    assert_string_equal(host_failed_step(), "setsockopt(SO_LINGER)");
    for (i = 0; i < 200; i++) { /* until the table must grow */
        firth_io *io = host_io();

        host_allocation_fail_at(1);
        if (host_backend()->socket_open(io, FIRTH_FAMILY_IPV4) == FIRTH_ERR_NO_MEMORY)
            break;
    }
    assert_in_range(i, 1, 199);
    check_refused(native, FIRTH_ERR_NO_MEMORY);
    close(native);
    close(peer);
}

/* close(2) waits for the linger time even of a non-blocking socket (Linux, inet_release). */
static void a_linger_of_the_former_owner_blocks_nothing(void **state)
{
    static char much[1 << 16];
    struct linger long_linger = {.l_onoff = 1, .l_linger = 20};
    int native, peer;
    firth_io *io = host_io();
    int64_t start_ns;
    host_op *op;

    (void)state;
    a_connected_pair(&native, &peer);
    assert_int_equal(setsockopt(native, SOL_SOCKET, SO_LINGER, &long_linger, sizeof long_linger), 0);
    assert_int_equal(host_backend()->adopt(io, native), FIRTH_OK);
    while ((op = host_send(io, much, sizeof much))->endings == 1)
        ;
    host_cancel(op);
    start_ns = firth_now_ns();
    host_close(io);
    assert_true(firth_now_ns() - start_ns < INT64_C(10000000000));
    close(peer);
}

static void a_released_socket_is_forgotten_and_open(void **state)
{
    int peer;
    firth_io *io = host_accepted_pair(&peer), *again = host_io();
    intptr_t native = -1, was = io->native;
    char text[8];

    (void)state;
    host_cancel(host_wait_readable(io));
    host_poll(0);
    assert_int_equal(host_backend()->release(io, &native), FIRTH_OK);
    assert_int_equal(native, was);
    assert_int_equal(io->native, -1);
    host_check_flags(native);
    assert_int_equal(write(peer, "abc", 3), 3);
    assert_true(host_poll(30) >= 30000000); /* nobody here listens to it */
    assert_int_equal(read((int)native, text, 8), 3);
    assert_int_equal(host_backend()->adopt(again, native), FIRTH_OK);
    assert_int_equal(write(peer, "de", 2), 2);
    assert_int_equal(host_await(host_receive(again, text, 8)), 2);
    close(peer);
}

static void an_ended_stream_is_released_as_well(void **state)
{
    int peer;
    firth_io *io = host_accepted_pair(&peer), *again = host_io();
    intptr_t native = -1;
    char text[8];

    (void)state;
    shutdown(peer, SHUT_WR);
    assert_int_equal(host_await(host_receive(io, text, 8)), 0);
    assert_int_equal(host_backend()->release(io, &native), FIRTH_OK);
    assert_int_equal(host_backend()->adopt(again, native), FIRTH_OK);
    assert_int_equal(host_await(host_receive(again, text, 8)), 0);
    assert_int_equal(host_send(again, "abc", 3)->result, 3);
    assert_int_equal(read(peer, text, 8), 3);
    close(peer);
}

static void a_normal_close_sends_what_is_there(void **state)
{
    int peer;
    firth_io *io = host_accepted_pair(&peer);
    char text[8];

    (void)state;
    assert_int_equal(host_send(io, "abc", 3)->result, 3);
    host_close(io);
    assert_int_equal(read(peer, text, 8), 3);
    assert_int_equal(read(peer, text, 8), 0);
    close(peer);
}

static void a_reset_close_resets(void **state)
{
    int peer;
    firth_io *io = host_accepted_pair(&peer);
    char text[8];

    (void)state;
    host_backend()->socket_close(io, FIRTH_CLOSE_RESET);
    assert_int_equal(io->native, -1);
    assert_int_equal(read(peer, text, 8), -1);
    assert_int_equal(errno, ECONNRESET);
    close(peer);
}

static void no_descriptor_is_inherited(void **state)
{
    int peer, native, other, i;
    firth_address address;
    firth_io *io = host_io();

    (void)state;
    host_listener(&address);
    host_accepted_pair(&peer);
    host_connected_pair(&other);
    close(peer);
    close(other);
    a_connected_pair(&native, &peer);
    assert_int_equal(host_backend()->adopt(io, native), FIRTH_OK);
    close(peer);
    for (i = 0; i < 64; i++)
        if (fcntl(i, F_GETFD) >= 0 && !host_descriptor_was_open(i))
            assert_true((fcntl(i, F_GETFD) & FD_CLOEXEC) != 0);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        HOST_TEST(an_adopted_socket_works),
        HOST_TEST(what_is_no_connected_tcp_socket_is_refused_untouched),
        HOST_TEST(a_failure_on_the_way_is_undone),
        HOST_TEST(a_linger_of_the_former_owner_blocks_nothing),
        HOST_TEST(a_released_socket_is_forgotten_and_open),
        HOST_TEST(an_ended_stream_is_released_as_well),
        HOST_TEST(a_normal_close_sends_what_is_there),
        HOST_TEST(a_reset_close_resets),
        HOST_TEST(no_descriptor_is_inherited),
    };

    return host_main(argc, argv, "backend: adopt, release, close", tests, HOST_COUNT(tests));
}
