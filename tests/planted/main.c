/* SPDX-License-Identifier: Apache-2.0 */
/* The kit on a backend with a bug: planted BACKEND --bug NAME [what the kit takes]; planted --bugs lists them. */
#include "tests/planted/planted.h"
#include "tests/subjects/posix.h"
#ifdef PLANTED_HAS_SIM
#include "tests/subjects/simulated.h"
#endif

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    const char *what;
    const char *finder;
} bugs[] = {
#define PLANTED_ROW(id, name, what, finder) {name, what, finder},
    PLANTED_BUGS(PLANTED_ROW)
#undef PLANTED_ROW
};

enum { BUGS = sizeof bugs / sizeof bugs[0] };

static int list(void)
{
    for (size_t i = 0; i < BUGS; i++)
        (void)printf("%s:%s:%s\n", bugs[i].name, bugs[i].finder, bugs[i].what);
    return 0;
}

static bool choose(const char *name)
{
    for (size_t i = 0; i < BUGS; i++)
        if (strcmp(bugs[i].name, name) == 0) {
            planted = (planted_bug)i;
            return true;
        }
    return false;
}

static firth_conformance_subject subject_of(const firth_backend *backend)
{
#ifdef PLANTED_HAS_SIM
    if (backend == &firth_backend_sim)
        return simulated_subject(planted_table(backend));
#endif
    return posix_subject(planted_table(backend));
}

int main(int argc, char **argv)
{
    const firth_backend *backend;
    firth_conformance_subject subject;

    if (argc == 2 && strcmp(argv[1], "--bugs") == 0)
        return list();
    backend = argc > 1 ? firth_backend_find(argv[1]) : NULL;
    if (backend == NULL || argc < 4 || strcmp(argv[2], "--bug") != 0 || !choose(argv[3])) {
        (void)fprintf(stderr, "usage: %s BACKEND --bug NAME [what the kit takes]\n       %s --bugs\n", argv[0],
                      argv[0]);
        return 2;
    }
    subject = subject_of(backend);
    posix_join_command(3, argv);
    return firth_conformance_main(argc - 3, argv + 3, &subject);
}
