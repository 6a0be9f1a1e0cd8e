/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/tls_identity.h"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/ecp.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/x509_crt.h>
#include <string.h>

static bool write_certificate(tls_identity *made, mbedtls_pk_context *key, mbedtls_ctr_drbg_context *random)
{
    static const char name[] = "CN=localhost";
    unsigned char serial[] = {1};
    mbedtls_x509write_cert certificate;
    bool done;

    mbedtls_x509write_crt_init(&certificate);
    mbedtls_x509write_crt_set_version(&certificate, MBEDTLS_X509_CRT_VERSION_3);
    mbedtls_x509write_crt_set_md_alg(&certificate, MBEDTLS_MD_SHA256);
    mbedtls_x509write_crt_set_subject_key(&certificate, key);
    mbedtls_x509write_crt_set_issuer_key(&certificate, key);
    done = mbedtls_x509write_crt_set_subject_name(&certificate, name) == 0 &&
           mbedtls_x509write_crt_set_issuer_name(&certificate, name) == 0 &&
           mbedtls_x509write_crt_set_serial_raw(&certificate, serial, sizeof serial) == 0 &&
           mbedtls_x509write_crt_set_validity(&certificate, "20200101000000", "20991231235959") == 0 &&
           mbedtls_x509write_crt_set_basic_constraints(&certificate, 0, -1) == 0 &&
           mbedtls_x509write_crt_pem(&certificate, (unsigned char *)made->certificate, sizeof made->certificate,
                                     mbedtls_ctr_drbg_random, random) == 0;
    mbedtls_x509write_crt_free(&certificate);
    return done;
}

bool tls_identity_make(tls_identity *made)
{
    static const unsigned char salt[] = "Firth's benchmark";
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
    mbedtls_pk_context key;
    bool done;

    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&random);
    mbedtls_pk_init(&key);
    done = mbedtls_ctr_drbg_seed(&random, mbedtls_entropy_func, &entropy, salt, sizeof salt) == 0 &&
           mbedtls_pk_setup(&key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)) == 0 &&
           mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(key), mbedtls_ctr_drbg_random, &random) == 0 &&
           mbedtls_pk_write_key_pem(&key, (unsigned char *)made->key, sizeof made->key) == 0 &&
           write_certificate(made, &key, &random);
    mbedtls_pk_free(&key);
    mbedtls_ctr_drbg_free(&random);
    mbedtls_entropy_free(&entropy);
    return done;
}
