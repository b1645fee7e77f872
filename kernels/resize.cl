/* Bilinear resize with half-pixel centres and clamped edges, any ratio.
 *
 *   at = max((q + 0.5) * x_width / width - 0.5, 0);  i = min(floor(at), x_width - 1);  f = at - floor(at)
 *   y[q] = x[i] + (x[min(i + 1, x_width - 1)] - x[i]) * f,  the same along the rows
 *
 * Doubling has weights 0.75 and 0.25; halving an even size is the mean of 2x2.
 * x, y     blocked layout (kernel_sizes.h).
 * work     (height, blocks, pictures), groups of one work-item; a work-item makes a row. */
#include "kernel_sizes.h"
#include "vector.clh"

ALONE __kernel void resize(__global const float *x, __global float *y, const struct vg_map_sizes s)
{
    const int row = (int)get_global_id(0);
    const float step_x = (float)s.x_width / (float)s.width;
    const float step_y = (float)s.x_height / (float)s.height;
    const float at_y = fmax(((float)row + 0.5f) * step_y - 0.5f, 0.0f);
    const int upper = min((int)at_y, s.x_height - 1);
    const float part_y = at_y - floor(at_y);

    x += s.x.first + (int)get_global_id(2) * s.x.picture + (int)get_global_id(1) * s.x.plane;
    y += s.y.first + (int)get_global_id(2) * s.y.picture + (int)get_global_id(1) * s.y.plane +
         row * s.y.row;
    __global const float *above = x + upper * s.x.row;
    __global const float *below = x + min(upper + 1, s.x_height - 1) * s.x.row;
    for (int column = 0; column < s.width; column++) {
        const float at_x = fmax(((float)column + 0.5f) * step_x - 0.5f, 0.0f);
        const int left = min((int)at_x, s.x_width - 1);
        const int right = min(left + 1, s.x_width - 1);
        const float part_x = at_x - floor(at_x);
        const vec a = LOAD(above + left * VG_BLOCK), b = LOAD(above + right * VG_BLOCK);
        const vec c = LOAD(below + left * VG_BLOCK), d = LOAD(below + right * VG_BLOCK);
        const vec e = fma(b - a, (vec)part_x, a), f = fma(d - c, (vec)part_x, c);
        STORE(fma(f - e, (vec)part_y, e), y + column * VG_BLOCK);
    }
}
