/* Pieces of a page for people, written to a stream: texts of a person or a file are never markup. */
#ifndef VG_BENCH_HTML_OUT_H
#define VG_BENCH_HTML_OUT_H

#include <stdio.h>

#include "src/base/attr.h"

#define VG_HTML_WORDS_MAX \
    400 /* bytes of one text that is shown; what follows becomes an ellipsis */

/* Text between tags or within a quoted attribute. Control characters, which HTML does not have,
 * become '?'; a text longer than VG_HTML_WORDS_MAX is cut between two characters. */
void vg_html_words(FILE *out, const char *text);

/* <tag>text</tag>; `tag`: a name, with what else stands in its opening. */
void vg_html_cell(FILE *out, const char *tag, const char *text);

/* The same for words of this program itself: whole, however long. */
void vg_html_own(FILE *out, const char *tag, const char *text);

/* As vg_html_cell, its text put together. */
void vg_html_cell_of(FILE *out, const char *tag, const char *format, ...) VG_PRINTF(3, 4);

#endif
