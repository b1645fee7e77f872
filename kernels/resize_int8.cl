/* Resize of bytes, by (across, down) pixels of x for one of y, any ratio.
 *
 *   bilinear, half-pixel centres, edges clamped: as resize.cl, rounded to y's step
 *   NEAREST: y[r][q] = x[floor(r * down)][floor(q * across)], likewise brought to y's step
 *
 * Doubling has weights 0.75 and 0.25; halving an even size is the mean of 2x2.
 * x, y     bytes, blocked layout (kernel_sizes.h), each with its step and zero point.
 * work     (height, blocks, pictures), groups of one work-item; a work-item makes a row. */
#include "kernel_sizes.h"
#include "int8.clh"

ALONE __kernel void resize_int8(__global const uchar *x, __global uchar *y,
                                const struct vg_int8_sizes s)
{
    const int row = (int)get_global_id(0);
    x += s.x.first + (int)get_global_id(2) * s.x.picture + (int)get_global_id(1) * s.x.plane;
    y += s.y.first + (int)get_global_id(2) * s.y.picture + (int)get_global_id(1) * s.y.plane +
         row * s.y.row;
#ifdef NEAREST
    __global const uchar *near = x + min((int)((float)row * s.down), s.x_height - 1) * s.x.row;
#else
    const struct tap rows = tap_of(row, s.down, s.x_height);
    __global const uchar *above = x + rows.first * s.x.row;
    __global const uchar *below = x + rows.second * s.x.row;
#endif
    for (int column = 0; column < s.width; column++) {
#ifdef NEAREST
        const int from = min((int)((float)column * s.across), s.x_width - 1);
        reals v = TO_REALS(LOAD_BYTES(near + from * VG_BLOCK));
#else
        reals v = between(above, below, tap_of(column, s.across, s.x_width), rows.part);
#endif
        v = (v - (float)s.x_zero) * s.x_step;
        STORE_BYTES(to_bytes(v, s.y_per_unit, s.y_zero), y + column * VG_BLOCK);
    }
    halo_bytes(y, s.halo, row, s.height, 0, s.width, s.width, s.y.row, s.y_zero);
}
