/* SPDX-License-Identifier: Apache-2.0 */
/* Options, checked against the table before a backend sees them. */
#ifndef FTH_OPTIONS_H
#define FTH_OPTIONS_H

#include "core/base/words.h"
#include <firth/backend.h>
#include <firth/option.h>

/* In the order of the table's columns. 0: what zeroed memory is. */
typedef enum fth_transport { FTH_TCP = 0, FTH_UDP, FTH_UNIX, FTH_TRANSPORTS } fth_transport;

/* FIRTH_ERR_ARGUMENT for a number that is no option, and for a value out of its range; FIRTH_ERR_NOT_SUPPORTED for an
 * option that such sockets do not have, and for setting what can only be read - a system would often take it and do
 * nothing. The failure names the option. Else what the backend says. */
int fth_option_set(firth_io *io, fth_transport transport, firth_option option, int value);
int fth_option_get(const firth_io *io, fth_transport transport, firth_option option, int *value);

/* A number in a builder, an int of any kind or an int64_t, and what it may be. A table, which is a third of the code that
 * would compare each. */
typedef struct fth_field {
#ifndef FIRTH_NO_WORDS
    const char *step; /* "option linger_ms" */
#endif
    uint16_t at;
    uint8_t bytes;
    int16_t least;
    int16_t most; /* INT16_MAX: any */
} fth_field;

#ifdef FIRTH_NO_WORDS
#define FTH_FIELD(builder, name, least, most)                                                                          \
    {                                                                                                                  \
        offsetof(builder, name), sizeof(((builder *)0)->name), least, most                                             \
    }
#define FTH_STEP_OF(field) FTH_OPTION("")
#else
#define FTH_FIELD(builder, name, least, most)                                                                          \
    {                                                                                                                  \
        "option " #name, offsetof(builder, name), sizeof(((builder *)0)->name), least, most                            \
    }
#define FTH_STEP_OF(field) ((field)->step)
#endif

/* A switch or an int of a builder, that sets an option if it is more than leave; where says when, in bits of the caller's. */
typedef struct fth_setting {
    uint16_t at;
    uint8_t bytes;
    uint8_t option;
    uint8_t where;
    int8_t leave;
} fth_setting;

#define FTH_SETTING(builder, name, NAME, where, leave)                                                                 \
    {                                                                                                                  \
        offsetof(builder, name), sizeof(((builder *)0)->name), FIRTH_OPTION_##NAME, where, leave                       \
    }

/* Sets those that have one of the bits of where; FIRTH_OK, or as the first that fails. */
int fth_settings_apply(firth_io *io, fth_transport transport, const void *builder, const fth_setting *settings,
                       size_t count, unsigned where);

/* FIRTH_OK, or FIRTH_ERR_ARGUMENT naming the first that is not what it may be; that is "option selector" if there is none. */
int fth_fields_check(const void *builder, const firth_selector *selector, const fth_field *fields, size_t count);

/* Binds an io that is about to connect to a builder's local_address; NULL: does nothing. FIRTH_ERR_ADDRESS_INVALID for one
 * that is not of the remote address's family, of which the io is; else what the backend says. */
int fth_option_bind(firth_io *io, const firth_address *local, const firth_address *remote);

#endif
