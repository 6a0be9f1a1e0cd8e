/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tls/mbedtls/failures.h"
#include "core/base/failure.h"
#include "core/base/words.h"
#include "core/tls/mbedtls/alerts.h"
#include "core/tls/mbedtls/private.h"
#include "core/tls/mbedtls/verify.h"
#include <firth/backend.h>

enum { NO_ALERT = -1 };

/* What an error means: the code, the alert that the peer is owed for it, and words in the place of mbedTLS's. */
typedef struct meaning {
    int16_t error; /* mbedTLS's have 15 bits */
    int8_t code;
    int8_t alert;
#ifndef FIRTH_NO_WORDS
    const char *words;
#endif
} meaning;

#ifdef FIRTH_NO_WORDS
#define MEANING(error, code, alert, words)                                                                             \
    {                                                                                                                  \
        error, code, alert                                                                                             \
    }
#define SAY(what, text) ((void)(what))
#define WORDS_OF(what)  ""
#else
#define MEANING(error, code, alert, words)                                                                             \
    {                                                                                                                  \
        error, code, alert, words                                                                                      \
    }
#define SAY(what, text) ((what)->words = (text))
#define WORDS_OF(what)  ((what)->words)
#endif

#ifndef FIRTH_NO_WORDS
static const char illegal_value[] = "a message of the peer's has a value that it may not have";
static const char no_random[] = "the system gives no random bytes, or no memory for them";
static const char internal_error[] = "an internal error of mbedTLS";
static const char long_chain[] = "the peer's chain has more than " FTH_TLS_MOST_INTERMEDIATES_IN_WORDS
                                 " certificates between its own and an authority, which is too long for mbedTLS";
static const char unknown_key[] = "the client's pre-shared key is not known";
static const char no_key[] = "the client has no pre-shared key that can be used, and the server has no certificate";
#endif

