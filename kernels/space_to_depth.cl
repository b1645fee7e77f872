/* Each 2x2 cells become one, with four times the channels.
 *
 *   y[q * C + c][r][p] = x[c][2 * r + q / 2][2 * p + q % 2],   C = channels / 4, q = 0..3
 *
 * Where C is a multiple of VG_BLOCK whole pixels are copied, else channel by channel. The net's own
 * input is rearranged by prepare.cl as it is made.
 * x, y     blocked layout (kernel_sizes.h); y's halo is cleared and a last block's unused lanes
 *          are written 0.
 * work     a span (map.clh): a row, or a pixel's vector. */
#include "kernel_sizes.h"
#include "vector.clh"
#include "map.clh"

GROUP __kernel void space_to_depth(__global const elem *x, __global elem *y,
                                   const struct vg_map_sizes s)
{
    const int each = s.channels / 4;
    struct span at;
    if (!span_find(&at, s.width, s.height, 1))
        return;
    x += row_first(s.x, at.picture, 0, 2 * at.row);
    y += span_row(s.y, &at, at.row);
    if (each % VG_BLOCK == 0) {
        const int q = at.block * VG_BLOCK / each;
        x += (at.block - q * (each / VG_BLOCK)) * s.x.plane + q / 2 * s.x.row +
             q % 2 * VG_BLOCK + at.lane;
        for (int column = at.first; column < at.end; column++)
            STORE(LOAD(x + 2 * column * VG_BLOCK), y + column * VG_BLOCK);
    } else {
        for (int lane = 0; lane < VG_LANES; lane++) {
            const int channel = at.block * VG_BLOCK + at.lane + lane, q = min(channel / each, 3);
            const int c = min(channel - q * each, each - 1);
            __global const elem *from = x + c / VG_BLOCK * s.x.plane + c % VG_BLOCK +
                                        q / 2 * s.x.row + q % 2 * VG_BLOCK;
            for (int column = at.first; column < at.end; column++)
                WRITE(channel < s.channels ? READ(from + 2 * column * VG_BLOCK) : 0.0f,
                      y + column * VG_BLOCK + lane);
        }
    }
    halo_store(y, s.halo, at.row, s.height, at.first, at.end, s.width, s.y.row);
}
