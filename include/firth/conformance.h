/* SPDX-License-Identifier: Apache-2.0 */
/* The conformance kit: backend.h as a program. Whoever writes a backend links the kit (CMake target firth::conformance)
 * to a main of a few lines, runs it, and has a list of named promises that hold or do not:
 *
 *     #include <firth/conformance.h>
 *     extern const firth_backend my_backend;
 *
 *     int main(int argc, char **argv)
 *     {
 *         firth_conformance_subject subject = firth_conformance_for(&my_backend);
 *         return firth_conformance_main(argc, argv, &subject);
 *     }
 *
 * Client and server are both the kit's, on one selector, over loopback; between core and the backend stands an observer
 * that holds every op to the law of one ending. The kit uses C11 and the public headers alone. docs/porting.md is the
 * way there, step by step. */
#ifndef FIRTH_CONFORMANCE_H
#define FIRTH_CONFORMANCE_H

#include <firth/backend.h>
#include <firth/selector.h>
#include <string.h>

/* How long a loopback takes. The cases that wait for something to have happened, or say how long it may take, go by it. */
typedef struct firth_conformance_pace {
    int64_t round_trip_us; /* a connect, or a question and its answer of 4 KiB each: at most, when nothing is lost */
    int64_t settled_us; /* after this all that was sent has arrived or waits for room, and a connect has ended: whatever
                              was lost on the way and sent again */
} firth_conformance_pace;

/* What the kit is to examine. Zero means the default for every field but `backend`. */
typedef struct firth_conformance_subject {
    size_t struct_bytes;          /* set by firth_conformance_for */
    const firth_backend *backend; /* the table */
    void *argument;               /* for the functions below */

    /* Opens a selector with these options, whose backend is the observer's table around `backend`; the seed decides all
     * that is left to chance. NULL: firth_selector_open. */
    int (*selector_open)(void *argument, firth_selector **selector, const firth_selector_options *options,
                         uint64_t seed);

    /* Closes it, and what selector_open put around it. stuck: its tasks never end, so it cannot be closed and is given
     * up. Returns what firth_selector_close does. NULL: firth_selector_close, and nothing when it is stuck. */
    int (*selector_close)(void *argument, firth_selector *selector, bool stuck);

    /* Descriptors, or whatever sockets take of the system, that the program has open: more after a case than before is a
     * leak. NULL: not counted. */
    int64_t (*count_open)(void *argument);

    /* Lets the program open that many more of them and no further; < 0: as many as it could before. Returns FIRTH_OK or
     * a negative code. NULL: the cases about shortage are not applicable. */
    int (*limit_open)(void *argument, int64_t further);

    /* Arms an alarm that calls firth_conformance_stuck that many seconds from now, 0: disarms it. For a backend whose
     * poll never returns. NULL: then the kit hangs with it. */
    void (*alarm_s)(void *argument, unsigned seconds);

    /* Tells the pace of the loopback that the selector opened last has. It has a kernel's to begin with, a round trip of
     * 2 ms and settled after 5, and nothing is gained by less; more stretches the kit's waits and limits of time, of a
     * case above all, as much. NULL: that of a kernel. */
    void (*pace)(void *argument, firth_conformance_pace *pace);

    /* Of the program's open descriptors, those that a child process would inherit: their number. NULL: the case about
     * them is not applicable. */
    int64_t (*count_inherited)(void *argument);

    /* A second descriptor of an open socket, which child processes inherit; -1: there is none. And closes one, of these or
     * another. NULL, as where there are no descriptors: the cases about duplicates are not applicable. */
    intptr_t (*duplicate)(void *argument, intptr_t native);
    void (*discard)(void *argument, intptr_t native);

    /* Configurations with which the cases' connections are made secure, asked for once if the option --tls is there: a
     * server's, and a client's that trusts it whatever it connects to, of that firth_tls_version alone and without a
     * handshake timeout. They are the subject's, and stay until the kit has ended. Returns FIRTH_OK or a negative code.
     * NULL, as in a library built without TLS: there is no such option. */
    int (*tls)(void *argument, int version, firth_tls_config **server, firth_tls_config **client);

    /* What a small machine has; zero is a desktop's. Bytes that cases and the kit may keep at a time, and connections, of
     * which the kit has both ends, that may be open at a time: the cases that need more are not applicable. What a
     * receiver's system takes for it while it does not read, if no option tells: cases send no more into silence. */
    size_t memory_bytes;
    unsigned connections;
    size_t unread_bytes;

    /* The folder in which cases make socket files, of at most 80 bytes; nothing is left there. NULL: the present one. */
    const char *socket_folder;
} firth_conformance_subject;

FIRTH_BEGIN_DECLS

/* A subject with that backend and nothing else. Any thread; never suspends. */
static inline firth_conformance_subject firth_conformance_for(const firth_backend *backend)
{
    firth_conformance_subject subject;

    memset(&subject, 0, sizeof subject);
    subject.struct_bytes = sizeof subject;
    subject.backend = backend;
    return subject;
}

/* The kit's main: argv[0] is the command that starts it, with whatever arguments the program has taken for itself, and
 * argv may hold names of cases, or parts of names, and options:
 *     --list             prints the names of what would run, and runs nothing
 *     --quick            leaves the slow cases out
 *     --first-failure    ends after the first case that fails
 *     --seed N           the seed; 1
 *     --seeds N          each case with N seeds, from --seed on; the slow ones with the first alone
 *     --limit-s N        a case that takes longer is stuck; 60, and as much more as the subject's pace is slower
 *     --tls, --tls-1.2   what cases connect is secure, by TLS 1.3 or 1.2; where the subject has configurations
 *     --tolerate-errors  a call that fails with an error code may end its case: for runs with injected faults
 * Prints "PASS name", "FAIL name: why (file:line); again with: " and the command that runs the case with that seed once
 * more, or "SKIP name: not applicable, what is missing" for each case, and a closing count, to standard output. Returns the exit code: 0 when none failed, 1 when one did, 2 for an argument it
 * does not know. Blocks the thread; outside any task. */
int firth_conformance_main(int argc, char **argv, const firth_conformance_subject *subject);

/* The running case is stuck: prints so and ends the program. Any thread; not from a handler of a signal. */
void firth_conformance_stuck(void);

FIRTH_END_DECLS

#endif
