/* 3x3 convolution with stride 1 by Winograd's F(2x2, 3x3), for small maps of many channels where
 * memory is slow or short: 16 weights for a pair of channels instead of the 36 of
 * conv_wino.cl, each fetched once for all tiles of a picture. 4 multiplications a value.
 * Formula, source and steps: wino.clh; the store: conv_store.clh.
 *
 * A work-item takes all tiles of a picture, in runs of P: it transforms their windows for all blocks
 * of x into `scratch`, then for each group of OB blocks of y makes point after point the products of
 * all runs, while the point's weights are in the nearest cache, and then the tiles.
 * x, y, x2 blocked layout (kernel_sizes.h), as for conv_wino.
 * w        [group of OB blocks][16][channel of x][OB * VG_BLOCK]; the bias in the same buffer.
 * scratch  floats of local memory (vg_conv_wino_local_bytes): windows [16][run][block of x][P]
 *          [VG_BLOCK], a vector between the points, then products [run][OB][P][16][VG_BLOCK].
 * work     (pictures, ceil(groups / groups_each)), groups of one work-item. Several parts of the
 *          groups each make the input's transform again.
 * Tunables P 1 to 26, OB 1 or 2: P * OB accumulators, as for conv_direct; scratch should stay
 *          under the core's second-level cache.
 * Cost     2 * 16 * channels(x) * channels(y) * tiles operations, and the transforms.
 * Assumes  a halo of zeros in x up to a whole last window (vg_conv_reach). */
#include "kernel_sizes.h"
#include "vector.clh"
#include "conv_store.clh"
#define WINDOWS __local
#define SIDE 2
#include "wino.clh"

ALONE __kernel void conv_wino2(__global const elem *x, __global const float *w,
                               __global const elem *x2, __global elem *y,
                               const struct vg_conv_sizes s, __local float *scratch)
{
    const int first = (int)get_global_id(0) * s.tiles;
    const int group_first = (int)get_global_id(1) * s.groups_each;
    const int group_end = min(group_first + s.groups_each, s.groups);
    const int runs = (s.tiles + P - 1) / P, run_step = s.x_blocks * P * VG_BLOCK;
    const int point = runs * run_step + VG_BLOCK, product_step = OB * P * POINTS * VG_BLOCK;
    __local float *product = scratch + POINTS * point;
    for (int run = 0; run < runs; run++)
        windows_make(x, &s, first + run * P, 0, s.x_blocks, scratch + run * run_step, point);
    for (int group = group_first; group < group_end; group++) {
        __global const float *weights = w + s.w_first + group * POINTS * s.x_channels * OB * VG_BLOCK;
        for (int i = 0; i < POINTS; i++, weights += s.x_channels * OB * VG_BLOCK)
            for (int run = 0; run < runs; run++)
                multiply(scratch + i * point + run * run_step, weights, s.x_channels,
                         product + run * product_step + i * VG_BLOCK);
        for (int run = 0; run < runs; run++)
            tiles_make(product + run * product_step, w, x2, y, &s, first + run * P,
                       min(P, s.tiles - run * P), group);
    }
}
