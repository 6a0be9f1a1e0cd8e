/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/conformance/kit.h"

#include <stdarg.h>

kit_state fth_kit;

/* The last part of a path: where the kit was built is nobody's affair. */
static const char *base_name(const char *file)
{
    const char *slash = strrchr(file, '/');

    return slash != NULL ? slash + 1 : file;
}

int fth_kit_broken(const char *file, int line, const char *what)
{
    if (!fth_kit.failed)
        (void)snprintf(fth_kit.why, sizeof fth_kit.why, "%s (%s:%d)", what, base_name(file), line);
    fth_kit.failed = true;
    return FIRTH_ERR_USER;
}

int fth_kit_untrue(const char *file, int line, const char *what)
{
    return fth_kit.error_seen ? FIRTH_ERR_USER : fth_kit_broken(file, line, what);
}

static void note_error(int code)
{
    fth_kit.error_seen = true;
    fth_kit.error = code;
}

/* The end of a stream is a claim, not an error: that nothing is missing. And a cancel is the kit's own, when the time of
 * the case is up. */
static bool is_tolerated(int64_t code)
{
    if (fth_kit.tolerate && !fth_kit.error_seen && code < FIRTH_ERR_CANCELED && code > FIRTH_ERR_USER)
        note_error((int)code);
    return fth_kit.error_seen;
}

void fth_kit_note_error(int64_t code)
{
    if (fth_kit.tolerate && fth_kit.injected != 0 && code == fth_kit.injected && !fth_kit.error_seen)
        note_error((int)code);
}

void fth_kit_note_result(int64_t result)
{
    fth_kit_note_error(result);
    if (!fth_kit.tolerate || fth_kit.injected == 0 || result != fth_kit.injected || fth_kit.body == NULL)
        return;
    fth_kit.ending = true;
    firth_scope_cancel(fth_kit.body);
}

int fth_kit_ended(const char *file, int line, const char *what, int64_t code)
{
    char text[300];

    if (is_tolerated(code))
        return FIRTH_ERR_USER;
    (void)snprintf(text, sizeof text, "%s came to %s, %s", what, firth_error_name(code), firth_last_failure()->step);
    return fth_kit_broken(file, line, text);
}

int fth_kit_differs(const char *file, int line, const char *what, int64_t actual, int64_t expected)
{
    char text[300];

    if (is_tolerated(actual))
        return FIRTH_ERR_USER;
    (void)snprintf(text, sizeof text, "%s is %lld%s%s, not %lld%s%s", what, (long long)actual, actual < 0 ? " " : "",
                   actual < 0 ? firth_error_name(actual) : "", (long long)expected, expected < 0 ? " " : "",
                   expected < 0 ? firth_error_name(expected) : "");
    return fth_kit_broken(file, line, text);
}

void fth_kit_law(const char *format, ...)
{
    va_list arguments;

    if (!fth_kit.failed) {
        va_start(arguments, format);
        (void)vsnprintf(fth_kit.why, sizeof fth_kit.why, format, arguments);
        va_end(arguments);
    }
    fth_kit.failed = true;
}

int fth_kit_not_applicable(const char *missing)
{
    fth_kit.missing = missing;
    return FIRTH_OK;
}
