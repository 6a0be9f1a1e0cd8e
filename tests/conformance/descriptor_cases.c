/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors that live in more than one place: in child processes, and in duplicates. */
#include "tests/conformance/ops.h"
#include "tests/conformance/unix.h"

/* Reports that come to nothing in ten rounds: none is right, and each round has one where they are wrong. */
enum { ROUNDS = 10, EMPTY_MOST = ROUNDS / 2 };

typedef struct kit_duplicate {
    firth_cleanup cleanup;
    intptr_t native;
} kit_duplicate;

static void discard(void *argument)
{
    const kit_duplicate *this = argument;

    fth_kit.subject.discard(fth_kit.subject.argument, this->native);
}

/* A second descriptor of what `native` is one of, until the scope has ended. */
static int duplicate(firth_scope *scope, intptr_t native)
{
    kit_duplicate *this = fth_kit_keep(sizeof *this);

    this->native = fth_kit.subject.duplicate(fth_kit.subject.argument, native);
    if (this->native == -1)
        return fth_kit_broken(__FILE__, __LINE__, "the subject has no duplicate of a socket");
    firth_scope_own(scope, &this->cleanup, discard, this);
    return FIRTH_OK;
}

/* ---- child processes --------------------------------------------------------------------------------------------- */

static int64_t inherited_before;

static int64_t count_inherited(void)
{
    return fth_kit.subject.count_inherited(fth_kit.subject.argument);
}

/* What a duplicate is to children it stays until the backend has it. */
static int adopt_inherited(firth_scope *scope, firth_socket *socket)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    firth_socket *adopted;
    intptr_t native, second;

    TRY(firth_socket_release(socket, &native));
    second = fth_kit.subject.duplicate(fth_kit.subject.argument, native);
    fth_kit.subject.discard(fth_kit.subject.argument, native);
    if (second == -1)
        return fth_kit_broken(__FILE__, __LINE__, "the subject has no duplicate of a socket");
    EXPECT_RESULT(count_inherited(), inherited_before + 1);
    TRY(firth_tcp_adopt(&tcp, second, &adopted));
    firth_scope_own_socket(scope, adopted);
    EXPECT_RESULT(count_inherited(), inherited_before);
    return FIRTH_OK;
}

static int open_unix(firth_scope *scope)
{
    firth_unix_builder builder = fth_kit_unix(scope);
    firth_unix_datagram_socket *datagrams;
    firth_server *server;
    const char *path;
    kit_pair pair;

    TRY(fth_kit_unix_server(scope, &builder, &server, &path));
    TRY(fth_kit_unix_pair(scope, &builder, &pair));
    EXPECT_RESULT(count_inherited(), inherited_before);
    if (!fth_kit_has_unix_datagrams(scope))
        return FIRTH_OK;
    TRY(fth_kit_unix_datagrams(scope, NULL, &datagrams));
    EXPECT_RESULT(count_inherited(), inherited_before);
    return FIRTH_OK;
}

static int open_datagrams(firth_scope *scope)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *socket;

    TRY(firth_udp_bind(&udp, "127.0.0.1", 0, &socket));
    firth_scope_own_datagram_socket(scope, socket);
    EXPECT_RESULT(count_inherited(), inherited_before);
    return FIRTH_OK;
}

static int open_all_there_is(firth_scope *scope)
{
    unsigned capabilities = fth_kit.subject.backend->capabilities;
    firth_server *server;
    kit_pair pair;
    int port;

    EXPECT_RESULT(count_inherited(), inherited_before);
    TRY(fth_kit_server(scope, &server, &port));
    EXPECT_RESULT(count_inherited(), inherited_before);
    TRY(fth_kit_pair(scope, &pair));
    EXPECT_RESULT(count_inherited(), inherited_before);
    if ((capabilities & FIRTH_CAN_DATAGRAMS) != 0)
        TRY(open_datagrams(scope));
    if ((capabilities & FIRTH_CAN_UNIX) != 0 && fth_kit_has_unix(scope))
        TRY(open_unix(scope));
    if ((capabilities & FIRTH_CAN_ADOPT) != 0 && fth_kit.subject.duplicate != NULL)
        TRY(adopt_inherited(scope, pair.b));
    return FIRTH_OK;
}

static int no_descriptor_is_inherited_by_child_processes(void)
{
    inherited_before = count_inherited();
    return fth_kit_in_selector(open_all_there_is);
}

/* ---- duplicates -------------------------------------------------------------------------------------------------- */

/* Its backend has had to do with it, and nobody waits for it. */
static int know(kit_io *io)
{
    uint8_t byte;
    kit_op *op = fth_kit_transfer(io, FIRTH_OP_RECEIVE, &byte, 1);

    TRY(fth_kit_pend(op));
    fth_kit_op_cancel(op);
    EXPECT_RESULT(fth_kit_result(op), FIRTH_ERR_CANCELED);
    return FIRTH_OK;
}

/* What is registered with a system is the open file, not the descriptor (epoll(7), questions and answers), and a
 * duplicate, or a child process, keeps that open. */
