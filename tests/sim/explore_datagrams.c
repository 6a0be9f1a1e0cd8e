/* SPDX-License-Identifier: Apache-2.0 */
/* Receiving and sending datagrams, one and several, on a socket that is connected to a peer which only the backend
 * knows. Each datagram begins with its number. */
#include "core/sockets/datagram.h"
#include "tests/sim/explore.h"

enum {
    FITTING_BYTES = 200, /* of a datagram that the subject has room for */
    ROOM_BYTES = 300,
    LONG_BYTES = 400, /* of one that it has not */
    OWN_BYTES = 16,   /* of one that the subject sends */
    RECEIVED_MOST = 2,
    SENT_AT_ONCE = 3,
    PEER_DATAGRAMS_MAX = 3,
};

/* Sets of datagrams: bit i is for number i. */
static struct {
    firth_address subject;
    firth_address peer;
    unsigned numbered; /* by the peer, or by the subject's sends */
    unsigned is_long;  /* of the peer's */
    unsigned lost;     /* on the way, either way */
    unsigned taken;    /* by whom they were sent to */
    unsigned accepted; /* that a send of the subject's told to be sent */
    unsigned untold;   /* of sends under which the socket was closed */
    int errors;        /* that came to the subject's socket while it had none */
    int errors_told;
} mail;

/* ---- the way between the two --------------------------------------------------------------------------------------- */

static int connect_to_peer(firth_scope *scope, void *argument)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));

    (void)argument;
    EXPECT_EQUAL(firth_udp_connect(&udp, SERVER_IP, WORLD_PORT, &it.datagrams), FIRTH_OK);
    EXPECT_EQUAL(firth_datagram_socket_local_address(it.datagrams, &mail.subject), FIRTH_OK);
    return FIRTH_OK;
}

static int open_datagrams(void)
{
    memset(&mail, 0, sizeof mail);
    it.peer.selector = firth_sim_host_selector(it.peer_host);
    EXPECT_EQUAL(firth_address_make(&mail.peer, SERVER_IP, WORLD_PORT), FIRTH_OK);
    EXPECT_EQUAL(firth_backend_sim.datagram_open(&it.peer, FIRTH_FAMILY_IPV4), FIRTH_OK);
    EXPECT_EQUAL(firth_backend_sim.bind(&it.peer, &mail.peer), FIRTH_OK);
    it.has_peer = true;
    EXPECT_EQUAL(explore_spawn(connect_to_peer), FIRTH_OK);
    EXPECT_EQUAL(explore_run(10), FIRTH_OK);
    EXPECT(it.datagrams != NULL);
    return FIRTH_OK;
}

static bool has_error(void)
{
    return it.datagrams != NULL && fth_sim_socket_of(&it.datagrams->io)->mail.error != 0;
}

/* No loop turns meanwhile: an error that has come has not been told. */
static void pass(int64_t ms)
{
    bool had_error = has_error();

    explore_pass(ms);
    mail.errors += !had_error && has_error();
}

/* As if nobody had been there for a datagram that was sent earlier. */
static void hear_of_nobody(void)
{
    fth_sim_path *path = fth_sim_path_between(it.peer_host, it.host);
    fth_sim_datagram error;

    memset(&error, 0, sizeof error);
    error.from = mail.peer;
    error.to = mail.subject;
    error.error = FIRTH_ERR_REFUSED;
    if (path == NULL || fth_sim_post(path, it.host, &error, NULL) < 0)
        (void)support_failed(__FILE__, __LINE__, "an error is sent");
    pass(3);
}

static void lose_those_under_way(void)
{
    fth_sim_datagram *one = here.sim->flying, *next;

    for (; one != NULL; one = next) {
        next = one->next;
        if (one->error != 0)
            continue;
        mail.lost |= 1u << one->bytes[0];
        fth_sim_datagram_free(one);
    }
}

static void end_by_peer(void)
{
    it.is_peer_ended = it.is_peer_ended || it.has_peer;
    explore_peer_close(FIRTH_CLOSE_NORMAL);
    pass(3);
}

static void fill(unsigned char *bytes, size_t size, unsigned number)
{
    support_fill(bytes, size, number);
    bytes[0] = (unsigned char)number;
}

/* Notes a datagram; none comes twice or after one that was sent later. */
static void take(const firth_datagram *in, size_t size)
{
    const unsigned char *bytes = in->bytes;
    unsigned number = in->size > 0 ? bytes[0] : 0, bit = number < 32 ? 1u << number : 0;

    if (in->size != size || bit <= mail.taken || !support_is_filled(bytes + 1, in->size - 1, number + 1))
        it.is_wrong = true;
    mail.taken |= bit;
}

/* ---- the peer sends ---------------------------------------------------------------------------------------------- */

