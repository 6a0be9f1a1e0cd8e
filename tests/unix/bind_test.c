/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: which are taken, and which are replaced. */
#include "tests/unix/places.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- paths --------------------------------------------------------------------------------------------------------- */

TASK_TEST(a_server_is_found_at_its_path)
{
    const char *path = places_path("server");
    firth_server *server;
    struct stat found;

    EXPECT_EQUAL(places_serve(scope, path, &server), FIRTH_OK);
    EXPECT_EQUAL(lstat(path, &found), 0);
    EXPECT(S_ISSOCK(found.st_mode));
    EXPECT_EQUAL(places_connect_code(scope, path), FIRTH_OK);
    EXPECT(strcmp(firth_unix_server_address(server)->path, path) == 0);
    EXPECT_EQUAL(firth_server_address(server)->family, FIRTH_FAMILY_NONE);
    return FIRTH_OK;
}

TASK_TEST(a_path_one_byte_too_long_is_an_error_that_says_so)
{
    const size_t most = places_longest(scope);

    EXPECT_EQUAL(places_bind_code(scope, places_long_path(most), false), FIRTH_OK);
    EXPECT(places_has(places_long_path(most)));
    EXPECT_EQUAL(places_bind_code(scope, places_long_path(most + 1), false), FIRTH_ERR_TOO_LONG);
    EXPECT_EQUAL(places_connect_code(scope, places_long_path(most + 1)), FIRTH_ERR_TOO_LONG);
    EXPECT_EQUAL(places_bind_code(scope, places_long_path(FIRTH_UNIX_PATH_BYTES), false), FIRTH_ERR_TOO_LONG);
    EXPECT(strcmp(firth_last_failure()->step, "path") == 0);
    EXPECT(strcmp(firth_last_failure()->detail, "the path has 108 bytes, and a socket's has at most 107") == 0);
    EXPECT(!places_has(places_long_path(FIRTH_UNIX_PATH_BYTES)));
    EXPECT_EQUAL(places_bind_code(scope, places_long_path(500), false), FIRTH_ERR_TOO_LONG);
    EXPECT_EQUAL(places_connect_code(scope, places_long_path(FIRTH_UNIX_PATH_BYTES)), FIRTH_ERR_TOO_LONG);
    return FIRTH_OK;
}

TASK_TEST(the_longest_path_is_told_whole)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    const size_t most = places_longest(scope);
    const char *path = places_long_path(most);
    firth_unix_address address;
    firth_server *server;
    firth_socket *client;

    EXPECT_EQUAL(places_serve(scope, path, &server), FIRTH_OK);
    EXPECT_EQUAL(firth_unix_connect(&builder, path, &client), FIRTH_OK);
    firth_scope_own_socket(scope, client);
    EXPECT_EQUAL(firth_unix_peer_address(client, &address), FIRTH_OK);
    EXPECT_EQUAL(address.size, most);
    EXPECT(strcmp(address.path, path) == 0);
    return FIRTH_OK;
}

