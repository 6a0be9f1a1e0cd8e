/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/baremetal/report.h"

int failures;

void check(bool is_right, const char *what)
{
    printf("%s %s\n", is_right ? "PASS" : "FAIL", what);
    failures += !is_right;
}
