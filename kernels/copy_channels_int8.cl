/* Channels of bytes from any places: the concats, splits and shuffles that no reader could take as
 * addresses. As copy_channels.cl, with y's halo in its zero point, which is that of all sources.
 *
 *   y[c][r][q] = the byte at x.first + table[c], moved on by rows and columns;  c < channels
 *
 * x, y     bytes, blocked layout (kernel_sizes.h); a last block's unused lanes are the zero point.
 * w        the weights' buffer: at table_first `channels` words, integers.
 * work     (height, blocks of y, pictures), groups of one work-item; a work-item makes a row. */
#include "kernel_sizes.h"
#include "int8.clh"

ALONE __kernel void copy_channels_int8(__global const uchar *x, __global const float *w,
                                       __global uchar *y, const struct vg_int8_sizes s)
{
    const int row = (int)get_global_id(0), block = (int)get_global_id(1);
    __global const int *table = (__global const int *)w + s.table_first + block * VG_BLOCK;
    const int used = min(s.channels - block * VG_BLOCK, VG_BLOCK);
    x += s.x.first + (int)get_global_id(2) * s.x.picture + row * s.x.row;
    y += s.y.first + (int)get_global_id(2) * s.y.picture + block * s.y.plane + row * s.y.row;
    int together = used == VG_BLOCK;
    for (int lane = 1; lane < used; lane++)
        together &= table[lane] == table[0] + lane;
    if (together) {
        for (int column = 0; column < s.width; column++)
            STORE_BYTES(LOAD_BYTES(x + table[0] + column * VG_BLOCK), y + column * VG_BLOCK);
    } else {
        for (int lane = 0; lane < VG_BLOCK; lane++) {
            __global const uchar *from = x + table[min(lane, used - 1)];
            for (int column = 0; column < s.width; column++)
                y[column * VG_BLOCK + lane] =
                    lane < used ? from[column * VG_BLOCK] : (uchar)s.y_zero;
        }
    }
    halo_bytes(y, s.halo, row, s.height, 0, s.width, s.width, s.y.row, s.y_zero);
}
