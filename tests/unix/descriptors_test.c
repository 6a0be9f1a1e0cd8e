/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors that go from one program to another beside the bytes. */
#include "tests/unix/places.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = FIRTH_UNIX_DESCRIPTORS_MAX };

/* A sends, b takes at most descriptors_max. */
static int pair_of(firth_scope *scope, int descriptors_max, firth_socket **a, firth_socket **b)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    int rc;

    builder.descriptors_max = descriptors_max;
    rc = places_pair(scope, &builder, a, b);
    if (rc < 0)
        return rc;
    firth_scope_own_socket(scope, *a);
    firth_scope_own_socket(scope, *b);
    return FIRTH_OK;
}

/* Ten seconds, so that what never comes is a failure and no hang. */
static int read_text(firth_scope *scope, firth_socket *socket, const char *text)
{
    const firth_scope_options limit = {.timeout_ms = 10000};
    size_t size = strlen(text);
    char bytes[64];
    firth_scope within;
    int64_t n;

    firth_scope_open(&within, scope, &limit);
    n = firth_read_fully(firth_socket_input(socket), bytes, size);
    EXPECT_EQUAL(firth_scope_close(&within, n < 0 ? (int)n : FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(n, (int64_t)size);
    EXPECT_BYTES(bytes, text, size);
    return FIRTH_OK;
}

/* The write end of a pipe, sent with one byte; its read end is the caller's. */
static int send_pipe(firth_socket *socket, const char *text, int *read_end)
{
    int ends[2], rc;
    intptr_t descriptor;

    EXPECT_EQUAL(support_pipe(ends), 0);
    descriptor = ends[1];
    rc = firth_unix_send_descriptors(socket, text, strlen(text), &descriptor, 1);
    close(ends[1]);
    *read_end = ends[0];
    return rc;
}

/* What is written to the descriptor comes out of the pipe. */
static int check_pipe(intptr_t descriptor, int read_end)
{
    char byte = 0;

    EXPECT((fcntl((int)descriptor, F_GETFD) & FD_CLOEXEC) != 0);
    EXPECT_EQUAL(write((int)descriptor, "!", 1), 1);
    EXPECT_EQUAL(close((int)descriptor), 0);
    EXPECT_EQUAL(read(read_end, &byte, 1), 1);
    EXPECT_EQUAL(byte, '!');
    EXPECT_EQUAL(read(read_end, &byte, 1), 0); /* that was the last one: nobody else has it */
    close(read_end);
    return FIRTH_OK;
}

TASK_TEST(a_descriptor_comes_with_the_bytes_it_was_sent_with)
{
    firth_socket *a, *b;
    intptr_t descriptor = -1;
    int read_end = -1;

    EXPECT_EQUAL(pair_of(scope, 4, &a, &b), FIRTH_OK);
    EXPECT_EQUAL(firth_unix_take_descriptors(b, &descriptor, 1), 0);
    EXPECT_EQUAL(send_pipe(a, "here it is", &read_end), FIRTH_OK);
    EXPECT_EQUAL(read_text(scope, b, "here it is"), FIRTH_OK);
    EXPECT_EQUAL(firth_unix_take_descriptors(b, &descriptor, 1), 1);
    EXPECT_EQUAL(check_pipe(descriptor, read_end), FIRTH_OK);
    EXPECT_EQUAL(firth_unix_take_descriptors(b, &descriptor, 1), 0);
    return FIRTH_OK;
}

TASK_TEST(what_was_written_before_comes_before_and_what_comes_behind_behind)
{
    firth_socket *a, *b;
    intptr_t descriptor;
    int read_end = -1;

    EXPECT_EQUAL(pair_of(scope, 1, &a, &b), FIRTH_OK);
    for (int round = 0; round < 20; round++) {
        EXPECT_EQUAL(firth_write_string(firth_socket_output(a), "before "), FIRTH_OK); /* buffered */
        EXPECT_EQUAL(send_pipe(a, "with ", &read_end), FIRTH_OK);
        EXPECT_EQUAL(firth_write_string(firth_socket_output(a), "behind"), FIRTH_OK);
        EXPECT_EQUAL(firth_flush(firth_socket_output(a)), FIRTH_OK);
        EXPECT_EQUAL(read_text(scope, b, "before with "), FIRTH_OK);
        EXPECT_EQUAL(firth_unix_take_descriptors(b, &descriptor, 1), 1);
        EXPECT_EQUAL(check_pipe(descriptor, read_end), FIRTH_OK);
        EXPECT_EQUAL(read_text(scope, b, "behind"), FIRTH_OK);
    }
    return FIRTH_OK;
}

TASK_TEST(descriptors_come_in_their_order_and_are_taken_in_parts)
{
    firth_socket *a, *b;
    intptr_t taken[5];
    int read_ends[5];

    EXPECT_EQUAL(pair_of(scope, 5, &a, &b), FIRTH_OK);
    for (int i = 0; i < 5; i++)
        EXPECT_EQUAL(send_pipe(a, "x", &read_ends[i]), FIRTH_OK);
    EXPECT_EQUAL(read_text(scope, b, "xxxxx"), FIRTH_OK);
    EXPECT_EQUAL(firth_unix_take_descriptors(b, taken, 0), 0);
    EXPECT_EQUAL(firth_unix_take_descriptors(b, taken, 2), 2);
    EXPECT_EQUAL(firth_unix_take_descriptors(b, taken + 2, 9), 3);
    for (int i = 0; i < 5; i++)
        EXPECT_EQUAL(check_pipe(taken[i], read_ends[i]), FIRTH_OK);
    return FIRTH_OK;
}

TASK_TEST(as_many_as_can_be_go_at_once)
{
    static intptr_t sent[MOST], taken[MOST];
    firth_socket *a, *b;
    size_t before;

    EXPECT_EQUAL(pair_of(scope, MOST, &a, &b), FIRTH_OK);
    for (int i = 0; i < MOST; i++)
        sent[i] = STDERR_FILENO;
    before = support_descriptors_open();
    EXPECT_EQUAL(firth_unix_send_descriptors(a, "all", 3, sent, MOST), FIRTH_OK);
    EXPECT_EQUAL(read_text(scope, b, "all"), FIRTH_OK);
    EXPECT_EQUAL(firth_unix_take_descriptors(b, taken, MOST), MOST);
    EXPECT_EQUAL(support_descriptors_open(), before + MOST);
    for (int i = 0; i < MOST; i++)
        close((int)taken[i]);
    EXPECT_EQUAL(firth_unix_send_descriptors(a, "x", 1, sent, MOST + 1), FIRTH_ERR_ARGUMENT);
    return FIRTH_OK;
}

/* ---- no room --------------------------------------------------------------------------------------------------------- */

TASK_TEST(more_than_there_is_room_for_are_closed_and_that_is_told_once)
{
    intptr_t sent[7], taken[8];
    firth_socket *a, *b;
    size_t before;

    EXPECT_EQUAL(pair_of(scope, 4, &a, &b), FIRTH_OK);
    for (int i = 0; i < 7; i++)
        sent[i] = STDERR_FILENO;
    for (size_t count = 5; count <= 7; count++) {
        before = support_descriptors_open();
        EXPECT_EQUAL(firth_unix_send_descriptors(a, "x", 1, sent, count), FIRTH_OK);
        EXPECT_EQUAL(read_text(scope, b, "x"), FIRTH_OK);
        EXPECT_EQUAL(firth_unix_take_descriptors(b, taken, 8), 4);
        EXPECT_EQUAL(support_descriptors_open(), before + 4);
        for (int i = 0; i < 4; i++)
            close((int)taken[i]);
        EXPECT_EQUAL(firth_unix_take_descriptors(b, taken, 8), FIRTH_ERR_TOO_MANY_OPEN);
        EXPECT_EQUAL(firth_unix_take_descriptors(b, taken, 8), 0);
    }
    /* With all room taken. */
    EXPECT_EQUAL(firth_unix_send_descriptors(a, "x", 1, sent, 4), FIRTH_OK);
    EXPECT_EQUAL(firth_unix_send_descriptors(a, "y", 1, sent, 1), FIRTH_OK);
    EXPECT_EQUAL(read_text(scope, b, "xy"), FIRTH_OK);
    EXPECT_EQUAL(firth_unix_take_descriptors(b, taken, 8), 4);
    for (int i = 0; i < 4; i++)
        close((int)taken[i]);
    EXPECT_EQUAL(firth_unix_take_descriptors(b, taken, 8), FIRTH_ERR_TOO_MANY_OPEN);
    return FIRTH_OK;
}

TASK_TEST(what_nobody_takes_is_closed_with_the_socket)
{
    intptr_t sent[3] = {STDERR_FILENO, STDERR_FILENO, STDERR_FILENO};
    size_t before = support_descriptors_open();
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    firth_socket *a, *b;

    builder.descriptors_max = 3;
    for (int round = 0; round < 2; round++) {
        EXPECT_EQUAL(places_pair(scope, &builder, &a, &b), FIRTH_OK);
        EXPECT_EQUAL(firth_unix_send_descriptors(a, "x", 1, sent, 3), FIRTH_OK);
        EXPECT_EQUAL(read_text(scope, b, "x"), FIRTH_OK);
        if (round == 0)
            EXPECT_EQUAL(firth_socket_close(b), FIRTH_OK);
        else
            firth_socket_abort(b);
        firth_socket_abort(a);
        EXPECT_EQUAL(support_descriptors_open(), before);
    }
    return FIRTH_OK;
}

TASK_TEST(what_nobody_has_taken_yet_keeps_the_socket_from_being_released)
{
    int read_ends[2] = {-1, -1};
    intptr_t taken, released;
    firth_socket *a, *b;

    EXPECT_EQUAL(pair_of(scope, 4, &a, &b), FIRTH_OK);
    for (int i = 0; i < 2; i++)
        EXPECT_EQUAL(send_pipe(a, "x", &read_ends[i]), FIRTH_OK);
    EXPECT_EQUAL(read_text(scope, b, "xx"), FIRTH_OK);
    for (int i = 0; i < 2; i++) {
        EXPECT_EQUAL(firth_socket_release(b, &released), FIRTH_ERR_BUSY);
        EXPECT_EQUAL(firth_unix_take_descriptors(b, &taken, 1), 1);
        EXPECT_EQUAL(check_pipe(taken, read_ends[i]), FIRTH_OK);
    }
    EXPECT_EQUAL(firth_socket_release(b, &released), FIRTH_OK);
    close((int)released);
    return FIRTH_OK;
}

/* Linux ends a receive behind such bytes, so that it is short though more is there; with edges nothing would tell of the
 * rest ever again. */
TASK_TEST(bytes_behind_descriptors_that_nobody_takes_are_read)
{
    intptr_t descriptor = STDERR_FILENO;
    size_t before;
    firth_socket *a, *b;

    EXPECT_EQUAL(pair_of(scope, 0, &a, &b), FIRTH_OK);
    before = support_descriptors_open();
    for (int round = 0; round < 20; round++) {
        EXPECT_EQUAL(firth_unix_send_descriptors(a, "one ", 4, &descriptor, 1), FIRTH_OK);
        EXPECT_EQUAL(firth_write_string(firth_socket_output(a), "two "), FIRTH_OK);
        EXPECT_EQUAL(firth_flush(firth_socket_output(a)), FIRTH_OK);
        EXPECT_EQUAL(firth_unix_send_descriptors(a, "three", 5, &descriptor, 1), FIRTH_OK);
        EXPECT_EQUAL(read_text(scope, b, "one two three"), FIRTH_OK);
    }
    EXPECT_EQUAL(support_descriptors_open(), before);
    EXPECT_EQUAL(firth_unix_take_descriptors(b, &descriptor, 1), FIRTH_ERR_NOT_SUPPORTED);
    EXPECT(strcmp(firth_last_failure()->step, "option descriptors_max") == 0);
    return FIRTH_OK;
}

/* ---- sending --------------------------------------------------------------------------------------------------------- */

TASK_TEST(what_is_no_descriptor_is_an_argument_error_and_the_stream_lives)
{
    static const intptr_t wrong[] = {-1, 1000000, INTPTR_MAX};
    intptr_t good = STDERR_FILENO;
    firth_socket *a, *b;

    EXPECT_EQUAL(pair_of(scope, 2, &a, &b), FIRTH_OK);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        EXPECT_EQUAL(firth_unix_send_descriptors(a, "x", 1, &wrong[i], 1), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_unix_send_descriptors(a, "x", 1, &good, 0), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_unix_send_descriptors(a, "x", 1, NULL, 1), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_unix_send_descriptors(a, "x", 0, &good, 1), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_unix_send_descriptors(a, NULL, 1, &good, 1), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_unix_send_descriptors(a, "good", 4, &good, 1), FIRTH_OK);
    EXPECT_EQUAL(read_text(scope, b, "good"), FIRTH_OK);
    EXPECT_EQUAL(firth_unix_take_descriptors(b, &good, 1), 1);
    close((int)good);
    return FIRTH_OK;
}

enum { LARGE = 3 << 20 };

static int send_much(firth_scope *scope, void *argument)
{
    intptr_t descriptor = STDERR_FILENO;
    unsigned char *bytes = malloc(LARGE);
    int rc;

    (void)scope;
    EXPECT(bytes != NULL);
    support_fill(bytes, LARGE, 0);
    rc = firth_unix_send_descriptors(argument, bytes, LARGE, &descriptor, 1);
    free(bytes);
    return rc;
}

TASK_TEST(more_bytes_than_the_kernel_takes_at_once_go_with_one_descriptor)
{
    unsigned char bytes[9000];
    intptr_t descriptor;
    firth_socket *a, *b;
    firth_scope inner;
    size_t at = 0;

    EXPECT_EQUAL(pair_of(scope, 2, &a, &b), FIRTH_OK);
    firth_scope_open(&inner, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&inner, send_much, a, NULL), FIRTH_OK);
    while (at < LARGE) {
        int64_t n = firth_read(firth_socket_input(b), bytes, sizeof bytes);

        EXPECT(n > 0);
        EXPECT(support_is_filled(bytes, (size_t)n, at));
        at += (size_t)n;
    }
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(firth_unix_take_descriptors(b, &descriptor, 1), 1);
    close((int)descriptor);
    EXPECT_EQUAL(firth_unix_take_descriptors(b, &descriptor, 1), 0);
    return FIRTH_OK;
}

/* A peer that takes nothing: the sender waits, and a deadline, an idle timeout or the close of its socket ends that. */
TASK_TEST(a_sender_that_waits_can_be_stopped)
{
    const firth_scope_options soon = {.timeout_ms = 20};
    intptr_t descriptor = STDERR_FILENO;
    firth_socket *a, *b;
    firth_scope until;
    int rc;

    EXPECT_EQUAL(pair_of(scope, 1, &a, &b), FIRTH_OK);
    firth_scope_open(&until, scope, &soon);
    while ((rc = firth_unix_send_descriptors(a, "x", 1, &descriptor, 1)) == FIRTH_OK)
        continue;
    EXPECT_EQUAL(rc, FIRTH_ERR_CANCELED);
    EXPECT_EQUAL(firth_scope_close(&until, rc), FIRTH_ERR_TIMED_OUT);
    firth_socket_set_idle(a, 0, 20);
    while ((rc = firth_unix_send_descriptors(a, "x", 1, &descriptor, 1)) == FIRTH_OK)
        continue; /* on a slow machine the deadline came before it was full */
    EXPECT_EQUAL(rc, FIRTH_ERR_TIMED_OUT);
    return FIRTH_OK;
}

TASK_TEST(a_peer_that_is_gone_ends_the_stream)
{
    intptr_t descriptor = STDERR_FILENO;
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    firth_socket *a, *b;

    EXPECT_EQUAL(places_pair(scope, &builder, &a, &b), FIRTH_OK);
    firth_scope_own_socket(scope, a);
    firth_socket_abort(b);
    EXPECT_EQUAL(firth_unix_send_descriptors(a, "x", 1, &descriptor, 1), FIRTH_ERR_RESET);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(a), "x"), FIRTH_ERR_RESET);
    return FIRTH_OK;
}

