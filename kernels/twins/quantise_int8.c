/* Twin of kernels/quantise_int8.cl. */
#include <string.h>

#include "kernels/twins/twins.h"
#include "kernels/twins/twins_int8.h"

static void input_quantise(const float *x, uint8_t *y, const struct vg_int8_sizes *s)
{
    for (vg_i32 picture = 0; picture < s->pictures; picture++)
        for (vg_i32 row = -s->halo.above; row < s->height + s->halo.below; row++)
            for (vg_i32 column = -s->halo.left; column < s->width + s->halo.right; column++) {
                uint8_t *to = y + s->y.first + picture * s->y.picture + row * s->y.row + column * 4;
                const float *from =
                    x + s->x.first + picture * s->x.picture + row * s->x.row + column * 4;
                const int inside = row >= 0 && row < s->height && column >= 0 && column < s->width;
                memcpy(to, &s->halo_word, sizeof s->halo_word);
                for (int c = 0; inside && c < 4; c++)
                    to[c] = vg_twin_int8_byte(from[c], s);
            }
}

void vg_twin_quantise_int8(const float *x, uint8_t *y, const struct vg_int8_sizes *s, vg_i32 pixel,
                           vg_i32 blocks)
{
    if (pixel == 4) {
        input_quantise(x, y, s);
        return;
    }
    for (vg_i32 picture = 0; picture < s->pictures; picture++)
        for (vg_i32 c = 0; c < blocks * VG_BLOCK; c++)
            for (vg_i32 row = 0; row < s->height; row++)
                for (vg_i32 column = 0; column < s->width; column++)
                    y[vg_area_at(&s->y, picture, c, row, column)] =
                        vg_twin_int8_byte(x[vg_area_at(&s->x, picture, c, row, column)], s);
    vg_twin_int8_halo(y, s, VG_INT8_BYTES, blocks, s->pictures);
}
