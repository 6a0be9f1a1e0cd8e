/* SPDX-License-Identifier: Apache-2.0 */
/* Records that mbedTLS itself never sends, with the session's keys. */
#ifndef FIRTH_TESTS_TLS_INJECT_H
#define FIRTH_TESTS_TLS_INJECT_H

#include "tests/tls/wire.h"

/* A record of that content type (RFC 8446 §5.1); size may be 0. */
void inject_record(wire_end *from, int type, const void *bytes, size_t size);

/* An alert of that level and number. */
void inject_alert(wire_end *from, int level, int number);

#endif
