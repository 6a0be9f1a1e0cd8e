/* SPDX-License-Identifier: Apache-2.0 */
/* lwIP's memory at its limit, pool by pool, and its heap, over a wire: what is asked for meanwhile works, or is an error, or
 * waits; nothing is lost of what an op has said was sent; and afterwards everything works. */
#include <lwip/mem.h>
#include <lwip/memp.h>
#include <lwip/priv/tcp_priv.h>
#include <stdatomic.h>

#include "tests/lwip/lock.h"
#include "tests/lwip/talk.h"

/* The deadline is short since most that cannot go on waits; what is said is more than one segment. */
enum { MEANWHILE_MS = 60, SAID = 20000, DATAGRAM = 3000 };

/* ---- the heap ---------------------------------------------------------------------------------------------------- */

static atomic_bool is_heap_empty;

void *__real_mem_malloc(mem_size_t size);
void *__wrap_mem_malloc(mem_size_t size);

/* The linker leads all calls of lwIP's own here. */
void *__wrap_mem_malloc(mem_size_t size)
{
    return is_heap_empty ? NULL : __real_mem_malloc(size);
}

/* ---- a pool ------------------------------------------------------------------------------------------------------ */

typedef struct block {
    struct block *next;
} block;

static block *taken;

static const char *const names[MEMP_MAX] = {
#define LWIP_MEMPOOL(name, number, size, text) [MEMP_##name] = #name,
#include <lwip/priv/memp_std.h>
};

static void take_all(memp_t kind)
{
    block *one;

    while ((one = memp_malloc(kind)) != NULL) {
        one->next = taken;
        taken = one;
    }
}

static void give_back(memp_t kind)
{
    while (taken != NULL) {
        block *one = taken;

        taken = one->next;
        memp_free(kind, one);
    }
}

/* ---- what goes on ------------------------------------------------------------------------------------------------ */

/* How it may end when there is no memory of some kind. */
static bool is_expected(int rc)
{
    return rc >= 0 || rc == FIRTH_ERR_TIMED_OUT || rc == FIRTH_ERR_NO_BUFFERS || rc == FIRTH_ERR_TOO_MANY_OPEN ||
           rc == FIRTH_ERR_NETWORK_UNREACHABLE || rc == FIRTH_ERR_NO_MEMORY || rc == FIRTH_ERR_CANCELED;
}

/* A connection by IPv6, a group, datagrams in fragments, another connection: something of each pool. */
static int use_it_all(firth_scope *scope, void *argument)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    talk_conversation mine = {.host = "fd00::2", .size = SAID};
    firth_datagram_socket *socket;
    firth_address group;
    int rc;

    (void)argument;
    if ((rc = firth_udp_bind(&udp, "0.0.0.0", 0, &socket)) < 0)
        return rc;
    firth_scope_own_datagram_socket(scope, socket);
    if ((rc = firth_address_make(&group, "239.192.7.2", 0)) < 0 ||
        (rc = firth_multicast_join(socket, &group, netif_get_index(&talk_wire.netif), NULL)) < 0 ||
        (rc = talk_echo_datagram(socket, "10.0.0.2", DATAGRAM)) < 0)
        return rc;
    if ((rc = talk_converse(scope, &mine)) < 0)
        return rc;
    mine.host = "10.0.0.2";
    return talk_converse(scope, &mine);
}

/* No failures are noted meanwhile but of what came wrong: the codes are looked at here. */
static int ask_meanwhile(firth_scope *scope, void *argument)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *datagrams;
    firth_address to, group;
    firth_socket *socket;
    uint8_t bytes[DATAGRAM];
    int rc;

    (void)argument;
    rc = talk_connect(scope, "10.0.0.2", PEER_ECHO, &socket);
    if (rc >= 0) {
        firth_scope_own_socket(scope, socket);
        support_fill(bytes, sizeof bytes, 0);
        rc = firth_write(firth_socket_output(socket), bytes, sizeof bytes);
        if (rc >= 0)
            rc = firth_flush(firth_socket_output(socket));
    }
    EXPECT(is_expected(rc));
    rc = firth_udp_bind(&udp, "0.0.0.0", 0, &datagrams);
    EXPECT(is_expected(rc));
    if (rc < 0)
        return rc;
    firth_scope_own_datagram_socket(scope, datagrams);
    EXPECT_EQUAL(firth_address_make(&to, "10.0.0.2", PEER_ECHO), FIRTH_OK);
    EXPECT_EQUAL(firth_address_make(&group, "239.192.7.2", 0), FIRTH_OK);
    rc = firth_send_to(datagrams, bytes, sizeof bytes, &to);
    EXPECT(is_expected(rc));
    rc = firth_multicast_join(datagrams, &group, netif_get_index(&talk_wire.netif), NULL);
    EXPECT(is_expected(rc));
    return (int)firth_receive_from(datagrams, bytes, sizeof bytes, NULL);
}

