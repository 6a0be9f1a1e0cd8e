/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/subjects/command.h"

#include <stddef.h>
#include <stdio.h>

void posix_join_command(int taken, char **argv)
{
    static char command[1024];
    size_t used = 0;

    for (int i = 0; i <= taken && used < sizeof command; i++)
        used += (size_t)snprintf(command + used, sizeof command - used, "%s%s", i > 0 ? " " : "", argv[i]);
    argv[taken] = command;
}