static void send_as_peer(size_t size)
{
    unsigned char bytes[LONG_BYTES];
    firth_datagram out = {.bytes = bytes, .size = size, .address = mail.subject};
    firth_op op = {.kind = FIRTH_OP_SEND_DATAGRAMS, .attempt_only = true, .piece_count = 1, .io = &it.peer};

    if (!it.has_peer || it.peer_sent == PEER_DATAGRAMS_MAX)
        return;
    fill(bytes, size, mail.numbered);
    op.with.datagrams = &out;
    (void)firth_backend_sim.submit(&op);
    if (op.result != 1)
        (void)support_failed(__FILE__, __LINE__, "the peer sends");
    if (size > ROOM_BYTES)
        mail.is_long |= 1u << mail.numbered;
    mail.numbered++;
    it.peer_sent++;
}

static void send_one_that_fits(void)
{
    send_as_peer(FITTING_BYTES);
    pass(3);
}

static void send_one_too_long(void)
{
    send_as_peer(LONG_BYTES);
    pass(3);
}

/* It is not one of those that the peer sends at most. */
static void send_one_that_is_lost(void)
{
    size_t before = it.peer_sent;

    send_as_peer(FITTING_BYTES);
    it.peer_sent = before;
    lose_those_under_way();
    pass(3);
}

static void take_as_subject(const firth_datagram *in)
{
    unsigned number = ((const unsigned char *)in->bytes)[0];
    bool is_long = number < mail.numbered && (mail.is_long & 1u << number) != 0;

    if (in->truncated != is_long || in->whole_size != (is_long ? LONG_BYTES : FITTING_BYTES) ||
        !firth_address_equal(&in->address, &mail.peer))
        it.is_wrong = true;
    take(in, is_long ? ROOM_BYTES : FITTING_BYTES);
}

static int64_t receive_one(firth_scope *within)
{
    static unsigned char bytes[ROOM_BYTES];
    firth_datagram in = {.bytes = bytes, .capacity = sizeof bytes};
    int64_t n = firth_receive(it.datagrams, &in);

    (void)within;
    mail.errors_told += n == FIRTH_ERR_REFUSED;
    if (n >= 0)
        take_as_subject(&in);
    return n;
}

static int64_t receive_several(firth_scope *within)
{
    static unsigned char bytes[RECEIVED_MOST][ROOM_BYTES];
    firth_datagram in[RECEIVED_MOST];
    int64_t n;

    (void)within;
    for (int i = 0; i < RECEIVED_MOST; i++)
        in[i] = (firth_datagram){.bytes = bytes[i], .capacity = sizeof bytes[i]};
    n = firth_receive_many(it.datagrams, in, RECEIVED_MOST);
    mail.errors_told += n == FIRTH_ERR_REFUSED;
    for (int64_t i = 0; i < n; i++)
        take_as_subject(&in[i]);
    return n;
}

static int receive_the_rest(firth_scope *scope, void *argument)
{
    firth_scope_options limit = {.timeout_ms = 1000};
    firth_scope within;
    int64_t n;

    (void)argument;
    firth_scope_open(&within, scope, &limit);
    do
        n = it.kind->operate(&within);
    while (n >= 0 || (n == FIRTH_ERR_REFUSED && mail.errors_told <= mail.errors));
    EXPECT_EQUAL(firth_scope_close(&within, (int)n), FIRTH_ERR_TIMED_OUT);
    return FIRTH_OK;
}

/* Whatever was cancelled, timed out or closed in between: each that came is received once, and each error told once. */
static int finish_receiving(void)
{
    unsigned arrived = ((1u << mail.numbered) - 1) & ~mail.lost;

    EXPECT_EQUAL(explore_run(DEADLINE_MS + 1000), FIRTH_OK);
    EXPECT(!it.is_running);
    if (!it.is_closed) {
        EXPECT_EQUAL(explore_spawn(receive_the_rest), FIRTH_OK);
        EXPECT_EQUAL(explore_run(2000), FIRTH_OK);
        EXPECT_EQUAL(mail.taken, arrived);
        EXPECT_EQUAL(mail.errors_told, mail.errors);
    }
    EXPECT((mail.taken & ~arrived) == 0);
    EXPECT(mail.errors_told <= mail.errors);
    EXPECT_EQUAL(explore_close_rest(), FIRTH_OK);
    explore_peer_close(FIRTH_CLOSE_NORMAL);
    return explore_run(1000);
}

/* ---- the peer receives ------------------------------------------------------------------------------------------- */

static void receive_as_peer(void)
{
    unsigned char bytes[OWN_BYTES];
    firth_datagram in = {.bytes = bytes, .capacity = sizeof bytes};
    firth_op op;

    while (it.has_peer) {
        op = (firth_op){.kind = FIRTH_OP_RECEIVE_DATAGRAMS, .attempt_only = true, .piece_count = 1, .io = &it.peer};
        op.with.datagrams = &in;
        (void)firth_backend_sim.submit(&op);
        if (op.result != 1)
            return;
        take(&in, OWN_BYTES);
    }
}

