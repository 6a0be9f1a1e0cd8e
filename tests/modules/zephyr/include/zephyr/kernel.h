/* SPDX-License-Identifier: Apache-2.0 */
/* Of Zephyr's kernel, what ports/zephyr calls: declared, and nowhere defined. */
#ifndef ZEPHYR_DOUBLE_KERNEL_H
#define ZEPHYR_DOUBLE_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    int64_t ticks;
} k_timeout_t;
#define K_FOREVER   ((k_timeout_t){-1})
#define K_TICKS(of) ((k_timeout_t){of})

typedef struct k_thread *k_tid_t;
struct k_mutex {
    k_tid_t owner;
};
struct k_sem {
    unsigned count, limit;
};
#define K_SEM_DEFINE(name, initial, most) struct k_sem name = {initial, most}

int k_mutex_init(struct k_mutex *mutex);
int k_mutex_lock(struct k_mutex *mutex, k_timeout_t timeout);
int k_mutex_unlock(struct k_mutex *mutex);
int k_sem_init(struct k_sem *sem, unsigned int initial_count, unsigned int limit);
int k_sem_take(struct k_sem *sem, k_timeout_t timeout);
void k_sem_give(struct k_sem *sem);
int64_t k_uptime_ticks(void);
k_tid_t k_current_get(void);
void *k_thread_custom_data_get(void);
void k_thread_custom_data_set(void *value);
int32_t k_sleep(k_timeout_t timeout);
void k_sched_lock(void);
void k_sched_unlock(void);
bool k_is_in_isr(void);
void k_panic(void);
#define CODE_UNREACHABLE __builtin_unreachable()

#endif
