/* SPDX-License-Identifier: Apache-2.0 */
/* A microcontroller in trouble: baremetal_faults WORD, one of those at the end. Its peers are at 10.0.2.100: an echo at
 * port 7, and by TLS one that answers anything, at port 4433. "ask: unplug" and "ask: plug" in the output are for whoever
 * holds the cable. What goes wrong has to be an error, and has to be over when its cause is. */
#include <firth/board.h>
#include <firth/firth.h>
#include <firth/port.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lwip/mem.h>
#include <lwip/memp.h>
#include <lwip/netif.h>
#include <lwip/priv/tcp_priv.h>

#include "tests/baremetal/report.h"

#define PEER "10.0.2.100"

enum { ECHO_PORT = 7, PART_BYTES = 1000, SOME_BYTES = 5000, MANY_BYTES = 200 * 1000, PATIENCE_MS = 30000, TRIES = 60 };

/* ---- a conversation ------------------------------------------------------------------------------------------------- */

static uint8_t sent[PART_BYTES], received[PART_BYTES];

static int open_echo(firth_scope *scope, firth_socket **socket)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));

    tcp.auto_flush = true;
    return firth_tcp_connect(&tcp, PEER, ECHO_PORT, socket);
}

static int ask_and_compare(firth_socket *socket, size_t size, uint8_t first)
{
    int64_t rc;

    for (size_t i = 0; i < size; i++)
        sent[i] = (uint8_t)(first + i);
    if ((rc = firth_write(firth_socket_output(socket), sent, size)) < 0 ||
        (rc = firth_flush(firth_socket_output(socket))) < 0 ||
        (rc = firth_read_fully(firth_socket_input(socket), received, size)) < 0)
        return (int)rc;
    return memcmp(sent, received, size) == 0 ? FIRTH_OK : FIRTH_ERR_SYSTEM;
}

/* That many bytes go to the echo and come back, by a connection of their own. */
static int converse(firth_scope *scope, void *argument)
{
    const size_t *bytes = argument;
    firth_socket *socket;
    int rc = open_echo(scope, &socket);

    if (rc < 0)
        return rc;
    for (size_t at = 0; rc >= 0 && at < *bytes; at += PART_BYTES)
        rc = ask_and_compare(socket, PART_BYTES, (uint8_t)(at / PART_BYTES));
    if (rc < 0)
        firth_socket_abort(socket);
    else
        rc = firth_socket_close(socket);
    return rc;
}

static int converse_within(int64_t timeout_ms)
{
    static size_t bytes = SOME_BYTES;

    return firth_with_timeout(timeout_ms, converse, &bytes);
}

/* ---- the cable ------------------------------------------------------------------------------------------------------ */

/* Until a conversation comes to that, or it never does. */
static bool comes_to(int code, int64_t timeout_ms)
{
    for (int i = 0; i < TRIES; i++)
        if (converse_within(timeout_ms) == code)
            return true;
    return false;
}

static int ask_held(firth_scope *scope, void *argument)
{
    (void)scope;
    return ask_and_compare(argument, 1, 'x');
}

static int hear_held(firth_scope *scope, void *argument)
{
    (void)scope;
    return (int)firth_read(firth_socket_input(argument), received, 1);
}

static int test_link(firth_scope *scope, void *argument)
{
    firth_socket *held;

    (void)argument;
    if (open_echo(scope, &held) < 0 || ask_and_compare(held, 1, 'a') < 0)
        return FIRTH_ERR_NOT_CONNECTED;
    firth_scope_own_socket(scope, held);
    printf("ask: unplug\n");
    check(comes_to(FIRTH_ERR_TIMED_OUT, 1000), "without a cable a connect times out");
    check(firth_with_timeout(1000, ask_held, held) == FIRTH_ERR_TIMED_OUT, "and so does a question to whom we know");
    printf("ask: plug\n");
    check(comes_to(FIRTH_OK, 1000), "with the cable back the next connection works");
    check(firth_with_timeout(PATIENCE_MS, hear_held, held) == 1 && received[0] == 'x',
          "and the question is answered that was asked meanwhile");
    return FIRTH_OK;
}

/* ---- loss ----------------------------------------------------------------------------------------------------------- */

static netif_input_fn real_input;
static netif_linkoutput_fn real_output;
static unsigned lost, passed;

/* Of twenty frames one, in no order that TCP could fall into step with. */
static bool is_lost(void)
{
    static uint32_t chance = 1;
    bool is = false;

    chance = chance * 1664525 + 1013904223;
    is = (chance >> 16) % 20 == 0;
    lost += is;
    passed += !is;
    return is;
}

static err_t lossy_input(struct pbuf *frame, struct netif *netif)
{
    if (!is_lost())
        return real_input(frame, netif);
    (void)pbuf_free(frame);
    return ERR_OK;
}

