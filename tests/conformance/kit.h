/* SPDX-License-Identifier: Apache-2.0 */
/* What the cases of the kit share. A case is a task; it returns FIRTH_OK, or leaves by one of the macros below.
 * There is one kit in a program, and its state is global: the slots of firth_backend have no argument of ours. */
#ifndef FTH_KIT_H
#define FTH_KIT_H

#include <firth/conformance.h>
#include <firth/firth.h>
#include <stdio.h>
#include <string.h>

typedef int kit_body(firth_scope *scope);

typedef struct kit_case {
    const char *name;
    kit_body *body;       /* a task on a selector of its own, */
    int (*outside)(void); /* or a function that opens its selectors itself */
    unsigned needs;       /* firth_capability bits */
    unsigned flags;
    size_t keeps_bytes;   /* those of a megabyte and more: the subject's memory_bytes may not do */
    unsigned connections; /* at a time, of those with more than a dozen */
    const char *plain;    /* why it is not applicable over TLS; NULL: it is */
} kit_case;

enum { KIT_LIMIT_S = 60 /* for a case, unless told otherwise */ };

/* The pace of a kernel's loopback, with room for a busy machine; the kit's times are meant for it. */
enum { KIT_ROUND_TRIP_US = 2000, KIT_SETTLED_US = 5000 };

/* A secure connect takes that many round trips, and its arithmetic. */
enum { KIT_SECURE_ROUND_TRIPS = 3, KIT_ARITHMETIC_US = 4000 };

enum {
    KIT_SLOW = 1u << 0,       /* left out by --quick, and run with one seed */
    KIT_LIMITS = 1u << 1,     /* needs the subject's limit_open, */
    KIT_INHERITED = 1u << 2,  /* count_inherited, */
    KIT_DUPLICATES = 1u << 3, /* duplicate and discard */
};

#define KIT_CASE(fn)                                                                                                   \
    {                                                                                                                  \
        .name = #fn, .body = fn                                                                                        \
    }
#define KIT_CASE_IF(fn, bits)                                                                                          \
    {                                                                                                                  \
        .name = #fn, .body = fn, .needs = bits                                                                         \
    }
#define KIT_CASE_FLAGS(fn, bits)                                                                                       \
    {                                                                                                                  \
        .name = #fn, .body = fn, .flags = bits                                                                         \
    }
#define KIT_CASE_OUTSIDE(fn, bits)                                                                                     \
    {                                                                                                                  \
        .name = #fn, .outside = fn, .flags = bits                                                                      \
    }
#define KIT_CASE_WITH(fn, ...)                                                                                         \
    {                                                                                                                  \
        .name = #fn, __VA_ARGS__                                                                                       \
    }
#define KIT_CASE_PLAIN(fn, why)                                                                                        \
    {                                                                                                                  \
        .name = #fn, .body = fn, .plain = why                                                                          \
    }

/* Why a case is not applicable over TLS: it is about what lies below, or about nothing that connections have to do with. */
#define KIT_OPS           "it submits ops itself"
#define KIT_DESCRIPTORS   "it is about descriptors, and those of secure sockets are not given away"
#define KIT_NO_CONNECTION "there is no connection in it"
#define KIT_CLOSE_NOTIFY  "a secure close waits for the peer's close_notify"
#define KIT_BACKLOG       "it needs a server that accepts nobody"
#define KIT_UNIX          "it connects Unix sockets itself"

/* Every case there is: the i-th, or NULL behind the last. */
const kit_case *fth_kit_case_at(size_t i);

extern const kit_case fth_kit_table_cases[], fth_kit_side_cases[], fth_kit_echo_cases[], fth_kit_stream_cases[],
    fth_kit_end_cases[], fth_kit_close_cases[], fth_kit_reset_cases[], fth_kit_accept_cases[], fth_kit_listen_cases[],
    fth_kit_connect_cases[], fth_kit_address_cases[], fth_kit_cancel_cases[], fth_kit_cancel_write_cases[],
    fth_kit_deadline_cases[], fth_kit_option_cases[], fth_kit_time_cases[], fth_kit_op_cases[],
    fth_kit_op_cancel_cases[], fth_kit_descriptor_cases[], fth_kit_many_cases[], fth_kit_adopt_cases[],
    fth_kit_shortage_cases[], fth_kit_datagram_cases[], fth_kit_datagram_end_cases[], fth_kit_datagram_op_cases[],
    fth_kit_unix_cases[], fth_kit_unix_path_cases[], fth_kit_unix_descriptor_cases[], fth_kit_unix_datagram_cases[];

/* ---- state ------------------------------------------------------------------------------------------------------- */

typedef struct kit_state {
    firth_conformance_subject subject;
    uint64_t seed;
    const char *command; /* what starts the kit on this subject */
    unsigned limit_s;
    firth_conformance_pace pace; /* of the present selector */
    bool quick;
    bool tolerate;                /* errors may end a case */
    firth_tls_config *tls_server; /* of both ends of each connection, with --tls; else NULL */
    firth_tls_config *tls_client;
    const char *tls_option;
    const kit_case *running;
    firth_selector *selector; /* of the running case */
    bool failed;              /* the running case, and why */
    bool error_seen;          /* with `tolerate`: an error came back to a case; what follows from it is no failure */
    int error;                /* the first such */
    int injected;             /* the code of a fault that a campaign injects; 0: none */
    firth_scope *body;        /* of the running case, while it runs */
    bool ending;              /* it was cancelled because of the injected error */
    const char *missing;      /* the case found that it is not applicable */
    char why[400];
} kit_state;

