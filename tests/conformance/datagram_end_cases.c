/* SPDX-License-Identifier: Apache-2.0 */
/* How waits for datagrams end, and what may be set on their sockets. */
#include "tests/conformance/datagrams.h"

static uint8_t *bytes_of(size_t size, uint64_t offset)
{
    uint8_t *bytes = fth_kit_keep(size + 1);

    fth_kit_fill(bytes, size, offset);
    return bytes;
}

typedef struct receiver {
    firth_datagram_socket *socket;
    int64_t result;
    kit_event ended;
    uint8_t bytes[16];
} receiver;

static int receive_one(firth_scope *scope, void *argument)
{
    receiver *it = argument;

    (void)scope;
    it->result = firth_receive_from(it->socket, it->bytes, sizeof it->bytes, NULL);
    fth_kit_tell(&it->ended);
    fth_kit_note_result(it->result);
    return FIRTH_OK;
}

static int closing_wakes_a_receiver_and_frees_the_port(firth_scope *scope)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    receiver *it = fth_kit_keep(sizeof *it);
    firth_datagram_socket *again;
    firth_address at;

    TRY(firth_udp_bind(&udp, "127.0.0.1", 0, &it->socket));
    TRY(firth_datagram_socket_local_address(it->socket, &at));
    TRY(firth_spawn(scope, receive_one, it, NULL));
    TRY(fth_kit_turn());
    firth_datagram_socket_close(it->socket);
    TRY(fth_kit_await(&it->ended));
    EXPECT_RESULT(it->result, FIRTH_ERR_CLOSED);
    TRY(firth_udp_bind(&udp, "127.0.0.1", at.port, &again));
    firth_datagram_socket_close(again);
    return FIRTH_OK;
}

static int a_deadline_loses_no_datagram(firth_scope *scope)
{
    firth_datagram sent = {.bytes = bytes_of(8, 1), .size = 8}, got = {.bytes = fth_kit_keep(8), .capacity = 8};
    kit_datagrams pair;

    TRY(fth_kit_datagrams(scope, &pair));
    sent.address = pair.b_at;
    for (int i = 0; i < 5; i++) {
        EXPECT_RESULT(fth_kit_receive_datagram(pair.b, &got), FIRTH_ERR_TIMED_OUT);
        TRY(fth_kit_exchange(pair.a, &sent, pair.b, &got));
        /* Whatever was sent more than once on the way. */
        while (fth_kit_receive_datagram(pair.b, &got) >= 0)
            ;
    }
    return FIRTH_OK;
}

static int options_of_datagrams_are_read_back_or_refused_by_name(firth_scope *scope)
{
    static const struct {
        firth_option option;
        int value;
    } options[] = {
        {FIRTH_OPTION_BROADCAST, 1},           {FIRTH_OPTION_DONT_FRAGMENT, 1},  {FIRTH_OPTION_PACKET_INFO, 1},
        {FIRTH_OPTION_RECEIVE_HOP_LIMIT, 1},   {FIRTH_OPTION_RECEIVE_ECN, 1},    {FIRTH_OPTION_HOP_LIMIT, 9},
        {FIRTH_OPTION_MULTICAST_HOP_LIMIT, 7}, {FIRTH_OPTION_MULTICAST_LOOP, 0},
    };
    kit_datagrams pair;

    TRY(fth_kit_datagrams(scope, &pair));
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        int value = -1, rc = firth_datagram_socket_set_option(pair.a, options[i].option, options[i].value);

        if (rc == FIRTH_ERR_NOT_SUPPORTED) {
            EXPECT(strncmp(firth_last_failure()->step, "option ", 7) == 0);
            continue;
        }
        TRY(rc);
        TRY(firth_datagram_socket_get_option(pair.a, options[i].option, &value));
        EXPECT_RESULT(value, options[i].value);
    }
    return FIRTH_OK;
}

/* What a system cannot send it refuses by name, and then that is sent without. */
static int send_with(firth_datagram_socket *from, firth_datagram *sent)
{
    firth_datagram_control *wanted = sent->control;

    for (int tries = 0; tries < 3; tries++) {
        int rc = firth_send(from, sent);

        if (rc != FIRTH_ERR_NOT_SUPPORTED)
            return rc;
        if (strcmp(firth_last_failure()->step, "hop_limit") == 0 && wanted->hop_limit >= 0)
            wanted->hop_limit = -1;
        else if (strcmp(firth_last_failure()->step, "ecn") == 0 && wanted->ecn >= 0)
            wanted->ecn = -1;
        else
            return rc;
    }
    return FIRTH_OK;
}

static int controls_tell_what_was_asked_for(firth_scope *scope)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_control wanted = firth_datagram_control_none(), told = wanted;
    firth_datagram sent = {.bytes = bytes_of(8, 1), .size = 8, .control = &wanted};
    firth_datagram got = {.bytes = fth_kit_keep(8), .capacity = 8, .control = &told};
    firth_datagram_socket *from, *to;
    firth_address at;
    int rc;

    TRY(fth_kit_datagram_socket(scope, &udp, &from, &at));
    udp.packet_info = udp.receive_hop_limit = udp.receive_ecn = true;
    rc = firth_udp_bind(&udp, "127.0.0.1", 0, &to);
    if (rc == FIRTH_ERR_NOT_SUPPORTED)
        return fth_kit_not_applicable(firth_last_failure()->step);
    TRY(rc);
    firth_scope_own_datagram_socket(scope, to);
    TRY(firth_datagram_socket_local_address(to, &at));
    sent.address = at;
    for (int16_t ecn = 0; ecn <= 3; ecn++) {
        wanted.ecn = ecn;
        wanted.hop_limit = (int16_t)(10 + ecn);
        ((uint8_t *)sent.bytes)[0] = (uint8_t)(100 + ecn);
        TRY(send_with(from, &sent));
        ((uint8_t *)sent.bytes)[0] = (uint8_t)ecn; /* so that it is not taken for the one that is looked at */
        TRY(fth_kit_exchange(from, &sent, to, &got));
        EXPECT(told.ecn == wanted.ecn || (wanted.ecn < 0 && told.ecn >= 0));
        EXPECT(told.hop_limit == wanted.hop_limit || (wanted.hop_limit < 0 && told.hop_limit > 0));
        at.port = 0;
        EXPECT(firth_address_equal(&told.local, &at));
        EXPECT(told.interface_index != 0);
    }
    return FIRTH_OK;
}

const kit_case fth_kit_datagram_end_cases[] = {
    KIT_DATAGRAM_CASE(closing_wakes_a_receiver_and_frees_the_port),
    KIT_DATAGRAM_CASE(a_deadline_loses_no_datagram),
    KIT_DATAGRAM_CASE(options_of_datagrams_are_read_back_or_refused_by_name),
    KIT_DATAGRAM_CASE(controls_tell_what_was_asked_for),
    {.name = NULL},
};
