/* Last step of a 1x1 convolution by a library's product of matrices: its rows to planes, with what
 * conv_store.clh does at the store.
 *
 *   y[o][n] = finish(bias[o] + product[n][o])
 *
 * scratch  floats: first gemm_pack's rows, then the product's, whole blocks of y each.
 * y, x2    blocked layout (kernel_sizes.h).
 * w        the bias, VG_BLOCK floats a block of y; the library reads the weights.
 * work     (pixels of the batch * vectors of 4 channels of y's blocks), rounded up.
 * Cost     bound by memory: the product once read, y once written. */
#define SPREAD 1
#include "kernel_sizes.h"
#include "vector.clh"
#include "conv_store.clh"
#include "conv_pixels.clh"

GROUP __kernel void gemm_unpack(__global const float *scratch, __global const float *w,
                                __global const elem *x2, __global elem *y,
                                const struct vg_conv_sizes s)
{
    const int pixels = s.width * s.height * s.pictures;
    const int vectors = (s.y_channels + VG_BLOCK - 1) / VG_BLOCK * (VG_BLOCK / 4);
    const int n = (int)get_global_id(0) / vectors, channel = (int)get_global_id(0) % vectors * 4;
    if (n >= pixels)
        return;
    scratch += pixels * ((s.x_channels + 3) / 4 * 4);
    const vec product = LOAD_FLOAT(scratch + (n * vectors * 4 + channel));
    value_store(product + LOAD_FLOAT(w + s.bias_first + channel), place_of(n, &s), channel, x2, y,
                &s);
}
