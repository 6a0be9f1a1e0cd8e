/* SPDX-License-Identifier: Apache-2.0 */
/* Names on a microcontroller: baremetal_names PORT. Its name server, which DHCP has told it, is name_server.c; a listener
 * at that port of the developer's machine greets who comes. */
#include <firth/firth.h>
#include <firth/resolve.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/baremetal/report.h"

enum { PATIENCE_MS = 20000, ADDRESSES = 4 };

static int ask(const char *name, firth_family family, const char *expected)
{
    const firth_resolve_options options = {.family = family};
    firth_address addresses[ADDRESSES], wanted;
    int count = firth_resolve(name, NULL, &options, addresses, ADDRESSES);

    if (count < 0 || expected == NULL)
        return count;
    if (firth_address_make(&wanted, expected, 0) < 0 || count != 1 || !firth_address_equal(&addresses[0], &wanted))
        return FIRTH_ERR_SYSTEM;
    return FIRTH_OK;
}

static int ask_silent(firth_scope *scope, void *argument)
{
    (void)scope;
    (void)argument;
    return ask("silent.example", FIRTH_FAMILY_IPV4, NULL);
}

/* Connects to a name, as every program does. */
static int hear_greeting(firth_scope *scope, void *argument)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *socket;
    char line[32];
    int64_t rc = firth_tcp_connect(&tcp, "host.example", *(const int *)argument, &socket);

    if (rc < 0)
        return (int)rc;
    firth_scope_own_socket(scope, socket);
    rc = firth_read_line(firth_socket_input(socket), line, sizeof line);
    return rc < 0 ? (int)rc : strcmp(line, "hello, board") == 0 ? FIRTH_OK : FIRTH_ERR_SYSTEM;
}

static int test_names(firth_scope *scope, void *argument)
{
    (void)scope;
    check(ask("host.example", FIRTH_FAMILY_IPV4, "10.0.2.2") == FIRTH_OK, "a name has its IPv4 address");
    check(ask("six.example", FIRTH_FAMILY_IPV6, "fd00::99") == FIRTH_OK, "a name has its IPv6 address");
    check(ask("nobody.example", FIRTH_FAMILY_NONE, NULL) == FIRTH_ERR_NAME_NOT_FOUND,
          "a name that is none is not found");
    check(firth_with_timeout(1500, ask_silent, NULL) == FIRTH_ERR_TIMED_OUT,
          "a deadline ends the wait for a server that is silent");
    check(firth_with_timeout(PATIENCE_MS, hear_greeting, argument) == FIRTH_OK,
          "and the next name is found, and a connection to it works");
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    firth_selector_options options = firth_selector_defaults();
    int port = argc == 2 ? atoi(argv[1]) : 0;

    return firth_run_with(&options, test_names, &port) < 0 || failures > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
