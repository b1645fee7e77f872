/* Direct convolution with bias: any window, stride and dilation, one group.
 *
 *   y[o][r][q] = finish(bias[o] + sum over i, ky, kx of
 *                       w[o][i][ky][kx] * x[i][r * S_Y + ky * D_Y - above][q * S_X + kx * D_X - left])
 *
 * with finish (activation, sum with x2) of conv_store.clh. A work-item makes P pixels of a row by
 * OB blocks of channels, kept in registers: each weight vector is loaded once for P pixels, each
 * value of x once for OB blocks.
 * x, y, x2 blocked layout (kernel_sizes.h); x may be the net's input, X_PIXEL 4 values a pixel. Of
 *          x's last block only the channels that exist are read. TABLE=1: the channels of x lie
 *          anywhere, channel i at x.first + table[i]; a concat, split or channel shuffle before
 *          this convolution is then only addresses. All of them have x's row stride.
 * w        [group of OB blocks][block of x][ky][channel of the block][kx][OB * VG_BLOCK], read
 *          straight on; the bias, VG_BLOCK floats a block of y, and the table in the same buffer.
 * work     (ceil(width / P), height, groups * pictures), groups of one work-item; with
 *          GROUP_FIRST=1 (groups, ceil(width / P), height * pictures): where x is larger than the
 *          weights, its pixels are read once from far and then again from the nearest cache.
 * Tunables P 1 to 26, OB 1, 2 or 4: P * OB accumulators should fit the vector registers,
 *          13x1 and 13x2 with 32 registers of 16 floats, 6x1 with 16 of 8.
 * Cost     2 * K_Y * K_X * channels(x) * channels(y) * width * height operations.
 * Assumes  a halo of zeros in x that vg_conv_reach tells: the last segment of a row computes pixels
 *          beyond the width too, and does not store them. fma() because mad() is left as two
 *          operations by some compilers; constant bounds and strides so that all addresses of a
 *          tile are one register and a displacement. */
#include "kernel_sizes.h"
#include "vector.clh"
#include "conv_store.clh"

#ifndef P
#define P 13
#endif
#ifndef OB
#define OB 1
#endif
#ifndef K_Y
#define K_Y 3
#define K_X 3
#endif
#ifndef S_Y
#define S_Y 1
#define S_X 1
#endif
#ifndef D_Y
#define D_Y 1
#define D_X 1
#endif
#ifndef X_PIXEL
#define X_PIXEL VG_BLOCK
#endif
#ifndef TABLE
#define TABLE 0
#endif
#ifndef GROUP_FIRST
#define GROUP_FIRST 0
#endif
#define SOON        512 /* floats of weights ahead of their use */
#define PIXELS_READ ((P - 1) * S_X + (K_X - 1) * D_X + 1)

/* A row's pixels in the next block of x, some of them with each of the VG_BLOCK lanes: planes are
 * far apart, where no processor looks by itself. */
#if X_PIXEL == VG_BLOCK && !TABLE
#define FETCH_PIXELS(p, lane)                                                                      \
    UNROLL for (int q = 0; q < PIXELS_READ; q += VG_BLOCK)                                         \
        FETCH_SOON((p) + (q + (lane)) * VG_BLOCK)
#else
#define FETCH_PIXELS(p, lane)
#endif

/* `inside` of P pixels of a row; constant where a segment is whole, so that nothing is asked */
static inline void segment_store(const vec *done, __global elem *to, const struct store *store,
                                 const struct vg_conv_sizes *s, int row, int column, int inside)
{
    STORE_LOOP for (int p = 0; p < P; p++)
        if (p < inside)
            STORE(finish(done[p], store, s, row, column + p), to + p * VG_BLOCK);
}

ALONE __kernel void conv_direct(__global const elem *x, __global const float *w,
                                __global const elem *x2, __global elem *y,
                                const struct vg_conv_sizes s)
{
#if GROUP_FIRST
    const int group = (int)get_global_id(0);
    const int column = (int)get_global_id(1) * P;
    const int row = (int)get_global_id(2) % s.height;
    const int picture = (int)get_global_id(2) / s.height;
#else
    const int column = (int)get_global_id(0) * P;
    const int row = (int)get_global_id(1);
    const int group = (int)get_global_id(2) % s.groups;
    const int picture = (int)get_global_id(2) / s.groups;
#endif

#if TABLE
    __global const int *table = (__global const int *)w + s.table_first;
#endif
    __global const float *bias = w + s.bias_first + group * OB * VG_BLOCK;
    w += s.w_first + group * s.x_channels * K_Y * K_X * OB * VG_BLOCK;
    x += s.x.first + picture * s.x.picture + (row * S_Y - s.above) * s.x.row +
         (column * S_X - s.left) * X_PIXEL;

    vec sum[OB][P];
    UNROLL for (int o = 0; o < OB; o++) {
        const vec b = LOAD_FLOAT(bias + o * VG_BLOCK);
        UNROLL for (int p = 0; p < P; p++)
            sum[o][p] = b;
    }
    for (int first = 0; first < s.x_channels; first += VG_BLOCK) {
        const int lanes = min(VG_BLOCK, s.x_channels - first);
        for (int ky = 0; ky < K_Y; ky++) {
#if TABLE
            __global const elem *window = x + ky * D_Y * s.x.row;
#else
            __global const elem *from = x + first / VG_BLOCK * s.x.plane + ky * D_Y * s.x.row;
#endif
            for (int lane = 0; lane < lanes; lane++) {
#if TABLE
                __global const elem *from = window + table[first + lane];
#endif
                UNROLL for (int kx = 0; kx < K_X; kx++) {
                    vec weight[OB];
                    UNROLL for (int o = 0; o < OB; o++) {
                        weight[o] = LOAD_FLOAT(w + o * VG_BLOCK);
                        FETCH_SOON(w + o * VG_BLOCK + SOON);
                    }
                    w += OB * VG_BLOCK;
                    UNROLL for (int p = 0; p < P; p++) {
                        const vec value = (vec)READ(from + (p * S_X + kx * D_X) * X_PIXEL);
                        UNROLL for (int o = 0; o < OB; o++)
                            sum[o][p] = fma(value, weight[o], sum[o][p]);
                    }
                }
#if !TABLE
                FETCH_PIXELS(from + s.x.plane, lane);
                from++;
#endif
            }
        }
    }

    /* a copy: the sums themselves stay in registers even where STORE_LOOP is not unrolled */
    vec done[OB][P];
    UNROLL for (int o = 0; o < OB; o++)
        UNROLL for (int p = 0; p < P; p++)
            done[o][p] = sum[o][p];
    const int inside = min(P, s.width - column);
    STORE_LOOP for (int o = 0; o < OB; o++) {
        const int block = group * OB + o;
        struct store store;
        store_begin(&store, x2 + s.x2.first + picture * s.x2.picture + block * s.x2.plane, &s,
                    block < s.act_blocks);
        __global elem *y_row =
            y + s.y.first + picture * s.y.picture + block * s.y.plane + row * s.y.row;
        if (inside == P)
            segment_store(done[o], y_row + column * VG_BLOCK, &store, &s, row, column, P);
        else
            segment_store(done[o], y_row + column * VG_BLOCK, &store, &s, row, column, inside);
        halo_store(y_row, s.halo, row, s.height, column, column + inside, s.width, s.y.row);
    }
}
