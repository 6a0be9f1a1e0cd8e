/* SPDX-License-Identifier: Apache-2.0 */
/* Unix datagrams: whole, in order, none lost, and whoever sends waits for whoever receives. */
#include "tests/unix/places.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- there and back ------------------------------------------------------------------------------------------------ */

TASK_TEST(a_datagram_arrives_with_its_sender_who_can_be_answered)
{
    firth_unix_datagram_socket *a, *b;
    firth_unix_address from, to = places_address(places_path("b"));

    EXPECT_EQUAL(places_open_datagrams(scope, places_path("a"), &a), FIRTH_OK);
    EXPECT_EQUAL(places_open_datagrams(scope, places_path("b"), &b), FIRTH_OK);
    EXPECT_EQUAL(places_send(a, "question", &to), FIRTH_OK);
    EXPECT_EQUAL(places_send(a, "", &to), FIRTH_OK); /* empty is something */
    EXPECT_EQUAL(places_receive(scope, b, "question", &from), FIRTH_OK);
    EXPECT(strcmp(from.path, places_path("a")) == 0);
    EXPECT_EQUAL(places_receive(scope, b, "", NULL), FIRTH_OK);
    EXPECT_EQUAL(places_send(b, "answer", &from), FIRTH_OK);
    EXPECT_EQUAL(places_receive(scope, a, "answer", &from), FIRTH_OK);
    EXPECT(strcmp(from.path, places_path("b")) == 0);
    return FIRTH_OK;
}

TASK_TEST(a_socket_without_a_path_sends_and_has_no_address)
{
    firth_unix_datagram_socket *nobody, *b;
    firth_unix_address from, to = places_address(places_path("b"));

    EXPECT_EQUAL(places_open_datagrams(scope, NULL, &nobody), FIRTH_OK);
    EXPECT_EQUAL(places_open_datagrams(scope, places_path("b"), &b), FIRTH_OK);
    memset(&from, 0x5a, sizeof from);
    EXPECT_EQUAL(places_send(nobody, "hello", &to), FIRTH_OK);
    EXPECT_EQUAL(places_receive(scope, b, "hello", &from), FIRTH_OK);
    EXPECT(from.size == 0 && !from.abstract && from.path[0] == '\0');
    EXPECT_EQUAL(firth_unix_datagram_local_address(nobody, &from), FIRTH_OK);
    EXPECT_EQUAL(from.size, 0);
    EXPECT_EQUAL(firth_unix_datagram_local_address(b, &from), FIRTH_OK);
    EXPECT(strcmp(from.path, places_path("b")) == 0);
    return FIRTH_OK;
}

/* A path that has no NUL in the system's address, and somebody else at what would be left of it. */
TASK_TEST(a_sender_whose_path_has_no_room_is_nobody_and_not_somebody_else)
{
    struct {
        struct sockaddr_un address;
        char end; /* Valgrind reads the path as a string */
    } longest = {.address = {.sun_family = AF_UNIX}};
    struct sockaddr_un to_b = {.sun_family = AF_UNIX};
    int sender = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const size_t room = sizeof longest.address.sun_path;
    firth_unix_datagram_socket *b, *other;
    firth_unix_address from;

    if (places_longest(scope) >= room - 1) /* not on the double of macOS, whose paths are shorter than this system's */
        EXPECT_EQUAL(places_open_datagrams(scope, places_long_path(room - 1), &other), FIRTH_OK);
    EXPECT_EQUAL(places_open_datagrams(scope, places_path("b"), &b), FIRTH_OK);
    memcpy(longest.address.sun_path, places_long_path(room), room);
    EXPECT_EQUAL(bind(sender, (const struct sockaddr *)&longest.address, sizeof longest.address), 0);
    memcpy(to_b.sun_path, places_path("b"), strlen(places_path("b")));
    EXPECT_EQUAL(sendto(sender, "hello", 5, 0, (const struct sockaddr *)&to_b, sizeof to_b), 5);
    EXPECT_EQUAL(places_receive(scope, b, "hello", &from), FIRTH_OK);
    close(sender);
    EXPECT_EQUAL(from.size, room < FIRTH_UNIX_PATH_BYTES ? room : 0);
    EXPECT(from.size > 0 || (!from.abstract && from.path[0] == '\0'));
    EXPECT_EQUAL(places_send(b, "answer", &from), from.size > 0 ? FIRTH_ERR_TOO_LONG : FIRTH_ERR_ARGUMENT);
    return FIRTH_OK;
}

TASK_TEST(an_abstract_name_receives_too)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    firth_unix_datagram_socket *a, *b;
    firth_unix_address from, to;

    builder.abstract = true;
    EXPECT_EQUAL(firth_unix_datagram_bind(&builder, places_path("b"), &b), FIRTH_OK);
    firth_scope_own_unix_datagram(scope, b);
    EXPECT_EQUAL(firth_unix_address_make(&to, places_path("b"), true), FIRTH_OK);
    EXPECT_EQUAL(places_open_datagrams(scope, places_path("a"), &a), FIRTH_OK);
    EXPECT_EQUAL(places_send(a, "hello", &to), FIRTH_OK);
    EXPECT_EQUAL(places_receive(scope, b, "hello", &from), FIRTH_OK);
    EXPECT(strcmp(from.path, places_path("a")) == 0 && !places_has(places_path("b")));
    return FIRTH_OK;
}

