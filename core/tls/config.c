/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tls/config.h"
#include "core/base/words.h"
#include "core/tls/builder.h"
#include <firth/backend.h>
#include <firth/port.h>
#include <string.h>

struct firth_tls_config {
    firth_port_lock *lock;
    unsigned owners;
    firth_tls_role role;
    fth_tls_generation *newest;
};

const fth_tls_engine *const fth_tls_engine_used = &fth_tls_mbedtls;
const fth_tls_engine_facts *const fth_tls_engine_facts_used = &fth_tls_mbedtls_facts;

const char *firth_tls_engine_name(void)
{
    return fth_tls_engine_facts_used->name();
}

firth_tls_role fth_tls_role_of(const firth_tls_config *config)
{
    return config->role;
}

/* ---- generations ------------------------------------------------------------------------------------------------- */

static int generation_build(firth_tls_config *config, const firth_tls_builder *full, fth_tls_generation **made)
{
    fth_tls_generation *generation = firth_port_allocate(sizeof *generation);
    int rc;

    *made = NULL;
    if (generation == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "firth_tls_build");
    memset(generation, 0, sizeof *generation);
    rc = fth_tls_engine_used->context_build(full, &generation->context);
    if (rc < 0) {
        firth_port_release(generation);
        return rc;
    }
    generation->config = config;
    generation->handshake_timeout_ms = full->handshake_timeout_ms;
    generation->users = 1;
    *made = generation;
    return FIRTH_OK;
}

static void generation_free(fth_tls_generation *generation)
{
    fth_tls_engine_used->context_free(generation->context);
    firth_port_release(generation);
}

/* Whether that was the last user. */
static bool leave(fth_tls_generation *generation)
{
    bool last;

    firth_port_lock_take(generation->config->lock);
    last = --generation->users == 0;
    firth_port_lock_give(generation->config->lock);
    return last;
}

int64_t fth_tls_handshake_timeout_ms(firth_tls_config *config)
{
    int64_t limit_ms;

    firth_port_lock_take(config->lock);
    limit_ms = config->newest->handshake_timeout_ms;
    firth_port_lock_give(config->lock);
    return limit_ms;
}

fth_tls_generation *fth_tls_use(firth_tls_config *config)
{
    fth_tls_generation *generation;

    firth_port_lock_take(config->lock);
    generation = config->newest;
    generation->users++;
    config->owners++;
    firth_port_lock_give(config->lock);
    return generation;
}

void fth_tls_unuse(fth_tls_generation *generation)
{
    firth_tls_config *config = generation->config;

    if (leave(generation))
        generation_free(generation);
    firth_tls_config_release(config);
}

/* ---- the calls --------------------------------------------------------------------------------------------------- */

int firth_tls_build(const firth_tls_builder *tls, firth_tls_config **config)
{
    firth_tls_builder full;
    firth_tls_config *made;
    int rc = fth_tls_read(&full, tls);

    *config = NULL;
    if (rc < 0)
        return rc;
    made = firth_port_allocate(sizeof *made);
    if (made == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "firth_tls_build");
    memset(made, 0, sizeof *made);
    made->owners = 1;
    made->role = full.role;
    made->lock = firth_port_lock_open();
    rc = made->lock != NULL ? generation_build(made, &full, &made->newest)
                            : firth_fail(FIRTH_ERR_NO_MEMORY, 0, "firth_tls_build");
    if (rc < 0) {
        if (made->lock != NULL)
            firth_port_lock_close(made->lock);
        firth_port_release(made);
        return rc;
    }
    *config = made;
    return FIRTH_OK;
}

int firth_tls_reload(firth_tls_config *config, const firth_tls_builder *tls)
{
    fth_tls_generation *fresh, *old;
    firth_tls_builder full;
    int rc = fth_tls_read(&full, tls);

    if (rc < 0)
        return rc;
    if (config == NULL || full.role != config->role)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, config == NULL ? "config" : FTH_OPTION("role"));
    rc = generation_build(config, &full, &fresh);
    if (rc < 0)
        return rc;
    firth_port_lock_take(config->lock);
    old = config->newest;
    config->newest = fresh;
    firth_port_lock_give(config->lock);
    if (leave(old))
        generation_free(old);
    return FIRTH_OK;
}

firth_tls_config *firth_tls_config_retain(firth_tls_config *config)
{
    firth_port_lock_take(config->lock);
    config->owners++;
    firth_port_lock_give(config->lock);
    return config;
}

void firth_tls_config_release(firth_tls_config *config)
{
    bool last;

    if (config == NULL)
        return;
    firth_port_lock_take(config->lock);
    last = --config->owners == 0;
    firth_port_lock_give(config->lock);
    if (!last)
        return;
    generation_free(config->newest);
    firth_port_lock_close(config->lock);
    firth_port_release(config);
}
