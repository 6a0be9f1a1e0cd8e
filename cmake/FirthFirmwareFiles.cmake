# SPDX-License-Identifier: Apache-2.0
# Files for firmware that has no file system, certificates for one (firth/board.h).
include_guard(GLOBAL)

# firth_add_firmware_files(TARGET FILE…): the program can read them, by their names without folders.
function(firth_add_firmware_files target)
    set(arrays "")
    set(entries "")
    foreach(file IN LISTS ARGN)
        get_filename_component(path "${file}" ABSOLUTE BASE_DIR "${CMAKE_SOURCE_DIR}")
        get_filename_component(name "${file}" NAME)
        string(MAKE_C_IDENTIFIER "${name}" identifier)
        file(READ "${path}" bytes HEX)
        string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1, " bytes "${bytes}")
        string(APPEND arrays "static const unsigned char ${identifier}[] = {${bytes}};\n")
        string(APPEND entries "    {\"${name}\", ${identifier}, sizeof ${identifier}},\n")
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${path}")
    endforeach()
    set(source "${CMAKE_CURRENT_BINARY_DIR}/${target}_files.c")
    file(CONFIGURE OUTPUT "${source}" @ONLY CONTENT "#include <firth/board.h>
@arrays@
const firth_baremetal_file firth_baremetal_files[] = {
@entries@    {NULL, NULL, 0},
};
")
    target_sources(${target} PRIVATE "${source}")
endfunction()
