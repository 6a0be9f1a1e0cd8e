/* SPDX-License-Identifier: Apache-2.0 */
#include "ports/shared/authorities.h"

enum { MOST_BYTES = 16 << 20 };

int fth_authorities_show_file(const fth_authorities_search *to, const char *path, bool is_told)
{
    void *bytes = NULL;
    size_t size = 0;
    int os_code, found;
    const char *why;
    const int rc = firth_port_read_file(path, MOST_BYTES, &bytes, &size, &os_code, &why);

    if (rc == FIRTH_ERR_NO_MEMORY)
        return rc;
    if (rc < 0 && !is_told)
        return false;
    found = to->take(to->argument, path, bytes, size);
    firth_port_release(bytes);
    return found;
}
