/* Channels from any places: the concats, splits, gathers and shuffles that no reader could take as
 * addresses (the others cost nothing: plan.c).
 *
 *   y[c][r][q] = the value at x.first + table[c], moved on by rows and columns;  c < channels
 *
 * The sources may be channels of several tensors of one size, if their rows are x.row apart and
 * their pictures x.picture. Where a vector of y is one of values that follow each other, it is
 * copied as such (but where SPREAD asks for vectors at multiples of their size).
 * x, y     blocked layout (kernel_sizes.h); y's halo is cleared and a last block's unused lanes
 *          are written 0.
 * w        the weights' buffer: at table_first `channels` words, integers.
 * work     a span (map.clh): a row, or a pixel's vector. */
#include "kernel_sizes.h"
#include "vector.clh"
#include "map.clh"

GROUP __kernel void copy_channels(__global const elem *x, __global const float *w,
                                  __global elem *y, const struct vg_map_sizes s)
{
    struct span at;
    if (!span_find(&at, s.width, s.height, 1))
        return;
    const int channel = at.block * VG_BLOCK + at.lane;
    __global const int *table = (__global const int *)w + s.table_first + channel;
    const int used = min(s.channels - channel, VG_LANES);
    x += row_first(s.x, at.picture, 0, at.row);
    y += span_row(s.y, &at, at.row);
    int together = !SPREAD && used == VG_LANES;
    for (int lane = 1; lane < used; lane++)
        together &= table[lane] == table[0] + lane;
    if (together) {
        for (int column = at.first; column < at.end; column++)
            STORE(LOAD(x + table[0] + column * VG_BLOCK), y + column * VG_BLOCK);
    } else {
        for (int lane = 0; lane < VG_LANES; lane++) {
            __global const elem *from = x + (used > 0 ? table[min(lane, used - 1)] : 0);
            for (int column = at.first; column < at.end; column++)
                WRITE(lane < used ? READ(from + column * VG_BLOCK) : 0.0f,
                      y + column * VG_BLOCK + lane);
        }
    }
    halo_store(y, s.halo, at.row, s.height, at.first, at.end, s.width, s.y.row);
}
