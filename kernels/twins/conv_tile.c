/* Twin of kernels/conv_tile.cl, which is the plain convolution with one group. */
#include <assert.h>

#include "kernels/twins/twins.h"

void vg_twin_conv_tile(const float *x, const struct vg_twin_conv *conv, float *y,
                       const struct vg_conv_sizes *s)
{
    assert(s->parts == 1);
    vg_twin_conv_any(x, conv, y, s);
}
