# SPDX-License-Identifier: Apache-2.0
# How tests are registered. Labels: quick (the default; the loop of daily work) or slow; native beside it for what
# Valgrind would change; package for what builds Firth again, and once for long campaigns: both run in the dev build alone.
include_guard(GLOBAL)

# cmocka, as the target firth_cmocka: its own CMake package names only a file and a folder.
function(firth_find_cmocka)
    find_path(FIRTH_CMOCKA_INCLUDE_DIR cmocka.h)
    find_library(FIRTH_CMOCKA_LIBRARY cmocka)
    mark_as_advanced(FIRTH_CMOCKA_INCLUDE_DIR FIRTH_CMOCKA_LIBRARY)
    if(NOT FIRTH_CMOCKA_INCLUDE_DIR OR NOT FIRTH_CMOCKA_LIBRARY)
        message(FATAL_ERROR "FIRTH_TESTS is ON and the tests need cmocka, which was not found. Install it "
                            "(libcmocka-dev on Debian), or configure with -DFIRTH_TESTS=OFF.")
    endif()
    add_library(firth_cmocka INTERFACE)
    target_include_directories(firth_cmocka SYSTEM INTERFACE "${FIRTH_CMOCKA_INCLUDE_DIR}")
    target_link_libraries(firth_cmocka INTERFACE "${FIRTH_CMOCKA_LIBRARY}")
    # cmocka 2 would have assert_in_range called by another name, which cmocka 1 does not have.
    target_compile_definitions(firth_cmocka INTERFACE CMOCKA_DISABLE_DEPRECATION_WARNINGS)
endfunction()

# What every CTest entry has: labels, a time limit, 77 as the exit code of a test that cannot run here, and sanitizers
# that end the program at their first report. ARGN: further environment variables.
function(firth_set_test_properties name labels timeout)
    math(EXPR timeout "${timeout} * ${FIRTH_TEST_TIMEOUT_FACTOR}")
    set(environment "ASAN_OPTIONS=detect_leaks=1:halt_on_error=1:strict_string_checks=1"
                    "UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1"
                    "TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1" ${ARGN})
    set_tests_properties("${name}" PROPERTIES LABELS "${labels}" TIMEOUT ${timeout} SKIP_RETURN_CODE 77
                                              ENVIRONMENT "${environment}")
endfunction()