static int meanwhile(void)
{
    int rc = firth_with_timeout(MEANWHILE_MS, ask_meanwhile, NULL);

    EXPECT(is_expected(rc));
    return FIRTH_OK;
}

/* lwIP would take blocks in TIME_WAIT for new ones. */
static void end_time_wait(void)
{
    LOCKED(while (tcp_tw_pcbs != NULL) tcp_abort(tcp_tw_pcbs));
}

TALK_TEST(each_pool_of_lwips_may_be_empty_and_the_next_conversation_works)
{
    int rc = use_it_all(scope, NULL);

    EXPECT_EQUAL(rc, FIRTH_OK);
    for (int kind = 0; rc >= 0 && kind < MEMP_MAX; kind++) {
        if (kind == MEMP_SYS_TIMEOUT) /* it has one for each timer there can be */
            continue;
        end_time_wait();
        take_all((memp_t)kind);
        rc = meanwhile();
        give_back((memp_t)kind);
        if (rc >= 0)
            rc = use_it_all(scope, NULL);
        if (rc < 0)
            (void)support_differs(__FILE__, __LINE__, names[kind], rc, FIRTH_OK);
    }
    return rc;
}

TALK_TEST(lwips_heap_may_be_empty_and_the_next_conversation_works)
{
    int rc;

    EXPECT_EQUAL(use_it_all(scope, NULL), FIRTH_OK);
    is_heap_empty = true;
    rc = meanwhile();
    is_heap_empty = false;
    EXPECT_EQUAL(rc, FIRTH_OK);
    return use_it_all(scope, NULL);
}

/* ---- a conversation in which it happens -------------------------------------------------------------------------- */

/* As often as it is short, so long as the conversation lasts; the first time until a frame has met it. */
enum { ROUNDS_MAX = 10, SHORT_MS = 10, FIRST_FRAME_MS = 5000 };

static memp_t kind_of_now;
static bool is_said;

/* On a busy machine frames may be late. */
static bool is_met(void)
{
    return kind_of_now != MEMP_PBUF_POOL || talk_wire.refused > 0 || is_said;
}

static int empty_and_refill(firth_scope *scope, void *argument)
{
    (void)scope;
    (void)argument;
    for (int i = 0; i < ROUNDS_MAX && !is_said; i++) {
        EXPECT_EQUAL(firth_sleep(1), FIRTH_OK);
        take_all(kind_of_now);
        for (int ms = 0; ms < SHORT_MS || (ms < FIRST_FRAME_MS && !is_met()); ms++)
            EXPECT_EQUAL(firth_sleep(1), FIRTH_OK);
        give_back(kind_of_now);
    }
    return FIRTH_OK;
}

static int converse_while_it_is_short(firth_scope *scope, memp_t kind)
{
    talk_conversation mine = {.host = "10.0.0.2", .size = 200 * SAID};
    firth_scope both;

    kind_of_now = kind;
    is_said = false;
    firth_scope_open(&both, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&both, empty_and_refill, NULL, NULL), FIRTH_OK);
    EXPECT_EQUAL(talk_converse(&both, &mine), FIRTH_OK);
    is_said = true;
    return firth_scope_close(&both, FIRTH_OK);
}

TALK_TEST(a_conversation_goes_on_when_segments_were_short)
{
    return converse_while_it_is_short(scope, MEMP_TCP_SEG);
}

/* Frames that came meanwhile are lost, and sent again. */
TALK_TEST(a_conversation_goes_on_when_buffers_for_frames_were_short)
{
    int rc = converse_while_it_is_short(scope, MEMP_PBUF_POOL);

    EXPECT(talk_wire.refused > 0);
    return rc;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TALK_PLUGGED(each_pool_of_lwips_may_be_empty_and_the_next_conversation_works),
        TALK_PLUGGED(lwips_heap_may_be_empty_and_the_next_conversation_works),
        TALK_PLUGGED(a_conversation_goes_on_when_segments_were_short),
        TALK_PLUGGED(a_conversation_goes_on_when_buffers_for_frames_were_short),
    };
    int code;

    if (peer_is_asked_for(argc, argv, &code))
        return code;
    return support_main(argc, argv, "lwip_memory", tests, sizeof tests / sizeof tests[0]);
}
