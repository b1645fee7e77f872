/* Floats to bytes: y = round(x / y step) + y zero, ties to even, clamped to 0..255.
 *
 * x        floats, y bytes, blocked layout (kernel_sizes.h). PIXEL 4: the net's input, 4 values a
 *          pixel; its halo is halo_word, a byte for each channel.
 * work     (height, blocks, pictures), groups of one work-item; a work-item makes a row. */
#include "kernel_sizes.h"
#include "int8.clh"

#ifndef PIXEL
#define PIXEL VG_BLOCK
#endif

#if PIXEL == 4
static inline void words_fill(__global uchar *y_row, int from, int to, int word)
{
    for (int c = from; c < to; c++)
        ((__global int *)y_row)[c] = word;
}
#endif

ALONE __kernel void quantise_int8(__global const float *x, __global uchar *y,
                                  const struct vg_int8_sizes s)
{
    const int row = (int)get_global_id(0);
    x += s.x.first + (int)get_global_id(2) * s.x.picture + (int)get_global_id(1) * s.x.plane +
         row * s.x.row;
    y += s.y.first + (int)get_global_id(2) * s.y.picture + (int)get_global_id(1) * s.y.plane +
         row * s.y.row;
#if PIXEL == 4
    const struct vg_halo h = s.halo;
    for (int column = 0; column < s.width; column++) {
        float4 v = fma(vload4(column, x), (float4)s.y_per_unit, (float4)(float)s.y_zero);
        v = v > 0.0f ? v : 0.0f;
        v = v < 255.0f ? v : 255.0f;
        vstore4(convert_uchar4(as_int4(v + ROUNDER)), column, y);
    }
    words_fill(y, -h.left, 0, s.halo_word);
    words_fill(y, s.width, s.width + h.right, s.halo_word);
    for (int r = 1; row == 0 && r <= h.above; r++)
        words_fill(y - r * s.y.row, -h.left, s.width + h.right, s.halo_word);
    for (int r = 1; row == s.height - 1 && r <= h.below; r++)
        words_fill(y + r * s.y.row, -h.left, s.width + h.right, s.halo_word);
#else
    for (int column = 0; column < s.width; column++)
        STORE_BYTES(to_bytes(LOAD_REALS(x + column * VG_BLOCK), s.y_per_unit, s.y_zero),
                    y + column * VG_BLOCK);
    halo_bytes(y, s.halo, row, s.height, 0, s.width, s.width, s.y.row, s.y_zero);
#endif
}
