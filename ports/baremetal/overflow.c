/* SPDX-License-Identifier: Apache-2.0 */
/* Faults. Their handler says what happened and in which task, and ends the program: there is nobody else to go on. It runs
 * on the handlers' stack, since the task's may be what is used up. */
#include <firth/board.h>
#include <firth/port.h>
#include <string.h>

#include "core/tasks/task.h"
#include "ports/baremetal/guard.h"
#include "ports/baremetal/layout.h"
#include "ports/baremetal/registers.h"

static firth_port_overflow *watches;

int firth_port_overflow_watch(firth_port_overflow *watch)
{
    watch->next = watches;
    watches = watch;
    return FIRTH_OK;
}

void firth_port_overflow_forget(firth_port_overflow *watch)
{
    firth_port_overflow **link = &watches;

    while (*link != NULL && *link != watch)
        link = &(*link)->next;
    if (*link != NULL)
        *link = watch->next;
}

/* ---- the report --------------------------------------------------------------------------------------------------- */

enum { CFSR_NO_ROOM_TO_STACK = 1 << 4 | 1 << 12, CFSR_ADDRESS_IS_KNOWN = 1 << 7, CFSR_BUS_ADDRESS_IS_KNOWN = 1 << 15 };

static void say(const char *text)
{
    firth_board_log(text, strlen(text));
}

static void say_word(const char *name, uint32_t word)
{
    char text[] = " 0x00000000";

    for (int i = 0; i < 8; i++)
        text[10 - i] = "0123456789abcdef"[word >> 4 * i & 15];
    say(name);
    say(text);
}

static bool say_overflow(const void *address)
{
    char text[200];

    for (firth_port_overflow *watch = watches; watch != NULL; watch = watch->next)
        if (watch->describe(watch->argument, address, text, sizeof text)) {
            say(text);
            return true;
        }
    if (address < (const void *)firth_baremetal_main_guard ||
        address >= (const void *)(firth_baremetal_main_guard + FTH_GUARD_BYTES))
        return false;
    say("firth: overflow of the main stack\n");
    return true;
}

/* When the processor found no room for the handler's frame, no address was kept, and no place. */
__attribute__((used)) static void report_fault(const uint32_t *frame)
{
    uint32_t cfsr = FTH_CFSR;
    bool no_room = (cfsr & CFSR_NO_ROOM_TO_STACK) != 0;
    uintptr_t address = !no_room && (cfsr & CFSR_ADDRESS_IS_KNOWN) != 0 ? FTH_MMFAR : fth_guard_now();
    bool is_memory = no_room || (cfsr & CFSR_ADDRESS_IS_KNOWN) != 0;

    if (!is_memory || !say_overflow((const void *)address)) {
        say("firth: fault in task ");
        say(fth_current != NULL ? fth_current->name : "(none)");
        if (fth_current != NULL) {
            say(" spawned at ");
            say(fth_current->place);
        }
        say("\n");
    }
    say_word("firth: CFSR", cfsr);
    say_word(", HFSR", FTH_HFSR);
    if ((cfsr & CFSR_ADDRESS_IS_KNOWN) != 0)
        say_word(", MMFAR", FTH_MMFAR);
    if ((cfsr & CFSR_BUS_ADDRESS_IS_KNOWN) != 0)
        say_word(", BFAR", FTH_BFAR);
    if (!no_room) {
        say_word(", at", frame[6]);
        say_word(", called from", frame[5]);
    }
    say("\n");
    firth_board_exit(-1);
}

/* Bit 2 of the value in lr says which stack the frame is on. */
__attribute__((naked)) void firth_baremetal_fault(void)
{
    __asm__ volatile("tst lr, #4\n\t"
                     "ite eq\n\t"
                     "mrseq r0, msp\n\t"
                     "mrsne r0, psp\n\t"
                     "b report_fault");
}
