/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are compiled in (firth/board.h). */
#include <firth/board.h>
#include <firth/port.h>
#include <string.h>

/* Of a firmware that has none. */
__attribute__((weak)) const firth_baremetal_file firth_baremetal_files[] = {{NULL, NULL, 0}};

int firth_port_read_file(const char *path, size_t most_bytes, void **bytes, size_t *size, int *os_code,
                         const char **why)
{
    const firth_baremetal_file *file = firth_baremetal_files;
    char *copy;

    *os_code = 0;
    *why = "";
    while (file->path != NULL && strcmp(file->path, path) != 0)
        file++;
    if (file->path == NULL || file->size > most_bytes) {
        *why = file->path == NULL ? "no such file" : "too long";
        return FIRTH_ERR_SYSTEM;
    }
    copy = firth_port_allocate(file->size + 1);
    if (copy == NULL)
        return FIRTH_ERR_NO_MEMORY;
    memcpy(copy, file->bytes, file->size);
    copy[file->size] = '\0';
    *bytes = copy;
    *size = file->size;
    return FIRTH_OK;
}
