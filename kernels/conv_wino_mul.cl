/* Second half of conv_wino.cl: the 36 products of the windows that conv_wino_in.cl transformed,
 * and at once the tiles of y, with bias, activation and sum at the store (conv_store.clh).
 *
 * A work-item takes P tiles and groups_each groups of OB blocks of y.
 * scratch  as conv_wino_in.cl writes it.
 * y, x2    blocked layout (kernel_sizes.h).
 * w        [group of OB blocks][36][channel of x][OB * VG_BLOCK]; the bias in the same buffer.
 * product  36 * VG_BLOCK * P * OB floats of local memory.
 * work     (ceil(tiles * pictures / P), ceil(groups / groups_each)), groups of one work-item.
 * Tunables P 1 to 16, OB 1 or 2: P * OB accumulators, as for conv_direct.
 * Cost     2 * 36 * channels(x) * channels(y) * tiles operations. */
#include "kernel_sizes.h"
#include "vector.clh"
#include "conv_store.clh"
#define WINDOWS __global
#include "wino.clh"

ALONE __kernel void conv_wino_mul(__global const float *scratch, __global const float *w,
                                  __global const elem *x2, __global elem *y,
                                  const struct vg_conv_sizes s, __local float *product)
{
    const int tiles = (int)get_global_id(0);
    const int group_first = (int)get_global_id(1) * s.groups_each;
    const int group_end = min(group_first + s.groups_each, s.groups);
    for (int group = group_first; group < group_end; group++)
        group_make(scratch + tiles * POINTS * POINT(&s), w, x2, y, &s, tiles * P,
                   group, product);
}
