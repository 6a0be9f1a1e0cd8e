/* SPDX-License-Identifier: Apache-2.0 */
/* That a guard is one, as a program that needs nothing but the C library: an emulator may take the system call that
 * makes guards without making any. scripts/test.d/arch.sh runs it; pages_test.c has the rest. */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <firth/port.h>

#include "ports/posix/pages.h"

/* The signal that writing there ends a child with; 0 if it survives. */
static int signal_of_touching(volatile char *there)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        *there = 1;
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return -1;
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static bool a_guard_is_fatal_to_touch(void)
{
    size_t page = firth_port_page_bytes();
    char *pages = firth_port_pages_reserve(3 * page);
    int before, inside, behind;

    if (pages == NULL || firth_port_pages_guard(pages + page, page) != FIRTH_OK)
        return false;
    before = signal_of_touching(pages + page - 1);
    inside = signal_of_touching(pages + page);
    behind = signal_of_touching(pages + 2 * page);
    firth_port_pages_unguard(pages + page, page);
    firth_port_pages_release(pages, 3 * page);
    return before == 0 && inside == SIGSEGV && behind == 0;
}

int main(void)
{
    static const char *const kinds[] = {"unknown", "installed", "protected"};
    bool holds = a_guard_is_fatal_to_touch();

    printf("guards are %s: a_guard_is_fatal_to_touch %s\n", kinds[fth_port_guard_kind()], holds ? "holds" : "failed");
    return holds ? 0 : 1;
}
