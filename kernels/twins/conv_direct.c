/* Twin of kernels/conv_direct.cl. */
#include "kernels/twins/twins.h"

static double at(const float *x, const struct vg_conv_sizes *s, vg_i32 picture, vg_i32 c,
                 vg_i32 row, vg_i32 column)
{
    if (s->x_pixel == VG_BLOCK)
        return (double)x[vg_area_at(&s->x, picture, c, row, column)];
    return (
        double)x[s->x.first + picture * s->x.picture + row * s->x.row + column * s->x_pixel + c];
}

static double sum_at(const float *x, const struct vg_twin_conv *conv, const struct vg_conv_sizes *s,
                     vg_i32 picture, vg_i32 o, vg_i32 row, vg_i32 column)
{
    double sum = (double)conv->bias[o];
    const float *w = conv->weights + o * conv->x_channels * conv->side * conv->side;
    for (vg_i32 i = 0; i < conv->x_channels; i++)
        for (vg_i32 ky = 0; ky < conv->side; ky++)
            for (vg_i32 kx = 0; kx < conv->side; kx++)
                sum += (double)*w++ * at(x, s, picture, i, row * conv->stride + ky - s->pad,
                                         column * conv->stride + kx - s->pad);
    return sum;
}

void vg_twin_conv_direct(const float *x, const struct vg_twin_conv *conv, float *y,
                         const struct vg_conv_sizes *s)
{
    const vg_i32 lanes = (conv->y_channels + VG_BLOCK - 1) / VG_BLOCK * VG_BLOCK;
    for (vg_i32 picture = 0; picture < s->pictures; picture++)
        for (vg_i32 o = 0; o < lanes; o++)
            for (vg_i32 row = 0; row < s->height; row++)
                for (vg_i32 column = 0; column < s->width; column++) {
                    const double v =
                        o < conv->y_channels ? sum_at(x, conv, s, picture, o, row, column) : 0.0;
                    y[vg_area_at(&s->y, picture, o, row, column)] =
                        (float)(v > 0 ? v : v * (double)s->slope);
                }
}
