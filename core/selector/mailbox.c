/* SPDX-License-Identifier: Apache-2.0 */
/* What other threads hand to the loop: posts, and scopes to cancel. */
#include "core/base/list.h"
#include "core/selector/selector.h"
#include "core/tasks/interrupt.h"
#include "core/tasks/scope.h"

typedef struct user_post {
    fth_post post;
    firth_selector *selector;
    void (*fn)(void *argument);
    void *argument;
} user_post;

int fth_mailbox_open(fth_mailbox *mailbox)
{
    mailbox->lock = firth_port_lock_open();
    mailbox->first = mailbox->last = NULL;
    mailbox->remote = FTH_REMOTE_END;
    atomic_init(&mailbox->pending, false);
    atomic_init(&mailbox->remote_count, 0);
    return mailbox->lock != NULL ? FIRTH_OK : firth_fail(FIRTH_ERR_NO_MEMORY, 0, "lock");
}

void fth_mailbox_close(fth_mailbox *mailbox)
{
    firth_port_lock_close(mailbox->lock);
}

void fth_selector_post(firth_selector *selector, fth_post *post)
{
    fth_mailbox *mailbox = &selector->mailbox;

    post->next = NULL;
    firth_port_lock_take(mailbox->lock);
    if (mailbox->last != NULL)
        mailbox->last->next = post;
    else
        mailbox->first = post;
    mailbox->last = post;
    /* Still under the lock: whoever takes the post may close the selector, but must take the lock before. */
    if (!atomic_exchange(&mailbox->pending, true))
        selector->backend->wake(selector);
    firth_port_lock_give(mailbox->lock);
}

void fth_mailbox_run(firth_selector *selector)
{
    fth_mailbox *mailbox = &selector->mailbox;
    fth_post *post;

    if (!atomic_exchange(&mailbox->pending, false))
        return;
    fth_interrupts_deliver(selector);
    fth_scopes_cancel_remote(selector);
    firth_port_lock_take(mailbox->lock);
    post = mailbox->first;
    mailbox->first = mailbox->last = NULL;
    firth_port_lock_give(mailbox->lock);
    while (post != NULL) {
        fth_post *next = post->next;

        post->run(post);
        post = next;
    }
}

static void run_user_post(fth_post *post)
{
    user_post *user = FTH_CONTAINER(post, user_post, post);
    void (*fn)(void *argument) = user->fn;
    void *argument = user->argument;

    firth_selector_release(user->selector, user);
    fn(argument);
}

int firth_selector_post(firth_selector *selector, void (*fn)(void *argument), void *argument)
{
    user_post *user = firth_selector_allocate(selector, sizeof *user);

    if (user == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "firth_selector_post");
    user->selector = selector;
    user->fn = fn;
    user->argument = argument;
    user->post.run = run_user_post;
    fth_selector_post(selector, &user->post);
    return FIRTH_OK;
}
