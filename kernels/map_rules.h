/* What map_small, map_ground and map_flame do with one pixel, in integers alone: one header for
 * the kernels and their twins, so that every device gives the same. Grey levels are 0 to 255, in
 * 1/256 or 1/65536 where it is said; times in ms. Structs come back by pointer: Oclgrind does not
 * know what clang makes of others.
 *
 * The ground. Two backgrounds stand behind each pixel. The long one is the mean of what was seen
 * there in the last two minutes (a plain mean while it has been seen for less, so that a clip of
 * seconds has one, too); what differs from it flows in slowly or not at all. The short one is what
 * is seen there now: it begins anew with every other look, so that its age says how long
 * the pixel has stayed as it is. */
#ifndef VG_KERNELS_MAP_RULES_H
#define VG_KERNELS_MAP_RULES_H

#if defined(__OPENCL_VERSION__) || defined(__OPENCL_C_VERSION__) /* after map_kernels.h */
typedef long vg_i64;
#define VG_MAP_MEMORY __global
#else
#include "kernels/map_kernels.h"
typedef int64_t vg_i64;
#define VG_MAP_MEMORY
#endif

#define VG_MAP_LONG_MS  120000 /* time constant of the long background */
#define VG_MAP_SHORT_MS 2000   /* of the short one */
#define VG_MAP_KEEPS_MS 600000 /* VG_MAPS_KEEPS_NEW_S */
#define VG_MAP_UNIT_MS  250    /* VG_MAPS_STAYS_US */
/* What has stayed so many times as long as what was there before has been seen is the background:
 * who stood there in the first picture and left does not leave a hole for minutes. */
#define VG_MAP_KEEPS_TIMES 10
/* A look becomes the short background at once where nothing has stayed yet; else it must have
 * lasted a quarter of the time that the other one stayed, a second at most: who passes before a
 * thing does not make it new. Then it must stay for the rest of two seconds to be NEW. */
#define VG_MAP_PATIENCE_MS    1000
#define VG_MAP_NEW_AFTER_MS   1200
#define VG_MAP_NOISE_MS       10000 /* the noise follows in so long */
#define VG_MAP_NOISE_LEAST_MS 1000  /* from a first guess */
#define VG_MAP_NOISE_GUESS    (3 << 8)
/* Differences of so many halves of the mean difference are none: 3.6 sigma of what is normal (the
 * mean is 0.8 sigma), within a floor (a step of compression) and a ceiling (a third of the way
 * between a dark coat and a bright road). 1/256 levels. */
#define VG_MAP_HALVES_NOISE 9
#define VG_MAP_LUMA_LEAST   (8 << 8)
#define VG_MAP_LUMA_MOST    (40 << 8)
#define VG_MAP_CHROMA_LEAST (6 << 8)
#define VG_MAP_CHROMA_MOST  (20 << 8)
/* Shares by which others than SAME flow into the long background. */
#define VG_MAP_SHADE_SHIFT  2
#define VG_MAP_MOVING_SHIFT 6
#define VG_MAP_BESIDE_SHIFT 2 /* of the noise alone */
/* A shadow leaves 0.45 of the luma or more (the sky's light is a fifth of the sun's or more, and
 * luma goes with its power 0.45), a lamp or a reflection makes it 1.45 times as bright at most.
 * 1/256. */
#define VG_MAP_SHADE_LEAST 115
#define VG_MAP_SHADE_MOST  372
#define VG_MAP_SHADE_ALIKE 6 /* of the 3x3 pixels: behind a straight edge there are so many */

/* By OpenCL's own functions on a device: clang makes of what is written out instructions that
 * Oclgrind does not know. */
static inline vg_i32 vg_map_clamp(vg_i32 value, vg_i32 least, vg_i32 most)
{
#if defined(__OPENCL_VERSION__) || defined(__OPENCL_C_VERSION__)
    return clamp(value, least, most);
#else
    return value < least ? least : value > most ? most : value;
#endif
}

