# SPDX-License-Identifier: Apache-2.0
# macOS on an Intel processor.
set(FIRTH_ZIG_ARCH x86_64)
include("${CMAKE_CURRENT_LIST_DIR}/macos.cmake")
