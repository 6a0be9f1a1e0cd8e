/* SPDX-License-Identifier: Apache-2.0 */
/* How a context is put together. Each part takes a builder that was read and checked, and a context whose memory is
 * prepared so that fth_tls_context_free frees what of it there is; it returns FIRTH_OK, or a code that was noted. */
#ifndef FTH_TLS_MBEDTLS_PARTS_H
#define FTH_TLS_MBEDTLS_PARTS_H

#include "core/tls/mbedtls/context.h"
#include "core/tls/mbedtls/material.h"

/* context.c: a copy for the port's memory, or NULL. */
char *fth_tls_copy_text(const char *text);

/* versions.c: which versions, suites, groups and signatures there are. */
int fth_tls_versions_build(fth_tls_context *context, const firth_tls_builder *tls);

/* identities.c: this end's certificates. */
int fth_tls_identities_build(fth_tls_context *context, const firth_tls_builder *tls);
void fth_tls_identities_free(fth_tls_context *context);

/* choice.c: mbedTLS's callback of a server after the whole ClientHello, which says what certificates to show. */
int fth_tls_choose(mbedtls_ssl_context *ssl);

/* trust.c: the peer's. */
int fth_tls_trust_build(fth_tls_context *context, const firth_tls_builder *tls);
void fth_tls_trust_free(fth_tls_context *context);

/* system.c: the authorities of the system, read once for the process, which keeps them. */
int fth_tls_system_authorities(mbedtls_x509_crt **authorities);

/* Adds what is in a material to a list; *added counts it. What mbedTLS cannot read is left out, and material->damage is its
 * error if that is because it was cut off or changed. */
int fth_tls_authorities_add(mbedtls_x509_crt *list, fth_tls_material *material, size_t *added);

/* psk.c: pre-shared keys, each side's. */
int fth_tls_psk_build_client(fth_tls_context *context, const firth_tls_builder *tls);
int fth_tls_psk_build_server(fth_tls_context *context, const firth_tls_builder *tls);

/* kept.c: a client's sessions. */
int fth_tls_kept_build(fth_tls_context *context, const firth_tls_builder *tls);
void fth_tls_kept_free(fth_tls_context *context);

/* key_log.c */
mbedtls_ssl_export_keys_t fth_tls_key_log;

#endif
