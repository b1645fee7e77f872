/* Twin of kernels/conv_row.cl: the depthwise, then the 1x1, a pixel at a time. */
#include "kernels/twins/conv_twin.h"
#include "kernels/twins/twins_map.h"

static double point_sum(const struct vg_twin_conv *conv, const struct vg_conv_sizes *s,
                        const double *middle, vg_i32 o)
{
    const float *w = conv->weights + o * s->x_channels;
    double sum = (double)conv->bias[o];
    for (vg_i32 i = 0; i < s->x_channels; i++)
        sum += (double)w[i] * middle[i];
    return sum;
}

static void pixel(const float *x, const struct vg_twin_row *row_conv, float *y,
                  const struct vg_row_sizes *r, vg_i32 picture, vg_i32 row, vg_i32 column)
{
    const struct vg_twin_conv *conv = &row_conv->conv;
    const struct vg_conv_sizes *s = &r->conv;
    double *middle = row_conv->middle;
    for (vg_i32 i = 0; i < s->x_channels; i++)
        middle[i] =
            vg_twin_activate(conv->build->act_first,
                             vg_twin_depthwise_sum(x, &row_conv->first, s, picture, i, row, column),
                             (double)r->first_a, (double)r->first_b);
    for (vg_i32 o = 0; o < vg_twin_conv_lanes(conv, s); o++)
        vg_twin_conv_store(o < s->y_channels ? point_sum(conv, s, middle, o) : 0.0, conv, y, s,
                           picture, o, row, column);
}

void vg_twin_conv_row(const float *x, const struct vg_twin_row *conv, float *y,
                      const struct vg_row_sizes *s)
{
    vg_twin_conv_clear(&conv->conv, y, &s->conv);
    for (vg_i32 picture = 0; picture < s->conv.pictures; picture++)
        for (vg_i32 row = 0; row < s->conv.height; row++)
            for (vg_i32 column = 0; column < s->conv.width; column++)
                pixel(x, conv, y, s, picture, row, column);
}
