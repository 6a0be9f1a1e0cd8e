/* SPDX-License-Identifier: Apache-2.0 */
/* Names that lwIP itself looks up, at a name server of the test's, on lwIP's loopback. */
#include <lwip/opt.h>

#include <lwip/dns.h>
#include <stdio.h>

#include "tests/lwip/lock.h"
#include "tests/support/support.h"

/* RFC 1035 §4.1: a header of 12 bytes, a name of labels, a type, a class. */
enum { HEADER = 12, TYPE_A = 1, TYPE_AAAA = 28, NAME_SERVER = 53, MESSAGE_BYTES = 512 };
enum { NO_SUCH_NAME = 3, SOON_MS = 30, MANY = 100 };

/* ---- the server -------------------------------------------------------------------------------------------------- */

/* What is asked decides what is answered: "four.", "six.", "both." have addresses of those families, all others none;
 * "silent." has no answer, "late." one when the test says so. */
typedef struct name_server {
    firth_datagram_socket *socket;
    unsigned questions;
    firth_address late_asker; /* of the last one */
    uint8_t late[MESSAGE_BYTES];
} name_server;

static name_server server;

static bool asks_for(const uint8_t *message, const char *label)
{
    return message[HEADER] == strlen(label) && memcmp(message + HEADER + 1, label, strlen(label)) == 0;
}

/* Where the name of the question ends. */
static size_t end_of_name(const uint8_t *message)
{
    size_t at = HEADER;

    while (message[at] != 0)
        at += message[at] + 1u;
    return at + 1;
}

/* One record, of the name that stands at the question (RFC 1035 §4.1.4), to be forgotten at once. */
static size_t add_record(uint8_t *at, uint8_t type, uint8_t last)
{
    const uint8_t ipv4[] = {127, 0, 0, last}, ipv6[16] = {[15] = last};
    const uint8_t head[] = {0xc0, HEADER, 0, type, 0, 1, 0, 0, 0, 0, 0, type == TYPE_A ? 4 : 16};

    memcpy(at, head, sizeof head);
    memcpy(at + sizeof head, type == TYPE_A ? ipv4 : ipv6, head[11]);
    return sizeof head + head[11];
}

/* Turns the question into its answer; how long it is. */
static size_t answer(uint8_t *message)
{
    size_t size = end_of_name(message) + 4;
    uint8_t type = message[size - 3];
    bool is_both = asks_for(message, "both") || asks_for(message, "late") || asks_for(message, "one-of-many");
    bool is_there = is_both || asks_for(message, type == TYPE_A ? "four" : "six");
    bool is_known = is_there || asks_for(message, "four") || asks_for(message, "six");

    message[2] |= 0x80;
    message[3] = is_known ? 0 : NO_SUCH_NAME;
    message[7] = is_there;
    return is_there ? size + add_record(message + size, type, asks_for(message, "late") ? 9 : 1) : size;
}

static int serve_names(firth_scope *scope, void *argument)
{
    uint8_t message[MESSAGE_BYTES];
    firth_address from;
    int64_t size;

    (void)scope;
    (void)argument;
    while ((size = firth_receive_from(server.socket, message, sizeof message, &from)) > HEADER) {
        server.questions++;
        if (asks_for(message, "late")) {
            memcpy(server.late, message, (size_t)size);
            server.late_asker = from;
        } else if (!asks_for(message, "silent")) {
            int rc = firth_send_to(server.socket, message, answer(message), &from);

            if (rc < 0)
                return rc;
        }
    }
    return (int)size;
}

/* lwIP is told of it, as DHCP would. */
static int start_server(firth_scope *scope)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    ip_addr_t address;
    int rc;

    server = (name_server){.socket = NULL};
    IP_ADDR4(&address, 127, 0, 0, 1);
    LOCKED(dns_setserver(0, &address));
    rc = firth_udp_bind(&udp, "127.0.0.1", NAME_SERVER, &server.socket);
    if (rc < 0)
        return rc;
    firth_scope_own_datagram_socket(scope, server.socket);
    return firth_spawn(scope, serve_names, NULL, NULL);
}

