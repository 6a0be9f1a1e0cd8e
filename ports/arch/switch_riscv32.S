/* SPDX-License-Identifier: Apache-2.0 */
/* The switch of 32-bit RISC-V. */
#if !defined(__riscv) || __riscv_xlen != 32
#error "this file is for 32-bit RISC-V"
#endif
#define WORD 4
#define STORE sw
#define LOAD lw
#include "switch_riscv.inc"
