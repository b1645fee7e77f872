/* 3x3 convolution with stride 1 by Winograd's F(4x4, 3x3), all three steps in one kernel,
 * bias and leaky slope at the store. 2.25 multiplications a value instead of 9.
 *
 *   Y = At [ (G g Gt) . (Bt d B) ] A      d: 6x6 window of x, Y: 4x4 tile of y
 *
 * with Bt and At as written out below, and G on the host (conv_weights.c).
 * Source: A. Lavin, S. Gray, "Fast algorithms for convolutional neural networks", 2015.
 *
 * A work-item takes P tiles, counted in row order through the whole batch: it transforms
 * their windows for all blocks of x into `scratch`, then for each group of OB blocks of y
 * makes the 36 products and at once the tiles. The transformed input stays in the core's
 * cache.
 * x, y     blocked layout (kernel_sizes.h).
 * w        [group of OB blocks][36][channel of x][OB * 16]; the bias in the same buffer.
 * scratch  36 * 16 * P * (x_blocks + OB) floats of local memory:
 *          [36][block of x][P][16] for Bt d B, then [OB][P][36][16] for the products.
 * work     (ceil(tiles * pictures / P), ceil(groups / groups_each)), groups of one work-item.
 *          Several parts of the groups each make the input's transform again.
 * Tunables P 1 to 16, OB 1 or 2: P * OB accumulators, as for conv_direct; scratch should stay
 *          under the core's second-level cache.
 * Cost     2 * 36 * channels(x) * channels(y) * tiles operations, and the transforms.
 * Assumes  a halo of zeros of 1 on the left and above, and on the right and below up to a
 *          whole window (plan.c). */
#include "kernel_sizes.h"
#include "vector.clh"

#ifndef P
#define P 13
#endif
#ifndef OB
#define OB 2
#endif
#define SIDE   4
#define WINDOW 6
#define POINTS 36

/* out[0..5] = Bt in[0..5], with strides */
static inline void window_in(vec *out, int out_step, const vec *in, int in_step)
{
    const vec d0 = in[0], d1 = in[in_step], d2 = in[2 * in_step];
    const vec d3 = in[3 * in_step], d4 = in[4 * in_step], d5 = in[5 * in_step];
    const vec a = fma((vec)-4.0f, d2, d4), b = fma((vec)-4.0f, d1, d3);
    const vec c = d4 - d2, e = (d3 - d1) * 2.0f;
    out[0] = fma((vec)4.0f, d0, fma((vec)-5.0f, d2, d4));
    out[out_step] = a + b;
    out[2 * out_step] = a - b;
    out[3 * out_step] = c + e;
    out[4 * out_step] = c - e;
    out[5 * out_step] = fma((vec)4.0f, d1, fma((vec)-5.0f, d3, d5));
}

/* out[0..3] = At in[0..5] */
static inline void tile_out(vec *out, int out_step, const vec *in, int in_step)
{
    const vec m0 = in[0], m5 = in[5 * in_step];
    const vec a = in[in_step] + in[2 * in_step], b = in[in_step] - in[2 * in_step];
    const vec c = in[3 * in_step] + in[4 * in_step], d = in[3 * in_step] - in[4 * in_step];
    out[0] = m0 + a + c;
    out[out_step] = fma((vec)2.0f, d, b);
    out[2 * out_step] = fma((vec)4.0f, c, a);
    out[3 * out_step] = fma((vec)8.0f, d, b) + m5;
}

/* the window at x of one block: Bt d B, point i to scratch + i * step */
static inline void transform_in(__global const float *x, int row, __local float *scratch, int step)
{
    vec half_way[POINTS], point[POINTS];
    UNROLL for (int j = 0; j < WINDOW; j++) {
        vec d[WINDOW];
        UNROLL for (int i = 0; i < WINDOW; i++)
            d[i] = LOAD(x + i * row + j * VG_BLOCK);
        window_in(half_way + j, WINDOW, d, 1);
    }
    UNROLL for (int i = 0; i < WINDOW; i++)
        window_in(point + i * WINDOW, 1, half_way + i * WINDOW, 1);
    UNROLL for (int i = 0; i < POINTS; i++)
        STORE(point[i], scratch + i * step);
}

