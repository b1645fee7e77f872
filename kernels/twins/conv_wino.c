/* Twin of kernels/conv_wino.cl: F(4x4, 3x3) as matrices, one tile of one channel at a time. */
#include "kernels/conv_weights.h"
#include "kernels/twins/twins.h"

static const double bt[6][6] = {{4, 0, -5, 0, 1, 0},  {0, -4, -4, 1, 1, 0}, {0, 4, -4, -1, 1, 0},
                                {0, -2, -1, 2, 1, 0}, {0, 2, -1, -2, 1, 0}, {0, 4, 0, -5, 0, 1}};
static const double at[4][6] = {
    {1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, -1, 8, -8, 1}};

/* adds (G g Gt) . (Bt d B) of one channel to m */
static void add_channel(const float *x, const struct vg_conv_sizes *s, vg_i32 corner,
                        const float kernel[9], double m[36])
{
    double u[36], half_way[36], v = 0;
    vg_conv_wino_kernel(kernel, u);
    for (vg_i32 i = 0; i < 36; i++) { /* Bt d */
        half_way[i] = 0;
        for (vg_i32 q = 0; q < 6; q++)
            half_way[i] += bt[i / 6][q] * (double)x[corner + q * s->x.row + i % 6 * VG_BLOCK];
    }
    for (vg_i32 i = 0; i < 36; i++, v = 0) {
        for (vg_i32 q = 0; q < 6; q++)
            v += half_way[i / 6 * 6 + q] * bt[i % 6][q];
        m[i] += u[i] * v;
    }
}

static void tile(const float *x, const struct vg_twin_conv *conv, float *y,
                 const struct vg_conv_sizes *s, vg_i32 picture, vg_i32 o, vg_i32 top, vg_i32 left)
{
    double m[36] = {0};
    if (o < conv->y_channels)
        for (vg_i32 i = 0; i < conv->x_channels; i++)
            add_channel(x, s, vg_area_at(&s->x, picture, i, top - 1, left - 1),
                        conv->weights + (o * conv->x_channels + i) * 9, m);
    for (vg_i32 i = 0; i < 16; i++) {
        const vg_i32 row = top + i / 4, column = left + i % 4;
        if (row >= s->height || column >= s->width)
            continue;
        double v = o < conv->y_channels ? (double)conv->bias[o] : 0.0;
        for (vg_i32 q = 0; q < 36; q++)
            v += at[i / 4][q / 6] * at[i % 4][q % 6] * m[q];
        y[vg_area_at(&s->y, picture, o, row, column)] = (float)(v > 0 ? v : v * (double)s->slope);
    }
}

void vg_twin_conv_wino(const float *x, const struct vg_twin_conv *conv, float *y,
                       const struct vg_conv_sizes *s)
{
    const vg_i32 lanes = (conv->y_channels + VG_BLOCK - 1) / VG_BLOCK * VG_BLOCK;
    for (vg_i32 picture = 0; picture < s->pictures; picture++)
        for (vg_i32 o = 0; o < lanes; o++)
            for (vg_i32 top = 0; top < s->height; top += 4)
                for (vg_i32 left = 0; left < s->width; left += 4)
                    tile(x, conv, y, s, picture, o, top, left);
}
