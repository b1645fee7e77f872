/* Direct convolution over bytes: exact integer sums, scaled, activated and rounded at the store.
 *
 *   sum[o][r][c] = sum over i, ky, kx of w[o][i][ky][kx] *
 *                  (x[i][r * S_Y + ky * D_Y - above][c * S_X + kx * D_X - left] - x zero)
 *   v            = act(sum * scale[o] + bias[o]), and x2's value where ADD says (conv_store.clh)
 *   y            = round(v / y step) + y zero, clamped to 0..255; or v itself
 *
 * The part of the zero point, -zero * (sum of w), is each sum's starting value; the halo of x
 * holds its zero point, so that padding adds nothing.
 * A work-item makes P pixels of a row by OB vectors of LANES channels, kept in registers. Four
 * channels of a pixel of x, one 32-bit word, are broadcast and multiplied by a vector of LANES x
 * 4 weights: one vpdpbusd (u8 by s8, four products a lane, no saturation).
 * x, x2    bytes, blocked layout (kernel_sizes.h); x may be the net's input, 4 bytes a pixel.
 * w        words: weights [group of OB vectors][four channels of x][ky][kx][OB][LANES][4 bytes];
 *          then a vector of starts (integers), of scales and of biases for each vector of y
 *          (int8_weights.h packs both).
 * y        bytes, or floats (OUT_FLOAT 1; its area then counts floats).
 * work     (ceil(width / P), height, groups * pictures), groups of one work-item.
 * Options  VNNI: 512 or 256, the width of the instruction; none: plain C with the same results.
 *          VEX: the 256-bit form of AVX-VNNI instead of that of AVX-512. LANES 8 with 256.
 *          TABLE 1: the place of each four channels of x, in bytes from x.first, stands in w.
 * Tunables P 1 to 26, OB 1 or 2: P * OB sums and OB + 2 more in the vector registers.
 * Cost     2 * K_Y * K_X * channels(x) * channels(y) * width * height operations.
 * Assumes  a halo of x wide enough for the last segment's reads; at most 33 000 products a sum. */
#include "kernel_sizes.h"
#include "int8.clh"

#ifndef P
#define P 13
#endif
#ifndef OB
#define OB 1
#endif
#include "int8_dot.clh"

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
#ifndef X_PIXEL
#define X_PIXEL VG_BLOCK
#endif
#ifndef ADD
#define ADD VG_ADD_CODE_NONE
#endif
#ifndef TABLE
#define TABLE 0
#endif
#ifndef OUT_FLOAT
#define OUT_FLOAT 0
#endif
#define ACT_WHOLE     (ACT == VG_ACT_CODE_LEAKY || ACT == VG_ACT_CODE_CLIP)
#define ACT_NOTHING_A (ACT == VG_ACT_CODE_CLIP ? -INFINITY : 1.0f)

#if ADD == VG_ADD_CODE_LINEAR
/* The pixels of x2 beside a pixel of y, above and below it: the left ones, and from them to the
 * right ones. Neighbours in y share them as a rule. */
struct beside {
    struct tap rows;
    int column; /* of the left ones; -1: none yet */
    reals above, above_step, below, below_step;
};

static inline reals between_beside(struct beside *from, __global const uchar *plane,
                                   const struct vg_int8_sizes *s, int column)
{
    const struct tap across = tap_of(column, s->across, s->x2_width);
    if (across.first != from->column) {
        __global const uchar *above = plane + from->rows.first * s->x2.row;
        __global const uchar *below = plane + from->rows.second * s->x2.row;
        from->column = across.first;
        from->above = TO_REALS(LOAD_BYTES(above + across.first * VG_BLOCK));
        from->below = TO_REALS(LOAD_BYTES(below + across.first * VG_BLOCK));
        from->above_step = TO_REALS(LOAD_BYTES(above + across.second * VG_BLOCK)) - from->above;
        from->below_step = TO_REALS(LOAD_BYTES(below + across.second * VG_BLOCK)) - from->below;
    }
    const reals above = fma(from->above_step, (reals)across.part, from->above);
    const reals below = fma(from->below_step, (reals)across.part, from->below);
    return fma(below - above, (reals)from->rows.part, above);
}
#elif ADD
static inline reals byte_at(__global const uchar *plane, const struct vg_int8_sizes *s, int row,
                            int column)
{
#if ADD == VG_ADD_CODE_NEAREST
    row = row * s->x2_height / s->height;
    column = column * s->x2_width / s->width;
#endif
    return TO_REALS(LOAD_BYTES(plane + row * s->x2.row + column * VG_BLOCK));
}
#endif

