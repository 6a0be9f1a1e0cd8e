# SPDX-License-Identifier: Apache-2.0
# Arm MPS2 with the image AN386: Cortex-M4 with floating point (cmake/toolchains/mps2-an386.cmake).
set(family mps2)
set(FIRTH_BOARD_LAN9118 0x40200000)
set(FIRTH_BOARD_SLOW_RAM 0x21000000 CACHE INTERNAL "16 MiB, which programs leave alone but that of tests/baremetal/conformance")
