/* First half of conv_wino.cl, where its scratch would not fit the core's cache, or cores outnumber
 * groups of tiles: Bt d B of all windows of a batch. The second half is conv_wino_mul.cl; the steps
 * are in wino.clh.
 *
 * A work-item transforms the windows of P tiles in one block of x.
 * x        blocked layout (kernel_sizes.h).
 * scratch  [group of P tiles][36][block of x][P][VG_BLOCK] with gaps (wino.clh), floats
 *          (vg_conv_wino_scratch_floats); the last group's missing tiles repeat the last one.
 * work     (ceil(tiles * pictures / P), x_blocks), groups of one work-item.
 * Tunables P, which must be that of the second half.
 * Cost     36 loads and 36 stores a tile and block.
 * Assumes  a halo of zeros in x up to a whole last window (vg_conv_reach). */
#include "kernel_sizes.h"
#include "vector.clh"
#include "conv_store.clh"
#define WINDOWS __global
#include "wino.clh"

ALONE __kernel void conv_wino_in(__global const elem *x, __global float *scratch,
                                 const struct vg_conv_sizes s)
{
    const int tiles = (int)get_global_id(0), block = (int)get_global_id(1);
    windows_make(x, &s, tiles * P, block, block + 1,
                 scratch + tiles * POINTS * POINT(&s), POINT(&s));
}
