/* Twin of kernels/copy_channels_int8.cl. */
#include "kernels/twins/twins_int8.h"

void vg_twin_copy_channels_int8(const uint8_t *x, const vg_i32 *words, uint8_t *y,
                                const struct vg_int8_sizes *s)
{
    const vg_i32 blocks = (s->channels + VG_BLOCK - 1) / VG_BLOCK;
    for (vg_i32 picture = 0; picture < s->pictures; picture++)
        for (vg_i32 c = 0; c < blocks * VG_BLOCK; c++)
            for (vg_i32 row = 0; row < s->height; row++)
                for (vg_i32 column = 0; column < s->width; column++) {
                    const vg_i32 from =
                        s->x.first + picture * s->x.picture + row * s->x.row + column * VG_BLOCK;
                    y[s->y.first + picture * s->y.picture + c / VG_BLOCK * s->y.plane +
                      row * s->y.row + column * VG_BLOCK + c % VG_BLOCK] =
                        c < s->channels ? x[from + words[s->table_first + c]] : (uint8_t)s->y_zero;
                }
    vg_twin_int8_halo(y, s, VG_INT8_BYTES, blocks, s->pictures);
}
