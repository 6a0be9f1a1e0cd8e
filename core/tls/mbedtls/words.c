/* SPDX-License-Identifier: Apache-2.0 */
/* Why a certificate is not accepted: "certificate 0 of the chain, CN=foo: expired on 2020-01-01". */
#include "core/tls/mbedtls/texts.h"
#include "core/tls/mbedtls/verify.h"
#include <string.h>

#ifdef FIRTH_NO_WORDS

void fth_tls_verdict_add(fth_tls_session *session, const mbedtls_x509_crt *certificate, int depth, uint32_t flags)
{
    (void)session, (void)certificate, (void)depth, (void)flags;
}

void fth_tls_verdict_end(fth_tls_session *session, uint32_t flags)
{
    (void)session, (void)flags;
}

#else

/* Flags that need no more words than these. */
static const struct {
    uint32_t flag;
    const char *words;
} faults[] = {
    {MBEDTLS_X509_BADCERT_REVOKED, "revoked"},
    {MBEDTLS_X509_BADCERT_KEY_USAGE, "not for signatures (key usage)"},
    {MBEDTLS_X509_BADCERT_NS_CERT_TYPE, "not for this use (Netscape certificate type)"},
    {MBEDTLS_X509_BADCERT_BAD_MD, "signed with a hash that is too weak"},
    {MBEDTLS_X509_BADCERT_BAD_PK, "a kind of key that is not accepted"},
    {MBEDTLS_X509_BADCERT_BAD_KEY, "a key that is too short, or on a curve that is not accepted"},
    {MBEDTLS_X509_BADCRL_NOT_TRUSTED, "its authority's revocation list is not signed by that"},
    {MBEDTLS_X509_BADCRL_EXPIRED, "its authority's revocation list is out of date"},
    {MBEDTLS_X509_BADCRL_FUTURE, "its authority's revocation list is not valid yet"},
    {MBEDTLS_X509_BADCRL_BAD_MD, "its authority's revocation list is signed with a hash that is too weak"},
    {MBEDTLS_X509_BADCRL_BAD_PK, "its authority's revocation list is signed with a kind of key that is not accepted"},
    {MBEDTLS_X509_BADCRL_BAD_KEY, "its authority's revocation list is signed with a key that is too short"},
};

static void add_date(fth_tls_text *text, const char *words, const mbedtls_x509_time *date)
{
    fth_tls_text_add(text, "%s %04d-%02d-%02d", words, date->year, date->mon, date->day);
}

/* The clock is named: it is as often at fault as the certificate. */
static void add_today(fth_tls_text *text)
{
    mbedtls_x509_time now;

    if (mbedtls_x509_time_gmtime(mbedtls_time(NULL), &now) == 0)
        add_date(text, " (the clock here says", &now);
    fth_tls_text_add(text, ")");
}

static void add_host(fth_tls_text *text, const fth_tls_session *session, const mbedtls_x509_crt *certificate)
{
    const char *separator = "";

    fth_tls_text_add(text, "the host is %s, ", session->host != NULL ? session->host : "not known");
    if (!mbedtls_x509_crt_has_ext_type(certificate, MBEDTLS_X509_EXT_SUBJECT_ALT_NAME)) {
        fth_tls_text_add(text, "the certificate has no subject alternative names");
        return;
    }
    fth_tls_text_add(text, "the certificate is for ");
    for (const mbedtls_x509_sequence *name = &certificate->subject_alt_names; name != NULL; name = name->next)
        if (fth_tls_text_add_alternative(text, separator, &name->buf))
            separator = ", ";
}

static void add_hash(fth_tls_text *text, const char *words, const mbedtls_x509_buf *of)
{
    unsigned char hash[32];
    size_t size = 0;

    if (psa_hash_compute(PSA_ALG_SHA_256, of->p, of->len, hash, sizeof hash, &size) != PSA_SUCCESS)
        return;
    fth_tls_text_add(text, "%s", words);
    for (size_t i = 0; i < size; i++)
        fth_tls_text_add(text, "%02x", hash[i]);
}

/* With the hash that a pin would have to be, of the kind that the pins are. */
static void add_pin(fth_tls_text *text, const fth_tls_context *context, const mbedtls_x509_crt *certificate)
{
    bool has_key = false, has_certificate = false;

    for (size_t i = 0; i < context->pin_count; i++) {
        has_key = has_key || context->pins[i].is_public_key;
        has_certificate = has_certificate || !context->pins[i].is_public_key;
    }
    fth_tls_text_add(text, "pin does not match");
    if (has_key)
        add_hash(text, ", SHA-256 of its key is ", &certificate->pk_raw);
    if (has_certificate)
        add_hash(text, ", SHA-256 of it is ", &certificate->raw);
}

static void add_authority(fth_tls_text *text, const mbedtls_x509_crt *certificate)
{
    const mbedtls_x509_buf *subject = &certificate->subject_raw, *issuer = &certificate->issuer_raw;

    if (subject->len == issuer->len && memcmp(subject->p, issuer->p, issuer->len) == 0) {
        fth_tls_text_add(text, "self-signed, and not one of the authorities trusted");
        return;
    }
    fth_tls_text_add(text, "unknown authority (issuer ");
    fth_tls_text_add_name(text, &certificate->issuer);
    fth_tls_text_add(text, ")");
}

