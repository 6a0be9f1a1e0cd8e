/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/baremetal/report.h"

#include <stdlib.h>
#include <string.h>

int failures;

void check(bool is_right, const char *what)
{
    printf("%s %s\n", is_right ? "PASS" : "FAIL", what);
    failures += !is_right;
}

int report_run(int argc, char **argv, const report_part *parts, size_t count)
{
    firth_selector_options options = firth_selector_defaults();

    for (size_t i = 0; argc == 2 && i < count; i++)
        if (strcmp(parts[i].word, argv[1]) == 0)
            return firth_run_with(&options, parts[i].fn, NULL) < 0 || failures > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    printf("FAIL no such word\n");
    return EXIT_FAILURE;
}
