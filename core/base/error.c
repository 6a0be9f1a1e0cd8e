/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/assert.h"
#include "core/base/failure.h"
#include "core/tasks/task.h"
#include <firth/backend.h>
#include <firth/error.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The names and the texts of code 0, -1 and so on, one behind the other: a microcontroller has no flash for pointers to
 * them. The numbers have no gaps, which the assertions below hold to. */
#ifdef FIRTH_NO_WORDS
#define PREFIX ""
#else
#define PREFIX "FIRTH_"
#endif
#define NAME(name, number, text) PREFIX #name "\0"
static const char names[] = FIRTH_CODES(NAME);
#undef NAME
#ifndef FIRTH_NO_WORDS
#define TEXT(name, number, text) text "\0"
static const char texts[] = FIRTH_CODES(TEXT);
#undef TEXT
#endif

enum {
#define COUNT(name, number, text) count_##name,
    FIRTH_CODES(COUNT)
#undef COUNT
        CODES
};
#define CHECK(name, number, text) _Static_assert(count_##name == -(number), "codes have no gaps: " #name);
FIRTH_CODES(CHECK)
#undef CHECK

/* A count is a success, and what is no code has what is given for it. */
static const char *find(const char *in, int64_t code, const char *users, const char *unknown)
{
    if (code <= FIRTH_ERR_USER)
        return users;
    if (code <= -CODES)
        return unknown;
    for (; code < 0; code++)
        in += strlen(in) + 1;
    return in;
}

const char *firth_error_name(int64_t code)
{
    return find(names, code, PREFIX "ERR_USER", PREFIX "ERR_?");
}

const char *firth_error_text(int64_t code)
{
#ifdef FIRTH_NO_WORDS
    return firth_error_name(code);
#else
    return find(texts, code, "an error of the application", "an unknown error");
#endif
}

/* Outside a task the failure belongs to the thread. */
static FTH_THREAD_LOCAL firth_failure thread_failure = {0, 0, "", ""};

/* One text for all failures of the thread: few have any, and a text in each task would cost every task. */
static FTH_THREAD_LOCAL struct {
    const firth_failure *of; /* whose text it is */
    char text[256];
} detail;

static firth_failure *current_failure(void)
{
    return fth_current != NULL ? &fth_current->failure : &thread_failure;
}

const firth_failure *firth_last_failure(void)
{
    firth_failure *failure = current_failure();

    failure->detail = detail.of == failure ? detail.text : "";
    return failure;
}

/* In brackets, as without steps there is a macro of that name. */
int(firth_fail)(int code, int os_code, const char *step)
{
    firth_failure *failure = current_failure();

    if (step == NULL)
        step = "";
    /* Said again, by a channel that ended with it, it keeps its text. */
    if (detail.of == failure && (failure->code != code || failure->os_code != os_code || failure->step != step))
        detail.of = NULL;
    failure->code = code;
    failure->os_code = os_code;
    failure->step = step;
    return code;
}

#ifdef FIRTH_NO_STEPS
int fth_fail_plainly(int code, int os_code)
{
    return (firth_fail)(code, os_code, "");
}

int fth_fail_alone(int code)
{
    return fth_fail_plainly(code, 0);
}
#endif

/* As firth_fail, a macro without words. */
int(firth_fail_in_words)(int code, int os_code, const char *step, const char *format, ...)
{
    va_list arguments;

    (void)firth_fail(code, os_code, step);
    va_start(arguments, format);
    if (vsnprintf(detail.text, sizeof detail.text, format, arguments) < 0)
        detail.text[0] = '\0';
    va_end(arguments);
    detail.of = current_failure();
    return code;
}

#if defined(FIRTH_NO_WORDS) && !defined(FIRTH_DEBUG)
int fth_fail_with_misuse(void)
{
    return firth_fail(FIRTH_ERR_MISUSE, 0, "misuse");
}
#endif

int fth_failure_pass(firth_failure *to, const firth_failure *from)
{
    *to = *from;
    if (detail.of == from)
        detail.of = to;
    return to->code;
}

int fth_failure_to_caller(const firth_failure *from)
{
    return fth_failure_pass(current_failure(), from);
}
