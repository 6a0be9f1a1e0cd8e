/* SPDX-License-Identifier: Apache-2.0 */
/* Revocation lists (RFC 5280 §5), which mbedTLS reads but does not write. DER is written from its end to its start. */
#include "tests/tls/certificate_parts.h"
#include "tests/tls/certificates.h"
#include <mbedtls/asn1write.h>
#include <string.h>

enum { SIGNED_SEQUENCE = MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE };

typedef struct place {
    unsigned char *at, *start;
} place;

static size_t wrote(int size)
{
    certificate_check(size >= 0, "writing ASN.1");
    return (size_t)size;
}

/* The header of what was written last, size bytes of it. */
static size_t wrap(place *p, size_t size, unsigned char tag)
{
    size_t length = wrote(mbedtls_asn1_write_len(&p->at, p->start, size));

    return size + length + wrote(mbedtls_asn1_write_tag(&p->at, p->start, tag));
}

static size_t write_time(place *p, const char *time) /* "20200101000000", as RFC 5280 §5.1.2.4 wants it until 2049 */
{
    bool is_utc = time[0] == '2' && time[1] == '0' && time[2] < '5';
    const char *text = is_utc ? time + 2 : time;
    size_t size = wrote(mbedtls_asn1_write_raw_buffer(&p->at, p->start, (const unsigned char *)"Z", 1));

    size += wrote(mbedtls_asn1_write_raw_buffer(&p->at, p->start, (const unsigned char *)text, strlen(text)));
    return wrap(p, size, is_utc ? MBEDTLS_ASN1_UTC_TIME : MBEDTLS_ASN1_GENERALIZED_TIME);
}

static size_t write_entries(place *p, const unsigned char *serials, size_t count)
{
    size_t size = 0;

    if (count == 0)
        return 0; /* an empty list is left out */
    for (size_t i = 0; i < count; i++) {
        size_t entry = write_time(p, "20200102000000");

        entry += wrote(mbedtls_asn1_write_int(&p->at, p->start, serials[i]));
        size += wrap(p, entry, SIGNED_SEQUENCE);
    }
    return wrap(p, size, SIGNED_SEQUENCE);
}

static size_t write_algorithm(place *p, const certificate *authority)
{
    bool is_rsa = authority->wish.key == KEY_RSA;
    const char *oid = is_rsa ? MBEDTLS_OID_PKCS1_SHA256 : MBEDTLS_OID_ECDSA_SHA256;
    size_t size = is_rsa ? MBEDTLS_OID_SIZE(MBEDTLS_OID_PKCS1_SHA256) : MBEDTLS_OID_SIZE(MBEDTLS_OID_ECDSA_SHA256);

    return wrote(mbedtls_asn1_write_algorithm_identifier_ext(&p->at, p->start, oid, size, 0, is_rsa));
}

static size_t write_issuer(place *p, const certificate *authority)
{
    mbedtls_x509_crt crt;
    size_t size;

    mbedtls_x509_crt_init(&crt);
    certificate_check(mbedtls_x509_crt_parse_der(&crt, authority->der, authority->der_size) == 0, "the authority");
    size = wrote(mbedtls_asn1_write_raw_buffer(&p->at, p->start, crt.subject_raw.p, crt.subject_raw.len));
    mbedtls_x509_crt_free(&crt);
    return size;
}

static size_t write_body(place *p, const certificate *authority, const unsigned char *serials, size_t count,
                         const char *not_after)
{
    size_t size = write_entries(p, serials, count);

    size += write_time(p, not_after);
    size += write_time(p, "20200101000000");
    size += write_issuer(p, authority);
    size += write_algorithm(p, authority);
    size += wrote(mbedtls_asn1_write_int(&p->at, p->start, 1)); /* version 2 */
    return wrap(p, size, SIGNED_SEQUENCE);
}

size_t certificate_revoke(unsigned char *der, size_t capacity, const certificate *authority,
                          const unsigned char *serials, size_t count, const char *not_after)
{
    unsigned char body_bytes[2048], hash[32], signature[512];
    place body = {body_bytes + sizeof body_bytes, body_bytes}, list = {der + capacity, der};
    mbedtls_pk_context key = authority->key;
    size_t body_size, size = 0, signature_size = 0, hash_size = 0;

    body_size = write_body(&body, authority, serials, count, not_after != NULL ? not_after : "20900101000000");
    certificate_check(psa_hash_compute(PSA_ALG_SHA_256, body.at, body_size, hash, sizeof hash, &hash_size) == 0 &&
                          mbedtls_pk_sign(&key, MBEDTLS_MD_SHA256, hash, hash_size, signature, sizeof signature,
                                          &signature_size, certificate_random, NULL) == 0,
                      "signing a revocation list");
    size = wrote(mbedtls_asn1_write_bitstring(&list.at, list.start, signature, signature_size * 8));
    size += write_algorithm(&list, authority);
    size += wrote(mbedtls_asn1_write_raw_buffer(&list.at, list.start, body.at, body_size));
    size = wrap(&list, size, SIGNED_SEQUENCE);
    memmove(der, list.at, size);
    return size;
}
