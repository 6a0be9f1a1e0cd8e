# SPDX-License-Identifier: Apache-2.0
# Arm MPS2, image AN500: Cortex-M7 with floating point in its registers.
set(FIRTH_BOARD mps2-an500)
set(FIRTH_CPU "-mcpu=cortex-m7 -mfpu=fpv5-sp-d16 -mfloat-abi=hard")
include("${CMAKE_CURRENT_LIST_DIR}/arm-none-eabi.cmake")
