/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tls/certificates.h"
#include "tests/tls/certificate_parts.h"
#include <mbedtls/asn1write.h>
#include <mbedtls/base64.h>
#include <mbedtls/ecp.h>
#include <mbedtls/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Outside a cmocka test, in a fuzzer, there is nothing to jump to. */
void certificate_check(bool condition, const char *what)
{
    if (condition)
        return;
    (void)fprintf(stderr, "certificates: %s failed\n", what);
    abort();
}

int certificate_random(void *unused, unsigned char *bytes, size_t size)
{
    (void)unused;
    return psa_generate_random(bytes, size) == PSA_SUCCESS ? 0 : -1;
}

/* A key of 2048 bits made once by "openssl genrsa": to look for primes takes a second, and minutes in Valgrind. It
 * guards nothing. */
static const char rsa_p[] = "f3975c3ede221740d40ea9b7bdbb2d478627690cb117e7616524885b7ce7567b"
                            "433193794bef7ef7b43b12713d7904d783d27d4a716ed984d9e16caa58271d1b"
                            "4dd3f38befd8f4a3544c3beaf6ad578fd3916fc0f924905b75bd78c8b88e805d"
                            "0b64532cd3a34f53f9297ffb5d8a9e580956188a0c427117114835627ca681db";
static const char rsa_q[] = "edcb4daf36b680f2975910b87917bcde13e6e39325d38a48f050ecb9c0d13d90"
                            "819b0fdccb3ab16c066a5dc5a2bfb270f920d6cf7dd59ef6f2932d87df48ec6b"
                            "f73f513c7ad2512976ab7fee59cb7825e9829716c27ec456af79b462398a900d"
                            "e3474ebc05b25a18c6e7daec6396c5afd83309c5a0b12d0e89b617f9bc6a3f8f";

static const char short_p[] = "f2b11db85dd1c2d36c82f96a9055d25a1e178ea110452883c3699e3fb8343841"
                              "fd4bd72e6fddc935b29b0b0ab735aab756a770f296f13b191fa3e035185a971f";
static const char short_q[] = "efd0b9129531895802e2f477044a0d5951eb5821b9ebfd3e4198bf393c5cda73"
                              "3b40f3492cf8dfa558a497823245f2a42b01f365a41c41e8360c847c4254a8ed";

static void read_rsa(mbedtls_pk_context *key, const char *p_text, const char *q_text)
{
    mbedtls_rsa_context *rsa;
    mbedtls_mpi p, q, e;

    mbedtls_mpi_init(&p);
    mbedtls_mpi_init(&q);
    mbedtls_mpi_init(&e);
    certificate_check(mbedtls_pk_setup(key, mbedtls_pk_info_from_type(MBEDTLS_PK_RSA)) == 0, "RSA");
    rsa = mbedtls_pk_rsa(*key);
    certificate_check(mbedtls_mpi_read_string(&p, 16, p_text) == 0 && mbedtls_mpi_read_string(&q, 16, q_text) == 0 &&
                          mbedtls_mpi_lset(&e, 65537) == 0 && mbedtls_rsa_import(rsa, NULL, &p, &q, NULL, &e) == 0 &&
                          mbedtls_rsa_complete(rsa) == 0,
                      "the RSA key");
    mbedtls_mpi_free(&p);
    mbedtls_mpi_free(&q);
    mbedtls_mpi_free(&e);
}

static void make_key(mbedtls_pk_context *key, certificate_key kind)
{
    static const mbedtls_ecp_group_id curves[] = {
        [KEY_P256] = MBEDTLS_ECP_DP_SECP256R1,
        [KEY_P384] = MBEDTLS_ECP_DP_SECP384R1,
        [KEY_P521] = MBEDTLS_ECP_DP_SECP521R1,
        [KEY_BRAINPOOL] = MBEDTLS_ECP_DP_BP256R1,
    };

    mbedtls_pk_init(key);
    if (kind == KEY_RSA || kind == KEY_RSA_1024) {
        read_rsa(key, kind == KEY_RSA ? rsa_p : short_p, kind == KEY_RSA ? rsa_q : short_q);
        return;
    }
    certificate_check(mbedtls_pk_setup(key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)) == 0, "ECKEY");
    certificate_check(mbedtls_ecp_gen_key(curves[kind], mbedtls_pk_ec(*key), certificate_random, NULL) == 0,
                      "mbedtls_ecp_gen_key");
}

