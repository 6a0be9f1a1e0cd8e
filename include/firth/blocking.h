/* SPDX-License-Identifier: Apache-2.0 */
/* A way out for calls that block the thread: files, databases, heavy computing. */
#ifndef FIRTH_BLOCKING_H
#define FIRTH_BLOCKING_H

#include <firth/error.h>
#include <firth/export.h>

FIRTH_BEGIN_DECLS

/* Runs fn(argument) on another thread and suspends the task until it has returned; other tasks run meanwhile. fn is
 * outside any task and may call nothing of Firth but firth_selector_post and firth_scope_cancel_from.
 * Returns what fn returned (keep it >= 0 or a firth_code); FIRTH_ERR_CANCELED when the task was cancelled before fn
 * began - then it never runs. Once it has begun nothing can stop it, and the call waits for it.
 * FIRTH_ERR_NO_MEMORY when no thread could be started. May suspend. */
FIRTH_API FIRTH_NODISCARD int firth_blocking(int (*fn)(void *argument), void *argument);

FIRTH_END_DECLS

#endif
