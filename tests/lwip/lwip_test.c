/* SPDX-License-Identifier: Apache-2.0 */
/* What is lwIP's own: memory that runs out, a window that follows the reader, one selector at a time. */
#include "tests/lwip/lock.h"
#include "tests/support/support.h"

#include <limits.h>
#include <lwip/memp.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/tcp.h>

/* ---- memory ------------------------------------------------------------------------------------------------------ */

/* A pool of lwIP's that is empty until it is given back. */
typedef struct pool {
    memp_t kind;
    void *taken[MEMP_NUM_TCP_SEG];
    size_t count;
} pool;

static pool here;

static void take_all(memp_t kind)
{
    void *memory;

    here.kind = kind;
    here.count = 0;
    while ((memory = memp_malloc(kind)) != NULL)
        here.taken[here.count++] = memory;
}

static void give_back(void)
{
    while (here.count > 0)
        memp_free(here.kind, here.taken[--here.count]);
}

static int read_hello(firth_scope *scope, void *argument)
{
    char line[16];

    (void)scope;
    EXPECT_EQUAL(firth_read_line(firth_socket_input(argument), line, sizeof line), 5);
    EXPECT_BYTES(line, "hello", 5);
    return FIRTH_OK;
}

static int write_hello(firth_scope *scope, void *argument)
{
    firth_write_channel *out = firth_socket_output(argument);
    int rc = firth_write_string(out, "hello\n");

    (void)scope;
    return rc < 0 ? rc : firth_flush(out);
}

/* Nothing is in flight, so nothing that is acknowledged ever tells that there is memory again. */
TASK_TEST(a_send_without_memory_goes_when_there_is_some)
{
    firth_socket *a, *b;
    firth_scope talk;

    EXPECT_EQUAL(support_pair(scope, &a, &b), FIRTH_OK);
    take_all(MEMP_TCP_SEG);
    firth_scope_open(&talk, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&talk, write_hello, a, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(&talk, read_hello, b, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep(5), FIRTH_OK);
    give_back();
    EXPECT_EQUAL(firth_scope_close(&talk, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_close(a), FIRTH_OK);
    return firth_socket_close(b);
}

/* lwIP sends the end by itself when there is memory. */
TASK_TEST(a_close_without_memory_is_the_peers_end_all_the_same)
{
    firth_socket *a, *b;
    char byte;

    EXPECT_EQUAL(support_pair(scope, &a, &b), FIRTH_OK);
    take_all(MEMP_TCP_SEG);
    EXPECT_EQUAL(firth_socket_close(a), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep(5), FIRTH_OK);
    give_back();
    EXPECT_EQUAL(firth_read(firth_socket_input(b), &byte, 1), FIRTH_EOF);
    return firth_socket_close(b);
}

static void end_time_wait(void)
{
    LOCKED(while (tcp_tw_pcbs != NULL) tcp_abort(tcp_tw_pcbs));
}

static bool is_time_wait_nobodys(void)
{
    bool is_so;

    LOCKED(is_so = tcp_tw_pcbs != NULL && tcp_tw_pcbs->callback_arg == NULL);
    return is_so;
}

TASK_TEST(without_control_blocks_a_connect_is_an_error_and_works_again_later)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_server *server;
    firth_socket *client;

    EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, &server), FIRTH_OK);
    firth_scope_own_server(scope, server);
    end_time_wait(); /* lwIP would take one of those */
    take_all(MEMP_TCP_PCB);
    EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", firth_server_address(server)->port, &client),
                 FIRTH_ERR_TOO_MANY_OPEN);
    give_back();
    EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", firth_server_address(server)->port, &client), FIRTH_OK);
    return firth_socket_close(client);
}

TASK_TEST(without_a_listeners_block_a_bind_is_an_error)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_server *server;

    take_all(MEMP_TCP_PCB_LISTEN);
    EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, &server), FIRTH_ERR_NO_BUFFERS);
    give_back();
    EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, &server), FIRTH_OK);
    firth_server_close(server);
    return FIRTH_OK;
}

/* lwIP frees a block in TIME_WAIT when it likes, and tells nobody: none may lead to a socket that is still open. */
TASK_TEST(a_block_in_time_wait_is_let_go_of_though_its_socket_is_open)
{
    firth_socket *a, *b;
    char byte;

    end_time_wait();
    EXPECT_EQUAL(support_pair(scope, &a, &b), FIRTH_OK);
    EXPECT_EQUAL(firth_flush_and_close(firth_socket_output(a)), FIRTH_OK);
    EXPECT_EQUAL(firth_read(firth_socket_input(b), &byte, 1), FIRTH_EOF);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(b), "!"), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_close(b), FIRTH_OK);
    EXPECT_EQUAL(firth_await_content(firth_socket_input(a), 1), 1);
    EXPECT_EQUAL(firth_sleep(5), FIRTH_OK);
    EXPECT(is_time_wait_nobodys());
    EXPECT_EQUAL(firth_read(firth_socket_input(a), &byte, 1), 1);
    EXPECT_EQUAL(firth_read(firth_socket_input(a), &byte, 1), FIRTH_EOF);
    return firth_socket_close(a);
}

