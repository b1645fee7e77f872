/* Depthwise convolution: each channel by a window of its own, K_Y x K_X, with strides, dilations,
 * bias and what conv_store.clh does at the store.
 *
 *   y[c][r][q] = finish(bias[c] + sum over ky, kx of
 *                       w[c][ky][kx] * x[c][r * S_Y + ky * D_Y - above][q * S_X + kx * D_X - left])
 *
 * A work-item makes a whole row of one block, P pixels at a time in registers (depthwise.clh): a
 * row costs so little that smaller work-items would be spent on starting them.
 * x, y, x2 blocked layout (kernel_sizes.h); x_blocks of them.
 * w        [block][ky][kx][VG_BLOCK]; the bias, VG_BLOCK floats a block, in the same buffer.
 * work     (height, x_blocks, pictures), groups of one work-item.
 * Tunables P 1 to 26: P accumulators and K_X weights should fit the vector registers, 13 with 32
 *          registers, 8 with 16.
 * Cost     2 * K_Y * K_X * channels * width * height operations; bound by memory on large maps.
 * Assumes  a halo of zeros as wide as vg_conv_reach says. */
#include "kernel_sizes.h"
#include "vector.clh"
#include "conv_store.clh"
#include "depthwise.clh"

ALONE __kernel void conv_depthwise(__global const elem *x, __global const float *w,
                                   __global const elem *x2, __global elem *y,
                                   const struct vg_conv_sizes s)
{
    const int row = (int)get_global_id(0);
    const int block = (int)get_global_id(1);
    const int picture = (int)get_global_id(2);

    const vec bias = LOAD_FLOAT(w + s.bias_first + block * VG_BLOCK);
    w += s.w_first + block * K_Y * K_X * VG_BLOCK;
    x += s.x.first + picture * s.x.picture + block * s.x.plane +
         (row * S_Y - s.above) * s.x.row - s.left * VG_BLOCK;
    struct store store;
    store_begin(&store, x2 + s.x2.first + picture * s.x2.picture + block * s.x2.plane, &s,
                block < s.act_blocks);
    y += s.y.first + picture * s.y.picture + block * s.y.plane + row * s.y.row;

    for (int first = 0; first < s.width; first += P) {
        vec sum[P];
        depthwise(x + first * S_X * VG_BLOCK, s.x.row, w, bias, sum);
        segment_store(sum, min(P, s.width - first), &store, &s, row, first, y);
    }
    halo_store(y, s.halo, row, s.height, 0, s.width, s.width, s.y.row);
}
