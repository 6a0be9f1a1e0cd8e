# SPDX-License-Identifier: Apache-2.0
# Every option of the build; docs/building.md has the same list in prose.
include_guard(GLOBAL)

option(BUILD_SHARED_LIBS "Build a shared library instead of a static one" OFF)

set(FIRTH_BACKEND auto CACHE STRING "The network backend: auto, or one of those named in cmake/FirthBackends.cmake")
set(FIRTH_EXTRA_BACKENDS auto CACHE STRING
    "Other backends to link too: a list, none, or auto (all this system has if Firth is the top project, else none)")
set(FIRTH_CONTEXT auto CACHE STRING "How tasks are switched: auto, assembly or ucontext")
set(FIRTH_ASSERTIONS auto CACHE STRING "Check the use of the library at run time: ON, OFF or auto (in Debug builds)")
set(FIRTH_TLS auto CACHE STRING "Build with TLS, which needs mbedTLS 3.6: ON, OFF or auto (if there is one)")
set(FIRTH_MBEDTLS_SOURCE "" CACHE PATH "The source of mbedTLS 3.6, to be built as a part of Firth")
option(FIRTH_LWIP_THREAD "lwIP has a thread of its own (NO_SYS 0), as under an RTOS, and a lock that calls hold" OFF)
option(FIRTH_LWIP_SYSTEM "The lwIP that is installed, Debian's liblwip-dev, which has a thread, and not a source" OFF)
option(FIRTH_LWIP_GROUPS "Sockets of lwIP join multicast groups; OFF, where flash is short: FIRTH_ERR_NOT_SUPPORTED" ON)
set(FIRTH_LWIP_SOURCE "" CACHE PATH "The source of lwIP 2.2, for the backend of that name")
option(FIRTH_MBEDTLS_DOWNLOAD "Download a release of mbedTLS if there is none here" OFF)
set(FIRTH_TLS_OUT_CONTENT_LEN "" CACHE STRING
    "The longest outgoing TLS record in bytes, where mbedTLS is built as a part of Firth; empty: mbedTLS's own, 16384")
set(FIRTH_STACK_BYTES "" CACHE STRING "What stack_bytes of a selector is by default; empty: 65536, 32768 on 32 bits")
set(FIRTH_BLOCK_BYTES "" CACHE STRING "What block_bytes of a selector is by default; empty: 16384")
set(FIRTH_BLOCK_CACHE "" CACHE STRING "What block_cache of a selector is by default; empty: 64")
option(FIRTH_WORDS "Failures have words beside code and step; OFF: they are not in the image, where flash is short" ON)
option(FIRTH_STEPS "Failures have a step; OFF, with FIRTH_WORDS OFF: they are codes, where flash is short" ON)
set(FIRTH_TLS_LEAVE_OUT "" CACHE STRING
    "Parts of TLS that are not in the image, where flash is short: a list, see docs/building.md")
set(FIRTH_FIRMWARE_FILES "" CACHE STRING "Files to be compiled into the TLS examples of firmware: certificates, a key")
set_property(CACHE FIRTH_TLS PROPERTY STRINGS auto ON OFF)
set_property(CACHE FIRTH_CONTEXT PROPERTY STRINGS auto assembly ucontext)
set_property(CACHE FIRTH_ASSERTIONS PROPERTY STRINGS auto ON OFF)

option(FIRTH_TESTS "Build the tests; they need cmocka" ${PROJECT_IS_TOP_LEVEL})
option(FIRTH_CONFORMANCE "Build the conformance kit, for those who write backends" ${PROJECT_IS_TOP_LEVEL})
option(FIRTH_EXAMPLES "Build the example programs" ${PROJECT_IS_TOP_LEVEL})
option(FIRTH_BENCH "Build the benchmark; Linux only" OFF)
option(FIRTH_INSTALL "Have an install target" ${PROJECT_IS_TOP_LEVEL})
option(FIRTH_WERROR "Make warnings errors" ${PROJECT_IS_TOP_LEVEL})

set(FIRTH_SANITIZE "" CACHE STRING "Sanitizers to build with, as -fsanitize= takes them: address,undefined or thread")
option(FIRTH_ANNOTATE "Tell Valgrind of every task's stack; needs its headers" OFF)

# For the tests.
option(FIRTH_MBEDTLS_PROGRAMS "Build mbedTLS's ssl_client2 and ssl_server2, where it is built as a part of Firth" OFF)
option(FIRTH_PLANTED_BUGS "Build backends with planted bugs, which the conformance kit has to find"
       ${PROJECT_IS_TOP_LEVEL})
option(FIRTH_FUZZ "Build the fuzz targets; needs clang's libFuzzer, and TLS" OFF)
set(FIRTH_TEST_LAUNCHER "" CACHE STRING "A command, as a list, to put before each test program: valgrind;--quiet")
set(FIRTH_TEST_TIMEOUT_FACTOR 1 CACHE STRING "Multiplies the tests' time limits, for slow ways to run them")
set(FIRTH_FREERTOS "" CACHE STRING
    "Folders of FreeRTOS's headers, its port's, and of FreeRTOSConfig.h: Firth for a task of FreeRTOS, on lwIP")
option(FIRTH_FREERTOS_SHIM "Run the port to FreeRTOS on threads of this system, on the tests' own FreeRTOS" OFF)
if(FIRTH_FREERTOS_SHIM)
    set(FIRTH_FREERTOS "${PROJECT_SOURCE_DIR}/tests/freertos/shim")
endif()
set(FIRTH_KQUEUE_DOUBLE "" CACHE STRING
    "Run the kqueue backend on Linux, on the tests' own kqueue, with the types of freebsd, netbsd or macos")
mark_as_advanced(FIRTH_FREERTOS_SHIM FIRTH_KQUEUE_DOUBLE FIRTH_MBEDTLS_PROGRAMS FIRTH_TEST_LAUNCHER FIRTH_TEST_TIMEOUT_FACTOR)

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release, RelWithDebInfo or MinSizeRel" FORCE)
endif()
