/* Largest byte of a window; what lies outside the plane counts as minus infinity. A greater byte is
 * a greater value, so step and zero point go from x to y as they are.
 *
 *   y[c][r][q] = max over i, j inside x of x[c][r * stride_y + i - above][q * stride_x + j - left]
 *
 * Clamping an index repeats an edge pixel that the window holds anyway (the padding is less than
 * the window), which gives the same maximum without a test.
 * x, y     bytes, blocked layout (kernel_sizes.h).
 * work     (height, blocks, pictures), groups of one work-item; a work-item makes a row.
 * Cost     size_y * size_x loads of 16 bytes a pixel. */
#include "kernel_sizes.h"
#include "int8.clh"

ALONE __kernel void max_pool_int8(__global const uchar *x, __global uchar *y,
                                  const struct vg_int8_sizes s)
{
    const int row = (int)get_global_id(0);
    x += s.x.first + (int)get_global_id(2) * s.x.picture + (int)get_global_id(1) * s.x.plane;
    y += s.y.first + (int)get_global_id(2) * s.y.picture + (int)get_global_id(1) * s.y.plane +
         row * s.y.row;
    for (int column = 0; column < s.width; column++) {
        bytes most = (bytes)0;
        for (int i = 0; i < s.size_y; i++) {
            const int from_row = clamp(row * s.stride_y + i - s.above, 0, s.x_height - 1);
            for (int j = 0; j < s.size_x; j++) {
                const int from = clamp(column * s.stride_x + j - s.left, 0, s.x_width - 1);
                most = max(most, LOAD_BYTES(x + from_row * s.x.row + from * VG_BLOCK));
            }
        }
        STORE_BYTES(most, y + column * VG_BLOCK);
    }
    halo_bytes(y, s.halo, row, s.height, 0, s.width, s.width, s.y.row, s.y_zero);
}