/* A test whose body runs beside the server. */
#define NAME_TEST(name)                                                                                                \
    static int name##_beside_server(firth_scope *scope);                                                               \
    TASK_TEST(name)                                                                                                    \
    {                                                                                                                  \
        return beside_server(scope, name##_beside_server);                                                             \
    }                                                                                                                  \
    static int name##_beside_server(firth_scope *scope __attribute__((unused)))

static int beside_server(firth_scope *scope, int (*body)(firth_scope *scope))
{
    firth_scope serving;
    int rc, ended;

    firth_scope_open(&serving, scope, NULL);
    rc = start_server(&serving);
    if (rc >= 0)
        rc = body(&serving);
    firth_scope_cancel(&serving);
    ended = firth_scope_close(&serving, rc);
    return rc < 0 || ended == FIRTH_ERR_CANCELED ? rc : ended;
}

/* ---- addresses --------------------------------------------------------------------------------------------------- */

static int look_up(const char *host, firth_family family, firth_address *addresses)
{
    const firth_resolve_options options = {.family = family};

    return firth_resolve(host, "80", &options, addresses, 4);
}

NAME_TEST(a_name_has_the_addresses_of_both_families)
{
    firth_address found[4], expected;

    EXPECT_EQUAL(look_up("both.test", FIRTH_FAMILY_NONE, found), 2);
    EXPECT_EQUAL(firth_address_make(&expected, "::1", 80), FIRTH_OK);
    EXPECT(firth_address_equal(&found[0], &expected));
    EXPECT_EQUAL(firth_address_make(&expected, "127.0.0.1", 80), FIRTH_OK);
    EXPECT(firth_address_equal(&found[1], &expected));
    EXPECT_EQUAL(server.questions, 2);
    return FIRTH_OK;
}

NAME_TEST(a_family_alone_is_one_question)
{
    firth_address found[4];

    EXPECT_EQUAL(look_up("both.test", FIRTH_FAMILY_IPV4, found), 1);
    EXPECT_EQUAL(found[0].family, FIRTH_FAMILY_IPV4);
    EXPECT_EQUAL(look_up("both.test", FIRTH_FAMILY_IPV6, found), 1);
    EXPECT_EQUAL(found[0].family, FIRTH_FAMILY_IPV6);
    EXPECT_EQUAL(server.questions, 2);
    return FIRTH_OK;
}

NAME_TEST(a_name_of_one_family_has_none_of_the_other)
{
    firth_address found[4];

    EXPECT_EQUAL(look_up("four.test", FIRTH_FAMILY_NONE, found), 1);
    EXPECT_EQUAL(found[0].family, FIRTH_FAMILY_IPV4);
    EXPECT_EQUAL(look_up("six.test", FIRTH_FAMILY_NONE, found), 1);
    EXPECT_EQUAL(found[0].family, FIRTH_FAMILY_IPV6);
    EXPECT_EQUAL(look_up("six.test", FIRTH_FAMILY_IPV4, found), FIRTH_ERR_NAME_NOT_FOUND);
    return FIRTH_OK;
}

NAME_TEST(a_name_that_is_none_is_not_found)
{
    firth_address found[4];

    EXPECT_EQUAL(look_up("nobody.test", FIRTH_FAMILY_NONE, found), FIRTH_ERR_NAME_NOT_FOUND);
    EXPECT(strcmp(firth_last_failure()->step, "dns_gethostbyname") == 0);
    return FIRTH_OK;
}

NAME_TEST(localhost_is_asked_of_nobody)
{
    firth_address found[4];

    EXPECT_EQUAL(look_up("localhost", FIRTH_FAMILY_NONE, found), 2);
    EXPECT_EQUAL(firth_address_classify(&found[0]), FIRTH_ADDRESS_LOOPBACK);
    EXPECT_EQUAL(firth_address_classify(&found[1]), FIRTH_ADDRESS_LOOPBACK);
    EXPECT_EQUAL(server.questions, 0);
    return FIRTH_OK;
}

TASK_TEST(without_a_name_server_nobody_answers)
{
    firth_address found[4];

    LOCKED(dns_setserver(0, NULL));
    EXPECT_EQUAL(look_up("both.test", FIRTH_FAMILY_NONE, found), FIRTH_ERR_NAME_TRY_AGAIN);
    return FIRTH_OK;
}

static int hear_hello(firth_scope *scope, void *argument)
{
    firth_socket *socket;
    char bytes[5];
    int rc = firth_accept(argument, &socket);

    (void)scope;
    if (rc < 0)
        return rc;
    EXPECT_EQUAL(firth_read_fully(firth_socket_input(socket), bytes, 5), 5);
    EXPECT_BYTES(bytes, "hello", 5);
    return firth_socket_close(socket);
}

/* The server is at the second address only. */
NAME_TEST(a_connection_by_name_tries_each_address)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_server *listener;
    firth_socket *socket;
    firth_scope talk;

    EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, &listener), FIRTH_OK);
    firth_scope_own_server(scope, listener);
    firth_scope_open(&talk, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&talk, hear_hello, listener, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_tcp_connect(&tcp, "both.test", firth_server_address(listener)->port, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(socket), "hello"), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_close(socket), FIRTH_OK);
    return firth_scope_close(&talk, FIRTH_OK);
}

/* ---- who does not wait ------------------------------------------------------------------------------------------- */

