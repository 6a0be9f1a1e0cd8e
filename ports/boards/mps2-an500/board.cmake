# SPDX-License-Identifier: Apache-2.0
# Arm MPS2 with the image AN500: Cortex-M7 (cmake/toolchains/mps2-an500.cmake).
set(family mps2)
set(FIRTH_BOARD_LAN9118 0xa0000000)
set(FIRTH_BOARD_SLOW_RAM 0x60000000 CACHE INTERNAL "16 MiB, which programs leave alone but that of tests/baremetal/conformance")
