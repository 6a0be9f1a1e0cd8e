/* SPDX-License-Identifier: Apache-2.0 */
/* The kit on a backend of this build: conformance BACKEND [what the kit takes]. */
#ifdef _WIN32
#include "tests/subjects/command.h"
#include "tests/subjects/windows.h"
#define native_subject windows_subject
#else
#include "tests/subjects/posix.h"
#define native_subject posix_subject
#endif
#ifdef SUBJECT_HAS_TLS
#include "tests/subjects/secured.h"
#endif

#include <stdio.h>

int main(int argc, char **argv)
{
    const firth_backend *backend = argc > 1 ? firth_backend_find(argv[1]) : NULL;
    firth_conformance_subject subject;

    if (backend == NULL) {
        (void)fprintf(stderr, "usage: %s BACKEND [--list] [--quick] [--seed N] [--tls] [NAME…]\n", argv[0]);
        return 2;
    }
    subject = native_subject(backend);
#ifdef SUBJECT_HAS_TLS
    subject.tls = secured_configs;
#endif
    posix_join_command(1, argv);
    return firth_conformance_main(argc - 1, argv + 1, &subject);
}
