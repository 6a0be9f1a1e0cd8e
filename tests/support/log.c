/* SPDX-License-Identifier: Apache-2.0 */
/* What the selectors of a test had to report, kept for the test to look at. */
#include "tests/support/internal.h"

#include <pthread.h>
#include <stdio.h>

static char text[64 * 1024];
static size_t text_size;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* the selectors of firth_workers_run report side by side */

void support_log_line(void *argument, const char *line)
{
    int written;

    (void)argument;
    pthread_mutex_lock(&lock);
    written = snprintf(text + text_size, sizeof text - text_size, "%s\n", line);
    if (written > 0)
        text_size += (size_t)written;
    if (text_size >= sizeof text)
        text_size = sizeof text - 1;
    pthread_mutex_unlock(&lock);
}

const char *support_log_text(void)
{
    return text;
}

void support_log_forget(void)
{
    pthread_mutex_lock(&lock);
    text_size = 0;
    text[0] = '\0';
    pthread_mutex_unlock(&lock);
}
