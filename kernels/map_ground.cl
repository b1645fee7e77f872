/* How each pixel stands to the backgrounds, and what they become (map_rules.h says by what rules).
 *
 * jobs    one a picture
 * maps    of each job's piece: reads the small picture of sheet `turn` (its neighbours too), the long
 *         background of the other sheet and light `turn`; writes the long background, class and stays
 *         of sheet `turn`, its own words, and zeros into the other light for the next picture
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

static inline void ground_find(struct ground *g, const struct vg_map_job *job, __global uchar *maps)
{
    g->luma = plane_of(job, maps, job->turn, VG_MAP_LUMA);
    g->blue = plane_of(job, maps, job->turn, VG_MAP_BLUE);
    g->red = plane_of(job, maps, job->turn, VG_MAP_RED);
    g->was_luma = plane_of(job, maps, 1 - job->turn, VG_MAP_LONG_LUMA);
    g->was_blue = plane_of(job, maps, 1 - job->turn, VG_MAP_LONG_BLUE);
    g->was_red = plane_of(job, maps, 1 - job->turn, VG_MAP_LONG_RED);
    g->long_luma = plane_of(job, maps, job->turn, VG_MAP_LONG_LUMA);
    g->long_blue = plane_of(job, maps, job->turn, VG_MAP_LONG_BLUE);
    g->long_red = plane_of(job, maps, job->turn, VG_MAP_LONG_RED);
    g->class = plane_of(job, maps, job->turn, VG_MAP_CLASS);
    g->stays = plane_of(job, maps, job->turn, VG_MAP_STAYS);
    g->words = words_of(job, maps, 0);
    g->halves = halves_of(job, maps, 0);
    g->plane = job->plane;
}

static inline void pixel_read(const struct ground *g, int at, struct vg_map_pixel *p)
{
    __global const int *word = g->words + at;
    __global const ushort *half_word = g->halves + at;
    p->luma = word[VG_MAP_WORD_LUMA * g->plane];
    p->blue = word[VG_MAP_WORD_BLUE * g->plane];
    p->red = word[VG_MAP_WORD_RED * g->plane];
    p->seen = word[VG_MAP_WORD_SEEN * g->plane];
    vg_map_stays_read(p, word[VG_MAP_WORD_STAYS * g->plane]);
    p->short_luma = half_word[VG_MAP_HALF_LUMA * g->plane];
    p->short_blue = half_word[VG_MAP_HALF_BLUE * g->plane];
    p->short_red = half_word[VG_MAP_HALF_RED * g->plane];
    p->noise = half_word[VG_MAP_HALF_NOISE * g->plane];
    p->chroma_noise = half_word[VG_MAP_HALF_CHROMA_NOISE * g->plane];
    p->short_noise = half_word[VG_MAP_HALF_SHORT_NOISE * g->plane];
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

#if !SPREAD
/* ---- sixteen pixels that are as ever, at once: nearly all of a picture ---- */

