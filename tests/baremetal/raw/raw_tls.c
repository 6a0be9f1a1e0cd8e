/* SPDX-License-Identifier: Apache-2.0 */
/* Shakes hands with a client, asks its name, and ends with it: port 9443. One client at a time has the context. */
#include <firth/board.h>
#include <firth/port.h>
#include <mbedtls/pk.h>
#include <mbedtls/psa_util.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ticket.h>
#include <psa/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "tests/baremetal/raw/raw.h"

typedef struct client {
    struct tcp_pcb *pcb; /* NULL: it is gone */
    struct pbuf *received;
    mbedtls_ssl_context ssl;
    bool has_end;
    bool was_asked;
    bool is_used;
} client;

static const char question[] = "Please enter your name\n";
static client clients[2]; /* the next may be there before the last has gone */
static mbedtls_ssl_config config;
static mbedtls_x509_crt certificate;
static mbedtls_pk_context key;
static mbedtls_ssl_ticket_context tickets;

static int send_some(void *argument, const unsigned char *bytes, size_t size)
{
    client *self = argument;

    if (self->pcb == NULL)
        return MBEDTLS_ERR_SSL_CONN_EOF;
    size = LWIP_MIN(size, tcp_sndbuf(self->pcb));
    if (size == 0 || tcp_write(self->pcb, bytes, (u16_t)size, TCP_WRITE_FLAG_COPY) != ERR_OK)
        return MBEDTLS_ERR_SSL_WANT_WRITE;
    return (int)size;
}

static int receive_some(void *argument, unsigned char *bytes, size_t size)
{
    client *self = argument;
    u16_t count;

    if (self->received == NULL)
        return self->has_end ? 0 : MBEDTLS_ERR_SSL_WANT_READ;
    count = pbuf_copy_partial(self->received, bytes, (u16_t)LWIP_MIN(size, 0xffff), 0);
    self->received = pbuf_free_header(self->received, count);
    if (self->pcb != NULL)
        tcp_recved(self->pcb, count);
    return count;
}

static void end(client *self)
{
    struct tcp_pcb *pcb = self->pcb;

    (void)mbedtls_ssl_close_notify(&self->ssl);
    mbedtls_ssl_free(&self->ssl);
    if (self->received != NULL)
        (void)pbuf_free(self->received);
    self->is_used = false;
    if (pcb == NULL)
        return;
    tcp_arg(pcb, NULL);
    tcp_recv(pcb, NULL);
    tcp_err(pcb, NULL);
    if (tcp_close(pcb) != ERR_OK)
        tcp_abort(pcb);
}

static bool is_waiting(int rc)
{
    return rc == MBEDTLS_ERR_SSL_WANT_READ || rc == MBEDTLS_ERR_SSL_WANT_WRITE;
}

static int step(client *self)
{
    unsigned char name[64];
    int rc;

    if (!mbedtls_ssl_is_handshake_over(&self->ssl) && (rc = mbedtls_ssl_handshake(&self->ssl)) != 0)
        return rc;
    if (!self->was_asked) {
        rc = mbedtls_ssl_write(&self->ssl, (const unsigned char *)question, sizeof question - 1);
        if (rc < 0)
            return rc;
        self->was_asked = true;
    }
    return mbedtls_ssl_read(&self->ssl, name, sizeof name);
}

static void turn(void)
{
    for (size_t i = 0; i < sizeof clients / sizeof clients[0]; i++) {
        client *self = &clients[i];

        if (!self->is_used)
            continue;
        if (!is_waiting(step(self)))
            end(self);
        else if (self->pcb != NULL)
            (void)tcp_output(self->pcb);
    }
}

static err_t on_receive(void *argument, struct tcp_pcb *pcb, struct pbuf *received, err_t err)
{
    client *self = argument;

    (void)pcb;
    (void)err;
    raw_keep(received, &self->received, &self->has_end);
    return ERR_OK;
}

static void on_error(void *argument, err_t err)
{
    client *self = argument;

    (void)err;
    self->pcb = NULL;
    self->has_end = true;
}

static err_t on_accept(void *argument, struct tcp_pcb *pcb, err_t err)
{
    client *self = !clients[0].is_used ? &clients[0] : &clients[1];

    (void)argument;
    if (err != ERR_OK || self->is_used)
        return ERR_MEM;
    memset(self, 0, sizeof *self);
    mbedtls_ssl_init(&self->ssl);
    if (mbedtls_ssl_setup(&self->ssl, &config) != 0) {
        mbedtls_ssl_free(&self->ssl);
        return ERR_MEM;
    }
    mbedtls_ssl_set_bio(&self->ssl, self, send_some, receive_some, NULL);
    self->pcb = pcb;
    self->is_used = true;
    tcp_arg(pcb, self);
    tcp_nagle_disable(pcb);
    tcp_recv(pcb, on_receive);
    tcp_err(pcb, on_error);
    return ERR_OK;
}

/* PEM has to end in a NUL, which the files do not have. */
static int parse(const firth_baremetal_file *file, int (*take)(const unsigned char *bytes, size_t size))
{
    unsigned char *text = firth_port_allocate(file->size + 1);
    int rc;

    if (text == NULL)
        return -1;
    memcpy(text, file->bytes, file->size);
    text[file->size] = '\0';
    rc = take(text, file->size + 1);
    firth_port_release(text);
    return rc;
}

static int take_certificate(const unsigned char *bytes, size_t size)
{
    return mbedtls_x509_crt_parse(&certificate, bytes, size);
}

static int take_key(const unsigned char *bytes, size_t size)
{
    return mbedtls_pk_parse_key(&key, bytes, size, NULL, 0, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
}

static int prepare(void)
{
    mbedtls_x509_crt_init(&certificate);
    mbedtls_pk_init(&key);
    mbedtls_ssl_config_init(&config);
    if (psa_crypto_init() != PSA_SUCCESS || parse(&firth_baremetal_files[0], take_certificate) != 0 ||
        parse(&firth_baremetal_files[1], take_key) != 0)
        return -1;
    if (mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0)
        return -1;
    mbedtls_ssl_conf_rng(&config, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
    mbedtls_ssl_ticket_init(&tickets);
    if (mbedtls_ssl_ticket_setup(&tickets, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE, MBEDTLS_CIPHER_AES_256_GCM,
                                 86400) != 0)
        return -1;
    mbedtls_ssl_conf_session_tickets_cb(&config, mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse, &tickets);
    mbedtls_ssl_conf_new_session_tickets(&config, 1);
    return mbedtls_ssl_conf_own_cert(&config, &certificate, &key);
}

int main(void)
{
    if (prepare() == 0)
        raw_serve(9443, on_accept, turn);
    return EXIT_FAILURE;
}