/* ---- the window -------------------------------------------------------------------------------------------------- */

enum { MANY = 1024 * 1024 };

static int write_many(firth_scope *scope, void *argument)
{
    static uint8_t bytes[MANY];
    firth_write_channel *out = firth_socket_output(argument);
    int rc;

    (void)scope;
    support_fill(bytes, sizeof bytes, 0);
    rc = firth_write(out, bytes, sizeof bytes);
    return rc < 0 ? rc : firth_flush(out);
}

/* How much lwIP holds for who does not read, of all connections. */
static size_t held(void)
{
    size_t window = 0;

    LOCKED(for (const struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next) window +=
           TCP_WND - pcb->rcv_wnd);
    return window;
}

TASK_TEST(a_peer_that_is_not_read_stops_and_goes_on_when_it_is)
{
    static uint8_t bytes[MANY];
    firth_socket *a, *b;
    firth_scope talk;

    EXPECT_EQUAL(support_pair(scope, &a, &b), FIRTH_OK);
    firth_scope_open(&talk, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&talk, write_many, a, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep(50), FIRTH_OK);
    EXPECT(held() > TCP_WND / 2 && held() <= TCP_WND);
    EXPECT_EQUAL(firth_read_fully(firth_socket_input(b), bytes, sizeof bytes), MANY);
    EXPECT(support_is_filled(bytes, sizeof bytes, 0));
    EXPECT_EQUAL(firth_scope_close(&talk, FIRTH_OK), FIRTH_OK);
    while (held() > 0) /* until the loop's next turn */
        EXPECT_EQUAL(firth_sleep(1), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_close(a), FIRTH_OK);
    return firth_socket_close(b);
}

/* One that tells the peer of the wider window by itself is a segment more. */
TASK_TEST(what_was_read_widens_the_window_together_with_the_answer)
{
    static uint8_t bytes[TCP_WND / 2];
    firth_socket *a, *b;

    EXPECT_EQUAL(support_pair(scope, &a, &b), FIRTH_OK);
    EXPECT_EQUAL(firth_write(firth_socket_output(a), bytes, sizeof bytes), FIRTH_OK);
    EXPECT_EQUAL(firth_read_fully(firth_socket_input(b), bytes, sizeof bytes), sizeof bytes);
    EXPECT(held() > 0);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(b), "!"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(b)), FIRTH_OK);
    EXPECT(held() <= strlen("!"));
    EXPECT_EQUAL(firth_socket_close(a), FIRTH_OK);
    return firth_socket_close(b);
}

/* ---- errors ------------------------------------------------------------------------------------------------------ */

TASK_TEST(a_failure_tells_what_lwip_calls_it)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *a, *b;
    char byte;

    EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", support_closed_port(), &a), FIRTH_ERR_REFUSED);
    EXPECT_EQUAL(firth_last_failure()->os_code, ERR_RST);
    EXPECT_EQUAL(firth_tcp_connect(&tcp, "192.0.2.1", 9, &a), FIRTH_ERR_NETWORK_UNREACHABLE);
    EXPECT_EQUAL(firth_last_failure()->os_code, ERR_RTE);
    EXPECT_EQUAL(support_pair(scope, &a, &b), FIRTH_OK);
    firth_socket_abort(a);
    EXPECT_EQUAL(firth_read(firth_socket_input(b), &byte, 1), FIRTH_ERR_RESET);
    EXPECT_EQUAL(firth_last_failure()->os_code, ERR_RST);
    firth_socket_abort(b);
    return FIRTH_OK;
}

/* ---- the stack --------------------------------------------------------------------------------------------------- */

TASK_TEST(a_second_selector_is_told_that_the_stack_is_taken)
{
    firth_selector_options options = support_options();
    firth_selector *second;

    EXPECT_EQUAL(firth_selector_open(&second, &options), FIRTH_ERR_BUSY);
    EXPECT(strcmp(firth_last_failure()->step, "lwip") == 0);
    return FIRTH_OK;
}

static int bind_error(firth_scope *scope, const char *host, int port)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_server *server;
    int rc = firth_tcp_bind(&tcp, host, port, &server);

    if (rc >= 0)
        firth_server_close(server);
    return rc;
}

TASK_TEST(a_port_is_in_use_on_all_addresses_if_it_is_on_one)
{
    static const struct {
        const char *first, *second;
        int result;
    } binds[] = {
        {"127.0.0.1", "*", FIRTH_ERR_ADDRESS_IN_USE},       {"::1", "*", FIRTH_ERR_ADDRESS_IN_USE},
        {"*", "127.0.0.1", FIRTH_ERR_ADDRESS_IN_USE},       {"*", "::1", FIRTH_ERR_ADDRESS_IN_USE},
        {"0.0.0.0", "127.0.0.1", FIRTH_ERR_ADDRESS_IN_USE}, {"127.0.0.1", "::1", FIRTH_OK},
    };

    for (size_t i = 0; i < sizeof binds / sizeof binds[0]; i++) {
        firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
        firth_server *server;

        EXPECT_EQUAL(firth_tcp_bind(&tcp, binds[i].first, 0, &server), FIRTH_OK);
        EXPECT_EQUAL(bind_error(scope, binds[i].second, firth_server_address(server)->port), binds[i].result);
        firth_server_close(server);
    }
    return FIRTH_OK;
}

