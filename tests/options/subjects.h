/* SPDX-License-Identifier: Apache-2.0 */
/* Every option of the table, and a socket of each kind that may have it. */
#ifndef FIRTH_TESTS_OPTIONS_SUBJECTS_H
#define FIRTH_TESTS_OPTIONS_SUBJECTS_H

#include "tests/support/support.h"

typedef enum subject_kind { TCP, TCP_IPV6, UDP, UDP_IPV6, UNIX, KINDS } subject_kind;

const char *subjects_name(firth_option option);
int subjects_least(firth_option option);
int subjects_most(firth_option option);

/* What the table says that the option is at first. */
int subjects_default(subject_kind of, firth_option option);

/* The system has such sockets, so that a failure to open one is a failure. */
bool subjects_has(subject_kind of);

/* One of each kind that there is, connected, the scope's. */
int subjects_open(firth_scope *scope);

int subjects_get(subject_kind of, firth_option option, int *value);
int subjects_set(subject_kind of, firth_option option, int value);
intptr_t subjects_descriptor(subject_kind of);

/* Whether the last failure names that option. */
bool subjects_named(const char *name);

#endif
