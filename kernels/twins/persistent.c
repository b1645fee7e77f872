/* Twin of kernels/persistent.cl: every item of every step of the launch, once. */
#include "kernels/twins/persistent_twin.h"

vg_i32 vg_twin_persistent_items(const struct vg_persistent_step *step, vg_i32 pictures)
{
    vg_i32 items = 1;
    for (vg_i32 d = 0; d < 3; d++) {
        vg_i32 size = step->work[d];
        if (d == step->batch_dimension) {
            const vg_i32 all = size * pictures;
            size = all / step->batch_divisor;
            while (size * step->batch_divisor < all)
                size++;
        }
        items *= size;
    }
    return items;
}

void vg_twin_persistent(const struct vg_persistent_step *steps, const struct vg_persistent_run *run,
                        vg_i32 apart, vg_i32 *count)
{
    for (vg_i32 i = run->first; i < run->end; i++)
        for (vg_i32 item = 0; item < vg_twin_persistent_items(&steps[i], run->pictures); item++)
            count[i * apart + item]++;
}