/* The ones that say more: true if there was something to say. */
static bool add_fault(fth_tls_text *text, const fth_tls_session *session, const mbedtls_x509_crt *certificate,
                      uint32_t flag)
{
    switch (flag) {
    case MBEDTLS_X509_BADCERT_CN_MISMATCH:
        add_host(text, session, certificate);
        return true;
    case MBEDTLS_X509_BADCERT_EXPIRED:
        add_date(text, "expired on", &certificate->valid_to);
        add_today(text);
        return true;
    case MBEDTLS_X509_BADCERT_FUTURE:
        add_date(text, "not valid before", &certificate->valid_from);
        add_today(text);
        return true;
    case MBEDTLS_X509_BADCERT_NOT_TRUSTED:
        add_authority(text, certificate);
        return true;
    case MBEDTLS_X509_BADCERT_OTHER:
        add_pin(text, session->link.context, certificate);
        return true;
    case MBEDTLS_X509_BADCERT_EXT_KEY_USAGE:
        fth_tls_text_add(text, "not for %s (extended key usage)",
                         session->link.context->role == FIRTH_TLS_CLIENT ? "servers" : "clients");
        return true;
    default:
        break;
    }
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (faults[i].flag == flag) {
            fth_tls_text_add(text, "%s", faults[i].words);
            return true;
        }
    return false;
}

/* In this order, whatever mbedTLS's numbers are: what is likely to be read is what comes first. */
static const uint32_t order[] = {MBEDTLS_X509_BADCERT_NOT_TRUSTED,  MBEDTLS_X509_BADCERT_REVOKED,
                                 MBEDTLS_X509_BADCERT_EXPIRED,      MBEDTLS_X509_BADCERT_FUTURE,
                                 MBEDTLS_X509_BADCERT_CN_MISMATCH,  MBEDTLS_X509_BADCERT_OTHER,
                                 MBEDTLS_X509_BADCERT_EXT_KEY_USAGE};

static void add_faults(fth_tls_text *text, const fth_tls_session *session, const mbedtls_x509_crt *certificate,
                       uint32_t flags)
{
    const char *separator = ": ";

    for (size_t i = 0; i < sizeof order / sizeof *order + 32; i++) {
        bool is_rest = i >= sizeof order / sizeof *order;
        uint32_t flag = is_rest ? (uint32_t)1 << (i - sizeof order / sizeof *order) : order[i];

        if ((flags & flag) == 0)
            continue;
        flags &= ~flag;
        fth_tls_text_add(text, "%s", separator);
        if (!add_fault(text, session, certificate, flag))
            fth_tls_text_add(text, "not accepted (0x%x)", (unsigned)flag);
        separator = ", ";
    }
}

static fth_tls_words *words_of(fth_tls_session *session)
{
    if (session->words == NULL)
        session->words = mbedtls_calloc(1, sizeof *session->words);
    return session->words;
}

void fth_tls_verdict_add(fth_tls_session *session, const mbedtls_x509_crt *certificate, int depth, uint32_t flags)
{
    fth_tls_words *words = words_of(session);
    fth_tls_text text;
    size_t before;

    if (words == NULL)
        return;
    text = (fth_tls_text){words->sentence, sizeof words->sentence, 0};
    if (certificate->raw.p == NULL) { /* mbedTLS leaves it empty and goes on, since it may not be needed */
        fth_tls_text_add(&text, "certificate %d of the chain: a kind of key or signature that mbedTLS does not know",
                         depth);
    } else {
        fth_tls_text_add(&text, "certificate %d of the chain, ", depth);
        fth_tls_text_add_name(&text, &certificate->subject);
        add_faults(&text, session, certificate, flags);
    }

    /* mbedTLS comes to the leaf last; it is to be read first, and stays when the rest is cut off. */
    before = strlen(words->text);
    if (before > 0)
        fth_tls_text_add(&text, "; ");
    if (before > sizeof words->text - 1 - text.used)
        before = sizeof words->text - 1 - text.used;
    memmove(words->text + text.used, words->text, before);
    memcpy(words->text, words->sentence, text.used);
    words->text[text.used + before] = '\0';
}

void fth_tls_verdict_end(fth_tls_session *session, uint32_t flags)
{
    fth_tls_words *words = words_of(session);
    fth_tls_text text;

    if (words == NULL || words->text[0] != '\0')
        return;
    text = (fth_tls_text){words->text, sizeof words->text, 0};
    if ((flags & MBEDTLS_X509_BADCERT_BAD_KEY) != 0)
        fth_tls_text_add(&text, "certificate 0 of the chain: its key is on a curve that is not accepted");
    else
        fth_tls_text_add(&text, "the peer's certificate is not accepted (0x%x)", (unsigned)flags);
}

#endif

static const struct {
    uint32_t flags;
    int alert;
} alerts[] = {
    {MBEDTLS_X509_BADCERT_OTHER, MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED},
    {MBEDTLS_X509_BADCERT_CN_MISMATCH, MBEDTLS_SSL_ALERT_MSG_BAD_CERT},
    {MBEDTLS_X509_BADCERT_KEY_USAGE | MBEDTLS_X509_BADCERT_EXT_KEY_USAGE | MBEDTLS_X509_BADCERT_BAD_PK |
         MBEDTLS_X509_BADCERT_BAD_KEY,
     MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT},
    {MBEDTLS_X509_BADCERT_EXPIRED, MBEDTLS_SSL_ALERT_MSG_CERT_EXPIRED},
    {MBEDTLS_X509_BADCERT_REVOKED, MBEDTLS_SSL_ALERT_MSG_CERT_REVOKED},
    {MBEDTLS_X509_BADCERT_NOT_TRUSTED, MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA},
};

int fth_tls_verdict_alert(uint32_t flags)
{
    for (size_t i = 0; i < sizeof alerts / sizeof *alerts; i++)
        if ((flags & alerts[i].flags) != 0)
            return alerts[i].alert;
    return MBEDTLS_SSL_ALERT_MSG_CERT_UNKNOWN;
}
