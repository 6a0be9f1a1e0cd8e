# SPDX-License-Identifier: Apache-2.0
# The install target: headers, library, CMake package and pkg-config file, all relocatable. A static and a shared build
# may be installed into one prefix; firthConfig.cmake then chooses between them.
include_guard(GLOBAL)
include(CMakePackageConfigHelpers)

get_target_property(FIRTH_LIBRARY_TYPE firth TYPE)
if(FIRTH_LIBRARY_TYPE STREQUAL "STATIC_LIBRARY")
    set(FIRTH_KIND static)
else()
    set(FIRTH_KIND shared)
endif()
set(FIRTH_CMAKE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/firth")

install(TARGETS firth EXPORT firth LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
        ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
set(FIRTH_HEADERS_LEFT_OUT PATTERN "conformance.h" EXCLUDE)
if(FIRTH_HAS_TLS)
    include(FirthInstallTLS)
else()
    list(APPEND FIRTH_HEADERS_LEFT_OUT PATTERN "tls.h" EXCLUDE)
endif()
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/firth" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        FILES_MATCHING PATTERN "*.h" ${FIRTH_HEADERS_LEFT_OUT})
install(EXPORT firth NAMESPACE firth:: FILE firth-${FIRTH_KIND}.cmake DESTINATION "${FIRTH_CMAKE_DIR}")

configure_package_config_file(cmake/firthConfig.cmake.in "${CMAKE_CURRENT_BINARY_DIR}/firthConfig.cmake"
                              INSTALL_DESTINATION "${FIRTH_CMAKE_DIR}")
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/firthConfigVersion.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/firthConfig.cmake" "${CMAKE_CURRENT_BINARY_DIR}/firthConfigVersion.cmake"
        DESTINATION "${FIRTH_CMAKE_DIR}")

# An absolute folder cannot move, so there the file says the whole path.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
    set(FIRTH_PC_PREFIX "${CMAKE_INSTALL_PREFIX}")
else()
    file(RELATIVE_PATH FIRTH_PC_UP "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
    string(REGEX REPLACE "/$" "" FIRTH_PC_UP "${FIRTH_PC_UP}")
    set(FIRTH_PC_PREFIX "\${pcfiledir}/${FIRTH_PC_UP}")
endif()
foreach(folder IN ITEMS LIBDIR INCLUDEDIR)
    if(IS_ABSOLUTE "${CMAKE_INSTALL_${folder}}")
        set(FIRTH_PC_${folder} "${CMAKE_INSTALL_${folder}}")
    else()
        set(FIRTH_PC_${folder} "\${prefix}/${CMAKE_INSTALL_${folder}}")
    endif()
endforeach()
set(FIRTH_PC_SYSTEM_LIBS "${CMAKE_THREAD_LIBS_INIT}")
if(WIN32)
    list(JOIN FIRTH_WINDOWS_LIBRARIES " -l" libraries)
    string(PREPEND FIRTH_PC_SYSTEM_LIBS "-l${libraries} ") # mbedTLS has its locks of the other
endif()
configure_file(cmake/firth.pc.in "${CMAKE_CURRENT_BINARY_DIR}/firth.pc" @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/firth.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
