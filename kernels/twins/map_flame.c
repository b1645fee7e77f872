/* Twin of kernels/map_flame.cl. */
#include "kernels/map_rules.h"
#include "kernels/twins/map_twins.h"

struct flame {
    const struct vg_map_job *job;
    const uint8_t *luma, *blue, *red, *before;
};

static struct vg_map_look look_at(const struct flame *f, vg_i32 x, vg_i32 y)
{
    const vg_i32 at = vg_map_clamp(y, 0, f->job->height - 1) * f->job->width +
                      vg_map_clamp(x, 0, f->job->width - 1);
    return (struct vg_map_look){f->luma[at], f->blue[at], f->red[at]};
}

static vg_i32 warm_of(const struct flame *f, vg_i32 x, vg_i32 y)
{
    const struct vg_map_look look = look_at(f, x, y);
    const vg_i32 core = vg_map_core(look);
    vg_i32 warm = vg_map_rim(look), around = 0;
    for (vg_i32 i = 0; core > warm && i < 25; i++) {
        const vg_i32 rim = vg_map_rim(look_at(f, x + i % 5 - 2, y + i / 5 - 2));
        around = rim > around ? rim : around;
    }
    around = around < core ? around : core;
    return around > warm ? around : warm;
}

static void picture(const struct vg_map_job *job, uint8_t *maps)
{
    const struct flame f = {job, vg_twin_map_plane(job, maps, job->turn, VG_MAP_LUMA),
                            vg_twin_map_plane(job, maps, job->turn, VG_MAP_BLUE),
                            vg_twin_map_plane(job, maps, job->turn, VG_MAP_RED),
                            vg_twin_map_plane(job, maps, 1 - job->turn, VG_MAP_LUMA)};
    uint8_t *warm = vg_twin_map_plane(job, maps, job->turn, VG_MAP_WARM);
    uint8_t *flicker = vg_twin_map_plane(job, maps, job->turn, VG_MAP_FLICKER);
    uint16_t *run = vg_twin_map_halves(job, maps, VG_MAP_HALF_RUN);
    uint16_t *swing = vg_twin_map_halves(job, maps, VG_MAP_HALF_SWING);
    for (vg_i32 y = 0; y < job->height; y++)
        for (vg_i32 x = 0; x < job->width; x++) {
            const vg_i32 at = y * job->width + x;
            struct vg_map_swing s = {0, 0};
            if (!job->first) {
                s = (struct vg_map_swing){run[at] - 32768, swing[at]};
                vg_map_swing_step(&s, f.before[at], f.luma[at], job->step_ms);
            }
            run[at] = (uint16_t)(s.run + 32768);
            swing[at] = (uint16_t)s.swing;
            warm[at] = (uint8_t)warm_of(&f, x, y);
            flicker[at] = (uint8_t)(s.swing >> 8);
        }
}

void vg_twin_map_flame(const struct vg_map_job *jobs, uint8_t *maps, vg_i32 pictures)
{
    for (vg_i32 i = 0; i < pictures; i++)
        if (jobs[i].set & VG_MAP_FLAME)
            picture(&jobs[i], maps);
}