static const meaning meanings[] = {
    MEANING(MBEDTLS_ERR_SSL_INVALID_MAC, FIRTH_ERR_TLS_PROTOCOL, MBEDTLS_SSL_ALERT_MSG_BAD_RECORD_MAC,
            "a record does not decrypt: it was changed on the way, or the keys differ"),
    MEANING(MBEDTLS_ERR_SSL_DECODE_ERROR, FIRTH_ERR_TLS_PROTOCOL, MBEDTLS_SSL_ALERT_MSG_DECODE_ERROR,
            "a message of the peer's cannot be read"),
    MEANING(MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER, FIRTH_ERR_TLS_PROTOCOL, MBEDTLS_SSL_ALERT_MSG_ILLEGAL_PARAMETER,
            illegal_value),
    MEANING(MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE, FIRTH_ERR_TLS_PROTOCOL, MBEDTLS_SSL_ALERT_MSG_UNEXPECTED_MESSAGE,
            "the peer sent a message out of turn"),
    MEANING(MBEDTLS_ERR_SSL_UNEXPECTED_RECORD, FIRTH_ERR_TLS_PROTOCOL, MBEDTLS_SSL_ALERT_MSG_UNEXPECTED_MESSAGE,
            "the peer sent a record out of turn"),
    MEANING(MBEDTLS_ERR_SSL_UNSUPPORTED_EXTENSION, FIRTH_ERR_TLS_PROTOCOL, MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_EXT,
            "the peer answered an extension that was not offered"),
    MEANING(MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION, FIRTH_ERR_TLS_HANDSHAKE, MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION,
            "no version of TLS in common with the peer"),
    MEANING(MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE, FIRTH_ERR_TLS_HANDSHAKE, MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE,
            "no version, cipher suite, group or signature algorithm in common with the peer"),
    MEANING(MBEDTLS_ERR_SSL_PK_TYPE_MISMATCH, FIRTH_ERR_TLS_HANDSHAKE, MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE,
            "the peer's key is not of the kind that the cipher suite needs"),
    MEANING(MBEDTLS_ERR_SSL_NO_APPLICATION_PROTOCOL, FIRTH_ERR_TLS_HANDSHAKE,
            MBEDTLS_SSL_ALERT_MSG_NO_APPLICATION_PROTOCOL, "no application protocol (ALPN) in common with the peer"),
    MEANING(MBEDTLS_ERR_SSL_UNRECOGNIZED_NAME, FIRTH_ERR_TLS_HANDSHAKE, MBEDTLS_SSL_ALERT_MSG_UNRECOGNIZED_NAME,
            "no certificate for the name that the client asks for"),
    MEANING(MBEDTLS_ERR_SSL_UNKNOWN_IDENTITY, FIRTH_ERR_TLS_HANDSHAKE, MBEDTLS_SSL_ALERT_MSG_UNKNOWN_PSK_IDENTITY,
            unknown_key),
    MEANING(MBEDTLS_ERR_SSL_BAD_CERTIFICATE, FIRTH_ERR_TLS_CERTIFICATE, MBEDTLS_SSL_ALERT_MSG_BAD_CERT,
            "the peer's certificate cannot be used"),
    MEANING(MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE, FIRTH_ERR_TLS_CERTIFICATE, MBEDTLS_SSL_ALERT_MSG_CERT_REQUIRED,
            "the client showed no certificate"),
    MEANING(MBEDTLS_ERR_SSL_CONN_EOF, FIRTH_ERR_TLS_TRUNCATED, NO_ALERT,
            "the peer closed the connection in the handshake"),
    MEANING(MBEDTLS_ERR_SSL_FEATURE_UNAVAILABLE, FIRTH_ERR_TLS_HANDSHAKE, MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE,
            "the peer needs what mbedTLS does not have, or its message is too long for it"),
    MEANING(MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL, FIRTH_ERR_TLS_HANDSHAKE, MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR,
            "a message is longer than mbedTLS's buffer"),
    MEANING(MBEDTLS_ERR_SSL_INTERNAL_ERROR, FIRTH_ERR_SYSTEM, MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR, internal_error),
    MEANING(PSA_ERROR_GENERIC_ERROR, FIRTH_ERR_SYSTEM, MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR, internal_error),
    MEANING(PSA_ERROR_INSUFFICIENT_ENTROPY, FIRTH_ERR_SYSTEM, MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR, no_random),
    MEANING(PSA_ERROR_INVALID_SIGNATURE, FIRTH_ERR_TLS_PROTOCOL, MBEDTLS_SSL_ALERT_MSG_DECRYPT_ERROR,
            "the peer's signature is wrong"),
    MEANING(MBEDTLS_ERR_PK_UNKNOWN_PK_ALG, FIRTH_ERR_TLS_CERTIFICATE, MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT,
            "the peer's certificate has a kind of key that mbedTLS does not know"),
    MEANING(MBEDTLS_ERR_PK_UNKNOWN_NAMED_CURVE, FIRTH_ERR_TLS_CERTIFICATE, MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT,
            "the peer's certificate has a key on a curve that mbedTLS does not know"),
    MEANING(FTH_TLS_ERR_SIGNATURE_LENGTH, FIRTH_ERR_TLS_PROTOCOL, MBEDTLS_SSL_ALERT_MSG_DECRYPT_ERROR,
            "the peer's signature is wrong"),
};

/* mbedTLS's errors are sums of one of a high and one of a low module; in mbedTLS 4 they are one of the two. */
static int high_part(int error)
{
    return -(-error & 0xff80);
}

static bool is_of_x509(int error)
{
    return high_part(error) <= MBEDTLS_ERR_X509_FEATURE_UNAVAILABLE && high_part(error) >= MBEDTLS_ERR_X509_FATAL_ERROR;
}

static void is_meant(meaning *what, int code, int alert)
{
    what->code = (int8_t)code;
    what->alert = (int8_t)alert;
}