/* A BSD refuses what is longer than an int tells (tests/kqueue), whatever there is room for. Nobody reads here. */
TASK_TEST(more_bytes_than_any_call_takes_go_with_one_descriptor)
{
    const firth_scope_options limit = {.timeout_ms = 100};
    const size_t much = (size_t)3 << 30;
    void *zeros = mmap(NULL, much, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    intptr_t descriptor = STDIN_FILENO;
    firth_socket *a, *b;
    firth_scope within;
    int rc;

    EXPECT(zeros != MAP_FAILED);
    EXPECT_EQUAL(pair_of(scope, 1, &a, &b), FIRTH_OK);
    firth_scope_open(&within, scope, &limit);
    rc = firth_unix_send_descriptors(a, zeros, much, &descriptor, 1);
    EXPECT_EQUAL(firth_scope_close(&within, rc), FIRTH_ERR_TIMED_OUT);
    firth_socket_abort(a);
    EXPECT_EQUAL(munmap(zeros, much), 0);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        PLACES_TEST(a_descriptor_comes_with_the_bytes_it_was_sent_with),
        PLACES_TEST(what_was_written_before_comes_before_and_what_comes_behind_behind),
        PLACES_TEST(descriptors_come_in_their_order_and_are_taken_in_parts),
        PLACES_TEST(as_many_as_can_be_go_at_once),
        PLACES_TEST(more_than_there_is_room_for_are_closed_and_that_is_told_once),
        PLACES_TEST(what_nobody_takes_is_closed_with_the_socket),
        PLACES_TEST(what_nobody_has_taken_yet_keeps_the_socket_from_being_released),
        PLACES_TEST(bytes_behind_descriptors_that_nobody_takes_are_read),
        PLACES_TEST(what_is_no_descriptor_is_an_argument_error_and_the_stream_lives),
        PLACES_TEST(more_bytes_than_the_kernel_takes_at_once_go_with_one_descriptor),
        PLACES_TEST(more_bytes_than_any_call_takes_go_with_one_descriptor),
        PLACES_TEST(a_sender_that_waits_can_be_stopped),
        PLACES_TEST(a_peer_that_is_gone_ends_the_stream),
    };

    return support_main(argc, argv, "unix descriptors", tests, sizeof tests / sizeof *tests);
}
