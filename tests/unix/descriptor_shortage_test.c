/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors that come to a process which may not have any more. A program of its own: Valgrind keeps descriptors and
 * limits to itself, and so changes how many are left. */
#include "tests/unix/places.h"

#include <sys/resource.h>
#include <unistd.h>

enum { SENT = 8, LEFT = 3 };

/* A sends, b takes. */
static int open_pair(firth_scope *scope, firth_socket **a, firth_socket **b)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));

    builder.descriptors_max = SENT;
    EXPECT_EQUAL(places_pair(scope, &builder, a, b), FIRTH_OK);
    firth_scope_own_socket(scope, *a);
    firth_scope_own_socket(scope, *b);
    return FIRTH_OK;
}

/* The process may open so many more. */
static int leave(int count)
{
    struct rlimit limit;
    int lowest = dup(STDERR_FILENO);

    EXPECT(lowest >= 0);
    EXPECT_EQUAL(close(lowest), 0);
    EXPECT_EQUAL(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = (rlim_t)lowest + (rlim_t)count;
    EXPECT_EQUAL(setrlimit(RLIMIT_NOFILE, &limit), 0);
    return FIRTH_OK;
}

static int run_out_of_descriptors(firth_scope *scope, void *argument)
{
    const firth_scope_options limit = {.timeout_ms = 10000};
    intptr_t sent[SENT], taken[SENT];
    firth_socket *a, *b;
    firth_scope within;
    char byte = 0;
    int count;

    (void)argument;
    EXPECT_EQUAL(open_pair(scope, &a, &b), FIRTH_OK);
    for (int i = 0; i < SENT; i++)
        sent[i] = STDERR_FILENO;
    EXPECT_EQUAL(leave(LEFT), FIRTH_OK);
    EXPECT_EQUAL(firth_unix_send_descriptors(a, "x", 1, sent, SENT), FIRTH_OK);
    firth_scope_open(&within, scope, &limit);
    EXPECT_EQUAL(firth_read_fully(firth_socket_input(b), &byte, 1), 1);
    EXPECT_EQUAL(firth_scope_close(&within, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(byte, 'x');
    count = firth_unix_take_descriptors(b, taken, SENT);
    EXPECT(count >= 1 && count < SENT);
    for (int i = 0; i < count; i++)
        close((int)taken[i]);
    EXPECT_EQUAL(firth_unix_take_descriptors(b, taken, SENT), FIRTH_ERR_TOO_MANY_OPEN);
    return FIRTH_OK;
}

static void with_few_descriptors(void *argument)
{
    firth_selector_options options = support_options();

    (void)argument;
    if (firth_run_with(&options, run_out_of_descriptors, NULL) < 0)
        (void)support_failed(__FILE__, __LINE__, "firth_run_with");
}

static void a_process_without_descriptors_is_told_that_some_were_lost(void **state)
{
    char text[4096];
    int status = support_in_child(with_few_descriptors, NULL, text, sizeof text);

    (void)state;
    if (status != 0)
        print_error("%s", text);
    assert_int_equal(status, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        PLACES_TEST(a_process_without_descriptors_is_told_that_some_were_lost),
    };

    return support_main(argc, argv, "unix descriptor shortage", tests, sizeof tests / sizeof *tests);
}
