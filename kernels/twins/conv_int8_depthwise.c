/* Twin of kernels/conv_int8_depthwise.cl. */
#include <math.h>

#include "kernels/twins/twins.h"
#include "kernels/twins/twins_int8.h"

static float value_at(const uint8_t *x, const struct vg_twin_int8_conv *conv,
                      const struct vg_int8_sizes *s, vg_i32 picture, vg_i32 c, vg_i32 row,
                      vg_i32 column)
{
    const struct vg_conv_build *b = &conv->build->conv;
    const vg_i32 size_y = (vg_i32)b->size_y, size_x = (vg_i32)b->size_x;
    const int8_t *w = conv->weights + c * size_y * size_x;
    int64_t sum = 0;
    for (vg_i32 ky = 0; ky < size_y; ky++)
        for (vg_i32 kx = 0; kx < size_x; kx++) {
            const vg_i32 from_row = row * (vg_i32)b->stride_y + ky * (vg_i32)b->dilation_y;
            const vg_i32 from = column * (vg_i32)b->stride_x + kx * (vg_i32)b->dilation_x;
            sum += *w++ * (x[vg_area_at(&s->x, picture, c, from_row - s->above, from - s->left)] -
                           conv->input->zero);
        }
    const float scale = (float)((double)conv->step[c] * (double)conv->input->step);
    return fmaf((float)sum, scale, conv->bias[c]);
}

void vg_twin_conv_int8_depthwise(const uint8_t *x, const struct vg_twin_int8_conv *conv, void *y,
                                 const struct vg_int8_sizes *s)
{
    const vg_i32 blocks = (conv->y_channels + VG_BLOCK - 1) / VG_BLOCK;
    for (vg_i32 picture = 0; picture < s->pictures; picture++)
        for (vg_i32 c = 0; c < blocks * VG_BLOCK; c++)
            for (vg_i32 row = 0; row < s->height; row++)
                for (vg_i32 column = 0; column < s->width; column++) {
                    float v =
                        c < conv->y_channels ? value_at(x, conv, s, picture, c, row, column) : 0;
                    if (c / VG_BLOCK < s->act_vectors)
                        v = vg_twin_int8_activate(v, conv->build->conv.act, s->act_a, s->act_b);
                    const vg_i32 at = vg_area_at(&s->y, picture, c, row, column);
                    if (conv->build->output == VG_INT8_FLOATS)
                        ((float *)y)[at] = v;
                    else
                        ((uint8_t *)y)[at] = vg_twin_int8_byte(v, s);
                }
    vg_twin_int8_halo(y, s, conv->build->output, blocks, s->pictures);
}
