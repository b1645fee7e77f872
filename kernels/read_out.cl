/* A raw output for the host: a tensor's channels without blocks and halos, in one piece.
 *
 *   out[picture][cell][channel], cell = row * width + column
 *   -DPLANES: out[picture][channel][cell]
 *
 * x        blocked layout (kernel_sizes.h).
 * out      floats; y.first: of the tensor's first cell and channel, y.picture: from a picture to
 *          the next. The parts of an output stand behind each other by their y.first.
 * work     (height, 1, pictures), groups of one work-item; a work-item makes a row. */
#include "kernel_sizes.h"
#include "vector.clh"
#include "map.clh"

ALONE __kernel void read_out(__global const elem *x, __global float *out,
                             const struct vg_map_sizes s)
{
    const int row = (int)get_global_id(0), picture = (int)get_global_id(2);
    x += row_first(s.x, picture, 0, row);
    out += s.y.first + picture * s.y.picture;
#ifdef PLANES
    out += row * s.width;
    for (int c = 0; c < s.channels; c++, out += s.width * s.height)
        for (int column = 0; column < s.width; column++)
            out[column] = READ(x + c / VG_BLOCK * s.x.plane + c % VG_BLOCK + column * VG_BLOCK);
#else
    out += row * s.width * s.channels;
    for (int column = 0; column < s.width; column++, out += s.channels)
        for (int c = 0; c < s.channels; c++)
            out[c] = READ(x + c / VG_BLOCK * s.x.plane + c % VG_BLOCK + column * VG_BLOCK);
#endif
}
