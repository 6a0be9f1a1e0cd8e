# SPDX-License-Identifier: Apache-2.0
# Chooses the network backends from FIRTH_BACKEND and FIRTH_EXTRA_BACKENDS.
# Sets FIRTH_BACKENDS: those to link, the default first. A choice that cannot work ends the configuration here.
include_guard(GLOBAL)

set(FIRTH_BACKENDS_KNOWN epoll poll kqueue iocp lwip io_uring sim)
set(FIRTH_BACKENDS_WRITTEN epoll kqueue poll iocp lwip sim)

# What this system can run, best first.
set(FIRTH_BACKENDS_HERE "")
if(CMAKE_SYSTEM_NAME MATCHES "^(Linux|Android)$")
    list(APPEND FIRTH_BACKENDS_HERE epoll)
endif()
if(APPLE OR CMAKE_SYSTEM_NAME MATCHES "^(FreeBSD|NetBSD|OpenBSD|DragonFly)$" OR FIRTH_KQUEUE_DOUBLE)
    list(APPEND FIRTH_BACKENDS_HERE kqueue)
endif()
if(UNIX)
    list(APPEND FIRTH_BACKENDS_HERE poll)
endif()
if(CMAKE_SYSTEM_NAME STREQUAL "Windows")
    list(APPEND FIRTH_BACKENDS_HERE iocp)
endif()
list(APPEND FIRTH_BACKENDS_HERE sim) # needs no system; last, since it is nobody's network

# And what has to be asked for by name, since it brings a network of its own.
set(FIRTH_BACKENDS_BY_NAME "")
if(UNIX OR CMAKE_SYSTEM_NAME STREQUAL "Generic")
    list(APPEND FIRTH_BACKENDS_BY_NAME lwip)
endif()

function(firth_check_backend name option)
    list(JOIN FIRTH_BACKENDS_HERE ", " here)
    if(NOT name IN_LIST FIRTH_BACKENDS_KNOWN)
        list(JOIN FIRTH_BACKENDS_KNOWN ", " known)
        message(FATAL_ERROR "${option}: there is no backend \"${name}\". There are: auto, ${known}. "
                            "On ${CMAKE_SYSTEM_NAME} this version has: ${here}.")
    elseif(NOT name IN_LIST FIRTH_BACKENDS_WRITTEN)
        message(FATAL_ERROR "${option}: the backend \"${name}\" is not part of Firth ${PROJECT_VERSION} yet. "
                            "On ${CMAKE_SYSTEM_NAME} this version has: ${here}.")
    elseif(NOT name IN_LIST FIRTH_BACKENDS_HERE AND NOT name IN_LIST FIRTH_BACKENDS_BY_NAME)
        message(FATAL_ERROR "${option}: the backend \"${name}\" does not run on ${CMAKE_SYSTEM_NAME}. "
                            "There this version has: ${here}.")
    endif()
endfunction()

if(FIRTH_BACKENDS_HERE STREQUAL "sim" AND FIRTH_BACKEND STREQUAL "auto")
    message(FATAL_ERROR "Firth ${PROJECT_VERSION} has no backend for the network of ${CMAKE_SYSTEM_NAME} yet, only the "
                        "simulator: FIRTH_BACKEND=sim.")
endif()

if(FIRTH_BACKEND STREQUAL "auto")
    list(GET FIRTH_BACKENDS_HERE 0 FIRTH_BACKENDS)
else()
    firth_check_backend("${FIRTH_BACKEND}" FIRTH_BACKEND)
    set(FIRTH_BACKENDS "${FIRTH_BACKEND}")
endif()

if(FIRTH_EXTRA_BACKENDS STREQUAL "auto")
    if(PROJECT_IS_TOP_LEVEL)
        list(APPEND FIRTH_BACKENDS ${FIRTH_BACKENDS_HERE})
    endif()
elseif(NOT FIRTH_EXTRA_BACKENDS STREQUAL "none")
    foreach(name IN LISTS FIRTH_EXTRA_BACKENDS)
        firth_check_backend("${name}" FIRTH_EXTRA_BACKENDS)
        list(APPEND FIRTH_BACKENDS "${name}")
    endforeach()
endif()
list(REMOVE_DUPLICATES FIRTH_BACKENDS)

# Writes the table behind firth_backend_at and adds it to the target.
function(firth_add_backend_table target)
    set(FIRTH_BACKEND_TABLE "")
    foreach(name IN LISTS FIRTH_BACKENDS)
        string(APPEND FIRTH_BACKEND_TABLE "    &firth_backend_${name},\n")
    endforeach()
    set(table "${CMAKE_CURRENT_BINARY_DIR}/core/selector/backends.c")
    configure_file("${PROJECT_SOURCE_DIR}/cmake/backends.c.in" "${table}" @ONLY)
    target_sources(${target} PRIVATE "${table}")
endfunction()
