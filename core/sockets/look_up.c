/* SPDX-License-Identifier: Apache-2.0 */
/* Names that the network's own resolver looks up. */
#include "core/sockets/look_up.h"

#include <string.h>

#include "core/base/list.h"
#include "core/selector/selector.h"

bool fth_look_up_is_for_backend(const firth_selector *selector, const firth_port_name *name)
{
    return selector->backend->resolve != NULL && name->host != NULL && name->service == NULL;
}

int fth_look_up_at_backend(firth_selector *selector, fth_look_up *query)
{
    int rc;

    query->job.selector = selector;
    query->at_backend = (firth_name){.host = query->name.host, .family = query->name.family};
    rc = selector->backend->resolve(selector, &query->at_backend);
    if (rc < 0)
        query->at_backend.host = NULL;
    return rc;
}

void firth_name_complete(firth_name *name, int result, const firth_address *addresses, int os_code, const char *step)
{
    fth_look_up *query = FTH_CONTAINER(name, fth_look_up, at_backend);
    size_t bytes = result > 0 ? (size_t)result * sizeof *addresses : 0;

    name->host = NULL;
    query->result = result;
    query->answer = (firth_port_answer){.os_code = os_code, .step = step};
    if (bytes > 0 && (query->answer.addresses = firth_port_allocate(bytes)) == NULL) {
        query->result = FIRTH_ERR_NO_MEMORY;
        query->answer.step = "addresses";
    } else if (bytes > 0) {
        memcpy(query->answer.addresses, addresses, bytes);
    }
    query->job.done(&query->job);
}
