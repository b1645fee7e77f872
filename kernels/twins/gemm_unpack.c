/* Twin of kernels/gemm_unpack.cl. */
#include "kernels/twins/conv_twin.h"

void vg_twin_gemm_unpack(const float *scratch, const struct vg_twin_conv *conv, float *y,
                         const struct vg_conv_sizes *s)
{
    const vg_i32 pixels = s->width * s->height * s->pictures, lanes = vg_twin_conv_lanes(conv, s);
    const float *product = scratch + pixels * ((s->x_channels + 3) / 4 * 4);
    vg_twin_conv_clear(conv, y, s);
    for (vg_i32 n = 0; n < pixels; n++)
        for (vg_i32 o = 0; o < lanes; o++) {
            const double bias = o < s->y_channels ? (double)conv->bias[o] : 0;
            vg_twin_conv_store(bias + (double)product[n * lanes + o], conv, y, s,
                               n / (s->width * s->height), o, n / s->width % s->height,
                               n % s->width);
        }
}
