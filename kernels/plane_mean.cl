/* Mean of each whole plane: y is of 1x1 planes.
 *
 *   y[c] = sum over r, q of x[c][r][q] / (x_width * x_height)
 *
 * Summed row by row, then over the rows, which keeps the roundings of a large plane small.
 * x, y     blocked layout (kernel_sizes.h); y's halo is cleared.
 * work     a span (map.clh) of one pixel: a work-item makes a block's planes, or a vector of them. */
#include "kernel_sizes.h"
#include "vector.clh"
#include "map.clh"

GROUP __kernel void plane_mean(__global const elem *x, __global elem *y,
                               const struct vg_map_sizes s)
{
    struct span at;
    if (!span_find(&at, 1, 1, 1))
        return;
    x += span_row(s.x, &at, 0);
    y += span_row(s.y, &at, 0);
    vec sum = (vec)0.0f;
    for (int row = 0; row < s.x_height; row++, x += s.x.row) {
        vec line = (vec)0.0f;
        for (int column = 0; column < s.x_width; column++)
            line += LOAD(x + column * VG_BLOCK);
        sum += line;
    }
    STORE(sum / ((float)s.x_width * (float)s.x_height), y);
    halo_store(y, s.halo, 0, 1, 0, 1, 1, s.y.row);
}
