# SPDX-License-Identifier: Apache-2.0
# Finds an installed mbedTLS: its CMake package, or else headers and libraries alone. Firth's own build uses this, and
# so does the package of a static Firth that was built that way.

set(FIRTH_MBEDTLS_OLDEST 3.6.0)
set(FIRTH_MBEDTLS_MENDED 3.6.7) # the first without what firth_mbedtls_vulnerabilities names
set(FIRTH_MBEDTLS_BELOW 4) # its interface is another one

# firth_mbedtls_version_of(FOLDER RESULT): what the headers in that include folder say; empty if there are none.
function(firth_mbedtls_version_of folder result)
    set(version "")
    foreach(header IN ITEMS mbedtls/build_info.h mbedtls/version.h) # before 3.0 it was the latter
        if(NOT version AND EXISTS "${folder}/${header}")
            file(STRINGS "${folder}/${header}" lines REGEX "^#define MBEDTLS_VERSION_STRING[ \t]+\"[0-9.]+\"")
            string(REGEX MATCH "[0-9]+[0-9.]*" version "${lines}")
        endif()
    endforeach()
    set(${result} "${version}" PARENT_SCOPE)
endfunction()

# firth_mbedtls_verdict(VERSION RESULT): empty if Firth can use that version, else why not.
function(firth_mbedtls_verdict version result)
    set(verdict "")
    if(version STREQUAL "")
        set(verdict "of unknown version")
    elseif(version VERSION_LESS FIRTH_MBEDTLS_OLDEST)
        set(verdict "too old")
    elseif(version VERSION_GREATER_EQUAL FIRTH_MBEDTLS_BELOW)
        set(verdict "newer than this version of Firth knows")
    endif()
    set(${result} "${verdict}" PARENT_SCOPE)
endfunction()

# firth_mbedtls_vulnerabilities(VERSION RESULT): what is known against that one, as far as it matters to Firth, the latest
# first. docs/tls.md says what each is.
function(firth_mbedtls_vulnerabilities version result)
    set(known "")
    if(version VERSION_LESS 3.6.7)
        list(APPEND known CVE-2026-49300 CVE-2026-50580 CVE-2026-50581 CVE-2026-50583 CVE-2026-50586 CVE-2026-50640
             CVE-2026-25832 CVE-2026-54435)
    endif()
    if(version VERSION_LESS 3.6.6)
        list(APPEND known CVE-2026-25834 CVE-2026-25835)
    endif()
    if(version VERSION_LESS 3.6.5)
        list(APPEND known CVE-2025-54764)
    endif()
    if(version VERSION_LESS 3.6.4)
        list(APPEND known CVE-2025-52496 CVE-2025-52497)
    endif()
    if(version VERSION_LESS 3.6.3)
        list(APPEND known CVE-2025-27810)
    endif()
    set(${result} "${known}" PARENT_SCOPE)
endfunction()

# Its own package. Sets libraries, version and folder, or adds to refused those it passed over.
macro(firth_find_mbedtls_package)
    find_package(MbedTLS ${FIRTH_MBEDTLS_OLDEST} CONFIG QUIET)
    if(MbedTLS_FOUND)
        set(version "${MbedTLS_VERSION}")
        set(libraries MbedTLS::mbedtls MbedTLS::mbedx509 MbedTLS::mbedcrypto)
        get_target_property(folder MbedTLS::mbedcrypto INTERFACE_INCLUDE_DIRECTORIES)
    else()
        foreach(config other IN ZIP_LISTS MbedTLS_CONSIDERED_CONFIGS MbedTLS_CONSIDERED_VERSIONS)
            firth_mbedtls_verdict("${other}" verdict)
            list(APPEND refused "${other} in ${config} (${verdict})")
        endforeach()
    endif()
endmacro()

# Headers and libraries without a package.
macro(firth_find_mbedtls_files)
    find_path(FIRTH_MBEDTLS_INCLUDE_DIR NAMES mbedtls/build_info.h mbedtls/version.h)
    foreach(name IN ITEMS mbedtls mbedx509 mbedcrypto)
        find_library(FIRTH_${name}_LIBRARY ${name})
        mark_as_advanced(FIRTH_${name}_LIBRARY)
    endforeach()
    mark_as_advanced(FIRTH_MBEDTLS_INCLUDE_DIR)
    if(FIRTH_MBEDTLS_INCLUDE_DIR)
        firth_mbedtls_version_of("${FIRTH_MBEDTLS_INCLUDE_DIR}" other)
        firth_mbedtls_verdict("${other}" verdict)
        if(verdict)
            list(APPEND refused "${other} in ${FIRTH_MBEDTLS_INCLUDE_DIR} (${verdict})")
        elseif(FIRTH_mbedtls_LIBRARY AND FIRTH_mbedx509_LIBRARY AND FIRTH_mbedcrypto_LIBRARY)
            set(version "${other}")
            set(folder "${FIRTH_MBEDTLS_INCLUDE_DIR}")
            set(libraries "${FIRTH_mbedtls_LIBRARY}" "${FIRTH_mbedx509_LIBRARY}" "${FIRTH_mbedcrypto_LIBRARY}")
        else()
            list(APPEND refused "${other} in ${FIRTH_MBEDTLS_INCLUDE_DIR} (headers without libraries)")
        endif()
    endif()
endmacro()

# firth_find_mbedtls(): sets FIRTH_MBEDTLS_VERSION, FIRTH_MBEDTLS_INCLUDE and FIRTH_MBEDTLS_LIBRARIES, and makes the
# target firth::mbedtls; or leaves them empty, and FIRTH_MBEDTLS_REFUSED lists what there was and why it would not do.
function(firth_find_mbedtls)
    set(version "")
    set(folder "")
    set(libraries "")
    set(refused "")
    firth_find_mbedtls_package()
    if(NOT libraries)
        firth_find_mbedtls_files()
    endif()
    if(libraries AND NOT TARGET firth::mbedtls)
        add_library(firth::mbedtls INTERFACE IMPORTED)
        set_target_properties(firth::mbedtls PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${folder}"
                                                        INTERFACE_LINK_LIBRARIES "${libraries}")
    endif()
    set(FIRTH_MBEDTLS_VERSION "${version}" PARENT_SCOPE)
    set(FIRTH_MBEDTLS_INCLUDE "${folder}" PARENT_SCOPE)
    set(FIRTH_MBEDTLS_LIBRARIES "${libraries}" PARENT_SCOPE)
    set(FIRTH_MBEDTLS_REFUSED "${refused}" PARENT_SCOPE)
endfunction()
