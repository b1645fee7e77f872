/* Text put together piece by piece in room that is given. What does not fit whole is left out
 * and counted: never half a piece. */
#ifndef VG_BASE_TEXT_BUFFER_H
#define VG_BASE_TEXT_BUFFER_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"

struct vg_text_buffer {
    char *text;  /* borrowed; always ended by a zero */
    size_t room; /* bytes at text, at least 1 */
    size_t size; /* without the zero */
    size_t left_out;
};

void vg_text_buffer_init(struct vg_text_buffer *buffer, char *text, size_t room);
void vg_text_add(struct vg_text_buffer *buffer, const char *format, ...) VG_PRINTF(2, 3);

/* Several pieces as one, without a format: what is written a hundred thousand times a minute. */
void vg_text_add_pieces(struct vg_text_buffer *buffer, const char *const *pieces, size_t count);

/* The number for it, in digits. Returns where in `digits` it begins. */
#define VG_TEXT_DIGITS 21
const char *vg_text_digits(uint64_t number, char digits[VG_TEXT_DIGITS]);

/* The same with so many decimals, 6 at most, of a number that is less than VG_TEXT_DECIMAL_MOST either way;
 * rounded, of halves the one away from zero, and never to -0. */
#define VG_TEXT_DECIMAL_MOST 1e9
const char *vg_text_decimal(double number, unsigned decimals, char digits[VG_TEXT_DIGITS]);

#endif