/* mbedTLS writes DER from the end of the buffer. */
static size_t to_front(unsigned char *bytes, size_t capacity, int size)
{
    certificate_check(size > 0, "writing DER");
    memmove(bytes, bytes + capacity - (size_t)size, (size_t)size);
    return (size_t)size;
}

enum { NAME_COUNT = 16 };

/* One name of a list, "DNS:a.example" up to a comma or the end. Returns what is behind it. */
static const char *read_name(mbedtls_x509_subject_alternative_name *name, unsigned char number[16], const char *text)
{
    size_t size = strcspn(text, ",");
    size_t kind = strcspn(text, ":") + 1;
    mbedtls_x509_buf *value = &name->san.unstructured_name;

    value->p = (unsigned char *)(uintptr_t)(text + kind);
    value->len = size - kind;
    if (strncmp(text, "IP:", 3) == 0) {
        char address[64];
        firth_address parsed;

        (void)snprintf(address, sizeof address, "%.*s", (int)(size - kind), text + kind);
        certificate_check(firth_address_make(&parsed, address, 0) == FIRTH_OK, "a name's address");
        name->type = MBEDTLS_X509_SAN_IP_ADDRESS;
        value->p = number;
        value->len = parsed.family == FIRTH_FAMILY_IPV4 ? 4 : 16;
        memcpy(number, parsed.ip, 16);
    } else {
        name->type = text[0] == 'U'   ? MBEDTLS_X509_SAN_UNIFORM_RESOURCE_IDENTIFIER
                     : text[0] == 'e' ? MBEDTLS_X509_SAN_RFC822_NAME
                                      : MBEDTLS_X509_SAN_DNS_NAME;
    }
    return text[size] == ',' ? text + size + 1 : text + size;
}

static void set_names(mbedtls_x509write_cert *cert, const char *names)
{
    mbedtls_x509_san_list list[NAME_COUNT];
    unsigned char numbers[NAME_COUNT][16];
    size_t count = 0;

    memset(list, 0, sizeof list);
    while (*names != '\0') {
        certificate_check(count < NAME_COUNT, "the number of names");
        names = read_name(&list[count].node, numbers[count], names);
        if (count > 0) /* mbedTLS writes the last first */
            list[count].next = &list[count - 1];
        count++;
    }
    certificate_check(mbedtls_x509write_crt_set_subject_alternative_name(cert, &list[count - 1]) == 0, "the names");
}

static void set_purpose(mbedtls_x509write_cert *cert, const char *purpose)
{
    mbedtls_asn1_sequence uses[2];
    size_t count = 0;

    memset(uses, 0, sizeof uses);
    if (strcmp(purpose, "client") != 0) {
        uses[count].buf.tag = MBEDTLS_ASN1_OID;
        uses[count].buf.p = (unsigned char *)(uintptr_t)MBEDTLS_OID_SERVER_AUTH;
        uses[count++].buf.len = MBEDTLS_OID_SIZE(MBEDTLS_OID_SERVER_AUTH);
    }
    if (strcmp(purpose, "server") != 0) {
        uses[count].buf.tag = MBEDTLS_ASN1_OID;
        uses[count].buf.p = (unsigned char *)(uintptr_t)MBEDTLS_OID_CLIENT_AUTH;
        uses[count++].buf.len = MBEDTLS_OID_SIZE(MBEDTLS_OID_CLIENT_AUTH);
    }
    if (count == 2)
        uses[0].next = &uses[1];
    certificate_check(mbedtls_x509write_crt_set_ext_key_usage(cert, uses) == 0, "the purpose");
}

