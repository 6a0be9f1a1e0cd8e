/* SPDX-License-Identifier: Apache-2.0 */
/* The switch of 32-bit ARM, in ARM or Thumb-2 code as the rest of the library (AAPCS32 §6.1): r4 to r11 belong to the
 * callee, with floating point also d8 to d15; the control bits of FPSCR go with the task. The interface is in switch.h.
 *
 * A context that is set aside, from its stack pointer up:
 *   0 FPSCR, 4 r4 … 32 r11, 36 where it goes on (bit 0: Thumb), 40 d8 … 96 d15 */
#include "assembly.inc"
#ifndef __arm__
#error "this file is for 32-bit ARM"
#endif

    .syntax unified
#ifdef __thumb__
    .thumb
#else
    .arm
#endif
    .cfi_sections .debug_frame /* exceptions use the EHABI's own tables */

#ifdef __ARM_FP
#define FRAME_BYTES 104
#else
#define FRAME_BYTES 40
#endif

/* void fth_switch(void **from_sp, void *to_sp)
 * Both stacks have the same layout at each step, so the CFI holds before and after the stack pointer moves. */
function fth_switch
    .fnstart
    .cantunwind
#ifdef __ARM_FP
    vpush {d8-d15}
    .cfi_adjust_cfa_offset 64
    vmrs r3, fpscr
#endif
    push {r3-r11, lr}
    .cfi_adjust_cfa_offset 40
    .cfi_rel_offset r4, 4
    .cfi_rel_offset r5, 8
    .cfi_rel_offset r6, 12
    .cfi_rel_offset r7, 16
    .cfi_rel_offset r8, 20
    .cfi_rel_offset r9, 24
    .cfi_rel_offset r10, 28
    .cfi_rel_offset r11, 32
    .cfi_rel_offset lr, 36
    mov r12, sp
    str r12, [r0]

#ifdef __ARM_FP
    ldr r2, [r1]
    eor r12, r2, r3
    bic r12, r12, #0xf8000000 /* the results of the last comparison and the exception flags are nobody's */
    bics r12, r12, #0x9f
    it ne
    vmsrne fpscr, r2
#endif
    mov sp, r1

    pop {r3-r11, lr}
    .cfi_adjust_cfa_offset -40
    .cfi_restore r4
    .cfi_restore r5
    .cfi_restore r6
    .cfi_restore r7
    .cfi_restore r8
    .cfi_restore r9
    .cfi_restore r10
    .cfi_restore r11
    .cfi_restore lr
#ifdef __ARM_FP
    vpop {d8-d15}
    .cfi_adjust_cfa_offset -64
#endif
    bx lr
    .fnend
end_function fth_switch

/* Where a new context begins: r4 is its function, r5 the argument. A debugger's backtrace ends here. */
function fth_switch_entry
    .fnstart
    .cantunwind
    .cfi_undefined lr
9:  mov r0, r5
    blx r4
    udf #0
    .fnend
end_function fth_switch_entry

/* void *fth_switch_make(void *top, void (*entry)(void *), void *argument) */
function fth_switch_make
    .fnstart
    bic r0, r0, #7
    sub r0, r0, #FRAME_BYTES
#ifdef __ARM_FP
    vmrs r3, fpscr
    str r3, [r0]
#endif
    adr r3, 9b
#ifdef __thumb__
    orr r3, r3, #1 /* bx takes the instruction set from it */
#endif
    mov r12, #0
    str r1, [r0, #4]
    str r2, [r0, #8]
    str r12, [r0, #16] /* r7 and r11: the frame pointers of Thumb and of ARM code */
    str r12, [r0, #32]
    str r3, [r0, #36]
    bx lr
    .fnend
end_function fth_switch_make

    .section .note.GNU-stack, "", %progbits /* without it GNU ld makes every stack executable */
