/* Twin of kernels/conv_wino.cl: its two halves, one channel of one tile at a time. */
#include "kernels/twins/conv_twin.h"

static void tile_make(const float *x, const struct vg_twin_conv *conv, float *y,
                      const struct vg_conv_sizes *s, vg_i32 picture, vg_i32 o, vg_i32 top,
                      vg_i32 left)
{
    double m[36] = {0}, v[36];
    for (vg_i32 c = 0; o < s->y_channels && c < s->x_channels; c++) {
        vg_twin_wino_window(x, conv, s, picture, c, top, left, v);
        vg_twin_wino_product(conv, s, o, c, v, m);
    }
    vg_twin_wino_tile(m, conv, y, s, picture, o, top, left);
}

void vg_twin_conv_wino(const float *x, const struct vg_twin_conv *conv, float *y,
                       const struct vg_conv_sizes *s)
{
    vg_twin_conv_clear(conv, y, s);
    for (vg_i32 picture = 0; picture < s->pictures; picture++)
        for (vg_i32 o = 0; o < vg_twin_conv_lanes(conv, s); o++)
            for (vg_i32 top = 0; top < s->height; top += 4)
                for (vg_i32 left = 0; left < s->width; left += 4)
                    tile_make(x, conv, y, s, picture, o, top, left);
}
