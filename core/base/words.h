/* SPDX-License-Identifier: Apache-2.0 */
/* Words of failures, which a build without them (FIRTH_WORDS=OFF) does not have in its image. */
#ifndef FTH_WORDS_H
#define FTH_WORDS_H

#ifdef FIRTH_NO_WORDS
#define FTH_WORDS(text) ""
#else
#define FTH_WORDS(text) text
#endif

/* The step of a failure that is the fault of a builder's field, "option linger_ms"; without words all have the same. */
#ifdef FIRTH_NO_WORDS
#define FTH_OPTION(name) "option"
#else
#define FTH_OPTION(name) "option " name
#endif

#endif
