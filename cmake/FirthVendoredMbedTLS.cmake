# SPDX-License-Identifier: Apache-2.0
# Builds mbedTLS from its source as a part of this build, and has it installed beside a static Firth.
include_guard(GLOBAL)

set(FIRTH_MBEDTLS_RELEASE 3.6.7)
set(FIRTH_MBEDTLS_HASH a7e8bcbec0e6f761b4af24f25677626b35f762f68eef79c08677a363212d11f6)
set(FIRTH_MBEDTLS_URL
    "https://github.com/Mbed-TLS/mbedtls/releases/download/mbedtls-${FIRTH_MBEDTLS_RELEASE}/mbedtls-${FIRTH_MBEDTLS_RELEASE}.tar.bz2"
    CACHE STRING "Where FIRTH_MBEDTLS_DOWNLOAD takes the release from; its SHA-256 is checked wherever it comes from")
set(FIRTH_MBEDTLS_FETCHED "${PROJECT_SOURCE_DIR}/build/deps/mbedtls-source" CACHE PATH
    "Where scripts/fetch-mbedtls has put the source of mbedTLS")
mark_as_advanced(FIRTH_MBEDTLS_URL FIRTH_MBEDTLS_FETCHED)

function(firth_download_mbedtls result)
    if(POLICY CMP0135) # files get the time of their extraction
        cmake_policy(SET CMP0135 NEW)
    endif()
    include(FetchContent)
    # A subfolder that is not there: it is downloaded only, and added below.
    FetchContent_Declare(mbedtls URL "${FIRTH_MBEDTLS_URL}" URL_HASH "SHA256=${FIRTH_MBEDTLS_HASH}"
                         SOURCE_SUBDIR firth-adds-it-itself)
    FetchContent_MakeAvailable(mbedtls)
    set(${result} "${mbedtls_SOURCE_DIR}" PARENT_SCOPE)
endfunction()

# Its own CMake files, told by plain variables: nothing of this stays in the cache. Its targets get a prefix of ours.
function(firth_add_vendored_mbedtls source)
    set(CMAKE_POLICY_DEFAULT_CMP0077 NEW)
    set(CMAKE_POLICY_DEFAULT_CMP0126 NEW)
    set(MBEDTLS_TARGET_PREFIX firth_vendored_)
    set(MBEDTLS_USER_CONFIG_FILE "")
    set(DISABLE_PACKAGE_CONFIG_AND_INSTALL ON)
    set(INSTALL_MBEDTLS_HEADERS OFF)
    set(MBEDTLS_FATAL_WARNINGS OFF)
    set(GEN_FILES OFF)
    set(ENABLE_TESTING OFF)
    set(ENABLE_PROGRAMS ${FIRTH_MBEDTLS_PROGRAMS})
    set(USE_STATIC_MBEDTLS_LIBRARY ON)
    set(USE_SHARED_MBEDTLS_LIBRARY OFF)
    set(BUILD_SHARED_LIBS OFF)
    set(CMAKE_POSITION_INDEPENDENT_CODE ${FIRTH_MBEDTLS_PIC})
    set(CMAKE_C_VISIBILITY_PRESET hidden)
    set(CMAKE_MESSAGE_LOG_LEVEL NOTICE)
    add_subdirectory("${source}" "${CMAKE_CURRENT_BINARY_DIR}/mbedtls" EXCLUDE_FROM_ALL)
endfunction()

# What our own build changes in a library of mbedTLS.
function(firth_configure_vendored target)
    # Of its own accord a Debug build is at -O0, where a handshake takes ten times as long.
    target_compile_options(${target} PRIVATE "$<$<NOT:$<CONFIG:MinSizeRel>>:-O2>" -w)
    foreach(definition IN LISTS FIRTH_MBEDTLS_DEFINITIONS)
        target_compile_definitions(${target} PUBLIC "$<BUILD_INTERFACE:${definition}>")
    endforeach()
    if(FIRTH_SANITIZE)
        # It compares empty names by memcmp(NULL, NULL, 0), which is harmless.
        target_compile_options(${target} PRIVATE -fsanitize=${FIRTH_SANITIZE} -fno-sanitize-recover=all
                                                 -fno-sanitize=nonnull-attribute -fno-omit-frame-pointer)
    endif()
    if(TARGET Threads::Threads)
        target_link_libraries(${target} PUBLIC Threads::Threads)
    endif()
endfunction()

