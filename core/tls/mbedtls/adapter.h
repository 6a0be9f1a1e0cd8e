/* SPDX-License-Identifier: Apache-2.0 */
/* All that differs between mbedTLS 3.6 and 4 is behind these functions, and every header of mbedTLS that Firth includes
 * is included here. */
#ifndef FTH_TLS_MBEDTLS_ADAPTER_H
#define FTH_TLS_MBEDTLS_ADAPTER_H

#include <stdbool.h>
#include <stddef.h>

#include <mbedtls/build_info.h>

#include <mbedtls/asn1.h>
#include <mbedtls/error.h>
#include <mbedtls/oid.h>
#include <mbedtls/pem.h>
#include <mbedtls/pk.h>
#include <mbedtls/platform.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ciphersuites.h>
#include <mbedtls/ssl_ticket.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crl.h>
#include <mbedtls/x509_crt.h>
#include <psa/crypto.h>

#ifdef MBEDTLS_VERSION_NUMBER /* tools look at this without mbedTLS's headers */
#if MBEDTLS_VERSION_NUMBER < 0x03060000
#error "Firth needs mbedTLS 3.6.0 or newer"
#endif
#if MBEDTLS_VERSION_MAJOR >= 4 && !defined(FIRTH_MBEDTLS_4)
#error "Firth was never run with mbedTLS 4: take 3.6, or define FIRTH_MBEDTLS_4 to be the first"
#endif
#if !defined(MBEDTLS_THREADING_C) && !defined(FIRTH_SINGLE_THREADED)
#error                                                                                                                 \
    "mbedTLS was built without MBEDTLS_THREADING_C: define it, or FIRTH_SINGLE_THREADED if one thread does all of TLS"
#endif
#if !defined(MBEDTLS_SSL_CLI_C) || !defined(MBEDTLS_SSL_SRV_C)
#error "Firth needs MBEDTLS_SSL_CLI_C and MBEDTLS_SSL_SRV_C"
#endif
#if !defined(MBEDTLS_SSL_PROTO_TLS1_2) || !defined(MBEDTLS_SSL_PROTO_TLS1_3)
#error "Firth needs MBEDTLS_SSL_PROTO_TLS1_2 and MBEDTLS_SSL_PROTO_TLS1_3"
#endif
#if !defined(MBEDTLS_SSL_ALPN) || !defined(MBEDTLS_SSL_SERVER_NAME_INDICATION) || !defined(MBEDTLS_SSL_SESSION_TICKETS)
#error "Firth needs MBEDTLS_SSL_ALPN, MBEDTLS_SSL_SERVER_NAME_INDICATION and MBEDTLS_SSL_SESSION_TICKETS"
#endif
#if !defined(MBEDTLS_SSL_TICKET_C) || !defined(MBEDTLS_SSL_EXTENDED_MASTER_SECRET)
#error "Firth needs MBEDTLS_SSL_TICKET_C and MBEDTLS_SSL_EXTENDED_MASTER_SECRET"
#endif
#if !defined(MBEDTLS_SSL_KEEP_PEER_CERTIFICATE)
#error "Firth needs MBEDTLS_SSL_KEEP_PEER_CERTIFICATE"
#endif
#if !defined(MBEDTLS_PEM_PARSE_C) || !defined(MBEDTLS_X509_CRT_PARSE_C) || !defined(MBEDTLS_X509_CRL_PARSE_C)
#error "Firth needs MBEDTLS_PEM_PARSE_C, MBEDTLS_X509_CRT_PARSE_C and MBEDTLS_X509_CRL_PARSE_C"
#endif
#if !defined(MBEDTLS_HAVE_TIME_DATE)
#error "Firth needs MBEDTLS_HAVE_TIME_DATE: without it the dates of certificates are not checked"
#endif
#endif

/* Whether there may be keys of RSA. */
#if MBEDTLS_VERSION_MAJOR < 4 && !defined(MBEDTLS_RSA_C)
#define FTH_TLS_HAS_RSA 0
#else
#define FTH_TLS_HAS_RSA 1
#endif

/* Whether there may be keys on other curves than P-256, P-384 and P-521. */
#if defined(PSA_WANT_ECC_SECP_K1_192) || defined(PSA_WANT_ECC_SECP_K1_224) || defined(PSA_WANT_ECC_SECP_K1_256) ||     \
    defined(PSA_WANT_ECC_SECP_R1_192) || defined(PSA_WANT_ECC_SECP_R1_224) ||                                          \
    defined(PSA_WANT_ECC_BRAINPOOL_P_R1_256) || defined(PSA_WANT_ECC_BRAINPOOL_P_R1_384) ||                            \
    defined(PSA_WANT_ECC_BRAINPOOL_P_R1_512)
#define FTH_TLS_HAS_OTHER_CURVES 1
#else
#define FTH_TLS_HAS_OTHER_CURVES 0
#endif

/* What the first releases of 3.6 do not do. */
#define FTH_TLS_VERIFIES_BY_CONNECTION (MBEDTLS_VERSION_NUMBER >= 0x03060100) /* in TLS 1.3 too */
#define FTH_TLS_JOINS_MESSAGES         (MBEDTLS_VERSION_NUMBER >= 0x03060300) /* that come in several sealed records */
#define FTH_TLS_MINDS_NO_MEMORY        (MBEDTLS_VERSION_NUMBER >= 0x03060300) /* always, and frees what it has then */
#define FTH_TLS_MINDS_A_DOWNGRADE      (MBEDTLS_VERSION_NUMBER >= 0x03060600) /* by the second ClientHello */

