/* SPDX-License-Identifier: Apache-2.0 */
/* Many sockets at once, and one after the other. */
#include "tests/conformance/ops.h"

/* A question of its own, and its answer. */
static int64_t converse(kit_attempt *attempt)
{
    char question[32], answer[32];
    int64_t rc = fth_kit_tcp_connect(&attempt->tcp, attempt->host, attempt->port, &attempt->socket);
    int size = snprintf(question, sizeof question, "client %d", (int)attempt->size);

    if (rc < 0)
        return rc;
    firth_scope_own_socket(attempt->scope, attempt->socket);
    for (int i = 0; rc >= 0 && i < 3; i++) {
        rc = firth_write_format(firth_socket_output(attempt->socket), "%s\n", question);
        if (rc >= 0)
            rc = firth_read_line(firth_socket_input(attempt->socket), answer, sizeof answer);
        if (rc >= 0 && (rc != size || strcmp(question, answer) != 0))
            return fth_kit_broken(__FILE__, __LINE__, "a client got the answer of another");
    }
    return rc;
}

static int many(firth_scope *scope, int count)
{
    kit_attempt *clients = fth_kit_keep((size_t)count * sizeof *clients);
    kit_attempt *serving = fth_kit_attempt(fth_kit_echo_server);
    int port;

    TRY(fth_kit_server(scope, &serving->server, &port));
    TRY(fth_kit_start(scope, serving));
    for (int i = 0; i < count; i++) {
        clients[i].call = converse;
        clients[i].tcp = fth_kit_tcp(scope);
        clients[i].host = "127.0.0.1";
        clients[i].port = port;
        clients[i].size = (size_t)i;
        TRY(fth_kit_start(scope, &clients[i]));
        if (i % 64 == 63)
            TRY(firth_yield());
    }
    for (int i = 0; i < count; i++) {
        TRY(fth_kit_await(&clients[i].ended));
        TRY(clients[i].result);
    }
    fth_kit_server_close(serving->server);
    return FIRTH_OK;
}

static int fifty_clients_at_once_get_their_own_answers(firth_scope *scope)
{
    return many(scope, 50);
}

/* All open at the same time: more than 1,024 descriptors, which is where select(2) ends. */
static int eleven_hundred_connections_are_open_at_once(firth_scope *scope)
{
    enum { COUNT = 1100 };
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    kit_pair *pairs = fth_kit_keep(COUNT * sizeof *pairs);
    firth_server *server;
    uint8_t byte;
    int port;

    TRY(fth_kit_server(scope, &server, &port));
    for (int i = 0; i < COUNT; i++) {
        int rc = fth_kit_tcp_connect(&tcp, "127.0.0.1", port, &pairs[i].a);

        if (rc == FIRTH_ERR_TOO_MANY_OPEN)
            return fth_kit_not_applicable("descriptors");
        TRY(rc);
        firth_scope_own_socket(scope, pairs[i].a);
        TRY(fth_kit_tcp_accept(server, &pairs[i].b));
        firth_scope_own_socket(scope, pairs[i].b);
    }
    for (int i = COUNT - 1; i >= 0; i--) {
        TRY(firth_write(firth_socket_output(pairs[i].a), "x", 1));
        TRY(firth_flush(firth_socket_output(pairs[i].a)));
    }
    for (int i = 0; i < COUNT; i++) {
        EXPECT_RESULT(firth_read(firth_socket_input(pairs[i].b), &byte, 1), 1);
        firth_socket_abort(pairs[i].a);
        EXPECT_RESULT(firth_read(firth_socket_input(pairs[i].b), &byte, 1), FIRTH_ERR_RESET);
        firth_socket_abort(pairs[i].b);
    }
    return FIRTH_OK;
}

