/* Twin of kernels/conv_depthwise.cl. */
#include "kernels/twins/conv_twin.h"

double vg_twin_depthwise_sum(const float *x, const struct vg_twin_conv *conv,
                             const struct vg_conv_sizes *s, vg_i32 picture, vg_i32 c, vg_i32 row,
                             vg_i32 column)
{
    const struct vg_conv_build *b = conv->build;
    const vg_i32 size_y = (vg_i32)b->size_y, size_x = (vg_i32)b->size_x;
    const float *w = conv->weights + c * size_y * size_x;
    double sum = (double)conv->bias[c];
    for (vg_i32 ky = 0; ky < size_y; ky++)
        for (vg_i32 kx = 0; kx < size_x; kx++)
            sum +=
                (double)*w++ *
                vg_twin_conv_x(x, conv, s, picture, c,
                               row * (vg_i32)b->stride_y + ky * (vg_i32)b->dilation_y - s->above,
                               column * (vg_i32)b->stride_x + kx * (vg_i32)b->dilation_x - s->left);
    return sum;
}

void vg_twin_conv_depthwise(const float *x, const struct vg_twin_conv *conv, float *y,
                            const struct vg_conv_sizes *s)
{
    vg_twin_conv_clear(conv, y, s);
    for (vg_i32 picture = 0; picture < s->pictures; picture++)
        for (vg_i32 c = 0; c < vg_twin_conv_lanes(conv, s); c++)
            for (vg_i32 row = 0; row < s->height; row++)
                for (vg_i32 column = 0; column < s->width; column++)
                    vg_twin_conv_store(c < s->y_channels ? vg_twin_depthwise_sum(
                                                               x, conv, s, picture, c, row, column)
                                                         : 0.0,
                                       conv, y, s, picture, c, row, column);
}