/* A signature that is longer than it says, which mbedTLS 4 calls wrong like any other. */
#if MBEDTLS_VERSION_MAJOR < 4
#define FTH_TLS_ERR_SIGNATURE_LENGTH MBEDTLS_ERR_PK_SIG_LEN_MISMATCH
#else
#define FTH_TLS_ERR_SIGNATURE_LENGTH PSA_ERROR_INVALID_SIGNATURE
#endif

/* The bytes that a message of a handshake may have, in words. */
#define FTH_TLS_IN_WORDS(bytes)        #bytes
#define FTH_TLS_BYTES_IN_WORDS(bytes)  FTH_TLS_IN_WORDS(bytes)
#define FTH_TLS_MOST_RECEIVED_IN_WORDS FTH_TLS_BYTES_IN_WORDS(MBEDTLS_SSL_IN_CONTENT_LEN)
#define FTH_TLS_MOST_SENT_IN_WORDS     FTH_TLS_BYTES_IN_WORDS(MBEDTLS_SSL_OUT_CONTENT_LEN)

/* The certificates that a chain may have between the peer's own and an authority. */
#define FTH_TLS_MOST_INTERMEDIATES_IN_WORDS FTH_TLS_BYTES_IN_WORDS(MBEDTLS_X509_MAX_INTERMEDIATE_CA)

/* Prepares mbedTLS and PSA once for the process; needed before anything else. 0, or an error of theirs. Any thread. */
int fth_tls_prepare(void);

/* Gives the configuration its generator of random bytes. */
void fth_tls_use_random(mbedtls_ssl_config *config);

/* Parses a private key, PEM (size counts its NUL) or DER; checks that a key belongs to a certificate's public one. */
int fth_tls_parse_key(mbedtls_pk_context *key, const unsigned char *bytes, size_t size, const char *password);
int fth_tls_check_pair(const mbedtls_pk_context *public_key, const mbedtls_pk_context *key);

/* Whether parsing failed because the key is encrypted by what mbedTLS lacks. */
bool fth_tls_lacks_encryption(int error);

bool fth_tls_is_rsa(const mbedtls_pk_context *key);

/* Whether a private key that is not RSA is on P-256, P-384 or P-521. */
bool fth_tls_has_curve_of_1_3(const mbedtls_pk_context *key);

/* mbedTLS keeps in an RSA key, for all who use it, the values that blind a private operation, and squares both for the
 * next. When there is no memory for the second of the two they do not belong together any more, and every later operation
 * fails. Has the next one make new ones; other keys have none, and mbedTLS 4 makes new ones each time. Test:
 * no_memory_for_a_signature_spoils_no_later_one. */
void fth_tls_renew_blinding(mbedtls_pk_context *key);

/* Whether an error is that of a private operation with an RSA key, in which no memory is not always called so. */
bool fth_tls_is_of_private_key(int error);

/* Sets ssl, which was initialised, up for a connection of the configuration's, which outlives it; verify is asked of each
 * certificate of the peer's. Returns 0 or an error, after which there is something to tear down, too. */
typedef int fth_tls_verify_fn(void *argument, mbedtls_x509_crt *certificate, int depth, uint32_t *flags);
int fth_tls_set_up(mbedtls_ssl_context *ssl, const mbedtls_ssl_config *config, fth_tls_verify_fn *verify,
                   void *argument);
void fth_tls_tear_down(mbedtls_ssl_context *ssl);

/* Whether there is a part of a handshake message whose rest is in records to come. */
bool fth_tls_is_joining(const mbedtls_ssl_context *ssl);

/* Sets up a server's ticket keys, AES-256-GCM, renewed after lifetime_s. */
int fth_tls_ticket_setup(mbedtls_ssl_ticket_context *tickets, unsigned lifetime_s);

/* Has the client told of each ticket of TLS 1.3, by an error that is none. */
void fth_tls_signal_tickets(mbedtls_ssl_config *config);
bool fth_tls_is_new_ticket(int error);

/* Whether the version that runs is one whose TLS 1.2 client cannot do RSA-PSS though it offers it (issue 10668). */
bool fth_tls_has_pss_fault(void);

/* Whether an error says that there was no memory; mbedTLS adds the error of a lower layer to that of a higher one. */
bool fth_tls_is_no_memory(int error);

/* Whether an error says that there were no random bytes. mbedTLS gets them by way of memory, and does not tell which of
 * the two was missing. */
bool fth_tls_is_no_random(int error);

/* Whether an error is one that mbedTLS has when it lost the cause, often that there was no memory: nothing that a peer
 * sends leads to it. */
bool fth_tls_is_own_fault(int error);

/* Zeroes memory, also where nothing reads it afterwards. */
void fth_tls_wipe(void *bytes, size_t size);

/* "mbedTLS 3.6.7", of the version that runs; the words of an error. Static storage. */
const char *fth_tls_engine_text(void);
const char *fth_tls_error_text(int error);

#endif
