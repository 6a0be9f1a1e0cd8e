# SPDX-License-Identifier: Apache-2.0
# Arm MPS2 with the image AN386: Cortex-M4 with floating point (cmake/toolchains/mps2-an386.cmake).
set(family mps2)
set(FIRTH_BOARD_LAN9118 0x40200000)
