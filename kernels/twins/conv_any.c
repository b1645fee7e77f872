/* Twin of kernels/conv_any.cl. */
#include "kernels/twins/conv_twin.h"

static double sum_at(const float *x, const struct vg_twin_conv *conv, const struct vg_conv_sizes *s,
                     vg_i32 picture, vg_i32 o, vg_i32 row, vg_i32 column)
{
    const struct vg_conv_build *b = conv->build;
    const vg_i32 x_each = s->x_channels / s->parts, y_each = s->y_channels / s->parts;
    const vg_i32 size_y = (vg_i32)b->size_y, size_x = (vg_i32)b->size_x;
    double sum = (double)conv->bias[o];
    const float *w = conv->weights + o * x_each * size_y * size_x;
    for (vg_i32 i = 0; i < x_each; i++)
        for (vg_i32 ky = 0; ky < size_y; ky++)
            for (vg_i32 kx = 0; kx < size_x; kx++)
                sum += (double)*w++ *
                       vg_twin_conv_x(
                           x, conv, s, picture, o / y_each * x_each + i,
                           row * (vg_i32)b->stride_y + ky * (vg_i32)b->dilation_y - s->above,
                           column * (vg_i32)b->stride_x + kx * (vg_i32)b->dilation_x - s->left);
    return sum;
}

void vg_twin_conv_any(const float *x, const struct vg_twin_conv *conv, float *y,
                      const struct vg_conv_sizes *s)
{
    vg_twin_conv_clear(conv, y, s);
    for (vg_i32 picture = 0; picture < s->pictures; picture++)
        for (vg_i32 o = 0; o < vg_twin_conv_lanes(conv, s); o++)
            for (vg_i32 row = 0; row < s->height; row++)
                for (vg_i32 column = 0; column < s->width; column++)
                    vg_twin_conv_store(
                        o < s->y_channels ? sum_at(x, conv, s, picture, o, row, column) : 0.0, conv,
                        y, s, picture, o, row, column);
}
