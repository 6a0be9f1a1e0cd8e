# SPDX-License-Identifier: Apache-2.0
# Arm MPS2, image AN386: Cortex-M4 with floating point in its registers.
set(FIRTH_BOARD mps2-an386)
set(FIRTH_CPU "-mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard")
include("${CMAKE_CURRENT_LIST_DIR}/arm-none-eabi.cmake")
