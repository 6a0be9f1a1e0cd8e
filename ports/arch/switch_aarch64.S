/* SPDX-License-Identifier: Apache-2.0 */
/* The switch of AArch64 (AAPCS64 §6.1): x19 to x30 and d8 to d15 belong to the callee; FPCR goes with the task. Never
 * x18, which is the platform's. The interface is in switch.h.
 *
 * A context that is set aside, from its stack pointer up:
 *   0 x19 … 80 x29 (frame pointer), 88 x30 (where it goes on), 96 d8 … 152 d15, 160 FPCR, 168 unused */
#include "assembly.inc"
#ifndef __aarch64__
#error "this file is for AArch64"
#endif

/* Hint instructions: nothing on processors without branch target identification. A ret needs no target. */
#define BTI_C hint #34

.macro save_pair first, second, offset
    stp \first, \second, [sp, #\offset]
    .cfi_rel_offset \first, \offset
    .cfi_rel_offset \second, \offset + 8
.endm

.macro restore_pair first, second, offset
    ldp \first, \second, [sp, #\offset]
    .cfi_restore \first
    .cfi_restore \second
.endm

/* void fth_switch(void **from_sp, void *to_sp)
 * Both stacks have the same layout at each step, so the CFI holds before and after the stack pointer moves. */
function fth_switch
    BTI_C
    sub sp, sp, #176
    .cfi_adjust_cfa_offset 176
    save_pair x19, x20, 0
    save_pair x21, x22, 16
    save_pair x23, x24, 32
    save_pair x25, x26, 48
    save_pair x27, x28, 64
    save_pair x29, x30, 80
    save_pair d8, d9, 96
    save_pair d10, d11, 112
    save_pair d12, d13, 128
    save_pair d14, d15, 144
    mrs x9, fpcr
    str x9, [sp, #160]
    mov x10, sp
    str x10, [x0]

    ldr x11, [x1, #160]
    cmp x9, x11
    b.eq 1f
    msr fpcr, x11
1:  mov sp, x1

    restore_pair x19, x20, 0
    restore_pair x21, x22, 16
    restore_pair x23, x24, 32
    restore_pair x25, x26, 48
    restore_pair x27, x28, 64
    restore_pair x29, x30, 80
    restore_pair d8, d9, 96
    restore_pair d10, d11, 112
    restore_pair d12, d13, 128
    restore_pair d14, d15, 144
    add sp, sp, #176
    .cfi_adjust_cfa_offset -176
    ret
end_function fth_switch

/* Where a new context begins: x19 is its function, x20 the argument. A debugger's backtrace ends here. */
function fth_switch_entry
    .cfi_undefined x30
    BTI_C
9:  mov x0, x20
    blr x19
    brk #1
end_function fth_switch_entry

/* void *fth_switch_make(void *top, void (*entry)(void *), void *argument) */
function fth_switch_make
    BTI_C
    and x0, x0, #-16
    sub x0, x0, #176
    adr x9, 9b
    mrs x10, fpcr
    stp x1, x2, [x0]
    stp xzr, x9, [x0, #80]
    str x10, [x0, #160]
    ret
end_function fth_switch_make

#ifdef __ELF__
#ifdef __ARM_FEATURE_BTI_DEFAULT /* or the linker would turn BTI off for the whole program (AAELF64, GNU properties) */
    .section .note.gnu.property, "a", %note
    .p2align 3
    .word 4, 16, 5
    .asciz "GNU"
    .word 0xc0000000, 4, 1, 0
#endif
    .section .note.GNU-stack, "", %progbits /* without it GNU ld makes every stack executable */
#endif