static inline vg_i32 vg_map_abs(vg_i32 value)
{
#if defined(__OPENCL_VERSION__) || defined(__OPENCL_C_VERSION__)
    return (vg_i32)abs(value);
#else
    return value < 0 ? -value : value;
#endif
}

/* ---- map_small ---- */

/* The mean of `count` bytes that are `sum` together, from the picture's range to 0..255. */
static inline vg_i32 vg_map_luma(vg_i32 sum, vg_i32 count, vg_i32 full_range)
{
    if (full_range)
        return (sum + count / 2) / count;
    return vg_map_clamp(((sum - 16 * count) * 255 + count * 219 / 2) / (count * 219), 0, 255);
}

static inline vg_i32 vg_map_chroma(vg_i32 sum, vg_i32 count, vg_i32 full_range)
{
    if (full_range)
        return (sum + count / 2) / count;
    const vg_i32 of_grey = (sum - 128 * count) * 255;
    return vg_map_clamp((of_grey + 128 * 224 * count + 112 * count) / (count * 224), 0, 255);
}

/* The bin of a ratio now : was, 16 an octave from 1/4 to 4; -1: neither dark nor bright enough to
 * say. */
static inline vg_i32 vg_map_light_bin(vg_i32 now, vg_i32 was)
{
    if (now < 16 || was < 16 || now > 250 || was > 250)
        return -1;
    const vg_i32 ratio = now * 256 / was; /* 16 to 4000 */
    if (ratio < 64 || ratio >= 1024)
        return -1;
    vg_i32 octave = 0;
    while (ratio >> (octave + 7))
        octave++;
    return octave * 16 + (((ratio >> octave) - 64) >> 2);
}

/* ---- map_ground ---- */

/* What the light of a picture says. */
struct vg_map_light {
    vg_i32 gain;     /* of all light against the long background, 1/4096 */
    vg_i32 view_new; /* 1: most of the view is NEW: so it is the background */
};

#define VG_MAP_GAIN_ONE   4096
#define VG_MAP_GAIN_LEAST 64 /* 1/64: less is left to the learning */

/* The gain is the ratio around the median, where half of the picture or more has nearly (6 %) that
 * one: what passes changes a part, and each part otherwise. */
static inline void vg_map_light_of(VG_MAP_MEMORY const vg_i32 *light, struct vg_map_light *result)
{
    vg_i32 all = 0, before = 0, bin = 0, alike = 0, now = 0, was = 0;
    result->gain = VG_MAP_GAIN_ONE;
    result->view_new = light[VG_MAP_LIGHT_NEW] * 5 > light[VG_MAP_LIGHT_SAMPLES] * 3;
    for (vg_i32 i = 0; i < VG_MAP_LIGHT_BINS; i++)
        all += light[VG_MAP_LIGHT_COUNT + i];
    if (!all)
        return;
    while ((before + light[VG_MAP_LIGHT_COUNT + bin]) * 2 < all)
        before += light[VG_MAP_LIGHT_COUNT + bin++];
    for (vg_i32 i = bin > 0 ? bin - 1 : 0; i <= bin + 1 && i < VG_MAP_LIGHT_BINS; i++) {
        alike += light[VG_MAP_LIGHT_COUNT + i];
        now += light[VG_MAP_LIGHT_NOW + i];
        was += light[VG_MAP_LIGHT_WAS + i];
    }
    if (alike * 2 < all || alike * 4 < light[VG_MAP_LIGHT_SAMPLES])
        return;
    if (vg_map_abs(now - was) * VG_MAP_GAIN_LEAST > was)
        result->gain = (vg_i32)((vg_i64)now * VG_MAP_GAIN_ONE / was);
}

