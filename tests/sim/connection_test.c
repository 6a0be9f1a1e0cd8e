/* SPDX-License-Identifier: Apache-2.0 */
/* Connections end as a kernel's do: FIN, RST, half-close, and no byte before the end is lost. */
#include "tests/sim/world.h"

static void play(firth_task_fn *client, firth_task_fn *server)
{
    assert_int_equal(world_play(1, client, server), FIRTH_OK);
}

static int expect_end(firth_socket *socket, const char *bytes, int end)
{
    firth_read_channel *in = firth_socket_input(socket);
    size_t size = strlen(bytes);
    char got[64];

    EXPECT_EQUAL(firth_read_fully(in, got, size), (int64_t)size);
    EXPECT_BYTES(got, bytes, size);
    for (int i = 0; i < 3; i++)
        EXPECT_EQUAL(firth_read(in, got, sizeof got), end);
    return FIRTH_OK;
}

static int say(firth_socket *socket, const char *text)
{
    int rc = firth_write_string(firth_socket_output(socket), text);

    return rc < 0 ? rc : firth_flush(firth_socket_output(socket));
}

/* ---- FIN --------------------------------------------------------------------------------------------------------- */

static int say_and_close(firth_scope *scope, void *argument)
{
    firth_socket *socket;

    (void)argument;
    EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_OK);
    EXPECT_EQUAL(say(socket, "abc"), FIRTH_OK);
    return firth_socket_close(socket);
}

static int hear_the_end(firth_scope *scope, void *argument)
{
    firth_socket *socket;

    (void)argument;
    EXPECT_EQUAL(world_accept(scope, &socket), FIRTH_OK);
    EXPECT_EQUAL(expect_end(socket, "abc", FIRTH_EOF), FIRTH_OK);
    return firth_socket_close(socket);
}

static void what_was_sent_before_a_close_arrives_before_the_end(void **state)
{
    (void)state;
    play(say_and_close, hear_the_end);
}

static int half_close(firth_scope *scope, void *argument)
{
    firth_socket *socket;

    (void)argument;
    EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_OK);
    EXPECT_EQUAL(say(socket, "question"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush_and_close(firth_socket_output(socket)), FIRTH_OK);
    EXPECT_EQUAL(expect_end(socket, "answer", FIRTH_EOF), FIRTH_OK);
    return firth_socket_close(socket);
}

static int answer_a_half_close(firth_scope *scope, void *argument)
{
    firth_socket *socket;

    (void)argument;
    EXPECT_EQUAL(world_accept(scope, &socket), FIRTH_OK);
    EXPECT_EQUAL(expect_end(socket, "question", FIRTH_EOF), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep(1000), FIRTH_OK);
    EXPECT_EQUAL(say(socket, "answer"), FIRTH_OK);
    return firth_socket_close(socket);
}

static void half_close_lets_the_answer_through(void **state)
{
    (void)state;
    play(half_close, answer_a_half_close);
}

/* ---- RST --------------------------------------------------------------------------------------------------------- */

static int say_and_abort(firth_scope *scope, void *argument)
{
    firth_socket *socket;

    (void)argument;
    EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_OK);
    EXPECT_EQUAL(say(socket, "abc"), FIRTH_OK);
    firth_socket_abort(socket);
    return FIRTH_OK;
}

static int hear_the_reset(firth_scope *scope, void *argument)
{
    firth_address address;
    firth_socket *socket;

    (void)argument;
    EXPECT_EQUAL(world_accept(scope, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep(100), FIRTH_OK);
    EXPECT_EQUAL(expect_end(socket, "abc", FIRTH_ERR_RESET), FIRTH_OK);
    EXPECT_EQUAL(say(socket, "too late"), FIRTH_ERR_RESET);
    EXPECT_EQUAL(firth_socket_peer_address(socket, &address), FIRTH_ERR_NOT_CONNECTED);
    EXPECT_EQUAL(firth_socket_local_address(socket, &address), FIRTH_OK);
    firth_socket_abort(socket);
    return FIRTH_OK;
}

static void bytes_before_a_reset_arrive_before_it(void **state)
{
    (void)state;
    play(say_and_abort, hear_the_reset);
}

/* What is written to a peer that has closed is answered by a reset. */
static int close_at_once(firth_scope *scope, void *argument)
{
    firth_socket *socket;

    (void)argument;
    EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_OK);
    return firth_socket_close(socket);
}

