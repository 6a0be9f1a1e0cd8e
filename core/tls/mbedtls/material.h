/* SPDX-License-Identifier: Apache-2.0 */
/* What a firth_tls_data points to, as mbedTLS wants it: a copy, in PEM with a NUL at the end; and what is said when it
 * cannot be used. */
#ifndef FTH_TLS_MBEDTLS_MATERIAL_H
#define FTH_TLS_MBEDTLS_MATERIAL_H

#include "core/tls/mbedtls/adapter.h"
#include <firth/tls.h>

typedef struct fth_tls_material {
    unsigned char *bytes;
    size_t size;
    bool is_pem;
    const char *option; /* whose it is, for failures: "option identities" */
    const char *name;   /* the file, or "certificate in memory" */
    size_t at;          /* where the next block is looked for */
    size_t cut;         /* the byte that a NUL stands for, to end a block */
    unsigned char cut_byte;
    int damage; /* authorities: mbedTLS's error for a block that is damaged; 0: there is none */
} fth_tls_material;

/* The file, or "certificate in memory". what: as below. */
const char *fth_tls_material_name(const firth_tls_data *data, const char *what);

/* What is in a file or in memory. what: "certificate", "key" or "revocation list". FIRTH_OK; FIRTH_ERR_TLS_CONFIG with
 * detail; FIRTH_ERR_NO_MEMORY. After a failure there is nothing to free. */
int fth_tls_material_load(fth_tls_material *material, const firth_tls_data *data, const char *option, const char *what);

/* What a system's store gave; bytes end with a NUL that size does not count. They are not copied, but cut. */
void fth_tls_material_use(fth_tls_material *material, unsigned char *bytes, size_t size, const char *name);

/* The next block of PEM with that label, as a text of its own of *size bytes with its NUL; of DER, whatever the next one
 * is. NULL when there is no other. Valid until the next call. */
const unsigned char *fth_tls_material_next(fth_tls_material *material, const char *label, size_t *size);

/* Wipes and frees. */
void fth_tls_material_free(fth_tls_material *material);

/* FIRTH_ERR_TLS_CONFIG with the detail "NAME: reason", or FIRTH_ERR_NO_MEMORY when it is that which mbedTLS's error says.
 * reason with a "%s" at its end gets mbedTLS's words. */
int fth_tls_material_fail(const fth_tls_material *material, int error, const char *reason);

/* The same for an error that is no material's. */
int fth_tls_context_fail(int error, const char *option, const char *reason);

#endif
