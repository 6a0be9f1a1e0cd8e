/* SPDX-License-Identifier: Apache-2.0 */
/* The switch of 64-bit RISC-V (psABI, "Integer" and "Floating-point register convention"): s0 to s11 belong to the
 * callee, with a hardware floating-point ABI also fs0 to fs11; the rounding mode goes with the task. Never gp and tp.
 * The interface is in switch.h.
 *
 * A context that is set aside, from its stack pointer up:
 *   0 ra (where it goes on), 8 s0 (frame pointer) … 96 s11, 104 fs0 … 192 fs11, 200 rounding mode */
#include "assembly.inc"
#if !defined(__riscv) || __riscv_xlen != 64
#error "this file is for 64-bit RISC-V"
#endif

#if defined(__riscv_float_abi_double)
#define FLOAT_STORE fsd
#define FLOAT_LOAD fld
#elif defined(__riscv_float_abi_single)
#define FLOAT_STORE fsw
#define FLOAT_LOAD flw
#endif

.macro save register, offset
    sd \register, \offset(sp)
    .cfi_rel_offset \register, \offset
.endm

.macro restore register, offset
    ld \register, \offset(sp)
    .cfi_restore \register
.endm

.macro each_integer_register do
    \do ra, 0
    \do s0, 8
    \do s1, 16
    \do s2, 24
    \do s3, 32
    \do s4, 40
    \do s5, 48
    \do s6, 56
    \do s7, 64
    \do s8, 72
    \do s9, 80
    \do s10, 88
    \do s11, 96
.endm

#ifdef FLOAT_STORE
.macro save_float register, offset
    FLOAT_STORE \register, \offset(sp)
    .cfi_rel_offset \register, \offset
.endm

.macro restore_float register, offset
    FLOAT_LOAD \register, \offset(sp)
    .cfi_restore \register
.endm

.macro each_float_register do
    \do fs0, 104
    \do fs1, 112
    \do fs2, 120
    \do fs3, 128
    \do fs4, 136
    \do fs5, 144
    \do fs6, 152
    \do fs7, 160
    \do fs8, 168
    \do fs9, 176
    \do fs10, 184
    \do fs11, 192
.endm
#endif

/* void fth_switch(void **from_sp, void *to_sp)
 * Both stacks have the same layout at each step, so the CFI holds before and after the stack pointer moves. */
function fth_switch
    addi sp, sp, -208
    .cfi_adjust_cfa_offset 208
    each_integer_register save
#ifdef FLOAT_STORE
    each_float_register save_float
#endif
#ifdef __riscv_flen
    frrm t0
    sd t0, 200(sp)
#endif
    sd sp, 0(a0)

#ifdef __riscv_flen
    ld t1, 200(a1)
    beq t0, t1, 1f
    fsrm t1
1:
#endif
    mv sp, a1

    each_integer_register restore
#ifdef FLOAT_STORE
    each_float_register restore_float
#endif
    addi sp, sp, 208
    .cfi_adjust_cfa_offset -208
    ret
end_function fth_switch

/* Where a new context begins: s1 is its function, s2 the argument. A debugger's backtrace ends here. */
function fth_switch_entry
    .cfi_undefined ra
    mv a0, s2
    jalr s1
    ebreak
end_function fth_switch_entry

/* void *fth_switch_make(void *top, void (*entry)(void *), void *argument) */
function fth_switch_make
    andi a0, a0, -16
    addi a0, a0, -208
    lla t0, fth_switch_entry
    sd t0, 0(a0)
    sd zero, 8(a0)
    sd a1, 16(a0)
    sd a2, 24(a0)
#ifdef __riscv_flen
    frrm t1
    sd t1, 200(a0)
#endif
    ret
end_function fth_switch_make

    .section .note.GNU-stack, "", %progbits /* without it GNU ld makes every stack executable */
