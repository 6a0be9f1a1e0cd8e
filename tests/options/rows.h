/* SPDX-License-Identifier: Apache-2.0 */
/* The table of options (firth/option.h) as rows. */
#ifndef FIRTH_TESTS_OPTIONS_ROWS_H
#define FIRTH_TESTS_OPTIONS_ROWS_H

#include <firth/option.h>

typedef struct option_row {
    const char *name;
    int least, most;
    int defaults[3];
} option_row;

static const option_row option_rows[] = {
#define ROW(NAME, name, least, most, unit, tcp, udp, local, what) {#name, least, most, {tcp, udp, local}},
    FIRTH_OPTIONS(ROW)
#undef ROW
};

#endif
