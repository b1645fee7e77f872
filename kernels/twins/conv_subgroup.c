/* Twin of kernels/conv_subgroup.cl, which is conv_tile.cl made otherwise. */
#include "kernels/twins/twins.h"

void vg_twin_conv_subgroup(const float *x, const struct vg_twin_conv *conv, float *y,
                           const struct vg_conv_sizes *s)
{
    vg_twin_conv_tile(x, conv, y, s);
}
