/* Whether the parts of a composed rule hold together (docs/decisions/0037-composed-rules.md).
 *
 * What a part is, from picture to picture; a run is pictures in a row in which it holds, its
 * onset the first of them:
 *   RULE      as its rule holds. A passage that comes within a run begins a new one.
 *   CALENDAR  in its hours. Without a clock it is passed over: `all` and `unless` do without it.
 *   ALL, ANY, NOT
 *   THEN      while its last child's run holds, if that has an onset at which the children had
 *             come in their order: each in a later picture than the one before, within_us after
 *             it at most.
 * A part with `unless` does not hold in a picture where that one holds, nor within_us after.
 * When a rule is stopped, what it did before has not come; while it is, it does not hold.
 *
 * Pure, no allocation, no clock; the memory is the caller's; one thread. */
#ifndef VG_RULES_COMPOSE_H
#define VG_RULES_COMPOSE_H

#include <stdbool.h>
#include <stdint.h>

#include "src/base/clock.h"
#include "src/scene/scene.h"

/* One part, as of the last picture. Zeroed: never held. */
struct vg_compose_part {
    bool held, fresh;                 /* fresh: its run begins with that picture */
    bool seen;                        /* it has held: onset and last are times */
    bool chained;                     /* chain is a time */
    bool complete;                    /* THEN: the run of its last child has come in order */
    bool stopped;                     /* it, or a part of it */
    struct vg_media_time onset, last; /* of the latest run */
    struct vg_media_time chain;       /* latest onset at which it and those before it had come */
};

struct vg_compose {
    struct vg_compose_part part[VG_SCENE_PARTS_MAX]; /* as in the scene */
};

/* What is known of a rule in a picture. */
enum {
    VG_COMPOSE_HOLDS = 1,
    VG_COMPOSE_PASSED = 2, /* a passage in this picture */
    VG_COMPOSE_STOPPED = 4 /* its event, or that of a part of it, is stopped or not authorised */
};

struct vg_compose_moment {
    struct vg_media_time media; /* not before the last one's */
    bool wall_known;
    struct vg_wall_time wall;
    const uint8_t *rule; /* as above, one for each rule of the scene */
};

/* One picture for one composed rule; whether it holds. */
bool vg_compose_step(struct vg_compose *compose, const struct vg_scene *scene,
                     const struct vg_rule *rule, const struct vg_compose_moment *moment);

/* Forgets what the rule's parts have seen. */
void vg_compose_forget(struct vg_compose *compose, const struct vg_rule *rule);

/* The parts on a rule that brought it about that the composed rule holds, in the scene's order,
 * with those of the composed rules that it names: indices in scene->part, at most `room`.
 * Returns their number. */
uint32_t vg_compose_evidence(const struct vg_compose *compose, const struct vg_scene *scene,
                             const struct vg_rule *rule, uint32_t *parts, uint32_t room);

/* Of them the part on an event that came last: index in scene->part. */
uint32_t vg_compose_last(const struct vg_compose *compose, const struct vg_scene *scene,
                         const struct vg_rule *rule);

#endif
