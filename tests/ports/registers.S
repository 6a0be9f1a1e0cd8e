/* SPDX-License-Identifier: Apache-2.0 */
/* void registers_hold(const uintptr_t *pattern, uintptr_t *found, void (*away)(void *), void *argument)
 * Fills every register that a callee must preserve from pattern, calls away(argument), and stores in found what is in
 * these registers afterwards. Both have REGISTER_WORDS words (context_checks.c). */
#include "ports/arch/assembly.inc"

#if defined(__x86_64__) && defined(_WIN32)

.macro each_xmm base, offset
    movdqu \offset+0(\base), %xmm6
    movdqu \offset+16(\base), %xmm7
    movdqu \offset+32(\base), %xmm8
    movdqu \offset+48(\base), %xmm9
    movdqu \offset+64(\base), %xmm10
    movdqu \offset+80(\base), %xmm11
    movdqu \offset+96(\base), %xmm12
    movdqu \offset+112(\base), %xmm13
    movdqu \offset+128(\base), %xmm14
    movdqu \offset+144(\base), %xmm15
.endm

.macro store_each_xmm base, offset
    movdqu %xmm6, \offset+0(\base)
    movdqu %xmm7, \offset+16(\base)
    movdqu %xmm8, \offset+32(\base)
    movdqu %xmm9, \offset+48(\base)
    movdqu %xmm10, \offset+64(\base)
    movdqu %xmm11, \offset+80(\base)
    movdqu %xmm12, \offset+96(\base)
    movdqu %xmm13, \offset+112(\base)
    movdqu %xmm14, \offset+128(\base)
    movdqu %xmm15, \offset+144(\base)
.endm

/* Nine words are pushed, so the stack pointer is a multiple of 16 again, and the callee's 32 bytes come below. */
function registers_hold
    pushq %rbp
    pushq %rbx
    pushq %rdi
    pushq %rsi
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    pushq %rdx
    subq $192, %rsp
    store_each_xmm %rsp, 32
    movq 0(%rcx), %rbx
    movq 8(%rcx), %rbp
    movq 16(%rcx), %rdi
    movq 24(%rcx), %rsi
    movq 32(%rcx), %r12
    movq 40(%rcx), %r13
    movq 48(%rcx), %r14
    movq 56(%rcx), %r15
    each_xmm %rcx, 64
    movq %r9, %rcx
    callq *%r8
    movq 192(%rsp), %rdx
    movq %rbx, 0(%rdx)
    movq %rbp, 8(%rdx)
    movq %rdi, 16(%rdx)
    movq %rsi, 24(%rdx)
    movq %r12, 32(%rdx)
    movq %r13, 40(%rdx)
    movq %r14, 48(%rdx)
    movq %r15, 56(%rdx)
    store_each_xmm %rdx, 64
    each_xmm %rsp, 32
    addq $192, %rsp
    popq %rdx
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rsi
    popq %rdi
    popq %rbx
    popq %rbp
    ret
end_function registers_hold

#elif defined(__x86_64__)

function registers_hold
    endbr64
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    pushq %rsi
    movq 0(%rdi), %rbx
    movq 8(%rdi), %rbp
    movq 16(%rdi), %r12
    movq 24(%rdi), %r13
    movq 32(%rdi), %r14
    movq 40(%rdi), %r15
    movq %rcx, %rdi
    callq *%rdx
    popq %rsi
    movq %rbx, 0(%rsi)
    movq %rbp, 8(%rsi)
    movq %r12, 16(%rsi)
    movq %r13, 24(%rsi)
    movq %r14, 32(%rsi)
    movq %r15, 40(%rsi)
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
end_function registers_hold

#elif defined(__aarch64__)

.macro each_pair do, base
    \do x19, x20, [\base]
    \do x21, x22, [\base, #16]
    \do x23, x24, [\base, #32]
    \do x25, x26, [\base, #48]
    \do x27, x28, [\base, #64]
    \do d8, d9, [\base, #80]
    \do d10, d11, [\base, #96]
    \do d12, d13, [\base, #112]
    \do d14, d15, [\base, #128]
.endm

function registers_hold
    hint #34
    stp x29, x30, [sp, #-176]!
    add x9, sp, #16
    each_pair stp, x9
    str x1, [sp, #160]
    each_pair ldp, x0
    ldr x29, [x0, #144]
    mov x0, x3
    blr x2
    ldr x1, [sp, #160]
    each_pair stp, x1
    str x29, [x1, #144]
    add x9, sp, #16
    each_pair ldp, x9
    ldp x29, x30, [sp], #176
    ret
end_function registers_hold

#elif defined(__arm__)

    .syntax unified
#ifdef __thumb__
    .thumb
#else
    .arm
#endif

function registers_hold
    push {r4-r11, lr}
    sub sp, sp, #4
#ifdef __ARM_FP
    vpush {d8-d15}
    add r12, r0, #32
    vldmia r12, {d8-d15}
#endif
    push {r1, r3}
    mov r12, r2
    ldmia r0, {r4-r11}
    mov r0, r3
    blx r12
    pop {r1, r3}
    stmia r1, {r4-r11}
#ifdef __ARM_FP
    add r12, r1, #32
    vstmia r12, {d8-d15}
    vpop {d8-d15}
#endif
    add sp, sp, #4
    pop {r4-r11, pc}
end_function registers_hold

#elif defined(__riscv)

.macro each_integer do, base
    \do s0, 0(\base)
    \do s1, 8(\base)
    \do s2, 16(\base)
    \do s3, 24(\base)
    \do s4, 32(\base)
    \do s5, 40(\base)
    \do s6, 48(\base)
    \do s7, 56(\base)
    \do s8, 64(\base)
    \do s9, 72(\base)
    \do s10, 80(\base)
    \do s11, 88(\base)
.endm

.macro each_float do, base
    \do fs0, 96(\base)
    \do fs1, 104(\base)
    \do fs2, 112(\base)
    \do fs3, 120(\base)
    \do fs4, 128(\base)
    \do fs5, 136(\base)
    \do fs6, 144(\base)
    \do fs7, 152(\base)
    \do fs8, 160(\base)
    \do fs9, 168(\base)
    \do fs10, 176(\base)
    \do fs11, 184(\base)
.endm

function registers_hold
    addi sp, sp, -208
    each_integer sd, sp
    each_float fsd, sp
    sd ra, 192(sp)
    sd a1, 200(sp)
    each_integer ld, a0
    each_float fld, a0
    mv a0, a3
    jalr a2
    ld a1, 200(sp)
    each_integer sd, a1
    each_float fsd, a1
    ld ra, 192(sp)
    each_integer ld, sp
    each_float fld, sp
    addi sp, sp, 208
    ret
end_function registers_hold

#endif

#ifdef __ELF__
    .section .note.GNU-stack, "", %progbits
#endif
