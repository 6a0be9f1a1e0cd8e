/* SPDX-License-Identifier: Apache-2.0 */
/* Lines over a real connection, sent by somebody who does not care for them. */
#include "tests/tcp/peers.h"
#include "tests/tcp/raw.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct dripping {
    int raw;
    const char *bytes;
    size_t size;
} dripping;

/* Sends each byte as a segment of its own, and lets the reader have it before the next; then the end. */
static int drip(firth_scope *scope, void *argument)
{
    const dripping *this = argument;
    int on = 1;

    (void)scope;
    setsockopt(this->raw, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    for (size_t i = 0; i < this->size; i++) {
        EXPECT_EQUAL(raw_send(this->raw, this->bytes + i, 1), 0);
        EXPECT_EQUAL(firth_yield(), FIRTH_OK);
        EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    }
    close(this->raw);
    return FIRTH_OK;
}

static int open_dripping(firth_scope *scope, dripping *this, firth_socket **socket)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));

    EXPECT_EQUAL(peers_raw_client(&tcp, socket, &this->raw), FIRTH_OK);
    firth_scope_own_socket(scope, *socket);
    return firth_spawn(scope, drip, this, NULL);
}

#define DRIPPING(text)                                                                                                 \
    {                                                                                                                  \
        .bytes = text, .size = sizeof(text) - 1                                                                        \
    }

TASK_TEST(lines_in_segments_of_one_byte_are_whole)
{
    static dripping this = DRIPPING("one\ntwo\r\n\r\n\nfi\rve\nlast");
    static const char *const lines[] = {"one", "two", "", "", "fi\rve", "last"};
    firth_socket *socket;
    char line[16];

    EXPECT_EQUAL(open_dripping(scope, &this, &socket), FIRTH_OK);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        EXPECT_EQUAL(firth_read_line(firth_socket_input(socket), line, sizeof line), (int64_t)strlen(lines[i]));
        EXPECT_BYTES(line, lines[i], strlen(lines[i]) + 1);
    }
    EXPECT_EQUAL(firth_read_line(firth_socket_input(socket), line, sizeof line), FIRTH_EOF);
    return FIRTH_OK;
}

TASK_TEST(nul_and_invalid_utf8_arrive_as_they_were_sent)
{
    /* NUL; a lone continuation; an overlong slash; a surrogate; beyond U+10FFFF; a sequence cut short */
    static const char bytes[] = "a\0b\x80\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80\xe2\x82\n\0\n";
    static dripping this = {.bytes = bytes, .size = sizeof bytes - 1};
    firth_socket *socket;
    char line[32];

    EXPECT_EQUAL(open_dripping(scope, &this, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_read_line(firth_socket_input(socket), line, sizeof line), 15);
    EXPECT_BYTES(line, bytes, 15);
    EXPECT_EQUAL(line[15], 0);
    EXPECT_EQUAL(firth_read_line(firth_socket_input(socket), line, sizeof line), 1);
    EXPECT_EQUAL(line[0], 0);
    return FIRTH_OK;
}

TASK_TEST(line_that_is_too_long_is_told_in_pieces_and_the_next_is_whole)
{
    static dripping this = DRIPPING("0123456789abcdef\r\nnext\n");
    firth_socket *socket;
    char line[8];

    EXPECT_EQUAL(open_dripping(scope, &this, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_read_line(firth_socket_input(socket), line, sizeof line), FIRTH_ERR_TOO_LONG);
    EXPECT_BYTES(line, "0123456", 8);
    EXPECT_EQUAL(firth_read_line(firth_socket_input(socket), line, sizeof line), FIRTH_ERR_TOO_LONG);
    EXPECT_BYTES(line, "789abcd", 8);
    EXPECT_EQUAL(firth_read_line(firth_socket_input(socket), line, sizeof line), 2);
    EXPECT_BYTES(line, "ef", 3);
    EXPECT_EQUAL(firth_read_line(firth_socket_input(socket), line, sizeof line), 4);
    EXPECT_BYTES(line, "next", 5);
    return FIRTH_OK;
}

TASK_TEST(line_that_just_fits_is_not_too_long_though_its_ending_comes_later)
{
    static dripping this = DRIPPING("0123456\r\n0123456\n0123456");
    firth_socket *socket;
    char line[8];

    EXPECT_EQUAL(open_dripping(scope, &this, &socket), FIRTH_OK);
    for (int i = 0; i < 3; i++) {
        EXPECT_EQUAL(firth_read_line(firth_socket_input(socket), line, sizeof line), 7);
        EXPECT_BYTES(line, "0123456", 8);
    }
    EXPECT_EQUAL(firth_read_line(firth_socket_input(socket), line, sizeof line), FIRTH_EOF);
    return FIRTH_OK;
}

TASK_TEST(line_that_is_cut_short_is_incomplete_to_the_strict_reader)
{
    static dripping this = DRIPPING("whole\nhal");
    firth_socket *socket;
    char line[8];

    EXPECT_EQUAL(open_dripping(scope, &this, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_read_line_strict(firth_socket_input(socket), line, sizeof line), 5);
    EXPECT_EQUAL(firth_read_line_strict(firth_socket_input(socket), line, sizeof line), FIRTH_ERR_INCOMPLETE);
    EXPECT_EQUAL(firth_read_progress(firth_socket_input(socket)), 3);
    EXPECT_BYTES(line, "hal", 3);
    EXPECT_EQUAL(firth_read_line_strict(firth_socket_input(socket), line, sizeof line), FIRTH_EOF);
    return FIRTH_OK;
}

TASK_TEST(numbers_in_segments_of_one_byte_are_whole_or_not_there)
{
    static dripping this = DRIPPING("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b");
    firth_socket *socket;
    uint64_t eight = 0;
    uint32_t four = 0;

    EXPECT_EQUAL(open_dripping(scope, &this, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_read_integer_be(firth_socket_input(socket), &eight, 8), FIRTH_OK);
    EXPECT_EQUAL(eight, 0x0102030405060708);
    EXPECT_EQUAL(firth_read_uint32_be(firth_socket_input(socket), &four), FIRTH_EOF);
    EXPECT_EQUAL(four, 0);
    EXPECT_EQUAL(firth_read_available(firth_socket_input(socket)), 3);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_in_segments_of_one_byte_are_whole),
        cmocka_unit_test(nul_and_invalid_utf8_arrive_as_they_were_sent),
        cmocka_unit_test(line_that_is_too_long_is_told_in_pieces_and_the_next_is_whole),
        cmocka_unit_test(line_that_just_fits_is_not_too_long_though_its_ending_comes_later),
        cmocka_unit_test(line_that_is_cut_short_is_incomplete_to_the_strict_reader),
        cmocka_unit_test(numbers_in_segments_of_one_byte_are_whole_or_not_there),
    };

    return support_main(argc, argv, "lines", tests, sizeof tests / sizeof tests[0]);
}
