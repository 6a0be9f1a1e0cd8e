/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of socket files, and whom they let in. */
#include "tests/support/skip.h"
#include "tests/unix/places.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the file's end ------------------------------------------------------------------------------------------------ */

TASK_TEST(the_file_goes_with_the_server_when_asked)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    const char *path = places_path("server");
    firth_server *server;

    for (int round = 0; round < 10; round++) {
        builder.unlink_on_close = true;
        EXPECT_EQUAL(firth_unix_bind(&builder, path, &server), FIRTH_OK);
        EXPECT(places_has(path));
        firth_server_close(server);
        EXPECT(!places_has(path));
    }
    builder.unlink_on_close = false;
    EXPECT_EQUAL(firth_unix_bind(&builder, path, &server), FIRTH_OK);
    firth_server_close(server);
    EXPECT(places_has(path));
    return FIRTH_OK;
}

TASK_TEST(a_file_that_is_another_s_by_now_stays)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    const char *path = places_path("server");
    firth_server *first, *second;

    builder.unlink_on_close = true;
    EXPECT_EQUAL(firth_unix_bind(&builder, path, &first), FIRTH_OK);
    EXPECT_EQUAL(unlink(path), 0);
    EXPECT_EQUAL(firth_unix_bind(&builder, path, &second), FIRTH_OK);
    firth_server_close(first);
    EXPECT(places_has(path));
    EXPECT_EQUAL(places_connect_code(scope, path), FIRTH_OK);
    firth_server_close(second);
    EXPECT(!places_has(path));
    return FIRTH_OK;
}

/* In a working directory of its own, which it leaves. */
static int close_elsewhere(firth_scope *scope, void *argument)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    firth_unix_datagram_socket *datagrams;
    firth_server *server, *failed, *other;

    (void)argument;
    builder.unlink_on_close = true;
    EXPECT_EQUAL(chdir(places_folder), 0);
    EXPECT_EQUAL(mkdir("elsewhere", 0700), 0);
    EXPECT_EQUAL(firth_unix_bind(&builder, "server", &server), FIRTH_OK);
    EXPECT_EQUAL(firth_unix_bind(&builder, "server", &failed), FIRTH_ERR_ADDRESS_IN_USE);
    EXPECT_EQUAL(firth_unix_datagram_bind(&builder, "datagrams", &datagrams), FIRTH_OK);
    EXPECT_EQUAL(chdir("elsewhere"), 0);
    EXPECT_EQUAL(firth_unix_bind(&builder, "server", &other), FIRTH_OK);
    firth_server_close(server);
    firth_unix_datagram_close(datagrams);
    EXPECT(!places_has(places_path("server")) && !places_has(places_path("datagrams")));
    EXPECT(places_has(places_path("elsewhere/server")));
    firth_server_close(other);
    EXPECT(!places_has(places_path("elsewhere/server")));
    return FIRTH_OK;
}

static void change_directory(void *argument)
{
    firth_selector_options options = support_options();

    if (firth_run_with(&options, close_elsewhere, argument) < 0)
        _exit(1);
}

static void a_relative_path_goes_whatever_the_working_directory_is_by_then(void **state)
{
    char text[4096];
    int status = support_in_child(change_directory, NULL, text, sizeof text);

    (void)state;
    if (status != 0)
        print_error("%s", text);
    assert_int_equal(status, 0);
}

typedef struct acceptor {
    firth_server *server;
    int result;
} acceptor;

static int accept_one(firth_scope *scope, void *argument)
{
    acceptor *self = argument;
    firth_socket *socket;

    (void)scope;
    self->result = firth_accept(self->server, &socket);
    firth_socket_abort(socket);
    return FIRTH_OK;
}

TASK_TEST(closing_a_listener_wakes_accept_and_frees_the_path_ten_times)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    acceptor waiting = {.result = 1};
    firth_scope inner;

    builder.unlink_on_close = true;
    for (int round = 0; round < 10; round++) {
        firth_scope_open(&inner, scope, NULL);
        EXPECT_EQUAL(firth_unix_bind(&builder, places_path("server"), &waiting.server), FIRTH_OK);
        EXPECT_EQUAL(firth_spawn(&inner, accept_one, &waiting, NULL), FIRTH_OK);
        EXPECT_EQUAL(firth_yield(), FIRTH_OK);
        firth_server_close(waiting.server);
        EXPECT(!places_has(places_path("server"))); /* at once */
        EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_OK), FIRTH_OK);
        EXPECT_EQUAL(waiting.result, FIRTH_ERR_CLOSED);
    }
    return FIRTH_OK;
}

