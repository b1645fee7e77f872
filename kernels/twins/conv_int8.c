/* Twin of kernels/conv_int8_x86.cl. */
#include <math.h>

#include "kernels/twins/twins.h"
#include "kernels/twins/twins_int8.h"

static vg_i32 x_at(const struct vg_twin_int8_conv *conv, const struct vg_int8_sizes *s,
                   vg_i32 picture, vg_i32 c, vg_i32 row, vg_i32 column)
{
    const vg_i32 pixel = (vg_i32)conv->build->conv.x_pixel;
    const vg_i32 lane =
        conv->table ? conv->table[c / 4] + c % 4 : c / pixel * s->x.plane + c % pixel;
    return s->x.first + picture * s->x.picture + lane + row * s->x.row + column * pixel;
}

/* The value before activation: an exact sum, less the integer part of each channel's zero; what is
 * left of a mean that is no integer goes with the bias. */
static float value_at(const uint8_t *x, const struct vg_twin_int8_conv *conv,
                      const struct vg_int8_sizes *s, vg_i32 picture, vg_i32 o, vg_i32 row,
                      vg_i32 column)
{
    const struct vg_conv_build *b = &conv->build->conv;
    const float scale = (float)((double)conv->step[o] * (double)conv->input->step);
    const vg_i32 size_y = (vg_i32)b->size_y, size_x = (vg_i32)b->size_x;
    const int8_t *w = conv->weights + o * conv->x_channels * size_y * size_x;
    int64_t sum = 0;
    double shift = 0;
    for (vg_i32 i = 0; i < conv->x_channels; i++) {
        const double mean =
            conv->input->mean ? (double)conv->input->mean[i] : (double)conv->input->zero;
        int64_t weights = 0;
        for (vg_i32 ky = 0; ky < size_y; ky++)
            for (vg_i32 kx = 0; kx < size_x; kx++, w++) {
                const vg_i32 at =
                    x_at(conv, s, picture, i,
                         row * (vg_i32)b->stride_y + ky * (vg_i32)b->dilation_y - s->above,
                         column * (vg_i32)b->stride_x + kx * (vg_i32)b->dilation_x - s->left);
                sum += *w * ((int64_t)x[at] - (int64_t)rint(mean));
                weights += *w;
            }
        shift += (double)weights * (mean - rint(mean));
    }
    const float bias = (float)((double)conv->bias[o] - shift * (double)scale);
    return fmaf((float)sum, scale, bias);
}

static float term_at(const uint8_t *x2, enum vg_conv_add add, const struct vg_int8_sizes *s,
                     vg_i32 picture, vg_i32 o, vg_i32 row, vg_i32 column)
{
    if (add == VG_CONV_ADD_LINEAR)
        return vg_twin_int8_between(x2 + vg_area_at(&s->x2, picture, o, 0, 0), s->x2.row,
                                    s->x2_width, s->x2_height, s, row, column) -
               (float)s->x2_zero;
    const int nearest = add == VG_CONV_ADD_NEAREST;
    const vg_i32 from_row = nearest ? row * s->x2_height / s->height : row;
    const vg_i32 from_column = nearest ? column * s->x2_width / s->width : column;
    return (float)(x2[vg_area_at(&s->x2, picture, o, from_row, from_column)] - s->x2_zero);
}

float vg_twin_int8_result(const uint8_t *x, const struct vg_twin_int8_conv *conv, const uint8_t *x2,
                          const struct vg_int8_sizes *s, vg_i32 picture, vg_i32 o, vg_i32 row,
                          vg_i32 column)
{
    const struct vg_int8_build *build = conv->build;
    const enum vg_conv_add add = build->conv.add;
    const vg_i32 lanes = (vg_i32)vg_int8_lanes(build->lane);
    float v = o < conv->y_channels ? value_at(x, conv, s, picture, o, row, column) : 0;
    const float term = add ? term_at(x2, add, s, picture, o, row, column) : 0;
    if (add == VG_CONV_ADD_BEFORE)
        v = fmaf(term, s->x2_step, v);
    if (o / lanes < s->act_vectors)
        v = vg_twin_int8_activate(v, build->conv.act, s->act_a, s->act_b);
    return add > VG_CONV_ADD_BEFORE ? fmaf(term, s->x2_step, v) : v;
}

void vg_twin_conv_int8(const uint8_t *x, const struct vg_twin_int8_conv *conv, const uint8_t *x2,
                       void *y, const struct vg_int8_sizes *s)
{
    const vg_i32 blocks = (conv->y_channels + VG_BLOCK - 1) / VG_BLOCK;
    for (vg_i32 picture = 0; picture < s->pictures; picture++)
        for (vg_i32 o = 0; o < blocks * VG_BLOCK; o++)
            for (vg_i32 row = 0; row < s->height; row++)
                for (vg_i32 column = 0; column < s->width; column++) {
                    const float v = vg_twin_int8_result(x, conv, x2, s, picture, o, row, column);
                    const vg_i32 at = vg_area_at(&s->y, picture, o, row, column);
                    if (conv->build->output == VG_INT8_FLOATS)
                        ((float *)y)[at] = v;
                    else
                        ((uint8_t *)y)[at] = vg_twin_int8_byte(v, s);
                }
    vg_twin_int8_halo(y, s, conv->build->output, blocks, s->pictures);
}