static int write_to_the_closed(firth_scope *scope, void *argument)
{
    firth_socket *socket;
    char byte;

    (void)argument;
    EXPECT_EQUAL(world_accept(scope, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_read(firth_socket_input(socket), &byte, 1), FIRTH_EOF);
    EXPECT_EQUAL(say(socket, "abc"), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep(10), FIRTH_OK);
    EXPECT_EQUAL(say(socket, "abc"), FIRTH_ERR_RESET);
    (void)firth_socket_close(socket);
    return FIRTH_OK;
}

static void writing_to_a_closed_peer_ends_in_a_reset(void **state)
{
    (void)state;
    play(close_at_once, write_to_the_closed);
}

/* Core reads before it closes, so this goes to the backend itself. */
static int close_on_unread(firth_scope *scope, void *argument)
{
    const firth_backend *sim = &firth_backend_sim;
    firth_io listener = {.selector = firth_scope_selector(scope)}, accepted = {.selector = NULL};
    firth_op op = {.kind = FIRTH_OP_ACCEPT, .attempt_only = true, .io = &listener, .with.accepted = &accepted};
    firth_address address;

    (void)argument;
    EXPECT_EQUAL(firth_address_make(&address, SERVER_IP, WORLD_PORT), FIRTH_OK);
    EXPECT_EQUAL(sim->socket_open(&listener, FIRTH_FAMILY_IPV4), FIRTH_OK);
    EXPECT_EQUAL(sim->bind(&listener, &address), FIRTH_OK);
    EXPECT_EQUAL(sim->listen(&listener, 0), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep(50), FIRTH_OK);
    EXPECT_EQUAL(sim->submit(&op), FIRTH_SUBMIT_DONE);
    EXPECT_EQUAL(op.result, FIRTH_OK);
    sim->socket_close(&accepted, FIRTH_CLOSE_NORMAL);
    sim->socket_close(&listener, FIRTH_CLOSE_NORMAL);
    return FIRTH_OK;
}

static int say_and_listen(firth_scope *scope, void *argument)
{
    firth_socket *socket;
    char byte;

    (void)argument;
    EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_OK);
    EXPECT_EQUAL(say(socket, "abc"), FIRTH_OK);
    EXPECT_EQUAL(firth_read(firth_socket_input(socket), &byte, 1), FIRTH_ERR_RESET);
    (void)firth_socket_close(socket);
    return FIRTH_OK;
}

static void closing_on_unread_bytes_resets(void **state)
{
    (void)state;
    play(say_and_listen, close_on_unread);
}

/* ---- listeners --------------------------------------------------------------------------------------------------- */

static int close_the_listener(firth_scope *scope, void *argument)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_server *server;

    (void)argument;
    EXPECT_EQUAL(firth_tcp_bind(&tcp, NULL, WORLD_PORT, &server), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep(100), FIRTH_OK);
    firth_server_close(server);
    return FIRTH_OK;
}

static int wait_in_the_backlog(firth_scope *scope, void *argument)
{
    firth_socket *socket;
    char byte;

    (void)argument;
    EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_read(firth_socket_input(socket), &byte, 1), FIRTH_ERR_RESET);
    firth_socket_abort(socket);
    return FIRTH_OK;
}

static void clients_in_the_backlog_of_a_closed_listener_are_reset(void **state)
{
    (void)state;
    play(wait_in_the_backlog, close_the_listener);
}

/* Gone before, during and right after the accept: the server goes on. */
static int come_and_go(firth_scope *scope, void *argument)
{
    firth_socket *socket;

    (void)argument;
    for (int64_t us = 0; us < 4000; us += 500) {
        firth_scope_options limit = {.deadline_ns = firth_now_ns() + us * 1000};
        firth_scope within;
        int rc;

        firth_scope_open(&within, scope, &limit);
        rc = world_connect(&within, &socket);
        if (rc >= 0)
            firth_socket_abort(socket);
        rc = firth_scope_close(&within, rc);
        EXPECT(rc == FIRTH_OK || rc == FIRTH_ERR_TIMED_OUT);
        EXPECT_EQUAL(firth_sleep(20), FIRTH_OK);
    }
    EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_OK);
    EXPECT_EQUAL(say(socket, "x"), FIRTH_OK);
    EXPECT_EQUAL(firth_read_fully(firth_socket_input(socket), &(char){0}, 1), 1);
    world_stop();
    return firth_socket_close(socket);
}

static void clients_that_come_and_go_do_not_end_a_server(void **state)
{
    (void)state;
    play(come_and_go, world_echo);
}

/* ---- a host that goes ---------------------------------------------------------------------------------------------- */

static int stay(firth_scope *scope, void *argument)
{
    firth_socket *socket;

    (void)argument;
    EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_OK);
    return firth_read(firth_socket_input(socket), &(char){0}, 1) == FIRTH_ERR_CANCELED ? FIRTH_OK : FIRTH_ERR_USER;
}

static void closing_a_host_with_tasks_cancels_them_and_says_so(void **state)
{
    (void)state;
    world_open(1);
    assert_int_equal(world_spawn(here.server, world_echo, NULL), FIRTH_OK);
    assert_int_equal(world_spawn(here.client, stay, NULL), FIRTH_OK);
    assert_int_equal(firth_sim_run_for(here.sim, 100), 3);
    assert_int_equal(firth_sim_host_close(here.client), FIRTH_ERR_STILL_OPEN);
    assert_non_null(strstr(support_log_text(), "still open: task actor"));
    assert_int_equal(firth_sim_run_for(here.sim, 100), 1); /* the echo has heard of it */
    assert_int_equal(firth_sim_close(here.sim), FIRTH_ERR_STILL_OPEN);
    assert_int_equal(support_allocations_live(), here.live);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_sent_before_a_close_arrives_before_the_end),
        cmocka_unit_test(half_close_lets_the_answer_through),
        cmocka_unit_test(bytes_before_a_reset_arrive_before_it),
        cmocka_unit_test(writing_to_a_closed_peer_ends_in_a_reset),
        cmocka_unit_test(closing_on_unread_bytes_resets),
        cmocka_unit_test(clients_in_the_backlog_of_a_closed_listener_are_reset),
        cmocka_unit_test(clients_that_come_and_go_do_not_end_a_server),
        cmocka_unit_test(closing_a_host_with_tasks_cancels_them_and_says_so),
    };

    return support_main(argc, argv, "connections", tests, sizeof tests / sizeof tests[0]);
}
