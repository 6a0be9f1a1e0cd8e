/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/world.h"

#include <stdlib.h>

#include "tests/support/internal.h"

world here;

static firth_scope *echo_scopes[4];
static size_t echo_count;

static void keep_line(void *argument, const char *line)
{
    size_t size = strlen(line);

    (void)argument;
    if (here.trace_size + size + 2 > here.trace_room) {
        here.trace_room = here.trace_room * 2 + size + 4096;
        here.trace = realloc(here.trace, here.trace_room);
        assert_non_null(here.trace);
    }
    memcpy(here.trace + here.trace_size, line, size);
    here.trace_size += size;
    here.trace[here.trace_size++] = '\n';
    here.trace[here.trace_size] = '\0';
}

static void open_host(firth_sim_host **host, const char *name, const char *ipv4, const char *ipv6,
                      const firth_sim_faults *faults)
{
    firth_selector_options selector = support_options();
    firth_sim_host_options options = firth_sim_host_defaults();

    selector.backend = NULL;
    options.name = name;
    options.addresses[0] = ipv4;
    options.addresses[1] = ipv6;
    options.selector = &selector;
    if (faults != NULL)
        options.faults = *faults;
    assert_int_equal(firth_sim_host_open(here.sim, &options, host), FIRTH_OK);
}

void world_open_with(uint64_t seed, const firth_sim_faults *faults, bool is_traced)
{
    firth_sim_options options = firth_sim_defaults();

    free(here.trace);
    memset(&here, 0, sizeof here);
    here.live = support_allocations_live();
    echo_count = 0;
    options.seed = seed;
    options.allocate = support_allocate;
    options.release = support_release;
    options.trace = is_traced ? keep_line : NULL;
    options.log = support_log_line;
    assert_int_equal(firth_sim_open(&here.sim, &options), FIRTH_OK);
    open_host(&here.client, "client", CLIENT_IP, "2001:db8::1", faults);
    open_host(&here.server, "server", SERVER_IP, "2001:db8::2", faults);
}

void world_open(uint64_t seed)
{
    world_open_with(seed, NULL, false);
}

int world_spawn(firth_sim_host *host, firth_task_fn *fn, void *argument)
{
    static const firth_task_options named = {.name = "actor"};

    return firth_spawn(firth_sim_host_scope(host), fn, argument, &named);
}

int world_run(void)
{
    EXPECT_EQUAL(firth_sim_run(here.sim), FIRTH_OK);
    return FIRTH_OK;
}

int world_close(void)
{
    EXPECT_EQUAL(firth_sim_close(here.sim), FIRTH_OK);
    here.sim = NULL;
    EXPECT_EQUAL(support_allocations_live(), here.live);
    return FIRTH_OK;
}

int64_t world_ms(void)
{
    return firth_sim_now_ns(here.sim) / 1000000 - 1000;
}

int world_play(uint64_t seed, firth_task_fn *client, firth_task_fn *server)
{
    int rc;

    world_open(seed);
    EXPECT_EQUAL(world_spawn(here.server, server, NULL), FIRTH_OK);
    EXPECT_EQUAL(world_spawn(here.client, client, NULL), FIRTH_OK);
    rc = world_run();
    return rc < 0 ? rc : world_close();
}

/* ---- actors ------------------------------------------------------------------------------------------------------ */

static int echo_one(firth_scope *scope, void *argument)
{
    firth_socket *socket = argument;
    int64_t n;

    firth_scope_own_socket(scope, socket);
    n = firth_copy(firth_socket_input(socket), firth_socket_output(socket), FIRTH_NO_LIMIT);
    return n < 0 ? (int)n : FIRTH_OK;
}

int world_echo(firth_scope *scope, void *argument)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_scope_options isolated = {.name = "clients", .on_child_error = FIRTH_CHILD_ERROR_REPORT};
    firth_scope clients;
    firth_server *server;
    firth_socket *socket;
    int rc;

    (void)argument;
    tcp.auto_flush = true;
    EXPECT_EQUAL(firth_tcp_bind(&tcp, NULL, WORLD_PORT, &server), FIRTH_OK);
    firth_scope_own_server(scope, server);
    firth_scope_open(&clients, scope, &isolated);
    EXPECT(echo_count < sizeof echo_scopes / sizeof echo_scopes[0]);
    echo_scopes[echo_count++] = &clients;
    while ((rc = firth_accept(server, &socket)) >= 0)
        if (firth_spawn(&clients, echo_one, socket, NULL) < 0)
            firth_socket_abort(socket);
    return firth_scope_close(&clients, rc);
}

void world_stop(void)
{
    while (echo_count > 0)
        (void)firth_scope_cancel_from(echo_scopes[--echo_count]);
}

int world_connect(firth_scope *scope, firth_socket **socket)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));

    tcp.connect_timeout_ms = 0;
    return firth_tcp_connect(&tcp, SERVER_IP, WORLD_PORT, socket);
}

int world_accept(firth_scope *scope, firth_socket **socket)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_server *server;
    int rc = firth_tcp_bind(&tcp, NULL, WORLD_PORT, &server);

    if (rc < 0)
        return rc;
    rc = firth_accept(server, socket);
    firth_server_close(server);
    return rc;
}

void world_part(void *argument)
{
    (void)argument;
    if (firth_sim_partition(here.client, here.server) < 0)
        (void)support_failed(__FILE__, __LINE__, "firth_sim_partition");
}

void world_heal(void *argument)
{
    (void)argument;
    firth_sim_heal(here.client, here.server);
}