ALONE __kernel void conv_int8_x86(__global const uchar *x, __global const float *w,
                                  __global const uchar *x2, __global uchar *y,
                                  const struct vg_int8_sizes s)
{
    const int column = (int)get_global_id(0) * P;
    const int row = (int)get_global_id(1);
    const int group = (int)get_global_id(2) % s.groups;
    const int picture = (int)get_global_id(2) / s.groups;

    __global const float *lanes = w + s.lanes_first + group * OB * 3 * LANES;
    __global const int *words =
        (__global const int *)w + s.w_first + group * s.x_quads * K_Y * K_X * OB * LANES;
    x += s.x.first + picture * s.x.picture + (row * S_Y - s.above) * s.x.row +
         (column * S_X - s.left) * X_PIXEL;

    sums sum[OB * P];
    UNROLL for (int o = 0; o < OB; o++) {
        const sums start = LOAD_SUMS((__global const int *)lanes + o * 3 * LANES);
        UNROLL for (int p = 0; p < P; p++)
            sum[o * P + p] = start;
    }
    for (int quad = 0; quad < s.x_quads; quad++) {
#if TABLE
        __global const uchar *from = x + ((__global const int *)w)[s.table_first + quad];
#else
        __global const uchar *from = x + (quad >> 2) * s.x.plane + (quad & 3) * 4;
#endif
        for (int ky = 0; ky < K_Y; ky++, from += D_Y * s.x.row) {
            UNROLL for (int kx = 0; kx < K_X; kx++) {
                sums weight[OB];
                UNROLL for (int o = 0; o < OB; o++)
                    weight[o] = LOAD_SUMS(words + o * LANES);
                words += OB * LANES;
                UNROLL for (int p = 0; p < P; p++)
                    dot(sum + p, weight, from + (p * S_X + kx * D_X) * X_PIXEL);
            }
        }
    }

    const int inside = min(P, s.width - column);
    UNROLL for (int o = 0; o < OB; o++) {
        const int vector = group * OB + o, place = vector * LANES; /* the first channel */
        const int block = place / VG_BLOCK, lane = place % VG_BLOCK;
        const reals scale = LOAD_REALS(lanes + o * 3 * LANES + LANES);
        const reals bias = LOAD_REALS(lanes + o * 3 * LANES + 2 * LANES);
        /* where no activation is wanted, parameters that change nothing cost no test a value */
        const int active = vector < s.act_vectors;
        const float act_a = active ? s.act_a : ACT_NOTHING_A, act_b = active ? s.act_b : INFINITY;
        const int at = s.y.first + picture * s.y.picture + block * s.y.plane + row * s.y.row + lane;
#if OUT_FLOAT
        __global float *y_row = (__global float *)y + at;
#else
        __global uchar *y_row = y + at;
#endif
#if ADD
        __global const uchar *plane =
            x2 + s.x2.first + picture * s.x2.picture + block * s.x2.plane + lane;
#endif
#if ADD == VG_ADD_CODE_LINEAR
        struct beside beside = {tap_of(row, s.down, s.x2_height), -1, 0, 0, 0, 0};
#endif
        UNROLL for (int p = 0; p < P; p++) {
            reals v = fma(TO_REALS(sum[o * P + p]), scale, bias);
#if ADD == VG_ADD_CODE_LINEAR
            const reals byte = between_beside(&beside, plane, &s, min(column + p, s.width - 1));
#elif ADD
            const reals byte = byte_at(plane, &s, row, min(column + p, s.width - 1));
#endif
#if ADD
            const reals term = byte - (float)s.x2_zero;
#endif
#if ADD == VG_ADD_CODE_BEFORE
            v = fma(term, (reals)s.x2_step, v);
#endif
            v = ACT_WHOLE || active ? activate(v, act_a, act_b) : v;
#if ADD > VG_ADD_CODE_BEFORE
            v = fma(term, (reals)s.x2_step, v);
#endif
            if (p >= inside)
                continue;
#if OUT_FLOAT
            STORE_REALS(v, y_row + (column + p) * VG_BLOCK);
#else
            STORE_BYTES(to_bytes(v, s.y_per_unit, s.y_zero), y_row + (column + p) * VG_BLOCK);
#endif
        }
#if OUT_FLOAT
        halo_reals(y_row, s.halo, row, s.height, column, column + inside, s.width, s.y.row);
#else
        halo_bytes(y_row, s.halo, row, s.height, column, column + inside, s.width, s.y.row,
                   s.y_zero);
#endif
    }
}
