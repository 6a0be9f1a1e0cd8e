/* SPDX-License-Identifier: Apache-2.0 */
/* Sends back whatever it gets at a path, and tells who came: unix-echo [PATH], ./unix-echo.sock without; a name that
 * begins with "@" is one outside the file system (Linux).
 * Only the user who started it may connect. A file that an earlier run left behind is replaced; Ctrl-C removes it. */
#include <firth/firth.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct place {
    const char *path;
    bool begun; /* the task has, and tells by itself what fails */
} place;

static int echo(firth_scope *scope, void *argument)
{
    firth_socket *client = argument;
    firth_unix_credentials who;
    int64_t count;

    firth_scope_own_socket(scope, client);
    if (firth_unix_peer_credentials(client, &who) >= 0) {
        printf("Process %lld of user %u came\n", (long long)who.process_id, (unsigned)who.user_id);
        fflush(stdout);
    }
    count = firth_copy(firth_socket_input(client), firth_socket_output(client), FIRTH_NO_LIMIT);
    return count < 0 ? (int)count : FIRTH_OK;
}

static int fail(const char *path, int rc)
{
    const firth_failure *why = firth_last_failure();

    fprintf(stderr, "Cannot listen at %s: %s", path, firth_error_text(rc));
    fprintf(stderr, why->detail[0] != '\0' ? " (%s)\n" : "%s\n", why->detail);
    return rc;
}

static int serve(firth_scope *scope, void *argument)
{
    place *at = argument;
    const char *path = at->path;
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    firth_scope_options isolated = {.name = "clients", .on_child_error = FIRTH_CHILD_ERROR_REPORT};
    firth_scope clients;
    firth_server *server;
    firth_socket *client;
    int rc;

    at->begun = true;
    builder.abstract = path[0] == '@';
    if (!builder.abstract) {
        builder.mode = 0600;
        builder.replace_stale = builder.unlink_on_close = true;
    }
    rc = firth_unix_bind(&builder, builder.abstract ? path + 1 : path, &server);
    if (rc < 0)
        return fail(path, rc);
    firth_scope_own_server(scope, server);
    firth_scope_cancel_on_interrupt(scope);
    printf("Server is listening at %s\n", path);
    fflush(stdout);

    firth_scope_open(&clients, scope, &isolated); /* one client's failure is not another's */
    while ((rc = firth_accept(server, &client)) >= 0)
        if (firth_spawn(&clients, echo, client, NULL) < 0)
            firth_socket_abort(client);
    return firth_scope_close(&clients, rc);
}

int main(int argc, char **argv)
{
    place at = {.path = argc > 1 ? argv[1] : "./unix-echo.sock"};
    int rc;

    if (argc > 2) {
        fprintf(stderr, "usage: %s [path]\n", argv[0]);
        return EXIT_FAILURE;
    }
    rc = firth_run(serve, &at);
    if (rc < 0 && !at.begun)
        fprintf(stderr, "Cannot begin: %s (%s)\n", firth_error_text(rc), firth_last_failure()->step);
    return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