# mbedTLS has its locks from pthread.h, which mingw-w64 has for Windows, and others have not: they get one of ours.
function(firth_add_windows_locks)
    include(CheckIncludeFile)
    check_include_file(pthread.h FIRTH_HAS_PTHREAD_H)
    if(FIRTH_HAS_PTHREAD_H)
        return()
    endif()
    target_sources(firth_vendored_mbedcrypto PRIVATE "${PROJECT_SOURCE_DIR}/ports/windows/mbedtls/locks.c")
    target_include_directories(firth_vendored_mbedcrypto PRIVATE "${PROJECT_SOURCE_DIR}")
    foreach(target IN LISTS FIRTH_MBEDTLS_TARGETS)
        target_include_directories(${target} SYSTEM
                                   PUBLIC "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/ports/windows/mbedtls>")
    endforeach()
endfunction()

# Its own client and server for tests, built with everything else.
function(firth_add_mbedtls_programs)
    add_custom_target(firth_mbedtls_programs ALL)
    add_dependencies(firth_mbedtls_programs ssl_client2 ssl_server2)
    foreach(target IN ITEMS mbedtls_test mbedtls_test_helpers) # objects, which do not link its libraries
        target_compile_definitions(${target} PRIVATE ${FIRTH_MBEDTLS_DEFINITIONS})
    endforeach()
    foreach(name IN ITEMS client2 server2)
        string(TOUPPER "FIRTH_MBEDTLS_${name}" variable)
        set(${variable} "${CMAKE_CURRENT_BINARY_DIR}/mbedtls/programs/ssl/ssl_${name}" PARENT_SCOPE)
    endforeach()
endfunction()

# firth_vendor_mbedtls(FOLDER): that source; if it is empty, what was fetched, or else what may be downloaded.
macro(firth_vendor_mbedtls folder)
    set(FIRTH_MBEDTLS_FOLDER "${folder}")
    if(NOT FIRTH_MBEDTLS_FOLDER AND EXISTS "${FIRTH_MBEDTLS_FETCHED}/library/ssl_tls.c")
        file(REAL_PATH "${FIRTH_MBEDTLS_FETCHED}" FIRTH_MBEDTLS_FOLDER)
    elseif(NOT FIRTH_MBEDTLS_FOLDER AND FIRTH_MBEDTLS_DOWNLOAD)
        firth_download_mbedtls(FIRTH_MBEDTLS_FOLDER)
    endif()
    if(FIRTH_MBEDTLS_FOLDER)
        set(FIRTH_MBEDTLS_KIND vendored)
        set(FIRTH_MBEDTLS_PIC ${BUILD_SHARED_LIBS})
        firth_mbedtls_version_of("${FIRTH_MBEDTLS_FOLDER}/include" FIRTH_MBEDTLS_VERSION)
        firth_add_vendored_mbedtls("${FIRTH_MBEDTLS_FOLDER}")
        set(FIRTH_MBEDTLS_DEFINITIONS "MBEDTLS_USER_CONFIG_FILE=\"${PROJECT_SOURCE_DIR}/cmake/mbedtls_user_config.h\"")
        if(CMAKE_SYSTEM_NAME STREQUAL "Generic")
            set(FIRTH_MBEDTLS_DEFINITIONS "MBEDTLS_CONFIG_FILE=\"${PROJECT_SOURCE_DIR}/cmake/mbedtls_firmware_config.h\"")
        endif()
        if(FIRTH_TLS_OUT_CONTENT_LEN)
            list(APPEND FIRTH_MBEDTLS_DEFINITIONS "MBEDTLS_SSL_OUT_CONTENT_LEN=${FIRTH_TLS_OUT_CONTENT_LEN}")
        endif()
        set(FIRTH_MBEDTLS_TARGETS "")
        foreach(name IN ITEMS mbedtls mbedx509 mbedcrypto everest p256m)
            if(TARGET firth_vendored_${name})
                firth_configure_vendored(firth_vendored_${name})
                set_target_properties(firth_vendored_${name} PROPERTIES EXPORT_NAME ${name} OUTPUT_NAME firth_${name})
                list(APPEND FIRTH_MBEDTLS_TARGETS firth_vendored_${name})
            endif()
        endforeach()
        if(WIN32)
            firth_add_windows_locks()
        endif()
        firth_add_mbedtls_target("${FIRTH_MBEDTLS_FOLDER}/include" firth_vendored_mbedtls firth_vendored_mbedx509
                                 firth_vendored_mbedcrypto)
        if(FIRTH_MBEDTLS_PROGRAMS)
            firth_add_mbedtls_programs()
        endif()
        set(FIRTH_HAS_TLS ON)
    endif()
endmacro()
