/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration that can be reloaded: what its connections use is a generation of it, which stays as long as one of
 * them does. */
#ifndef FTH_TLS_CONFIG_H
#define FTH_TLS_CONFIG_H

#include "core/tls/engine.h"

typedef struct fth_tls_generation {
    firth_tls_config *config;
    fth_tls_context *context;
    int64_t handshake_timeout_ms;
    unsigned users; /* under the configuration's lock, like all of it */
} fth_tls_generation;

/* The engine of this build. */
extern const fth_tls_engine *const fth_tls_engine_used;
extern const fth_tls_engine_facts *const fth_tls_engine_facts_used;

/* The side it is for. */
firth_tls_role fth_tls_role_of(const firth_tls_config *config);

/* Of the newest generation. Any thread. */
int64_t fth_tls_handshake_timeout_ms(firth_tls_config *config);

/* Takes a part in the newest generation, and in the configuration. Any thread. */
fth_tls_generation *fth_tls_use(firth_tls_config *config);

/* Gives that up. Any thread. */
void fth_tls_unuse(fth_tls_generation *generation);

#endif
