/* SPDX-License-Identifier: Apache-2.0 */
#ifdef FIRTH_FREERTOS_SHIM
#include "backends/lwip/host/arch/cc.h"
#else
#include "backends/lwip/baremetal/arch/cc.h"
#endif
