/* SPDX-License-Identifier: Apache-2.0 */
/* The peer's certificate, read into one block: the struct, the list of names, the texts. */
#include "core/tls/mbedtls/session.h"
#include "core/tls/mbedtls/texts.h"
#include <firth/backend.h>
#include <string.h>

/* No byte of a certificate becomes more than four, and what is written between them fits twice the names' headers. */
static size_t texts_limit(const mbedtls_x509_crt *certificate)
{
    return 4 * certificate->raw.len + 256;
}

static void end_text(fth_tls_text *text)
{
    if (text->used < text->size - 1)
        text->used++; /* its NUL */
}

static void add_serial(fth_tls_text *text, const mbedtls_x509_buf *serial)
{
    size_t first = serial->len > 1 && serial->p[0] == 0; /* what only makes it positive (X.690 §8.3) */

    for (size_t i = first; i < serial->len; i++)
        fth_tls_text_add(text, "%s%02X", i > first ? ":" : "", serial->p[i]);
}

/* One behind the other, each with its NUL. Returns how many are names. */
static size_t write_texts(fth_tls_text *text, const mbedtls_x509_crt *certificate)
{
    size_t names = 0;

    fth_tls_text_add_name(text, &certificate->subject);
    end_text(text);
    fth_tls_text_add_name(text, &certificate->issuer);
    end_text(text);
    add_serial(text, &certificate->serial);
    end_text(text);
    for (const mbedtls_x509_sequence *name = &certificate->subject_alt_names; name != NULL; name = name->next)
        if (fth_tls_text_add_alternative(text, "", &name->buf)) {
            end_text(text);
            names++;
        }
    return names;
}

static const char *next_text(const char **texts)
{
    const char *text = *texts;

    *texts += strlen(text) + 1;
    return text;
}

/* Days since 1970-01-01 of a date of the Gregorian calendar: years begin in March, so that the leap day is their last. */
static int64_t days_of(int year, int month, int day)
{
    int64_t since_march = (month + 9) % 12, y = year - (month <= 2);

    return y * 365 + y / 4 - y / 100 + y / 400 + (since_march * 153 + 2) / 5 + day - 1 - 719468;
}

static int64_t seconds_of(const mbedtls_x509_time *time)
{
    return ((days_of(time->year, time->mon, time->day) * 24 + time->hour) * 60 + time->min) * 60 + time->sec;
}

static bool hash(unsigned char to[32], const mbedtls_x509_buf *of)
{
    size_t size = 0;

    return psa_hash_compute(PSA_ALG_SHA_256, of->p, of->len, to, 32, &size) == PSA_SUCCESS && size == 32;
}

static fth_tls_peer *make_peer(const mbedtls_x509_crt *certificate, const fth_tls_text *texts, size_t names)
{
    size_t names_bytes = names * sizeof(const char *);
    fth_tls_peer *peer = mbedtls_calloc(1, sizeof *peer + names_bytes + texts->used);
    firth_tls_certificate *read;
    const char *next;
    char *copy;

    if (peer == NULL)
        return NULL;
    copy = (char *)(peer->names + names);
    memcpy(copy, texts->start, texts->used);
    next = copy;
    read = &peer->certificate;
    read->subject = next_text(&next);
    read->issuer = next_text(&next);
    read->serial = next_text(&next);
    for (size_t i = 0; i < names; i++)
        peer->names[i] = next_text(&next);
    read->names = peer->names;
    read->name_count = names;
    read->der = certificate->raw.p;
    read->der_size = certificate->raw.len;
    read->not_before_s = seconds_of(&certificate->valid_from);
    read->not_after_s = seconds_of(&certificate->valid_to);
    return peer;
}

static fth_tls_peer *read_certificate(const mbedtls_x509_crt *certificate)
{
    fth_tls_text texts = {NULL, texts_limit(certificate), 0};
    fth_tls_peer *peer;
    size_t names;

    texts.start = mbedtls_calloc(1, texts.size);
    if (texts.start == NULL)
        return NULL;
    names = write_texts(&texts, certificate);
    peer = make_peer(certificate, &texts, names);
    mbedtls_free(texts.start);
    if (peer != NULL && hash(peer->certificate.sha256, &certificate->raw) &&
        hash(peer->certificate.public_key_sha256, &certificate->pk_raw))
        return peer;
    mbedtls_free(peer);
    return NULL;
}

int fth_tls_session_peer_certificate(fth_tls_session *session, const firth_tls_certificate **certificate)
{
    const mbedtls_x509_crt *leaf = mbedtls_ssl_get_peer_cert(&session->ssl);

    *certificate = NULL;
    if (leaf == NULL)
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, "peer certificate");
    if (session->peer == NULL)
        session->peer = read_certificate(leaf);
    if (session->peer == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "peer certificate");
    *certificate = &session->peer->certificate;
    return FIRTH_OK;
}
