# SPDX-License-Identifier: Apache-2.0
# Cortex-M without a system, with Debian's gcc-arm-none-eabi and newlib-nano. Included by the board's file, which sets
# FIRTH_BOARD and FIRTH_CPU, the processor's flags.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_ASM_COMPILER arm-none-eabi-gcc)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY) # a program needs a linker script
set(CMAKE_EXECUTABLE_SUFFIX_C .elf)
set(CMAKE_C_ARCHIVE_CREATE "<CMAKE_AR> qcsT <TARGET> <OBJECTS>") # thin: the linker's map has the objects' folders
set(CMAKE_C_ARCHIVE_APPEND "<CMAKE_AR> qsT <TARGET> <OBJECTS>")
set(CMAKE_C_FLAGS_INIT "${FIRTH_CPU} -mthumb -ffunction-sections -fdata-sections --specs=nano.specs")
set(CMAKE_ASM_FLAGS_INIT "${FIRTH_CPU} -mthumb")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
