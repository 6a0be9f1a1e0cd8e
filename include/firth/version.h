/* SPDX-License-Identifier: Apache-2.0 */
/* The version of these headers, and of the library at run time. Semantic versioning 2.0.0; CMake reads it here. */
#ifndef FIRTH_VERSION_H
#define FIRTH_VERSION_H

#include <firth/export.h>

#define FIRTH_VERSION_MAJOR 0
#define FIRTH_VERSION_MINOR 1
#define FIRTH_VERSION_PATCH 0
#define FIRTH_VERSION_HEX   ((FIRTH_VERSION_MAJOR << 16) | (FIRTH_VERSION_MINOR << 8) | FIRTH_VERSION_PATCH)
#define FIRTH_VERSION_STRING                                                                                           \
    FIRTH_STRINGIFY(FIRTH_VERSION_MAJOR)                                                                               \
    "." FIRTH_STRINGIFY(FIRTH_VERSION_MINOR) "." FIRTH_STRINGIFY(FIRTH_VERSION_PATCH)

FIRTH_BEGIN_DECLS

/* The library's version as FIRTH_VERSION_HEX, which may differ from the headers'. Any thread; never suspends. */
FIRTH_API unsigned firth_version(void);

/* The same as text, "0.1.0"; static storage. Any thread; never suspends. */
FIRTH_API const char *firth_version_text(void);

FIRTH_END_DECLS

#endif
