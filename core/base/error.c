/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tasks/task.h"
#include <firth/backend.h>
#include <firth/error.h>

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
static FTH_THREAD_LOCAL firth_failure thread_failure = {0, 0, ""};

static firth_failure *current_failure(void)
{
    return fth_current != NULL ? &fth_current->failure : &thread_failure;
}

const firth_failure *firth_last_failure(void)
{
    return current_failure();
}

int firth_fail(int code, int os_code, const char *step)
{
    firth_failure *failure = current_failure();

    failure->code = code;
    failure->os_code = os_code;
    failure->step = step != NULL ? step : "";
    return code;
}
