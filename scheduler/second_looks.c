#include "scheduler/second_looks.h"

#include <math.h>

#include "scheduler/chain.h"
#include "scheduler/decide_looks.h"

/* A side of less shows nobody: what the letterbox would blow up is noise. */
#define REGION_PX_MIN 8

static bool clip(float *first, float *size, uint32_t limit)
{
    if (!isfinite(*first) || !isfinite(*size))
        return false;
    if (*first < 0 || *first + *size > (float)limit) { /* a good one stays as it is, to the bit */
        const float end = fminf(*first + *size, (float)limit);
        *first = fmaxf(*first, 0);
        *size = end - *first;
    }
    return *size >= REGION_PX_MIN;
}

/* The region within the picture; false: there is none to speak of. */
static bool clip_region(struct vg_box *region, const struct vg_picture *picture)
{
    return clip(&region->left, &region->width, picture->width) &&
           clip(&region->top, &region->height, picture->height);
}

static enum vg_rotation rotation_of(enum vg_turn turn)
{
    static const enum vg_rotation rotation[] = {[VG_TURN_NONE] = VG_ROTATION_0,
                                                [VG_TURN_90] = VG_ROTATION_90,
                                                [VG_TURN_270] = VG_ROTATION_270};
    return rotation[turn];
}

void vg_second_looks_ask(struct vg_second_looks *looks, const struct vg_look_wish *wishes,
                         uint32_t count, const struct vg_picture *picture, uint32_t most,
                         struct vg_job *jobs)
{
    float worth[VG_LOOK_WISHES_MAX];
    uint32_t chosen[VG_LOOKS_MAX];
    const uint32_t all = count < VG_LOOK_WISHES_MAX ? count : VG_LOOK_WISHES_MAX;
    for (uint32_t i = 0; i < all; i++) {
        struct vg_box region = wishes[i].region;
        worth[i] = clip_region(&region, picture) ? wishes[i].worth : NAN;
    }
    looks->count = vg_looks_choose(worth, all, most < VG_LOOKS_MAX ? most : VG_LOOKS_MAX, chosen);
    looks->refused = count - looks->count;
    for (uint32_t i = 0; i < looks->count; i++) {
        looks->wish[i] = wishes[chosen[i]];
        jobs[i] = (struct vg_job){.picture = picture,
                                  .region = looks->wish[i].region,
                                  .rotation = rotation_of(looks->wish[i].turn),
                                  .threshold = VG_CHAIN_THRESHOLD,
                                  .nms = VG_CHAIN_NMS};
        (void)clip_region(&jobs[i].region, picture);
    }
}

void vg_second_looks_take(const struct vg_second_looks *looks, const struct vg_answer *answers,
                          struct vg_look_answer *given)
{
    for (uint32_t i = 0; i < looks->count; i++)
        given[i] = (struct vg_look_answer){looks->wish[i], answers[i].detection, answers[i].count};
}
