/* First step of a 1x1 convolution by a library's product of matrices (src/engine/gemm_clblast.h):
 * pixels of all pictures of a batch as the rows of a matrix, which blocked planes with halos are not.
 *
 *   scratch[n][i] = x[i][row of n * S_Y][column of n * S_X],   i < 4 * ceil(x_channels / 4)
 *
 * x        blocked layout (kernel_sizes.h).
 * scratch  floats, a row of 4 * ceil(x_channels / 4) for each pixel of y.
 * work     (pixels of the batch * vectors of 4 channels), rounded up.
 * Cost     bound by memory: x once read, once written. */
#define SPREAD 1
#include "kernel_sizes.h"
#include "vector.clh"
#include "conv_store.clh"
#include "conv_pixels.clh"

#ifndef S_Y
#define S_Y 1
#define S_X 1
#endif

GROUP __kernel void gemm_pack(__global const elem *x, __global float *scratch,
                              const struct vg_conv_sizes s)
{
    const int vectors = (s.x_channels + 3) / 4;
    const int n = (int)get_global_id(0) / vectors, channel = (int)get_global_id(0) % vectors * 4;
    if (n >= s.width * s.height * s.pictures)
        return;
    const struct place at = place_of(n, &s);
    x += s.x.first + at.picture * s.x.picture + channel / VG_BLOCK * s.x.plane +
         at.row * S_Y * s.x.row + at.column * S_X * VG_BLOCK + channel % VG_BLOCK;
    STORE_FLOAT(LOAD(x), scratch + (n * vectors * 4 + channel));
}
