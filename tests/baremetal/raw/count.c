/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin of QEMU (API version 1) that counts the guest's instructions: out=OUT, and low=…,high=… for each range of
 * addresses that is left out, hexadecimal. Debian has no header for it, so what is used of it is declared here. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t plugin_id;
struct qemu_plugin_tb;

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, void (*cb)(plugin_id id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, int op, void *ptr, uint64_t imm);
void qemu_plugin_register_atexit_cb(plugin_id id, void (*cb)(plugin_id id, void *data), void *data);

extern int qemu_plugin_version;
int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv);

enum { ADD_U64 = 0, RANGES_MAX = 8 };

int qemu_plugin_version = 1;
static uint64_t executed, lows[RANGES_MAX], highs[RANGES_MAX];
static int low_count, high_count;
static const char *path;

static void on_block(plugin_id id, struct qemu_plugin_tb *tb)
{
    const uint64_t address = qemu_plugin_tb_vaddr(tb);

    (void)id;
    for (int i = 0; i < high_count; i++)
        if (address >= lows[i] && address < highs[i])
            return;
    qemu_plugin_register_vcpu_tb_exec_inline(tb, ADD_U64, &executed, qemu_plugin_tb_n_insns(tb));
}

static void on_end(plugin_id id, void *data)
{
    FILE *file = fopen(path, "w");

    (void)id;
    (void)data;
    if (file == NULL)
        return;
    (void)fprintf(file, "%llu\n", (unsigned long long)executed);
    (void)fclose(file);
}

int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "out=", 4) == 0)
            path = strdup(argv[i] + 4);
        else if (strncmp(argv[i], "low=", 4) == 0 && low_count < RANGES_MAX)
            lows[low_count++] = strtoull(argv[i] + 4, NULL, 16);
        else if (strncmp(argv[i], "high=", 5) == 0 && high_count < low_count)
            highs[high_count++] = strtoull(argv[i] + 5, NULL, 16);
    }
    if (path == NULL)
        return -1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
    qemu_plugin_register_atexit_cb(id, on_end, NULL);
    return 0;
}
