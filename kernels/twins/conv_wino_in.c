/* Twin of kernels/conv_wino_in.cl: Bt d B as matrices. */
#include "kernels/twins/conv_twin.h"

static const double bt[6][6] = {{4, 0, -5, 0, 1, 0},  {0, -4, -4, 1, 1, 0}, {0, 4, -4, -1, 1, 0},
                                {0, -2, -1, 2, 1, 0}, {0, 2, -1, -2, 1, 0}, {0, 4, 0, -5, 0, 1}};

void vg_twin_wino_window(const float *x, const struct vg_twin_conv *conv,
                         const struct vg_conv_sizes *s, vg_i32 picture, vg_i32 c, vg_i32 top,
                         vg_i32 left, double v[36])
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

void vg_twin_conv_wino_in(const float *x, const struct vg_twin_conv *conv, float *scratch,
                          const struct vg_conv_sizes *s)
{
    const vg_i32 p = (vg_i32)conv->build->tile.pixels, block = (vg_i32)conv->build->block;
    const vg_i32 all = s->tiles * s->pictures;
    for (vg_i32 n = 0; n < (all + p - 1) / p * p; n++) {
        const vg_i32 number = n < all ? n : all - 1, at = number % s->tiles;
        for (vg_i32 c = 0; c < s->x_blocks * block; c++) {
            double v[36];
            vg_twin_wino_window(x, conv, s, number / s->tiles, c, at / s->tiles_across * 4,
                                at % s->tiles_across * 4, v);
            for (vg_i32 i = 0; i < 36; i++)
                scratch[vg_twin_wino_at(conv, s, n, i, c)] = (float)v[i];
        }
    }
}
