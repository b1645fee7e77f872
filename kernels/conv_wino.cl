/* 3x3 convolution with stride 1 by Winograd's F(4x4, 3x3), all three steps in one kernel, with
 * bias, activation and sum at the store. 2.25 multiplications a value instead of 9. Formula,
 * source and steps: wino.clh; the store: conv_store.clh.
 *
 * A work-item takes P tiles: it transforms their windows for all blocks of x into `scratch`, then
 * for each group of OB blocks of y makes the 36 products and at once the tiles. The transformed
 * input stays in the core's cache.
 * x, y, x2 blocked layout (kernel_sizes.h). Of x's last block only the channels that exist take
 *          part in the products; the others' lanes are transformed and left.
 * w        [group of OB blocks][36][channel of x][OB * VG_BLOCK]; the bias in the same buffer.
 * scratch  36 * VG_BLOCK * (P * (x_blocks + OB) + 1) floats of local memory: windows, then product.
 * work     (ceil(tiles * pictures / P), ceil(groups / groups_each)), groups of one work-item.
 *          Several parts of the groups each make the input's transform again.
 * Tunables P 1 to 16, OB 1 or 2: P * OB accumulators, as for conv_direct; scratch should stay
 *          under the core's second-level cache.
 * Cost     2 * 36 * channels(x) * channels(y) * tiles operations, and the transforms.
 * Assumes  a halo of zeros in x up to a whole last window (vg_conv_reach). */
#include "kernel_sizes.h"
#include "vector.clh"
#include "conv_store.clh"
#define WINDOWS __local
#include "wino.clh"

ALONE __kernel void conv_wino(__global const elem *x, __global const float *w,
                              __global const elem *x2, __global elem *y,
                              const struct vg_conv_sizes s, __local float *scratch)
{
    const int first = (int)get_global_id(0) * P;
    const int group_first = (int)get_global_id(1) * s.groups_each;
    const int group_end = min(group_first + s.groups_each, s.groups);
    __local float *product = scratch + POINTS * POINT(&s);
    windows_make(x, &s, first, 0, s.x_blocks, scratch, POINT(&s));
    for (int group = group_first; group < group_end; group++)
        group_make(scratch, w, x2, y, &s, first, group, product);
}
