/* SPDX-License-Identifier: Apache-2.0 */
/* The authorities of the system: some 140 certificates, 460 KiB parsed, which every context shares. They are never
 * written to after they were read, and kept until the process ends. */
#include "core/base/failure.h"
#include "core/base/words.h"
#include "core/tls/mbedtls/parts.h"
#include "core/tls/mbedtls/process.h"
#include <firth/backend.h>
#include <stdio.h>
#include <string.h>

#ifdef FIRTH_NO_AUTHORITIES

/* Nobody has told a microcontroller whom to trust: firmware brings its authorities along. */
int fth_tls_system_authorities(mbedtls_x509_crt **authorities)
{
    *authorities = NULL;
    return firth_fail_in_words(FIRTH_ERR_TLS_CONFIG, 0, FTH_OPTION("trust"), "the system has no authorities");
}

#else

static mbedtls_x509_crt *the_authorities; /* under the process's lock */

typedef struct reading {
    mbedtls_x509_crt *list;
    int rc;
    char looked_at[220];
    size_t looked_at_size;
} reading;

static void note_place(reading *to, const char *place)
{
    const size_t left = sizeof to->looked_at - to->looked_at_size;
    const int written =
        snprintf(to->looked_at + to->looked_at_size, left, "%s%s", to->looked_at_size > 0 ? ", " : "", place);

    if (written > 0)
        to->looked_at_size += (size_t)written < left ? (size_t)written : left - 1;
}

static bool take(void *argument, const char *place, unsigned char *bytes, size_t size)
{
    reading *to = argument;
    fth_tls_material material;
    size_t added = 0;

    if (bytes != NULL && to->rc >= 0) {
        fth_tls_material_use(&material, bytes, size, place);
        to->rc = fth_tls_authorities_add(to->list, &material, &added);
    }
    if (added == 0)
        note_place(to, place);
    return added > 0;
}

static int read_system(mbedtls_x509_crt *list)
{
    reading to = {list, FIRTH_OK, "", 0};
    const int rc = firth_port_authorities(take, &to);

    if (rc < 0)
        return firth_fail(rc, 0, FTH_OPTION("trust"));
    if (to.rc < 0)
        return to.rc;
    if (list->version == 0)
        return firth_fail_in_words(FIRTH_ERR_TLS_CONFIG, 0, FTH_OPTION("trust"),
                                   "the system has no authorities: none in %s", to.looked_at);
    return FIRTH_OK;
}

static int read_once(void)
{
    mbedtls_x509_crt *list;
    int rc;

    if (the_authorities != NULL)
        return FIRTH_OK;
    list = firth_port_allocate(sizeof *list);
    if (list == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, FTH_OPTION("trust"));
    mbedtls_x509_crt_init(list);
    rc = read_system(list);
    if (rc >= 0) {
        the_authorities = list;
        return FIRTH_OK;
    }
    mbedtls_x509_crt_free(list);
    firth_port_release(list);
    return rc;
}

int fth_tls_system_authorities(mbedtls_x509_crt **authorities)
{
    firth_port_lock *lock = fth_tls_process_lock();
    int rc;

    if (lock == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, FTH_OPTION("trust"));
    firth_port_lock_take(lock);
    rc = read_once();
    *authorities = the_authorities;
    firth_port_lock_give(lock);
    return rc;
}

#endif
