/* y = 1 / (1 + exp(-x)), value by value.
 *
 * x, y     blocked layout (kernel_sizes.h).
 * work     (height, blocks, pictures), groups of one work-item; a work-item makes a row.
 * Cost     bound by exp(), about a nanosecond a value and core on a CPU. */
#include "kernel_sizes.h"
#include "vector.clh"

ALONE __kernel void sigmoid(__global const float *x, __global float *y,
                            const struct vg_map_sizes s)
{
    const int row = (int)get_global_id(0), block = (int)get_global_id(1);
    const int picture = (int)get_global_id(2);
    x += s.x.first + picture * s.x.picture + block * s.x.plane + row * s.x.row;
    y += s.y.first + picture * s.y.picture + block * s.y.plane + row * s.y.row;
    for (int i = 0; i < s.width * VG_BLOCK; i += VG_BLOCK)
        STORE(1.0f / (1.0f + exp(-LOAD(x + i))), y + i);
}
