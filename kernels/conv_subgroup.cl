/* Dense convolution for GPUs whose work-items can read each other's registers (Intel's sub-groups),
 * the same product of matrices as conv_tile.cl (formula, pixels and weights there).
 *
 * 16 work-items are a sub-group and the 16 channels of a block: work-item i carries channel i of x
 * for P pixels (together they read whole pixels), and makes channel i of OB blocks of y for all of
 * them. Channel after channel of x is handed to all by a shuffle; weights are read straight on, 16
 * neighbours at a time. Local memory is not used.
 * x, y, x2 blocked layout (kernel_sizes.h), blocks of 16. All lanes of x's last block are read and meet
 *          weights of 0.
 * w        [group of OB blocks][block of x][ky][kx][lane][OB * 16]; the bias in the same buffer.
 * work     (tiles * 64, groups of OB blocks), groups of 4 sub-groups; a tile is 4 * P pixels.
 * Tunables P 1 to 8, OB 1 or 2: P * OB accumulators and P values of x a work-item.
 * Cost     2 * K_Y * K_X * channels(x) * channels(y) * pixels operations, of whole blocks.
 * Assumes  a halo of zeros in x (vg_conv_reach).
 * A device without cl_intel_subgroups gets the same through local memory, as with -DEMULATE=1:
 * right, but not fast. */
#define SPREAD   1
#define VG_LANES 1
#include "kernel_sizes.h"
#include "vector.clh"
#include "conv_store.clh"
#include "conv_pixels.clh"

#ifndef P
#define P 8
#endif
#ifndef OB
#define OB 1
#endif
#ifndef K_Y
#define K_Y 3
#define K_X 3
#endif
#ifndef S_Y
#define S_Y 1
#define S_X 1
#endif
#ifndef D_Y
#define D_Y 1
#define D_X 1
#endif
#define TAPS  (K_Y * K_X)
#define TEAM  16 /* work-items of a sub-group */
#define TEAMS (VG_SUBGROUP_GROUP_ITEMS / TEAM)

#if defined(cl_intel_subgroups) && !defined(EMULATE)
#pragma OPENCL EXTENSION cl_intel_subgroups : enable
#define SUB_GROUP               __attribute__((intel_reqd_sub_group_size(TEAM)))
#define SHARED                  1
#define SHARE(values, p)        ((void)shared)
#define OTHERS(values, p, from) intel_sub_group_shuffle((values)[p], (uint)(from))
#define MEET()                  ((void)0)
#else
#define SUB_GROUP
#define SHARED                  (P * TEAM)
#define SHARE(values, p)        (shared[(p)*TEAM + lane] = (values)[p])
#define OTHERS(values, p, from) (shared[(p)*TEAM + (from)])
#define MEET()                  barrier(CLK_LOCAL_MEM_FENCE)
#endif

SUB_GROUP __attribute__((reqd_work_group_size(VG_SUBGROUP_GROUP_ITEMS, 1, 1))) __kernel void
conv_subgroup(__global const elem *x, __global const float *w, __global const elem *x2,
              __global elem *y, const struct vg_conv_sizes s)
{
    __local float all_shared[TEAMS * SHARED];
    const int lane = (int)get_local_id(0) % TEAM, team = (int)get_local_id(0) / TEAM;
    const int first = ((int)get_group_id(0) * TEAMS + team) * P;
    const int block_first = (int)get_group_id(1) * OB;
    const int slabs = (s.x_channels + VG_BLOCK - 1) / VG_BLOCK * TAPS;
    __local float *shared = all_shared + team * SHARED;

    int from[P];
    UNROLL for (int p = 0; p < P; p++)
    {
        const struct place place = place_of(first + p, &s);
        from[p] = place.picture * s.x.picture + (place.row * S_Y - s.above) * s.x.row +
                  (place.column * S_X - s.left) * VG_BLOCK + lane;
    }
    x += s.x.first;
    __global const float *bias = w + s.bias_first + block_first * VG_BLOCK + lane;
    w += s.w_first + (int)get_group_id(1) * slabs * VG_BLOCK * OB * VG_BLOCK + lane;

    float sum[P][OB];
    UNROLL for (int o = 0; o < OB; o++) UNROLL for (int p = 0; p < P; p++) sum[p][o] =
        bias[o * VG_BLOCK];
    for (int slab = 0; slab < slabs; slab++) {
        const int tap = slab % TAPS;
        __global const elem *at =
            x + slab / TAPS * s.x.plane + tap / K_X * D_Y * s.x.row + tap % K_X * D_X * VG_BLOCK;
        float value[P];
        UNROLL for (int p = 0; p < P; p++)
        {
            value[p] = READ(at + from[p]);
            SHARE(value, p);
        }
        MEET();
        UNROLL for (int k = 0; k < VG_BLOCK; k++, w += OB * VG_BLOCK)
        {
            float weight[OB];
            UNROLL for (int o = 0; o < OB; o++) weight[o] = w[o * VG_BLOCK];
            UNROLL for (int p = 0; p < P; p++)
            {
                const float v = OTHERS(value, p, k);
                UNROLL for (int o = 0; o < OB; o++) sum[p][o] = fma(v, weight[o], sum[p][o]);
            }
        }
        MEET();
    }

    const int pixels = s.width * s.height * s.pictures;
    const int blocks = (s.y_channels + VG_BLOCK - 1) / VG_BLOCK;
    UNROLL for (int p = 0; p < P; p++)
    {
        const struct place at = place_of(first + p, &s);
        UNROLL for (int o = 0; o < OB; o++) if (first + p < pixels && block_first + o < blocks)
            value_store(sum[p][o], at, (block_first + o) * VG_BLOCK + lane, x2, y, &s);
    }
}
