/* SPDX-License-Identifier: Apache-2.0 */
/* What differs between the two sides of TLS, a table for each. A builder points to its own from the call on that makes it,
 * and nothing else does: so a program that is only a server has nothing of a client in its image, and the other way round. */
#ifndef FTH_TLS_SIDE_H
#define FTH_TLS_SIDE_H

#include "core/tls/engine.h"

struct firth_tls_side {
    firth_tls_role role;

    /* The first option of the builder that this side does not have, would never look at, or cannot use; NULL: none. The
     * fields that are checked of both sides were. */
    const char *(*find_stray)(const firth_tls_builder *tls);

    const fth_tls_engine_side *engine;
};

extern const struct firth_tls_side fth_tls_client_side;
extern const struct firth_tls_side fth_tls_server_side;

#endif