/* One pixel as it is remembered. */
struct vg_map_pixel {
    vg_i32 luma, blue, red; /* the long background, 1/65536 */
    vg_i32 seen;            /* ms, VG_MAP_LONG_MS at most */
    vg_i32 stays, away; /* ms: how long the short background has stayed; and has not been seen */
    vg_i32 short_luma, short_blue, short_red; /* 1/256, as the rest */
    vg_i32 noise, chroma_noise, short_noise;
};

/* stays and away in one word */
#define VG_MAP_AWAY_BITS 11
#define VG_MAP_STAYS_MAX ((1 << (31 - VG_MAP_AWAY_BITS)) - 1)

static inline vg_i32 vg_map_stays_word(const struct vg_map_pixel *p)
{
    return p->stays << VG_MAP_AWAY_BITS | p->away;
}

static inline void vg_map_stays_read(struct vg_map_pixel *p, vg_i32 word)
{
    p->stays = word >> VG_MAP_AWAY_BITS;
    p->away = word & ((1 << VG_MAP_AWAY_BITS) - 1);
}

/* The picture's pixel, and what is around it, where that is asked for. */
struct vg_map_look {
    vg_i32 luma, blue, red;
};
struct vg_map_around {
    vg_i32 now[9], was[9];        /* luma 3x3, this one in the middle; was: the long background's */
    vg_i32 blue_least, blue_most; /* of the long background's cross of five */
    vg_i32 red_least, red_most;
};

/* The share of a step in a time constant, 1/65536: the implicit rule, stable for any step. */
static inline vg_i32 vg_map_rate(vg_i32 step, vg_i32 time)
{
    return time + step > 0 ? (step << 16) / (time + step) : 65536;
}

/* The same for a mean that began `age` ago: plain until the age reaches the time constant. */
static inline vg_i32 vg_map_mean_rate(vg_i32 step, vg_i32 age, vg_i32 time)
{
    return vg_map_rate(step, step + (age < time ? age : time));
}

/* What is the same for all pixels of a picture: its step, and the rates of what is old enough. */
struct vg_map_step {
    vg_i32 ms;
    vg_i32 long_rate, short_rate, short_noise_rate, noise_rate;
    struct vg_map_light light;
};

/* All of *step but the light. */
static inline void vg_map_step_fill(struct vg_map_step *step, vg_i32 ms)
{
    step->ms = ms;
    step->long_rate = vg_map_mean_rate(ms, VG_MAP_LONG_MS, VG_MAP_LONG_MS);
    step->short_rate = vg_map_mean_rate(ms, VG_MAP_SHORT_MS, VG_MAP_SHORT_MS);
    step->short_noise_rate = vg_map_rate(ms, VG_MAP_SHORT_MS);
    step->noise_rate = vg_map_rate(ms, VG_MAP_NOISE_MS);
}

static inline vg_i32 vg_map_flow(vg_i32 value, vg_i32 to, vg_i32 rate, vg_i32 shift)
{
    return value + (vg_i32)(((vg_i64)(to - value) * rate) >> (16 + shift));
}

/* The first look at a pixel. */
static inline void vg_map_begin(struct vg_map_pixel *p, struct vg_map_look look)
{
    p->luma = look.luma << 16;
    p->blue = look.blue << 16;
    p->red = look.red << 16;
    p->short_luma = look.luma << 8;
    p->short_blue = look.blue << 8;
    p->short_red = look.red << 8;
    p->seen = p->stays = p->away = 0;
    p->noise = p->chroma_noise = p->short_noise = VG_MAP_NOISE_GUESS;
}

/* All light has changed: so have the backgrounds. The long one may go beyond white, and comes back
 * with the light. */
static inline void vg_map_lighten(struct vg_map_pixel *p, vg_i32 gain)
{
    if (gain == VG_MAP_GAIN_ONE)
        return;
    p->luma = vg_map_clamp((vg_i32)((vg_i64)p->luma * gain / VG_MAP_GAIN_ONE), 0, 1023 << 16);
    p->short_luma =
        vg_map_clamp((vg_i32)((vg_i64)p->short_luma * gain / VG_MAP_GAIN_ONE), 0, 65535);
}

