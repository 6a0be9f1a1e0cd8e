/* SPDX-License-Identifier: Apache-2.0 */
/* Paths of Unix sockets, and who is at the other end. */
#include "tests/conformance/unix.h"

static int bind_once(firth_scope *scope, const char *path, bool replace_stale, bool unlink_on_close)
{
    firth_unix_builder builder = fth_kit_unix(scope);
    firth_server *server;
    int rc;

    builder.replace_stale = replace_stale;
    builder.unlink_on_close = unlink_on_close;
    rc = firth_unix_bind(&builder, path, &server);
    firth_server_close(server);
    return rc;
}

static int connect_code(firth_scope *scope, const char *path)
{
    firth_unix_builder builder = fth_kit_unix(scope);
    firth_socket *socket;
    int rc = firth_unix_connect(&builder, path, &socket);

    firth_socket_abort(socket);
    return rc;
}

static int nobody_at_a_path_refuses(firth_scope *scope)
{
    const char *path = fth_kit_unix_path(scope, 0);

    EXPECT(path != NULL);
    EXPECT_RESULT(connect_code(scope, path), FIRTH_ERR_REFUSED);
    TRY(bind_once(scope, path, false, false));
    EXPECT_RESULT(connect_code(scope, path), FIRTH_ERR_REFUSED);
    return FIRTH_OK;
}

static int a_closed_unix_server_leaves_its_path_free_when_asked(firth_scope *scope)
{
    const char *path = fth_kit_unix_path(scope, 0);

    EXPECT(path != NULL);
    for (int i = 0; i < 5; i++)
        TRY(bind_once(scope, path, false, true));
    return FIRTH_OK;
}

static int a_stale_unix_file_is_replaced_only_when_asked(firth_scope *scope)
{
    const char *path = fth_kit_unix_path(scope, 0);

    EXPECT(path != NULL);
    TRY(bind_once(scope, path, false, false));
    EXPECT_RESULT(bind_once(scope, path, false, false), FIRTH_ERR_ADDRESS_IN_USE);
    TRY(bind_once(scope, path, true, false));
    EXPECT_RESULT(bind_once(scope, path, false, false), FIRTH_ERR_ADDRESS_IN_USE);
    return FIRTH_OK;
}

static int where_somebody_listens_no_file_is_replaced(firth_scope *scope)
{
    firth_unix_builder builder = fth_kit_unix(scope);
    firth_socket *client, *accepted;
    firth_server *server;
    const char *path;

    TRY(fth_kit_unix_server(scope, &builder, &server, &path));
    EXPECT_RESULT(bind_once(scope, path, true, true), FIRTH_ERR_ADDRESS_IN_USE);
    TRY(fth_kit_unix_connect(scope, path, &client));
    TRY(firth_accept(server, &accepted));
    firth_socket_abort(accepted);
    return FIRTH_OK;
}

/* What is in the way is no socket, and stays as it is. */
static int a_file_that_is_no_socket_is_never_replaced(firth_scope *scope)
{
    const char *path = fth_kit_unix_path(scope, 0);
    FILE *file;
    int byte;

    EXPECT(path != NULL);
    file = fopen(path, "w");
    EXPECT(file != NULL);
    EXPECT(fputc('x', file) == 'x' && fclose(file) == 0);
    EXPECT_RESULT(bind_once(scope, path, true, true), FIRTH_ERR_ADDRESS_IN_USE);
    file = fopen(path, "r");
    PROMISE(file != NULL);
    byte = fgetc(file);
    (void)fclose(file);
    PROMISE(byte == 'x');
    return FIRTH_OK;
}

/* A system may take fewer bytes than FIRTH_UNIX_PATH_BYTES has room for, and says so the same way. */
static int a_path_is_told_whole_or_too_long(firth_scope *scope)
{
    for (size_t bytes = FIRTH_UNIX_PATH_BYTES - 10; bytes <= FIRTH_UNIX_PATH_BYTES + 2; bytes++) {
        firth_unix_builder builder = fth_kit_unix(scope);
        const char *path = fth_kit_unix_path(scope, bytes);
        firth_unix_address address;
        firth_server *server;
        firth_socket *client;
        int rc;

        if (path == NULL)
            return fth_kit_not_applicable("a shorter socket_folder of the subject");
        rc = firth_unix_bind(&builder, path, &server);
        if (rc == FIRTH_ERR_TOO_LONG)
            continue;
        TRY(rc);
        firth_scope_own_server(scope, server);
        EXPECT(bytes < FIRTH_UNIX_PATH_BYTES);
        TRY(fth_kit_unix_connect(scope, path, &client));
        TRY(firth_unix_peer_address(client, &address));
        EXPECT_RESULT(address.size, bytes);
        EXPECT(!address.abstract && strcmp(address.path, path) == 0);
        firth_server_close(server);
    }
    return FIRTH_OK;
}

