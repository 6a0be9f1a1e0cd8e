/* SPDX-License-Identifier: Apache-2.0 */
/* A client that tries again, tested in simulated networks: a link that loses segments, resets connections and is cut for
 * seconds, another one for each seed.
 *
 *     simulated-retries                     hundreds of networks; none finds a fault
 *     simulated-retries --bug               the same with a fault in the client: finds it, and prints the seed
 *     simulated-retries --bug --seed 7 --trace     that network again, event by event
 *
 * The protocol is a savings book. The client sends "add NUMBER\n" for each deposit, the server answers "ok\n", and adds
 * a number once, however often it is sent. The fault: a client that gives each attempt a number of its own. It works as
 * long as no answer is ever lost. */
#include <firth/firth.h>
#include <firth/sim.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PORT = 4000, DEPOSITS = 10, ATTEMPTS = 6, ATTEMPT_MS = 400, PAUSE_MS = 100, NUMBERS_MAX = DEPOSITS * ATTEMPTS };

typedef struct book {
    bool has_bug;
    int next_number;
    int answered; /* deposits that the client knows to be made */
    int made;     /* that the server has */
    bool seen[NUMBERS_MAX];
    firth_scope *serving;
} book;

typedef struct plan {
    firth_sim_host *client;
    firth_sim_host *server;
} plan;

/* ---- the server --------------------------------------------------------------------------------------------------- */

static book *savings;

static int answer(firth_scope *scope, void *argument)
{
    firth_socket *socket = argument;
    char line[32];
    int64_t n = 0;
    int rc = FIRTH_OK;

    firth_scope_own_socket(scope, socket);
    while (rc >= 0 && (n = firth_read_line(firth_socket_input(socket), line, sizeof line - 1)) >= 0) {
        long number;

        line[n] = '\0';
        number = strncmp(line, "add ", 4) == 0 ? strtol(line + 4, NULL, 10) : -1;
        if (number < 0 || number >= NUMBERS_MAX)
            return FIRTH_ERR_USER;
        savings->made += !savings->seen[number];
        savings->seen[number] = true;
        rc = firth_write_string(firth_socket_output(socket), "ok\n");
    }
    return n == FIRTH_EOF ? rc : (int)n;
}

static int serve(firth_scope *scope, void *argument)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_scope_options isolated = {.name = "clients", .on_child_error = FIRTH_CHILD_ERROR_REPORT};
    firth_scope clients;
    firth_server *server;
    firth_socket *socket;
    int rc;

    (void)argument;
    tcp.auto_flush = true;
    if ((rc = firth_tcp_bind(&tcp, NULL, PORT, &server)) < 0)
        return rc;
    firth_scope_own_server(scope, server);
    firth_scope_open(&clients, scope, &isolated);
    savings->serving = &clients;
    while ((rc = firth_accept(server, &socket)) >= 0)
        if (firth_spawn(&clients, answer, socket, NULL) < 0)
            firth_socket_abort(socket);
    return firth_scope_close(&clients, rc);
}

/* ---- the client: the code under test -------------------------------------------------------------------------------- */

static int attempt(firth_scope *scope, void *argument)
{
    const int *number = argument;
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *socket;
    char line[8];
    int rc;

    tcp.auto_flush = true;
    tcp.linger_ms = 0;
    if ((rc = firth_tcp_connect(&tcp, "10.0.0.2", PORT, &socket)) < 0)
        return rc;
    rc = firth_write_format(firth_socket_output(socket), "add %d\n", *number);
    if (rc >= 0)
        rc = (int)firth_read_line(firth_socket_input(socket), line, sizeof line);
    (void)firth_socket_close(socket);
    return rc < 0 ? rc : FIRTH_OK;
}

/* One deposit: as many attempts as it takes, each with a deadline. */
static int deposit(book *from)
{
    int number = from->next_number++, rc = FIRTH_ERR_TIMED_OUT;

    for (int tries = 0; tries < ATTEMPTS && rc < 0; tries++) {
        if (tries > 0 && from->has_bug)
            number = from->next_number++;
        rc = firth_with_timeout(ATTEMPT_MS, attempt, &number);
        if (rc == FIRTH_ERR_CANCELED)
            return rc;
        if (rc < 0 && firth_sleep(PAUSE_MS) < 0)
            return FIRTH_ERR_CANCELED;
    }
    return rc;
}

