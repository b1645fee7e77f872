/* What `vigie bench sizing` found, as one page for people: nothing is fetched, nothing runs in it, and it
 * prints. It is made of the JSON object that the command prints, whether of now or of a kept file:
 * nothing in it is taken for granted, and what is missing is said not to be measured. */
#ifndef VG_BENCH_SIZING_PAGE_H
#define VG_BENCH_SIZING_PAGE_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

#define VG_SIZING_ROWS_MAX 64 /* of a table; the page says how many more there are */

/* `other`: another result of the same profile (sizing_compare.h), whose figures stand beside; NULL:
 * none. What the stream cannot take shows in ferror. Words are in the process' language. */
void vg_sizing_page_write(FILE *out, const json_t *result, const json_t *other);

#endif