static inline vg_i32 vg_map_luma_limit(vg_i32 noise)
{
    return vg_map_clamp(noise * VG_MAP_HALVES_NOISE / 2, VG_MAP_LUMA_LEAST, VG_MAP_LUMA_MOST);
}

static inline vg_i32 vg_map_chroma_limit(vg_i32 noise)
{
    return vg_map_clamp(noise * VG_MAP_HALVES_NOISE / 2, VG_MAP_CHROMA_LEAST, VG_MAP_CHROMA_MOST);
}

/* A byte of what is in 1/65536; beyond white is white. */
static inline vg_i32 vg_map_byte_of(vg_i32 value)
{
    return vg_map_clamp((value + 32768) >> 16, 0, 255);
}

/* A byte of the long background in another light. */
static inline vg_i32 vg_map_lit(vg_i32 level, vg_i32 gain)
{
    return vg_map_clamp(level * gain / VG_MAP_GAIN_ONE, 0, 255);
}

/* What a pixel is like; bits. */
#define VG_MAP_AS_LONG  1
#define VG_MAP_AS_SHORT 2
#define VG_MAP_BESIDE   8 /* not as the long background, but as that beside */
#define VG_MAP_AS_SHADE 4 /* not as the long background, but as that in another light */

/* a: 1/256; beyond white is white */
static inline vg_i32 vg_map_away_by(vg_i32 level, vg_i32 a)
{
    return vg_map_abs((level << 8) - (a < 65280 ? a : 65280));
}

/* By the pixel alone: enough for most. */
static inline vg_i32 vg_map_compare(const struct vg_map_pixel *p, struct vg_map_look look)
{
    const vg_i32 noise = p->noise > p->short_noise ? p->noise : p->short_noise;
    const vg_i32 chroma = vg_map_chroma_limit(p->chroma_noise);
    vg_i32 like = 0;
    if (vg_map_away_by(look.luma, p->luma >> 8) <= vg_map_luma_limit(p->noise) &&
        vg_map_away_by(look.blue, p->blue >> 8) <= chroma &&
        vg_map_away_by(look.red, p->red >> 8) <= chroma)
        like |= VG_MAP_AS_LONG;
    if (vg_map_away_by(look.luma, p->short_luma) <= vg_map_luma_limit(noise) &&
        vg_map_away_by(look.blue, p->short_blue) <= chroma &&
        vg_map_away_by(look.red, p->short_red) <= chroma)
        like |= VG_MAP_AS_SHORT;
    return like;
}

/* Least and most of the cross of five of 3x3. */
static inline void vg_map_cross(const vg_i32 *nine, vg_i32 *least, vg_i32 *most)
{
    *least = *most = nine[4];
    for (vg_i32 i = 1; i < 9; i += 2) {
        *least = nine[i] < *least ? nine[i] : *least;
        *most = nine[i] > *most ? nine[i] : *most;
    }
}

/* A camera that shakes shows what is beside: up to half a map pixel of it (two pixels of 4CIF), what
 * lies between the long background and the middle to its neighbours is as it was. Up to a whole one
 * (shift 0) it is at least no reason to wonder: it makes the noise. */
static inline vg_i32 vg_map_is_beside(const struct vg_map_pixel *p, struct vg_map_look look,
                                      const struct vg_map_around *around, vg_i32 shift)
{
    const vg_i32 luma = vg_map_luma_limit(p->noise) >> 8;
    const vg_i32 chroma = vg_map_chroma_limit(p->chroma_noise) >> 8;
    const vg_i32 blue = vg_map_byte_of(p->blue), red = vg_map_byte_of(p->red);
    vg_i32 least, most;
    vg_map_cross(around->was, &least, &most);
    return look.luma >= around->was[4] - ((around->was[4] - least) >> shift) - luma &&
           look.luma <= around->was[4] + ((most - around->was[4]) >> shift) + luma &&
           look.blue >= blue - ((blue - around->blue_least) >> shift) - chroma &&
           look.blue <= blue + ((around->blue_most - blue) >> shift) + chroma &&
           look.red >= red - ((red - around->red_least) >> shift) - chroma &&
           look.red <= red + ((around->red_most - red) >> shift) + chroma;
}

