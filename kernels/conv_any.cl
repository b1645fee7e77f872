/* Convolution of any kind, the slow and sure way: any groups, window, stride, dilation, padding
 * and counts of channels. It needs no halo of x, since it tests bounds, and no packing: the last
 * resort and the reference on every device.
 *
 *   y[o][r][q] = finish(bias[o] + sum over i, ky, kx of w[o][i][ky][kx] *
 *                       x[part * X + i][r * S_Y + ky * D_Y - above][q * S_X + kx * D_X - left])
 *
 * for i below X = x_channels / parts, with part = o / (y_channels / parts), what lies outside x
 * being 0, and finish (activation, sum with x2) of conv_store.clh. A work-item makes a pixel of a
 * block of y.
 * x, y, x2 blocked layout (kernel_sizes.h); x may be the net's input, X_PIXEL 4 values a pixel.
 *          TABLE=1: the channels of x lie anywhere, channel i at x.first + table[i].
 * w        as the model has them, [y_channels][X][K_Y][K_X]; the bias, VG_BLOCK floats a block of
 *          y, and the table in the same buffer.
 * work     (width, height, groups * pictures), groups of one work-item; groups: blocks of y.
 * Cost     2 * K_Y * K_X * X operations for each value of y, none of them on vectors. */
#include "kernel_sizes.h"
#include "vector.clh"
#include "conv_store.clh"

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

/* the window at (top, left) of one channel of x, with its K_Y * K_X weights */
static inline float window_sum(__global const elem *x, __global const float *w,
                               const struct vg_conv_sizes *s, int top, int left)
{
    float sum = 0.0f;
    for (int ky = 0; ky < K_Y; ky++) {
        const int row = top + ky * D_Y;
        for (int kx = 0; kx < K_X; kx++) {
            const int column = left + kx * D_X;
            if (row >= 0 && row < s->x_height && column >= 0 && column < s->x_width)
                sum = fma(w[ky * K_X + kx], READ(x + row * s->x.row + column * X_PIXEL), sum);
        }
    }
    return sum;
}

ALONE __kernel void conv_any(__global const elem *x, __global const float *w,
                             __global const elem *x2, __global elem *y,
                             const struct vg_conv_sizes s)
{
    const int column = (int)get_global_id(0), row = (int)get_global_id(1);
    const int block = (int)get_global_id(2) % s.groups;
    const int picture = (int)get_global_id(2) / s.groups;
    const int x_each = s.x_channels / s.parts, y_each = s.y_channels / s.parts;
    x += s.x.first + picture * s.x.picture;
#if TABLE
    __global const int *table = (__global const int *)w + s.table_first;
#endif

    float sum[VG_BLOCK];
    STORE_FLOAT(LOAD_FLOAT(w + s.bias_first + block * VG_BLOCK), sum);
    for (int lane = 0; lane < VG_BLOCK; lane++) {
        const int o = block * VG_BLOCK + lane;
        if (o >= s.y_channels)
            break;
        for (int i = 0; i < x_each; i++) {
            const int c = o / y_each * x_each + i;
#if TABLE
            const int at = table[c];
#else
            const int at = c / VG_BLOCK * s.x.plane + c % VG_BLOCK;
#endif
            sum[lane] += window_sum(x + at, w + s.w_first + (o * x_each + i) * K_Y * K_X, &s,
                                    row * S_Y - s.above, column * S_X - s.left);
        }
    }

    struct store store;
    store_begin(&store, x2 + s.x2.first + picture * s.x2.picture + block * s.x2.plane, &s,
                block < s.act_blocks);
    y += s.y.first + picture * s.y.picture + block * s.y.plane + row * s.y.row;
    STORE(finish(LOAD_FLOAT(sum), &store, &s, row, column), y + column * VG_BLOCK);
    halo_store(y, s.halo, row, s.height, column, column + 1, s.width, s.y.row);
}
