# SPDX-License-Identifier: Apache-2.0
# What an installed Firth with TLS has beside itself, so that whoever links a static one gets mbedTLS too: that which was
# built here lies beside it under names of its own, an installed one is looked for again.
# Sets FIRTH_PC_REQUIRES_PRIVATE and FIRTH_PC_LIBS_PRIVATE. Its file firth-<kind>-tls.cmake is also how the CMake package
# knows that the library of that kind has TLS.
include_guard(GLOBAL)

set(FIRTH_PC_REQUIRES_PRIVATE "")
set(FIRTH_PC_LIBS_PRIVATE "")
set(FIRTH_TLS_PACKAGE_FILE "${CMAKE_CURRENT_BINARY_DIR}/firth-${FIRTH_KIND}-tls.cmake")
file(WRITE "${FIRTH_TLS_PACKAGE_FILE}" "# SPDX-License-Identifier: Apache-2.0\n# This firth was built with TLS.\n")

# What pkg-config tells of an installed mbedTLS: to users of a static Firth, its own pkg-config file, or its libraries and
# their folder if the linker may not know it; to those of a shared one, no condition that they would have to meet.
function(firth_set_pc_of_installed folder)
    if(FIRTH_KIND STREQUAL "static" AND EXISTS "${folder}/pkgconfig/mbedtls.pc")
        set(FIRTH_PC_REQUIRES_PRIVATE
            "Requires.private: mbedtls >= ${FIRTH_MBEDTLS_OLDEST}, mbedx509, mbedcrypto\n" PARENT_SCOPE)
        return()
    endif()
    set(text "-lmbedtls -lmbedx509 -lmbedcrypto ")
    if(FIRTH_KIND STREQUAL "static" AND NOT folder IN_LIST CMAKE_C_IMPLICIT_LINK_DIRECTORIES)
        string(PREPEND text "-L${folder} ")
    endif()
    set(FIRTH_PC_LIBS_PRIVATE "${text}" PARENT_SCOPE)
endfunction()

# The folder of the libraries that firth_find_mbedtls found.
function(firth_mbedtls_library_folder result)
    list(GET FIRTH_MBEDTLS_LIBRARIES 0 library)
    if(TARGET ${library})
        foreach(config IN ITEMS "" _RELEASE _NONE _NOCONFIG _RELWITHDEBINFO _MINSIZEREL _DEBUG)
            get_target_property(path ${library} IMPORTED_LOCATION${config})
            if(path)
                break()
            endif()
        endforeach()
        set(library "${path}")
    endif()
    get_filename_component(folder "${library}" DIRECTORY)
    set(${result} "${folder}" PARENT_SCOPE)
endfunction()

if(FIRTH_MBEDTLS_KIND STREQUAL "vendored")
    if(FIRTH_KIND STREQUAL "static")
        install(TARGETS ${FIRTH_MBEDTLS_TARGETS} EXPORT firth ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
    endif()
    foreach(target IN LISTS FIRTH_MBEDTLS_TARGETS)
        get_target_property(name ${target} OUTPUT_NAME)
        string(APPEND FIRTH_PC_LIBS_PRIVATE "-l${name} ")
    endforeach()
    install(FILES "${FIRTH_MBEDTLS_FOLDER}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}" RENAME LICENSE.mbedtls)
else()
    firth_mbedtls_library_folder(FIRTH_MBEDTLS_LIBDIR)
    firth_set_pc_of_installed("${FIRTH_MBEDTLS_LIBDIR}")
    if(FIRTH_KIND STREQUAL "static")
        file(APPEND "${FIRTH_TLS_PACKAGE_FILE}" [=[
include("${CMAKE_CURRENT_LIST_DIR}/FirthFindMbedTLS.cmake")
firth_find_mbedtls()
if(NOT TARGET firth::mbedtls)
    set(firth_FOUND FALSE)
    set(firth_refused nothing)
    if(FIRTH_MBEDTLS_REFUSED)
        list(JOIN FIRTH_MBEDTLS_REFUSED ", " firth_refused)
    endif()
    string(CONCAT firth_NOT_FOUND_MESSAGE "firth: its TLS needs mbedTLS ${FIRTH_MBEDTLS_OLDEST} or newer below "
        "${FIRTH_MBEDTLS_BELOW}, named by CMAKE_PREFIX_PATH for example. Found: ${firth_refused}")
endif()
]=])
        install(FILES "${PROJECT_SOURCE_DIR}/cmake/FirthFindMbedTLS.cmake" DESTINATION "${FIRTH_CMAKE_DIR}")
    endif()
endif()
install(FILES "${FIRTH_TLS_PACKAGE_FILE}" DESTINATION "${FIRTH_CMAKE_DIR}")
