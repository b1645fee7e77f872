/* Softmax over the channels of each pixel.
 *
 *   y[c] = exp(x[c] - m) / sum over k of exp(x[k] - m),   m = max over k of x[k]
 *
 * A last block's unused lanes take no part, and are written 0.
 * x, y     blocked layout (kernel_sizes.h); y's halo is cleared. y may be x.
 * work     (height, 1, pictures), groups of one work-item; a work-item makes a row of all blocks.
 * Cost     an exp() a value. */
#include "kernel_sizes.h"
#include "vector.clh"
#include "map.clh"

static inline float8 half_sum(vec v)
{
#if VG_BLOCK == 16
    return v.lo + v.hi;
#else
    return v;
#endif
}

static inline float8 half_most(vec v)
{
#if VG_BLOCK == 16
    return fmax(v.lo, v.hi);
#else
    return v;
#endif
}

static inline float sum_of(vec v)
{
    const float8 eight = half_sum(v);
    const float4 four = eight.lo + eight.hi;
    return four.x + four.y + (four.z + four.w);
}

static inline float most_of(vec v)
{
    const float8 eight = half_most(v);
    const float4 four = fmax(eight.lo, eight.hi);
    return fmax(fmax(four.x, four.y), fmax(four.z, four.w));
}

ALONE __kernel void softmax(__global const elem *x, __global elem *y, const struct vg_map_sizes s)
{
    const int row = (int)get_global_id(0), picture = (int)get_global_id(2);
    const int blocks = (s.channels + VG_BLOCK - 1) / VG_BLOCK;
    const float last_lane = (float)(s.channels - (blocks - 1) * VG_BLOCK) - 0.5f;
    x += row_first(s.x, picture, 0, row);
    y += row_first(s.y, picture, 0, row);
    for (int i = 0; i < s.width * VG_BLOCK; i += VG_BLOCK) {
        vec most = (vec)-INFINITY, sum = (vec)0.0f;
        for (int block = 0; block < blocks; block++) {
            const vec v = LOAD(x + block * s.x.plane + i);
            const float end = block < blocks - 1 ? (float)VG_BLOCK : last_lane;
            most = fmax(most, LANES < end ? v : (vec)-INFINITY);
        }
        const float m = most_of(most);
        for (int block = 0; block < blocks; block++) {
            const vec e = exp(LOAD(x + block * s.x.plane + i) - m);
            const float end = block < blocks - 1 ? (float)VG_BLOCK : last_lane;
            const vec used = LANES < end ? e : (vec)0.0f;
            sum += used;
            STORE(used, y + block * s.y.plane + i);
        }
        const float share = 1.0f / sum_of(sum);
        for (int block = 0; block < blocks; block++)
            STORE(LOAD(y + block * s.y.plane + i) * share, y + block * s.y.plane + i);
    }
    for (int block = 0; block < blocks; block++)
        halo_store(y + block * s.y.plane, s.halo, row, s.height, 0, s.width, s.width, s.y.row);
}
