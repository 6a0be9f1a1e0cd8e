/* SPDX-License-Identifier: Apache-2.0 */
/* The switch of Cortex-M, ARMv7-M (AAPCS32 §6.1): r4 to r11 belong to the callee. s16 to s31 do too, and are kept for flows
 * that have used floating point: CONTROL.FPCA says so, as it does for the frames of exceptions, and goes with the flow. One
 * that never touches a float so pays for none, here and at each interrupt. A new flow begins with the FPSCR that the
 * processor gives it (FPDSCR). With FTH_SWITCH_GUARDED the region of the memory protection unit that guards the stack goes
 * with the flow too (ports/baremetal/guard.h). The interface is in switch.h.
 *
 * A context that is set aside, from its stack pointer up:
 *   0 the guard's address, 4 CONTROL, 8 r4 … 36 r11, 40 FPSCR, 44 where it goes on, and with FPCA 48 s16 … 108 s31 */
#include "assembly.inc"
#if !defined(__thumb2__) || defined(__ARM_ARCH_6M__)
#error "this file is for ARMv7-M"
#endif

    .syntax unified
    .thumb
    .cfi_sections .debug_frame

#define FRAME_BYTES 48
#define FPCA        4

/* void fth_switch(void **from_sp, void *to_sp) */
function fth_switch
    mrs r3, control
#ifdef __ARM_FP
    tst r3, #FPCA
    beq 1f
    vpush {s16-s31}
    vmrs r12, fpscr
1:
#endif
#ifdef FTH_SWITCH_GUARDED
    movw r2, #0xed9c /* MPU_RBAR */
    movt r2, #0xe000
    ldr r2, [r2]
#endif
    push {r2-r12, lr}
    .cfi_adjust_cfa_offset FRAME_BYTES
    mov r2, sp
    str r2, [r0]

    mov sp, r1

    pop {r2-r12, lr}
    .cfi_adjust_cfa_offset -FRAME_BYTES
#ifdef FTH_SWITCH_GUARDED
    movw r0, #0xed9c
    movt r0, #0xe000
    str r2, [r0]
    dsb
    isb
#endif
#ifdef __ARM_FP
    tst r3, #FPCA
    beq 2f
    vpop {s16-s31} /* sets FPCA */
    vmsr fpscr, r12
    bx lr
2:  mrs r0, control
    bic r0, r0, #FPCA
    msr control, r0
    isb
#endif
    bx lr
end_function fth_switch

/* Where a new context begins: r4 is its function, r5 the argument. A debugger's backtrace ends here. */
function fth_switch_entry
    .cfi_undefined lr
9:  mov r0, r5
    blx r4
    udf #0
end_function fth_switch_entry

/* void *fth_switch_make(void *top, void (*entry)(void *), void *argument) */
function fth_switch_make
    bic r0, r0, #7
    sub r0, r0, #FRAME_BYTES
    adr r3, 9b
    orr r3, r3, #1 /* Thumb */
    mov r12, #0
    str r12, [r0] /* the guard: context.c's */
    str r12, [r0, #4]
    str r1, [r0, #8]
    str r2, [r0, #12]
    str r12, [r0, #20] /* r7, the frame pointer */
    str r3, [r0, #44]
    bx lr
end_function fth_switch_make

    .section .note.GNU-stack, "", %progbits