/* Chroma and what is drawn on the ground go on under a shadow and in a lamp's light, all by one
 * factor. */
static inline vg_i32 vg_map_is_shade(const struct vg_map_pixel *p, struct vg_map_look look,
                                     const struct vg_map_around *around)
{
    const vg_i32 limit = vg_map_luma_limit(p->noise) * 5 >> 11; /* in levels, five eighths */
    const vg_i32 chroma = vg_map_chroma_limit(p->chroma_noise);
    vg_i32 alike = 0;
    if (around->was[4] < 16)
        return 0;
    const vg_i32 factor = look.luma * 256 / around->was[4];
    if (factor < VG_MAP_SHADE_LEAST || factor > VG_MAP_SHADE_MOST)
        return 0;
    const vg_i32 blue = 32768 + (((p->blue >> 8) - 32768) * factor >> 8);
    const vg_i32 red = 32768 + (((p->red >> 8) - 32768) * factor >> 8);
    if (vg_map_abs((look.blue << 8) - blue) > chroma || vg_map_abs((look.red << 8) - red) > chroma)
        return 0;
    for (vg_i32 i = 0; i < 9; i++)
        alike += vg_map_abs(around->now[i] - (around->was[i] * factor >> 8)) <= limit;
    return alike >= VG_MAP_SHADE_ALIKE;
}

/* Half a map pixel of shake for the short background: anything wider, and what moves looks still. */
static inline vg_i32 vg_map_is_short_beside(const struct vg_map_pixel *p, struct vg_map_look look,
                                            const struct vg_map_around *around)
{
    const vg_i32 noise = p->noise > p->short_noise ? p->noise : p->short_noise;
    const vg_i32 limit = vg_map_luma_limit(noise), chroma = vg_map_chroma_limit(p->chroma_noise);
    vg_i32 least, most;
    vg_map_cross(around->now, &least, &most);
    least = ((look.luma + least) << 7) - limit;
    most = ((look.luma + most) << 7) + limit;
    return p->short_luma >= least && p->short_luma <= most &&
           vg_map_away_by(look.blue, p->short_blue) <= chroma &&
           vg_map_away_by(look.red, p->short_red) <= chroma;
}

/* For those where vg_map_compare left something open (`like`). */
static inline vg_i32 vg_map_compare_around(const struct vg_map_pixel *p, struct vg_map_look look,
                                           const struct vg_map_around *around, vg_i32 like)
{
    if (!(like & VG_MAP_AS_LONG) && vg_map_is_beside(p, look, around, 1))
        like |= VG_MAP_AS_LONG;
    if (!(like & VG_MAP_AS_LONG) && vg_map_is_beside(p, look, around, 0))
        like |= VG_MAP_BESIDE;
    if (!(like & VG_MAP_AS_LONG) && vg_map_is_shade(p, look, around))
        like |= VG_MAP_AS_SHADE;
    if (!(like & VG_MAP_AS_SHORT) && vg_map_is_short_beside(p, look, around))
        like |= VG_MAP_AS_SHORT;
    return like;
}

