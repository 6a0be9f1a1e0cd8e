# SPDX-License-Identifier: Apache-2.0
# Provides mbedTLS as FIRTH_TLS asks, from the first of these: FIRTH_MBEDTLS_SOURCE, an installed mbedTLS, the source
# that scripts/fetch-mbedtls brought, the pinned release if FIRTH_MBEDTLS_DOWNLOAD allows it.
# Sets FIRTH_HAS_TLS; if that is ON, the target firth_mbedtls is what core/tls and the tests link, and
#   FIRTH_MBEDTLS_KIND     vendored (built here, by FirthVendoredMbedTLS.cmake) or installed
#   FIRTH_MBEDTLS_VERSION  3.6.7
#   FIRTH_MBEDTLS_CLIENT2, FIRTH_MBEDTLS_SERVER2   mbedTLS's own test programs, where there are any
include_guard(GLOBAL)
include(FirthFindMbedTLS)

if(NOT FIRTH_TLS MATCHES "^(auto|ON|OFF)$")
    message(FATAL_ERROR "FIRTH_TLS is \"${FIRTH_TLS}\"; it takes auto, ON or OFF.")
endif()
if(FIRTH_TLS_OUT_CONTENT_LEN AND NOT FIRTH_TLS_OUT_CONTENT_LEN MATCHES "^[1-9][0-9]*$")
    message(FATAL_ERROR "FIRTH_TLS_OUT_CONTENT_LEN is \"${FIRTH_TLS_OUT_CONTENT_LEN}\"; it takes a number of bytes.")
elseif(FIRTH_TLS_OUT_CONTENT_LEN AND (FIRTH_TLS_OUT_CONTENT_LEN LESS 512 OR FIRTH_TLS_OUT_CONTENT_LEN GREATER 16384))
    message(FATAL_ERROR "FIRTH_TLS_OUT_CONTENT_LEN is ${FIRTH_TLS_OUT_CONTENT_LEN}; it takes 512 to 16384 bytes.")
endif()

# The source folder that was asked for, or empty. One that was asked for and will not do ends the configuration.
function(firth_asked_mbedtls_source result)
    set(${result} "" PARENT_SCOPE)
    foreach(option IN ITEMS FIRTH_MBEDTLS_SOURCE FETCHCONTENT_SOURCE_DIR_MBEDTLS)
        if(${option})
            get_filename_component(folder "${${option}}" ABSOLUTE BASE_DIR "${CMAKE_SOURCE_DIR}")
            if(NOT EXISTS "${folder}/library/ssl_tls.c")
                message(FATAL_ERROR "${option}: there is no source of mbedTLS in ${folder}.")
            endif()
            firth_mbedtls_version_of("${folder}/include" version)
            firth_mbedtls_verdict("${version}" verdict)
            if(verdict)
                message(FATAL_ERROR "${option}: mbedTLS ${version} in ${folder} is ${verdict}. Firth needs "
                                    "${FIRTH_MBEDTLS_OLDEST} or newer, below ${FIRTH_MBEDTLS_BELOW}.")
            endif()
            set(${result} "${folder}" PARENT_SCOPE)
            return()
        endif()
    endforeach()
endfunction()

# Compiles and links a program with the mbedTLS that was found; empties FIRTH_MBEDTLS_LIBRARIES if it will not do.
function(firth_probe_installed_mbedtls)
    set(source "${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/firth_mbedtls.c")
    file(WRITE "${source}" "#include <mbedtls/ssl.h>\n#ifndef MBEDTLS_THREADING_C\n#error firth_without_threads\n"
                           "#endif\nint main(void)\n{\nmbedtls_ssl_context ssl;\nmbedtls_ssl_init(&ssl);\nreturn 0;\n}\n")
    set(flags "")
    if(FIRTH_SANITIZE)
        set(flags "-fsanitize=${FIRTH_SANITIZE}")
    endif()
    try_compile(FIRTH_MBEDTLS_WORKS "${CMAKE_CURRENT_BINARY_DIR}" "${source}"
                CMAKE_FLAGS "-DINCLUDE_DIRECTORIES=${FIRTH_MBEDTLS_INCLUDE}" COMPILE_DEFINITIONS ${flags}
                LINK_OPTIONS ${flags} LINK_LIBRARIES ${FIRTH_MBEDTLS_LIBRARIES} Threads::Threads OUTPUT_VARIABLE output)
    set(works "${FIRTH_MBEDTLS_WORKS}")
    unset(FIRTH_MBEDTLS_WORKS CACHE) # asked anew each time, as the cache does not notice another mbedTLS
    if(works)
        return()
    endif()
    set(refused "${FIRTH_MBEDTLS_VERSION} in ${FIRTH_MBEDTLS_INCLUDE}")
    if(output MATCHES "firth_without_threads")
        list(APPEND FIRTH_MBEDTLS_REFUSED "${refused} (built without MBEDTLS_THREADING_C)")
    else()
        file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/firth_mbedtls.log" "${output}")
        list(APPEND FIRTH_MBEDTLS_REFUSED
             "${refused} (a program with it does not build; see CMakeFiles/firth_mbedtls.log in the build folder)")
    endif()
    set(FIRTH_MBEDTLS_REFUSED "${FIRTH_MBEDTLS_REFUSED}" PARENT_SCOPE)
    set(FIRTH_MBEDTLS_LIBRARIES "" PARENT_SCOPE)
