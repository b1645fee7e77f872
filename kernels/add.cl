/* Sum of two tensors of one shape: y = x + x2, value by value.
 *
 * x, x2, y blocked layout (kernel_sizes.h), each with its own strides.
 * work     (height, blocks, pictures), groups of one work-item; a work-item makes a row. */
#include "kernel_sizes.h"
#include "vector.clh"

ALONE __kernel void add(__global const float *x, __global const float *x2, __global float *y,
                        const struct vg_map_sizes s)
{
    const int row = (int)get_global_id(0), block = (int)get_global_id(1);
    const int picture = (int)get_global_id(2);
    x += s.x.first + picture * s.x.picture + block * s.x.plane + row * s.x.row;
    x2 += s.x2.first + picture * s.x2.picture + block * s.x2.plane + row * s.x2.row;
    y += s.y.first + picture * s.y.picture + block * s.y.plane + row * s.y.row;
    for (int i = 0; i < s.width * VG_BLOCK; i += VG_BLOCK)
        STORE(LOAD(x + i) + LOAD(x2 + i), y + i);
}
