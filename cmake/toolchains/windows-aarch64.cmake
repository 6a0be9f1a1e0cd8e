# SPDX-License-Identifier: Apache-2.0
# Windows on 64-bit ARM, by zig, see zig.cmake. There is nothing to run its programs with: Wine knows x86 alone here.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(FIRTH_ZIG_TARGET aarch64-windows-gnu)
include("${CMAKE_CURRENT_LIST_DIR}/zig.cmake")
