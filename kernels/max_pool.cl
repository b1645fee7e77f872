/* Largest value of a square window; what lies outside the plane counts as minus infinity.
 *
 *   y[c][r][q] = max over i, j in 0..side-1, inside x, of x[c][r * stride + i - pad][q * stride + j - pad]
 *
 * Clamping an index repeats an edge pixel that the window holds anyway (pad < side), which
 * gives the same maximum without a test.
 * x, y     blocked layout (kernel_sizes.h).
 * work     (height, blocks, pictures), groups of one work-item; a work-item makes a row.
 * Cost     side * side loads a pixel; bound by memory. */
#include "kernel_sizes.h"
#include "vector.clh"

ALONE __kernel void max_pool(__global const float *x, __global float *y,
                             const struct vg_map_sizes s)
{
    const int row = (int)get_global_id(0);
    x += s.x.first + (int)get_global_id(2) * s.x.picture + (int)get_global_id(1) * s.x.plane;
    y += s.y.first + (int)get_global_id(2) * s.y.picture + (int)get_global_id(1) * s.y.plane +
         row * s.y.row;
    for (int column = 0; column < s.width; column++) {
        vec most = (vec)-INFINITY;
        for (int i = 0; i < s.size_y; i++) {
            const int from_row = clamp(row * s.stride_y + i - s.above, 0, s.x_height - 1);
            for (int j = 0; j < s.size_y; j++) {
                const int from = clamp(column * s.stride_y + j - s.above, 0, s.x_width - 1);
                most = fmax(most, LOAD(x + from_row * s.x.row + from * VG_BLOCK));
            }
        }
        STORE(most, y + column * VG_BLOCK);
    }
}
