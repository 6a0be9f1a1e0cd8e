/* SPDX-License-Identifier: Apache-2.0 */
/* What every public header needs of the compiler: visibility, attributes, C++ linkage. */
#ifndef FIRTH_EXPORT_H
#define FIRTH_EXPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(FIRTH_STATIC)
#define FIRTH_API
#elif defined(_WIN32)
#ifdef FIRTH_BUILDING
#define FIRTH_API __declspec(dllexport)
#else
#define FIRTH_API __declspec(dllimport)
#endif
#elif defined(__GNUC__)
#define FIRTH_API __attribute__((visibility("default")))
#else
#define FIRTH_API
#endif

#if defined(__GNUC__)
#define FIRTH_NODISCARD __attribute__((warn_unused_result))
#if defined(__MINGW32__) && !defined(__clang__) /* its printf is msvcrt's unless told otherwise */
#define FIRTH_PRINTF(format_at, first_at) __attribute__((format(gnu_printf, format_at, first_at)))
#else
#define FIRTH_PRINTF(format_at, first_at) __attribute__((format(printf, format_at, first_at)))
#endif
#define FIRTH_COLD     __attribute__((cold))     /* of failures: out of the way of what succeeds */
#define FIRTH_NOINLINE __attribute__((noinline)) /* rare, or long: not in its caller's frame */
#ifdef __OPTIMIZE_SIZE__                         /* once is enough, where flash is what is short */
#define FIRTH_INLINE static inline
#define FIRTH_HOT
#else
#define FIRTH_INLINE static inline __attribute__((always_inline)) /* on the way of every request */
#define FIRTH_HOT    __attribute__((hot)) /* too: such functions lie side by side, in few pages */
#endif
#else
#define FIRTH_NODISCARD
#define FIRTH_PRINTF(format_at, first_at)
#define FIRTH_COLD
#define FIRTH_NOINLINE
#define FIRTH_INLINE static inline
#define FIRTH_HOT
#endif

#ifdef __cplusplus
#define FIRTH_BEGIN_DECLS extern "C" {
#define FIRTH_END_DECLS   }
#else
#define FIRTH_BEGIN_DECLS
#define FIRTH_END_DECLS
#endif

/* The place of a call as "file.c:12", kept with whatever the call opens so that a report can name it.
 * Define FIRTH_NO_PLACES to leave these strings out of a small image; reports then say "?". */
#define FIRTH_STRINGIFY_(x) #x
#define FIRTH_STRINGIFY(x)  FIRTH_STRINGIFY_(x)
#ifdef FIRTH_NO_PLACES
#define FIRTH_HERE "?"
#else
#define FIRTH_HERE __FILE__ ":" FIRTH_STRINGIFY(__LINE__)
#endif

#endif
