/* Twin of kernels/peak.cl: the bench judges that the device did the work it is timed for. */
#include "kernels/twins/peak_twin.h"

void vg_twin_peak_fma(float *y, vg_i32 items, const struct vg_peak_chains *chains)
{
    for (vg_i32 item = 0; item < items; item++)
        for (vg_i32 k = 0; k < chains->chains; k++) {
            double v = item % 16 + k;
            for (vg_i32 i = 0; i < chains->times; i++)
                v = v * (double)chains->b + (double)chains->c;
            for (vg_i32 lane = 0; lane < chains->lanes; lane++)
                y[(item * chains->chains + k) * chains->lanes + lane] = (float)v;
        }
}

void vg_twin_peak_copy(const float *x, float *y, vg_i32 count, float b)
{
    for (vg_i32 i = 0; i < count; i++)
        y[i] = x[i] * b;
}
