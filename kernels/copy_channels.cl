/* Channels from any places: the concats, splits, gathers and shuffles that no reader could take as
 * addresses (the others cost nothing: plan.c).
 *
 *   y[c][r][q] = the value at x.first + table[c], moved on by rows and columns;  c < channels
 *
 * The sources may be channels of several tensors of one size, if their rows are x.row apart and
 * their pictures x.picture. Where a block of y is a whole block of values that follow each other,
 * it is copied as such.
 * x, y     blocked layout (kernel_sizes.h); y's halo is cleared and a last block's unused lanes
 *          are written 0.
 * w        the weights' buffer: at table_first `channels` words, integers.
 * work     (height, blocks of y, pictures), groups of one work-item; a work-item makes a row. */
#include "kernel_sizes.h"
#include "vector.clh"
#include "map.clh"

ALONE __kernel void copy_channels(__global const elem *x, __global const float *w,
                                  __global elem *y, const struct vg_map_sizes s)
{
    const int row = (int)get_global_id(0), block = (int)get_global_id(1);
    const int picture = (int)get_global_id(2);
    __global const int *table = (__global const int *)w + s.table_first + block * VG_BLOCK;
    const int used = min(s.channels - block * VG_BLOCK, VG_BLOCK);
    x += row_first(s.x, picture, 0, row);
    y += row_first(s.y, picture, block, row);
    int together = used == VG_BLOCK;
    for (int lane = 1; lane < used; lane++)
        together &= table[lane] == table[0] + lane;
    if (together) {
        for (int column = 0; column < s.width; column++)
            STORE(LOAD(x + table[0] + column * VG_BLOCK), y + column * VG_BLOCK);
    } else {
        for (int lane = 0; lane < VG_BLOCK; lane++) {
            __global const elem *from = x + table[min(lane, used - 1)];
            for (int column = 0; column < s.width; column++)
                WRITE(lane < used ? READ(from + column * VG_BLOCK) : 0.0f,
                      y + column * VG_BLOCK + lane);
        }
    }
    halo_store(y, s.halo, row, s.height, 0, s.width, s.width, s.y.row);
}
