/* Twins of kernels/conv_wino.cl and of its halves: F(4x4, 3x3) as matrices, one tile of one
 * channel at a time. */
#include "kernels/conv_weights.h"
#include "kernels/twins/conv_twin.h"

static const double bt[6][6] = {{4, 0, -5, 0, 1, 0},  {0, -4, -4, 1, 1, 0}, {0, 4, -4, -1, 1, 0},
                                {0, -2, -1, 2, 1, 0}, {0, 2, -1, -2, 1, 0}, {0, 4, 0, -5, 0, 1}};
static const double at[4][6] = {
    {1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, -1, 8, -8, 1}};

/* Bt d B of channel c, where y's tile begins at (top, left) */
static void window(const float *x, const struct vg_twin_conv *conv, const struct vg_conv_sizes *s,
                   vg_i32 picture, vg_i32 c, vg_i32 top, vg_i32 left, double v[36])
{
    double half_way[36];
    for (vg_i32 i = 0; i < 36; i++) { /* Bt d */
        half_way[i] = 0;
        for (vg_i32 q = 0; q < 6; q++)
            half_way[i] += bt[i / 6][q] * vg_twin_conv_x(x, conv, s, picture, c, top + q - s->above,
                                                         left + i % 6 - s->left);
    }
    for (vg_i32 i = 0; i < 36; i++) {
        v[i] = 0;
        for (vg_i32 q = 0; q < 6; q++)
            v[i] += half_way[i / 6 * 6 + q] * bt[i % 6][q];
    }
}

static void tile(const float *x, const struct vg_twin_conv *conv, float *y,
                 const struct vg_conv_sizes *s, vg_i32 picture, vg_i32 o, vg_i32 top, vg_i32 left)
{
    const vg_i32 real = o < s->y_channels;
    double m[36] = {0};
    for (vg_i32 c = 0; real && c < s->x_channels; c++) {
        double u[36], v[36];
        vg_conv_wino_kernel(conv->weights + (o * s->x_channels + c) * 9, u);
        window(x, conv, s, picture, c, top, left, v);
        for (vg_i32 i = 0; i < 36; i++)
            m[i] += u[i] * v[i];
    }
    for (vg_i32 i = 0; i < 16; i++) {
        const vg_i32 row = top + i / 4, column = left + i % 4;
        if (row >= s->height || column >= s->width)
            continue;
        double v = real ? (double)conv->bias[o] : 0.0;
        for (vg_i32 q = 0; q < 36; q++)
            v += at[i / 4][q / 6] * at[i % 4][q % 6] * m[q];
        vg_twin_conv_store(v, conv, y, s, picture, o, row, column);
    }
}

void vg_twin_conv_wino(const float *x, const struct vg_twin_conv *conv, float *y,
                       const struct vg_conv_sizes *s)
{
    vg_twin_conv_clear(conv, y, s);
    for (vg_i32 picture = 0; picture < s->pictures; picture++)
        for (vg_i32 o = 0; o < vg_twin_conv_lanes(conv, s); o++)
            for (vg_i32 top = 0; top < s->height; top += 4)
                for (vg_i32 left = 0; left < s->width; left += 4)
                    tile(x, conv, y, s, picture, o, top, left);
}

void vg_twin_conv_wino_in(const float *x, const struct vg_twin_conv *conv, float *scratch,
                          const struct vg_conv_sizes *s)
{
    const vg_i32 p = (vg_i32)conv->build->tile.pixels, block = (vg_i32)conv->build->block;
    const vg_i32 all = s->tiles * s->pictures;
    for (vg_i32 n = 0; n < (all + p - 1) / p * p; n++) {
        const vg_i32 number = n < all ? n : all - 1, in_picture = number % s->tiles;
        for (vg_i32 c = 0; c < s->x_blocks * block; c++) {
            double v[36];
            window(x, conv, s, number / s->tiles, c, in_picture / s->tiles_across * 4,
                   in_picture % s->tiles_across * 4, v);
            for (vg_i32 i = 0; i < 36; i++)
                scratch[(((n / p * 36 + i) * s->x_blocks + c / block) * p + n % p) * block +
                        c % block] = (float)v[i];
        }
    }
}
