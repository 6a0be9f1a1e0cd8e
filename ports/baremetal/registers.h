/* SPDX-License-Identifier: Apache-2.0 */
/* Registers of ARMv7-M's system control space (ARM DDI 0403, B3), as far as the port uses them. */
#ifndef FTH_PORTS_BAREMETAL_REGISTERS_H
#define FTH_PORTS_BAREMETAL_REGISTERS_H

#include <stdint.h>

#define FTH_REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))

#define FTH_SYST_CSR FTH_REGISTER(0xe000e010) /* 7: on, with interrupt, of the processor's clock */
#define FTH_SYST_RVR FTH_REGISTER(0xe000e014)
#define FTH_SYST_CVR FTH_REGISTER(0xe000e018)

#define FTH_ICSR         FTH_REGISTER(0xe000ed04)
#define FTH_ICSR_TICK    (1u << 26) /* SysTick's interrupt is pending */
#define FTH_SHCSR        FTH_REGISTER(0xe000ed24)
#define FTH_SHCSR_FAULTS (7u << 16) /* MemManage, BusFault and UsageFault have handlers of their own */
#define FTH_CFSR         FTH_REGISTER(0xe000ed28)
#define FTH_HFSR         FTH_REGISTER(0xe000ed2c)
#define FTH_MMFAR        FTH_REGISTER(0xe000ed34)
#define FTH_BFAR         FTH_REGISTER(0xe000ed38)
#define FTH_CPACR        FTH_REGISTER(0xe000ed88)

#define FTH_MPU_CTRL              FTH_REGISTER(0xe000ed94)
#define FTH_MPU_CTRL_ON           1u
#define FTH_MPU_CTRL_REST_IS_OPEN 4u /* to privileged code, beside the regions */
#define FTH_MPU_RNR               FTH_REGISTER(0xe000ed98)
#define FTH_MPU_RBAR              FTH_REGISTER(0xe000ed9c)
#define FTH_MPU_RASR              FTH_REGISTER(0xe000eda0)

static inline void fth_barrier(void)
{
    __asm__ volatile("dsb\n\tisb" ::: "memory");
}

static inline void fth_interrupts_off(void)
{
    __asm__ volatile("cpsid i" ::: "memory");
}

static inline void fth_interrupts_on(void)
{
    __asm__ volatile("cpsie i\n\tisb" ::: "memory");
}

#endif
