# SPDX-License-Identifier: Apache-2.0
# 64-bit Windows 10 or newer, with Debian's gcc-mingw-w64-x86-64-win32; programs run under Wine. The win32 kind of the
# compiler, by its full name: the posix kind makes every program that has thread-local variables need a DLL of its own.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_C_COMPILER x86_64-w64-mingw32-gcc-win32)
set(CMAKE_RC_COMPILER x86_64-w64-mingw32-windres)
# The second is where scripts/test puts cmocka; then what the caller names.
set(CMAKE_FIND_ROOT_PATH /usr/x86_64-w64-mingw32 "${CMAKE_CURRENT_LIST_DIR}/../../build/deps/windows"
                         ${CMAKE_PREFIX_PATH})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static") # nothing but the system's own DLLs
set(CMAKE_SHARED_LINKER_FLAGS_INIT "-static")
find_program(FIRTH_WINE wine)
mark_as_advanced(FIRTH_WINE)
if(FIRTH_WINE)
    set(CMAKE_CROSSCOMPILING_EMULATOR "${FIRTH_WINE}")
endif()