/* Of an error that is not in the list. */
static meaning other_meaning(int error)
{
    meaning other = MEANING((int16_t)error, FIRTH_ERR_TLS_PROTOCOL, MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE,
                            fth_tls_error_text(error));

    if (fth_tls_is_no_memory(error)) {
        is_meant(&other, FIRTH_ERR_NO_MEMORY, MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR);
    } else if (fth_tls_is_no_random(error)) {
        is_meant(&other, FIRTH_ERR_SYSTEM, MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR);
        SAY(&other, no_random);
    } else if (fth_tls_is_own_fault(error)) {
        is_meant(&other, FIRTH_ERR_SYSTEM, MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR);
        SAY(&other, internal_error);
    } else if (is_of_x509(error)) {
        is_meant(&other, FIRTH_ERR_TLS_CERTIFICATE, MBEDTLS_SSL_ALERT_MSG_BAD_CERT);
        if (error == MBEDTLS_ERR_X509_FATAL_ERROR) /* mbedTLS has answered it, with access_denied */
            SAY(&other, long_chain);
    }
    return other;
}

static meaning meaning_of(int error)
{
    /* Errors of PSA are small and are no sums. */
    int key = error > -0x1000 ? error : high_part(error);

    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (meanings[i].error == key)
            return meanings[i];
    return other_meaning(error);
}

/* Of what follows the header: RFC 8446 §5.2, RFC 5246 §6.2.3. */
static size_t most_of_record(const fth_tls_session *session)
{
    const size_t most = 16384;

    if (fth_tls_reads_plain(&session->ssl))
        return most;
    return mbedtls_ssl_get_version_number(&session->ssl) == MBEDTLS_SSL_VERSION_TLS1_3 ? most + 256 : most + 2048;
}

/* A record whose header mbedTLS refused (RFC 8446 §5.1, RFC 5246 §6.2). mbedTLS has one error for all that can be wrong
 * with it. */
static void refine_record(const fth_tls_session *session, meaning *what)
{
    const unsigned char *header =
        session->pieces.is_over ? fth_tls_received_header(&session->ssl) : session->pieces.theirs;
    size_t size = (size_t)(header[3] << 8 | header[4]);

    what->code = FIRTH_ERR_TLS_PROTOCOL;
    what->alert = MBEDTLS_SSL_ALERT_MSG_UNEXPECTED_MESSAGE;
    if (header[0] < MBEDTLS_SSL_MSG_CHANGE_CIPHER_SPEC || header[0] > MBEDTLS_SSL_MSG_APPLICATION_DATA) {
        SAY(what, session->is_established ? "what came is no record of TLS" : "the peer does not speak TLS");
    } else if (header[1] != 3 || header[2] > 4) {
        what->alert = MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION;
        SAY(what, "a record is of a version of TLS that there is none of");
    } else if (size > most_of_record(session)) {
        what->alert = MBEDTLS_SSL_ALERT_MSG_RECORD_OVERFLOW;
        SAY(what, "a record is longer than TLS permits");
    } else if (size > MBEDTLS_SSL_IN_CONTENT_LEN) { /* what is in it is, or what was added is more than is in use */
        what->alert = MBEDTLS_SSL_ALERT_MSG_RECORD_OVERFLOW;
        SAY(what, "a record holds more than " FTH_TLS_MOST_RECEIVED_IN_WORDS " bytes");
    } else if (fth_tls_is_short_piece(&session->ssl)) { /* legal (RFC 8446 §5.1), and not joined where it is sealed */
        what->code = FIRTH_ERR_TLS_HANDSHAKE;
        what->alert = MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR;
        SAY(what, "the first piece of a sealed handshake message has less than 4 bytes, which mbedTLS cannot read");
    } else if (what->error == MBEDTLS_ERR_SSL_BAD_INPUT_DATA) { /* it was not the record: a key of zeros, say */
        what->alert = MBEDTLS_SSL_ALERT_MSG_ILLEGAL_PARAMETER;
        SAY(what, illegal_value);
    } else {
        SAY(what, "a record is not made as TLS says");
    }
}

