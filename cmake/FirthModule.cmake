# SPDX-License-Identifier: Apache-2.0
# Firth inside the build of an RTOS's SDK, which has made the target firth: the same folders as CMakeLists.txt adds, with
# the options of Kconfig, of its name. The SDK's file says where FreeRTOS's headers are, and which lwIP it is.
include_guard(GLOBAL)

get_filename_component(PROJECT_SOURCE_DIR "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE) # what the folders call the top
list(APPEND CMAKE_MODULE_PATH "${PROJECT_SOURCE_DIR}/cmake")
set(FIRTH_BACKEND lwip)
set(FIRTH_EXTRA_BACKENDS none)
set(FIRTH_CONTEXT auto)
set(BUILD_SHARED_LIBS OFF)
if(CMAKE_SYSTEM_NAME STREQUAL "Generic")
    set(FIRTH_CONTEXT assembly)
endif()
include(FirthBackends)
include(FirthContext)

set(FIRTH_HAS_TLS OFF)
if(CONFIG_FIRTH_TLS)
    set(FIRTH_HAS_TLS ON)
    target_compile_definitions(firth PRIVATE FIRTH_HAS_TLS=1)
    if(TARGET mbedTLS) # Zephyr's, which knows no threads: one selector does all of TLS
        target_link_libraries(firth PUBLIC mbedTLS)
        target_compile_definitions(firth PRIVATE FIRTH_SINGLE_THREADED)
    else()
        target_link_libraries(firth PUBLIC idf::mbedtls)
    endif()
endif()

if(FIRTH_LWIP_SYSTEM)
    set(FIRTH_LWIP_PLACE freertos)
else()
    include(FirthLwip)
endif()
foreach(folder IN ITEMS core ports backends)
    add_subdirectory("${PROJECT_SOURCE_DIR}/${folder}" "${CMAKE_CURRENT_BINARY_DIR}/firth/${folder}")
endforeach()
firth_add_backend_table(firth)

target_include_directories(firth PUBLIC "${PROJECT_SOURCE_DIR}/include" PRIVATE "${PROJECT_SOURCE_DIR}")
target_include_directories(firth SYSTEM PRIVATE ${FIRTH_LWIP_INCLUDE} ${FIRTH_FREERTOS})
target_compile_definitions(firth PUBLIC FIRTH_STATIC PRIVATE FIRTH_BUILDING ${FIRTH_LWIP_DEFINITIONS}
                                 FIRTH_STACK_BYTES=${CONFIG_FIRTH_STACK_BYTES}
                                 FIRTH_BLOCK_BYTES=${CONFIG_FIRTH_BLOCK_BYTES}
                                 FIRTH_BLOCK_CACHE=${CONFIG_FIRTH_BLOCK_CACHE})
if(CONFIG_FIRTH_ASSERTIONS)
    target_compile_definitions(firth PRIVATE FIRTH_DEBUG=1)
endif()
