/* Each 2x2 cells become one, with four times the channels.
 *
 *   y[q * C + c][r][p] = x[c][2 * r + q / 2][2 * p + q % 2],   C = channels / 4, q = 0..3
 *
 * Where C is a multiple of VG_BLOCK whole pixels are copied, else channel by channel. The net's own
 * input is rearranged by prepare.cl as it is made.
 * x, y     blocked layout (kernel_sizes.h); y's halo is cleared and a last block's unused lanes
 *          are written 0.
 * work     (height, blocks of y, pictures), groups of one work-item; a work-item makes a row. */
#include "kernel_sizes.h"
#include "vector.clh"
#include "map.clh"

ALONE __kernel void space_to_depth(__global const elem *x, __global elem *y,
                                   const struct vg_map_sizes s)
{
    const int row = (int)get_global_id(0), block = (int)get_global_id(1);
    const int picture = (int)get_global_id(2);
    const int each = s.channels / 4;
    x += row_first(s.x, picture, 0, 2 * row);
    y += row_first(s.y, picture, block, row);
    if (each % VG_BLOCK == 0) {
        const int q = block * VG_BLOCK / each;
        x += (block - q * (each / VG_BLOCK)) * s.x.plane + q / 2 * s.x.row + q % 2 * VG_BLOCK;
        for (int column = 0; column < s.width; column++)
            STORE(LOAD(x + 2 * column * VG_BLOCK), y + column * VG_BLOCK);
    } else {
        for (int lane = 0; lane < VG_BLOCK; lane++) {
            const int channel = block * VG_BLOCK + lane, q = min(channel / each, 3);
            const int c = min(channel - q * each, each - 1);
            __global const elem *from = x + c / VG_BLOCK * s.x.plane + c % VG_BLOCK +
                                        q / 2 * s.x.row + q % 2 * VG_BLOCK;
            for (int column = 0; column < s.width; column++)
                WRITE(channel < s.channels ? READ(from + 2 * column * VG_BLOCK) : 0.0f,
                      y + column * VG_BLOCK + lane);
        }
    }
    halo_store(y, s.halo, row, s.height, 0, s.width, s.width, s.y.row);
}
