/* Twin of kernels/gemm_pack.cl. */
#include "kernels/twins/conv_twin.h"

void vg_twin_gemm_pack(const float *x, const struct vg_twin_conv *conv, float *scratch,
                       const struct vg_conv_sizes *s)
{
    const vg_i32 length = (s->x_channels + 3) / 4 * 4;
    const vg_i32 stride_y = (vg_i32)conv->build->stride_y, stride_x = (vg_i32)conv->build->stride_x;
    for (vg_i32 n = 0; n < s->width * s->height * s->pictures; n++) {
        const vg_i32 row = n / s->width % s->height, column = n % s->width;
        for (vg_i32 c = 0; c < length; c++)
            scratch[n * length + c] = (float)vg_twin_conv_x(x, conv, s, n / (s->width * s->height),
                                                            c, row * stride_y, column * stride_x);
    }
}
