/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tls/mbedtls/adapter.h"
#include "core/tls/mbedtls/process.h"
#include <stdatomic.h>
#include <string.h>

#if MBEDTLS_VERSION_MAJOR < 4
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/ecp.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pkcs12.h>
#include <mbedtls/pkcs5.h>
#include <mbedtls/psa_util.h>
#include <mbedtls/rsa.h> /* its codes, which a build without RSA has too */
#include <mbedtls/threading.h>
#endif

static atomic_bool is_prepared;

/* mbedTLS makes its list of suites when it is first asked for, without a lock: the_first_configurations_of_a_process_may_…
 * of threads_test. Returns 0 or an error of PSA's, which is below zero too and none of mbedTLS's. */
static int prepare(void)
{
    (void)mbedtls_ssl_list_ciphersuites();
    return psa_crypto_init();
}

int fth_tls_prepare(void)
{
    firth_port_lock *lock;
    int error = 0;

    if (atomic_load(&is_prepared))
        return 0;
    lock = fth_tls_process_lock();
    if (lock == NULL)
        return MBEDTLS_ERR_SSL_ALLOC_FAILED;
    firth_port_lock_take(lock);
    if (!atomic_load(&is_prepared)) {
        error = prepare();
        atomic_store(&is_prepared, error == 0);
    }
    firth_port_lock_give(lock);
    return error;
}

/* ---- random bytes: PSA's generator, which mbedTLS 4 uses without being told -------------------------------------- */

