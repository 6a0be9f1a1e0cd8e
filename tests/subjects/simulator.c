/* SPDX-License-Identifier: Apache-2.0 */
/* The kit on the simulator: conformance_sim [what the kit takes]. */
#include "tests/subjects/simulated.h"

int main(int argc, char **argv)
{
    firth_conformance_subject subject = simulated_subject(&firth_backend_sim);

    return firth_conformance_main(argc, argv, &subject);
}
