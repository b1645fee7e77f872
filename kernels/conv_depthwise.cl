/* Depthwise convolution: each channel by a window of its own, K_Y x K_X, with strides, dilations,
 * bias and what conv_store.clh does at the store.
 *
 *   y[c][r][q] = finish(bias[c] + sum over ky, kx of
 *                       w[c][ky][kx] * x[c][r * S_Y + ky * D_Y - above][q * S_X + kx * D_X - left])
 *
 * A work-item makes a whole row of one block, P pixels at a time in registers (depthwise.clh): a
 * row costs so little that smaller work-items would be spent on starting them. With SPREAD (GPUs)
 * it makes P pixels of one vector.
 * x, y, x2 blocked layout (kernel_sizes.h); x_blocks of them.
 * w        [block][ky][kx][VG_BLOCK]; the bias, VG_BLOCK floats a block, in the same buffer.
 * work     a span (map.clh) of whole rows, or of P pixels.
 * Tunables P 1 to 26: P accumulators and K_X weights should fit the vector registers, 13 with 32
 *          registers, 8 with 16; with SPREAD 4.
 * Cost     2 * K_Y * K_X * channels * width * height operations; bound by memory on large maps.
 * Assumes  a halo of zeros as wide as vg_conv_reach says. */
#include "kernel_sizes.h"
#include "vector.clh"
#include "map.clh"
#include "conv_store.clh"
#include "depthwise.clh"

GROUP __kernel void conv_depthwise(__global const elem *x, __global const float *w,
                                   __global const elem *x2, __global elem *y,
                                   const struct vg_conv_sizes s)
{
    struct span at;
    if (!span_find(&at, s.width, s.height, P))
        return;
    const vec bias = LOAD_FLOAT(w + s.bias_first + at.block * VG_BLOCK + at.lane);
    w += s.w_first + at.block * K_Y * K_X * VG_BLOCK + at.lane;
    x += span_row(s.x, &at, at.row * S_Y - s.above) - s.left * VG_BLOCK;
    struct store store;
    store_begin(&store, x2 + span_row(s.x2, &at, 0), &s, at.block < s.act_blocks);
    y += span_row(s.y, &at, at.row);

    for (int first = at.first; first < at.end; first += P) {
        vec sum[P];
        depthwise(x + first * S_X * VG_BLOCK, s.x.row, w, bias, sum);
        segment_store(sum, min(P, at.end - first), &store, &s, at.row, first, y);
    }
    halo_store(y, s.halo, at.row, s.height, at.first, at.end, s.width, s.y.row);
}
