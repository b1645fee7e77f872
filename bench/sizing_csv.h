/* What `vigie bench sizing` found, as a table: a line for each measure and for each tier. Made of
 * its JSON, so that the two cannot disagree. What is not known is empty. */
#ifndef VG_BENCH_SIZING_CSV_H
#define VG_BENCH_SIZING_CSV_H

#include <jansson.h>

#include "src/base/text_buffer.h"

#define VG_SIZE_CSV_SIZE (1u << 18) /* of all lines that there can be */

void vg_size_csv(const json_t *report, struct vg_text_buffer *out);

#endif
