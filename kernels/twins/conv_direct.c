/* Twin of kernels/conv_direct.cl, which is the plain convolution with one group. */
#include "kernels/twins/twins.h"

#include <assert.h>

void vg_twin_conv_direct(const float *x, const struct vg_twin_conv *conv, float *y,
                         const struct vg_conv_sizes *s)
{
    assert(s->parts == 1);
    vg_twin_conv_any(x, conv, y, s);
}
