/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lwip/peer.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BYTES = 65000, LOOK_MS = 5 };

typedef struct service {
    int port;
    firth_task_fn *serve;
    firth_server *server;
} service;

/* ---- services ---------------------------------------------------------------------------------------------------- */

static int echo(firth_scope *scope, void *argument)
{
    int64_t rc;

    firth_scope_own_socket(scope, argument);
    rc = firth_copy(firth_socket_input(argument), firth_socket_output(argument), UINT64_MAX);
    return rc < 0 ? (int)rc : firth_flush_and_close(firth_socket_output(argument));
}

static int count(firth_scope *scope, void *argument)
{
    int64_t size;
    int rc;

    firth_scope_own_socket(scope, argument);
    size = firth_discard(firth_socket_input(argument), UINT64_MAX);
    if (size < 0)
        return (int)size;
    rc = firth_write_format(firth_socket_output(argument), "%lld\n", (long long)size);
    return rc < 0 ? rc : firth_socket_close(argument);
}

static int reset(firth_scope *scope, void *argument)
{
    int64_t rc = firth_await_content(firth_socket_input(argument), 1);

    (void)scope;
    firth_socket_abort(argument);
    return rc < 0 ? (int)rc : FIRTH_OK;
}

static int serve(firth_scope *scope, void *argument)
{
    const service *mine = argument;
    firth_scope_options isolated = {.name = "clients", .on_child_error = FIRTH_CHILD_ERROR_REPORT};
    firth_scope clients;
    firth_socket *client;
    int rc;

    firth_scope_own_server(scope, mine->server);
    firth_scope_open(&clients, scope, &isolated);
    while ((rc = firth_accept(mine->server, &client)) >= 0)
        if (firth_spawn(&clients, mine->serve, client, NULL) < 0)
            firth_socket_abort(client);
    return firth_scope_close(&clients, rc);
}

static int echo_datagrams(firth_scope *scope, void *argument)
{
    char *bytes = malloc(BYTES);
    firth_address from;
    int64_t size = FIRTH_ERR_NO_MEMORY;
    int rc = FIRTH_OK; /* an echo that does not leave is nobody's failure */

    firth_scope_own_datagram_socket(scope, argument);
    while (bytes != NULL && rc != FIRTH_ERR_CANCELED && (size = firth_receive_from(argument, bytes, BYTES, &from)) >= 0)
        rc = firth_send_to(argument, bytes, (size_t)size, &from);
    free(bytes);
    return rc == FIRTH_ERR_CANCELED ? rc : (int)size;
}

/* ---- the process ------------------------------------------------------------------------------------------------- */

static int start_datagrams(firth_scope *scope, const char *any, firth_datagram_socket **socket)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    int rc;

    udp.ipv6_only = true;
    rc = firth_udp_bind(&udp, any, PEER_ECHO, socket);
    return rc < 0 ? rc : firth_spawn(scope, echo_datagrams, *socket, NULL);
}

/* All is bound before the first frame is taken. */
static int start(firth_scope *scope, firth_datagram_socket **datagrams)
{
    static service services[] = {{PEER_ECHO, echo, NULL}, {PEER_COUNT, count, NULL}, {PEER_RESET, reset, NULL}};
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    int rc = start_datagrams(scope, "::", datagrams);

    if (rc >= 0)
        rc = start_datagrams(scope, "0.0.0.0", datagrams);
    for (int i = 0; rc >= 0 && i < 3; i++) {
        rc = firth_tcp_bind(&tcp, "*", services[i].port, &services[i].server);
        if (rc >= 0)
            rc = firth_spawn(scope, serve, &services[i], NULL);
    }
    return rc;
}

static int serve_the_wire(firth_scope *scope, void *argument)
{
    wire *cable = argument;
    firth_datagram_socket *datagrams;
    firth_address group;
    firth_scope services;
    int rc;

    firth_scope_open(&services, scope, NULL);
    rc = start(&services, &datagrams);
    if (rc >= 0)
        rc = firth_address_make(&group, PEER_GROUP, 0);
    wire_open(cable, (int)cable->driver.descriptor, 2);
    if (rc >= 0)
        rc = firth_multicast_join(datagrams, &group, netif_get_index(&cable->netif), NULL);
    while (rc >= 0 && !cable->is_over)
        rc = firth_sleep(LOOK_MS);
    firth_scope_cancel(&services);
    rc = firth_scope_close(&services, rc);
    wire_close(cable);
    return rc == FIRTH_ERR_CANCELED ? FIRTH_OK : rc;
}

static int run_peer(char **words)
{
    static wire cable;
    firth_selector_options options = firth_selector_defaults();
    firth_selector *selector;
    int rc;

    cable.driver.descriptor = atoi(words[0]);
    cable.faults = (wire_faults){.loss = (unsigned)atoi(words[1]),
                                 .reordering = (unsigned)atoi(words[2]),
                                 .delay_ms = (unsigned)atoi(words[3]),
                                 .hold_ms = (unsigned)atoi(words[4]),
                                 .seed = (uint64_t)atoi(words[5])};
    options.backend = firth_backend_find("lwip");
    rc = firth_selector_open(&selector, &options);
    if (rc < 0)
        return rc;
    rc = firth_spawn(firth_selector_scope(selector), serve_the_wire, &cable, NULL);
    if (rc >= 0)
        rc = firth_selector_run(selector);
    (void)firth_selector_close(selector);
    return rc;
}

bool peer_is_asked_for(int argc, char **argv, int *code)
{
    int rc;

    if (argc != 8 || strcmp(argv[1], "--peer") != 0)
        return false;
    rc = run_peer(argv + 2);
    if (rc < 0)
        (void)fprintf(stderr, "the peer came to %s\n", firth_error_text(rc));
    *code = rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    return true;
}

pid_t peer_start(int end, const wire_faults *faults)
{
    char words[6][24];
    const unsigned values[] = {faults->loss, faults->reordering, faults->delay_ms, faults->hold_ms,
                               (unsigned)faults->seed};
    pid_t child;

    (void)snprintf(words[0], sizeof words[0], "%d", end);
    for (int i = 0; i < 5; i++)
        (void)snprintf(words[i + 1], sizeof words[i + 1], "%u", values[i]);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)fcntl(end, F_SETFD, 0);
        (void)execl("/proc/self/exe", "peer", "--peer", words[0], words[1], words[2], words[3], words[4], words[5],
                    (char *)NULL);
        _exit(127);
    }
    return child;
}

void peer_await(pid_t peer)
{
    int status = -1;

    assert_int_equal(waitpid(peer, &status, 0), peer);
    assert_int_equal(status, 0);
}
