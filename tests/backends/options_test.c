/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/backends/host.h"
#include "tests/support/skip.h"

static firth_io *opened(firth_family family)
{
    firth_io *io = host_io();

    assert_int_equal(host_backend()->socket_open(io, family), FIRTH_OK);
    return io;
}

static int option_of(const firth_io *io, firth_option option)
{
    int value = -12345;

    assert_int_equal(host_backend()->get_option(io, option, &value), FIRTH_OK);
    return value;
}

static int system_option(const firth_io *io, int level, int name)
{
    int value = -12345;
    socklen_t size = sizeof value;

    assert_int_equal(getsockopt((int)io->native, level, name, &value, &size), 0);
    return value;
}

static const struct {
    firth_option option;
    int level, name, value, factor;
} options[] = {
    {FIRTH_OPTION_REUSE_ADDRESS, SOL_SOCKET, SO_REUSEADDR, 1, 1},
    {FIRTH_OPTION_REUSE_PORT, SOL_SOCKET, SO_REUSEPORT, 1, 1},
    {FIRTH_OPTION_NO_DELAY, IPPROTO_TCP, TCP_NODELAY, 1, 1},
    {FIRTH_OPTION_KEEP_ALIVE, SOL_SOCKET, SO_KEEPALIVE, 1, 1},
    {FIRTH_OPTION_KEEP_ALIVE_IDLE_S, IPPROTO_TCP, TCP_KEEPIDLE, 123, 1},
    {FIRTH_OPTION_KEEP_ALIVE_INTERVAL_S, IPPROTO_TCP, TCP_KEEPINTVL, 45, 1},
    {FIRTH_OPTION_KEEP_ALIVE_COUNT, IPPROTO_TCP, TCP_KEEPCNT, 6, 1},
    {FIRTH_OPTION_SEND_BUFFER_BYTES, SOL_SOCKET, SO_SNDBUF, 30000, 2},
    {FIRTH_OPTION_RECEIVE_BUFFER_BYTES, SOL_SOCKET, SO_RCVBUF, 30001, 2},
    {FIRTH_OPTION_TRAFFIC_CLASS, IPPROTO_IP, IP_TOS, 0xb8, 1},
};

static void each_option_reaches_the_system_and_is_read_back(void **state)
{
    size_t i;
    int family;

    (void)state;
    for (family = FIRTH_FAMILY_IPV4; family <= FIRTH_FAMILY_IPV6; family += 2) {
        firth_io *io = opened((firth_family)family);

        for (i = 0; i < HOST_COUNT(options); i++) {
            assert_int_equal(host_backend()->set_option(io, options[i].option, options[i].value), FIRTH_OK);
            assert_int_equal(system_option(io, options[i].level, options[i].name),
                             options[i].value * options[i].factor);
            assert_int_equal(option_of(io, options[i].option), options[i].value);
        }
    }
}

static void switches_go_off_again(void **state)
{
    static const firth_option switches[] = {FIRTH_OPTION_REUSE_ADDRESS, FIRTH_OPTION_REUSE_PORT, FIRTH_OPTION_NO_DELAY,
                                            FIRTH_OPTION_KEEP_ALIVE, FIRTH_OPTION_IPV6_ONLY};
    firth_io *io = opened(FIRTH_FAMILY_IPV6);
    size_t i;

    (void)state;
    for (i = 0; i < HOST_COUNT(switches); i++) {
        assert_int_equal(host_backend()->set_option(io, switches[i], 1), FIRTH_OK);
        assert_int_equal(option_of(io, switches[i]), 1);
        assert_int_equal(host_backend()->set_option(io, switches[i], 0), FIRTH_OK);
        assert_int_equal(option_of(io, switches[i]), 0);
    }
}

static void the_traffic_class_is_of_both_families_on_ipv6(void **state)
{
    firth_io *io = opened(FIRTH_FAMILY_IPV6);

    (void)state;
    assert_int_equal(host_backend()->set_option(io, FIRTH_OPTION_TRAFFIC_CLASS, 0x48), FIRTH_OK);
    assert_int_equal(system_option(io, IPPROTO_IPV6, IPV6_TCLASS), 0x48);
    assert_int_equal(system_option(io, IPPROTO_IP, IP_TOS), 0x48);
}

static void check_refused(firth_io *io, firth_option option, int value, int code, const char *step)
{
    assert_int_equal(host_backend()->set_option(io, option, value), code);
    assert_int_equal(host_failed_code(), code);
    assert_string_equal(host_failed_step(), step);
}

static void what_cannot_be_is_refused_by_name(void **state)
{
    firth_io *ipv4 = opened(FIRTH_FAMILY_IPV4);
    int value;

    (void)state;
    check_refused(ipv4, FIRTH_OPTION_IPV6_ONLY, 1, FIRTH_ERR_NOT_SUPPORTED, "option ipv6_only");
    assert_int_not_equal(host_failed_os_code(), 0);
    assert_int_equal(host_backend()->get_option(ipv4, FIRTH_OPTION_IPV6_ONLY, &value), FIRTH_ERR_NOT_SUPPORTED);
    assert_string_equal(host_failed_step(), "option ipv6_only");
    /* Linux would drop the ECN bits and say nothing. */
    check_refused(ipv4, FIRTH_OPTION_TRAFFIC_CLASS, 0xb9, FIRTH_ERR_NOT_SUPPORTED, "option traffic_class");
    check_refused(ipv4, FIRTH_OPTION_KEEP_ALIVE_IDLE_S, 1000000, FIRTH_ERR_ARGUMENT, "setsockopt(TCP_KEEPIDLE)");
    assert_int_equal(host_failed_os_code(), EINVAL);
}

