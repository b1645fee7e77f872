/* The small picture that all maps begin with: a map pixel is the mean of shrink x shrink pixels (of
 * what is there of them), in full range; chroma is the mean of the pairs that cover one of them.
 * With VG_MAP_GROUND also the light's histogram: each VG_MAP_LIGHT_EACH-th pixel of each such row
 * against the long background of the picture before (map_kernels.h).
 *
 * pixels  the whole picture of each job, NV12
 * jobs    one a picture
 * maps    face `turn` of each job's piece: the planes luma, blue, red; light `turn`
 * work    (ceil(width / VG_MAP_STRIP), height, pictures), groups of one work-item; SPREAD: (width
 *         rounded up to groups of VG_SPREAD_ITEMS, height, pictures) */
#include "kernel_sizes.h"
#include "map_kernels.h"
#include "map_rules.h"
#include "map_device.clh"

struct span {
    int left, right, top, bottom; /* of the picture's pixels */
};

static inline int luma_of(__global const uchar *pixels, const struct vg_map_job *job, struct span s)
{
    __global const uchar *line = pixels + job->luma_first + s.top * job->luma_stride;
    int sum = 0;
    for (int y = s.top; y < s.bottom; y++, line += job->luma_stride)
        for (int x = s.left; x < s.right; x++)
            sum += line[x];
    return vg_map_luma(sum, (s.right - s.left) * (s.bottom - s.top), job->full_range);
}

/* blue in .x, red in .y */
static inline int2 chroma_of(__global const uchar *pixels, const struct vg_map_job *job,
                             struct span s)
{
    const int left = s.left / 2, right = (s.right + 1) / 2, top = s.top / 2,
              bottom = (s.bottom + 1) / 2;
    __global const uchar *line = pixels + job->chroma_first + top * job->chroma_stride;
    const int count = (right - left) * (bottom - top);
    int blue = 0, red = 0;
    for (int y = top; y < bottom; y++, line += job->chroma_stride)
        for (int x = left; x < right; x++) {
            blue += line[2 * x];
            red += line[2 * x + 1];
        }
    return (int2)(vg_map_chroma(blue, count, job->full_range),
                  vg_map_chroma(red, count, job->full_range));
}

static inline void sample(const struct vg_map_job *job, __global uchar *maps, int at, int luma)
{
    __global int *light = light_of(job, maps, job->turn);
    const int was = plane_of(job, maps, 1 - job->turn, VG_MAP_LONG_LUMA)[at];
    const int bin = vg_map_light_bin(luma, was);
    atomic_inc(light + VG_MAP_LIGHT_SAMPLES);
    if (plane_of(job, maps, 1 - job->turn, VG_MAP_CLASS)[at] == VG_MAP_NEW)
        atomic_inc(light + VG_MAP_LIGHT_NEW);
    if (bin < 0)
        return;
    atomic_inc(light + VG_MAP_LIGHT_COUNT + bin);
    atomic_add(light + VG_MAP_LIGHT_NOW + bin, luma);
    atomic_add(light + VG_MAP_LIGHT_WAS + bin, was);
}

GROUP __kernel void map_small(__global const uchar *pixels, __global const struct vg_map_job *jobs,
                              __global uchar *maps)
{
    const struct vg_map_job job = jobs[get_global_id(2)];
    const struct strip strip = strip_of(&job);
    __global uchar *luma = plane_of(&job, maps, job.turn, VG_MAP_LUMA);
    __global uchar *blue = plane_of(&job, maps, job.turn, VG_MAP_BLUE);
    __global uchar *red = plane_of(&job, maps, job.turn, VG_MAP_RED);
    const int sampled = (job.set & VG_MAP_GROUND) && !job.first && strip.row % VG_MAP_LIGHT_EACH == 0;
    for (int x = strip.first; x < strip.end; x++) {
        const struct span s = {x * job.shrink, min((x + 1) * job.shrink, job.picture_width),
                               strip.row * job.shrink,
                               min((strip.row + 1) * job.shrink, job.picture_height)};
        const int at = strip.row * job.width + x, mean = luma_of(pixels, &job, s);
        const int2 chroma = chroma_of(pixels, &job, s);
        luma[at] = (uchar)mean;
        blue[at] = (uchar)chroma.x;
        red[at] = (uchar)chroma.y;
        if (sampled && x % VG_MAP_LIGHT_EACH == 0)
            sample(&job, maps, at, mean);
    }
}
