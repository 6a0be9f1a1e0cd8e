/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of the context switch as a program that needs nothing but the C library: scripts/test.d/arch.sh runs it on
 * emulated processors. With the argument "time" it measures instead. */
#include "tests/ports/context_checks.h"

#include <firth/port.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    int failed = 0;

    if (argc > 1 && strcmp(argv[1], "time") == 0) {
        double switch_ns, spawn_ns;

        context_measure(&switch_ns, &spawn_ns);
        printf("%s: %.2f ns a switch, %.2f ns to make a context, enter and leave it\n", firth_context_name(), switch_ns,
               spawn_ns);
        return 0;
    }
    for (size_t i = 0; i < context_check_count; i++)
        if (!context_checks[i].holds()) {
            printf("failed: %s\n", context_checks[i].name);
            failed++;
        }
    printf("%s: %zu checks, %d failed\n", firth_context_name(), context_check_count, failed);
    return failed != 0;
}
