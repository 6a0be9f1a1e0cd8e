/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/load_tls.h"

#include <errno.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <poll.h>
#include <psa/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/network.h"

enum { AHEAD_BYTES = 64 * 1024, ANSWER_LIMIT_MS = 20000 };

static mbedtls_entropy_context entropy;
static mbedtls_ctr_drbg_context generator;
static mbedtls_ssl_config config;

__attribute__((noreturn)) static void fail_with(const char *what, int code)
{
    char reason[128];

    mbedtls_strerror(code, reason, sizeof reason);
    fail("%s: %s (-0x%04x)", what, reason, (unsigned)-code);
}

void tls_configure(mbedtls_ssl_protocol_version version)
{
    static const unsigned char salt[] = "load";
    static const uint16_t groups[] = {MBEDTLS_SSL_IANA_TLS_GROUP_X25519, MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1, 0};
    static const int suites[] = {MBEDTLS_TLS1_3_AES_128_GCM_SHA256, MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, 0};

    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&generator);
    mbedtls_ssl_config_init(&config);
    if (psa_crypto_init() != PSA_SUCCESS ||
        mbedtls_ctr_drbg_seed(&generator, mbedtls_entropy_func, &entropy, salt, sizeof salt) != 0 ||
        mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0)
        fail("mbedTLS cannot be started");
    mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &generator);
    mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_NONE);
    mbedtls_ssl_conf_min_tls_version(&config, version);
    mbedtls_ssl_conf_max_tls_version(&config, version);
    mbedtls_ssl_conf_groups(&config, groups);
    mbedtls_ssl_conf_ciphersuites(&config, suites);
}

void tls_unconfigure(void)
{
    mbedtls_ssl_config_free(&config);
    mbedtls_ctr_drbg_free(&generator);
    mbedtls_entropy_free(&entropy);
}

/* ---- mbedTLS's way to the socket --------------------------------------------------------------------------------- */

static int send_now(const tls_stream *to, const unsigned char *from, size_t size)
{
    ssize_t n = send(to->descriptor, from, size, MSG_NOSIGNAL);

    if (n < 0 && errno == EAGAIN)
        return MBEDTLS_ERR_SSL_WANT_WRITE;
    if (n < 0)
        fail("send: %s", strerror(errno));
    return (int)n;
}

/* A new socket has room for a flight. */
static void send_flight(tls_stream *to)
{
    if (to->flight_size > 0 && send_now(to, to->flight, to->flight_size) != (int)to->flight_size)
        fail("a socket has no room for a handshake");
    to->flight_size = 0;
}

static int send_to(void *context, const unsigned char *from, size_t size)
{
    tls_stream *to = context;

    if (mbedtls_ssl_is_handshake_over(&to->tls) || size > sizeof to->flight - to->flight_size) {
        send_flight(to);
        return send_now(to, from, size);
    }
    memcpy(to->flight + to->flight_size, from, size);
    to->flight_size += size;
    return (int)size;
}

/* Reads ahead: the generator must not be what is slow. */
static int receive_from(void *context, unsigned char *to, size_t size)
{
    tls_stream *from = context;

    send_flight(from);
    if (from->ahead_from == from->ahead_to) {
        ssize_t n;

        if (from->drained)
            return MBEDTLS_ERR_SSL_WANT_READ;
        n = recv(from->descriptor, from->ahead, AHEAD_BYTES, 0);
        if (n < 0 && errno == EAGAIN)
            return MBEDTLS_ERR_SSL_WANT_READ;
        if (n < 0)
            fail("recv: %s", strerror(errno));
        if (n == 0)
            return MBEDTLS_ERR_SSL_CONN_EOF;
        from->drained = n < AHEAD_BYTES && !from->has_hung_up;
        from->ahead_from = 0;
        from->ahead_to = (size_t)n;
    }
    size = size < from->ahead_to - from->ahead_from ? size : from->ahead_to - from->ahead_from;
    memcpy(to, from->ahead + from->ahead_from, size);
    from->ahead_from += size;
    return (int)size;
}

void tls_stir(tls_stream *of, uint32_t events)
{
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
        of->has_hung_up = true;
    of->drained = false;
}

