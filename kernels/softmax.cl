/* Softmax over the channels of each pixel.
 *
 *   y[c] = exp(x[c] - m) / sum over k of exp(x[k] - m),   m = max over k of x[k]
 *
 * A last block's unused lanes take no part, and are written 0.
 * x, y     blocked layout (kernel_sizes.h); y's halo is cleared. y may be x.
 * work     (height, 1, pictures), groups of one work-item; a work-item makes a row of all blocks.
 *          SPREAD: a span (map.clh), of whose work-items the first of a pixel makes it all.
 * Cost     an exp() a value. */
#include "kernel_sizes.h"
#include "vector.clh"
#include "map.clh"

#define VECTORS (VG_BLOCK / VG_LANES) /* of a block */

/* the vector's lanes, four by four */
#if VG_LANES == 16
#define FOLD(f, v) f(f((v).lo.lo, (v).lo.hi), f((v).hi.lo, (v).hi.hi))
#elif VG_LANES == 8
#define FOLD(f, v) f((v).lo, (v).hi)
#else
#define FOLD(f, v) (v)
#endif
#define PLUS(a, b) ((a) + (b))

static inline float sum_of(vec v)
{
    const float4 four = FOLD(PLUS, v);
    return four.x + four.y + (four.z + four.w);
}

static inline float most_of(vec v)
{
    const float4 four = FOLD(fmax, v);
    return fmax(fmax(four.x, four.y), fmax(four.z, four.w));
}

/* vector i of a pixel */
static inline int vector_at(int i, int plane)
{
    return i / VECTORS * plane + i % VECTORS * VG_LANES;
}

/* v where vector i has channels, else `other` */
static inline vec used(vec v, int i, int channels, float other)
{
    return LANES < (float)(channels - i * VG_LANES) - 0.5f ? v : (vec)other;
}

GROUP __kernel void softmax(__global const elem *x, __global elem *y, const struct vg_map_sizes s)
{
    struct span at;
    if (!span_find(&at, s.width, s.height, 1) || at.lane)
        return;
    const int vectors = (s.channels + VG_BLOCK - 1) / VG_BLOCK * VECTORS;
    x += span_row(s.x, &at, at.row) + at.first * VG_BLOCK;
    y += span_row(s.y, &at, at.row);
    for (int column = at.first; column < at.end; column++, x += VG_BLOCK) {
        __global elem *to = y + column * VG_BLOCK;
        vec most = (vec)-INFINITY, sum = (vec)0.0f;
        for (int i = 0; i < vectors; i++)
            most = fmax(most, used(LOAD(x + vector_at(i, s.x.plane)), i, s.channels, -INFINITY));
        const float m = most_of(most);
        for (int i = 0; i < vectors; i++) {
            const vec e = exp(LOAD(x + vector_at(i, s.x.plane)) - m);
            sum += used(e, i, s.channels, 0.0f);
            STORE(used(e, i, s.channels, 0.0f), to + vector_at(i, s.y.plane));
        }
        const float share = 1.0f / sum_of(sum);
        for (int i = 0; i < vectors; i++)
            STORE(LOAD(to + vector_at(i, s.y.plane)) * share, to + vector_at(i, s.y.plane));
    }
    for (int i = 0; i < vectors; i++)
        halo_store(y + vector_at(i, s.y.plane), s.halo, at.row, s.height, at.first, at.end,
                   s.width, s.y.row);
}
