/* An activation alone: y = act(x), value by value.
 *
 * -DACT    which one (vector.clh), with s.act_a and s.act_b.
 * x, y     blocked layout (kernel_sizes.h); y's halo is cleared. y may be x.
 * work     (height, blocks, pictures), groups of one work-item; a work-item makes a row.
 * Cost     those with exp() are bound by it, about a nanosecond a value and core on a CPU. */
#include "kernel_sizes.h"
#include "vector.clh"
#include "map.clh"

ALONE __kernel void act(__global const elem *x, __global elem *y, const struct vg_map_sizes s)
{
    const int row = (int)get_global_id(0), block = (int)get_global_id(1);
    const int picture = (int)get_global_id(2);
    x += row_first(s.x, picture, block, row);
    y += row_first(s.y, picture, block, row);
    for (int i = 0; i < s.width * VG_BLOCK; i += VG_BLOCK)
        STORE(activate(LOAD(x + i), s.act_a, s.act_b), y + i);
    halo_store(y, s.halo, row, s.height, 0, s.width, s.width, s.y.row);
}
