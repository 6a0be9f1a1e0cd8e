/* SPDX-License-Identifier: Apache-2.0 */
/* What the kit needs for connections over TLS: a certificate, made when it is asked for. In a build with TLS. */
#ifndef FIRTH_TESTS_SECURED_SUBJECT_H
#define FIRTH_TESTS_SECURED_SUBJECT_H

#include <firth/conformance.h>

/* firth_conformance_subject.tls; what it makes is freed at the end of the program. */
int secured_configs(void *argument, int version, firth_tls_config **server, firth_tls_config **client);

#endif
