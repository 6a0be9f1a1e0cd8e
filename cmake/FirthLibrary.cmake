# SPDX-License-Identifier: Apache-2.0
# What every target that compiles the library's sources has in common.
include_guard(GLOBAL)
include(CheckCCompilerFlag)
include(CheckLinkerFlag)

set(THREADS_PREFER_PTHREAD_FLAG ON)
if(NOT CMAKE_SYSTEM_NAME STREQUAL "Generic") # bare metal
    find_package(Threads REQUIRED)
endif()
if(NOT WIN32) # where every big frame is probed anyway
    check_c_compiler_flag("-Werror -fstack-clash-protection" FIRTH_HAS_STACK_CLASH_PROTECTION)
endif()
check_linker_flag(C LINKER:--exclude-libs,ALL FIRTH_HAS_EXCLUDE_LIBS)
check_c_compiler_flag("-Werror -fmacro-prefix-map=/a=/b" FIRTH_HAS_MACRO_PREFIX_MAP)

if(FIRTH_SANITIZE AND NOT FIRTH_SANITIZE MATCHES "^[a-z,]+$")
    message(FATAL_ERROR "FIRTH_SANITIZE is \"${FIRTH_SANITIZE}\"; it takes what -fsanitize= takes: address,undefined.")
endif()
if(NOT FIRTH_ASSERTIONS MATCHES "^(auto|ON|OFF)$")
    message(FATAL_ERROR "FIRTH_ASSERTIONS is \"${FIRTH_ASSERTIONS}\"; it takes auto, ON or OFF.")
endif()

if(FIRTH_TESTS AND NOT FIRTH_WORDS)
    message(FATAL_ERROR "FIRTH_WORDS is OFF, and FIRTH_TESTS is ON: the tests read the words of failures.")
endif()

if(FIRTH_WORDS AND NOT FIRTH_STEPS)
    message(FATAL_ERROR "FIRTH_STEPS is OFF, and FIRTH_WORDS is ON: words without a step are not foreseen.")
endif()

foreach(part IN LISTS FIRTH_TLS_LEAVE_OUT)
    if(NOT part MATCHES "^(alpn|identities|key_log|pins|psk|revocation_lists|session_tickets)$")
        message(FATAL_ERROR "FIRTH_TLS_LEAVE_OUT has \"${part}\"; it takes "
                            "alpn, identities, key_log, pins, psk, revocation_lists and session_tickets.")
    endif()
    if(FIRTH_TESTS)
        message(FATAL_ERROR "FIRTH_TLS_LEAVE_OUT is \"${FIRTH_TLS_LEAVE_OUT}\", and FIRTH_TESTS is ON: the tests use all of TLS.")
    endif()
endforeach()

# Of the system's own, what the library needs there.
set(FIRTH_WINDOWS_LIBRARIES ws2_32 iphlpapi bcrypt crypt32)

# The warnings, for the library, its examples and its tests.
function(firth_set_warnings target)
    if(MSVC) # never tried, see docs/windows.md
        target_compile_options(${target} PRIVATE /W4 /utf-8 /experimental:c11atomics)
        target_compile_definitions(${target} PRIVATE _CRT_SECURE_NO_WARNINGS)
    else()
        target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wvla
                                                 -Wstrict-prototypes -Wmissing-prototypes)
    endif()
    if(FIRTH_WERROR)
        target_compile_options(${target} PRIVATE $<IF:$<BOOL:${MSVC}>,/WX,-Werror>)
    endif()
    set_target_properties(${target} PROPERTIES C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF)
    firth_set_windows(${target})
endfunction()

# Windows 10, without its oldest parts; a printf that knows C99, which msvcrt's does not.
function(firth_set_windows target)
    if(WIN32)
        target_compile_definitions(${target} PRIVATE _WIN32_WINNT=0x0A00 WIN32_LEAN_AND_MEAN NOMINMAX
                                                     __USE_MINGW_ANSI_STDIO=1)
    endif()
endfunction()

# FIRTH_DEBUG, as FIRTH_ASSERTIONS says; the tests are told too, since misuse then aborts.
function(firth_set_assertions target)
    if(FIRTH_ASSERTIONS STREQUAL "auto")
        target_compile_definitions(${target} PRIVATE "$<$<CONFIG:Debug>:FIRTH_DEBUG=1>")
    elseif(FIRTH_ASSERTIONS)
        target_compile_definitions(${target} PRIVATE FIRTH_DEBUG=1)
    endif()
endfunction()

