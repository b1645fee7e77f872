/* Twin of kernels/conv_int8_stem_pool_x86.cl. */
#include "kernels/twins/twins.h"
#include "kernels/twins/twins_int8.h"

static uint8_t most_at(const uint8_t *x, const struct vg_twin_int8_conv *conv,
                       const struct vg_int8_stem_sizes *t, vg_i32 picture, vg_i32 o, vg_i32 row,
                       vg_i32 column)
{
    uint8_t most = 0;
    for (vg_i32 r = 2 * row - 1; r <= 2 * row + 1; r++)
        for (vg_i32 q = 2 * column - 1; q <= 2 * column + 1; q++) {
            if (r < 0 || q < 0 || r >= t->conv_height || q >= t->conv_width)
                continue;
            const float v = vg_twin_int8_result(x, conv, NULL, &t->conv, picture, o, r, q);
            const uint8_t byte = vg_twin_int8_byte(v, &t->conv);
            most = byte > most ? byte : most;
        }
    return most;
}

void vg_twin_conv_int8_stem_pool(const uint8_t *x, const struct vg_twin_int8_conv *conv, uint8_t *y,
                                 const struct vg_int8_stem_sizes *t)
{
    const struct vg_int8_sizes *s = &t->conv;
    const vg_i32 blocks = (conv->y_channels + VG_BLOCK - 1) / VG_BLOCK;
    for (vg_i32 picture = 0; picture < s->pictures; picture++)
        for (vg_i32 o = 0; o < blocks * VG_BLOCK; o++)
            for (vg_i32 row = 0; row < s->height; row++)
                for (vg_i32 column = 0; column < s->width; column++)
                    y[vg_area_at(&s->y, picture, o, row, column)] =
                        most_at(x, conv, t, picture, o, row, column);
    vg_twin_int8_halo(y, s, VG_INT8_BYTES, blocks, s->pictures);
}
