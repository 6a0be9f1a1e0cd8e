# SPDX-License-Identifier: Apache-2.0
# Arm MPS2, image AN385: Cortex-M3.
set(FIRTH_BOARD mps2-an385)
set(FIRTH_CPU "-mcpu=cortex-m3")
include("${CMAKE_CURRENT_LIST_DIR}/arm-none-eabi.cmake")
