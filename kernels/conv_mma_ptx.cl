/* Dense convolution by NVIDIA's matrix instruction, 1x1 and larger windows, halves in, sums in
 * 32 bits: the same product of matrices as conv_tile.cl (formula and pixels there), where 32
 * work-items, a warp, hold a tile of P pixels by OB blocks of y in their registers.
 *
 *   mma.m16n8k16   D (16 x 8, floats) += A (16 x 16, halves) * B (16 x 8, halves)
 *
 * A: 16 pixels by the 16 channels of a block of x; B: these channels to 8 of y. Work-item 4 g + t of
 * the warp holds, by the instruction's definition (r: number of the register, of two halves)
 *
 *   A  rows g (r 0, 2) and g + 8 (r 1, 3), columns 2t, 2t+1 (r 0, 1) and 2t+8, 2t+9 (r 2, 3)
 *   B  rows 2t, 2t+1 (r 0) and 2t+8, 2t+9 (r 1), column g
 *   D  rows g (0, 1) and g + 8 (2, 3), columns 2t, 2t+1
 *
 * The order of the channels inside a product is free. With rows 2t, 2t+1, 2t+8, 2t+9 standing for
 * channels 4t to 4t+3 of x, a work-item's A of one pixel is 8 bytes as they lie in memory; with
 * columns 2t, 2t+1 of two products standing for channels 4t to 4t+3 of y, its D of one pixel is a
 * vector to be stored. conv_weights.c puts the weights in the order of B. So nothing is exchanged
 * and no local memory used; the groups' warps share weights through the first-level cache.
 * Source: PTX ISA, "Matrix Fragments for mma.m16n8k16 with floating point type".
 *
 * x, y, x2 blocked layout (kernel_sizes.h) in halves, blocks of 16. All lanes of x's last block are
 *          read and meet weights of 0.
 * w        halves [group of OB blocks][block of x][ky][kx][block][32 work-items][8]; the bias, in
 *          floats, in the same buffer. Both with zeros where y has no channel.
 * work     (tiles * 128, groups of OB blocks), groups of 4 warps; a tile is 4 * P pixels.
 * Tunables P 16, 32 or 64, OB 1, 2 or 4: P * OB / 2 accumulators a work-item.
 * Cost     2 * K_Y * K_X * channels(x) * channels(y) * pixels operations, of whole blocks.
 * Assumes  a halo of zeros in x (vg_conv_reach); sm_80 or later. Used only where the probe at the
 *          start found the results right (mma_probe.h).
 * EMULATE=1: the instruction in plain code over local memory, for any device: it proves all of the
 * above but the instruction itself. */
#undef HALF_STORAGE
#define HALF_STORAGE 1
#define SPREAD 1
#include "kernel_sizes.h"
#include "vector.clh"
#include "conv_store.clh"
#include "conv_pixels.clh"

#ifndef P
#define P 32
#endif
#ifndef OB
#define OB 4
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
#ifndef EMULATE
#define EMULATE 0
#endif
#define TAPS  (K_Y * K_X)
#define TILES (P / 16) /* of 16 pixels */
#define WARP  32
#define WARPS (VG_MMA_GROUP_ITEMS / WARP)

#if EMULATE
/* of one warp: A and B of all its work-items */
struct exchange {
    uint a[WARP * 4], b[WARP * 2];
};

static inline float half_of(const __local uint *words, int word, int which)
{
    return vload_half(which, (const __local half *)(words + word));
}

static inline void mma(float d[4], uint4 a, uint2 b, __local struct exchange *exchange)
{
    const int item = (int)get_local_id(0) % WARP, g = item / 4, t = item % 4;
    exchange->a[item * 4] = a.x;
    exchange->a[item * 4 + 1] = a.y;
    exchange->a[item * 4 + 2] = a.z;
    exchange->a[item * 4 + 3] = a.w;
    exchange->b[item * 2] = b.x;
    exchange->b[item * 2 + 1] = b.y;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int i = 0; i < 4; i++) {
        const int row = g + i / 2 * 8, column = 2 * t + i % 2;
        for (int k = 0; k < 16; k++) {
            const int holder = k % 8 / 2; /* t of who holds it */
            d[i] += half_of(exchange->a, (row % 8 * 4 + holder) * 4 + row / 8 + k / 8 * 2, k % 2) *
                    half_of(exchange->b, (column * 4 + holder) * 2 + k / 8, k % 2);
        }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
}
#else
struct exchange {
    uint none;
};

