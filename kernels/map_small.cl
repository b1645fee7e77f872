/* The small picture that all maps begin with: a map pixel is the mean of shrink x shrink pixels (of
 * what is there of them), in full range; chroma is the mean of the pairs that cover one of them.
 * With VG_MAP_GROUND also the light's histogram: each VG_MAP_LIGHT_EACH-th pixel of each such row
 * against the long background of the picture before (map_kernels.h).
 *
 * pixels  the whole picture of each job, NV12
 * jobs    one a picture
 * maps    sheet `turn` of each job's piece: the planes luma, blue, red; light `turn`
 * work    (ceil(width / VG_MAP_STRIP), height, pictures), groups of one work-item; SPREAD: (width
 *         rounded up to groups of VG_SPREAD_ITEMS, height, pictures) */
#include "kernel_sizes.h"
#include "map_kernels.h"
#include "map_rules.h"
#include "map_device.clh"

struct span {
    int left, right, top, bottom; /* of the picture's pixels */
};

/* Of the map pixels first to end - 1 of a row. */
static inline struct span span_of(const struct vg_map_job *job, int first, int end, int row)
{
    const int side = job->shrink;
    const struct span span = {first * side, min(end * side, job->picture_width), row * side,
                              min((row + 1) * side, job->picture_height)};
    return span;
}

#if SPREAD
/* A strip is one pixel: its bytes one by one. `step`: from a byte to the next. */
static inline int sum_of(__global const uchar *line, int stride, int step, int columns, int rows)
{
    int sum = 0;
    for (int y = 0; y < rows; y++, line += stride)
        for (int x = 0; x < columns; x++)
            sum += line[x * step];
    return sum;
}
#else
/* The sums of each of `bytes` columns of a strip over its rows, 16 columns at once. */
static inline void columns_sum(__global const uchar *line, int stride, int bytes, int rows,
                               ushort *sums)
{
    int x = 0;
    for (; x + 16 <= bytes; x += 16) {
        ushort16 sum = 0;
        for (int y = 0; y < rows; y++)
            sum += convert_ushort16(vload16(0, line + x + y * stride));
        vstore16(sum, 0, sums + x);
    }
    for (; x < bytes; x++) {
        sums[x] = 0;
        for (int y = 0; y < rows; y++)
            sums[x] += line[x + y * stride];
    }
}

static inline int sum_of(const ushort *sums, int step, int columns)
{
    int sum = 0;
    for (int x = 0; x < columns; x++)
        sum += sums[x * step];
    return sum;
}
#endif

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
    if (strip.first >= strip.end)
        return;
    const struct span all = span_of(&job, strip.first, strip.end, strip.row);
    __global const uchar *bright =
        pixels + job.luma_first + all.top * job.luma_stride + all.left;
    __global const uchar *colour =
        pixels + job.chroma_first + all.top / 2 * job.chroma_stride + all.left / 2 * 2;
    const int rows = all.bottom - all.top, pair_rows = (all.bottom + 1) / 2 - all.top / 2;
#if !SPREAD
    ushort sums[VG_MAP_STRIP * VG_MAP_SHRINK_MAX], pair_sums[VG_MAP_STRIP * VG_MAP_SHRINK_MAX + 4];
    columns_sum(bright, job.luma_stride, all.right - all.left, rows, sums);
    columns_sum(colour, job.chroma_stride, ((all.right + 1) / 2 - all.left / 2) * 2, pair_rows,
                pair_sums);
#endif
    for (int x = strip.first; x < strip.end; x++) {
        const struct span s = span_of(&job, x, x + 1, strip.row);
        const int columns = s.right - s.left, pairs = (s.right + 1) / 2 - s.left / 2;
        const int at = strip.row * job.width + x;
#if SPREAD
        const int y_sum = sum_of(bright, job.luma_stride, 1, columns, rows);
        const int u_sum = sum_of(colour, job.chroma_stride, 2, pairs, pair_rows);
        const int v_sum = sum_of(colour + 1, job.chroma_stride, 2, pairs, pair_rows);
#else
        const int from = (s.left / 2 - all.left / 2) * 2;
        const int y_sum = sum_of(sums + s.left - all.left, 1, columns);
        const int u_sum = sum_of(pair_sums + from, 2, pairs);
        const int v_sum = sum_of(pair_sums + from + 1, 2, pairs);
#endif
        const int mean = vg_map_luma(y_sum, columns * rows, job.full_range);
        luma[at] = (uchar)mean;
        blue[at] = (uchar)vg_map_chroma(u_sum, pairs * pair_rows, job.full_range);
        red[at] = (uchar)vg_map_chroma(v_sum, pairs * pair_rows, job.full_range);
        if (sampled && x % VG_MAP_LIGHT_EACH == 0)
            sample(&job, maps, at, mean);
    }
}
