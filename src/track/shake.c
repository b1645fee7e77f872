/* Each pair of an expected and a seen box of about one size proposes a step; the step that brings
 * the most expected boxes onto seen ones is taken if most agree, and few would without it. A few
 * who start to run together are outvoted by what stands, or are followed as well by their step. */
#include "src/track/shake.h"

#include <math.h>
#include <stdbool.h>

#define REACH       1.0  /* of a box's height: a step is no longer */
#define NEAR        0.15 /* of it: detections of one object wander by less */
#define SIZE        1.25 /* heights of one object in two pictures, at most */
#define LEAST       3u   /* who must agree: two may turn together by chance */
#define MOST_PART   0.5  /* of the expected ones agree */
#define UNMOVED_OUT 0.8  /* no step is looked for while so many are where they should be */

struct view {
    const struct vg_box *expected, *seen;
    uint32_t expected_count, seen_count;
};

static bool same_size(struct vg_box a, struct vg_box b)
{
    const double ha = (double)a.height, hb = (double)b.height;
    return ha <= SIZE * hb && hb <= SIZE * ha;
}

static double off_x(struct vg_box from, struct vg_box to)
{
    return (double)to.left + (double)to.width / 2 - (double)from.left - (double)from.width / 2;
}

static double off_y(struct vg_box from, struct vg_box to)
{
    return (double)to.top + (double)to.height / 2 - (double)from.top - (double)from.height / 2;
}

/* How many expected boxes lie on a seen one after the step; *mean_x, *mean_y: by how much beside
 * where they were expected, on the mean. */
static uint32_t agree(const struct view *view, double x, double y, double *mean_x, double *mean_y)
{
    uint32_t count = 0;
    *mean_x = *mean_y = 0;
    for (uint32_t i = 0; i < view->expected_count; i++) {
        const struct vg_box from = view->expected[i];
        double least = NEAR * (double)from.height, best_x = 0, best_y = 0;
        bool found = false;
        least *= least;
        for (uint32_t k = 0; k < view->seen_count; k++) {
            const double dx = off_x(from, view->seen[k]), dy = off_y(from, view->seen[k]);
            const double off = (dx - x) * (dx - x) + (dy - y) * (dy - y);
            if (off > least || !same_size(from, view->seen[k]))
                continue;
            least = off;
            best_x = dx;
            best_y = dy;
            found = true;
        }
        count += found;
        *mean_x += best_x;
        *mean_y += best_y;
    }
    if (count) {
        *mean_x /= count;
        *mean_y /= count;
    }
    return count;
}

struct vg_point vg_shake_step(const struct vg_box *expected, uint32_t expected_count,
                              const struct vg_box *seen, uint32_t seen_count)
{
    const struct view view = {expected, seen,
                              expected_count < VG_SHAKE_EXPECTED_MAX ? expected_count
                                                                     : VG_SHAKE_EXPECTED_MAX,
                              seen_count < VG_SHAKE_SEEN_MAX ? seen_count : VG_SHAKE_SEEN_MAX};
    const double all = (double)view.expected_count;
    double x, y, step_x = 0, step_y = 0;
    uint32_t most = agree(&view, 0, 0, &x, &y);
    if (view.expected_count < LEAST || (double)most > UNMOVED_OUT * all)
        return (struct vg_point){0, 0};
    for (uint32_t i = 0; i < view.expected_count; i++) {
        for (uint32_t k = 0; k < view.seen_count; k++) {
            const double dx = off_x(expected[i], seen[k]), dy = off_y(expected[i], seen[k]);
            const double reach = REACH * (double)expected[i].height;
            if (!same_size(expected[i], seen[k]) || dx * dx + dy * dy > reach * reach)
                continue;
            const uint32_t count = agree(&view, dx, dy, &x, &y);
            if (count <= most)
                continue;
            most = count;
            step_x = x;
            step_y = y;
        }
    }
    if (most < LEAST || (double)most < MOST_PART * all)
        return (struct vg_point){0, 0};
    return (struct vg_point){(float)step_x, (float)step_y};
}
