# SPDX-License-Identifier: Apache-2.0
# zig 0.11 as the compiler: it brings the headers and the linker of other systems. -DFIRTH_ZIG= or the environment's FIRTH_ZIG
# is the program, else it is that of PATH. Included by the toolchain files that set FIRTH_ZIG_TARGET, as zig calls it.
if(NOT FIRTH_ZIG AND NOT "$ENV{FIRTH_ZIG}" STREQUAL "")
    set(FIRTH_ZIG "$ENV{FIRTH_ZIG}")
elseif(NOT FIRTH_ZIG)
    find_program(FIRTH_ZIG zig)
endif()
if(NOT FIRTH_ZIG)
    message(FATAL_ERROR "There is no zig: put it into PATH or name it with -DFIRTH_ZIG=.")
endif()
set(ENV{FIRTH_ZIG} "${FIRTH_ZIG}") # for CMake's own trial projects

# A program for each of zig's commands: CMake has no good name for a compiler that is a program and an argument.
set(tools "${CMAKE_BINARY_DIR}/zig-${FIRTH_ZIG_TARGET}")
function(firth_write_tool name command)
    file(WRITE "${tools}/${name}" "#!/bin/sh\nexec '${FIRTH_ZIG}' ${command} \"$@\"\n")
    file(CHMOD "${tools}/${name}" PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
endfunction()
firth_write_tool(cc "cc -target ${FIRTH_ZIG_TARGET}")
firth_write_tool(c++ "c++ -target ${FIRTH_ZIG_TARGET}")
firth_write_tool(ar ar)
firth_write_tool(ranlib ranlib)
set(CMAKE_C_COMPILER "${tools}/cc")
set(CMAKE_CXX_COMPILER "${tools}/c++")
set(CMAKE_ASM_COMPILER "${tools}/cc")
set(CMAKE_AR "${tools}/ar" CACHE FILEPATH "")
set(CMAKE_RANLIB "${tools}/ranlib" CACHE FILEPATH "")

# zig has headers and libraries of its own.
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
