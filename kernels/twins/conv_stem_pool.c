/* Twin of kernels/conv_stem_pool.cl: the convolution's pixels are made anew for each window of
 * the pool, and those outside are not looked at. */
#include <math.h>

#include "kernels/twins/conv_twin.h"
#include "kernels/twins/twins_map.h"

static double conv_at(const float *x, const struct vg_twin_conv *conv,
                      const struct vg_conv_sizes *s, vg_i32 picture, vg_i32 o, vg_i32 row,
                      vg_i32 column)
{
    const struct vg_conv_build *b = conv->build;
    const vg_i32 size_y = (vg_i32)b->size_y, size_x = (vg_i32)b->size_x;
    const float *w = conv->weights + o * s->x_channels * size_y * size_x;
    double sum = (double)conv->bias[o];
    for (vg_i32 i = 0; i < s->x_channels; i++)
        for (vg_i32 ky = 0; ky < size_y; ky++)
            for (vg_i32 kx = 0; kx < size_x; kx++)
                sum += (double)*w++ * vg_twin_conv_x(x, conv, s, picture, i,
                                                     row * (vg_i32)b->stride_y + ky - s->above,
                                                     column * (vg_i32)b->stride_x + kx - s->left);
    return vg_twin_activate(b->act, sum, (double)s->act_a, (double)s->act_b);
}

static double most_at(const float *x, const struct vg_twin_conv *conv,
                      const struct vg_stem_sizes *t, vg_i32 picture, vg_i32 o, vg_i32 row,
                      vg_i32 column)
{
    double most = -(double)INFINITY;
    for (vg_i32 r = 2 * row - 1; r <= 2 * row + 1; r++)
        for (vg_i32 q = 2 * column - 1; q <= 2 * column + 1; q++) {
            if (r < 0 || q < 0 || r >= t->conv_height || q >= t->conv_width)
                continue;
            most = fmax(most, conv_at(x, conv, &t->conv, picture, o, r, q));
        }
    return most;
}

void vg_twin_conv_stem_pool(const float *x, const struct vg_twin_conv *conv, float *y,
                            const struct vg_stem_sizes *t)
{
    const struct vg_conv_sizes *s = &t->conv;
    const vg_i32 block = (vg_i32)conv->build->block;
    vg_twin_conv_clear(conv, y, s);
    for (vg_i32 picture = 0; picture < s->pictures; picture++)
        for (vg_i32 o = 0; o < vg_twin_conv_lanes(conv, s); o++)
            for (vg_i32 row = 0; row < s->height; row++)
                for (vg_i32 column = 0; column < s->width; column++)
                    y[vg_twin_conv_at(&s->y, block, picture, o, row, column)] =
                        (float)(o < s->y_channels
                                    ? most_at(x, conv, t, picture, o, row, column)
                                    : vg_twin_activate(conv->build->act, 0.0, (double)s->act_a,
                                                       (double)s->act_b));
}