# firth_add_test(NAME <noun>_test SOURCES <files>
#                [BACKENDS each | all | <names>]
#                                           once per linked backend, as <backend>/<NAME> with FIRTH_TEST_BACKEND set;
#                                           each: those of the kernel; all: the simulator and lwIP too
#                [CABLE good | bad]         of what runs on lwIP: once more with lwIP's loopback over a cable between two
#                                           processes, as lwip_cable/<NAME>; bad: and with losses, delays and frames that
#                                           overtake each other, as lwip_bad_cable/<NAME>
#                [NOT_ON_LWIP <cases>]      what lwIP cannot do, said in docs/platforms.md
#                [LABELS <labels>]          quick
#                [TIMEOUT <seconds>]        60
#                [LIBRARIES <targets>] [ENVIRONMENT <NAME=value> …])
function(firth_add_test)
    cmake_parse_arguments(PARSE_ARGV 0 test "" "NAME;TIMEOUT;CABLE" "SOURCES;BACKENDS;LABELS;LIBRARIES;ENVIRONMENT;NOT_ON_LWIP")
    if(test_UNPARSED_ARGUMENTS OR NOT test_NAME OR NOT test_SOURCES)
        message(FATAL_ERROR "firth_add_test: needs NAME and SOURCES, does not know: ${test_UNPARSED_ARGUMENTS}")
    endif()
    if(NOT test_LABELS)
        set(test_LABELS quick)
    endif()
    if(NOT test_TIMEOUT)
        set(test_TIMEOUT 60)
    endif()

    add_executable(${test_NAME} ${test_SOURCES})
    firth_set_warnings(${test_NAME})
    firth_set_assertions(${test_NAME})
    target_include_directories(${test_NAME} PRIVATE "${PROJECT_SOURCE_DIR}")
    target_compile_definitions(${test_NAME} PRIVATE _GNU_SOURCE)
    target_link_libraries(${test_NAME} PRIVATE firth_test_support ${test_LIBRARIES})

    set(command ${test_NAME})
    if(FIRTH_TEST_LAUNCHER)
        set(command ${FIRTH_TEST_LAUNCHER} "$<TARGET_FILE:${test_NAME}>")
    endif()
    if(NOT test_BACKENDS)
        add_test(NAME ${test_NAME} COMMAND ${command})
        firth_set_test_properties(${test_NAME} "${test_LABELS}" ${test_TIMEOUT} ${test_ENVIRONMENT})
        return()
    endif()
    if(test_BACKENDS STREQUAL "all")
        set(test_BACKENDS ${FIRTH_BACKENDS})
    elseif("each" IN_LIST test_BACKENDS)
        set(each ${FIRTH_BACKENDS})
        list(REMOVE_ITEM each lwip sim)
        list(REMOVE_ITEM test_BACKENDS each)
        list(PREPEND test_BACKENDS ${each})
    endif()
    list(JOIN test_NOT_ON_LWIP " " without)
    foreach(backend IN LISTS test_BACKENDS)
        set(left_out "")
        if(backend STREQUAL "lwip" AND without)
            set(left_out "FIRTH_TEST_WITHOUT=${without}")
        endif()
        if(backend IN_LIST FIRTH_BACKENDS)
            add_test(NAME "${backend}/${test_NAME}" COMMAND ${command})
            firth_set_test_properties("${backend}/${test_NAME}" "${test_LABELS}" ${test_TIMEOUT}
                                      "FIRTH_TEST_BACKEND=${backend}" ${left_out} ${test_ENVIRONMENT})
        endif()
    endforeach()
    if("lwip" IN_LIST test_BACKENDS AND "lwip" IN_LIST FIRTH_BACKENDS)
        if(NOT TARGET lwip_tests) # all that run on it
            add_custom_target(lwip_tests)
        endif()
        add_dependencies(lwip_tests ${test_NAME})
    endif()
    if(test_CABLE AND TARGET firth_test_cable AND "lwip" IN_LIST test_BACKENDS)
        set(environment FIRTH_TEST_BACKEND=lwip "FIRTH_TEST_WITHOUT=${without}" ${test_ENVIRONMENT})
        add_test(NAME "lwip_cable/${test_NAME}" COMMAND ${command})
        firth_set_test_properties("lwip_cable/${test_NAME}" "${test_LABELS}" ${test_TIMEOUT}
                                  "FIRTH_TEST_CABLE=0 0 0 0" ${environment})
        if(test_CABLE STREQUAL "bad")
            add_test(NAME "lwip_bad_cable/${test_NAME}" COMMAND ${command})
            firth_set_test_properties("lwip_bad_cable/${test_NAME}" "slow" 300 "FIRTH_TEST_CABLE=20 50 1 4" ${environment})
        endif()
    endif()
endfunction()

# firth_add_script_test(NAME <name> COMMAND <script> [arguments] [LABELS <labels>] [TIMEOUT <seconds>])
# A script's lines "PASS name", "FAIL name: why" and "SKIP name: why" are counted one by one by scripts/test.
function(firth_add_script_test)
    cmake_parse_arguments(PARSE_ARGV 0 test "" "NAME;TIMEOUT" "COMMAND;LABELS;ENVIRONMENT")
    if(NOT test_LABELS)
        set(test_LABELS quick)
    endif()
    if(NOT test_TIMEOUT)
        set(test_TIMEOUT 60)
    endif()
    add_test(NAME "${test_NAME}" COMMAND ${test_COMMAND})
    firth_set_test_properties("${test_NAME}" "${test_LABELS}" ${test_TIMEOUT} ${test_ENVIRONMENT})
endfunction()
