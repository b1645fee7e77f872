/* Twin of kernels/conv_mma_ptx.cl, which is conv_tile.cl in halves. */
#include "kernels/twins/twins.h"

void vg_twin_conv_mma(const float *x, const struct vg_twin_conv *conv, float *y,
                      const struct vg_conv_sizes *s)
{
    vg_twin_conv_tile(x, conv, y, s);
}
