/* Twin of kernels/map_ground.cl. */
#include <string.h>

#include "kernels/map_rules.h"
#include "kernels/twins/map_twins.h"

/* Planes of both sheets; `long_`: [0] luma, [1] blue, [2] red. */
struct ground {
    const struct vg_map_job *job;
    const uint8_t *luma, *blue, *red;
    const uint8_t *was[3];
    uint8_t *becomes[3];
    uint8_t *class, *stays;
    vg_i32 *words[VG_MAP_WORDS];
    uint16_t *halves[VG_MAP_HALVES];
    struct vg_map_step step;
};

static struct ground ground_of(const struct vg_map_job *job, uint8_t *maps)
{
    struct ground g = {.job = job,
                       .luma = vg_twin_map_plane(job, maps, job->turn, VG_MAP_LUMA),
                       .blue = vg_twin_map_plane(job, maps, job->turn, VG_MAP_BLUE),
                       .red = vg_twin_map_plane(job, maps, job->turn, VG_MAP_RED),
                       .class = vg_twin_map_plane(job, maps, job->turn, VG_MAP_CLASS),
                       .stays = vg_twin_map_plane(job, maps, job->turn, VG_MAP_STAYS)};
    for (vg_i32 i = 0; i < 3; i++) {
        g.was[i] = vg_twin_map_plane(job, maps, 1 - job->turn, VG_MAP_LONG_LUMA + i);
        g.becomes[i] = vg_twin_map_plane(job, maps, job->turn, VG_MAP_LONG_LUMA + i);
    }
    for (vg_i32 i = 0; i < VG_MAP_WORDS; i++)
        g.words[i] = vg_twin_map_words(job, maps, i);
    for (vg_i32 i = 0; i < VG_MAP_HALVES; i++)
        g.halves[i] = vg_twin_map_halves(job, maps, i);
    if (!job->first) {
        vg_map_light_of(vg_twin_map_light(job, maps, job->turn), &g.step.light);
        vg_map_step_fill(&g.step, job->step_ms);
    }
    return g;
}

static struct vg_map_pixel pixel_read(const struct ground *g, vg_i32 at)
{
    struct vg_map_pixel p = {.luma = g->words[VG_MAP_WORD_LUMA][at],
                             .blue = g->words[VG_MAP_WORD_BLUE][at],
                             .red = g->words[VG_MAP_WORD_RED][at],
                             .seen = g->words[VG_MAP_WORD_SEEN][at],
                             .short_luma = g->halves[VG_MAP_HALF_LUMA][at],
                             .short_blue = g->halves[VG_MAP_HALF_BLUE][at],
                             .short_red = g->halves[VG_MAP_HALF_RED][at],
                             .noise = g->halves[VG_MAP_HALF_NOISE][at],
                             .chroma_noise = g->halves[VG_MAP_HALF_CHROMA_NOISE][at],
                             .short_noise = g->halves[VG_MAP_HALF_SHORT_NOISE][at]};
    vg_map_stays_read(&p, g->words[VG_MAP_WORD_STAYS][at]);
    return p;
}

static void pixel_write(const struct ground *g, vg_i32 at, const struct vg_map_pixel *p)
{
    g->words[VG_MAP_WORD_LUMA][at] = p->luma;
    g->words[VG_MAP_WORD_BLUE][at] = p->blue;
    g->words[VG_MAP_WORD_RED][at] = p->red;
    g->words[VG_MAP_WORD_SEEN][at] = p->seen;
    g->words[VG_MAP_WORD_STAYS][at] = vg_map_stays_word(p);
    g->halves[VG_MAP_HALF_LUMA][at] = (uint16_t)p->short_luma;
    g->halves[VG_MAP_HALF_BLUE][at] = (uint16_t)p->short_blue;
    g->halves[VG_MAP_HALF_RED][at] = (uint16_t)p->short_red;
    g->halves[VG_MAP_HALF_NOISE][at] = (uint16_t)p->noise;
    g->halves[VG_MAP_HALF_CHROMA_NOISE][at] = (uint16_t)p->chroma_noise;
    g->halves[VG_MAP_HALF_SHORT_NOISE][at] = (uint16_t)p->short_noise;
    g->becomes[0][at] = (uint8_t)vg_map_byte_of(p->luma);
    g->becomes[1][at] = (uint8_t)vg_map_byte_of(p->blue);
    g->becomes[2][at] = (uint8_t)vg_map_byte_of(p->red);
}

static struct vg_map_around around_of(const struct ground *g, vg_i32 x, vg_i32 y)
{
    struct vg_map_around around;
    vg_i32 blue[9], red[9];
    for (vg_i32 i = 0; i < 9; i++) {
        const vg_i32 column = vg_map_clamp(x + i % 3 - 1, 0, g->job->width - 1);
        const vg_i32 row = vg_map_clamp(y + i / 3 - 1, 0, g->job->height - 1);
        const vg_i32 at = row * g->job->width + column;
        around.now[i] = g->luma[at];
        around.was[i] = vg_map_lit(g->was[0][at], g->step.light.gain);
        blue[i] = g->was[1][at];
        red[i] = g->was[2][at];
    }
    vg_map_cross(blue, &around.blue_least, &around.blue_most);
    vg_map_cross(red, &around.red_least, &around.red_most);
    return around;
}

static vg_i32 follow(const struct ground *g, struct vg_map_pixel *p, struct vg_map_look look,
                     vg_i32 x, vg_i32 y)
{
    vg_map_lighten(p, g->step.light.gain);
    vg_i32 like = vg_map_compare(p, look);
    if (like != (VG_MAP_AS_LONG | VG_MAP_AS_SHORT)) {
        const struct vg_map_around around = around_of(g, x, y);
        like = vg_map_compare_around(p, look, &around, like);
    }
    return vg_map_follow(p, look, like, &g->step);
}

static void picture(const struct vg_map_job *job, uint8_t *maps)
{
    const struct ground g = ground_of(job, maps);
    for (vg_i32 y = 0; y < job->height; y++)
        for (vg_i32 x = 0; x < job->width; x++) {
            const vg_i32 at = y * job->width + x;
            const struct vg_map_look look = {g.luma[at], g.blue[at], g.red[at]};
            struct vg_map_pixel p = pixel_read(&g, at);
            vg_i32 class = VG_MAP_SAME;
            if (job->first)
                vg_map_begin(&p, look);
            else
                class = follow(&g, &p, look, x, y);
            g.class[at] = (uint8_t) class;
            g.stays[at] = (uint8_t)vg_map_stays_byte(&p);
            pixel_write(&g, at, &p);
        }
    /* for the next picture's sums */
    memset(vg_twin_map_light(job, maps, 1 - job->turn), 0, VG_MAP_LIGHT_WORDS * sizeof(vg_i32));
}

void vg_twin_map_ground(const struct vg_map_job *jobs, uint8_t *maps, vg_i32 pictures)
{
    for (vg_i32 i = 0; i < pictures; i++)
        if (jobs[i].set & VG_MAP_GROUND)
            picture(&jobs[i], maps);
}