static void a_failing_call_is_named(void **state)
{
    firth_io *io = opened(FIRTH_FAMILY_IPV4);
    int value;

    (void)state;
    host_call_fail(HOST_SETSOCKOPT, EPERM, 1);
    check_refused(io, FIRTH_OPTION_NO_DELAY, 1, FIRTH_ERR_PERMISSION, "setsockopt(TCP_NODELAY)");
    host_call_fail(HOST_GETSOCKOPT, ENOBUFS, 1);
    assert_int_equal(host_backend()->get_option(io, FIRTH_OPTION_SEND_BUFFER_BYTES, &value), FIRTH_ERR_NO_BUFFERS);
    assert_string_equal(host_failed_step(), "getsockopt(SO_SNDBUF)");
    assert_int_equal(host_failed_os_code(), ENOBUFS);
    host_call_fail(HOST_SETSOCKOPT, ENOPROTOOPT, 1);
    check_refused(io, FIRTH_OPTION_KEEP_ALIVE_COUNT, 3, FIRTH_ERR_NOT_SUPPORTED, "option keep_alive_count");
}

static void a_bind_that_fails_says_why(void **state)
{
    firth_address address, none = {0};
    firth_address foreign = {.family = FIRTH_FAMILY_IPV4, .ip = {192, 0, 2, 1}}; /* RFC 5737: nobody's */
    firth_io *io = opened(FIRTH_FAMILY_IPV4);

    (void)state;
    host_listener(&address);
    assert_int_equal(host_backend()->bind(io, &none), FIRTH_ERR_ADDRESS_INVALID);
    assert_int_equal(host_backend()->bind(io, &foreign), FIRTH_ERR_ADDRESS_NOT_AVAILABLE);
    assert_string_equal(host_failed_step(), "bind");
    assert_int_equal(host_failed_os_code(), EADDRNOTAVAIL);
    assert_int_equal(host_backend()->bind(io, &address), FIRTH_ERR_ADDRESS_IN_USE);
    assert_int_equal(host_backend()->peer_address(io, &address), FIRTH_ERR_NOT_CONNECTED);
    assert_string_equal(host_failed_step(), "getpeername");
    assert_int_equal(host_backend()->shutdown_write(io), FIRTH_ERR_NOT_CONNECTED);
    assert_string_equal(host_failed_step(), "shutdown");
    io = host_io();
    assert_int_equal(host_backend()->socket_open(io, FIRTH_FAMILY_NONE), FIRTH_ERR_ADDRESS_INVALID);
    assert_int_equal(io->native, -1);
}

/* FIRTH_CAN_REUSE_PORT: two listeners, one port, and each gets some of many clients. */
static void a_shared_port_spreads_clients(void **state)
{
    enum { CLIENTS = 200 };
    firth_address address = {.family = FIRTH_FAMILY_IPV4, .ip = {127, 0, 0, 1}};
    firth_io *listeners[2];
    int clients[CLIENTS], i, taken[2] = {0, 0};

    (void)state;
    if (host_backend_is("kqueue")) {
        assert_int_equal(host_backend()->capabilities & FIRTH_CAN_REUSE_PORT, 0);
        SKIP("kqueue's systems give all clients to one of the listeners");
    }
    assert_true((host_backend()->capabilities & FIRTH_CAN_REUSE_PORT) != 0);
    for (i = 0; i < 2; i++) {
        listeners[i] = opened(FIRTH_FAMILY_IPV4);
        assert_int_equal(host_backend()->set_option(listeners[i], FIRTH_OPTION_REUSE_PORT, 1), FIRTH_OK);
        assert_int_equal(host_backend()->bind(listeners[i], &address), FIRTH_OK);
        assert_int_equal(host_backend()->listen(listeners[i], 0), FIRTH_OK);
        assert_int_equal(host_backend()->local_address(listeners[i], &address), FIRTH_OK);
    }
    for (i = 0; i < CLIENTS; i++)
        clients[i] = host_raw_connect(&address);
    for (i = 0; i < 2; i++) {
        host_op *op;

        while ((op = host_accept(listeners[i], host_io()))->endings == 1)
            taken[i] += op->result == FIRTH_OK;
        host_cancel(op);
    }
    assert_int_equal(taken[0] + taken[1], CLIENTS);
    assert_true(taken[0] > 0 && taken[1] > 0);
    for (i = 0; i < CLIENTS; i++)
        close(clients[i]);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        HOST_TEST(each_option_reaches_the_system_and_is_read_back),
        HOST_TEST(switches_go_off_again),
        HOST_TEST(the_traffic_class_is_of_both_families_on_ipv6),
        HOST_TEST(what_cannot_be_is_refused_by_name),
        HOST_TEST(a_failing_call_is_named),
        HOST_TEST(a_bind_that_fails_says_why),
        HOST_TEST(a_shared_port_spreads_clients),
    };

    return host_main(argc, argv, "backend: options and addresses", tests, HOST_COUNT(tests));
}
