/* SPDX-License-Identifier: Apache-2.0 */
/* What a server of ours makes of whatever its peer sends. */
#include "tests/fuzz/handshake.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    fuzz_handshake(FIRTH_TLS_SERVER, input, size);
    return 0;
}
