/* An activation alone: y = act(x), value by value.
 *
 * -DACT    which one (vector.clh), with s.act_a and s.act_b.
 * x, y     blocked layout (kernel_sizes.h); y's halo is cleared. y may be x.
 * work     a span (map.clh): a row, or a pixel's vector.
 * Cost     those with exp() are bound by it, about a nanosecond a value and core on a CPU. */
#include "kernel_sizes.h"
#include "vector.clh"
#include "map.clh"

GROUP __kernel void act(__global const elem *x, __global elem *y, const struct vg_map_sizes s)
{
    struct span at;
    if (!span_find(&at, s.width, s.height, 1))
        return;
    x += span_row(s.x, &at, at.row);
    y += span_row(s.y, &at, at.row);
    for (int i = at.first * VG_BLOCK; i < at.end * VG_BLOCK; i += VG_BLOCK)
        STORE(activate(LOAD(x + i), s.act_a, s.act_b), y + i);
    halo_store(y, s.halo, at.row, s.height, at.first, at.end, s.width, s.y.row);
}