# A static library's users link mbedTLS after it, as firth::mbedtls; a shared one keeps it to itself.
function(firth_link_mbedtls target)
    get_target_property(type ${target} TYPE)
    if(NOT FIRTH_HAS_TLS)
        return()
    endif()
    target_compile_definitions(${target} PRIVATE FIRTH_HAS_TLS=1)
    if(type STREQUAL "STATIC_LIBRARY")
        target_link_libraries(${target} PRIVATE "$<BUILD_INTERFACE:firth_mbedtls>" "$<INSTALL_INTERFACE:firth::mbedtls>")
    else()
        target_link_libraries(${target} PRIVATE "$<BUILD_INTERFACE:firth_mbedtls>")
        if(FIRTH_HAS_EXCLUDE_LIBS) # a static mbedTLS in it is nobody else's
            target_link_options(${target} PRIVATE LINKER:--exclude-libs,ALL)
        endif()
        if(NOT DEFINED CMAKE_INSTALL_RPATH_USE_LINK_PATH) # a shared mbedTLS may lie where the loader does not look
            set_target_properties(${target} PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
        endif()
    endif()
endfunction()

function(firth_configure_library target)
    firth_set_warnings(${target})
    set_target_properties(${target} PROPERTIES C_VISIBILITY_PRESET hidden VERSION ${PROJECT_VERSION}
                                               SOVERSION ${PROJECT_VERSION_MAJOR} EXPORT_NAME firth)
    target_include_directories(${target} PUBLIC "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
                                                "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
    target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}")
    target_include_directories(${target} SYSTEM PRIVATE ${FIRTH_LWIP_INCLUDE} ${FIRTH_FREERTOS}) # not ours to warn about
    target_compile_definitions(${target} PRIVATE ${FIRTH_LWIP_DEFINITIONS})
    if("lwip" IN_LIST FIRTH_BACKENDS AND FIRTH_LWIP_SYSTEM)
        target_link_libraries(${target} PRIVATE "${FIRTH_LWIP_INSTALLED_LIBRARY}")
    endif()
    if(TARGET Threads::Threads)
        target_link_libraries(${target} PRIVATE Threads::Threads)
    endif()
    if(WIN32)
        target_link_libraries(${target} PRIVATE ${FIRTH_WINDOWS_LIBRARIES})
    endif()
    target_compile_definitions(${target} PRIVATE FIRTH_BUILDING)
    foreach(default IN ITEMS FIRTH_STACK_BYTES FIRTH_BLOCK_BYTES FIRTH_BLOCK_CACHE)
        if(${default})
            target_compile_definitions(${target} PRIVATE ${default}=${${default}})
        endif()
    endforeach()
    if(NOT FIRTH_WORDS)
        target_compile_definitions(${target} PRIVATE FIRTH_NO_WORDS)
    endif()
    if(NOT FIRTH_STEPS)
        target_compile_definitions(${target} PRIVATE FIRTH_NO_STEPS)
    endif()
    if(NOT FIRTH_LWIP_GROUPS)
        target_compile_definitions(${target} PRIVATE FIRTH_NO_LWIP_GROUPS)
    endif()
    foreach(part IN LISTS FIRTH_TLS_LEAVE_OUT)
        string(TOUPPER "${part}" part)
        target_compile_definitions(${target} PRIVATE FIRTH_NO_TLS_${part})
    endforeach()
    firth_link_mbedtls(${target})

    get_target_property(type ${target} TYPE)
    if(type STREQUAL "STATIC_LIBRARY")
        target_compile_definitions(${target} PUBLIC FIRTH_STATIC)
    endif()
    firth_set_assertions(${target})
    if(NOT FIRTH_SANITIZE AND NOT MSVC) # it runs on stacks of a few KiB; a sanitizer's red zones are part of the frame
        target_compile_options(${target} PRIVATE -Wframe-larger-than=2048)
    endif()
    # A big frame then touches the guard below a task's stack, and not beyond it. Not on bare metal, whose guard is smaller
    # than the 4 KiB between two probes: no frame has one there, and the code for it is 7 % larger on a Cortex-M.
    if(FIRTH_HAS_STACK_CLASH_PROTECTION AND NOT CMAKE_SYSTEM_NAME STREQUAL "Generic")
        target_compile_options(${target} PRIVATE -fstack-clash-protection)
    endif()
    if(FIRTH_HAS_MACRO_PREFIX_MAP) # places in reports are "core/…", and no folder of the builder's is in the library
        target_compile_options(${target} PRIVATE "-fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=")
    endif()
    if(FIRTH_SANITIZE)
        set(flags -fsanitize=${FIRTH_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
        target_compile_options(${target} PUBLIC "$<BUILD_INTERFACE:${flags}>")
        target_link_options(${target} PUBLIC "$<BUILD_INTERFACE:-fsanitize=${FIRTH_SANITIZE}>")
    endif()
    if(FIRTH_FUZZ) # tells the fuzzer which way an input went
        target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
    endif()
    if(FIRTH_SANITIZE OR FIRTH_ANNOTATE) # part of port.h's types, so everybody who includes it must agree
        target_compile_definitions(${target} PUBLIC "$<BUILD_INTERFACE:FIRTH_CONTEXT_ANNOTATED>")
    endif()
    firth_set_system_sources(${target})
endfunction()

# Only what may know the system is told to see all of it: core sees C11 alone.
function(firth_set_system_sources target)
    get_target_property(sources ${target} SOURCES)
    foreach(source IN LISTS sources)
        foreach(folder IN ITEMS ports backends)
            cmake_path(SET path "${PROJECT_SOURCE_DIR}/${folder}")
            cmake_path(IS_PREFIX path "${source}" is_inside)
            if(is_inside)
                # Apple's headers have RFC 3542's names on demand, and NetBSD's their own under -std=c11.
                set_source_files_properties(
                    "${source}" PROPERTIES COMPILE_DEFINITIONS "_GNU_SOURCE;_NETBSD_SOURCE;__APPLE_USE_RFC_3542")
            endif()
        endforeach()
    endforeach()
endfunction()

# What the tests link: the same sources with the internal symbols in reach. A static firth is that already.
function(firth_add_internal_library)
    get_target_property(type firth TYPE)
    if(type STREQUAL "STATIC_LIBRARY")
        add_library(firth_internal ALIAS firth)
    else()
        get_target_property(sources firth SOURCES)
        add_library(firth_internal STATIC ${sources})
        firth_configure_library(firth_internal)
    endif()
endfunction()
