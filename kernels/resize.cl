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
 * work     a span (map.clh): a row, or a pixel's vector. */
#include "kernel_sizes.h"
#include "vector.clh"
#include "map.clh"

GROUP __kernel void resize(__global const elem *x, __global elem *y, const struct vg_map_sizes s)
{
    struct span at;
    if (!span_find(&at, s.width, s.height, 1))
        return;
    x += span_row(s.x, &at, 0);
    y += span_row(s.y, &at, at.row);
#ifdef NEAREST
    x += nearest(at.row, s.height, s.x_height) * s.x.row;
    for (int column = at.first; column < at.end; column++)
        STORE(LOAD(x + nearest(column, s.width, s.x_width) * VG_BLOCK), y + column * VG_BLOCK);
#else
    const struct pair rows = pair_at(at.row, s.height, s.x_height);
    for (int column = at.first; column < at.end; column++)
        STORE(linear(x + rows.first * s.x.row, x + rows.second * s.x.row, rows.part,
                     pair_at(column, s.width, s.x_width)),
              y + column * VG_BLOCK);
#endif
    halo_store(y, s.halo, at.row, s.height, at.first, at.end, s.width, s.y.row);
}
