/* Twin of kernels/map_small.cl. */
#include "kernels/map_rules.h"
#include "kernels/twins/map_twins.h"

static vg_i32 least(vg_i32 a, vg_i32 b)
{
    return a < b ? a : b;
}

/* Where a map pixel's own pixels begin and end. */
struct span {
    vg_i32 left, right, top, bottom;
};

static struct span span_of(const struct vg_map_job *job, vg_i32 x, vg_i32 y)
{
    const vg_i32 side = job->shrink;
    return (struct span){x * side, least((x + 1) * side, job->picture_width), y * side,
                         least((y + 1) * side, job->picture_height)};
}

static vg_i32 luma_of(const struct vg_twin_map_pixels *pixels, const struct vg_map_job *job,
                      struct span s)
{
    vg_i32 sum = 0;
    for (vg_i32 y = s.top; y < s.bottom; y++)
        for (vg_i32 x = s.left; x < s.right; x++)
            sum += pixels->luma[(size_t)y * pixels->luma_stride + (size_t)x];
    return vg_map_luma(sum, (s.right - s.left) * (s.bottom - s.top), job->full_range);
}

/* lane 0: U, 1: V; every pair that covers one of the pixels */
static vg_i32 chroma_of(const struct vg_twin_map_pixels *pixels, const struct vg_map_job *job,
                        struct span s, vg_i32 lane)
{
    vg_i32 sum = 0, count = 0;
    for (vg_i32 y = s.top / 2; y < (s.bottom + 1) / 2; y++)
        for (vg_i32 x = s.left / 2; x < (s.right + 1) / 2; x++) {
            sum += pixels->chroma[(size_t)y * pixels->chroma_stride + (size_t)(2 * x + lane)];
            count++;
        }
    return vg_map_chroma(sum, count, job->full_range);
}

static void sample(const struct vg_map_job *job, uint8_t *maps, vg_i32 at, vg_i32 luma)
{
    vg_i32 *light = vg_twin_map_light(job, maps, job->turn);
    const vg_i32 was = vg_twin_map_plane(job, maps, 1 - job->turn, VG_MAP_LONG_LUMA)[at];
    const vg_i32 class = vg_twin_map_plane(job, maps, 1 - job->turn, VG_MAP_CLASS)[at];
    const vg_i32 bin = vg_map_light_bin(luma, was);
    light[VG_MAP_LIGHT_SAMPLES]++;
    light[VG_MAP_LIGHT_NEW] += class == VG_MAP_NEW;
    if (bin < 0)
        return;
    light[VG_MAP_LIGHT_COUNT + bin]++;
    light[VG_MAP_LIGHT_NOW + bin] += luma;
    light[VG_MAP_LIGHT_WAS + bin] += was;
}

void vg_twin_map_small_of(const struct vg_twin_map_pixels *pixels, const struct vg_map_job *job,
                          uint8_t *maps)
{
    uint8_t *luma = vg_twin_map_plane(job, maps, job->turn, VG_MAP_LUMA);
    uint8_t *blue = vg_twin_map_plane(job, maps, job->turn, VG_MAP_BLUE);
    uint8_t *red = vg_twin_map_plane(job, maps, job->turn, VG_MAP_RED);
    const int sampled = (job->set & VG_MAP_GROUND) && !job->first;
    for (vg_i32 y = 0; y < job->height; y++)
        for (vg_i32 x = 0; x < job->width; x++) {
            const struct span s = span_of(job, x, y);
            const vg_i32 at = y * job->width + x;
            luma[at] = (uint8_t)luma_of(pixels, job, s);
            blue[at] = (uint8_t)chroma_of(pixels, job, s, 0);
            red[at] = (uint8_t)chroma_of(pixels, job, s, 1);
            if (sampled && x % VG_MAP_LIGHT_EACH == 0 && y % VG_MAP_LIGHT_EACH == 0)
                sample(job, maps, at, luma[at]);
        }
}

void vg_twin_map_small(const uint8_t *pixels, const struct vg_map_job *jobs, uint8_t *maps,
                       vg_i32 pictures)
{
    for (vg_i32 i = 0; i < pictures; i++) {
        const struct vg_twin_map_pixels at = {
            pixels + jobs[i].luma_first, pixels + jobs[i].chroma_first, (size_t)jobs[i].luma_stride,
            (size_t)jobs[i].chroma_stride};
        vg_twin_map_small_of(&at, &jobs[i], maps);
    }
}