/* The next piece of a message finds no room behind those before it. That is a limit here and no fault of the peer's. */
static void refine_long_message(meaning *what)
{
    what->code = FIRTH_ERR_TLS_HANDSHAKE;
    what->alert = MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR;
    SAY(what, "a handshake message of the peer's (a long chain of certificates?) is longer than "
              "the " FTH_TLS_MOST_RECEIVED_IN_WORDS " bytes that this build of mbedTLS takes");
}

enum { CERTIFICATE_REQUEST = 13, KEY_UPDATE = 24 }; /* RFC 8446 §4 */

/* What mbedTLS lacks is not the peer's fault. */
static void refine_message(const fth_tls_session *session, meaning *what)
{
    int type = session->is_established ? fth_tls_received_handshake(&session->ssl) : -1;

    if (session->pieces.fault != NULL)
        SAY(what, session->pieces.fault);
    if (mbedtls_ssl_get_version_number(&session->ssl) != MBEDTLS_SSL_VERSION_TLS1_3)
        return;
    if (type == KEY_UPDATE)
        SAY(what, "the peer sent a KeyUpdate, which mbedTLS cannot follow");
    else if (type == CERTIFICATE_REQUEST)
        SAY(what, "the peer asked for a certificate after the handshake, which mbedTLS cannot answer");
}

static void refine(const fth_tls_session *session, meaning *what)
{
    bool is_1_3 = mbedtls_ssl_get_version_number(&session->ssl) == MBEDTLS_SSL_VERSION_TLS1_3;

    switch (what->error) {
    case MBEDTLS_ERR_SSL_BAD_INPUT_DATA: /* more than the buffer holds */
        if (fth_tls_is_joining(&session->ssl))
            refine_long_message(what);
        else
            refine_record(session, what);
        break;
    case MBEDTLS_ERR_SSL_INVALID_MAC: /* mbedTLS has called it so to the peer, too */
        if (fth_tls_has_too_many_empty(&session->ssl))
            SAY(what, "the peer sent more than three empty records in a row");
        break;
    case MBEDTLS_ERR_SSL_INVALID_RECORD:
        refine_record(session, what);
        break;
    case MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE:
        refine_message(session, what);
        break;
    case MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE: /* RFC 5246 §7.4.6 */
        if (!is_1_3)
            what->alert = MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE;
        break;
    case MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER:
        if (FTH_TLS_HAS_RSA && !is_1_3 && session->link.context->role == FIRTH_TLS_CLIENT && fth_tls_has_pss_fault())
            SAY(what, "this version of mbedTLS refuses RSA-PSS signatures in TLS 1.2 (Mbed-TLS issue 10668)");
        if (FTH_TLS_HAS_PSK && session->link.key_alert != 0) {
            what->code = FIRTH_ERR_TLS_HANDSHAKE;
            SAY(what, session->link.key_alert == MBEDTLS_SSL_ALERT_MSG_UNKNOWN_PSK_IDENTITY ? unknown_key : no_key);
        }
        break;
    case MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE: /* of a binder's key, or of its hash */
        if (FTH_TLS_HAS_PSK && session->link.has_found_key &&
            fth_tls_own_alert(&session->ssl) == MBEDTLS_SSL_ALERT_MSG_DECRYPT_ERROR)
            SAY(what, "the client's pre-shared key is wrong, or goes with no cipher suite that it offers");
        break;
    default:
        break;
    }
}

/* What the transport has not taken of an older record is before it. */
static void send_alert(fth_tls_session *session, int number)
{
    unsigned char alert = (unsigned char)number;

    if (session->send_error != FIRTH_OK || session->has_begun_send)
        return;
    if (fth_tls_unsent(&session->ssl) != 0 &&
        mbedtls_ssl_send_alert_message(&session->ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL, alert) != 0)
        return;
    (void)mbedtls_ssl_send_alert_message(&session->ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL, alert);
}

static int latch(fth_tls_session *session, firth_failure failure)
{
    session->failure = failure;
    return fth_tls_failed(session);
}

