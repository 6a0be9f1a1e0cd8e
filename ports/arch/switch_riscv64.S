/* SPDX-License-Identifier: Apache-2.0 */
/* The switch of 64-bit RISC-V. */
#if !defined(__riscv) || __riscv_xlen != 64
#error "this file is for 64-bit RISC-V"
#endif
#define WORD 8
#define STORE sd
#define LOAD ld
#include "switch_riscv.inc"
