/* SPDX-License-Identifier: Apache-2.0 */
/* The kit's main: which cases, with which seeds, and a line for each. */
#include "tests/conformance/kit.h"

#include <signal.h>
#include <stdlib.h>

/* A firth_tls_version, whose header is not there in an SDK without TLS. */
enum { TLS_1_2 = 0x0303, TLS_1_3 = 0x0304 };

typedef struct kit_arguments {
    uint64_t seeds;
    bool list;
    bool first_failure; /* is the last */
    int names;          /* argv[names…] are the cases asked for; those before are options, moved there */
} kit_arguments;

static const kit_case *const *files(void)
{
    static const kit_case *const all[] = {
        fth_kit_table_cases,
        fth_kit_op_cases,
        fth_kit_op_cancel_cases,
        fth_kit_side_cases,
        fth_kit_echo_cases,
        fth_kit_stream_cases,
        fth_kit_end_cases,
        fth_kit_close_cases,
        fth_kit_reset_cases,
        fth_kit_accept_cases,
        fth_kit_listen_cases,
        fth_kit_connect_cases,
        fth_kit_address_cases,
        fth_kit_cancel_cases,
        fth_kit_cancel_write_cases,
        fth_kit_deadline_cases,
        fth_kit_option_cases,
        fth_kit_time_cases,
        fth_kit_adopt_cases,
        fth_kit_datagram_cases,
        fth_kit_datagram_end_cases,
        fth_kit_datagram_op_cases,
        fth_kit_unix_cases,
        fth_kit_unix_path_cases,
        fth_kit_unix_descriptor_cases,
        fth_kit_unix_datagram_cases,
        fth_kit_descriptor_cases,
        fth_kit_many_cases,
        fth_kit_shortage_cases,
        NULL,
    };

    return all;
}

const kit_case *fth_kit_case_at(size_t i)
{
    const kit_case *const *file;
    const kit_case *one;

    for (file = files(); *file != NULL; file++)
        for (one = *file; one->name != NULL; one++)
            if (i-- == 0)
                return one;
    return NULL;
}

/* ---- the arguments ----------------------------------------------------------------------------------------------- */

static bool read_number(const char *text, uint64_t *number)
{
    char *end;

    if (text == NULL)
        return false;
    *number = strtoull(text, &end, 0);
    return *text != '\0' && *text != '-' && *end == '\0';
}

static bool make_secure(const char *option)
{
    const firth_conformance_subject *subject = &fth_kit.subject;
    int version = strcmp(option, "--tls") == 0 ? TLS_1_3 : TLS_1_2;

    fth_kit.tls_option = option;
    return subject->tls != NULL &&
           subject->tls(subject->argument, version, &fth_kit.tls_server, &fth_kit.tls_client) >= 0;
}

/* Options are read and taken out; what is left in argv from 1 on are names, and their count is the result; < 0: a fault. */
static int read_options(int argc, char **argv, kit_arguments *arguments)
{
    uint64_t limit_s = fth_kit.limit_s;
    int names = 0;

    for (int i = 1; i < argc; i++) {
        const char *one = argv[i];
        bool good = true;

        if (strcmp(one, "--list") == 0)
            arguments->list = true;
        else if (strcmp(one, "--first-failure") == 0)
            arguments->first_failure = true;
        else if (strcmp(one, "--quick") == 0)
            fth_kit.quick = true;
        else if (strcmp(one, "--tolerate-errors") == 0)
            fth_kit.tolerate = true;
        else if (strcmp(one, "--tls") == 0 || strcmp(one, "--tls-1.2") == 0)
            good = make_secure(one);
        else if (strcmp(one, "--seed") == 0)
            good = read_number(++i < argc ? argv[i] : NULL, &fth_kit.seed);
        else if (strcmp(one, "--seeds") == 0)
            good = read_number(++i < argc ? argv[i] : NULL, &arguments->seeds) && arguments->seeds > 0;
        else if (strcmp(one, "--limit-s") == 0)
            good = read_number(++i < argc ? argv[i] : NULL, &limit_s) && limit_s > 0 && limit_s <= 86400;
        else if (one[0] == '-')
            good = false;
        else
            argv[++names] = argv[i];
        if (!good) {
            (void)fprintf(stderr, "%s: not an option of this kit, or without its number\n", one);
            return -1;
        }
    }
    fth_kit.limit_s = (unsigned)limit_s;
    return names;
}

static bool is_asked_for(const kit_case *one, const kit_arguments *arguments, char **argv)
{
    if (fth_kit.quick && (one->flags & KIT_SLOW) != 0)
        return false;
    if (arguments->names == 0)
        return true;
    for (int i = 1; i <= arguments->names; i++)
        if (strstr(one->name, argv[i]) != NULL)
            return true;
    return false;
}