/* The transport's own failure, with what is known of it when it was the last thing that failed. */
static int fail_with_transport(fth_tls_session *session, int code, const char *step)
{
    firth_failure failure = {code, 0, step, ""};
    const firth_failure *last = firth_last_failure();

    if (last->code == code) {
        failure.os_code = last->os_code;
        failure.step = last->step;
    }
    return latch(session, failure);
}

static int fail_with_alert(fth_tls_session *session, int number)
{
    firth_failure failure = {FIRTH_ERR_TLS_ALERT, number, fth_tls_alert_name(number), ""};

    if (!session->is_established &&
        (number == MBEDTLS_SSL_ALERT_MSG_CLOSE_NOTIFY || number == MBEDTLS_SSL_ALERT_MSG_USER_CANCELED))
        failure.detail = "the peer gave the handshake up";
    return latch(session, failure);
}

/* A client of TLS 1.3 may send its alert in the clear until it has read the server's Finished (RFC 8446 §A.1), as
 * mbedTLS's does; mbedTLS's server tries to decrypt it, which for two bytes fails before a byte is touched. */
static int plain_alert(const fth_tls_session *session)
{
    const unsigned char *record = fth_tls_received_header(&session->ssl);

    if (session->is_established || session->link.context->role != FIRTH_TLS_SERVER ||
        mbedtls_ssl_get_version_number(&session->ssl) != MBEDTLS_SSL_VERSION_TLS1_3)
        return NO_ALERT;
    if (record[0] != MBEDTLS_SSL_MSG_ALERT || record[3] != 0 || record[4] != 2)
        return NO_ALERT;
    return record[6];
}

/* It may have been in a private operation. */
static void mend_keys(const fth_tls_context *context, int error, int code)
{
#if FTH_TLS_HAS_RSA
    if (code != FIRTH_ERR_NO_MEMORY && !fth_tls_is_of_private_key(error))
        return;
    for (size_t i = 0; i < context->own_count; i++)
        fth_tls_renew_blinding(&context->own[i].key);
#else
    (void)context, (void)error, (void)code;
#endif
}

int fth_tls_fail(fth_tls_session *session, int error, const char *step)
{
    meaning what;
    firth_failure failure;

    /* Before a reset that it may have been followed by: it says why. */
    if (error == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE)
        return fail_with_alert(session, fth_tls_received_alert(&session->ssl));
    if (session->send_error != FIRTH_OK)
        return fail_with_transport(session, session->send_error, step);
    if (session->receive_error != FIRTH_OK)
        return fail_with_transport(session, session->receive_error, step);
    if (error == MBEDTLS_ERR_SSL_INVALID_MAC && plain_alert(session) != NO_ALERT)
        return fail_with_alert(session, plain_alert(session));
    if (error == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
        return fail_with_alert(session, MBEDTLS_SSL_ALERT_MSG_CLOSE_NOTIFY);
    if (high_part(error) == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED ||
        (error == MBEDTLS_ERR_SSL_BAD_CERTIFICATE && session->has_verified))
        return fth_tls_fail_certificate(session, mbedtls_ssl_get_verify_result(&session->ssl), error);
    what = meaning_of(error);
    refine(session, &what);
    mend_keys(session->link.context, error, what.code);
    if (what.alert != NO_ALERT)
        send_alert(session, what.alert);
    failure = (firth_failure){what.code, error, step, WORDS_OF(&what)};
    return latch(session, failure);
}

int fth_tls_fail_certificate(fth_tls_session *session, uint32_t flags, int error)
{
    firth_failure failure = {FIRTH_ERR_TLS_CERTIFICATE, error, "certificate", ""};

    fth_tls_verdict_end(session, flags);
    if (session->words != NULL)
        failure.detail = session->words->text;
    send_alert(session, fth_tls_verdict_alert(flags));
    return latch(session, failure);
}

int fth_tls_failed(const fth_tls_session *session)
{
    const firth_failure *failure = &session->failure;

    if (failure->detail[0] == '\0')
        return firth_fail(failure->code, failure->os_code, failure->step);
    return firth_fail_in_words(failure->code, failure->os_code, failure->step, "%s", failure->detail);
}
