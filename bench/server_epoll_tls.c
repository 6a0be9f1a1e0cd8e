/* SPDX-License-Identifier: Apache-2.0 */
/* The yardstick over TLS: an edge-triggered loop around mbedTLS, which is given the socket itself, as its documentation
 * and examples do it (mbedtls_net_send and mbedtls_net_recv, but for the fcntl(2) that those add to each EAGAIN).
 *
 *     server_epoll_tls echo|source16|source1|sink|heap */
#include "bench/server_tls.h"

#include <errno.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/ssl.h>
#include <netinet/tcp.h>
#include <psa/crypto.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "bench/bytes.h"
#include "bench/tls_identity.h"

enum { EVENTS = 256 };

typedef struct client {
    int descriptor;
    bool has_handshaken;
    bool hears_room; /* registered for EPOLLOUT too */
    mbedtls_ssl_context tls;
    unsigned char *behind; /* an answer that mbedTLS wants to be given again */
    size_t behind_size;
    uint64_t owed; /* bytes of the stream that were asked for and not sent */
    uint64_t sent;
    uint64_t count;
} client;

typedef struct server {
    tls_protocol protocol;
    int listener;
    int queue;
    bytes content;
    tls_identity identity;
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
    mbedtls_x509_crt certificate;
    mbedtls_pk_context key;
    mbedtls_ssl_config config;
    unsigned char in[TLS_RECORD_BYTES];
} server;

__attribute__((noreturn)) static void fail(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

static void *allocate(size_t size)
{
    void *memory = malloc(size);

    if (memory == NULL)
        fail("malloc");
    return memory;
}

static void close_client(client *gone)
{
    mbedtls_ssl_free(&gone->tls);
    (void)close(gone->descriptor);
    free(gone->behind);
    free(gone);
}

/* ---- mbedTLS's way to the socket --------------------------------------------------------------------------------- */

static int send_to(void *context, const unsigned char *from, size_t size)
{
    const client *to = context;
    ssize_t n = send(to->descriptor, from, size, MSG_NOSIGNAL);

    if (n >= 0)
        return (int)n;
    return errno == EAGAIN ? MBEDTLS_ERR_SSL_WANT_WRITE : MBEDTLS_ERR_SSL_CONN_EOF;
}

static int receive_from(void *context, unsigned char *to, size_t size)
{
    const client *from = context;
    ssize_t n = recv(from->descriptor, to, size, 0);

    if (n >= 0)
        return (int)n;
    return errno == EAGAIN ? MBEDTLS_ERR_SSL_WANT_READ : MBEDTLS_ERR_SSL_CONN_EOF;
}

/* What mbedTLS returned: true if it is only to be called again at an event. */
static bool waits(const server *self, client *for_it, int returned)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = for_it};

    if (returned == MBEDTLS_ERR_SSL_WANT_WRITE && !for_it->hears_room) {
        for_it->hears_room = true;
        if (epoll_ctl(self->queue, EPOLL_CTL_MOD, for_it->descriptor, &event) != 0)
            fail("epoll_ctl");
    }
    return returned == MBEDTLS_ERR_SSL_WANT_WRITE || returned == MBEDTLS_ERR_SSL_WANT_READ;
}

/* ---- sending: each false when nothing more can be sent now, or the client is gone ---------------------------------- */

/* mbedTLS wants the bytes that it could not send again, so they are kept. */
static bool send_bytes(const server *self, client *to, const unsigned char *from, size_t size)
{
    while (size > 0) {
        int n = mbedtls_ssl_write(&to->tls, from, size);

        if (n < 0 && !waits(self, to, n)) {
            close_client(to);
            return false;
        }
        if (n < 0) {
            unsigned char *kept = allocate(size);

            memcpy(kept, from, size);
            free(to->behind);
            to->behind = kept;
            to->behind_size = size;
            return false;
        }
        from += n;
        size -= (size_t)n;
    }
    return true;
}

static bool send_behind(const server *self, client *to)
{
    unsigned char *kept = to->behind;
    bool done;

    to->behind = NULL;
    done = send_bytes(self, to, kept, to->behind_size);
    free(kept);
    return done;
}

static bool send_owed(const server *self, client *to)
{
    size_t piece = self->protocol == TLS_SOURCE1 ? 1024 : TLS_RECORD_BYTES;

    while (to->owed > 0) {
        size_t size = piece < to->owed ? piece : (size_t)to->owed;
        int n = mbedtls_ssl_write(&to->tls, bytes_at(&self->content, to->sent), size);

        if (n < 0) {
            if (!waits(self, to, n))
                close_client(to);
            return false;
        }
        to->sent += (uint64_t)n;
        to->owed -= (uint64_t)n;
    }
    return true;
}

/* ---- the protocols ----------------------------------------------------------------------------------------------- */

