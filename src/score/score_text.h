/* Cuts CSV text (RFC 4180 without line breaks inside quotes) into lines and fields, with the
 * line's number for refusals. Pure; no allocation: fields are copied into the caller's row. */
#ifndef VG_SCORE_SCORE_TEXT_H
#define VG_SCORE_SCORE_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"

#define VG_SCORE_FIELDS_MAX 32
#define VG_SCORE_LINE_MAX   4096
#define VG_SCORE_FILE_MAX   ((size_t)256 << 20)

struct vg_score_reader {
    const char *name; /* borrowed: the file, for messages */
    const uint8_t *at, *end;
    uint32_t line; /* of the row read last, from 1 */
    struct vg_fault *fault;
};

struct vg_score_row {
    uint32_t count;
    const char *field[VG_SCORE_FIELDS_MAX]; /* into text; blanks around are cut */
    char text[VG_SCORE_LINE_MAX + 1];
};

void vg_score_reader_init(struct vg_score_reader *reader, const char *name, const uint8_t *data,
                          size_t size, struct vg_fault *fault);

/* The next line that is not blank. VG_E_END after the last; VG_E_INPUT: too long, too many
 * fields, a quote left open, a zero byte. */
enum vg_status vg_score_reader_next(struct vg_score_reader *reader,
                                    struct vg_score_row *row) VG_MUST_USE;

/* Refuses field `column` (from 0) of the row read last: place "name:line: column 3: TEXT".
 * Returns VG_E_INPUT. */
enum vg_status vg_score_refuse(const struct vg_score_reader *reader, const struct vg_score_row *row,
                               uint32_t column, const char *what, const char *remedy);

/* The finite number of field `column`, least to most. */
enum vg_status vg_score_number(const struct vg_score_reader *reader, const struct vg_score_row *row,
                               uint32_t column, double least, double most, double *out) VG_MUST_USE;

/* A block with place for more than `count` elements, with the old content: `old` itself while
 * `*room` suffices, else a larger one (old is freed, *room set). NULL without memory: then old
 * is still there. */
void *vg_score_grow(void *old, size_t count, size_t *room, size_t element_bytes) VG_MUST_USE;

#endif