static int resolve_one(firth_scope *scope, void *argument)
{
    firth_address found[4];

    (void)scope;
    return look_up(argument, FIRTH_FAMILY_NONE, found);
}

/* Its own addresses, which no other answer has. */
static int resolve_both(void)
{
    firth_address found[4];

    EXPECT_EQUAL(look_up("both.test", FIRTH_FAMILY_NONE, found), 2);
    EXPECT_EQUAL(found[0].ip[15], 1);
    EXPECT_EQUAL(found[1].ip[3], 1);
    return FIRTH_OK;
}

static int answer_late(void)
{
    return firth_send_to(server.socket, server.late, answer(server.late), &server.late_asker);
}

/* The answer comes when nobody waits, and again somebody, who has asked later. */
NAME_TEST(a_look_up_ends_with_its_deadline_and_its_answer_is_nobodys)
{
    static char late[] = "late.test";

    EXPECT_EQUAL(firth_with_timeout(SOON_MS, resolve_one, late), FIRTH_ERR_TIMED_OUT);
    EXPECT_EQUAL(server.questions, 2);
    EXPECT_EQUAL(answer_late(), FIRTH_OK);
    EXPECT_EQUAL(resolve_both(), FIRTH_OK);
    EXPECT_EQUAL(firth_with_timeout(SOON_MS, resolve_one, late), FIRTH_ERR_TIMED_OUT); /* the other family */
    EXPECT_EQUAL(answer_late(), FIRTH_OK);
    EXPECT_EQUAL(resolve_both(), FIRTH_OK);
    return FIRTH_OK;
}

/* lwIP asks on, and hears the answer when another selector has it. */
NAME_TEST(a_selector_may_end_while_lwip_asks)
{
    static char silent[] = "silent.test";

    EXPECT_EQUAL(firth_with_timeout(SOON_MS, resolve_one, silent), FIRTH_ERR_TIMED_OUT);
    return FIRTH_OK;
}

NAME_TEST(a_server_that_is_silent_is_told)
{
    static char silent[] = "silent.test";

    EXPECT_EQUAL(resolve_one(NULL, silent), FIRTH_ERR_NAME_TRY_AGAIN);
    return FIRTH_OK;
}

static int resolve_numbered(firth_scope *scope, void *argument)
{
    firth_address found[4];
    char host[40];

    (void)scope;
    (void)snprintf(host, sizeof host, "one-of-many.n%d.test", *(const int *)argument);
    EXPECT_EQUAL(look_up(host, FIRTH_FAMILY_NONE, found), 2);
    return FIRTH_OK;
}

NAME_TEST(more_names_than_lwip_has_room_for_wait_for_it)
{
    static int numbers[MANY];
    firth_scope all;

    EXPECT(MANY * 2 > DNS_TABLE_SIZE);
    firth_scope_open(&all, scope, NULL);
    for (int i = 0; i < MANY; i++) {
        numbers[i] = i;
        EXPECT_EQUAL(firth_spawn(&all, resolve_numbered, &numbers[i], NULL), FIRTH_OK);
    }
    return firth_scope_close(&all, FIRTH_OK);
}

TASK_TEST(without_memory_a_look_up_is_an_error)
{
    firth_address found[4];
    bool is_there = false;

    for (size_t n = 1; !is_there && n < 20; n++) {
        int rc;

        support_allocation_fail_at(n, false);
        rc = look_up("localhost", FIRTH_FAMILY_NONE, found);
        support_allocation_fail_at(0, false);
        EXPECT(rc == 2 || rc == FIRTH_ERR_NO_MEMORY);
        EXPECT(n > 1 || rc == FIRTH_ERR_NO_MEMORY);
        is_there = rc == 2;
    }
    EXPECT(is_there);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_has_the_addresses_of_both_families),
        cmocka_unit_test(a_family_alone_is_one_question),
        cmocka_unit_test(a_name_of_one_family_has_none_of_the_other),
        cmocka_unit_test(a_name_that_is_none_is_not_found),
        cmocka_unit_test(localhost_is_asked_of_nobody),
        cmocka_unit_test(without_a_name_server_nobody_answers),
        cmocka_unit_test(a_connection_by_name_tries_each_address),
        cmocka_unit_test(a_look_up_ends_with_its_deadline_and_its_answer_is_nobodys),
        cmocka_unit_test(a_selector_may_end_while_lwip_asks),
        cmocka_unit_test(a_server_that_is_silent_is_told),
        cmocka_unit_test(more_names_than_lwip_has_room_for_wait_for_it),
        cmocka_unit_test(without_memory_a_look_up_is_an_error),
    };

    return support_main(argc, argv, "lwip_name", tests, sizeof tests / sizeof tests[0]);
}
