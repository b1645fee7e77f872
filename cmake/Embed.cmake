# vigie_embed(OUT var NAME id FILES a b ...)
# Makes gen/<id>.h and gen/<id>.c: a table of rows {name, text, length}, name being the
# file's own name, ended by a row of NULL. A .clh that a .cl includes by
# `#include "x.clh"` is pasted in place (one level), and a change of it rebuilds.
set(VIGIE_EMBED_SCRIPT "${CMAKE_CURRENT_LIST_DIR}/embed.cmake")
function(vigie_embed)
  cmake_parse_arguments(A "" "OUT;NAME" "FILES" ${ARGN})
  set(gen "${CMAKE_BINARY_DIR}/gen")
  file(MAKE_DIRECTORY "${gen}")
  set(outs "")
  set(decl "")
  set(rows "")
  foreach(in IN LISTS A_FILES)
    get_filename_component(file "${in}" NAME)
    string(MAKE_C_IDENTIFIER "${A_NAME}_${file}" sym)
    get_filename_component(dir "${in}" DIRECTORY)
    set(deps "${in}")
    file(STRINGS "${in}" inc REGEX "^#include \"[^\"]+\"")
    foreach(l IN LISTS inc)
      string(REGEX REPLACE "^#include \"([^\"]+)\".*" "\\1" h "${l}")
      list(APPEND deps "${dir}/${h}")
    endforeach()
    add_custom_command(OUTPUT "${gen}/${sym}.c"
      COMMAND ${CMAKE_COMMAND} -DIN=${in} -DOUT=${gen}/${sym}.c -DSYM=${sym} -P ${VIGIE_EMBED_SCRIPT}
      DEPENDS ${deps} "${VIGIE_EMBED_SCRIPT}" VERBATIM COMMENT "embed ${file}")
    list(APPEND outs "${gen}/${sym}.c")
    string(APPEND decl "extern const unsigned char ${sym}_text[];\nextern const size_t ${sym}_len;\n")
    string(APPEND rows "    {\"${file}\", ${sym}_text, &${sym}_len},\n")
  endforeach()
  file(CONFIGURE OUTPUT "${gen}/${A_NAME}.h" @ONLY CONTENT
"#ifndef ${A_NAME}_h
#define ${A_NAME}_h
#include <stddef.h>
struct ${A_NAME}_row {
    const char *name;
    const unsigned char *text;
    const size_t *len;
};
extern const struct ${A_NAME}_row ${A_NAME}[];
#endif
")
  file(CONFIGURE OUTPUT "${gen}/${A_NAME}.c" @ONLY CONTENT
"#include \"gen/${A_NAME}.h\"
${decl}const struct ${A_NAME}_row ${A_NAME}[] = {
${rows}    {NULL, NULL, NULL},
};
")
  set(${A_OUT} "${gen}/${A_NAME}.c;${outs}" PARENT_SCOPE)
endfunction()