static inline void vg_map_follow_short(struct vg_map_pixel *p, struct vg_map_look look, vg_i32 like,
                                       const struct vg_map_step *step)
{
    if (like & VG_MAP_AS_SHORT) {
        const vg_i32 rate = p->stays < VG_MAP_SHORT_MS
                                ? vg_map_mean_rate(step->ms, p->stays, VG_MAP_SHORT_MS)
                                : step->short_rate;
        const vg_i32 off = vg_map_away_by(look.luma, p->short_luma);
        p->short_noise = vg_map_flow(p->short_noise, off, step->short_noise_rate, 0);
        p->short_luma = vg_map_flow(p->short_luma, look.luma << 8, rate, 0);
        p->short_blue = vg_map_flow(p->short_blue, look.blue << 8, rate, 0);
        p->short_red = vg_map_flow(p->short_red, look.red << 8, rate, 0);
        p->stays = vg_map_clamp(p->stays + step->ms, 0, VG_MAP_STAYS_MAX);
        p->away = 0;
        return;
    }
    p->away += step->ms;
    if (p->away <= vg_map_clamp(p->stays / 4, 0, VG_MAP_PATIENCE_MS))
        return;
    p->short_luma = look.luma << 8;
    p->short_blue = look.blue << 8;
    p->short_red = look.red << 8;
    p->short_noise = VG_MAP_NOISE_GUESS;
    p->stays = p->away = 0;
}

static inline void vg_map_flow_long(struct vg_map_pixel *p, struct vg_map_look look,
                                    const struct vg_map_step *step, vg_i32 shift)
{
    const vg_i32 rate = p->seen < VG_MAP_LONG_MS
                            ? vg_map_mean_rate(step->ms, p->seen, VG_MAP_LONG_MS)
                            : step->long_rate;
    p->blue = vg_map_flow(p->blue, look.blue << 16, rate, shift);
    p->red = vg_map_flow(p->red, look.red << 16, rate, shift);
    if (look.luma >= 255 && p->luma > 255 << 16)
        return; /* as white as a picture can say */
    p->luma = vg_map_flow(p->luma, look.luma << 16, rate, shift);
}

static inline void vg_map_follow_noise(struct vg_map_pixel *p, struct vg_map_look look,
                                       const struct vg_map_step *step, vg_i32 shift)
{
    const vg_i32 rate =
        p->seen < VG_MAP_NOISE_MS
            ? vg_map_rate(step->ms, vg_map_clamp(p->seen, VG_MAP_NOISE_LEAST_MS, VG_MAP_NOISE_MS))
            : step->noise_rate;
    const vg_i32 blue = vg_map_away_by(look.blue, p->blue >> 8);
    const vg_i32 red = vg_map_away_by(look.red, p->red >> 8);
    const vg_i32 chroma = blue > red ? blue : red, luma = vg_map_away_by(look.luma, p->luma >> 8);
    p->noise =
        vg_map_flow(p->noise, luma < VG_MAP_LUMA_MOST ? luma : VG_MAP_LUMA_MOST, rate, shift);
    p->chroma_noise = vg_map_flow(
        p->chroma_noise, chroma < VG_MAP_CHROMA_MOST ? chroma : VG_MAP_CHROMA_MOST, rate, shift);
}

/* What stays is the background from now on. */
static inline void vg_map_adopt(struct vg_map_pixel *p)
{
    p->luma = p->short_luma << 8;
    p->blue = p->short_blue << 8;
    p->red = p->short_red << 8;
    p->noise = p->short_noise;
    p->seen = p->stays < VG_MAP_LONG_MS ? p->stays : VG_MAP_LONG_MS;
}

/* enum vg_ground */
#define VG_MAP_SAME   0
#define VG_MAP_SHADE  1
#define VG_MAP_MOVING 2
#define VG_MAP_NEW    3

