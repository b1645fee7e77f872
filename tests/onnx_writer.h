/* Writes small ONNX files from lines of words, for tests:
 *
 *   opset 11
 *   input x 1,3,8,8            a dimension ? has a name instead of a number
 *   output y
 *   f32 w 8,3,1,1 1,2,3        also f16, f64, i32, i64; dims - is a scalar; the last value is
 *                              repeated; rN: numbers from a generator seeded with N
 *   f32t b 8 0                 t: in the typed field, not as raw bytes
 *   Conv x,w,b y strides=2,2;group=1;auto_pad:SAME_UPPER;alpha~0.5
 *                              inputs and outputs (- for one left out, or none), then attributes:
 *                              = ints, ! one int, : a word, ~ a float, @ a constant of the file
 *
 * Words are parted by blanks, lines by newlines; empty lines are skipped. */
#ifndef VG_TESTS_ONNX_WRITER_H
#define VG_TESTS_ONNX_WRITER_H

#include <stddef.h>
#include <stdint.h>

/* *data given (free). 0; -1 when the text is not of this kind or memory is short. */
int vg_onnx_write(const char *text, uint8_t **data, size_t *size);

#endif
