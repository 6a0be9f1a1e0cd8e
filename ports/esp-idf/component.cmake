# SPDX-License-Identifier: Apache-2.0
# Firth as a component of ESP-IDF, whose build includes CMakeLists.txt with ESP_PLATFORM: once as a script that asks what
# it requires, and then to build it. lwIP is ESP-IDF's, with its thread; Firth's selector runs in a task of FreeRTOS.
get_filename_component(firth_root "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)
idf_component_register(INCLUDE_DIRS "include"
                       REQUIRES freertos lwip esp_system esp_hw_support mbedtls
                       KCONFIG "${firth_root}/ports/esp-idf/Kconfig")

set(FIRTH_LWIP_SYSTEM ON)
set(FIRTH_FREERTOS "${firth_root}/ports/esp-idf/include")
add_library(firth STATIC "${firth_root}/ports/esp-idf/esp_idf.c")
include("${firth_root}/cmake/FirthModule.cmake")
# Its own calls start lwIP's thread before any of Firth's; the first pointer of a task is its pthread's.
target_compile_definitions(firth PRIVATE FTH_LWIP_IS_STARTED FIRTH_FREERTOS_STORAGE_INDEX=1)
foreach(component IN ITEMS freertos lwip esp_system esp_hw_support)
    target_link_libraries(firth PUBLIC "idf::${component}")
endforeach()
target_link_libraries(${COMPONENT_LIB} INTERFACE firth)
