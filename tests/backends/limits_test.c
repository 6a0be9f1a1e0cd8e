/* SPDX-License-Identifier: Apache-2.0 */
/* Many sockets, and what happens when there is no memory or no descriptor. */
#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/backends/host.h"
#include "tests/support/skip.h"

enum { MANY = 2000 };

/* Both ends are the backend's: 4,000 sockets at once. */
static void allow_descriptors(void)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_max < 2 * MANY + 64)
        SKIP("the hard limit of descriptors is too low");
    limit.rlim_cur = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void two_thousand_connections_at_once(void **state)
{
    firth_address address;
    firth_io *listener = host_listener(&address), *clients[MANY], *servers[MANY];
    host_op *reads[MANY], *last = NULL;
    static unsigned char bytes[MANY];
    int i;

    (void)state;
    allow_descriptors();
    for (i = 0; i < MANY; i++) {
        host_op *connecting;

        clients[i] = host_io();
        servers[i] = host_io();
        assert_int_equal(host_backend()->socket_open(clients[i], FIRTH_FAMILY_IPV4), FIRTH_OK);
        connecting = host_connect(clients[i], &address);
        assert_int_equal(host_await(host_accept(listener, servers[i])), FIRTH_OK);
        assert_int_equal(host_await(connecting), FIRTH_OK);
        reads[i] = host_receive(servers[i], &bytes[i], 1);
    }
    assert_true(servers[MANY - 1]->native > 1024);
    for (i = 0; i < MANY; i++)
        assert_int_equal(reads[i]->endings, 0);
    for (i = MANY - 1; i >= 0; i -= 7) { /* some of them speak */
        unsigned char byte = (unsigned char)(i / 7);

        assert_int_equal(host_send(clients[i], &byte, 1)->result, 1);
        last = reads[i];
    }
    host_await(last);
    for (i = MANY - 1; i >= 0; i -= 7) {
        assert_int_equal(host_await(reads[i]), 1);
        assert_int_equal(bytes[i], (unsigned char)(i / 7));
    }
    for (i = 0; i < MANY; i++) {
        if ((MANY - 1 - i) % 7 != 0) {
            assert_int_equal(reads[i]->endings, 0);
            host_cancel(reads[i]);
        }
    }
    for (i = 0; i < MANY; i++) { /* in an order that mixes the poller's table */
        host_close(clients[(i * 37) % MANY]);
        host_close(servers[(i * 91) % MANY]);
    }
}

static void slots_are_used_again(void **state)
{
    size_t made = 0;
    int i, j;

    (void)state;
    for (i = 0; i < 200; i++) {
        firth_io *ios[20];

        for (j = 0; j < 20; j++) {
            ios[j] = host_io();
            assert_int_equal(host_backend()->socket_open(ios[j], FIRTH_FAMILY_IPV4), FIRTH_OK);
            assert_in_range(ios[j]->slot, 0, 19);
        }
        if (i == 0)
            made = host_allocations_made();
        for (j = 0; j < 20; j++)
            host_close(ios[(j * 7) % 20]);
    }
    assert_int_equal(host_allocations_made(), made);
}

static size_t allocations_of_open(void)
{
    size_t before = host_allocations_made();

    assert_int_equal(host_backend()->open(host_selector()), FIRTH_OK);
    host_backend()->close(host_selector());
    return host_allocations_made() - before;
}

static void open_without_memory_leaves_nothing(void **state)
{
    size_t n, needed, descriptors = host_descriptors_open();

    (void)state;
    host_allocation_fail_at(0);
    needed = allocations_of_open();
    assert_true(needed > 0);
    for (n = 1; n <= needed; n++) {
        host_allocation_fail_at(n);
        assert_int_equal(host_backend()->open(host_selector()), FIRTH_ERR_NO_MEMORY);
        assert_int_equal(host_failed_code(), FIRTH_ERR_NO_MEMORY);
        assert_int_equal(host_allocations_live(), 0);
        assert_int_equal(host_descriptors_open(), descriptors);
    }
    host_allocation_fail_at(0);
}

static void open_without_descriptors_leaves_nothing(void **state)
{
    size_t descriptors = host_descriptors_open();
    struct rlimit limit, before;
    int allowed, rc = FIRTH_ERR_TOO_MANY_OPEN, next = dup(0);

    (void)state;
    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    limit = before;
    for (allowed = 0; rc == FIRTH_ERR_TOO_MANY_OPEN; allowed++) {
        limit.rlim_cur = (rlim_t)next + (rlim_t)allowed;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        rc = host_backend()->open(host_selector());
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        if (rc != FIRTH_OK) {
            assert_int_equal(rc, FIRTH_ERR_TOO_MANY_OPEN);
            assert_int_equal(host_failed_os_code(), EMFILE);
            assert_int_equal(host_allocations_live(), 0);
            assert_int_equal(host_descriptors_open(), descriptors);
        }
    }
    assert_int_equal(rc, FIRTH_OK);
    assert_in_range(allowed, 3, 16); /* it failed at each of its descriptors */
    host_backend()->close(host_selector());
}

static void a_socket_without_memory_leaves_nothing(void **state)
{
    int i, failures = 0;

    (void)state;
    for (i = 0; i < 300; i++) {
        size_t descriptors = host_descriptors_open();
        firth_io *io = host_io();

        host_allocation_fail_at(1);
        if (host_backend()->socket_open(io, FIRTH_FAMILY_IPV4) == FIRTH_OK)
            continue;
        failures++;
        assert_int_equal(host_failed_code(), FIRTH_ERR_NO_MEMORY);
        assert_int_equal(host_descriptors_open(), descriptors);
        assert_int_equal(io->native, -1);
        host_allocation_fail_at(2); /* where there are two, the second */
        if (host_backend()->socket_open(io, FIRTH_FAMILY_IPV4) == FIRTH_OK)
            continue;
        host_allocation_fail_at(0);
        assert_int_equal(host_backend()->socket_open(io, FIRTH_FAMILY_IPV4), FIRTH_OK);
    }
    assert_in_range(failures, 2, 8); /* the table doubles */
}

static void a_socket_without_a_descriptor_leaves_nothing(void **state)
{
    struct rlimit limit, before;
    firth_io *io = host_io();
    int next = dup(0);

    (void)state;
    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    limit = before;
    limit.rlim_cur = (rlim_t)next;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(host_backend()->socket_open(io, FIRTH_FAMILY_IPV4), FIRTH_ERR_TOO_MANY_OPEN);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_string_equal(host_failed_step(), "socket");
    assert_int_equal(host_failed_os_code(), EMFILE);
    assert_int_equal(io->native, -1);
}

int main(int argc, char **argv)
{
    /* The tests of open make their own selector. */
    static const struct CMUnitTest tests[] = {
        HOST_TEST(two_thousand_connections_at_once),          HOST_TEST(slots_are_used_again),
        cmocka_unit_test(open_without_memory_leaves_nothing), cmocka_unit_test(open_without_descriptors_leaves_nothing),
        HOST_TEST(a_socket_without_memory_leaves_nothing),    HOST_TEST(a_socket_without_a_descriptor_leaves_nothing),
    };

    return host_main(argc, argv, "backend: limits", tests, HOST_COUNT(tests));
}
