/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/failure.h"
#include "core/tasks/task.h"
#include <firth/backend.h>
#include <firth/error.h>
#include <stdarg.h>
#include <stdio.h>

typedef struct code_entry {
    const char *name;
    const char *text;
} code_entry;

/* Entry i is code -i: the numbers have no gaps, which the assertions below hold to. */
static const code_entry entries[] = {
#define ENTRY(name, number, text) {"FIRTH_" #name, text},
    FIRTH_CODES(ENTRY)
#undef ENTRY
};

enum {
#define COUNT(name, number, text) count_##name,
    FIRTH_CODES(COUNT)
#undef COUNT
};
#define CHECK(name, number, text) _Static_assert(count_##name == -(number), "codes have no gaps: " #name);
FIRTH_CODES(CHECK)
#undef CHECK

static const code_entry *find(int64_t code)
{
    const size_t count = sizeof entries / sizeof entries[0];

    if (code > 0)
        code = FIRTH_OK;
    return code > -(int64_t)count ? &entries[-code] : NULL;
}

const char *firth_error_name(int64_t code)
{
    const code_entry *entry = find(code);

    if (code <= FIRTH_ERR_USER)
        return "FIRTH_ERR_USER";
    return entry != NULL ? entry->name : "FIRTH_ERR_?";
}

const char *firth_error_text(int64_t code)
{
    const code_entry *entry = find(code);

    if (code <= FIRTH_ERR_USER)
        return "an error of the application";
    return entry != NULL ? entry->text : "an unknown error";
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

int firth_fail(int code, int os_code, const char *step)
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

int firth_fail_in_words(int code, int os_code, const char *step, const char *format, ...)
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