#define CLAMP(v, least, most) clamp(v, (int16)(least), (int16)(most))
#define LIMIT(noise, name)                                                                         \
    CLAMP((noise) * VG_MAP_HALVES_NOISE >> 1, VG_MAP_##name##_LEAST, VG_MAP_##name##_MOST)
#define WORD(name)  vload16(0, g->words + VG_MAP_WORD_##name * g->plane + at)
#define HALF(name)  convert_int16(vload16(0, g->halves + VG_MAP_HALF_##name * g->plane + at))
#define LOOK(plane) convert_int16(vload16(0, g->plane + at))
#define STORE_WORD(v, name) vstore16(v, 0, g->words + VG_MAP_WORD_##name * g->plane + at)
#define STORE_HALF(v, name)                                                                        \
    vstore16(convert_ushort16(v), 0, g->halves + VG_MAP_HALF_##name * g->plane + at)
#define STORE_BYTE(v, plane) vstore16(convert_uchar16(v), 0, g->plane + at)

static inline int16 away_by(int16 level, int16 a)
{
    return convert_int16(abs((level << 8) - min(a, (int16)65280)));
}

/* value + ((to - value) * rate >> 16), rate below 32768 */
static inline int16 flow(int16 value, int16 to, int16 rate)
{
    return value + mul_hi(to - value, rate << 16);
}

static inline int16 byte_of(int16 value)
{
    return CLAMP((value + 32768) >> 16, 0, 255);
}

/* (ms << 16) / time: the division of floats is wrong by one at most, which the remainder shows.
 * ms: 1 to VG_MAP_STEP_MAX_MS */
static inline int16 rate_of(int ms, int16 time)
{
    const int16 part = (int16)(ms << 16);
    const int16 rate = convert_int16(convert_float16(part) / convert_float16(time));
    const int16 rest = part - rate * time;
    return rate + (rest < 0) - (rest >= time); /* true is -1 */
}

/* As vg_map_follow, where all of a whole strip's pixels are as both backgrounds. 0: they are not, and
 * nothing was done. */
static int follow_calm(const struct ground *g, const struct vg_map_step *step, int at)
{
    const int16 y = LOOK(luma), u = LOOK(blue), v = LOOK(red);
    const int16 l = WORD(LUMA), b = WORD(BLUE), r = WORD(RED);
    const int16 sl = HALF(LUMA), sb = HALF(BLUE), sr = HALF(RED);
    const int16 noise = HALF(NOISE), chroma_noise = HALF(CHROMA_NOISE);
    const int16 short_noise = HALF(SHORT_NOISE);
    const int16 luma_off = away_by(y, l >> 8), short_off = away_by(y, sl);
    const int16 chroma_off = max(away_by(u, b >> 8), away_by(v, r >> 8));
    const int16 chroma = LIMIT(chroma_noise, CHROMA);
    const int16 calm = luma_off <= LIMIT(noise, LUMA) && chroma_off <= chroma &&
                       short_off <= LIMIT(max(noise, short_noise), LUMA) &&
                       max(away_by(u, sb), away_by(v, sr)) <= chroma;
    const int16 seen = WORD(SEEN), stays = WORD(STAYS) >> VG_MAP_AWAY_BITS;
    if (!all(calm) || step->ms == 0)
        return 0;

    const int ms = step->ms;
    const int16 long_rate = rate_of(ms, min(seen, (int16)VG_MAP_LONG_MS) + 2 * ms);
    const int16 short_rate = rate_of(ms, min(stays, (int16)VG_MAP_SHORT_MS) + 2 * ms);
    const int16 noise_rate =
        rate_of(ms, CLAMP(seen, VG_MAP_NOISE_LEAST_MS, VG_MAP_NOISE_MS) + ms);
    const int16 short_noise_rate = (int16)step->short_noise_rate;
    if (any(max(max(long_rate, short_rate), max(noise_rate, short_noise_rate)) >= 32768))
        return 0;

    const int16 stayed = min(stays + ms, (int16)VG_MAP_STAYS_MAX);
    const int16 beyond = y >= 255 && l > 255 << 16;
    const int16 new_l = beyond ? l : flow(l, y << 16, long_rate);
    const int16 new_b = flow(b, u << 16, long_rate), new_r = flow(r, v << 16, long_rate);
    STORE_WORD(new_l, LUMA);
    STORE_WORD(new_b, BLUE);
    STORE_WORD(new_r, RED);
    STORE_WORD(min(seen + ms, (int16)VG_MAP_LONG_MS), SEEN);
    STORE_WORD(stayed << VG_MAP_AWAY_BITS, STAYS);
    STORE_HALF(flow(sl, y << 8, short_rate), LUMA);
    STORE_HALF(flow(sb, u << 8, short_rate), BLUE);
    STORE_HALF(flow(sr, v << 8, short_rate), RED);
    STORE_HALF(flow(noise, min(luma_off, (int16)VG_MAP_LUMA_MOST), noise_rate), NOISE);
    STORE_HALF(flow(chroma_noise, min(chroma_off, (int16)VG_MAP_CHROMA_MOST), noise_rate),
               CHROMA_NOISE);
    STORE_HALF(flow(short_noise, short_off, short_noise_rate), SHORT_NOISE);
    STORE_BYTE(byte_of(new_l), long_luma);
    STORE_BYTE(byte_of(new_b), long_blue);
    STORE_BYTE(byte_of(new_r), long_red);
    STORE_BYTE(min(stayed / VG_MAP_UNIT_MS, (int16)255), stays);
    STORE_BYTE((int16)VG_MAP_SAME, class);
    return 1;
}
#endif

static void begin(const struct ground *g, int at)
{
    const struct vg_map_look look = {g->luma[at], g->blue[at], g->red[at]};
    struct vg_map_pixel p;
    vg_map_begin(&p, look);
    g->class[at] = VG_MAP_SAME;
    pixel_write(g, at, &p);
}

GROUP __kernel void map_ground(__global const struct vg_map_job *jobs, __global uchar *maps)
{
    const struct vg_map_job job = jobs[get_global_id(2)];
    const struct strip strip = strip_of(&job);
    if (!(job.set & VG_MAP_GROUND) || strip.first >= strip.end)
        return;
    struct ground g;
    ground_find(&g, &job, maps);
    if (strip.first == 0 && strip.row == 0)
        for (int i = 0; i < VG_MAP_LIGHT_WORDS; i++)
            light_of(&job, maps, 1 - job.turn)[i] = 0;
    for (int x = strip.first; x < strip.end && job.first; x++)
        begin(&g, strip.row * job.width + x);
    if (job.first)
        return;
    struct vg_map_step step;
    vg_map_light_of(light_of(&job, maps, job.turn), &step.light);
    vg_map_step_fill(&step, job.step_ms);
#if !SPREAD
    if (strip.end - strip.first == VG_MAP_STRIP && step.light.gain == VG_MAP_GAIN_ONE &&
        follow_calm(&g, &step, strip.row * job.width + strip.first))
        return;
#endif
    for (int x = strip.first; x < strip.end; x++) {
        const int at = strip.row * job.width + x;
        const struct vg_map_look look = {g.luma[at], g.blue[at], g.red[at]};
        struct vg_map_pixel p;
        pixel_read(&g, at, &p);
        vg_map_lighten(&p, step.light.gain);
        int like = vg_map_compare(&p, look);
        if (like != (VG_MAP_AS_LONG | VG_MAP_AS_SHORT))
            like = compare_around(&g, &job, &p, look, x, strip.row, step.light.gain, like);
        g.class[at] = (uchar)vg_map_follow(&p, look, like, &step);
        pixel_write(&g, at, &p);
    }
}
