/* Copies channels from one tensor to another at any channel, for the concats and slices whose
 * parts are not whole blocks of 16 (the others cost nothing: plan.c lays them out in place).
 *
 *   y[y_channel + i][r][q] = x[x_channel + i][r][q]
 *
 * x, y     blocked layout (kernel_sizes.h).
 * work     (height, channels copied, pictures), groups of one work-item; a work-item makes a
 *          row of one channel. */
#include "kernel_sizes.h"

__kernel void copy_channels(__global const float *x, __global float *y,
                            const struct vg_map_sizes s)
{
    const int row = (int)get_global_id(0), picture = (int)get_global_id(2);
    const int from = (int)get_global_id(1);
    const int to = s.table_first + (int)get_global_id(1);
    x += s.x.first + picture * s.x.picture + from / VG_BLOCK * s.x.plane + row * s.x.row +
         from % VG_BLOCK;
    y += s.y.first + picture * s.y.picture + to / VG_BLOCK * s.y.plane + row * s.y.row +
         to % VG_BLOCK;
    for (int column = 0; column < s.width; column++)
        y[column * VG_BLOCK] = x[column * VG_BLOCK];
}
