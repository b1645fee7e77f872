/* Twin of kernels/conv_wino_mul.cl: the products with G g Gt, and At M A as matrices. */
#include "kernels/conv_weights.h"
#include "kernels/twins/conv_twin.h"

static const double at[4][6] = {
    {1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, -1, 8, -8, 1}};

void vg_twin_wino_product(const struct vg_twin_conv *conv, const struct vg_conv_sizes *s, vg_i32 o,
                          vg_i32 c, const double v[36], double m[36])
{
    double u[36];
    vg_conv_wino_kernel(conv->weights + (o * s->x_channels + c) * 9, 4, u);
    for (vg_i32 i = 0; i < 36; i++)
        m[i] += u[i] * v[i];
}

void vg_twin_wino_tile(const double m[36], const struct vg_twin_conv *conv, float *y,
                       const struct vg_conv_sizes *s, vg_i32 picture, vg_i32 o, vg_i32 top,
                       vg_i32 left)
{
    for (vg_i32 i = 0; i < 16; i++) {
        const vg_i32 row = top + i / 4, column = left + i % 4;
        if (row >= s->height || column >= s->width)
            continue;
        double v = o < s->y_channels ? (double)conv->bias[o] : 0.0;
        for (vg_i32 q = 0; q < 36; q++)
            v += at[i / 4][q / 6] * at[i % 4][q % 6] * m[q];
        vg_twin_conv_store(v, conv, y, s, picture, o, row, column);
    }
}

void vg_twin_conv_wino_mul(const float *scratch, const struct vg_twin_conv *conv, float *y,
                           const struct vg_conv_sizes *s)
{
    vg_twin_conv_clear(conv, y, s);
    for (vg_i32 n = 0; n < s->tiles * s->pictures; n++) {
        const vg_i32 top = n % s->tiles / s->tiles_across * 4;
        const vg_i32 left = n % s->tiles % s->tiles_across * 4;
        for (vg_i32 o = 0; o < vg_twin_conv_lanes(conv, s); o++) {
            double m[36] = {0}, v[36];
            for (vg_i32 c = 0; o < s->y_channels && c < s->x_channels; c++) {
                for (vg_i32 i = 0; i < 36; i++)
                    v[i] = (double)scratch[vg_twin_wino_at(conv, s, n, i, c)];
                vg_twin_wino_product(conv, s, o, c, v, m);
            }
            vg_twin_wino_tile(m, conv, y, s, n / s->tiles, o, top, left);
        }
    }
}
