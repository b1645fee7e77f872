/* Two tensors of bytes become one, or one alone goes through an activation.
 *
 *   v = a + b (COMBINE 0), a * b (1) or a (2), with a = x_step * (x - x_zero), b likewise from x2
 *   y = round(act(v) / y step) + y zero, clamped to 0..255
 *
 * Options  X2 0: of y's size; 1: resized to it by (across, down), bilinear; 2: planes of one pixel.
 * x, x2, y bytes, blocked layout (kernel_sizes.h), each with its step and zero point.
 * work     (height, blocks, pictures), groups of one work-item; a work-item makes a row.
 * Cost     48 bytes of memory and about 12 operations a pixel and block. */
#include "kernel_sizes.h"
#include "int8.clh"

#ifndef COMBINE
#define COMBINE 0
#endif
#ifndef X2
#define X2 0
#endif

ALONE __kernel void combine_int8(__global const uchar *x, __global const uchar *x2,
                                 __global uchar *y, const struct vg_int8_sizes s)
{
    const int row = (int)get_global_id(0);
    x += s.x.first + (int)get_global_id(2) * s.x.picture + (int)get_global_id(1) * s.x.plane +
         row * s.x.row;
    x2 += s.x2.first + (int)get_global_id(2) * s.x2.picture + (int)get_global_id(1) * s.x2.plane;
    y += s.y.first + (int)get_global_id(2) * s.y.picture + (int)get_global_id(1) * s.y.plane +
         row * s.y.row;
#if X2 == 1
    const struct tap rows = tap_of(row, s.down, s.x2_height);
#endif
    for (int column = 0; column < s.width; column++) {
        reals v = TO_REALS(LOAD_BYTES(x + column * VG_BLOCK)) - (float)s.x_zero;
        v = v * s.x_step;
#if COMBINE != 2
#if X2 == 0
        reals term = TO_REALS(LOAD_BYTES(x2 + row * s.x2.row + column * VG_BLOCK));
#elif X2 == 1
        reals term = between(x2 + rows.first * s.x2.row, x2 + rows.second * s.x2.row,
                             tap_of(column, s.across, s.x2_width), rows.part);
#else
        reals term = TO_REALS(LOAD_BYTES(x2));
#endif
        term = term - (float)s.x2_zero;
#if COMBINE == 0
        v = fma(term, (reals)s.x2_step, v);
#else
        v = v * (term * s.x2_step);
#endif
#endif
        v = activate(v, s.act_a, s.act_b);
        STORE_BYTES(to_bytes(v, s.y_per_unit, s.y_zero), y + column * VG_BLOCK);
    }
    halo_bytes(y, s.halo, row, s.height, 0, s.width, s.width, s.y.row, s.y_zero);
}
