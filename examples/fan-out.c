/* SPDX-License-Identifier: Apache-2.0 */
/* Asks many servers at once: fan-out [TIMEOUT_MS], 5000 without.
 *
 * Each line of standard input is a "host port". All are connected to side by side, and the first line that each one
 * says, or why it says none, is printed as soon as it is known. One deadline is on all of them together.
 * Exit code 0 when all answered, 1 when some did not, 2 for input that cannot be read. */
#include <firth/firth.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct target {
    char host[256];
    int port;
    bool answered;
} target;

typedef struct plan {
    target *targets;
    size_t count;
    int64_t timeout_ms;
    bool begun; /* the task has, and tells by itself what fails */
} plan;

static int64_t first_line(firth_scope *scope, const target *to, char *line, size_t size)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *server;
    int rc = firth_tcp_connect(&tcp, to->host, to->port, &server);

    if (rc < 0)
        return rc;
    firth_scope_own_socket(scope, server);
    return firth_read_line(firth_socket_input(server), line, size);
}

/* One task for each target. */
static int ask(firth_scope *scope, void *argument)
{
    target *to = argument;
    char line[512];
    int64_t rc = first_line(scope, to, line, sizeof line);

    to->answered = rc >= 0 || rc == FIRTH_ERR_TOO_LONG; /* the beginning of a long line will do */
    if (to->answered)
        printf("%s %d: %s\n", to->host, to->port, line);
    else if (firth_scope_is_cancelled(scope))
        printf("%s %d: no answer in time\n", to->host, to->port);
    else
        printf("%s %d: %s\n", to->host, to->port, firth_error_text(rc));
    fflush(stdout);
    return FIRTH_OK;
}

static int ask_all(firth_scope *scope, void *argument)
{
    plan *all = argument;
    firth_scope_options deadline = {.name = "all targets", .timeout_ms = all->timeout_ms};
    firth_scope together;
    int rc = FIRTH_OK;

    all->begun = true;
    firth_scope_open(&together, scope, &deadline);
    for (size_t i = 0; i < all->count && rc >= 0; i++)
        rc = firth_spawn(&together, ask, &all->targets[i], NULL);
    rc = firth_scope_close(&together, rc); /* waits for every task, at most until the deadline */
    return rc == FIRTH_ERR_TIMED_OUT ? FIRTH_OK : rc;
}

/* Adds the target of one line; false when it is none or there is no memory. */
static bool plan_add(plan *all, const char *line)
{
    target *more = realloc(all->targets, (all->count + 1) * sizeof *more);
    target *added;

    if (more == NULL)
        return false;
    all->targets = more;
    added = &more[all->count];
    *added = (target){.answered = false};
    if (sscanf(line, "%255s %d", added->host, &added->port) != 2)
        return false;
    all->count++;
    return true;
}

int main(int argc, char **argv)
{
    plan all = {.timeout_ms = argc > 1 ? strtol(argv[1], NULL, 10) : 5000};
    char line[512];
    int code, rc;

    while (fgets(line, sizeof line, stdin) != NULL) {
        if (!plan_add(&all, line)) {
            fprintf(stderr, "Not a host and a port: %s", line);
            free(all.targets);
            return 2;
        }
    }
    rc = firth_run(ask_all, &all);
    if (rc < 0 && !all.begun)
        fprintf(stderr, "Cannot begin: %s (%s)\n", firth_error_text(rc), firth_last_failure()->step);
    code = rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    for (size_t i = 0; i < all.count; i++)
        if (!all.targets[i].answered)
            code = EXIT_FAILURE;
    free(all.targets);
    return code;
}
