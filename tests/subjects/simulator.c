/* SPDX-License-Identifier: Apache-2.0 */
/* The kit on the simulator: conformance_sim [what the kit takes]. */
#include "tests/subjects/simulated.h"
#ifdef SUBJECT_HAS_TLS
#include "tests/subjects/secured.h"
#endif

int main(int argc, char **argv)
{
    firth_conformance_subject subject = simulated_subject(&firth_backend_sim);

#ifdef SUBJECT_HAS_TLS
    subject.tls = secured_configs;
#endif
    return firth_conformance_main(argc, argv, &subject);
}
