/* SPDX-License-Identifier: Apache-2.0 */
/* The switch of 32-bit RISC-V alone, without a C library, since Debian has none: exit code 0, or the number of the fault.
 * Two contexts take turns, each with patterns in the registers that are the callee's. */
#include <stdint.h>

#include "ports/arch/switch.h"

enum { ROUNDS = 1000, STACK_BYTES = 4096 };

static void *main_sp, *other_sp;
static uint32_t turns;
_Alignas(16) static char stack[STACK_BYTES];

static _Noreturn void leave(int code)
{
    register int a0 __asm__("a0") = code;
    register int a7 __asm__("a7") = 93; /* exit */

    __asm__ volatile("ecall" : : "r"(a0), "r"(a7));
    FTH_UNREACHABLE();
}

/* What is alive across the call is in s registers, or on the stack that they lead to. */
static void take_turns(void **from, void **to, uint32_t seed)
{
    for (uint32_t i = 0; i < ROUNDS; i++) {
        register uint32_t s3 __asm__("s3") = seed + i;
        register uint32_t s11 __asm__("s11") = seed ^ i;

        __asm__ volatile("" : "+r"(s3), "+r"(s11));
        fth_switch(from, *to);
        __asm__ volatile("" : "+r"(s3), "+r"(s11));
        if (s3 != seed + i || s11 != (seed ^ i))
            leave(1);
        turns++;
    }
}

static void other(void *argument)
{
    if (argument != &turns)
        leave(2);
    if ((uintptr_t)__builtin_frame_address(0) % 16 != 0)
        leave(3);
    take_turns(&other_sp, &main_sp, 0x1234);
    leave(4); /* main ends first */
}

_Noreturn void _start(void);

void _start(void)
{
    other_sp = fth_switch_make(stack + sizeof stack, other, &turns);
    take_turns(&main_sp, &other_sp, 0xabcd0000);
    leave(turns == 2 * ROUNDS - 1 ? 0 : 5);
}