/* Says what the pixel is, and remembers the look. */
static inline vg_i32 vg_map_follow(struct vg_map_pixel *p, struct vg_map_look look, vg_i32 like,
                                   const struct vg_map_step *step)
{
    vg_map_follow_short(p, look, like, step);
    if (like & VG_MAP_AS_LONG) {
        vg_map_follow_noise(p, look, step, 0);
        vg_map_flow_long(p, look, step, 0);
        p->seen = vg_map_clamp(p->seen + step->ms, 0, VG_MAP_LONG_MS);
        return VG_MAP_SAME;
    }
    if (like & VG_MAP_AS_SHADE) {
        vg_map_flow_long(p, look, step, VG_MAP_SHADE_SHIFT);
        return VG_MAP_SHADE;
    }
    if (!(like & VG_MAP_AS_SHORT) || p->stays < VG_MAP_NEW_AFTER_MS) {
        vg_map_follow_noise(p, look, step,
                            like & VG_MAP_BESIDE ? VG_MAP_BESIDE_SHIFT : VG_MAP_MOVING_SHIFT);
        vg_map_flow_long(p, look, step, VG_MAP_MOVING_SHIFT);
        return VG_MAP_MOVING;
    }
    const vg_i32 keeps = p->seen < VG_MAP_KEEPS_MS / VG_MAP_KEEPS_TIMES
                             ? p->seen * VG_MAP_KEEPS_TIMES
                             : VG_MAP_KEEPS_MS;
    if (!step->light.view_new && p->stays < keeps)
        return VG_MAP_NEW;
    vg_map_adopt(p);
    return VG_MAP_SAME;
}

/* For how long the pixel has looked as it does, in units of VG_MAP_UNIT_MS. */
static inline vg_i32 vg_map_stays_byte(const struct vg_map_pixel *p)
{
    return vg_map_clamp((p->away ? p->away : p->stays) / VG_MAP_UNIT_MS, 0, 255);
}

/* ---- map_flame ---- */

#define VG_MAP_SWING_MS    1000
#define VG_MAP_SWING_DULL  3  /* levels of a step: less is noise */
#define VG_MAP_SWING_LEAST 6  /* levels between two turns: less is noise */
#define VG_MAP_SWING_MOST  64 /* one thing that passes counts as two such at most */

/* Value between `from` (0) and `to` (255). */
static inline vg_i32 vg_map_ramp(vg_i32 value, vg_i32 from, vg_i32 to)
{
    return vg_map_clamp((value - from) * 255 / (to - from), 0, 255);
}

/* The colour of a flame, soot that glows at 1200 to 2000 K, as a camera's thin chroma leaves it: red
 * chroma above blue by more than skin in the sun has (about 45), little blue, bright. */
static inline vg_i32 vg_map_rim(struct vg_map_look look)
{
    if (look.red - look.blue <= 28 || look.luma <= 80)
        return 0; /* most pixels */
    const vg_i32 colour = vg_map_ramp(look.red - look.blue, 28, 72);
    const vg_i32 blue = 255 - vg_map_ramp(look.blue, 100, 124);
    const vg_i32 bright = vg_map_ramp(look.luma, 80, 150);
    const vg_i32 both = colour < blue ? colour : blue;
    return both < bright ? both : bright;
}

/* How much it may be a core that is beyond the camera's white: what is around (the most of 5x5)
 * decides. */
static inline vg_i32 vg_map_core(struct vg_map_look look)
{
    return look.red + 4 >= look.blue ? vg_map_ramp(look.luma, 200, 240) : 0;
}

/* Up and down: the ways between the turns of the luma, summed up, forgotten within a second. run:
 * the way since the last turn. swing: 1/256 levels. */
struct vg_map_swing {
    vg_i32 run, swing;
};

static inline void vg_map_swing_step(struct vg_map_swing *s, vg_i32 before, vg_i32 now, vg_i32 step)
{
    const vg_i32 by = now - before;
    s->swing = vg_map_flow(s->swing, 0, vg_map_rate(step, VG_MAP_SWING_MS), 0);
    if (vg_map_abs(by) < VG_MAP_SWING_DULL)
        return;
    if ((by > 0) == (s->run > 0)) {
        s->run = vg_map_clamp(s->run + by, -255, 255);
        return;
    }
    if (vg_map_abs(s->run) >= VG_MAP_SWING_LEAST)
        s->swing += vg_map_clamp(vg_map_abs(s->run), 0, VG_MAP_SWING_MOST) << 8;
    s->swing = vg_map_clamp(s->swing, 0, 65535);
    s->run = by;
}

#endif