/* one point of P tiles by OB blocks, over all channels of x */
static inline void multiply(__local const float *v, __global const float *w, int blocks,
                            __local float *product)
{
    vec sum[OB][P];
    UNROLL for (int o = 0; o < OB; o++)
        UNROLL for (int p = 0; p < P; p++)
            sum[o][p] = (vec)0.0f;
    for (int block = 0; block < blocks; block++, v += P * VG_BLOCK) {
        for (int lane = 0; lane < VG_BLOCK; lane++, w += OB * VG_BLOCK) {
            vec weight[OB];
            UNROLL for (int o = 0; o < OB; o++)
                weight[o] = LOAD(w + o * VG_BLOCK);
            UNROLL for (int p = 0; p < P; p++) {
                const vec value = (vec)v[p * VG_BLOCK + lane];
                UNROLL for (int o = 0; o < OB; o++)
                    sum[o][p] = fma(value, weight[o], sum[o][p]);
            }
        }
    }
    UNROLL for (int o = 0; o < OB; o++)
        UNROLL for (int p = 0; p < P; p++)
            STORE(sum[o][p], product + (o * P + p) * POINTS * VG_BLOCK);
}

/* one tile of one block: At M A, bias, slope, stored where it lies inside y */
static inline void transform_out(__local const float *product, vec bias, float slope,
                                 __global float *y, int row, int columns_left, int rows_left)
{
    vec half_way[SIDE * WINDOW], line[SIDE];
    UNROLL for (int j = 0; j < WINDOW; j++) {
        vec m[WINDOW];
        UNROLL for (int i = 0; i < WINDOW; i++)
            m[i] = LOAD(product + (i * WINDOW + j) * VG_BLOCK);
        tile_out(half_way + j, WINDOW, m, 1);
    }
    UNROLL for (int i = 0; i < SIDE; i++) {
        tile_out(line, 1, half_way + i * WINDOW, 1);
        UNROLL for (int j = 0; j < SIDE; j++) {
            const vec v = line[j] + bias;
            if (i < rows_left && j < columns_left)
                STORE(v > 0.0f ? v : v * slope, y + i * row + j * VG_BLOCK);
        }
    }
}

ALONE __kernel void conv_wino(__global const float *x, __global const float *w,
                              __global float *y, const struct vg_conv_sizes s,
                              __local float *scratch)
{
    const int first = (int)get_global_id(0) * P;
    const int count = min(P, s.tiles * s.pictures - first);
    const int group_first = (int)get_global_id(1) * s.groups_each;
    const int group_end = min(group_first + s.groups_each, s.groups);
    __local float *product = scratch + POINTS * s.x_blocks * P * VG_BLOCK;

    for (int p = 0; p < P; p++) {
        /* beyond the last tile: that one again, so that the products stay numbers */
        const int tile = first + min(p, count - 1);
        const int at = tile % s.tiles;
        __global const float *from = x + s.x.first + tile / s.tiles * s.x.picture +
                                     (at / s.tiles_across * SIDE - 1) * s.x.row +
                                     (at % s.tiles_across * SIDE - 1) * VG_BLOCK;
        for (int block = 0; block < s.x_blocks; block++)
            transform_in(from + block * s.x.plane, s.x.row,
                         scratch + (block * P + p) * VG_BLOCK, s.x_blocks * P * VG_BLOCK);
    }

    for (int group = group_first; group < group_end; group++) {
        for (int i = 0; i < POINTS; i++)
            multiply(scratch + i * s.x_blocks * P * VG_BLOCK,
                     w + s.w_first + (group * POINTS + i) * s.x_blocks * VG_BLOCK * OB * VG_BLOCK,
                     s.x_blocks, product + i * VG_BLOCK);
        for (int o = 0; o < OB; o++) {
            const vec bias = LOAD(w + s.bias_first + (group * OB + o) * VG_BLOCK);
            for (int p = 0; p < count; p++) {
                const int at = (first + p) % s.tiles;
                const int row = at / s.tiles_across * SIDE;
                const int column = at % s.tiles_across * SIDE;
                transform_out(product + (o * P + p) * POINTS * VG_BLOCK, bias, s.slope,
                              y + s.y.first + (first + p) / s.tiles * s.y.picture +
                                  (group * OB + o) * s.y.plane + row * s.y.row +
                                  column * VG_BLOCK,
                              s.y.row, s.width - column, s.height - row);
            }
        }
    }
}