TASK_TEST(truncation_is_a_flag_on_a_successful_receive)
{
    firth_unix_datagram_socket *a, *b;
    firth_unix_address to = places_address(places_path("b"));
    char bytes[4];
    firth_unix_message message = {.bytes = bytes, .capacity = sizeof bytes};

    EXPECT_EQUAL(places_open_datagrams(scope, NULL, &a), FIRTH_OK);
    EXPECT_EQUAL(places_open_datagrams(scope, places_path("b"), &b), FIRTH_OK);
    EXPECT_EQUAL(places_send(a, "too long", &to), FIRTH_OK);
    EXPECT_EQUAL(places_send(a, "next", &to), FIRTH_OK);
    EXPECT_EQUAL(firth_unix_receive(b, &message), 4);
    EXPECT(message.truncated && message.size == 4 && message.whole_size == 8);
    EXPECT_BYTES(bytes, "too ", 4);
    EXPECT_EQUAL(firth_unix_receive(b, &message), 4);
    EXPECT(!message.truncated);
    EXPECT_BYTES(bytes, "next", 4);
    return FIRTH_OK;
}

/* ---- waiting ------------------------------------------------------------------------------------------------------- */

enum { MANY = 3000, SIZE_MAX_BYTES = 5000 };

typedef struct flood {
    firth_unix_datagram_socket *socket;
    firth_unix_address *to;
} flood;

static int send_many(firth_scope *scope, void *argument)
{
    const flood *self = argument;
    unsigned char bytes[SIZE_MAX_BYTES];

    (void)scope;
    for (uint64_t i = 0; i < MANY; i++) {
        firth_unix_message message = {.bytes = bytes, .size = i * 37 % SIZE_MAX_BYTES, .address = self->to};

        support_fill(bytes, message.size, i);
        EXPECT_EQUAL(firth_unix_send(self->socket, &message), FIRTH_OK);
    }
    return FIRTH_OK;
}

static int receive_many(firth_scope *scope, firth_unix_datagram_socket *from, flood *sender)
{
    unsigned char bytes[SIZE_MAX_BYTES];
    firth_unix_message message = {.bytes = bytes, .capacity = sizeof bytes};
    firth_scope inner;

    firth_scope_open(&inner, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&inner, send_many, sender, NULL), FIRTH_OK);
    for (uint64_t i = 0; i < MANY; i++) {
        EXPECT_EQUAL(firth_unix_receive(from, &message), (int64_t)(i * 37 % SIZE_MAX_BYTES));
        EXPECT(support_is_filled(bytes, message.size, i));
    }
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_OK), FIRTH_OK);
    return FIRTH_OK;
}

TASK_TEST(thousands_arrive_whole_and_in_order_whoever_is_slower)
{
    firth_unix_datagram_socket *a, *b;
    firth_unix_address to = places_address(places_path("b"));
    flood by_address = {.to = &to}, connected = {.to = NULL};

    EXPECT_EQUAL(places_open_datagrams(scope, places_path("a"), &a), FIRTH_OK);
    EXPECT_EQUAL(places_open_datagrams(scope, places_path("b"), &b), FIRTH_OK);
    by_address.socket = connected.socket = a;
    EXPECT_EQUAL(receive_many(scope, b, &by_address), FIRTH_OK);
    EXPECT_EQUAL(firth_unix_datagram_connect(a, &to), FIRTH_OK);
    EXPECT_EQUAL(receive_many(scope, b, &connected), FIRTH_OK);
    return FIRTH_OK;
}

TASK_TEST(thousands_go_through_an_adopted_pair)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    firth_unix_datagram_socket *sockets[2];
    flood sender = {.to = NULL};
    int ends[2];

    EXPECT_EQUAL(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), 0);
    for (int i = 0; i < 2; i++) {
        EXPECT_EQUAL(firth_unix_datagram_adopt(&builder, ends[i], &sockets[i]), FIRTH_OK);
        EXPECT_EQUAL(firth_unix_datagram_descriptor(sockets[i]), ends[i]);
        firth_scope_own_unix_datagram(scope, sockets[i]);
    }
    for (int i = 0; i < 2; i++) {
        sender.socket = sockets[i];
        EXPECT_EQUAL(receive_many(scope, sockets[1 - i], &sender), FIRTH_OK);
    }
    return FIRTH_OK;
}