static inline void mma(float d[4], uint4 a, uint2 b, __local struct exchange *exchange)
{
    (void)exchange;
    float d0 = d[0], d1 = d[1], d2 = d[2], d3 = d[3];
    const uint a0 = a.x, a1 = a.y, a2 = a.z, a3 = a.w, b0 = b.x, b1 = b.y;
    __asm__ volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
                     "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                     : "+f"(d0), "+f"(d1), "+f"(d2), "+f"(d3)
                     : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
    d[0] = d0;
    d[1] = d1;
    d[2] = d2;
    d[3] = d3;
}
#endif

__attribute__((reqd_work_group_size(VG_MMA_GROUP_ITEMS, 1, 1))) __kernel void
conv_mma_ptx(__global const elem *x, __global const float *w, __global const elem *x2,
             __global elem *y, const struct vg_conv_sizes s)
{
    __local struct exchange exchange[WARPS];
    const int warp = (int)get_local_id(0) / WARP, item = (int)get_local_id(0) % WARP;
    const int g = item / 4, lane = item % 4 * 4; /* lane: first of the four channels, x's and y's */
    const int first = ((int)get_group_id(0) * WARPS + warp) * P;
    const int block_first = (int)get_group_id(1) * OB;
    const int slabs = (s.x_channels + VG_BLOCK - 1) / VG_BLOCK * TAPS;

    int from[TILES][2]; /* pixels g and g + 8 of each 16 */
    UNROLL for (int m = 0; m < TILES; m++)
        UNROLL for (int h = 0; h < 2; h++) {
            const struct place place = place_of(first + m * 16 + h * 8 + g, &s);
            from[m][h] = place.picture * s.x.picture + (place.row * S_Y - s.above) * s.x.row +
                         (place.column * S_X - s.left) * VG_BLOCK + lane;
        }
    x += s.x.first;
    __global const uint4 *weight =
        (__global const uint4 *)(w + s.w_first) + (int)get_group_id(1) * slabs * OB * WARP + item;

    float sum[TILES][OB][2][4]; /* [..][..][product][value] */
    UNROLL for (int o = 0; o < OB; o++) {
        const vec bias = LOAD_FLOAT(w + s.bias_first + (block_first + o) * VG_BLOCK + lane);
        UNROLL for (int m = 0; m < TILES; m++) {
            sum[m][o][0][0] = sum[m][o][0][2] = bias.s0;
            sum[m][o][0][1] = sum[m][o][0][3] = bias.s1;
            sum[m][o][1][0] = sum[m][o][1][2] = bias.s2;
            sum[m][o][1][1] = sum[m][o][1][3] = bias.s3;
        }
    }
    for (int slab = 0; slab < slabs; slab++, weight += OB * WARP) {
        const int tap = slab % TAPS;
        __global const elem *at =
            x + slab / TAPS * s.x.plane + tap / K_X * D_Y * s.x.row + tap % K_X * D_X * VG_BLOCK;
        uint4 a[TILES];
        UNROLL for (int m = 0; m < TILES; m++) {
            const uint2 upper = *(__global const uint2 *)(at + from[m][0]);
            const uint2 lower = *(__global const uint2 *)(at + from[m][1]);
            a[m] = (uint4)(upper.x, lower.x, upper.y, lower.y);
        }
        UNROLL for (int o = 0; o < OB; o++) {
            const uint4 b = weight[o * WARP];
            UNROLL for (int m = 0; m < TILES; m++) {
                mma(sum[m][o][0], a[m], b.xy, &exchange[warp]);
                mma(sum[m][o][1], a[m], b.zw, &exchange[warp]);
            }
        }
    }

    const int pixels = s.width * s.height * s.pictures;
    const int blocks = (s.y_channels + VG_BLOCK - 1) / VG_BLOCK;
    UNROLL for (int m = 0; m < TILES; m++)
        UNROLL for (int h = 0; h < 2; h++) {
            const int n = first + m * 16 + h * 8 + g;
            const struct place at = place_of(n, &s);
            UNROLL for (int o = 0; o < OB; o++)
                if (n < pixels && block_first + o < blocks)
                    value_store((vec)(sum[m][o][0][2 * h], sum[m][o][0][2 * h + 1],
                                      sum[m][o][1][2 * h], sum[m][o][1][2 * h + 1]),
                                at, (block_first + o) * VG_BLOCK + lane, x2, y, &s);
        }
}
