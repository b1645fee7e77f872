/* Sum or product of two tensors, and an activation: y = act(x + x2), -DMUL: y = act(x * x2).
 *
 * -DX2   what x2 is (enum vg_second, kernel_list.h):
 *   0    of the same size as x
 *   1    of 1x1 planes: one value for a whole plane of x
 *   2    of another size, seen at x's by linear resize (resize.cl): no resized plane is stored
 *   3    likewise by nearest
 * -DACT  the activation (vector.clh), with s.act_a and s.act_b
 *
 * x, x2, y blocked layout (kernel_sizes.h), each with its own strides; y's halo is cleared. y may
 *          be x, or x2 where it is of the same size.
 * work     a span (map.clh): a row, or a pixel's vector. */
#include "kernel_sizes.h"
#include "vector.clh"
#include "map.clh"

#ifndef X2
#define X2 0
#endif

GROUP __kernel void combine(__global const elem *x, __global const elem *x2, __global elem *y,
                            const struct vg_map_sizes s)
{
    struct span at;
    if (!span_find(&at, s.width, s.height, 1))
        return;
    x += span_row(s.x, &at, at.row);
    x2 += span_row(s.x2, &at, X2 == 0 ? at.row : 0);
    y += span_row(s.y, &at, at.row);
#if X2 == 1
    const vec whole = LOAD(x2);
#elif X2 == 2
    const struct pair rows = pair_at(at.row, s.height, s.x2_height);
    __global const elem *above = x2 + rows.first * s.x2.row;
    __global const elem *below = x2 + rows.second * s.x2.row;
#elif X2 == 3
    x2 += nearest(at.row, s.height, s.x2_height) * s.x2.row;
#endif
    for (int column = at.first; column < at.end; column++) {
#if X2 == 1
        const vec second = whole;
#elif X2 == 2
        const vec second = linear(above, below, rows.part, pair_at(column, s.width, s.x2_width));
#elif X2 == 3
        const vec second = LOAD(x2 + nearest(column, s.width, s.x2_width) * VG_BLOCK);
#else
        const vec second = LOAD(x2 + column * VG_BLOCK);
#endif
        const vec first = LOAD(x + column * VG_BLOCK);
#ifdef MUL
        STORE(activate(first * second, s.act_a, s.act_b), y + column * VG_BLOCK);
#else
        STORE(activate(first + second, s.act_a, s.act_b), y + column * VG_BLOCK);
#endif
    }
    halo_store(y, s.halo, at.row, s.height, at.first, at.end, s.width, s.y.row);
}
