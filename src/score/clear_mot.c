/* CLEAR MOT (Bernardin and Stiefelhagen 2008) in TrackEval's reading: a pair of the picture
 * before is kept while it overlaps enough, by a weight of 1000. */
#include <stdbool.h>

#include "src/base/alloc.h"
#include "src/score/track_pairs.h"

#define KEEP 1000.0
#define NONE UINT32_MAX

/* per truth track */
struct history {
    uint32_t last;     /* found track it was paired with last, ever */
    uint32_t previous; /* in the picture before */
    uint32_t now;
    uint32_t pictures, paired, resumed;
};

static void pair_frame(struct vg_track_pairs *p, const struct vg_track_frame *f, struct history *h,
                       struct vg_clear_result *r)
{
    const double *overlap = p->overlap + f->first_overlap;
    for (uint32_t i = 0; i < f->truths; i++) {
        for (uint32_t k = 0; k < f->founds; k++) {
            const double v = overlap[i * f->founds + k];
            const double keep = h[f->truth[i]].previous == f->found[k] ? KEEP : 0;
            p->gain[i * f->founds + k] = v >= VG_TRACK_IOU - VG_TRACK_EPSILON ? keep + v : 0;
        }
    }
    vg_assignment_solve(p->assignment, p->gain, f->truths, f->founds, p->column);
    uint32_t pairs = 0;
    for (uint32_t i = 0; i < f->truths; i++) {
        struct history *t = &h[f->truth[i]];
        t->pictures++;
        if (p->column[i] == VG_ASSIGNMENT_NONE)
            continue;
        t->now = f->found[p->column[i]];
        t->paired++;
        t->resumed += t->previous == NONE;
        r->switches += t->last != NONE && t->last != t->now;
        t->last = t->now;
        r->motp += overlap[i * f->founds + p->column[i]];
        pairs++;
    }
    r->hits += pairs;
    r->misses += f->truths - pairs;
    r->false_boxes += f->founds - pairs;
}

static void sum_up(const struct history *h, uint32_t count, struct vg_clear_result *r)
{
    for (uint32_t i = 0; i < count; i++) {
        const double share = (double)h[i].paired / (double)h[i].pictures;
        r->mostly_tracked += share > 0.8;
        r->mostly_lost += share < 0.2;
        r->partly_tracked += share >= 0.2 && share <= 0.8;
        r->fragments += h[i].resumed > 1 ? h[i].resumed - 1 : 0;
    }
    const double truths = (double)(r->hits + r->misses);
    r->motp = r->hits ? r->motp / (double)r->hits : 0;
    r->mota =
        truths > 0 ? ((double)r->hits - (double)r->false_boxes - (double)r->switches) / truths : 0;
}

enum vg_status vg_clear_score(struct vg_track_pairs *p, struct vg_clear_result *result)
{
    struct history *h = vg_alloc_array((size_t)p->truth.count + 1, sizeof *h);
    *result = (struct vg_clear_result){0};
    if (!h)
        return VG_E_MEMORY;
    for (uint32_t i = 0; i < p->truth.count; i++)
        h[i].last = h[i].previous = NONE;
    for (size_t f = 0; f < p->frame_count; f++) {
        for (uint32_t i = 0; i < p->truth.count; i++)
            h[i].now = NONE;
        pair_frame(p, &p->frame[f], h, result);
        for (uint32_t i = 0; i < p->truth.count; i++)
            h[i].previous = h[i].now;
    }
    sum_up(h, p->truth.count, result);
    vg_free(h);
    return VG_OK;
}
