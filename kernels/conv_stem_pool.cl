/* The net's first convolution (K_Y x K_X, strides S_Y and S_X, bias, activation) and the max-pool
 * of 3x3, stride 2, padding 1 behind it, in one kernel: the convolution's result, the largest
 * tensor of the net, is never in memory.
 *
 *   m[o][r][q] = act(bias[o] + sum over i, ky, kx of
 *                    w[o][i][ky][kx] * x[i][r * S_Y + ky - above][q * S_X + kx - left])
 *   y[o][r][q] = max over a, b in -1, 0, 1 inside m of m[o][2 * r + a][2 * q + b]
 *
 * A work-item makes rows_each rows of y, all blocks: each row of the convolution once, strip by
 * strip of 2 * P + 1 pixels in registers, then their maxima in threes, P pixels; two rows of these
 * are merged in `most`, a third one ends a row of y. So strips share one column of the convolution
 * and, above each other, the work-items one row. It goes along the rows because x comes from far:
 * what lies behind each other in memory is fetched in time, and a row's other blocks find it near.
 * The activation never falls, so it gives the same after the maximum, and is done there.
 * x        the net's input (kernel_sizes.h), X_PIXEL floats a pixel, x_channels of them used.
 * y        blocked layout.
 * w        [block of y][ky][channel][kx][VG_BLOCK], as conv_direct with OB = 1; the bias,
 *          VG_BLOCK floats a block of y, in the same buffer.
 * most     groups * ceil(width / P) * P * VG_BLOCK floats of local memory
 *          (vg_conv_stem_local_bytes): the maxima of those rows of the convolution that were made
 *          of the row of y at hand.
 * work     (ceil(height / rows_each), 1, pictures), groups of one work-item.
 * Tunables P 1 to 13: 2 * P + 1 accumulators should fit the vector registers, 13 with 32
 *          registers, 6 with 16.
 * Cost     2 * K_Y * K_X * channels(x) * channels(y) * (the convolution's pixels) operations.
 * Assumes  a halo of zeros as wide as vg_conv_reach says, conv_width and conv_height at least 1,
 *          width = (conv_width + 1) / 2, likewise height; ACT: NONE, CLIP, or LEAKY with act_a not
 *          below 0. */
#include "kernel_sizes.h"
#include "vector.clh"

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
#ifndef X_PIXEL
#define X_PIXEL 4
#endif
#define WIDE (2 * P + 1)
#if ACT != VG_ACT_CODE_NONE && ACT != VG_ACT_CODE_LEAKY && ACT != VG_ACT_CODE_CLIP
#error "an activation that may fall"
#endif

/* WIDE pixels of a row of the convolution; x: at the first tap of the first */
static inline void convolve(__global const elem *x, __global const float *w, vec bias,
                            const struct vg_conv_sizes *s, vec sum[WIDE])
{
    UNROLL for (int p = 0; p < WIDE; p++)
        sum[p] = bias;
    for (int ky = 0; ky < K_Y; ky++, x += s->x.row) {
        __global const elem *from = x;
        for (int lane = 0; lane < s->x_channels; lane++, from++) {
            vec weight[K_X];
            UNROLL for (int kx = 0; kx < K_X; kx++, w += VG_BLOCK)
                weight[kx] = LOAD_FLOAT(w);
            UNROLL for (int j = 0; j < (WIDE - 1) * S_X + K_X; j++) {
                const vec value = (vec)READ(from + j * X_PIXEL);
                UNROLL for (int kx = 0; kx < K_X; kx++)
                    if (j >= kx && (j - kx) % S_X == 0 && (j - kx) / S_X < WIDE)
                        sum[(j - kx) / S_X] = fma(value, weight[kx], sum[(j - kx) / S_X]);
            }
        }
    }
}

static inline vec larger(vec a, vec b)
{
    return a > b ? a : b;
}

/* `inside` of P pixels of a row of y; constant where a strip is whole, so that nothing is asked */
static inline void strip_store(const vec *done, __global elem *to, const struct vg_conv_sizes *s,
                               int inside)
{
    UNROLL for (int p = 0; p < P; p++)
        if (p < inside)
            STORE(activate(done[p], s->act_a, s->act_b), to + p * VG_BLOCK);
}

/* One strip of a row of the convolution; x: at its first tap, y, most: at the strip's first pixel of
 * the block */
static inline void strip_make(__global const elem *x, __global const float *w, vec bias,
                              __global elem *y, __local float *most, const struct vg_stem_sizes *t,
                              int line, int first, int stores)
{
    const struct vg_conv_sizes *s = &t->conv;
    const int inside = min(P, s->width - first);
    vec sum[WIDE], done[P];
    convolve(x, w, bias, s, sum);
    /* a column outside the convolution counts as minus infinity, so it may as well repeat its
     * neighbour, which the same windows hold */
    if (first == 0)
        sum[0] = sum[1];
    if (t->conv_width % 2 == 1)
        UNROLL for (int p = 0; p < P; p++)
            if (first + p == s->width - 1)
                sum[2 * p + 2] = sum[2 * p + 1];
    const int opens = line % 2; /* an odd line ends a row and opens the next */
    UNROLL for (int p = 0; p < P; p++) {
        const vec three = larger(larger(sum[2 * p], sum[2 * p + 1]), sum[2 * p + 2]);
        done[p] = larger(three, LOAD_FLOAT(most + p * VG_BLOCK));
        STORE_FLOAT(opens ? three : done[p], most + p * VG_BLOCK);
    }
    if (!stores)
        return;
    if (inside == P)
        strip_store(done, y, s, P);
    else
        strip_store(done, y, s, inside);
}

ALONE __kernel void conv_stem_pool(__global const elem *x, __global const float *w,
                                   __global elem *y, const struct vg_stem_sizes t,
                                   __local float *most)
{
    const struct vg_conv_sizes s = t.conv;
    const int row_first = (int)get_global_id(0) * t.rows_each;
    const int row_end = min(row_first + t.rows_each, s.height);
    const int picture = (int)get_global_id(2);
    const int across = (s.width + P - 1) / P * P, taps = K_Y * K_X * s.x_channels * VG_BLOCK;
    x += s.x.first + picture * s.x.picture - s.above * s.x.row - (S_X + s.left) * X_PIXEL;
    y += s.y.first + picture * s.y.picture;

    for (int p = 0; p < s.groups * across; p++)
        STORE_FLOAT((vec)-INFINITY, most + p * VG_BLOCK);
    const int line_end = min(2 * row_end, t.conv_height);
    for (int line = max(2 * row_first - 1, 0); line < line_end; line++) {
        const int row = line / 2;
        const int stores = (line % 2 || line == t.conv_height - 1) && row >= row_first;
        for (int block = 0; block < s.groups; block++) {
            const vec bias = LOAD_FLOAT(w + s.bias_first + block * VG_BLOCK);
            __global elem *y_row = y + block * s.y.plane + row * s.y.row;
            for (int first = 0; first < s.width; first += P)
                strip_make(x + line * S_Y * s.x.row + 2 * first * S_X * X_PIXEL,
                           w + s.w_first + block * taps, bias, y_row + first * VG_BLOCK,
                           most + (block * across + first) * VG_BLOCK, &t, line, first, stores);
            if (stores)
                halo_store(y_row, s.halo, row, s.height, 0, s.width, s.width, s.y.row);
        }
    }
}
