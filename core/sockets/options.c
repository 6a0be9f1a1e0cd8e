/* SPDX-License-Identifier: Apache-2.0 */
#include "core/sockets/options.h"
#include "core/selector/selector.h"
#include <string.h>

#ifdef FIRTH_NO_STEPS
#define STEP_OF(option) "option"
#define ROW(NAME, name, least, most, unit, tcp, udp, local, what)                                                      \
    [FIRTH_OPTION_##NAME] = {most, least, {tcp, udp, local}},
#else
#define STEP_OF(option) (rows[option].step)
#define ROW(NAME, name, least, most, unit, tcp, udp, local, what)                                                      \
    [FIRTH_OPTION_##NAME] = {"option " #name, most, least, {tcp, udp, local}},
#endif

typedef struct row {
#ifndef FIRTH_NO_STEPS
    const char *step;
#endif
    int32_t most;
    int8_t least;
    int8_t defaults[FTH_TRANSPORTS];
} row;

static const row rows[FIRTH_OPTION_COUNT_] = {FIRTH_OPTIONS(ROW)};

const char *firth_option_step(firth_option option)
{
    return (unsigned)option < FIRTH_OPTION_COUNT_ ? STEP_OF(option) : "option";
}

const char *firth_option_name(firth_option option)
{
#define NAME(NAME, name, least, most, unit, tcp, udp, local, what) [FIRTH_OPTION_##NAME] = #name,
    static const char *const names[FIRTH_OPTION_COUNT_] = {FIRTH_OPTIONS(NAME)};
#undef NAME

    return (unsigned)option < FIRTH_OPTION_COUNT_ ? names[option] : "?";
}

static int check(fth_transport transport, firth_option option)
{
    if ((unsigned)option >= FIRTH_OPTION_COUNT_)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "option");
    if (rows[option].defaults[transport] == FIRTH_DEFAULT_NONE)
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, STEP_OF(option));
    return FIRTH_OK;
}

int fth_option_set(firth_io *io, fth_transport transport, firth_option option, int value)
{
    int rc = check(transport, option);

    if (rc < 0)
        return rc;
    if (rows[option].least > rows[option].most)
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, STEP_OF(option));
    if (value < rows[option].least || value > rows[option].most)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, STEP_OF(option));
    return io->selector->backend->set_option(io, option, value);
}

int fth_option_get(const firth_io *io, fth_transport transport, firth_option option, int *value)
{
    int rc = check(transport, option);

    return rc < 0 ? rc : io->selector->backend->get_option(io, option, value);
}

/* The builder's field: a bool, an int of any kind or an int64_t. */
static int64_t number_at(const void *builder, uint16_t at, uint8_t bytes)
{
    const unsigned char *field = (const unsigned char *)builder + at;
    int64_t value;
    int number;

    if (bytes == sizeof value) {
        memcpy(&value, field, sizeof value);
        return value;
    }
    if (bytes == sizeof(bool))
        return *field;
    memcpy(&number, field, sizeof number);
    return number;
}

int fth_settings_apply(firth_io *io, fth_transport transport, const void *builder, const fth_setting *settings,
                       size_t count, unsigned where)
{
    int rc = FIRTH_OK;

    for (size_t i = 0; i < count && rc >= 0; i++) {
        int value = (int)number_at(builder, settings[i].at, settings[i].bytes);

        if ((settings[i].where & where) != 0 && value > settings[i].leave)
            rc = fth_option_set(io, transport, (firth_option)settings[i].option, value);
    }
    return rc;
}

int fth_fields_check(const void *builder, const firth_selector *selector, const fth_field *fields, size_t count)
{
    if (selector == NULL)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, FTH_OPTION("selector"));
    for (size_t i = 0; i < count; i++) {
        int64_t value = number_at(builder, fields[i].at, fields[i].bytes);

        if (value < fields[i].least || (fields[i].most != INT16_MAX && value > fields[i].most))
            return firth_fail(FIRTH_ERR_ARGUMENT, 0, FTH_STEP_OF(&fields[i]));
    }
    return FIRTH_OK;
}

int fth_option_bind(firth_io *io, const firth_address *local, const firth_address *remote)
{
    if (local == NULL)
        return FIRTH_OK;
    /* Here, since each system says something else of it. */
    if (local->family != remote->family)
        return firth_fail(FIRTH_ERR_ADDRESS_INVALID, 0, FTH_OPTION("local_address"));
    return io->selector->backend->bind(io, local);
}