void fth_tls_use_random(mbedtls_ssl_config *config)
{
#if MBEDTLS_VERSION_MAJOR < 4
    mbedtls_ssl_conf_rng(config, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
#else
    (void)config;
#endif
}

/* ---- keys -------------------------------------------------------------------------------------------------------- */

int fth_tls_parse_key(mbedtls_pk_context *key, const unsigned char *bytes, size_t size, const char *password)
{
    const size_t password_size = password != NULL ? strlen(password) : 0;

#if MBEDTLS_VERSION_MAJOR < 4
    return mbedtls_pk_parse_key(key, bytes, size, (const unsigned char *)password, password_size,
                                mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
#else
    return mbedtls_pk_parse_key(key, bytes, size, (const unsigned char *)password, password_size);
#endif
}

int fth_tls_check_pair(const mbedtls_pk_context *public_key, const mbedtls_pk_context *key)
{
#if MBEDTLS_VERSION_MAJOR < 4
    return mbedtls_pk_check_pair(public_key, key, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
#else
    return mbedtls_pk_check_pair(public_key, key);
#endif
}

bool fth_tls_lacks_encryption(int error)
{
#if MBEDTLS_VERSION_MAJOR < 4
    if (error == MBEDTLS_ERR_PKCS5_FEATURE_UNAVAILABLE || error == MBEDTLS_ERR_PKCS12_FEATURE_UNAVAILABLE)
        return true;
#endif
    return error == MBEDTLS_ERR_PK_FEATURE_UNAVAILABLE || error == MBEDTLS_ERR_PEM_UNKNOWN_ENC_ALG ||
           error == MBEDTLS_ERR_PEM_FEATURE_UNAVAILABLE;
}

bool fth_tls_is_rsa(const mbedtls_pk_context *key)
{
#if MBEDTLS_VERSION_MAJOR < 4
    return mbedtls_pk_get_type(key) == MBEDTLS_PK_RSA;
#else
    return mbedtls_pk_can_do_psa(key, PSA_ALG_RSA_PKCS1V15_SIGN(PSA_ALG_SHA_256), PSA_KEY_USAGE_SIGN_HASH) == 1;
#endif
}

bool fth_tls_has_curve_of_1_3(const mbedtls_pk_context *key)
{
#if FTH_TLS_HAS_OTHER_CURVES
    psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;

    return mbedtls_pk_get_psa_attributes(key, PSA_KEY_USAGE_SIGN_HASH, &attributes) == 0 &&
           PSA_KEY_TYPE_ECC_GET_FAMILY(psa_get_key_type(&attributes)) == PSA_ECC_FAMILY_SECP_R1 &&
           psa_get_key_bits(&attributes) >= 256;
#else
    (void)key;
    return true;
#endif
}

void fth_tls_renew_blinding(mbedtls_pk_context *key)
{
#if MBEDTLS_VERSION_MAJOR < 4 && defined(MBEDTLS_RSA_C)
    mbedtls_rsa_context *rsa = fth_tls_is_rsa(key) ? mbedtls_pk_rsa(*key) : NULL;

    if (rsa == NULL)
        return;
#if defined(MBEDTLS_THREADING_C)
    if (mbedtls_mutex_lock(&rsa->MBEDTLS_PRIVATE(mutex)) != 0)
        return;
#endif
    mbedtls_mpi_free(&rsa->MBEDTLS_PRIVATE(Vi));
    mbedtls_mpi_free(&rsa->MBEDTLS_PRIVATE(Vf));
#if defined(MBEDTLS_THREADING_C)
    (void)mbedtls_mutex_unlock(&rsa->MBEDTLS_PRIVATE(mutex));
#endif
#else
    (void)key;
#endif
}

bool fth_tls_is_of_private_key(int error)
{
#if MBEDTLS_VERSION_MAJOR < 4 && defined(MBEDTLS_RSA_C)
    return -(-error & 0xFF80) == MBEDTLS_ERR_RSA_PRIVATE_FAILED;
#else
    (void)error;
    return false;
#endif
}

/* ---- a connection ------------------------------------------------------------------------------------------------ */

#if FTH_TLS_VERIFIES_BY_CONNECTION

int fth_tls_set_up(mbedtls_ssl_context *ssl, const mbedtls_ssl_config *config, fth_tls_verify_fn *verify,
                   void *argument)
{
    const int error = mbedtls_ssl_setup(ssl, config);

    mbedtls_ssl_set_verify(ssl, verify, argument);
    return error;
}

void fth_tls_tear_down(mbedtls_ssl_context *ssl)
{
    mbedtls_ssl_free(ssl);
}

#else

/* So each connection has a configuration of its own, a copy that shares all that the first one points to. */
int fth_tls_set_up(mbedtls_ssl_context *ssl, const mbedtls_ssl_config *config, fth_tls_verify_fn *verify,
                   void *argument)
{
    mbedtls_ssl_config *own = mbedtls_calloc(1, sizeof *own);
    int error;

    if (own == NULL)
        return MBEDTLS_ERR_SSL_ALLOC_FAILED;
    *own = *config;
    mbedtls_ssl_conf_verify(own, verify, argument);
    error = mbedtls_ssl_setup(ssl, own);
    if (ssl->MBEDTLS_PRIVATE(conf) != own)
        mbedtls_free(own);
    return error;
}

void fth_tls_tear_down(mbedtls_ssl_context *ssl)
{
    void *own = (void *)(uintptr_t)ssl->MBEDTLS_PRIVATE(conf);

    mbedtls_ssl_free(ssl);
    mbedtls_free(own);
}

#endif

bool fth_tls_is_joining(const mbedtls_ssl_context *ssl)
{
#if MBEDTLS_VERSION_MAJOR >= 4
    return ssl->MBEDTLS_PRIVATE(in_hsfraglen) != 0;
#elif FTH_TLS_JOINS_MESSAGES
    return ssl->MBEDTLS_PRIVATE(badmac_seen_or_in_hsfraglen) != 0;
#else
    (void)ssl;
    return false;
#endif
}

/* ---- tickets ----------------------------------------------------------------------------------------------------- */

int fth_tls_ticket_setup(mbedtls_ssl_ticket_context *tickets, unsigned lifetime_s)
{
#if MBEDTLS_VERSION_MAJOR < 4
    return mbedtls_ssl_ticket_setup(tickets, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE,
                                    MBEDTLS_CIPHER_AES_256_GCM, lifetime_s);
#else
    return mbedtls_ssl_ticket_setup(tickets, PSA_ALG_GCM, PSA_KEY_TYPE_AES, 256, lifetime_s);
#endif
}

/* mbedTLS 3.6.0 and 4 always tell. */
void fth_tls_signal_tickets(mbedtls_ssl_config *config)
{
#ifdef MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED
    mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(config,
                                                             MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
#else
    (void)config;
#endif
}

bool fth_tls_is_new_ticket(int error)
{
    return error == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET;
}

/* ---- the rest ---------------------------------------------------------------------------------------------------- */

bool fth_tls_has_pss_fault(void)
{
#if FTH_TLS_HAS_RSA
    const unsigned version = mbedtls_version_get_number();

    return version == 0x03060600 || version == 0x04010000;
#else
    return false;
#endif
}

bool fth_tls_is_no_random(int error)
{
#if MBEDTLS_VERSION_MAJOR < 4
    const int low = -(-error & 0x7F);

    if (low == MBEDTLS_ERR_CTR_DRBG_ENTROPY_SOURCE_FAILED || low == MBEDTLS_ERR_ENTROPY_SOURCE_FAILED)
        return true;
#endif
    return error == PSA_ERROR_INSUFFICIENT_ENTROPY;
}

bool fth_tls_is_own_fault(int error)
{
#if MBEDTLS_VERSION_MAJOR < 4
    if (error == MBEDTLS_ERR_ERROR_GENERIC_ERROR || error == MBEDTLS_ERR_ECP_FEATURE_UNAVAILABLE)
        return true;
#endif
    return error == PSA_ERROR_GENERIC_ERROR || fth_tls_is_of_private_key(error);
}

bool fth_tls_is_no_memory(int error)
{
    static const int whole[] = {
        PSA_ERROR_INSUFFICIENT_MEMORY,
        MBEDTLS_ERR_SSL_ALLOC_FAILED,
        MBEDTLS_ERR_X509_ALLOC_FAILED,
        MBEDTLS_ERR_PK_ALLOC_FAILED,
        MBEDTLS_ERR_PEM_ALLOC_FAILED,
        MBEDTLS_ERR_ASN1_ALLOC_FAILED,
#if MBEDTLS_VERSION_MAJOR < 4
        MBEDTLS_ERR_MPI_ALLOC_FAILED,
        MBEDTLS_ERR_ECP_ALLOC_FAILED,
        MBEDTLS_ERR_MD_ALLOC_FAILED,
        MBEDTLS_ERR_CIPHER_ALLOC_FAILED
#endif
    };
    const int low = -(-error & 0x7F);
    const int high = -(-error & 0xFF80);
    size_t i;

    for (i = 0; i < sizeof whole / sizeof whole[0]; i++)
        if (error == whole[i] || low == whole[i] || high == whole[i])
            return error != 0;
    return false;
}

void fth_tls_wipe(void *bytes, size_t size)
{
    mbedtls_platform_zeroize(bytes, size);
}

/* Of the library that runs, which may be newer than the headers. Written once, under the process's lock. */
const char *fth_tls_engine_text(void)
{
    static const char name[] = "mbedTLS ";
    static char text[sizeof name + 16];
    firth_port_lock *lock = fth_tls_process_lock();

    if (lock == NULL)
        return "mbedTLS " MBEDTLS_VERSION_STRING;
    firth_port_lock_take(lock);
    if (text[0] == '\0') {
        memcpy(text, name, sizeof name);
        mbedtls_version_get_string(text + sizeof name - 1);
    }
    firth_port_lock_give(lock);
    return text;
}

/* The lower layer's words say more than the higher one's. Both begin with the layer, "X509 - ". mbedTLS 4 writes them to a
 * buffer only, which nobody here would own. */
const char *fth_tls_error_text(int error)
{
#if MBEDTLS_VERSION_MAJOR >= 4
    (void)error;
    return "mbedTLS has a number for it only";
#elif defined(MBEDTLS_ERROR_C)
    const char *text = mbedtls_low_level_strerr(error);
    const char *after;

    if (text == NULL)
        text = mbedtls_high_level_strerr(error);
    after = text != NULL ? strstr(text, " - ") : NULL;
    if (after != NULL)
        return after + 3;
    return text != NULL ? text : "unknown to mbedTLS";
#else
    (void)error;
    return "unknown: mbedTLS was built without MBEDTLS_ERROR_C";
#endif
}