/* False as above. */
static bool take(server *self, client *from, size_t size)
{
    char text[HEAP_TEXT_BYTES + 1];

    switch (self->protocol) {
    case TLS_ECHO:
        return send_bytes(self, from, self->in, size);
    case TLS_SOURCE16:
    case TLS_SOURCE1:
        from->owed += size * SOURCE_PIECE_BYTES;
        return send_owed(self, from);
    case TLS_SINK:
        from->count += size;
        return true;
    case TLS_HEAP:
        server_heap_text(text);
        return send_bytes(self, from, (const unsigned char *)text, HEAP_TEXT_BYTES);
    }
    return true;
}

/* The client has said everything. */
static void finish(const server *self, client *with)
{
    char text[32];
    int size = snprintf(text, sizeof text, "%llu\n", (unsigned long long)with->count);

    if (self->protocol == TLS_SINK && !send_bytes(self, with, (const unsigned char *)text, (size_t)size))
        return;
    (void)mbedtls_ssl_close_notify(&with->tls);
    close_client(with);
}

/* ---- events ------------------------------------------------------------------------------------------------------ */

static void read_client(server *self, client *from)
{
    for (;;) {
        int n = mbedtls_ssl_read(&from->tls, self->in, sizeof self->in);

        if (n == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
            finish(self, from);
            return;
        }
        if (n <= 0) {
            if (n == 0 || !waits(self, from, n))
                close_client(from);
            return;
        }
        if (!take(self, from, (size_t)n))
            return;
    }
}

/* False when it is not over, or the client is gone. */
static bool handshake(const server *self, client *with)
{
    int returned = mbedtls_ssl_handshake(&with->tls);

    with->has_handshaken = returned == 0;
    if (returned != 0 && !waits(self, with, returned))
        close_client(with);
    return returned == 0;
}

static void on_client(server *self, client *of)
{
    if (!of->has_handshaken && !handshake(self, of))
        return;
    if (of->behind != NULL && !send_behind(self, of))
        return;
    if (of->owed > 0 && !send_owed(self, of))
        return;
    read_client(self, of);
}

static void accept_clients(const server *self)
{
    int descriptor;

    while ((descriptor = accept4(self->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        client *made = allocate(sizeof *made);
        struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = made};

        *made = (client){.descriptor = descriptor};
        mbedtls_ssl_init(&made->tls);
        if (mbedtls_ssl_setup(&made->tls, &self->config) != 0 ||
            epoll_ctl(self->queue, EPOLL_CTL_ADD, descriptor, &event) != 0) {
            close_client(made);
            continue;
        }
        mbedtls_ssl_set_bio(&made->tls, made, send_to, receive_from, NULL);
    }
}

/* ---- the beginning ----------------------------------------------------------------------------------------------- */

static void configure(server *self)
{
    static const unsigned char salt[] = "server_epoll_tls";

    mbedtls_entropy_init(&self->entropy);
    mbedtls_ctr_drbg_init(&self->random);
    mbedtls_x509_crt_init(&self->certificate);
    mbedtls_pk_init(&self->key);
    mbedtls_ssl_config_init(&self->config);
    if (psa_crypto_init() != PSA_SUCCESS || !tls_identity_make(&self->identity) ||
        mbedtls_ctr_drbg_seed(&self->random, mbedtls_entropy_func, &self->entropy, salt, sizeof salt) != 0 ||
        mbedtls_x509_crt_parse(&self->certificate, (unsigned char *)self->identity.certificate,
                               strlen(self->identity.certificate) + 1) != 0 ||
        mbedtls_pk_parse_key(&self->key, (unsigned char *)self->identity.key, strlen(self->identity.key) + 1, NULL, 0,
                             mbedtls_ctr_drbg_random, &self->random) != 0 ||
        mbedtls_ssl_config_defaults(&self->config, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0 ||
        mbedtls_ssl_conf_own_cert(&self->config, &self->certificate, &self->key) != 0)
        fail("mbedTLS");
    mbedtls_ssl_conf_rng(&self->config, mbedtls_ctr_drbg_random, &self->random);
    mbedtls_ssl_conf_min_tls_version(&self->config, MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_session_tickets(&self->config, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
}

/* Accepted sockets inherit TCP_NODELAY on Linux. */
static void listen_on_loopback(server *self)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = NULL};
    int on = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    self->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (self->listener < 0 || setsockopt(self->listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        bind(self->listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(self->listener, SOMAXCONN) != 0)
        fail("listen");
    self->queue = epoll_create1(EPOLL_CLOEXEC);
    if (self->queue < 0 || epoll_ctl(self->queue, EPOLL_CTL_ADD, self->listener, &event) != 0)
        fail("epoll");
    server_announce(server_port_of(self->listener));
}

static void serve(server *self)
{
    struct epoll_event events[EVENTS];

    for (;;) {
        int count = epoll_wait(self->queue, events, EVENTS, -1);

        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == NULL)
                accept_clients(self);
            else
                on_client(self, events[i].data.ptr);
        }
    }
}

int main(int argc, char **argv)
{
    static server self;

    self.protocol = tls_protocol_of(argc, argv);
    if (!bytes_open(&self.content, false))
        fail("malloc");
    configure(&self);
    listen_on_loopback(&self);
    serve(&self);
    return EXIT_SUCCESS;
}
