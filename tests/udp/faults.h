/* SPDX-License-Identifier: Apache-2.0 */
/* Where the system below is wrong, so that a test of Firth's cannot be right: Wine 8, of all that the tests run on. Each is
 * found out by the system's own calls, so that the test runs where the system is right. */
#ifndef FIRTH_TESTS_UDP_FAULTS_H
#define FIRTH_TESTS_UDP_FAULTS_H

#include "tests/support/support.h"

typedef enum system_fault {
    FAULT_BINDS_ANY_ADDRESS,
    FAULT_IGNORES_CONTROL_DATA,
    FAULT_SWAPS_SOURCE_AND_INTERFACE,
    FAULT_SHARES_GROUPS,
    FAULT_HAS_NO_SOURCES_OF_IPV6,
    FAULT_ONE_GROUP_TOO_MANY_IS_AN_ARGUMENT,
    FAULT_HAS_NO_PATH_MTU,
    FAULT_FORGETS_REFUSALS
} system_fault;

/* NULL when the system does not have it, else what is seen of it. On the main stack. */
#ifdef _WIN32
const char *fault_seen(system_fault fault);
#else
static inline const char *fault_seen(system_fault fault)
{
    (void)fault;
    return NULL;
}
#endif

#endif
