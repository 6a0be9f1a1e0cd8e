/* SPDX-License-Identifier: Apache-2.0 */
#include <firth/version.h>

unsigned firth_version(void)
{
    return FIRTH_VERSION_HEX;
}

const char *firth_version_text(void)
{
    return FIRTH_VERSION_STRING;
}