/* What had to wait need not any more. */
static void let_go_on(void)
{
    pass(1);
}

static void let_arrive(void)
{
    pass(3);
    receive_as_peer();
}

static void lose_what_was_sent(void)
{
    lose_those_under_way();
    pass(3);
}

static int64_t send_some(unsigned count)
{
    static unsigned char bytes[SENT_AT_ONCE][OWN_BYTES];
    firth_datagram out[SENT_AT_ONCE];
    unsigned first = mail.numbered;
    int64_t n;

    mail.numbered += count;
    for (unsigned i = 0; i < count; i++) {
        fill(bytes[i], OWN_BYTES, first + i);
        out[i] = (firth_datagram){.bytes = bytes[i], .size = OWN_BYTES};
    }
    n = count > 1 ? firth_send_many(it.datagrams, out, count) : firth_send(it.datagrams, out);
    if (count == 1 && n == FIRTH_OK)
        n = 1;
    mail.errors_told += n == FIRTH_ERR_REFUSED;
    if (it.datagrams == NULL)
        mail.untold |= ((1u << count) - 1) << first;
    else if (n > 0)
        mail.accepted |= ((1u << n) - 1) << first;
    return n;
}

static int64_t send_one(firth_scope *within)
{
    (void)within;
    return send_some(1);
}

static int64_t send_several(firth_scope *within)
{
    (void)within;
    return send_some(SENT_AT_ONCE);
}

static int hear_the_rest(firth_scope *scope, void *argument)
{
    firth_scope_options limit = {.timeout_ms = 1000};
    firth_scope within;
    char byte;
    int64_t n;

    (void)argument;
    firth_scope_open(&within, scope, &limit);
    do {
        n = firth_receive_from(it.datagrams, &byte, 1, NULL);
        mail.errors_told += n == FIRTH_ERR_REFUSED;
    } while (n == FIRTH_ERR_REFUSED && mail.errors_told <= mail.errors + (int)mail.numbered);
    EXPECT_EQUAL(firth_scope_close(&within, (int)n), FIRTH_ERR_TIMED_OUT);
    return FIRTH_OK;
}

/* What a send told to be sent arrives, once and in order, and nothing else does - but for what was lost, or came to a
 * peer that had gone, whose errors are not counted. */
static int finish_sending(void)
{
    EXPECT_EQUAL(explore_run(DEADLINE_MS + 1000), FIRTH_OK);
    EXPECT(!it.is_running);
    if (!it.is_closed) {
        EXPECT_EQUAL(explore_spawn(hear_the_rest), FIRTH_OK);
        EXPECT_EQUAL(explore_run(2000), FIRTH_OK);
        if (!it.is_peer_ended)
            EXPECT_EQUAL(mail.errors_told, mail.errors);
    }
    EXPECT_EQUAL(explore_close_rest(), FIRTH_OK);
    EXPECT_EQUAL(explore_run(1000), FIRTH_OK);
    receive_as_peer();
    EXPECT(((mail.taken | mail.lost) & ~(mail.accepted | mail.untold)) == 0);
    if (!it.is_peer_ended)
        EXPECT_EQUAL(mail.accepted & ~(mail.taken | mail.lost), 0);
    explore_peer_close(FIRTH_CLOSE_NORMAL);
    return explore_run(1000);
}

/* ---- the kinds --------------------------------------------------------------------------------------------------- */

/* That the peer has gone nobody notices who does not send to it. */
#define RECEIVING_ACTIONS "stpflcCdxaAr"
#define SENDING_ACTIONS   "stpflcCdxaAre"

#define RECEIVING(what, how, least)                                                                                    \
    {                                                                                                                  \
        .name = what, .actions = RECEIVING_ACTIONS, .open = open_datagrams, .operate = how,                            \
        .partial = send_one_that_fits, .complete = send_one_too_long, .lose = send_one_that_is_lost,                   \
        .reset = hear_of_nobody, .finish = finish_receiving, .states_least = least                                     \
    }

/* A simulated socket has room for every datagram: that it must wait is the host's fault. */
#define SENDING(what, how, least)                                                                                      \
    {                                                                                                                  \
        .name = what, .actions = SENDING_ACTIONS, .is_delayed = true, .open = open_datagrams, .operate = how,          \
        .partial = let_go_on, .complete = let_arrive, .lose = lose_what_was_sent, .reset = hear_of_nobody,             \
        .end = end_by_peer, .finish = finish_sending, .states_least = least                                            \
    }

const explored_kind explored_datagrams[] = {
    RECEIVING("receive_datagram", receive_one, 5000),
    RECEIVING("receive_datagrams", receive_several, 5000),
    SENDING("send_datagram", send_one, 600),
    SENDING("send_datagrams", send_several, 1000),
};