/* ---- modes --------------------------------------------------------------------------------------------------------- */

static int mode_of(const char *path)
{
    struct stat found;

    return lstat(path, &found) == 0 ? (int)(found.st_mode & 07777) : -1;
}

TASK_TEST(the_file_has_exactly_the_mode_asked_for)
{
    static const int modes[] = {0, 0600, 0660, 0666, 0777, 0200};
    static const mode_t masks[] = {0, 022, 077, 0777};
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));

    builder.unlink_on_close = true;
    for (size_t i = 0; i < sizeof masks / sizeof *masks; i++)
        for (size_t j = 0; j < sizeof modes / sizeof *modes; j++) {
            firth_server *server;
            mode_t before = umask(masks[i]);
            int rc;

            builder.mode = modes[j];
            rc = firth_unix_bind(&builder, places_path("server"), &server);
            umask(before);
            EXPECT_EQUAL(rc, FIRTH_OK);
            EXPECT_EQUAL(mode_of(places_path("server")), modes[j]);
            firth_server_close(server);
        }
    return FIRTH_OK;
}

TASK_TEST(without_a_mode_the_umask_decides)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    mode_t before = umask(027);
    firth_server *server;
    int rc = firth_unix_bind(&builder, places_path("server"), &server);

    umask(before);
    EXPECT_EQUAL(rc, FIRTH_OK);
    EXPECT_EQUAL(mode_of(places_path("server")), 0750);
    firth_server_close(server);
    return FIRTH_OK;
}

/* As somebody who may not do everything, if this is root. */
static int be_refused(firth_scope *scope, void *argument)
{
    (void)argument;
    EXPECT_EQUAL(places_connect_code(scope, places_path("closed")), FIRTH_ERR_PERMISSION);
    EXPECT_EQUAL(firth_last_failure()->os_code, EACCES);
    EXPECT_EQUAL(places_connect_code(scope, places_path("open")), FIRTH_OK);
    EXPECT_EQUAL(places_bind_code(scope, places_path("new"), false), FIRTH_ERR_PERMISSION);
    EXPECT_EQUAL(places_bind_code(scope, places_path("closed"), true), FIRTH_ERR_PERMISSION);
    EXPECT(strstr(firth_last_failure()->detail, "cannot be found out") != NULL);
    return FIRTH_OK;
}

static void without_rights(void *argument)
{
    firth_selector_options options;

    (void)argument;
    if (geteuid() == 0 && setuid(65534) != 0)
        _exit(77);
    options = support_options();
    if (firth_run_with(&options, be_refused, NULL) < 0)
        _exit(1);
}

static void modes_and_folders_keep_others_out(void **state)
{
    int closed = places_raw(SOCK_STREAM, places_path("closed"), 5);
    int opened = places_raw(SOCK_STREAM, places_path("open"), 5), status;
    char text[4096];

    (void)state;
    assert_true(closed >= 0 && opened >= 0);
    assert_int_equal(chmod(places_path("closed"), 0), 0);
    assert_int_equal(chmod(places_path("open"), 0777), 0);
    assert_int_equal(chmod(places_folder, 0555), 0);
    status = support_in_child(without_rights, NULL, text, sizeof text);
    assert_int_equal(chmod(places_folder, 0700), 0);
    close(closed);
    close(opened);
    if (status == 77 << 8)
        SKIP("root cannot become somebody else here");
    if (status != 0)
        print_error("%s", text);
    assert_int_equal(status, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        PLACES_TEST(the_file_goes_with_the_server_when_asked),
        PLACES_TEST(a_file_that_is_another_s_by_now_stays),
        PLACES_TEST(a_relative_path_goes_whatever_the_working_directory_is_by_then),
        PLACES_TEST(closing_a_listener_wakes_accept_and_frees_the_path_ten_times),
        PLACES_TEST(the_file_has_exactly_the_mode_asked_for),
        PLACES_TEST(without_a_mode_the_umask_decides),
        PLACES_TEST(modes_and_folders_keep_others_out),
    };

    return support_main(argc, argv, "unix files", tests, sizeof tests / sizeof *tests);
}