/* The receiver's room is used up. */
static int fill_up(firth_unix_datagram_socket *socket, const firth_unix_address *to, int64_t timeout_ms,
                   firth_scope *scope, int *sent)
{
    const firth_scope_options soon = {.timeout_ms = timeout_ms};
    firth_scope until;
    int rc;

    firth_scope_open(&until, scope, &soon);
    for (*sent = 0; (rc = places_send(socket, "x", to)) == FIRTH_OK; ++*sent)
        EXPECT(*sent < 100000);
    EXPECT_EQUAL(rc, FIRTH_ERR_CANCELED);
    EXPECT_EQUAL(firth_scope_close(&until, rc), FIRTH_ERR_TIMED_OUT);
    return FIRTH_OK;
}

TASK_TEST(a_sender_that_waits_can_be_stopped_and_nothing_is_sent_twice)
{
    firth_unix_datagram_socket *a, *b;
    firth_unix_address to = places_address(places_path("b"));

    for (int round = 0; round < 2; round++) {
        int sent;

        EXPECT_EQUAL(places_open_datagrams(scope, NULL, &a), FIRTH_OK);
        EXPECT_EQUAL(places_open_datagrams(scope, places_path("b"), &b), FIRTH_OK);
        if (round == 1)
            EXPECT_EQUAL(firth_unix_datagram_connect(a, &to), FIRTH_OK);
        EXPECT_EQUAL(fill_up(a, round == 0 ? &to : NULL, 30, scope, &sent), FIRTH_OK);
        EXPECT(sent > 0);
        for (int i = 0; i < sent; i++)
            EXPECT_EQUAL(places_receive(scope, b, "x", NULL), FIRTH_OK);
        EXPECT_EQUAL(places_send(a, "last", round == 0 ? &to : NULL), FIRTH_OK);
        EXPECT_EQUAL(places_receive(scope, b, "last", NULL), FIRTH_OK);
        firth_unix_datagram_close(a);
        firth_unix_datagram_close(b);
        EXPECT_EQUAL(unlink(places_path("b")), 0);
    }
    return FIRTH_OK;
}

typedef struct waiter {
    firth_unix_datagram_socket *socket;
    firth_unix_address *to;
    bool sends;
    int64_t result;
} waiter;

static int wait_inside(firth_scope *scope, void *argument)
{
    waiter *self = argument;
    char byte = 'x';
    firth_unix_message message = {.bytes = &byte, .capacity = 1, .size = 1, .address = self->to};

    (void)scope;
    do
        self->result =
            self->sends ? firth_unix_send(self->socket, &message) : firth_unix_receive(self->socket, &message);
    while (self->result >= 0);
    return FIRTH_OK;
}

TASK_TEST(closing_wakes_receiver_and_sender_and_a_second_one_is_busy)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    firth_unix_address to = places_address(places_path("b"));
    firth_unix_datagram_socket *b;
    char byte;
    firth_unix_message message = {.bytes = &byte, .capacity = 1};

    EXPECT_EQUAL(places_open_datagrams(scope, places_path("b"), &b), FIRTH_OK);
    for (int round = 0; round < 2; round++) { /* once with an address, which waits otherwise than without */
        waiter receiver = {.sends = false}, sender = {.sends = true, .to = round == 0 ? &to : NULL};
        firth_unix_datagram_socket *a;
        firth_scope inner;

        EXPECT_EQUAL(firth_unix_datagram_bind(&builder, NULL, &a), FIRTH_OK);
        if (round == 1)
            EXPECT_EQUAL(firth_unix_datagram_connect(a, &to), FIRTH_OK);
        receiver.socket = sender.socket = a;
        firth_scope_open(&inner, scope, NULL);
        EXPECT_EQUAL(firth_spawn(&inner, wait_inside, &receiver, NULL), FIRTH_OK);
        EXPECT_EQUAL(firth_spawn(&inner, wait_inside, &sender, NULL), FIRTH_OK);
        EXPECT_EQUAL(firth_sleep(5), FIRTH_OK);
        EXPECT_EQUAL(firth_unix_receive(a, &message), FIRTH_ERR_BUSY);
        EXPECT_EQUAL(places_send(a, "x", sender.to), FIRTH_ERR_BUSY);
        firth_unix_datagram_close(a);
        EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_OK), FIRTH_OK);
        EXPECT_EQUAL(receiver.result, FIRTH_ERR_CLOSED);
        EXPECT_EQUAL(sender.result, FIRTH_ERR_CLOSED);
    }
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        PLACES_TEST(a_datagram_arrives_with_its_sender_who_can_be_answered),
        PLACES_TEST(a_socket_without_a_path_sends_and_has_no_address),
        PLACES_TEST(a_sender_whose_path_has_no_room_is_nobody_and_not_somebody_else),
        PLACES_TEST(an_abstract_name_receives_too),
        PLACES_TEST(truncation_is_a_flag_on_a_successful_receive),
        PLACES_TEST(thousands_arrive_whole_and_in_order_whoever_is_slower),
        PLACES_TEST(thousands_go_through_an_adopted_pair),
        PLACES_TEST(a_sender_that_waits_can_be_stopped_and_nothing_is_sent_twice),
        PLACES_TEST(closing_wakes_receiver_and_sender_and_a_second_one_is_busy),
    };

    return support_main(argc, argv, "unix datagram", tests, sizeof tests / sizeof *tests);
}
