/* Cuts CSV text (RFC 4180 without line breaks inside quotes) into lines and fields, with the
 * line's number for refusals. Commas separate, unless the caller says otherwise. Pure; no allocation: fields are copied into the caller's row. */
#ifndef VG_BASE_CSV_H
#define VG_BASE_CSV_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"

#define VG_CSV_FIELDS_MAX 32
#define VG_CSV_LINE_MAX   4096
#define VG_CSV_FILE_MAX   ((size_t)256 << 20)

struct vg_csv_reader {
    const char *name; /* borrowed: the file, for messages */
    const uint8_t *at, *end;
    uint32_t line;     /* of the row read last, from 1 */
    uint8_t separator; /* a comma after init; the caller may change it */
    struct vg_fault *fault;
};

struct vg_csv_row {
    uint32_t count;
    const char *field[VG_CSV_FIELDS_MAX]; /* into text; blanks around are cut */
    char text[VG_CSV_LINE_MAX + 1];
};

void vg_csv_reader_init(struct vg_csv_reader *reader, const char *name, const uint8_t *data,
                        size_t size, struct vg_fault *fault);

/* The next line that is not blank. VG_E_END after the last; VG_E_INPUT: too long, too many
 * fields, a quote left open, a zero byte. */
enum vg_status vg_csv_reader_next(struct vg_csv_reader *reader, struct vg_csv_row *row) VG_MUST_USE;

/* Refuses field `column` (from 0) of the row read last: place "name:line: column 3: TEXT".
 * Returns VG_E_INPUT. */
enum vg_status vg_csv_refuse(const struct vg_csv_reader *reader, const struct vg_csv_row *row,
                             uint32_t column, const char *what, const char *remedy);

/* The finite number of field `column`, least to most. */
enum vg_status vg_csv_number(const struct vg_csv_reader *reader, const struct vg_csv_row *row,
                             uint32_t column, double least, double most, double *out) VG_MUST_USE;

/* A block with place for more than `count` elements, with the old content: `old` itself while
 * `*room` suffices, else a larger one (old is freed, *room set). NULL without memory: then old
 * is still there. */
void *vg_csv_grow(void *old, size_t count, size_t *room, size_t element_bytes) VG_MUST_USE;

#endif