static void write_certificate(certificate *made, const certificate *issuer)
{
    const certificate_wish *wish = &made->wish;
    const char *not_before = wish->not_before != NULL ? wish->not_before : "20200101000000";
    const char *not_after = wish->not_after != NULL ? wish->not_after : "20900101000000";
    mbedtls_pk_context issuer_key = issuer->key;
    unsigned char serial[1] = {(unsigned char)(wish->serial != 0 ? wish->serial : 1)};
    mbedtls_x509write_cert cert;

    mbedtls_x509write_crt_init(&cert);
    mbedtls_x509write_crt_set_md_alg(&cert, MBEDTLS_MD_SHA256);
    mbedtls_x509write_crt_set_subject_key(&cert, &made->key);
    mbedtls_x509write_crt_set_issuer_key(&cert, &issuer_key);
    certificate_check(mbedtls_x509write_crt_set_subject_name(&cert, wish->subject) == 0, "the subject");
    certificate_check(mbedtls_x509write_crt_set_issuer_name(&cert, issuer->wish.subject) == 0, "the issuer");
    certificate_check(mbedtls_x509write_crt_set_serial_raw(&cert, serial, 1) == 0, "the serial number");
    certificate_check(mbedtls_x509write_crt_set_validity(&cert, not_before, not_after) == 0, "the dates");
    certificate_check(mbedtls_x509write_crt_set_basic_constraints(&cert, wish->is_authority, -1) == 0, "constraints");
    if (wish->names != NULL)
        set_names(&cert, wish->names);
    if (wish->purpose != NULL)
        set_purpose(&cert, wish->purpose);
    made->der_size = to_front(made->der, sizeof made->der,
                              mbedtls_x509write_crt_der(&cert, made->der, sizeof made->der, certificate_random, NULL));
    mbedtls_x509write_crt_free(&cert);
}

certificate *certificate_make(const certificate_wish *wish)
{
    certificate *made = calloc(1, sizeof *made);

    certificate_check(made != NULL && psa_crypto_init() == PSA_SUCCESS, "psa_crypto_init");
    made->wish = *wish;
    make_key(&made->key, wish->key);
    made->key_der_size = to_front(made->key_der, sizeof made->key_der,
                                  mbedtls_pk_write_key_der(&made->key, made->key_der, sizeof made->key_der));
    write_certificate(made, wish->issuer != NULL ? wish->issuer : made);
    return made;
}

void certificate_free(certificate *made)
{
    if (made != NULL)
        mbedtls_pk_free(&made->key);
    free(made);
}

static size_t write_pem(char *pem, size_t capacity, const char *label, const unsigned char *der, size_t size)
{
    unsigned char base64[4096];
    size_t length = 0, used;

    certificate_check(mbedtls_base64_encode(base64, sizeof base64, &length, der, size) == 0, "base64");
    used = (size_t)snprintf(pem, capacity, "-----BEGIN %s-----\n", label);
    for (size_t i = 0; i < length; i += 64)
        used += (size_t)snprintf(pem + used, used < capacity ? capacity - used : 0, "%.64s\n", base64 + i);
    used += (size_t)snprintf(pem + used, used < capacity ? capacity - used : 0, "-----END %s-----\n", label);
    certificate_check(used < capacity, "the room for PEM");
    return used;
}

size_t certificate_pem(char *pem, size_t capacity, const certificate *const *chain, size_t count)
{
    size_t used = 0;

    for (size_t i = 0; i < count; i++)
        used += write_pem(pem + used, capacity - used, "CERTIFICATE", chain[i]->der, chain[i]->der_size);
    return used;
}

size_t certificate_key_pem(char *pem, size_t capacity, const certificate *of)
{
    const char *label = of->wish.key == KEY_RSA ? "RSA PRIVATE KEY" : "EC PRIVATE KEY";

    return write_pem(pem, capacity, label, of->key_der, of->key_der_size);
}

firth_tls_data certificate_data(const certificate *made)
{
    return firth_tls_memory(made->der, made->der_size);
}

firth_tls_identity certificate_identity(const certificate *made)
{
    firth_tls_identity identity = {.certificate = certificate_data(made),
                                   .key = firth_tls_memory(made->key_der, made->key_der_size)};

    return identity;
}

firth_tls_pin certificate_pin(const certificate *made, bool is_public_key)
{
    firth_tls_pin pin = {.is_public_key = is_public_key};
    unsigned char key[1024];
    const unsigned char *bytes = made->der;
    size_t size = made->der_size, written = 0;

    if (is_public_key) {
        size = to_front(key, sizeof key, mbedtls_pk_write_pubkey_der(&made->key, key, sizeof key));
        bytes = key;
    }
    certificate_check(psa_hash_compute(PSA_ALG_SHA_256, bytes, size, pin.sha256, sizeof pin.sha256, &written) == 0,
                      "SHA-256");
    return pin;
}
