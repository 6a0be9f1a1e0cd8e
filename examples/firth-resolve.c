/* SPDX-License-Identifier: Apache-2.0 */
/* Tells the addresses of names, all looked up at once: firth-resolve [OPTION…] NAME…
 *
 *     -4, -6         addresses of that family alone
 *     -s SERVICE     with the port of that service, a name or a number
 *     -u             services are those of UDP
 *     -t SECONDS     how long to wait for the slowest, 10 without
 *
 * Exit code 0 when every name has an address, 1 when one has none, 2 for options that are none. */
#include <firth/firth.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ADDRESSES_MAX = 64, NAMES_MAX = 100 };

typedef struct request {
    firth_resolve_options options;
    const char *service;
    int64_t timeout_ms;
    char **names;
    int count;
    bool begun; /* the task has, and tells by itself what fails */
} request;

/* One name: what to ask and what it came to. */
typedef struct question {
    const request *of;
    const char *name;
    int result;
    firth_failure failure;
    firth_address addresses[ADDRESSES_MAX];
} question;

static int ask(firth_scope *scope, void *argument)
{
    question *self = argument;

    (void)scope;
    self->result = firth_resolve(self->name, self->of->service, &self->of->options, self->addresses, ADDRESSES_MAX);
    self->failure = *firth_last_failure();
    return FIRTH_OK; /* one name's failure is not another's */
}

static const char *kind_of(const firth_address *address)
{
    static const char *const kinds[] = {
        [FIRTH_ADDRESS_OTHER] = "",
        [FIRTH_ADDRESS_UNSPECIFIED] = " (unspecified)",
        [FIRTH_ADDRESS_LOOPBACK] = " (loopback)",
        [FIRTH_ADDRESS_LINK_LOCAL] = " (link-local)",
        [FIRTH_ADDRESS_PRIVATE] = " (private)",
        [FIRTH_ADDRESS_MULTICAST] = " (multicast)",
        [FIRTH_ADDRESS_BROADCAST] = " (broadcast)",
    };

    return kinds[firth_address_classify(address)];
}

static void print_answer(const question *one)
{
    for (int i = 0; i < one->result && i < ADDRESSES_MAX; i++) {
        const firth_address *address = &one->addresses[i];

        printf("%s %s%s\n", one->name,
               one->of->service != NULL ? firth_address_text(address).text : firth_address_ip_text(address).text,
               kind_of(address));
    }
    if (one->result > ADDRESSES_MAX)
        printf("%s and %d more\n", one->name, one->result - ADDRESSES_MAX);
    if (one->result == FIRTH_ERR_CANCELED)
        fprintf(stderr, "%s: no answer within %lld ms\n", one->name, (long long)one->of->timeout_ms);
    else if (one->result == FIRTH_ERR_NAME_NOT_FOUND && strcmp(one->failure.step, "service") == 0)
        fprintf(stderr, "%s: no such service: %s\n", one->name, one->of->service);
    else if (one->result < 0)
        fprintf(stderr, "%s: %s\n", one->name, firth_error_text(one->result));
}

static int resolve_all(firth_scope *scope, void *argument)
{
    static question questions[NAMES_MAX];
    request *all = argument;
    firth_scope_options limit = {.timeout_ms = all->timeout_ms, .name = "all names"};
    firth_scope asking;
    int rc;

    all->begun = true;
    firth_scope_cancel_on_interrupt(scope);
    firth_scope_open(&asking, scope, &limit);
    for (int i = 0; i < all->count; i++) {
        questions[i] = (question){.of = all, .name = all->names[i], .result = FIRTH_ERR_NO_MEMORY};
        (void)!firth_spawn(&asking, ask, &questions[i], NULL);
    }
    rc = firth_scope_close(&asking, FIRTH_OK);
    for (int i = 0; i < all->count; i++) {
        print_answer(&questions[i]);
        if (questions[i].result < 0)
            rc = questions[i].result;
    }
    return rc;
}

/* ---- the command line ------------------------------------------------------------------------------------------------ */

static int usage(const char *program)
{
    fprintf(stderr, "usage: %s [-4 | -6] [-s service] [-u] [-t seconds] name...\n", program);
    return 2;
}

/* Whole seconds of 1 to an hour in ms; 0 for text that is none. */
static int64_t parse_seconds(const char *text)
{
    char *end;
    long seconds = strtol(text, &end, 10);

    return end == text || *end != '\0' || seconds < 1 || seconds > 3600 ? 0 : seconds * INT64_C(1000);
}

/* Takes an option, and a value behind it if it has one; false for what is none. */
static bool read_option(request *all, const char *option, const char *value, int *used)
{
    *used = 1;
    if (strcmp(option, "-4") == 0) {
        all->options.family = FIRTH_FAMILY_IPV4;
    } else if (strcmp(option, "-6") == 0) {
        all->options.family = FIRTH_FAMILY_IPV6;
    } else if (strcmp(option, "-u") == 0) {
        all->options.datagrams = true;
    } else if (value != NULL && strcmp(option, "-s") == 0) {
        all->service = value;
        *used = 2;
    } else if (value != NULL && strcmp(option, "-t") == 0) {
        all->timeout_ms = parse_seconds(value);
        *used = 2;
        return all->timeout_ms > 0;
    } else {
        return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    request all = {.timeout_ms = 10000};
    int at = 1, used, rc;

    for (; at < argc && argv[at][0] == '-'; at += used)
        if (!read_option(&all, argv[at], at + 1 < argc ? argv[at + 1] : NULL, &used))
            return usage(argv[0]);
    all.names = argv + at;
    all.count = argc - at;
    if (all.count < 1 || all.count > NAMES_MAX)
        return usage(argv[0]);
    rc = firth_run(resolve_all, &all);
    if (rc < 0 && !all.begun)
        fprintf(stderr, "Cannot begin: %s (%s)\n", firth_error_text(rc), firth_last_failure()->step);
    return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
