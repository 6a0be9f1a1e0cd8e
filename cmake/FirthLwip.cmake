# SPDX-License-Identifier: Apache-2.0
# Provides lwIP for the backend of that name, from the first of these: FIRTH_LWIP_SOURCE, the source that
# scripts/fetch-lwip brought. It is compiled here, with the lwipopts.h and cc.h of backends/lwip/host or …/baremetal, and is
# a part of the library firth: what lwIP is like is decided when it is built, so an installed one would be another.
# Sets FIRTH_LWIP_INCLUDE, the folders that the backend's sources see, and FIRTH_LWIP_DEFINITIONS, and makes the objects of
# the target firth_lwip.
include_guard(GLOBAL)

set(FIRTH_LWIP_FETCHED "${PROJECT_SOURCE_DIR}/build/deps/lwip-source" CACHE PATH
    "Where scripts/fetch-lwip has put the source of lwIP")
mark_as_advanced(FIRTH_LWIP_FETCHED)

# firth_lwip_version_of(FOLDER RESULT): "2.2"; empty if there is none.
function(firth_lwip_version_of folder result)
    set(header "${folder}/src/include/lwip/init.h")
    set(version "")
    if(EXISTS "${header}")
        file(STRINGS "${header}" lines REGEX "^#define LWIP_VERSION_(MAJOR|MINOR) ")
        string(REGEX REPLACE "[^0-9]*([0-9]+)[^0-9]+([0-9]+).*" "\\1.\\2" version "${lines}")
    endif()
    set(${result} "${version}" PARENT_SCOPE)
endfunction()

# The source folder; ends the configuration if there is none of the right version.
function(firth_find_lwip result)
    foreach(option IN ITEMS FIRTH_LWIP_SOURCE FETCHCONTENT_SOURCE_DIR_LWIP FIRTH_LWIP_FETCHED)
        if(NOT ${option} OR (option STREQUAL "FIRTH_LWIP_FETCHED" AND NOT EXISTS "${${option}}"))
            continue()
        endif()
        get_filename_component(folder "${${option}}" ABSOLUTE BASE_DIR "${CMAKE_SOURCE_DIR}")
        firth_lwip_version_of("${folder}" version)
        if(NOT version STREQUAL "2.2")
            set(found "none")
            if(version)
                set(found "${version}")
            endif()
            message(FATAL_ERROR "${option}: ${folder} is no source of lwIP 2.2. Found: ${found}.")
        endif()
        file(REAL_PATH "${folder}" folder)
        set(${result} "${folder}" PARENT_SCOPE)
        return()
    endforeach()
    message(FATAL_ERROR "FIRTH_BACKEND: \"lwip\" needs the source of lwIP 2.2. One of these helps:\n"
        "  -DFIRTH_LWIP_SOURCE=<folder>    the unpacked source of a release\n"
        "  scripts/fetch-lwip              brings the source package of a newer Debian, with apt\n")
endfunction()

function(firth_add_lwip)
    firth_find_lwip(folder)
    file(GLOB sources "${folder}/src/core/*.c" "${folder}/src/core/ipv4/*.c" "${folder}/src/core/ipv6/*.c")
    set(include "${PROJECT_SOURCE_DIR}/backends/lwip/${FIRTH_LWIP_PLACE}" "${folder}/src/include")
    set(definitions "")
    if(FIRTH_FREERTOS_SHIM)
        list(APPEND definitions FIRTH_FREERTOS_SHIM)
    endif()
    if(FIRTH_LWIP_THREAD)
        list(APPEND sources "${folder}/src/api/tcpip.c")
        list(APPEND definitions FTH_LWIP_THREAD)
    endif()
    add_library(firth_lwip OBJECT ${sources} "${folder}/src/netif/ethernet.c")
    set(FIRTH_LWIP_INCLUDE "${include}" PARENT_SCOPE)
    set(FIRTH_LWIP_DEFINITIONS "${definitions}" PARENT_SCOPE)
    target_include_directories(firth_lwip PRIVATE ${include} "${PROJECT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/include")
    target_compile_options(firth_lwip PRIVATE -w)
    target_compile_definitions(firth_lwip PRIVATE _GNU_SOURCE FIRTH_BUILDING ${definitions})
    set_target_properties(firth_lwip PROPERTIES C_STANDARD 11 C_VISIBILITY_PRESET hidden
                                                POSITION_INDEPENDENT_CODE ${BUILD_SHARED_LIBS})
    if(NOT BUILD_SHARED_LIBS)
        target_compile_definitions(firth_lwip PRIVATE FIRTH_STATIC)
    endif()
    if(FIRTH_SANITIZE)
        target_compile_options(firth_lwip PRIVATE -fsanitize=${FIRTH_SANITIZE} -fno-sanitize-recover=all
                                                  -fno-omit-frame-pointer)
        target_compile_definitions(firth_lwip PRIVATE FIRTH_CONTEXT_ANNOTATED)
    endif()
endfunction()

set(FIRTH_LWIP_PLACE host)
if(FIRTH_FREERTOS)
    set(FIRTH_LWIP_PLACE freertos)
elseif(CMAKE_SYSTEM_NAME STREQUAL "Generic")
    set(FIRTH_LWIP_PLACE baremetal)
endif()

# The one that is installed: its headers have the options that it was built with.
function(firth_find_installed_lwip)
    find_path(FIRTH_LWIP_INSTALLED_INCLUDE lwip/tcpip.h PATH_SUFFIXES lwip)
    find_library(FIRTH_LWIP_INSTALLED_LIBRARY lwip)
    mark_as_advanced(FIRTH_LWIP_INSTALLED_INCLUDE FIRTH_LWIP_INSTALLED_LIBRARY)
    if(NOT FIRTH_LWIP_INSTALLED_INCLUDE OR NOT FIRTH_LWIP_INSTALLED_LIBRARY)
        message(FATAL_ERROR "FIRTH_LWIP_SYSTEM: no lwIP is installed (liblwip-dev on Debian).")
    endif()
    set(FIRTH_LWIP_INCLUDE "${FIRTH_LWIP_INSTALLED_INCLUDE}" PARENT_SCOPE)
endfunction()

if("lwip" IN_LIST FIRTH_BACKENDS AND FIRTH_LWIP_SYSTEM)
    firth_find_installed_lwip()
elseif("lwip" IN_LIST FIRTH_BACKENDS)
    firth_add_lwip()
endif()
