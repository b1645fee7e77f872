/* How much each pixel has the colour of a flame, and how much its brightness goes up and down
 * (map_rules.h says by what rules).
 *
 * jobs    one a picture
 * maps    of each job's piece: reads the small picture of sheet `turn` (5x5 of it where it is white)
 *         and the luma of the other sheet; writes warm and flicker of sheet `turn` and its own words
 * work    as map_small */
#include "kernel_sizes.h"
#include "map_kernels.h"
#include "map_rules.h"
#include "map_device.clh"

struct flame {
    __global const uchar *luma, *blue, *red;
};

static int around_of(const struct flame *f, const struct vg_map_job *job, int x, int y)
{
    int most = 0;
    for (int i = 0; i < 25; i++) {
        const int column = clamp(x + i % 5 - 2, 0, job->width - 1);
        const int row = clamp(y + i / 5 - 2, 0, job->height - 1);
        const int at = row * job->width + column;
        const struct vg_map_look look = {f->luma[at], f->blue[at], f->red[at]};
        most = max(most, vg_map_rim(look));
    }
    return most;
}

GROUP __kernel void map_flame(__global const struct vg_map_job *jobs, __global uchar *maps)
{
    const struct vg_map_job job = jobs[get_global_id(2)];
    const struct strip strip = strip_of(&job);
    if (!(job.set & VG_MAP_FLAME))
        return;
    const struct flame f = {plane_of(&job, maps, job.turn, VG_MAP_LUMA),
                            plane_of(&job, maps, job.turn, VG_MAP_BLUE),
                            plane_of(&job, maps, job.turn, VG_MAP_RED)};
    __global const uchar *before = plane_of(&job, maps, 1 - job.turn, VG_MAP_LUMA);
    __global uchar *warm = plane_of(&job, maps, job.turn, VG_MAP_WARM);
    __global uchar *flicker = plane_of(&job, maps, job.turn, VG_MAP_FLICKER);
    __global ushort *run = halves_of(&job, maps, VG_MAP_HALF_RUN);
    __global ushort *swing = halves_of(&job, maps, VG_MAP_HALF_SWING);
    for (int x = strip.first; x < strip.end; x++) {
        const int at = strip.row * job.width + x;
        const struct vg_map_look look = {f.luma[at], f.blue[at], f.red[at]};
        const int rim = vg_map_rim(look), core = vg_map_core(look);
        struct vg_map_swing s = {0, 0};
        if (!job.first) {
            s.run = (int)run[at] - 32768;
            s.swing = swing[at];
            vg_map_swing_step(&s, before[at], look.luma, job.step_ms);
        }
        run[at] = (ushort)(s.run + 32768);
        swing[at] = (ushort)s.swing;
        flicker[at] = (uchar)(s.swing >> 8);
        warm[at] = (uchar)(core > rim ? max(rim, min(core, around_of(&f, &job, x, strip.row))) : rim);
    }
}