static int both_ends_of_a_unix_socket_know_their_addresses(firth_scope *scope)
{
    firth_unix_builder builder = fth_kit_unix(scope);
    firth_socket *client, *accepted;
    firth_unix_address address;
    firth_server *server;
    const char *path;

    TRY(fth_kit_unix_server(scope, &builder, &server, &path));
    EXPECT(strcmp(firth_unix_server_address(server)->path, path) == 0);
    TRY(fth_kit_unix_connect(scope, path, &client));
    TRY(firth_accept(server, &accepted));
    firth_scope_own_socket(scope, accepted);
    TRY(firth_unix_peer_address(client, &address));
    EXPECT(strcmp(address.path, path) == 0);
    TRY(firth_unix_local_address(accepted, &address));
    EXPECT(strcmp(address.path, path) == 0);
    TRY(firth_unix_local_address(client, &address));
    EXPECT_RESULT(address.size, 0);
    TRY(firth_unix_peer_address(accepted, &address));
    EXPECT_RESULT(address.size, 0);
    return FIRTH_OK;
}

/* Both ends are this program's. */
static int both_ends_of_a_unix_socket_know_who_the_other_is(firth_scope *scope)
{
    firth_unix_credentials a = {0}, b = {0};
    firth_unix_builder builder = fth_kit_unix(scope);
    kit_pair pair;
    int rc;

    TRY(fth_kit_unix_pair(scope, &builder, &pair));
    rc = firth_unix_peer_credentials(pair.a, &a);
    if (rc == FIRTH_ERR_NOT_SUPPORTED)
        return fth_kit_not_applicable("credentials of the peer");
    TRY(rc);
    TRY(firth_unix_peer_credentials(pair.b, &b));
    EXPECT_RESULT(a.process_id, b.process_id);
    EXPECT_RESULT(a.user_id, b.user_id);
    EXPECT_RESULT(a.group_id, b.group_id);
    EXPECT(a.process_id == -1 || a.process_id > 0);
    return FIRTH_OK;
}

static int a_unix_server_has_the_mode_it_is_given(firth_scope *scope)
{
    firth_unix_builder builder = fth_kit_unix(scope);
    const char *path = fth_kit_unix_path(scope, 0);
    firth_server *server;
    firth_socket *client;
    int rc;

    EXPECT(path != NULL);
    builder.mode = 0620; /* of which most umasks take a bit */
    rc = firth_unix_bind(&builder, path, &server);
    if (rc == FIRTH_ERR_NOT_SUPPORTED)
        return fth_kit_not_applicable(firth_last_failure()->step);
    TRY(rc);
    firth_scope_own_server(scope, server);
    return fth_kit_unix_connect(scope, path, &client);
}

const kit_case fth_kit_unix_path_cases[] = {
    KIT_UNIX_CASE(nobody_at_a_path_refuses),
    KIT_UNIX_CASE(a_closed_unix_server_leaves_its_path_free_when_asked),
    KIT_UNIX_CASE(a_stale_unix_file_is_replaced_only_when_asked),
    KIT_UNIX_CASE(where_somebody_listens_no_file_is_replaced),
    KIT_UNIX_CASE(a_file_that_is_no_socket_is_never_replaced),
    KIT_UNIX_CASE(a_path_is_told_whole_or_too_long),
    KIT_UNIX_CASE(both_ends_of_a_unix_socket_know_their_addresses),
    KIT_UNIX_CASE(both_ends_of_a_unix_socket_know_who_the_other_is),
    KIT_UNIX_CASE(a_unix_server_has_the_mode_it_is_given),
    {.name = NULL},
};
