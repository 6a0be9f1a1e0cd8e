/* SPDX-License-Identifier: Apache-2.0 */
/* Whoever may rename in a folder puts something else in the place of a new socket file, at once. */
#include "tests/unix/places.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What takes the place of the next file that is bound; NULL: nothing does. */
static const char *link_to;
static int swaps;

/* The program's definition of a name comes before the C library's. */
int swapping_bind(int native, const struct sockaddr *address, socklen_t size) __asm__("bind");

int swapping_bind(int native, const struct sockaddr *address, socklen_t size)
{
    int rc = (int)syscall(SYS_bind, native, address, size);

    if (rc == 0 && address->sa_family == AF_UNIX && link_to != NULL)
        swaps += unlink(address->sa_data) == 0 && symlink(link_to, address->sa_data) == 0;
    return rc;
}

static int mode_of(const char *path)
{
    struct stat found;

    return lstat(path, &found) == 0 ? (int)(found.st_mode & 07777) : -1;
}

static int bind_and_swap(firth_scope *scope, const char *other, int mode)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    mode_t before = umask(077); /* which takes bits of the mode, so that it has to be set */
    firth_server *server;
    int rc;

    builder.mode = mode;
    link_to = other;
    swaps = 0;
    rc = firth_unix_bind(&builder, places_path("server"), &server);
    link_to = NULL;
    umask(before);
    firth_server_close(server);
    EXPECT_EQUAL(swaps, other != NULL);
    return rc;
}

TASK_TEST(a_link_that_takes_the_file_s_place_is_not_followed)
{
    const char *victim = places_path("victim"), *path = places_path("server");
    int made = open(victim, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

    EXPECT(made >= 0);
    close(made);
    EXPECT_EQUAL(bind_and_swap(scope, victim, 0666), FIRTH_ERR_ADDRESS_IN_USE);
    EXPECT(strstr(firth_last_failure()->detail, "took the socket's place") != NULL);
    EXPECT_EQUAL(mode_of(victim), 0600);
    EXPECT(places_has(path)); /* not this program's to remove */
    EXPECT_EQUAL(unlink(path), 0);
    EXPECT_EQUAL(bind_and_swap(scope, victim, -1), FIRTH_ERR_ADDRESS_IN_USE);
    EXPECT_EQUAL(unlink(path), 0);
    EXPECT_EQUAL(bind_and_swap(scope, NULL, 0666), FIRTH_OK);
    EXPECT_EQUAL(mode_of(path), 0666);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        PLACES_TEST(a_link_that_takes_the_file_s_place_is_not_followed),
    };

    return support_main(argc, argv, "unix swap", tests, sizeof tests / sizeof *tests);
}
