/* Bytes to floats: y = x_step * (x - x_zero).
 *
 * x        bytes, y floats, blocked layout (kernel_sizes.h).
 * work     (height, blocks, pictures), groups of one work-item; a work-item makes a row. */
#include "kernel_sizes.h"
#include "int8.clh"

ALONE __kernel void dequantise_int8(__global const uchar *x, __global float *y,
                                    const struct vg_int8_sizes s)
{
    const int row = (int)get_global_id(0);
    x += s.x.first + (int)get_global_id(2) * s.x.picture + (int)get_global_id(1) * s.x.plane +
         row * s.x.row;
    y += s.y.first + (int)get_global_id(2) * s.y.picture + (int)get_global_id(1) * s.y.plane +
         row * s.y.row;
    for (int column = 0; column < s.width; column++) {
        const reals v = TO_REALS(LOAD_BYTES(x + column * VG_BLOCK)) - (float)s.x_zero;
        STORE_REALS(v * s.x_step, y + column * VG_BLOCK);
    }
    halo_reals(y, s.halo, row, s.height, 0, s.width, s.width, s.y.row);
}
