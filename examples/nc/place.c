/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/nc/nc.h"

static const char *host_of(const nc *self)
{
    if (self->host != NULL)
        return self->host;
    return self->family == FIRTH_FAMILY_IPV6 ? "::" : "0.0.0.0";
}

int nc_resolve(const nc *self, firth_address addresses[NC_ADDRESSES_MAX])
{
    const firth_resolve_options options = {.family = self->family, .datagrams = self->is_datagram};
    int count = firth_resolve(host_of(self), self->service, &options, addresses, NC_ADDRESSES_MAX);

    return count < NC_ADDRESSES_MAX ? count : NC_ADDRESSES_MAX;
}

int nc_unix_address(const nc *self, firth_unix_address *address)
{
    bool abstract = self->host[0] == '@';

    return firth_unix_address_make(address, abstract ? self->host + 1 : self->host, abstract);
}

/* ---- time ---------------------------------------------------------------------------------------------------------- */

static int watch(firth_scope *scope, void *argument)
{
    const nc *self = argument;
    int64_t idle_ns = self->idle_ms * 1000000;
    int rc = FIRTH_OK;

    (void)scope;
    while (rc >= 0 && firth_now_ns() - self->moved_ns < idle_ns)
        rc = firth_sleep_until(self->moved_ns + idle_ns);
    return rc < 0 ? rc : FIRTH_ERR_TIMED_OUT; /* an error, so it ends the others */
}

int nc_while_it_moves(nc *self, firth_scope *scope, firth_task_fn *talk, void *argument)
{
    firth_scope timed;
    int rc = FIRTH_OK;

    self->moved_ns = firth_now_ns();
    firth_scope_open(&timed, scope, NULL);
    if (self->idle_ms > 0)
        rc = firth_spawn(&timed, watch, self, NULL);
    if (rc >= 0)
        rc = talk(&timed, argument);
    firth_scope_cancel(&timed); /* the watch has no other end */
    return firth_scope_close(&timed, rc);
}

int nc_in_time(const nc *self, firth_scope *scope, firth_task_fn *open, void *argument)
{
    return self->idle_ms > 0 ? firth_with_timeout(self->idle_ms, open, argument) : open(scope, argument);
}