static int a_closed_socket_reports_nothing_though_a_duplicate_lives(firth_scope *scope)
{
    kit_io *a, *b;
    size_t empty;

    TRY(fth_kit_io_pair(scope, &a, &b));
    TRY(know(b));
    TRY(duplicate(scope, b->io.native));
    fth_kit_io_close(b, FIRTH_CLOSE_NORMAL);
    TRY(fth_kit_settle());
    empty = fth_kit_empty_polls();
    for (int i = 0; i < ROUNDS; i++) {
        EXPECT_RESULT(fth_kit_send(a, "x", 1), 1);
        TRY(fth_kit_settle());
    }
    EXPECT(fth_kit_empty_polls() - empty < EMPTY_MOST);
    return FIRTH_OK;
}

/* A backend may leave a registration to the last close where next to nothing can come of it any more: this one has had
 * its peer's end. */
static int open_ended(firth_scope *scope, kit_io **peer, kit_io **io)
{
    uint8_t byte;

    TRY(fth_kit_io_pair(scope, peer, io));
    TRY(know(*io));
    TRY(fth_kit_table()->shutdown_write(&(*peer)->io));
    EXPECT_RESULT(fth_kit_receive(*io, &byte, 1), 0);
    return duplicate(scope, (*io)->io.native);
}

/* Its place is empty when the report comes; another that was emptied before makes it one of a list. */
static int a_report_for_a_closed_socket_reaches_nobody(firth_scope *scope)
{
    kit_io *peer, *io, *others_peer, *other;

    for (int i = 0; i < ROUNDS; i++) {
        TRY(open_ended(scope, &peer, &io));
        TRY(fth_kit_io_pair(scope, &others_peer, &other));
        fth_kit_io_close(other, FIRTH_CLOSE_NORMAL);
        fth_kit_io_close(io, FIRTH_CLOSE_NORMAL);
        fth_kit_io_close(peer, FIRTH_CLOSE_RESET);
        TRY(fth_kit_settle());
    }
    return FIRTH_OK;
}

/* The next socket is where the last was, and waits when the report comes. All else is open before the last one closes. */
static int replace(firth_scope *scope, kit_io *io, kit_io **a, kit_io **b)
{
    firth_address address;
    kit_io *server;

    *a = fth_kit_io(scope);
    *b = fth_kit_io(scope);
    TRY(fth_kit_io_listen(scope, &server, &address));
    TRY(fth_kit_table()->socket_open(&(*a)->io, FIRTH_FAMILY_IPV4));
    TRY(fth_kit_do(fth_kit_op_connect(*a, &address)));
    fth_kit_io_close(io, FIRTH_CLOSE_NORMAL);
    TRY(fth_kit_do(fth_kit_op_accept(server, *b)));
    fth_kit_io_close(server, FIRTH_CLOSE_NORMAL);
    return FIRTH_OK;
}

static int a_report_for_a_closed_socket_is_not_for_the_next(firth_scope *scope)
{
    for (int i = 0; i < ROUNDS; i++) {
        kit_io *peer, *io, *a, *b;
        uint8_t byte = 0;
        kit_op *reading;

        TRY(open_ended(scope, &peer, &io));
        TRY(replace(scope, io, &a, &b));
        reading = fth_kit_transfer(b, FIRTH_OP_RECEIVE, &byte, 1);
        TRY(fth_kit_pend(reading));
        fth_kit_io_close(peer, FIRTH_CLOSE_RESET);
        TRY(fth_kit_settle());
        PROMISE(reading->pending);
        EXPECT_RESULT(fth_kit_send(a, "x", 1), 1);
        EXPECT_RESULT(fth_kit_result(reading), 1);
        PROMISE(byte == 'x');
        TRY(fth_kit_table()->shutdown_write(&a->io));
        EXPECT_RESULT(fth_kit_receive(b, &byte, 1), 0);
    }
    return FIRTH_OK;
}

const kit_case fth_kit_descriptor_cases[] = {
    KIT_CASE_WITH(no_descriptor_is_inherited_by_child_processes,
                  .outside = no_descriptor_is_inherited_by_child_processes, .flags = KIT_INHERITED,
                  .plain = KIT_DESCRIPTORS),
    KIT_CASE_WITH(a_closed_socket_reports_nothing_though_a_duplicate_lives,
                  .body = a_closed_socket_reports_nothing_though_a_duplicate_lives, .flags = KIT_DUPLICATES,
                  .plain = KIT_DESCRIPTORS),
    KIT_CASE_WITH(a_report_for_a_closed_socket_reaches_nobody, .body = a_report_for_a_closed_socket_reaches_nobody,
                  .flags = KIT_DUPLICATES, .plain = KIT_DESCRIPTORS),
    KIT_CASE_WITH(a_report_for_a_closed_socket_is_not_for_the_next,
                  .body = a_report_for_a_closed_socket_is_not_for_the_next, .flags = KIT_DUPLICATES,
                  .plain = KIT_DESCRIPTORS),
    {.name = NULL},
};