static bool waits(int returned)
{
    return returned == MBEDTLS_ERR_SSL_WANT_READ || returned == MBEDTLS_ERR_SSL_WANT_WRITE;
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

void tls_begin(load *self, tls_stream *made, size_t number)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = made};
    int returned;

    *made = (tls_stream){.descriptor = network_connect(self->server.port, number), .start = bytes_start_of(number)};
    made->ahead = malloc(AHEAD_BYTES);
    if (made->ahead == NULL)
        fail("no memory");
    mbedtls_ssl_init(&made->tls);
    if ((returned = mbedtls_ssl_setup(&made->tls, &config)) != 0 ||
        (returned = mbedtls_ssl_set_hostname(&made->tls, "localhost")) != 0)
        fail_with("opening a connection", returned);
    mbedtls_ssl_set_bio(&made->tls, made, send_to, receive_from, NULL);
    if (epoll_ctl(self->queue, EPOLL_CTL_ADD, made->descriptor, &event) != 0)
        fail("epoll_ctl: %s", strerror(errno));
}

bool tls_handshake(tls_stream *of)
{
    int returned = mbedtls_ssl_handshake(&of->tls);

    if (returned != 0 && !waits(returned))
        fail_with("handshake", returned);
    send_flight(of);
    return returned == 0;
}

static void await(tls_stream *of, short events)
{
    if (!network_wait(of->descriptor, events, ANSWER_LIMIT_MS))
        fail("the server says nothing");
    tls_stir(of, EPOLLRDHUP); /* maybe: then no short read is believed */
}

void tls_open(load *self, tls_stream *made, size_t number)
{
    tls_begin(self, made, number);
    await(made, POLLOUT);
    while (!tls_handshake(made))
        await(made, POLLIN);
    made->has_hung_up = false;
}

/* ---- bytes ------------------------------------------------------------------------------------------------------- */

void tls_send(tls_stream *to, const unsigned char *from, size_t size)
{
    while (size > 0) {
        int n = mbedtls_ssl_write(&to->tls, from, size);

        if (n == MBEDTLS_ERR_SSL_WANT_WRITE) {
            if (!network_wait(to->descriptor, POLLOUT, ANSWER_LIMIT_MS))
                fail("the server receives nothing");
            continue;
        }
        if (n < 0)
            fail_with("sending", n);
        from += n;
        size -= (size_t)n;
    }
}

size_t tls_receive(tls_stream *from, unsigned char *to, size_t size)
{
    int n = mbedtls_ssl_read(&from->tls, to, size);

    if (n < 0 && waits(n))
        return 0;
    if (n <= 0)
        fail_with("receiving", n);
    return (size_t)n;
}

void tls_receive_all(tls_stream *from, unsigned char *to, size_t size)
{
    while (size > 0) {
        size_t n = tls_receive(from, to, size);

        if (n == 0)
            await(from, POLLIN);
        to += n;
        size -= n;
    }
    from->has_hung_up = false;
}

/* ---- closing ----------------------------------------------------------------------------------------------------- */

void tls_end(tls_stream *last)
{
    int returned;

    while ((returned = mbedtls_ssl_close_notify(&last->tls)) == MBEDTLS_ERR_SSL_WANT_WRITE)
        await(last, POLLOUT);
    if (returned != 0)
        fail_with("close_notify", returned);
    if (shutdown(last->descriptor, SHUT_WR) != 0)
        fail("shutdown: %s", strerror(errno));
}

bool tls_has_ended(tls_stream *last)
{
    unsigned char more;
    int n;

    if (!last->has_ended) {
        n = mbedtls_ssl_read(&last->tls, &more, 1);
        if (n < 0 && waits(n))
            return false;
        if (n != MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
            fail("more came than the whole answer, or the end without a close_notify (%d)", n);
        last->has_ended = true;
    }
    n = receive_from(last, &more, 1);
    if (n == MBEDTLS_ERR_SSL_WANT_READ)
        return false;
    if (n != MBEDTLS_ERR_SSL_CONN_EOF)
        fail("more came after the server's close_notify");
    return true;
}

void tls_close(tls_stream *gone)
{
    while (!tls_has_ended(gone))
        await(gone, POLLIN);
    tls_free(gone);
}

void tls_free(tls_stream *gone)
{
    (void)close(gone->descriptor);
    mbedtls_ssl_free(&gone->tls);
    free(gone->ahead);
}