static err_t lossy_output(struct netif *netif, struct pbuf *frame)
{
    return is_lost() ? ERR_OK : real_output(netif, frame);
}

static int test_loss(firth_scope *scope, void *argument)
{
    size_t bytes = MANY_BYTES;

    (void)scope;
    (void)argument;
    real_input = netif_default->input;
    real_output = netif_default->linkoutput;
    netif_default->input = lossy_input;
    netif_default->linkoutput = lossy_output;
    check(firth_with_timeout(4 * PATIENCE_MS, converse, &bytes) == FIRTH_OK, "an echo is whole though 5 % are lost");
    check(lost > 0 && passed / lost < 40, "and they were");
    netif_default->input = real_input;
    netif_default->linkoutput = real_output;
    check(converse_within(PATIENCE_MS) == FIRTH_OK, "the next connection works");
    return FIRTH_OK;
}

/* ---- lwIP's memory -------------------------------------------------------------------------------------------------- */

typedef struct block {
    struct block *next;
} block;

static block *taken;

static void take(void *memory)
{
    block *one = memory;

    one->next = taken;
    taken = one;
}

static block *give(void)
{
    block *one = taken;

    taken = one->next;
    return one;
}

static const char *const pool_names[MEMP_MAX] = {
#define LWIP_MEMPOOL(name, number, size, text) [MEMP_##name] = #name,
#include <lwip/priv/memp_std.h>
};

/* How what is asked for may end where there is no memory of some kind. */
static bool is_expected(int rc)
{
    return rc == FIRTH_OK || rc == FIRTH_ERR_TIMED_OUT || rc == FIRTH_ERR_NO_BUFFERS || rc == FIRTH_ERR_TOO_MANY_OPEN ||
           rc == FIRTH_ERR_NO_MEMORY || rc == FIRTH_ERR_NETWORK_UNREACHABLE;
}

static int bind_datagrams(firth_scope *scope)
{
    firth_udp_builder udp = firth_udp(firth_scope_selector(scope));
    firth_datagram_socket *socket;
    int rc = firth_udp_bind(&udp, "0.0.0.0", 0, &socket);

    if (rc >= 0)
        firth_datagram_socket_close(socket);
    return rc;
}

static int listen_somewhere(firth_scope *scope)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_server *server;
    int rc = firth_tcp_bind(&tcp, "0.0.0.0", 0, &server);

    if (rc >= 0)
        firth_server_close(server);
    return rc;
}

/* With the memory of that name gone, and with it back. */
static void check_without(firth_scope *scope, const char *name, void (*give_back)(int kind), int kind)
{
    const int connection = converse_within(2000), datagrams = bind_datagrams(scope), server = listen_somewhere(scope);
    char what[160];

    give_back(kind);
    (void)snprintf(what, sizeof what, "without %s: a connection came to %s, a datagram socket to %s, a server to %s",
                   name, firth_error_name(connection), firth_error_name(datagrams), firth_error_name(server));
    check(is_expected(connection) && is_expected(datagrams) && is_expected(server), what);
    (void)snprintf(what, sizeof what, "with %s again the next of each works", name);
    check(converse_within(PATIENCE_MS) == FIRTH_OK && bind_datagrams(scope) == FIRTH_OK &&
              listen_somewhere(scope) == FIRTH_OK,
          what);
}

static void give_back_pool(int kind)
{
    while (taken != NULL)
        memp_free((memp_t)kind, give());
}

static void give_back_heap(int kind)
{
    (void)kind;
    while (taken != NULL)
        mem_free(give());
}

/* lwIP would take blocks in TIME_WAIT for new ones. */
static void end_time_wait(void)
{
    while (tcp_tw_pcbs != NULL)
        tcp_abort(tcp_tw_pcbs);
}

static int test_pools(firth_scope *scope, void *argument)
{
    void *memory;

    (void)argument;
    for (int kind = 0; kind < MEMP_MAX; kind++) {
        if (kind == MEMP_SYS_TIMEOUT) /* it has one for each timer there can be */
            continue;
        end_time_wait();
        while ((memory = memp_malloc((memp_t)kind)) != NULL)
            take(memory);
        check_without(scope, pool_names[kind], give_back_pool, kind);
    }
    for (mem_size_t size = 4096; size >= sizeof(block); size /= 2)
        while ((memory = mem_malloc(size)) != NULL)
            take(memory);
    check_without(scope, "the heap", give_back_heap, 0);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    static const report_part all[] = {
        {"link", test_link},
        {"loss", test_loss},
        {"pools", test_pools},
#ifdef FAULTS_HAS_TLS
        {"tls", test_tls},
#endif
    };

    return report_run(argc, argv, all, sizeof all / sizeof all[0]);
}