/* ---- options ----------------------------------------------------------------------------------------------------- */

typedef struct expected {
    firth_option option;
    int first, most;
} expected;

static int check_connection(firth_socket *socket, const expected *row)
{
    int value = -1;

    EXPECT_EQUAL(firth_socket_get_option(socket, row->option, &value), FIRTH_OK);
    EXPECT_EQUAL(value, row->first);
    EXPECT_EQUAL(firth_socket_set_option(socket, row->option, row->most), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_get_option(socket, row->option, &value), FIRTH_OK);
    EXPECT_EQUAL(value, row->most);
    return FIRTH_OK;
}

static int check_datagrams(firth_datagram_socket *socket, const expected *row)
{
    int value = -1;

    EXPECT_EQUAL(firth_datagram_socket_get_option(socket, row->option, &value), FIRTH_OK);
    EXPECT_EQUAL(value, row->first);
    EXPECT_EQUAL(firth_datagram_socket_set_option(socket, row->option, row->most), FIRTH_OK);
    EXPECT_EQUAL(firth_datagram_socket_get_option(socket, row->option, &value), FIRTH_OK);
    EXPECT_EQUAL(value, row->most);
    return FIRTH_OK;
}

TASK_TEST(an_option_is_lwips_own_at_first_and_takes_the_most_there_is_room_for)
{
    static const expected of_connections[] = {
        {FIRTH_OPTION_NO_DELAY, 1, 1},
        {FIRTH_OPTION_KEEP_ALIVE, 0, 1},
        {FIRTH_OPTION_KEEP_ALIVE_IDLE_S, 7200, 32767},
        {FIRTH_OPTION_KEEP_ALIVE_INTERVAL_S, 75, 32767},
        {FIRTH_OPTION_KEEP_ALIVE_COUNT, 9, 127},
        {FIRTH_OPTION_TRAFFIC_CLASS, 0, 252},
    };
    static const expected of_datagrams[] = {
        {FIRTH_OPTION_TRAFFIC_CLASS, 0, 255},       {FIRTH_OPTION_RECEIVE_BUFFER_BYTES, 65536, INT_MAX},
        {FIRTH_OPTION_HOP_LIMIT, 64, 255},          {FIRTH_OPTION_MULTICAST_LOOP, 1, 1},
        {FIRTH_OPTION_MULTICAST_HOP_LIMIT, 1, 255}, {FIRTH_OPTION_MULTICAST_INTERFACE, 0, 255},
    };
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *datagrams;
    firth_socket *a, *b;

    EXPECT_EQUAL(support_pair(scope, &a, &b), FIRTH_OK);
    EXPECT_EQUAL(firth_udp_bind(&udp, "127.0.0.1", 0, &datagrams), FIRTH_OK);
    firth_scope_own_datagram_socket(scope, datagrams);
    for (size_t i = 0; i < sizeof of_connections / sizeof of_connections[0]; i++)
        EXPECT_EQUAL(check_connection(a, &of_connections[i]), FIRTH_OK);
    for (size_t i = 0; i < sizeof of_datagrams / sizeof of_datagrams[0]; i++)
        EXPECT_EQUAL(check_datagrams(datagrams, &of_datagrams[i]), FIRTH_OK);
    /* lwIP's netifs are counted in a byte, and that limit is not the table's. */
    EXPECT_EQUAL(firth_datagram_socket_set_option(datagrams, FIRTH_OPTION_MULTICAST_INTERFACE, 256),
                 FIRTH_ERR_ARGUMENT);
    firth_socket_abort(a);
    firth_socket_abort(b);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_send_without_memory_goes_when_there_is_some),
        cmocka_unit_test(a_close_without_memory_is_the_peers_end_all_the_same),
        cmocka_unit_test(without_control_blocks_a_connect_is_an_error_and_works_again_later),
        cmocka_unit_test(without_a_listeners_block_a_bind_is_an_error),
        cmocka_unit_test(a_block_in_time_wait_is_let_go_of_though_its_socket_is_open),
        cmocka_unit_test(a_peer_that_is_not_read_stops_and_goes_on_when_it_is),
        cmocka_unit_test(what_was_read_widens_the_window_together_with_the_answer),
        cmocka_unit_test(a_failure_tells_what_lwip_calls_it),
        cmocka_unit_test(a_port_is_in_use_on_all_addresses_if_it_is_on_one),
        cmocka_unit_test(a_second_selector_is_told_that_the_stack_is_taken),
        cmocka_unit_test(an_option_is_lwips_own_at_first_and_takes_the_most_there_is_room_for),
    };

    return support_main(argc, argv, "lwip", tests, sizeof tests / sizeof tests[0]);
}