/* Opened, used and dropped in another order each time, so that descriptors and memory come back in any order. */
static int sockets_that_come_and_go_do_not_mix(firth_scope *scope)
{
    enum { PAIRS = 12, ROUNDS = 150 };
    kit_pair *pairs = fth_kit_keep(PAIRS * sizeof *pairs);

    for (int i = 0; i < ROUNDS; i++) {
        kit_pair *pair = &pairs[fth_kit_random(PAIRS)];
        char line[16], expected[16];
        int size = snprintf(expected, sizeof expected, "round %d", i);

        if (pair->a == NULL) {
            TRY(fth_kit_pair(scope, pair));
        } else if (fth_kit_random(3) == 0) {
            firth_socket_abort(fth_kit_random(2) == 0 ? pair->a : pair->b);
            memset(pair, 0, sizeof *pair);
            continue;
        }
        TRY(firth_write_format(pair->a_out, "%s\n", expected));
        EXPECT_RESULT(firth_read_line(pair->b_in, line, sizeof line), size);
        PROMISE(strcmp(line, expected) == 0);
    }
    return FIRTH_OK;
}

/* A socket that waits for a byte of its own. */
typedef struct kit_waiting {
    kit_io *near, *far;
    kit_op *receive;
    uint8_t byte;
} kit_waiting;

static int begin_to_wait(kit_waiting *one)
{
    one->byte = 0;
    one->receive = fth_kit_transfer(one->near, FIRTH_OP_RECEIVE, &one->byte, 1);
    return fth_kit_pend(one->receive);
}

static int open_and_wait(firth_scope *scope, kit_waiting *one)
{
    TRY(fth_kit_io_pair(scope, &one->far, &one->near));
    return begin_to_wait(one);
}

static int get_byte(kit_waiting *one, uint8_t byte)
{
    EXPECT_RESULT(fth_kit_send(one->far, &byte, 1), 1);
    EXPECT_RESULT(fth_kit_result(one->receive), 1);
    PROMISE(one->byte == byte);
    return FIRTH_OK;
}

static int stop_waiting(kit_waiting *one)
{
    fth_kit_op_cancel(one->receive);
    EXPECT_RESULT(fth_kit_result(one->receive), FIRTH_ERR_CANCELED);
    fth_kit_io_close(one->near, FIRTH_CLOSE_NORMAL);
    fth_kit_io_close(one->far, FIRTH_CLOSE_NORMAL);
    return FIRTH_OK;
}

/* All wait at the same time, and in any order one gets its byte and waits again, or goes and another comes: wherever a
 * backend keeps those that wait, the others must be found where they are. */
static int sockets_that_wait_and_go_in_any_order_do_not_mix(firth_scope *scope)
{
    enum { SOCKETS = 12, ROUNDS = 80 };
    kit_waiting *all = fth_kit_keep(SOCKETS * sizeof *all);

    for (int i = 0; i < SOCKETS; i++)
        TRY(open_and_wait(scope, &all[i]));
    for (int i = 0; i < ROUNDS; i++) {
        kit_waiting *one = &all[fth_kit_random(SOCKETS)];

        if (fth_kit_random(2) == 0) {
            TRY(get_byte(one, (uint8_t)(i + 1)));
            TRY(begin_to_wait(one));
        } else {
            TRY(stop_waiting(one));
            TRY(open_and_wait(scope, one));
        }
        for (int k = 0; k < SOCKETS; k++)
            PROMISE(all[k].receive->pending);
    }
    for (int i = 0; i < SOCKETS; i++)
        TRY(get_byte(&all[i], (uint8_t)(i + 1)));
    return FIRTH_OK;
}

const kit_case fth_kit_many_cases[] = {
    KIT_CASE_WITH(fifty_clients_at_once_get_their_own_answers, .body = fifty_clients_at_once_get_their_own_answers,
                  .connections = 50),
    KIT_CASE_WITH(eleven_hundred_connections_are_open_at_once, .body = eleven_hundred_connections_are_open_at_once,
                  .flags = KIT_SLOW, .connections = 1100),
    KIT_CASE(sockets_that_come_and_go_do_not_mix),
    KIT_CASE_PLAIN(sockets_that_wait_and_go_in_any_order_do_not_mix, KIT_OPS),
    {.name = NULL},
};
