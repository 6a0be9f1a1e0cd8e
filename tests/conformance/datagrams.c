/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/conformance/datagrams.h"

enum { TRIES = 50, SETTLED_MS = 20 };

int fth_kit_datagram_socket(firth_scope *scope, const firth_udp_builder *udp, firth_datagram_socket **socket,
                            firth_address *address)
{
    TRY(firth_udp_bind(udp, "127.0.0.1", 0, socket));
    firth_scope_own_datagram_socket(scope, *socket);
    TRY(firth_datagram_socket_local_address(*socket, address));
    return FIRTH_OK;
}

int fth_kit_datagrams(firth_scope *scope, kit_datagrams *pair)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));

    TRY(fth_kit_datagram_socket(scope, &udp, &pair->a, &pair->a_at));
    return fth_kit_datagram_socket(scope, &udp, &pair->b, &pair->b_at);
}

typedef struct receiving {
    firth_datagram_socket *socket;
    firth_datagram *datagram;
} receiving;

static int receive(firth_scope *scope, void *argument)
{
    receiving *it = argument;

    (void)scope;
    return (int)firth_receive(it->socket, it->datagram);
}

int64_t fth_kit_receive_datagram(firth_datagram_socket *socket, firth_datagram *datagram)
{
    receiving it = {.socket = socket, .datagram = datagram};
    int rc = firth_with_timeout(fth_kit_paced_ms(SETTLED_MS), receive, &it);

    /* Cases go on after errors that they expect, and after one that was injected expect nothing any more. */
    fth_kit_note_error(rc);
    return rc;
}

static bool is_the_one(const firth_datagram *sent, const firth_datagram *got)
{
    size_t least = sent->size < got->capacity ? sent->size : got->capacity;

    return got->size == least && (got->whole_size == sent->size || got->truncated) &&
           (least == 0 || memcmp(sent->bytes, got->bytes, least) == 0);
}

int fth_kit_exchange(firth_datagram_socket *from, const firth_datagram *datagram, firth_datagram_socket *to,
                     firth_datagram *got)
{
    int64_t n;

    for (int i = 0; i < TRIES; i++) {
        TRY(firth_send(from, datagram));
        while ((n = fth_kit_receive_datagram(to, got)) >= 0)
            if (is_the_one(datagram, got))
                return FIRTH_OK;
        if (n != FIRTH_ERR_TIMED_OUT)
            return fth_kit_ended(__FILE__, __LINE__, "firth_receive", n);
    }
    return fth_kit_untrue(__FILE__, __LINE__, "what was sent arrives");
}
