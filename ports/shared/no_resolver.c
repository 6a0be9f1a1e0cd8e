/* SPDX-License-Identifier: Apache-2.0 */
/* A look-up blocks, and there is no thread to block: core asks for none, since none starts. */
#include <firth/port.h>

int firth_port_resolve(const firth_port_name *name, firth_port_answer *answer)
{
    (void)name;
    *answer = (firth_port_answer){.step = "resolve"};
    return FIRTH_ERR_NAME_FAILED;
}

bool firth_port_resolve_cancel(firth_port_answer *answer)
{
    (void)answer;
    return false; /* none has begun */
}
