/* Twin of kernels/conv_wino2.cl: no Winograd here, but what it stands for, so that transforms and
 * packed weights are asked together. */
#include "kernels/twins/twins.h"

#include <assert.h>

void vg_twin_conv_wino2(const float *x, const struct vg_twin_conv *conv, float *y,
                        const struct vg_conv_sizes *s)
{
    assert(s->parts == 1);
    vg_twin_conv_any(x, conv, y, s);
}
