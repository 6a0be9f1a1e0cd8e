# SPDX-License-Identifier: Apache-2.0
# macOS on an Apple processor.
set(FIRTH_ZIG_ARCH aarch64)
include("${CMAKE_CURRENT_LIST_DIR}/macos.cmake")
