/* How each pixel stands to the backgrounds, and what they become (map_rules.h says by what rules).
 *
 * jobs    one a picture
 * maps    of each job's piece: reads the small picture of face `turn` (its neighbours too), the long
 *         background of the other face and light `turn`; writes the long background, class and stays
 *         of face `turn`, its own words, and zeros into the other light for the next picture
 * work    as map_small */
#include "kernel_sizes.h"
#include "map_kernels.h"
#include "map_rules.h"
#include "map_device.clh"

struct ground {
    __global const uchar *luma, *blue, *red;             /* the small picture */
    __global const uchar *was_luma, *was_blue, *was_red; /* the long background before */
    __global uchar *long_luma, *long_blue, *long_red, *class, *stays;
    __global int *words;
    __global ushort *halves;
    int plane;
};

static inline struct ground ground_of(const struct vg_map_job *job, __global uchar *maps)
{
    struct ground g;
    g.luma = plane_of(job, maps, job->turn, VG_MAP_LUMA);
    g.blue = plane_of(job, maps, job->turn, VG_MAP_BLUE);
    g.red = plane_of(job, maps, job->turn, VG_MAP_RED);
    g.was_luma = plane_of(job, maps, 1 - job->turn, VG_MAP_LONG_LUMA);
    g.was_blue = plane_of(job, maps, 1 - job->turn, VG_MAP_LONG_BLUE);
    g.was_red = plane_of(job, maps, 1 - job->turn, VG_MAP_LONG_RED);
    g.long_luma = plane_of(job, maps, job->turn, VG_MAP_LONG_LUMA);
    g.long_blue = plane_of(job, maps, job->turn, VG_MAP_LONG_BLUE);
    g.long_red = plane_of(job, maps, job->turn, VG_MAP_LONG_RED);
    g.class = plane_of(job, maps, job->turn, VG_MAP_CLASS);
    g.stays = plane_of(job, maps, job->turn, VG_MAP_STAYS);
    g.words = words_of(job, maps, 0);
    g.halves = halves_of(job, maps, 0);
    g.plane = job->plane;
    return g;
}

static inline struct vg_map_pixel pixel_read(const struct ground *g, int at)
{
    __global const int *word = g->words + at;
    __global const ushort *half_word = g->halves + at;
    struct vg_map_pixel p;
    p.luma = word[VG_MAP_WORD_LUMA * g->plane];
    p.blue = word[VG_MAP_WORD_BLUE * g->plane];
    p.red = word[VG_MAP_WORD_RED * g->plane];
    p.seen = word[VG_MAP_WORD_SEEN * g->plane];
    vg_map_stays_read(&p, word[VG_MAP_WORD_STAYS * g->plane]);
    p.short_luma = half_word[VG_MAP_HALF_LUMA * g->plane];
    p.short_blue = half_word[VG_MAP_HALF_BLUE * g->plane];
    p.short_red = half_word[VG_MAP_HALF_RED * g->plane];
    p.noise = half_word[VG_MAP_HALF_NOISE * g->plane];
    p.chroma_noise = half_word[VG_MAP_HALF_CHROMA_NOISE * g->plane];
    p.short_noise = half_word[VG_MAP_HALF_SHORT_NOISE * g->plane];
    return p;
}

static inline void pixel_write(const struct ground *g, int at, const struct vg_map_pixel *p)
{
    __global int *word = g->words + at;
    __global ushort *half_word = g->halves + at;
    word[VG_MAP_WORD_LUMA * g->plane] = p->luma;
    word[VG_MAP_WORD_BLUE * g->plane] = p->blue;
    word[VG_MAP_WORD_RED * g->plane] = p->red;
    word[VG_MAP_WORD_SEEN * g->plane] = p->seen;
    word[VG_MAP_WORD_STAYS * g->plane] = vg_map_stays_word(p);
    half_word[VG_MAP_HALF_LUMA * g->plane] = (ushort)p->short_luma;
    half_word[VG_MAP_HALF_BLUE * g->plane] = (ushort)p->short_blue;
    half_word[VG_MAP_HALF_RED * g->plane] = (ushort)p->short_red;
    half_word[VG_MAP_HALF_NOISE * g->plane] = (ushort)p->noise;
    half_word[VG_MAP_HALF_CHROMA_NOISE * g->plane] = (ushort)p->chroma_noise;
    half_word[VG_MAP_HALF_SHORT_NOISE * g->plane] = (ushort)p->short_noise;
    g->long_luma[at] = (uchar)vg_map_byte_of(p->luma);
    g->long_blue[at] = (uchar)vg_map_byte_of(p->blue);
    g->long_red[at] = (uchar)vg_map_byte_of(p->red);
    g->stays[at] = (uchar)vg_map_stays_byte(p);
}

/* Few pixels come here. */
static vg_i32 compare_around(const struct ground *g, const struct vg_map_job *job,
                             const struct vg_map_pixel *p, struct vg_map_look look, int x, int y,
                             int gain, int like)
{
    struct vg_map_around around;
    vg_i32 blue[9], red[9];
    for (int i = 0; i < 9; i++) {
        const int column = clamp(x + i % 3 - 1, 0, job->width - 1);
        const int at = clamp(y + i / 3 - 1, 0, job->height - 1) * job->width + column;
        around.now[i] = g->luma[at];
        around.was[i] = vg_map_lit(g->was_luma[at], gain);
        blue[i] = g->was_blue[at];
        red[i] = g->was_red[at];
    }
    vg_map_cross(blue, &around.blue_least, &around.blue_most);
    vg_map_cross(red, &around.red_least, &around.red_most);
    return vg_map_compare_around(p, look, &around, like);
}

static inline struct vg_map_look look_at(const struct ground *g, int at)
{
    const struct vg_map_look look = {g->luma[at], g->blue[at], g->red[at]};
    return look;
}

static void begin(const struct ground *g, int at)
{
    struct vg_map_pixel p;
    vg_map_begin(&p, look_at(g, at));
    g->class[at] = VG_MAP_SAME;
    pixel_write(g, at, &p);
}

GROUP __kernel void map_ground(__global const struct vg_map_job *jobs, __global uchar *maps)
{
    const struct vg_map_job job = jobs[get_global_id(2)];
    const struct strip strip = strip_of(&job);
    if (!(job.set & VG_MAP_GROUND) || strip.first >= strip.end)
        return;
    const struct ground g = ground_of(&job, maps);
    if (strip.first == 0 && strip.row == 0)
        for (int i = 0; i < VG_MAP_LIGHT_WORDS; i++)
            light_of(&job, maps, 1 - job.turn)[i] = 0;
    for (int x = strip.first; x < strip.end && job.first; x++)
        begin(&g, strip.row * job.width + x);
    if (job.first)
        return;
    const struct vg_map_step step =
        vg_map_step_of(job.step_ms, vg_map_light_of(light_of(&job, maps, job.turn)));
    for (int x = strip.first; x < strip.end; x++) {
        const int at = strip.row * job.width + x;
        const struct vg_map_look look = look_at(&g, at);
        struct vg_map_pixel p = pixel_read(&g, at);
        vg_map_lighten(&p, step.light.gain);
        int like = vg_map_compare(&p, look);
        if (like != (VG_MAP_AS_LONG | VG_MAP_AS_SHORT))
            like = compare_around(&g, &job, &p, look, x, strip.row, step.light.gain, like);
        g.class[at] = (uchar)vg_map_follow(&p, look, like, &step);
        pixel_write(&g, at, &p);
    }
}
