/* SPDX-License-Identifier: Apache-2.0 */
/* Programs run by a test: the built examples, and tools of this machine that talk to them. Everything here asserts with
 * cmocka; a program dies with the test at the latest. */
#ifndef FIRTH_TESTS_EXAMPLES_PROGRAM_H
#define FIRTH_TESTS_EXAMPLES_PROGRAM_H

#include "tests/support/support.h"

#include <sys/resource.h>
#include <sys/types.h>

/* No test runs more programs than that side by side, or looks at what an earlier one said. */
enum { PROGRAM_PATIENCE_MS = 20 * 1000, PROGRAM_TEXT_BYTES = 16 * 1024, PROGRAMS = 4 };

typedef struct program {
    pid_t process;
    int input;  /* its standard input; -1 once it is closed */
    int output; /* its standard output and standard error */
    size_t size;
    char *text;          /* what it has said so far, and a NUL */
    struct rusage usage; /* once it has ended */
} program;

/* Starts an example of this build, or a tool that is searched for as the shell does. words end with NULL. */
void program_start_example(program *this, const char *const words[]);
void program_start_tool(program *this, const char *const words[]);

/* The same with a limit on descriptors. */
void program_start_limited(program *this, const char *const words[], unsigned descriptors);

/* The same with a terminal for all three; Ctrl-C is the byte 3. */
void program_start_on_terminal(program *this, const char *const words[]);

/* Whether the examples are those of a build for Windows, run by Wine: FIRTH_TEST_WINE_EXAMPLES is their folder. */
bool program_is_of_windows(void);

/* Skips the test when they are: what Wine does otherwise. */
void program_not_by_wine(const char *why);

/* Skips the test when that tool is missing. */
void program_need(const char *tool);

void program_write(program *this, const void *bytes, size_t size);
void program_end_input(program *this);

/* Waits until the program has said that. */
void program_await(program *this, const char *text);

/* Waits until the program handles SIGINT itself, and sleeps. */
void program_await_interruptible(program *this);

/* Waits for its end and returns its exit code; 128 and the signal's number if it died of one. */
int program_wait(program *this);

/* The same after a signal. */
int program_stop(program *this, int signal);

/* Waits until the program has said a line in which are these words, and which ends with a port. */
void program_await_port(program *this, const char *words, char port[16]);

/* Starts a server example on a port of the system's choice and waits until it listens. Returns the port. */
int program_serve(program *this, const char *example);
int program_serve_limited(program *this, const char *example, unsigned descriptors);

#endif
