/* SPDX-License-Identifier: Apache-2.0 */
/* The switch of x86-64 as Windows has it: beside what the System V ABI leaves to the callee, rdi, rsi and xmm6 to xmm15
 * (Microsoft's "x64 calling convention"). What the thread's environment block says of the stack goes with the stack: the
 * system, its exceptions and the probes of big frames believe it. The interface is in switch.h.
 *
 * A context that is set aside, from its stack pointer up, which is a multiple of 16: fth_switch_block (48 bytes), xmm6 to
 * xmm15 (160), 208 MXCSR, 212 x87 control word, 216 r15, 224 r14, 232 r13, 240 r12, 248 rsi, 256 rdi, 264 rbx, 272 rbp,
 * 280 where it goes on */
#include "assembly.inc"
#if !defined(__x86_64__) || !defined(_WIN32)
#error "this file is for 64-bit Windows on x86-64"
#endif

/* void fth_switch(void **from_sp, void *to_sp)
 * r10 is the thread environment block: 0x00 ExceptionList, 0x08 StackBase, 0x10 StackLimit, 0x20 FiberData,
 * 0x1478 DeallocationStack, 0x1748 GuaranteedStackBytes. */
function fth_switch
    pushq %rbp
    pushq %rbx
    pushq %rdi
    pushq %rsi
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    subq $168, %rsp
    movaps %xmm6, (%rsp)
    movaps %xmm7, 16(%rsp)
    movaps %xmm8, 32(%rsp)
    movaps %xmm9, 48(%rsp)
    movaps %xmm10, 64(%rsp)
    movaps %xmm11, 80(%rsp)
    movaps %xmm12, 96(%rsp)
    movaps %xmm13, 112(%rsp)
    movaps %xmm14, 128(%rsp)
    movaps %xmm15, 144(%rsp)
    stmxcsr 160(%rsp)
    fnstcw 164(%rsp)
    movq %gs:0x30, %r10
    pushq 0x1478(%r10)
    pushq 0x1748(%r10)
    pushq 0x10(%r10)
    pushq 0x08(%r10)
    pushq 0x20(%r10)
    pushq 0x00(%r10)

    movq %rsp, (%rcx)
    movq %rdx, %rsp

    popq 0x00(%r10)
    popq 0x20(%r10)
    popq 0x08(%r10)
    popq 0x10(%r10)
    popq 0x1748(%r10)
    popq 0x1478(%r10)
    movaps (%rsp), %xmm6
    movaps 16(%rsp), %xmm7
    movaps 32(%rsp), %xmm8
    movaps 48(%rsp), %xmm9
    movaps 64(%rsp), %xmm10
    movaps 80(%rsp), %xmm11
    movaps 96(%rsp), %xmm12
    movaps 112(%rsp), %xmm13
    movaps 128(%rsp), %xmm14
    movaps 144(%rsp), %xmm15
    ldmxcsr 160(%rsp)
    fldcw 164(%rsp)
    addq $168, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rsi
    popq %rdi
    popq %rbx
    popq %rbp
    popq %rcx
    jmpq *%rcx
end_function fth_switch

/* Where a new context begins: rbx is its function, r12 the argument. The stack pointer is a multiple of 16, and the caller
 * leaves 32 bytes for the callee's arguments. Above is a zero, where whoever unwinds stops. */
function fth_switch_entry
    .seh_proc fth_switch_entry
    subq $32, %rsp
    .seh_stackalloc 32
    .seh_endprologue
    movq %r12, %rcx
    callq *%rbx
    ud2
    .seh_endproc
end_function fth_switch_entry

/* void *fth_switch_make(void *top, void (*entry)(void *), void *argument)
 * context.c fills in the block. */
function fth_switch_make
    andq $-16, %rcx
    leaq fth_switch_entry(%rip), %r9
    leaq -304(%rcx), %rax
    stmxcsr 208(%rax)
    fnstcw 212(%rax)
    movq %r8, 240(%rax)
    movq %rdx, 264(%rax)
    movq $0, 272(%rax)
    movq %r9, 280(%rax)
    movq $0, 288(%rax)
    movq $0, 296(%rax)
    ret
end_function fth_switch_make