endfunction()

# Why there is no TLS and what would help; FATAL if it was asked for.
function(firth_say_without_mbedtls)
    set(found "none")
    if(FIRTH_MBEDTLS_REFUSED)
        list(JOIN FIRTH_MBEDTLS_REFUSED ", " found)
    endif()
    if(FIRTH_TLS STREQUAL "auto")
        message(STATUS "Firth is built without TLS. It needs mbedTLS ${FIRTH_MBEDTLS_OLDEST} or newer; found: ${found}. "
                       "FIRTH_TLS=ON says what to do")
        return()
    endif()
    message(FATAL_ERROR "FIRTH_TLS: needs mbedTLS ${FIRTH_MBEDTLS_OLDEST} or newer, below ${FIRTH_MBEDTLS_BELOW}, built "
        "with MBEDTLS_THREADING_C. Found: ${found}.\nOne of these helps:\n"
        "  install it, and name its folder in CMAKE_PREFIX_PATH if it is not one of the system's\n"
        "  -DFIRTH_MBEDTLS_SOURCE=<folder>       the unpacked source of a release\n"
        "  scripts/fetch-mbedtls                 brings the source package of a newer Debian, with apt\n"
        "  -DFIRTH_MBEDTLS_DOWNLOAD=ON           downloads the release that cmake/FirthVendoredMbedTLS.cmake names\n"
        "  -DFIRTH_TLS=OFF                       builds Firth without TLS\n")
endfunction()

# firth_mbedtls, linking `libraries`; its headers are not ours to warn about.
function(firth_add_mbedtls_target include)
    add_library(firth_mbedtls INTERFACE)
    target_include_directories(firth_mbedtls SYSTEM INTERFACE "${include}")
    target_link_libraries(firth_mbedtls INTERFACE ${ARGN})
endfunction()

function(firth_use_installed_mbedtls)
    firth_find_mbedtls()
    if(FIRTH_MBEDTLS_LIBRARIES)
        firth_probe_installed_mbedtls()
    endif()
    if(FIRTH_MBEDTLS_LIBRARIES AND FIRTH_TLS_OUT_CONTENT_LEN)
        message(FATAL_ERROR "FIRTH_TLS_OUT_CONTENT_LEN: the mbedTLS in ${FIRTH_MBEDTLS_INCLUDE} is built already, with a "
                            "length of its own. Firth can set it with FIRTH_MBEDTLS_SOURCE only.")
    endif()
    foreach(name IN ITEMS VERSION INCLUDE LIBRARIES REFUSED)
        set(FIRTH_MBEDTLS_${name} "${FIRTH_MBEDTLS_${name}}" PARENT_SCOPE)
    endforeach()
endfunction()

function(firth_find_mbedtls_programs)
    foreach(name IN ITEMS client2 server2)
        string(TOUPPER "FIRTH_MBEDTLS_${name}" variable)
        find_program(${variable} "ssl_${name}" HINTS "${FIRTH_MBEDTLS_INCLUDE}/../bin")
        mark_as_advanced(${variable})
    endforeach()
endfunction()

# An old one is taken, since it is often the one that a system has; nobody is to have it without knowing.
function(firth_warn_of_mbedtls version)
    firth_mbedtls_vulnerabilities("${version}" known)
    if(known)
        list(JOIN known ", " known)
        message(WARNING "mbedTLS ${version} has vulnerabilities that ${FIRTH_MBEDTLS_MENDED} has not, unless whoever "
                        "packaged it has mended them: ${known}. docs/tls.md says what they mean for Firth's TLS.")
    endif()
endfunction()

set(FIRTH_HAS_TLS OFF)
if(NOT FIRTH_TLS STREQUAL "OFF")
    firth_asked_mbedtls_source(FIRTH_MBEDTLS_FOLDER)
    if(NOT FIRTH_MBEDTLS_FOLDER AND NOT CMAKE_SYSTEM_NAME STREQUAL "Generic") # whose mbedTLS has a configuration of ours
        firth_use_installed_mbedtls()
    endif()
    if(FIRTH_MBEDTLS_LIBRARIES)
        set(FIRTH_MBEDTLS_KIND installed)
        firth_add_mbedtls_target("${FIRTH_MBEDTLS_INCLUDE}" firth::mbedtls)
        firth_find_mbedtls_programs()
        set(FIRTH_HAS_TLS ON)
    else()
        include(FirthVendoredMbedTLS)
        firth_vendor_mbedtls("${FIRTH_MBEDTLS_FOLDER}")
        if(NOT FIRTH_HAS_TLS)
            firth_say_without_mbedtls()
        endif()
    endif()
    if(FIRTH_HAS_TLS)
        firth_warn_of_mbedtls("${FIRTH_MBEDTLS_VERSION}")
    endif()
endif()