static int save(firth_scope *scope, void *argument)
{
    book *from = argument;

    (void)scope;
    for (int i = 0; i < DEPOSITS; i++)
        from->answered += deposit(from) >= 0;
    return firth_scope_cancel_from(from->serving);
}

/* ---- the network ---------------------------------------------------------------------------------------------------- */

static void cut(void *argument)
{
    plan *between = argument;

    (void)firth_sim_reset(between->client, between->server);
    if (firth_sim_partition(between->client, between->server) < 0)
        abort();
}

static void heal(void *argument)
{
    plan *between = argument;

    firth_sim_heal(between->client, between->server);
}

static int64_t random_ms(firth_sim *sim, uint64_t limit_ms)
{
    return (int64_t)(firth_sim_random(sim) % limit_ms) * 1000000;
}

/* The link of this seed, and when it is cut. */
static int describe(firth_sim *sim, plan *between)
{
    firth_sim_link link = firth_sim_link_defaults();
    int64_t cut_ns = firth_sim_now_ns(sim) + random_ms(sim, 3000);
    int rc;

    link.latency_max_us = 50000;
    link.loss = 0.05;
    rc = firth_sim_link_set(between->client, between->server, &link);
    if (rc >= 0)
        rc = firth_sim_at(sim, cut_ns, cut, between);
    return rc < 0 ? rc : firth_sim_at(sim, cut_ns + random_ms(sim, 1000), heal, between);
}

static int open_hosts(firth_sim *sim, plan *between)
{
    firth_sim_host_options client = firth_sim_host_defaults(), server = firth_sim_host_defaults();
    int rc;

    client.name = "client";
    client.addresses[0] = "10.0.0.1";
    server.name = "server";
    server.addresses[0] = "10.0.0.2";
    rc = firth_sim_host_open(sim, &client, &between->client);
    return rc < 0 ? rc : firth_sim_host_open(sim, &server, &between->server);
}

static void print_line(void *argument, const char *line)
{
    (void)argument;
    puts(line);
}

/* All of one seed: FIRTH_OK if the book is right. */
static int play(uint64_t seed, bool has_bug, bool is_traced)
{
    firth_sim_options options = firth_sim_defaults();
    book client = {.has_bug = has_bug};
    plan between;
    firth_sim *sim;
    int rc;

    options.seed = seed;
    options.trace = is_traced ? print_line : NULL;
    savings = &client;
    if ((rc = firth_sim_open(&sim, &options)) < 0)
        return rc;
    if ((rc = open_hosts(sim, &between)) >= 0 && (rc = describe(sim, &between)) >= 0 &&
        (rc = firth_spawn(firth_sim_host_scope(between.server), serve, NULL, NULL)) >= 0 &&
        (rc = firth_spawn(firth_sim_host_scope(between.client), save, &client, NULL)) >= 0)
        rc = firth_sim_run(sim);
    (void)firth_sim_close(sim);
    if (rc >= 0 && (client.made < client.answered || client.made > DEPOSITS)) {
        printf("seed %llu: %d deposits, %d answered, and the server has %d\n", (unsigned long long)seed, DEPOSITS,
               client.answered, client.made);
        rc = FIRTH_ERR_USER;
    }
    return rc;
}

int main(int argc, char **argv)
{
    bool has_bug = false, is_traced = false;
    unsigned long long first = 0, count;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--bug") == 0)
            has_bug = true;
        else if (strcmp(argv[i], "--trace") == 0)
            is_traced = true;
        else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            first = strtoull(argv[++i], NULL, 10);
        else
            return fprintf(stderr, "usage: %s [--bug] [--seed NUMBER] [--trace]\n", argv[0]), 2;
    }
    count = first == 0 ? 500 : 1;
    first = first == 0 ? 1 : first;
    for (unsigned long long seed = first; seed < first + count; seed++) {
        int rc = play(seed, has_bug, is_traced);

        if (rc < 0) {
            printf("failed: %s\nrepeat with: %s%s --seed %llu --trace\n", firth_error_text(rc), argv[0],
                   has_bug ? " --bug" : "", seed);
            return 1;
        }
    }
    printf("%llu seeds: every deposit is in the book once\n", count);
    return 0;
}