/* A misspelt name must not pass for a success. */
static bool all_names_exist(int names, char **argv)
{
    for (int i = 1; i <= names; i++) {
        const kit_case *one;
        size_t n = 0;

        while ((one = fth_kit_case_at(n)) != NULL && strstr(one->name, argv[i]) == NULL)
            n++;
        if (one == NULL) {
            (void)fprintf(stderr, "no case is called %s\n", argv[i]);
            return false;
        }
    }
    return true;
}

/* ---- running ----------------------------------------------------------------------------------------------------- */

/* With the command that runs this case with this seed once more. Also from a handler, see say_and_end. */
static void print_failure(const char *name, const char *why)
{
    /* NOLINTBEGIN(bugprone-signal-handler) */
    (void)printf("FAIL %s: %s; again with: %s --seed %llu", name, why, fth_kit.command,
                 (unsigned long long)fth_kit.seed);
    if (fth_kit.limit_s != KIT_LIMIT_S)
        (void)printf(" --limit-s %u", fth_kit.limit_s);
    if (fth_kit.tolerate)
        (void)printf(" --tolerate-errors");
    if (fth_kit.tls_server != NULL)
        (void)printf(" %s", fth_kit.tls_option);
    (void)printf(" %s\n", name);
    /* NOLINTEND(bugprone-signal-handler) */
}

static kit_outcome run_seeds(const kit_case *one, const kit_arguments *arguments)
{
    uint64_t first = fth_kit.seed, seeds = (one->flags & KIT_SLOW) != 0 ? 1 : arguments->seeds;
    kit_outcome outcome = KIT_PASS;

    for (uint64_t i = 0; i < seeds; i++) {
        fth_kit.seed = first + i;
        outcome = fth_kit_run(one);
        if (outcome == KIT_FAIL || outcome == KIT_SKIP)
            break;
    }
    if (outcome == KIT_FAIL)
        print_failure(one->name, fth_kit.why);
    else if (outcome == KIT_SKIP)
        (void)printf("SKIP %s: %s\n", one->name, fth_kit.why);
    else if (outcome == KIT_ENDED)
        (void)printf("PASS %s, ended by %s\n", one->name, firth_error_name(fth_kit.error));
    else
        (void)printf("PASS %s\n", one->name);
    (void)fflush(stdout);
    fth_kit.seed = first;
    return outcome;
}

static int run_all(const kit_arguments *arguments, char **argv)
{
    unsigned passed = 0, failed = 0, skipped = 0;
    const kit_case *one;

    for (size_t i = 0; (one = fth_kit_case_at(i)) != NULL && (failed == 0 || !arguments->first_failure); i++) {
        if (!is_asked_for(one, arguments, argv))
            continue;
        switch (run_seeds(one, arguments)) {
        case KIT_FAIL:
            failed++;
            break;
        case KIT_SKIP:
            skipped++;
            break;
        default:
            passed++;
        }
    }
    (void)printf("%s%s: %u passed, %u failed, %u not applicable\n", fth_kit.subject.backend->name,
                 fth_kit.tls_server != NULL ? " over TLS" : "", passed, failed, skipped);
    return failed == 0 ? 0 : 1;
}

/* Also from the handler of SIGABRT, which comes by abort(3) out of core and so in the middle of nothing of ours. */
static void say_and_end(const char *why)
{
    if (fth_kit.running != NULL)
        print_failure(fth_kit.running->name, why);
    else
        (void)printf("FAIL the_kit_itself: %s\n", why); /* NOLINT(bugprone-signal-handler) */
    (void)fflush(stdout);                               /* NOLINT(bugprone-signal-handler) */
    _Exit(1);
}

void firth_conformance_stuck(void)
{
    say_and_end("stuck: poll did not come back");
}

/* An assertion of the library stops the program; the case that broke it shall be named. */
static void stopped(int number)
{
    (void)number;
    say_and_end("the library stopped the program; what it says is above");
}

#ifdef SIGPIPE
/* The default would end the program without a word. Between the cases it is the kit's own output that is gone. */
static void heard_pipe(int number)
{
    (void)number;
    if (fth_kit.running == NULL)
        _Exit(1);
    say_and_end("SIGPIPE was raised");
}
#endif

int firth_conformance_main(int argc, char **argv, const firth_conformance_subject *subject)
{
    kit_arguments arguments = {.seeds = 1};
    const kit_case *one;

    if (!fth_kit_begin(subject)) {
        (void)fputs("the subject has no backend\n", stderr);
        return 2;
    }
    fth_kit.command = argc > 0 && argv[0] != NULL ? argv[0] : subject->backend->name;
    arguments.names = read_options(argc, argv, &arguments);
    if (arguments.names < 0 || !all_names_exist(arguments.names, argv))
        return 2;
    for (size_t i = 0; arguments.list && (one = fth_kit_case_at(i)) != NULL; i++)
        if (is_asked_for(one, &arguments, argv))
            (void)printf("%s\n", one->name);
    if (arguments.list)
        return 0;
    (void)signal(SIGABRT, stopped);
#ifdef SIGPIPE
    (void)signal(SIGPIPE, heard_pipe);
#endif
    return run_all(&arguments, argv);
}
