/* SPDX-License-Identifier: Apache-2.0 */
/* Between certificates.c and revocations.c. */
#ifndef FIRTH_TESTS_TLS_CERTIFICATE_PARTS_H
#define FIRTH_TESTS_TLS_CERTIFICATE_PARTS_H

#include <stdbool.h>
#include <stddef.h>

/* Ends the program with what failed. */
void certificate_check(bool condition, const char *what);

/* mbedTLS's idea of a generator. */
int certificate_random(void *unused, unsigned char *bytes, size_t size);

#endif
