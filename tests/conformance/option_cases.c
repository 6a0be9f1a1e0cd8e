/* SPDX-License-Identifier: Apache-2.0 */
/* Options: every one can be read back, or the call says which is not supported. */
#include "tests/conformance/peers.h"

static int expect_option(const firth_socket *socket, firth_option option, int least, int most)
{
    int value = -1;

    TRY(firth_socket_get_option(socket, option, &value));
    EXPECT(value >= least && value <= most);
    return FIRTH_OK;
}

static int expect_on_both(const kit_pair *pair, firth_option option, int value)
{
    TRY(expect_option(pair->a, option, value, value));
    return expect_option(pair->b, option, value, value);
}

/* One option of the builder alone; false: the subject does not have it, and says so. */
static int pair_or_unsupported(firth_scope *scope, const firth_tcp_builder *tcp, kit_pair *pair)
{
    firth_server *server;
    int rc = fth_kit_tcp_bind(tcp, "127.0.0.1", 0, &server);

    if (rc == FIRTH_ERR_NOT_SUPPORTED) {
        EXPECT(strncmp(firth_last_failure()->step, "option ", 7) == 0);
        return fth_kit_not_applicable(firth_last_failure()->step);
    }
    TRY(rc);
    fth_kit_server_close(server);
    return fth_kit_pair_with(scope, tcp, pair);
}

static int option_on_both(firth_scope *scope, const firth_tcp_builder *tcp, firth_option option, int value)
{
    kit_pair pair;

    TRY(pair_or_unsupported(scope, tcp, &pair));
    return fth_kit.missing != NULL ? FIRTH_OK : expect_on_both(&pair, option, value);
}

static int no_delay_is_on_both_ends(firth_scope *scope)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);

    TRY(option_on_both(scope, &tcp, FIRTH_OPTION_NO_DELAY, 1));
    tcp.no_delay = false;
    return option_on_both(scope, &tcp, FIRTH_OPTION_NO_DELAY, 0);
}

static int keep_alive_is_on_both_ends(firth_scope *scope)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);

    TRY(option_on_both(scope, &tcp, FIRTH_OPTION_KEEP_ALIVE, 0));
    tcp.keep_alive = true;
    return option_on_both(scope, &tcp, FIRTH_OPTION_KEEP_ALIVE, 1);
}

static int keep_alive_times_are_on_both_ends(firth_scope *scope)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    kit_pair pair;

    tcp.keep_alive = true;
    tcp.keep_alive_idle_s = 77;
    tcp.keep_alive_interval_s = 13;
    tcp.keep_alive_count = 5;
    TRY(pair_or_unsupported(scope, &tcp, &pair));
    if (fth_kit.missing != NULL)
        return FIRTH_OK;
    TRY(expect_on_both(&pair, FIRTH_OPTION_KEEP_ALIVE_IDLE_S, 77));
    TRY(expect_on_both(&pair, FIRTH_OPTION_KEEP_ALIVE_INTERVAL_S, 13));
    return expect_on_both(&pair, FIRTH_OPTION_KEEP_ALIVE_COUNT, 5);
}

enum { SMALL_BUFFER = 20 * 1024, LARGE_BUFFER = 160 * 1024 };

/* A system may round and clamp, but not so far that the one is taken for the other, or for its own choice. */
static int expect_size_on_both(const kit_pair *pair, firth_option option, int size)
{
    TRY(expect_option(pair->a, option, size / 2, size * 2));
    return expect_option(pair->b, option, size / 2, size * 2);
}

static int sizes_on_both(firth_scope *scope, int send, int receive, kit_pair *pair)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);

    tcp.send_buffer_bytes = send;
    tcp.receive_buffer_bytes = receive;
    return pair_or_unsupported(scope, &tcp, pair);
}

static int within(int most, int size)
{
    return size < most ? size : most;
}

/* Each size once small and once large: no default is both. A machine may be short of memory, and give nobody as much. */
static int buffer_sizes_are_on_both_ends(firth_scope *scope)
{
    int send_most, receive_most;
    kit_pair pair;

    TRY(sizes_on_both(scope, LARGE_BUFFER, LARGE_BUFFER, &pair));
    if (fth_kit.missing != NULL)
        return FIRTH_OK;
    TRY(firth_socket_get_option(pair.a, FIRTH_OPTION_SEND_BUFFER_BYTES, &send_most));
    TRY(firth_socket_get_option(pair.a, FIRTH_OPTION_RECEIVE_BUFFER_BYTES, &receive_most));
    TRY(sizes_on_both(scope, SMALL_BUFFER, LARGE_BUFFER, &pair));
    TRY(expect_size_on_both(&pair, FIRTH_OPTION_SEND_BUFFER_BYTES, within(send_most, SMALL_BUFFER)));
    TRY(expect_size_on_both(&pair, FIRTH_OPTION_RECEIVE_BUFFER_BYTES, within(receive_most, LARGE_BUFFER)));
    TRY(sizes_on_both(scope, LARGE_BUFFER, SMALL_BUFFER, &pair));
    TRY(expect_size_on_both(&pair, FIRTH_OPTION_SEND_BUFFER_BYTES, within(send_most, LARGE_BUFFER)));
    return expect_size_on_both(&pair, FIRTH_OPTION_RECEIVE_BUFFER_BYTES, within(receive_most, SMALL_BUFFER));
}

