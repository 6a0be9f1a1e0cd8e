/* SPDX-License-Identifier: Apache-2.0 */
/* The switch of x86-64 as the System V ABI has it (Linux, the BSDs, macOS): rbx, rbp and r12 to r15 belong to the callee,
 * and so do the control bits of MXCSR and the x87 control word (psABI 1.0 §3.2.1). The interface is in switch.h.
 *
 * A context that is set aside, from its stack pointer up:
 *   0 MXCSR, 4 x87 control word, 8 r15, 16 r14, 24 r13, 32 r12, 40 rbx, 48 rbp, 56 where it goes on */
#include "assembly.inc"
#if !defined(__x86_64__) || defined(__ILP32__)
#error "this file is for x86-64 with 64-bit pointers"
#endif
#ifdef __CET__
#include <cet.h> /* marks the object as fit for IBT and shadow stacks: context.c goes another way under the latter */
#endif

.macro save register
    pushq %\register
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset \register, 0
.endm

.macro restore register
    popq %\register
    .cfi_adjust_cfa_offset -8
    .cfi_restore \register
.endm

/* void fth_switch(void **from_sp, void *to_sp)
 * Both stacks have the same layout at each step, so the CFI holds before and after the stack pointer moves. The control
 * words are loaded only when they differ, which saves some 5 ns. A ret is predicted to go where this call came from: that
 * is right, and so are the predictions for the frames below, when the other flow left at the same place, as tasks do that
 * hand over to each other. Else it ends with pop and jmp, which saves the mispredicted branch. notrack: a return address
 * has no endbr64. */
function fth_switch
    endbr64
    save rbp
    save rbx
    save r12
    save r13
    save r14
    save r15
    subq $8, %rsp
    .cfi_adjust_cfa_offset 8
    stmxcsr (%rsp)
    fnstcw 4(%rsp)
    movq %rsp, (%rdi)

    movl (%rsp), %eax
    xorl (%rsi), %eax
    testl $0xffc0, %eax /* the control bits; the exception flags below them are nobody's */
    jne 3f
1:  movzwl 4(%rsp), %eax
    cmpw 4(%rsi), %ax
    jne 4f
2:  movq 56(%rsp), %rcx
    movq %rsi, %rsp

    .cfi_remember_state
    addq $8, %rsp
    .cfi_adjust_cfa_offset -8
    restore r15
    restore r14
    restore r13
    restore r12
    restore rbx
    restore rbp
    cmpq (%rsp), %rcx
    jne 5f
    ret

5:  popq %rcx
    .cfi_adjust_cfa_offset -8
    .cfi_register rip, rcx
    notrack jmpq *%rcx

    .cfi_restore_state
3:  ldmxcsr (%rsi)
    jmp 1b
4:  fldcw 4(%rsi)
    jmp 2b
end_function fth_switch

/* Where a new context begins: rbx is its function, r12 the argument. A debugger's backtrace ends here. The stack pointer
 * is a multiple of 16, so the function sees it as after any call. */
function fth_switch_entry
    .cfi_undefined rip
    endbr64
9:  movq %r12, %rdi
    callq *%rbx
    ud2
end_function fth_switch_entry

/* void *fth_switch_make(void *top, void (*entry)(void *), void *argument)
 * The two words above the frame are there for whoever looks for a return address without CFI. */
function fth_switch_make
    endbr64
    andq $-16, %rdi
    leaq 9b(%rip), %rcx
    leaq -80(%rdi), %rax
    stmxcsr (%rax)
    fnstcw 4(%rax)
    movq %rdx, 32(%rax)
    movq %rsi, 40(%rax)
    movq $0, 48(%rax)
    movq %rcx, 56(%rax)
    movq $0, 64(%rax)
    ret
end_function fth_switch_make

#ifdef __ELF__
    .section .note.GNU-stack, "", %progbits /* without it GNU ld makes every stack executable */
#endif
