/* Direct convolution, K x K with stride S, bias and leaky slope at the store.
 *
 *   y[o][r][c] = leaky(bias[o] + sum over i, ky, kx of
 *                      w[o][i][ky][kx] * x[i][r * S + ky - pad][c * S + kx - pad])
 *
 * A work-item makes P pixels of a row by OB blocks of 16 channels, kept in registers: each
 * weight vector is loaded once for P pixels, each input value once for OB blocks.
 * x, y     blocked layout (kernel_sizes.h); x may be the net's input, 4 floats a pixel.
 * w        [group of OB blocks][block of x][ky][channel][kx][OB * 16], read straight on;
 *          the bias, 16 floats a block of y, in the same buffer.
 * work     (ceil(width / P), height, groups * pictures), groups of one work-item.
 * Tunables P 1 to 26, OB 1, 2 or 4: P * OB accumulators should fit the vector registers,
 *          13x1 and 13x2 with 32 registers of 16 floats, 6x1 with 16 of 8.
 * Cost     2 * K * K * channels(x) * channels(y) * width * height operations.
 * Assumes  a halo of zeros wide enough for the last segment's reads (plan.c); fma() because
 *          mad() is left as two operations by some compilers. */
#include "kernel_sizes.h"
#include "vector.clh"

#ifndef P
#define P 13
#endif
#ifndef OB
#define OB 1
#endif
#ifndef K
#define K 3
#endif
#ifndef S
#define S 1
#endif

ALONE __kernel void conv_direct(__global const float *x, __global const float *w,
                                __global float *y, const struct vg_conv_sizes s)
{
    const int column = (int)get_global_id(0) * P;
    const int row = (int)get_global_id(1);
    const int group = (int)get_global_id(2) % s.groups;
    const int picture = (int)get_global_id(2) / s.groups;

    __global const float *bias = w + s.bias_first + group * OB * VG_BLOCK;
    w += s.w_first + group * s.x_blocks * s.x_lanes * K * K * OB * VG_BLOCK;
    x += s.x.first + picture * s.x.picture + (row * S - s.pad) * s.x.row +
         (column * S - s.pad) * s.x_pixel;

    vec sum[OB][P];
    UNROLL for (int o = 0; o < OB; o++) {
        const vec b = LOAD(bias + o * VG_BLOCK);
        UNROLL for (int p = 0; p < P; p++)
            sum[o][p] = b;
    }
    for (int block = 0; block < s.x_blocks; block++, x += s.x.plane) {
        for (int ky = 0; ky < K; ky++) {
            __global const float *from = x + ky * s.x.row;
            for (int lane = 0; lane < s.x_lanes; lane++, from++) {
                UNROLL for (int kx = 0; kx < K; kx++) {
                    vec weight[OB];
                    UNROLL for (int o = 0; o < OB; o++)
                        weight[o] = LOAD(w + o * VG_BLOCK);
                    w += OB * VG_BLOCK;
                    UNROLL for (int p = 0; p < P; p++) {
                        const vec value = (vec)from[(p * S + kx) * s.x_pixel];
                        UNROLL for (int o = 0; o < OB; o++)
                            sum[o][p] = fma(value, weight[o], sum[o][p]);
                    }
                }
            }
        }
    }

    const int inside = min(P, s.width - column);
    y += s.y.first + picture * s.y.picture + group * OB * s.y.plane + row * s.y.row +
         column * VG_BLOCK;
    UNROLL for (int o = 0; o < OB; o++) {
        UNROLL for (int p = 0; p < P; p++) {
            const vec v = sum[o][p];
            if (p < inside)
                STORE(v > 0.0f ? v : v * s.slope, y + o * s.y.plane + p * VG_BLOCK);
        }
    }
}