extern kit_state fth_kit;

/* ---- verdicts ---------------------------------------------------------------------------------------------------- */

/* All return FIRTH_ERR_USER, for the case to return. The first failure of a case is kept. */
int fth_kit_broken(const char *file, int line, const char *what);
int fth_kit_differs(const char *file, int line, const char *what, int64_t actual, int64_t expected);
int fth_kit_ended(const char *file, int line, const char *what, int64_t code);
int fth_kit_untrue(const char *file, int line, const char *what);

/* The law was broken: no error excuses that. From anywhere. */
void fth_kit_law(const char *format, ...) FIRTH_PRINTF(1, 2);

/* The error that a campaign injects came back to a call in a child: the case ends, since what waits for that child may
 * wait for ever. Other results, and without a campaign all, are the case's own affair. */
void fth_kit_note_result(int64_t result);

/* The same for an error that came back to the kit itself. */
void fth_kit_note_error(int64_t code);

/* The case does not apply, for want of `missing`. */
int fth_kit_not_applicable(const char *missing);

/* A call that has to succeed. */
#define TRY(call)                                                                                                      \
    do {                                                                                                               \
        int64_t tried_ = (call);                                                                                       \
        if (tried_ < 0)                                                                                                \
            return fth_kit_ended(__FILE__, __LINE__, #call, tried_);                                                   \
    } while (0)

/* A result that has to be this one. */
#define EXPECT_RESULT(actual, expected)                                                                                \
    do {                                                                                                               \
        int64_t actual_ = (int64_t)(actual), expected_ = (int64_t)(expected);                                          \
        if (actual_ != expected_)                                                                                      \
            return fth_kit_differs(__FILE__, __LINE__, #actual, actual_, expected_);                                   \
    } while (0)

/* A result that has to be one of two. */
#define EXPECT_EITHER(actual, first, second)                                                                           \
    do {                                                                                                               \
        int64_t either_ = (int64_t)(actual);                                                                           \
        if (either_ != (int64_t)(second) && either_ != (int64_t)(first))                                               \
            return fth_kit_differs(__FILE__, __LINE__, #actual, either_, (int64_t)(first));                            \
    } while (0)

/* Something that has to be so unless an error was returned before. */
#define EXPECT(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            return fth_kit_untrue(__FILE__, __LINE__, #condition);                                                     \
    } while (0)

/* Something that has to be so whatever happened before: above all what bytes are. */
#define PROMISE(condition)                                                                                             \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            return fth_kit_broken(__FILE__, __LINE__, #condition);                                                     \
    } while (0)

/* ---- running ----------------------------------------------------------------------------------------------------- */

typedef enum kit_outcome { KIT_PASS, KIT_ENDED, KIT_SKIP, KIT_FAIL } kit_outcome;

/* Runs one case; what there is to say about it is in fth_kit.why. KIT_ENDED: an error ended it, and was tolerated. */
kit_outcome fth_kit_run(const kit_case *one);

/* The body on a selector of its own, for cases that are outside one. Returns what it came to. */
int fth_kit_in_selector(kit_body *body);

/* The same without the limit of time, whose deadline would be the nearest that the backend hears of. */
int fth_kit_in_selector_without_limit(kit_body *body);

/* Readies fth_kit for a subject. Returns false when it has none. */
bool fth_kit_begin(const firth_conformance_subject *subject);

/* A case begins: the servers of the one before are no more. */
void fth_kit_gates_forget(void);

/* That long on a kernel's loopback; on one that is slower as much longer as that is. */
int64_t fth_kit_paced_ms(int64_t duration_ms);

/* ---- memory ------------------------------------------------------------------------------------------------------ */

/* The selector's allocation hooks: counted, filled with junk, and failing at the n-th call from now when told to. */
void *fth_kit_allocate(void *argument, size_t bytes);
void fth_kit_release(void *argument, void *memory);
size_t fth_kit_allocations_made(void);
size_t fth_kit_allocations_live(void);
void fth_kit_allocation_fail_at(size_t n, bool all_after);

/* Zeroed memory that lives until the case has ended, whatever the case does: children may outlive a body's frame.
 * Without memory the program ends. */
void *fth_kit_keep(size_t bytes);
void fth_kit_forget_kept(void);

/* Byte i of an endless stream, and whether bytes are a part of it. */
void fth_kit_fill(void *bytes, size_t size, uint64_t offset);
bool fth_kit_is_filled(const void *bytes, size_t size, uint64_t offset);

/* A number below the limit; the case's seed decides. */
uint32_t fth_kit_random(uint32_t limit);
void fth_kit_random_start(uint64_t seed);

/* ---- the observer ------------------------------------------------------------------------------------------------ */

/* The table that stands before the subject's. */
const firth_backend *fth_kit_observer(const firth_backend *real);

/* The same once more, for cases that submit ops themselves. */
const firth_backend *fth_kit_table(void);

/* A case begins; a case has ended, and nothing of it may be touched any more. */
void fth_kit_observer_begin(void);
void fth_kit_observer_end(void);

/* Lets the next poll fail, so that the loop ends though tasks are left. */
void fth_kit_give_up(void);

/* Ops that the backend has and has not ended. */
size_t fth_kit_ops_pending(void);

/* The polls so far that waited and came back without a completion, a wake or the time being up. */
size_t fth_kit_empty_polls(void);

/* Calls fn(argument) from the loop once the backend has been asked or has ended something `step` more times; whether it
 * came to that. 0: never. */
void fth_kit_at_step(unsigned step, void (*fn)(void *argument), void *argument);
bool fth_kit_step_reached(void);

#endif