TASK_TEST(no_path_is_an_argument_error)
{
    EXPECT_EQUAL(places_bind_code(scope, "", false), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(places_bind_code(scope, NULL, false), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(places_connect_code(scope, ""), FIRTH_ERR_ARGUMENT);
    EXPECT(strcmp(firth_last_failure()->step, "path") == 0);
    return FIRTH_OK;
}

TASK_TEST(a_folder_that_is_not_there_is_not_available)
{
    EXPECT_EQUAL(places_bind_code(scope, places_path("no/server"), false), FIRTH_ERR_ADDRESS_NOT_AVAILABLE);
    EXPECT_EQUAL(firth_last_failure()->os_code, ENOENT);
    EXPECT_EQUAL(places_bind_code(scope, places_path("no/server"), true), FIRTH_ERR_ADDRESS_NOT_AVAILABLE);
    return FIRTH_OK;
}

/* ---- stale files --------------------------------------------------------------------------------------------------- */

TASK_TEST(a_stale_socket_file_is_replaced_only_when_asked)
{
    const char *path = places_path("server");

    EXPECT_EQUAL(places_bind_code(scope, path, false), FIRTH_OK);
    EXPECT(places_has(path)); /* stale now */
    EXPECT_EQUAL(places_connect_code(scope, path), FIRTH_ERR_REFUSED);
    EXPECT_EQUAL(places_bind_code(scope, path, false), FIRTH_ERR_ADDRESS_IN_USE);
    EXPECT_EQUAL(places_bind_code(scope, path, true), FIRTH_OK);
    EXPECT_EQUAL(places_bind_code(scope, places_path("new"), true), FIRTH_OK); /* nothing to replace */
    return FIRTH_OK;
}

TASK_TEST(where_somebody_listens_nobody_is_replaced_or_disturbed)
{
    const char *path = places_path("server");
    firth_server *server;
    firth_socket *accepted;

    EXPECT_EQUAL(places_serve(scope, path, &server), FIRTH_OK);
    EXPECT_EQUAL(places_bind_code(scope, path, true), FIRTH_ERR_ADDRESS_IN_USE);
    EXPECT(strstr(firth_last_failure()->detail, "somebody listens there") != NULL);
    EXPECT_EQUAL(places_connect_code(scope, path), FIRTH_OK);
    EXPECT_EQUAL(firth_accept(server, &accepted), FIRTH_OK);
    firth_socket_abort(accepted);
    /* That was the only client: asking whether the server lives made none. */
    {
        const firth_scope_options soon = {.timeout_ms = 20};
        firth_scope until;
        int rc;

        firth_scope_open(&until, scope, &soon);
        rc = firth_accept(server, &accepted);
        EXPECT_EQUAL(rc, FIRTH_ERR_CANCELED);
        EXPECT_EQUAL(firth_scope_close(&until, rc), FIRTH_ERR_TIMED_OUT);
    }
    return FIRTH_OK;
}

TASK_TEST(a_socket_that_is_bound_and_does_not_listen_yet_is_not_replaced)
{
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};

    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        const char *path = places_path(i == 0 ? "stream" : i == 1 ? "datagrams" : "packets");
        int raw = places_raw(types[i], path, -1);

        EXPECT(raw >= 0);
        EXPECT_EQUAL(places_bind_code(scope, path, true), FIRTH_ERR_ADDRESS_IN_USE);
        EXPECT(places_has(path));
        close(raw);
        EXPECT_EQUAL(places_bind_code(scope, path, true), FIRTH_OK); /* stale, whatever it was */
    }
    return FIRTH_OK;
}

TASK_TEST(what_is_no_socket_is_never_replaced)
{
    const char *file = places_path("file"), *folder = places_path("folder"), *link = places_path("link");
    int made = open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

    EXPECT(made >= 0);
    close(made);
    EXPECT_EQUAL(mkdir(folder, 0700), 0);
    EXPECT_EQUAL(places_bind_code(scope, places_path("stale"), false), FIRTH_OK);
    EXPECT_EQUAL(symlink("stale", link), 0);
    EXPECT_EQUAL(places_bind_code(scope, file, true), FIRTH_ERR_ADDRESS_IN_USE);
    EXPECT(strstr(firth_last_failure()->detail, "no socket") != NULL);
    EXPECT_EQUAL(places_bind_code(scope, folder, true), FIRTH_ERR_ADDRESS_IN_USE);
    EXPECT_EQUAL(places_bind_code(scope, link, true), FIRTH_ERR_ADDRESS_IN_USE);
    EXPECT(places_has(file) && places_has(folder) && places_has(link));
    EXPECT_EQUAL(places_connect_code(scope, file), FIRTH_ERR_REFUSED);
    return FIRTH_OK;
}

TASK_TEST(nothing_and_no_listener_refuse)
{
    const char *path = places_path("datagrams");
    int raw = places_raw(SOCK_DGRAM, path, -1);

    EXPECT(raw >= 0);
    EXPECT_EQUAL(places_connect_code(scope, places_path("nothing")), FIRTH_ERR_REFUSED);
    EXPECT_EQUAL(firth_last_failure()->os_code, ENOENT);
    EXPECT_EQUAL(places_connect_code(scope, path), FIRTH_ERR_REFUSED); /* of another type */
    close(raw);
    EXPECT_EQUAL(places_connect_code(scope, path), FIRTH_ERR_REFUSED);
    EXPECT_EQUAL(firth_last_failure()->os_code, ECONNREFUSED);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        PLACES_TEST(a_server_is_found_at_its_path),
        PLACES_TEST(a_path_one_byte_too_long_is_an_error_that_says_so),
        PLACES_TEST(the_longest_path_is_told_whole),
        PLACES_TEST(no_path_is_an_argument_error),
        PLACES_TEST(a_folder_that_is_not_there_is_not_available),
        PLACES_TEST(a_stale_socket_file_is_replaced_only_when_asked),
        PLACES_TEST(where_somebody_listens_nobody_is_replaced_or_disturbed),
        PLACES_TEST(a_socket_that_is_bound_and_does_not_listen_yet_is_not_replaced),
        PLACES_TEST(what_is_no_socket_is_never_replaced),
        PLACES_TEST(nothing_and_no_listener_refuse),
    };

    return support_main(argc, argv, "unix bind", tests, sizeof tests / sizeof *tests);
}
