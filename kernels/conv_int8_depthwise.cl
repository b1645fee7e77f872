/* Depthwise convolution over bytes: a window of its own for each channel.
 *
 *   sum[c][r][q] = sum over ky, kx of w[c][ky][kx] *
 *                  (x[c][r * S_Y + ky * D_Y - above][q * S_X + kx * D_X - left] - x zero)
 *   y            = round(act(sum * scale[c] + bias[c]) / y step) + y zero, or the value itself
 *
 * The sums are floats, yet exact: no sum of 259 products of a byte and a weight passes 2^24, so the
 * multiply-add of floats, which every processor has, does the integers' work.
 * A work-item makes P pixels of a row of one block of 16 channels.
 * x        bytes, blocked layout (kernel_sizes.h), the halo in its zero point.
 * w        words: weights as floats [block][ky][kx][16]; then a vector of starts (integers), of
 *          scales and of biases for each block (int8_weights.h packs both).
 * y        bytes, or floats (OUT_FLOAT 1; its area then counts floats).
 * work     (ceil(width / P), height, blocks * pictures), groups of one work-item.
 * Tunables P 1 to 13.
 * Cost     2 * K_Y * K_X operations a value; bound by the conversions of the bytes. */
#include "kernel_sizes.h"
#include "int8.clh"

#ifndef P
#define P 8
#endif
#ifndef K_Y
#define K_Y 3
#endif
#ifndef K_X
#define K_X 3
#endif
#ifndef S_Y
#define S_Y 1
#endif
#ifndef S_X
#define S_X 1
#endif
#ifndef D_Y
#define D_Y 1
#endif
#ifndef D_X
#define D_X 1
#endif
#ifndef OUT_FLOAT
#define OUT_FLOAT 0
#endif
#define WIDE ((P - 1) * S_X + (K_X - 1) * D_X + 1) /* pixels of x under P pixels of y */

ALONE __kernel void conv_int8_depthwise(__global const uchar *x, __global const float *w,
                                        __global uchar *y, const struct vg_int8_sizes s)
{
    const int column = (int)get_global_id(0) * P;
    const int row = (int)get_global_id(1);
    const int block = (int)get_global_id(2) % s.groups;
    const int picture = (int)get_global_id(2) / s.groups;

    __global const float *lanes = w + s.lanes_first + block * 3 * VG_BLOCK;
    w += s.w_first + block * K_Y * K_X * VG_BLOCK;
    x += s.x.first + picture * s.x.picture + block * s.x.plane +
         (row * S_Y - s.above) * s.x.row + (column * S_X - s.left) * VG_BLOCK;

    reals sum[P];
    UNROLL for (int p = 0; p < P; p++)
        sum[p] = TO_REALS(LOAD_SUMS((__global const int *)lanes));
    for (int ky = 0; ky < K_Y; ky++, x += D_Y * s.x.row, w += K_X * VG_BLOCK) {
        UNROLL for (int at = 0; at < WIDE; at++) {
            const reals value = TO_REALS(LOAD_BYTES(x + at * VG_BLOCK));
            UNROLL for (int kx = 0; kx < K_X; kx++) {
                UNROLL for (int p = 0; p < P; p++) {
                    if (p * S_X + kx * D_X == at)
                        sum[p] = fma(value, LOAD_REALS(w + kx * VG_BLOCK), sum[p]);
                }
            }
        }
    }

    const int inside = min(P, s.width - column);
    const reals scale = LOAD_REALS(lanes + VG_BLOCK), bias = LOAD_REALS(lanes + 2 * VG_BLOCK);
    const int at = s.y.first + picture * s.y.picture + block * s.y.plane + row * s.y.row;
#if OUT_FLOAT
    __global float *y_row = (__global float *)y + at;
#else
    __global uchar *y_row = y + at;
#endif
    UNROLL for (int p = 0; p < P; p++) {
        if (p >= inside)
            continue;
        reals v = fma(sum[p], scale, bias);
        v = block < s.act_vectors ? activate(v, s.act_a, s.act_b) : v;
#if OUT_FLOAT
        STORE_REALS(v, y_row + (column + p) * VG_BLOCK);
#else
        STORE_BYTES(to_bytes(v, s.y_per_unit, s.y_zero), y_row + (column + p) * VG_BLOCK);
#endif
    }
#if OUT_FLOAT
    halo_reals(y_row, s.halo, row, s.height, column, column + inside, s.width, s.y.row);
#else
    halo_bytes(y_row, s.halo, row, s.height, column, column + inside, s.width, s.y.row, s.y_zero);
#endif
}
