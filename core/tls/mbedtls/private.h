/* SPDX-License-Identifier: Apache-2.0 */
/* What mbedTLS knows but has no public function for: where its structs are looked into, by the names that its own
 * MBEDTLS_PRIVATE gives. */
#ifndef FTH_TLS_MBEDTLS_PRIVATE_H
#define FTH_TLS_MBEDTLS_PRIVATE_H

#include "core/tls/mbedtls/adapter.h"

/* The handshake's state, an mbedtls_ssl_states. Needed to go on until it is over (mbedtls_ssl_is_handshake_over is true
 * before a server's tickets were sent) and to see whether a certificate was due, which tells a resumed handshake. */
int fth_tls_state(const mbedtls_ssl_context *ssl);

/* Bytes of records that are made but not given to the transport yet. */
size_t fth_tls_unsent(const mbedtls_ssl_context *ssl);

/* A server of TLS 1.3 that has sent its Finished sends everything after it with the keys for application data (RFC 8446
 * §A.2), alerts too. mbedTLS's does so only when it has the client's Finished: what it has against the client's
 * certificate no client could read. No record is sent between the two but such an alert. */
void fth_tls_use_application_keys(mbedtls_ssl_context *ssl);

/* The number of the alert that the peer sent, after MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE. */
int fth_tls_received_alert(const mbedtls_ssl_context *ssl);

/* The type of the handshake message that was read last, after MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE; -1: it was none. */
int fth_tls_received_handshake(const mbedtls_ssl_context *ssl);

/* Whether the record that was decrypted last ends within the header of a handshake message that begins in it, after
 * MBEDTLS_ERR_SSL_INVALID_RECORD. */
bool fth_tls_is_short_piece(const mbedtls_ssl_context *ssl);

/* Whether records without a byte in them have come in a row, more than mbedTLS takes, after MBEDTLS_ERR_SSL_INVALID_MAC. */
bool fth_tls_has_too_many_empty(const mbedtls_ssl_context *ssl);

/* The number of the alert that mbedTLS has decided on by itself, sent or not; 0: none yet. */
int fth_tls_own_alert(const mbedtls_ssl_context *ssl);

/* Changes the number of an alert that mbedTLS is about to send in plain, when it is that one. */
void fth_tls_change_alert(mbedtls_ssl_context *ssl, unsigned char from, unsigned char to);

/* Whether records come in plain still. */
bool fth_tls_reads_plain(const mbedtls_ssl_context *ssl);

/* Whether a client that said hello to a server of TLS 1.2 has that version: in the callback that chooses the certificate,
 * when mbedTLS has found the message well-formed. mbedTLS's server does not look at supported_versions (RFC 8446 §4.2.1)
 * unless it has TLS 1.3 itself. */
bool fth_tls_client_has_1_2(const mbedtls_ssl_context *ssl);

/* The same of a client of TLS 1.3, and a key that would sign for it. */
bool fth_tls_client_verifies(const mbedtls_ssl_context *ssl, const mbedtls_pk_context *key);

/* Whether the hello of a client that was read last has one. */
bool fth_tls_client_has_key_share(const mbedtls_ssl_context *ssl);

/* The record that was read last, from the five bytes of its header on. */
const unsigned char *fth_tls_received_header(const mbedtls_ssl_context *ssl);

/* A client of TLS 1.3 has the keys of the handshake as soon as it has read the ServerHello, and what it sends from then
 * on, alerts too, must be sealed with them (RFC 8446 §4.4 and §6); mbedTLS takes them into use only when it answers, and
 * so refuses a certificate with an alert in plain, which a server that waits for sealed records takes for an attack.
 * Gives its alerts the keys before a step that reads the server's flight, and takes them back before the
 * change_cipher_spec, which is never sealed. Test: a_refused_certificate_is_answered_with_an_alert_the_server_can_read. */
void fth_tls_prepare_alerts(mbedtls_ssl_context *ssl);

/* Whether the next part of a name belongs to the same RDN (RFC 4514 §2.2: they are joined by "+"). */
bool fth_tls_is_joined(const mbedtls_x509_name *part);

#endif
