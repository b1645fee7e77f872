/* The net's first convolution over bytes (K_Y x K_X, strides S_Y and S_X, activation) and the
 * max-pool of 3x3, stride 2, padding 1 behind it, in one kernel: the convolution's result, the
 * largest tensor of the net, is never in memory.
 *
 *   m[o][r][q] = the byte that conv_int8_x86 stores
 *   y[o][r][q] = max over a, b in -1, 0, 1 inside m of m[o][2 * r + a][2 * q + b]
 *
 * Of two sums of a channel the greater one gives the greater byte or the same one, since scales are
 * not negative and the activation never falls. So the maximum is one of sums, and only what is left
 * of nine is scaled, activated and rounded.
 * A work-item goes down a strip of P pooled columns and rows_each pooled rows of one vector of y, as
 * conv_stem_pool does: each row of the convolution is made once, 2 * P + 1 pixels in registers.
 * x        the net's input, 4 bytes a pixel, at most 4 channels.
 * w        as conv_int8_x86 with OB = 1.
 * y        bytes, blocked layout (kernel_sizes.h).
 * most     P * LANES integers of local memory: the maxima of those rows of the convolution that were
 *          made of the row of y at hand.
 * work     (ceil(width / P), ceil(height / rows_each), groups * pictures), groups of one work-item; a
 *          group is a vector of y.
 * Options  VNNI, VEX, LANES: as conv_int8_x86.
 * Tunables P 1 to 13: 2 * P + 3 vector registers.
 * Cost     2 * K_Y * K_X * channels(x) * channels(y) * (the convolution's pixels) operations.
 * Assumes  a halo of x as wide as vg_int8_reach says, conv_width and conv_height at least 1,
 *          width = (conv_width + 1) / 2, likewise height; act_a of LEAKY not below 0. */
#include "kernel_sizes.h"
#include "int8.clh"

#ifndef P
#define P 13
#endif
#ifndef K_Y
#define K_Y 3
#endif
#ifndef K_X
#define K_X 3
#endif
#ifndef S_Y
#define S_Y 2
#endif
#ifndef S_X
#define S_X 2
#endif
#define OB      1
#define X_PIXEL 4
#define WIDE    (2 * P + 1)
#include "int8_dot.clh"

/* WIDE pixels of a row of the convolution; x: at the first tap of the first */
static inline void convolve(__global const uchar *x, __global const int *words, sums start,
                            int x_row, sums sum[WIDE])
{
    UNROLL for (int p = 0; p < WIDE; p++)
        sum[p] = start;
    for (int ky = 0; ky < K_Y; ky++, x += x_row) {
        UNROLL for (int kx = 0; kx < K_X; kx++, words += LANES) {
            const sums weight = LOAD_SUMS(words);
            UNROLL for (int p = 0; p < WIDE; p++)
                dot(sum + p, &weight, x + (p * S_X + kx) * X_PIXEL);
        }
    }
}

/* `inside` of P pixels of a row of y; constant where a strip is whole, so that nothing is asked */
static inline void strip_store(const sums *done, __global uchar *to, __global const float *lanes,
                               const struct vg_int8_sizes *s, int inside)
{
    const reals scale = LOAD_REALS(lanes + LANES), bias = LOAD_REALS(lanes + 2 * LANES);
    UNROLL for (int p = 0; p < P; p++) {
        const reals v = activate(fma(TO_REALS(done[p]), scale, bias), s->act_a, s->act_b);
        if (p < inside)
            STORE_BYTES(to_bytes(v, s->y_per_unit, s->y_zero), to + p * VG_BLOCK);
    }
}

ALONE __kernel void conv_int8_stem_pool_x86(__global const uchar *x, __global const float *w,
                                            __global uchar *y,
                                            const struct vg_int8_stem_sizes t, __local int *most)
{
    const struct vg_int8_sizes s = t.conv;
    const int first = (int)get_global_id(0) * P;
    const int inside = min(P, s.width - first);
    const int row_first = (int)get_global_id(1) * t.rows_each;
    const int row_end = min(row_first + t.rows_each, s.height);
    const int vector = (int)get_global_id(2) % s.groups;
    const int picture = (int)get_global_id(2) / s.groups;
    const int place = vector * LANES; /* the first channel */

    __global const float *lanes = w + s.lanes_first + vector * 3 * LANES;
    __global const int *words = (__global const int *)w + s.w_first + vector * K_Y * K_X * LANES;
    const sums start = LOAD_SUMS((__global const int *)lanes);
    x += s.x.first + picture * s.x.picture - s.above * s.x.row +
         ((2 * first - 1) * S_X - s.left) * X_PIXEL;
    y += s.y.first + picture * s.y.picture + place / VG_BLOCK * s.y.plane + place % VG_BLOCK;

    for (int p = 0; p < P; p++)
        KEEP_SUMS((sums)INT_MIN, most + p * LANES);
    const int line_end = min(2 * row_end, t.conv_height);
    for (int line = max(2 * row_first - 1, 0); line < line_end; line++) {
        sums sum[WIDE];
        convolve(x + line * S_Y * s.x.row, words, start, s.x.row, sum);
        /* a column outside the convolution counts as minus infinity, so it may as well repeat its
         * neighbour, which the same windows hold */
        if (first == 0)
            sum[0] = sum[1];
        if (t.conv_width % 2 == 1)
            UNROLL for (int p = 0; p < P; p++)
                if (first + p == s.width - 1)
                    sum[2 * p + 2] = sum[2 * p + 1];
        const int row = line / 2, opens = line % 2; /* an odd line ends a row and opens the next */
        sums done[P];
        UNROLL for (int p = 0; p < P; p++) {
            const sums three = max(max(sum[2 * p], sum[2 * p + 1]), sum[2 * p + 2]);
            done[p] = max(three, LOAD_SUMS(most + p * LANES));
            KEEP_SUMS(opens ? three : done[p], most + p * LANES);
        }
        if ((!opens && line < t.conv_height - 1) || row < row_first)
            continue;
        __global uchar *y_row = y + row * s.y.row;
        if (inside == P)
            strip_store(done, y_row + first * VG_BLOCK, lanes, &s, P);
        else
            strip_store(done, y_row + first * VG_BLOCK, lanes, &s, inside);
        halo_bytes(y_row, s.halo, row, s.height, first, first + inside, s.width, s.y.row, s.y_zero);
    }
}
