/* SPDX-License-Identifier: Apache-2.0 */
/* lwIP inside a task of FreeRTOS is as it is on bare metal, and as on a POSIX host where the tests run it on one. */
#ifdef FIRTH_FREERTOS_SHIM
#include "backends/lwip/host/lwipopts.h"
#else
#include "backends/lwip/baremetal/lwipopts.h"
#endif
