/* A plane at another size, any ratio.
 *
 * linear (half-pixel centres, edges clamped):
 *   at = max((q + 1/2) * x_width / width - 1/2, 0)
 *   i = min(floor(at), x_width - 1);  f = at - floor(at)
 *   y[q] = x[i] + (x[min(i + 1, x_width - 1)] - x[i]) * f,  the same along the rows
 * -DNEAREST:
 *   y[r][q] = x[floor(r * x_height / height)][floor(q * x_width / width)]
 *
 * Doubling has weights 3/4 and 1/4; halving an even size is the mean of 2x2.
 * x, y     blocked layout (kernel_sizes.h); y's halo is cleared.
 * work     (height, blocks, pictures), groups of one work-item; a work-item makes a row. */
#include "kernel_sizes.h"
#include "vector.clh"
#include "map.clh"

ALONE __kernel void resize(__global const elem *x, __global elem *y, const struct vg_map_sizes s)
{
    const int row = (int)get_global_id(0), block = (int)get_global_id(1);
    const int picture = (int)get_global_id(2);
    x += row_first(s.x, picture, block, 0);
    y += row_first(s.y, picture, block, row);
#ifdef NEAREST
    x += nearest(row, s.height, s.x_height) * s.x.row;
    for (int column = 0; column < s.width; column++)
        STORE(LOAD(x + nearest(column, s.width, s.x_width) * VG_BLOCK), y + column * VG_BLOCK);
#else
    const struct pair rows = pair_at(row, s.height, s.x_height);
    for (int column = 0; column < s.width; column++)
        STORE(linear(x + rows.first * s.x.row, x + rows.second * s.x.row, rows.part,
                     pair_at(column, s.width, s.x_width)),
              y + column * VG_BLOCK);
#endif
    halo_store(y, s.halo, row, s.height, 0, s.width, s.width, s.y.row);
}
