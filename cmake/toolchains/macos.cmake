# SPDX-License-Identifier: Apache-2.0
# macOS by zig, see zig.cmake. Included by macos-….cmake, which set FIRTH_ZIG_ARCH.
set(CMAKE_SYSTEM_NAME Darwin)
set(CMAKE_SYSTEM_PROCESSOR "${FIRTH_ZIG_ARCH}")
set(FIRTH_ZIG_TARGET "${FIRTH_ZIG_ARCH}-macos")
include("${CMAKE_CURRENT_LIST_DIR}/zig.cmake")
set(CMAKE_INSTALL_NAME_TOOL true CACHE FILEPATH "") # Apple's own; nothing is installed to be run
set(CMAKE_OSX_SYSROOT "" CACHE PATH "")             # zig's
set(CMAKE_OSX_DEPLOYMENT_TARGET "" CACHE STRING "")
