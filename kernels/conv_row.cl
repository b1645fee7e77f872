/* A depthwise convolution with its activation and the 1x1 convolution that follows it, in one
 * kernel: what lies between them never goes to memory.
 *
 *   m[i][r][q] = act_first(first_bias[i] + sum over ky, kx of first_w[i][ky][kx] *
 *                          x[i][r * S_Y + ky * D_Y - above][q * S_X + kx * D_X - left])
 *   y[o][r][q] = finish(bias[o] + sum over i of w[o][i] * m[i][r][q])     (conv_store.clh)
 *
 * A work-item makes the depthwise result of a whole row, all blocks, in local memory (a few tens
 * of KiB, so it stays in the core's cache), then groups of OB blocks of y, P pixels at a time in
 * registers: the weights of a group are taken from memory once for the row, each weight vector
 * loaded once for P pixels and each value once for OB blocks.
 * x, y, x2 blocked layout (kernel_sizes.h).
 * w        of the 1x1: [group of OB blocks][channel of x][OB * VG_BLOCK]; of the depthwise:
 *          [block][ky][kx][VG_BLOCK]; both biases, VG_BLOCK floats a block; all in one buffer.
 * middle   [segment of the row][block][P][VG_BLOCK] floats of local memory
 *          (vg_conv_row_local_bytes).
 * work     (height, ceil(groups / groups_each), pictures), groups of one work-item. Several parts
 *          of the groups each make the depthwise result again.
 * Tunables P 1 to 26, OB 1, 2 or 4, as for conv_direct.
 * Cost     2 * channels(x) * (K_Y * K_X + channels(y)) * width * height operations.
 * Assumes  a halo of zeros as wide as vg_conv_reach says. */
#include "kernel_sizes.h"
#include "vector.clh"
#include "conv_store.clh"
#include "depthwise.clh"

#ifndef OB
#define OB 1
#endif
#ifndef ACT_FIRST
#define ACT_FIRST VG_ACT_CODE_NONE
#endif
#if ACT_FIRST == VG_ACT_CODE_SIGMOID || ACT_FIRST == VG_ACT_CODE_SILU
#define FIRST_LOOP NOUNROLL /* long code is not repeated for each pixel */
#else
#define FIRST_LOOP UNROLL
#endif
#define TILE (P * VG_BLOCK) /* floats of a block of a segment */

/* x: at the first tap of the row */
static inline void first_row(__global const elem *x, __global const float *w,
                             const struct vg_row_sizes *s, __local float *middle)
{
    const int blocks = s->conv.x_blocks;
    for (int block = 0; block < blocks; block++) {
        const vec bias = LOAD_FLOAT(w + s->first_bias + block * VG_BLOCK);
        __global const float *taps = w + s->first_w + block * K_Y * K_X * VG_BLOCK;
        __global const elem *from = x + block * s->conv.x.plane;
        __local float *to = middle + block * TILE;
        for (int first = 0; first < s->conv.width; first += P) {
            vec sum[P];
            depthwise(from, s->conv.x.row, taps, bias, sum);
            vec done[P]; /* as in conv_direct */
            UNROLL for (int p = 0; p < P; p++)
                done[p] = sum[p];
            FIRST_LOOP for (int p = 0; p < P; p++)
                STORE_FLOAT(activate_as(ACT_FIRST, done[p], s->first_a, s->first_b),
                            to + p * VG_BLOCK);
            from += P * S_X * VG_BLOCK;
            to += blocks * TILE;
        }
    }
}

/* P pixels by OB blocks; `lanes` channels of a block, the next one TILE further */
static inline __global const float *multiply(__local const float *middle, int lanes,
                                             __global const float *w, vec sum[OB][P])
{
    for (int lane = 0; lane < lanes; lane++, w += OB * VG_BLOCK) {
        vec weight[OB];
        UNROLL for (int o = 0; o < OB; o++)
            weight[o] = LOAD_FLOAT(w + o * VG_BLOCK);
        UNROLL for (int p = 0; p < P; p++) {
            const vec value = (vec)middle[p * VG_BLOCK + lane];
            UNROLL for (int o = 0; o < OB; o++)
                sum[o][p] = fma(value, weight[o], sum[o][p]);
        }
    }
    return w;
}

ALONE __kernel void conv_row(__global const elem *x, __global const float *w,
                             __global const elem *x2, __global elem *y,
                             const struct vg_row_sizes r, __local float *middle)
{
    const struct vg_conv_sizes s = r.conv;
    const int row = (int)get_global_id(0);
    const int group_first = (int)get_global_id(1) * s.groups_each;
    const int group_end = min(group_first + s.groups_each, s.groups);
    const int picture = (int)get_global_id(2);

    first_row(x + s.x.first + picture * s.x.picture + (row * S_Y - s.above) * s.x.row -
                  s.left * VG_BLOCK,
              w, &r, middle);
    x2 += s.x2.first + picture * s.x2.picture;
    y += s.y.first + picture * s.y.picture + row * s.y.row;

    for (int group = group_first; group < group_end; group++) {
        __global const float *bias = w + s.bias_first + group * OB * VG_BLOCK;
        __local const float *from = middle;
        for (int first = 0; first < s.width; first += P) {
            __global const float *weights =
                w + s.w_first + group * s.x_channels * OB * VG_BLOCK;
            vec sum[OB][P];
            UNROLL for (int o = 0; o < OB; o++) {
                const vec b = LOAD_FLOAT(bias + o * VG_BLOCK);
                UNROLL for (int p = 0; p < P; p++)
                    sum[o][p] = b;
            }
            for (int left = s.x_channels; left > 0; left -= VG_BLOCK, from += TILE)
                weights = multiply(from, min(left, VG_BLOCK), weights, sum);
            const int inside = min(P, s.width - first);
            UNROLL for (int o = 0; o < OB; o++) {
                const int block = group * OB + o;
                struct store store;
                store_begin(&store, x2 + block * s.x2.plane, &s, block < s.act_blocks);
                segment_store(sum[o], inside, &store, &s, row, first, y + block * s.y.plane);
            }
        }
        for (int o = 0; o < OB; o++)
            halo_store(y + (group * OB + o) * s.y.plane, s.halo, row, s.height, 0, s.width,
                       s.width, s.y.row);
    }
}
