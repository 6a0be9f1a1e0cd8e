/* SPDX-License-Identifier: Apache-2.0 */
/* The echo server at a path, and clients that are not Firth. */
#include "tests/examples/program.h"
#include "tests/support/cloexec.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char folder[64], path[100];

static int open_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/firth-echo-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/echo.sock", folder);
    return 0;
}

static int close_folder(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(folder);
}

static void start(program *server, const char *at)
{
    const char *const words[] = {"unix-echo", at, NULL};

    program_start_example(server, words);
    program_await(server, "Server is listening at ");
}

static int connect_to(const char *name, bool abstract)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name) + 1);

    snprintf(address.sun_path + (abstract ? 1 : 0), sizeof address.sun_path - 1, "%s", name);
    assert_true(descriptor >= 0);
    assert_int_equal(connect(descriptor, (const struct sockaddr *)&address, size), 0);
    return descriptor;
}

static void say_and_hear(int client)
{
    char bytes[6] = "";

    assert_int_equal(send(client, "hello", 5, MSG_NOSIGNAL), 5);
    assert_int_equal(recv(client, bytes, 5, MSG_WAITALL), 5);
    assert_string_equal(bytes, "hello");
    assert_int_equal(shutdown(client, SHUT_WR), 0);
    assert_int_equal(recv(client, bytes, 1, 0), 0);
    close(client);
}

static void it_echoes_and_tells_who_came_and_its_file_goes_with_it(void **state)
{
    program server;
    struct stat found;
    char who[64];

    (void)state;
    start(&server, path);
    assert_int_equal(lstat(path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
    say_and_hear(connect_to(path, false));
    snprintf(who, sizeof who, "Process %ld of user %u came\n", (long)getpid(), (unsigned)geteuid());
    program_await(&server, who);
    assert_int_equal(program_stop(&server, SIGINT), 0);
    assert_int_equal(lstat(path, &found), -1);
}

static void it_replaces_what_a_killed_one_left_behind_but_no_living_one(void **state)
{
    const char *const words[] = {"unix-echo", path, NULL};
    program first, second, third;
    struct stat found;

    (void)state;
    start(&first, path);
    program_start_example(&second, words);
    assert_int_equal(program_wait(&second), EXIT_FAILURE);
    assert_non_null(strstr(second.text, "somebody listens there"));
    assert_int_equal(program_stop(&first, SIGKILL), 128 + SIGKILL);
    assert_int_equal(lstat(path, &found), 0);
    start(&third, path);
    say_and_hear(connect_to(path, false));
    assert_int_equal(program_stop(&third, SIGINT), 0);
}

static void a_name_outside_the_file_system_works_too(void **state)
{
    program server;
    char name[sizeof path + 1];

    (void)state;
    snprintf(name, sizeof name, "@%s", path);
    start(&server, name);
    say_and_hear(connect_to(path, true));
    assert_int_equal(program_stop(&server, SIGINT), 0);
}

static void a_path_that_cannot_be_is_refused_with_the_reason(void **state)
{
    char longer[200];
    const char *const words[] = {"unix-echo", longer, NULL}, *const many[] = {"unix-echo", "a", "b", NULL};
    program server;

    (void)state;
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    program_start_example(&server, words);
    assert_int_equal(program_wait(&server), EXIT_FAILURE);
    assert_non_null(strstr(server.text, "the path has 199 bytes, and a socket's has at most 107"));
    program_start_example(&server, many);
    assert_int_equal(program_wait(&server), EXIT_FAILURE);
    assert_non_null(strstr(server.text, "usage:"));
}

int main(int argc, char **argv)
{
#define FOLDER_TEST(name) cmocka_unit_test_setup_teardown(name, open_folder, close_folder)
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(it_echoes_and_tells_who_came_and_its_file_goes_with_it),
        FOLDER_TEST(it_replaces_what_a_killed_one_left_behind_but_no_living_one),
        FOLDER_TEST(a_name_outside_the_file_system_works_too),
        FOLDER_TEST(a_path_that_cannot_be_is_refused_with_the_reason),
    };

    return support_main(argc, argv, "unix echo", tests, sizeof tests / sizeof *tests);
}
