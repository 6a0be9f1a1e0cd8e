/* SPDX-License-Identifier: Apache-2.0 */
/* In the place of tls.c with a library that was built without TLS. */
#include "examples/nc/nc.h"

int nc_tls_build(nc *self)
{
    (void)self;
    nc_tell("Cannot prepare TLS: Firth was built without it", "");
    return FIRTH_ERR_NOT_SUPPORTED;
}

int nc_tls_start(const nc *self, firth_socket *plain, firth_socket **secure)
{
    (void)self;
    firth_socket_abort(plain);
    *secure = NULL;
    return FIRTH_ERR_NOT_SUPPORTED;
}

void nc_tls_release(nc *self)
{
    (void)self;
}