static int traffic_class_is_on_both_ends(firth_scope *scope)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);

    tcp.traffic_class = 0x20;
    return option_on_both(scope, &tcp, FIRTH_OPTION_TRAFFIC_CLASS, 0x20);
}

static int a_shared_port_is_shared_or_refused_by_name(firth_scope *scope)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    firth_server *first, *second;
    int rc, value = 0;

    tcp.reuse_port = true;
    rc = fth_kit_tcp_bind(&tcp, "127.0.0.1", 0, &first);
    if (rc == FIRTH_ERR_NOT_SUPPORTED) {
        EXPECT(strcmp(firth_last_failure()->step, "option reuse_port") == 0);
        return fth_kit_not_applicable("FIRTH_CAN_REUSE_PORT");
    }
    TRY(rc);
    firth_scope_own_server(scope, first);
    TRY(firth_server_get_option(first, FIRTH_OPTION_REUSE_PORT, &value));
    EXPECT_RESULT(value, 1);
    TRY(fth_kit_tcp_bind(&tcp, "127.0.0.1", firth_server_address(first)->port, &second));
    fth_kit_server_close(second);
    return FIRTH_OK;
}

/* What set_option took get_option tells: nothing is ignored without a word. */
static int an_option_that_was_set_can_be_read_back(firth_scope *scope)
{
    static const struct {
        firth_option option;
        int values[2];
    } settings[] = {
        {FIRTH_OPTION_NO_DELAY, {0, 1}},
        {FIRTH_OPTION_KEEP_ALIVE, {1, 0}},
        {FIRTH_OPTION_KEEP_ALIVE_IDLE_S, {100, 200}},
        {FIRTH_OPTION_KEEP_ALIVE_INTERVAL_S, {20, 30}},
        {FIRTH_OPTION_KEEP_ALIVE_COUNT, {3, 4}},
        {FIRTH_OPTION_TRAFFIC_CLASS, {0x10, 0x28}},
    };
    kit_pair pair;

    TRY(fth_kit_pair(scope, &pair));
    for (size_t i = 0; i < 2 * sizeof settings / sizeof settings[0]; i++) {
        firth_option option = settings[i / 2].option;
        int value = settings[i / 2].values[i % 2], rc = firth_socket_set_option(pair.a, option, value);

        if (rc != FIRTH_ERR_NOT_SUPPORTED) {
            TRY(rc);
            TRY(expect_option(pair.a, option, value, value));
        }
    }
    return FIRTH_OK;
}

/* The lowest two bits are the transport's own in many systems (RFC 3168): then they are refused, and never dropped. */
static int a_traffic_class_is_told_whole_or_refused(firth_scope *scope)
{
    kit_pair pair;

    TRY(fth_kit_pair(scope, &pair));
    for (int low = 1; low <= 3; low++) {
        int before = -1, value = 0x28 | low, rc = firth_socket_get_option(pair.a, FIRTH_OPTION_TRAFFIC_CLASS, &before);

        if (rc == FIRTH_ERR_NOT_SUPPORTED)
            return fth_kit_not_applicable("option traffic_class");
        TRY(rc);
        rc = firth_socket_set_option(pair.a, FIRTH_OPTION_TRAFFIC_CLASS, value);
        EXPECT_EITHER(rc, FIRTH_OK, FIRTH_ERR_NOT_SUPPORTED);
        if (rc < 0)
            EXPECT(strcmp(firth_last_failure()->step, "option traffic_class") == 0);
        TRY(expect_option(pair.a, FIRTH_OPTION_TRAFFIC_CLASS, rc < 0 ? before : value, rc < 0 ? before : value));
    }
    return FIRTH_OK;
}

static int values_out_of_range_are_refused(firth_scope *scope)
{
    kit_pair pair;
    int before = -1;

    TRY(fth_kit_pair(scope, &pair));
    TRY(firth_socket_get_option(pair.a, FIRTH_OPTION_NO_DELAY, &before));
    EXPECT(firth_socket_set_option(pair.a, FIRTH_OPTION_NO_DELAY, 2) < 0);
    EXPECT(firth_socket_set_option(pair.a, FIRTH_OPTION_NO_DELAY, -1) < 0);
    EXPECT(firth_socket_set_option(pair.a, FIRTH_OPTION_KEEP_ALIVE_IDLE_S, 0) < 0);
    EXPECT(firth_socket_set_option(pair.a, FIRTH_OPTION_TRAFFIC_CLASS, 256) < 0);
    EXPECT_RESULT(firth_socket_set_option(pair.a, FIRTH_OPTION_COUNT_, 1), FIRTH_ERR_ARGUMENT);
    return expect_option(pair.a, FIRTH_OPTION_NO_DELAY, before, before);
}

const kit_case fth_kit_option_cases[] = {
    KIT_CASE(no_delay_is_on_both_ends),
    KIT_CASE(keep_alive_is_on_both_ends),
    KIT_CASE(keep_alive_times_are_on_both_ends),
    KIT_CASE(buffer_sizes_are_on_both_ends),
    KIT_CASE(traffic_class_is_on_both_ends),
    KIT_CASE(a_shared_port_is_shared_or_refused_by_name),
    KIT_CASE(an_option_that_was_set_can_be_read_back),
    KIT_CASE(a_traffic_class_is_told_whole_or_refused),
    KIT_CASE(values_out_of_range_are_refused),
    {.name = NULL},
};
