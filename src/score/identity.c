/* IDF1 (Ristani et al. 2016): one assignment of truth tracks to found tracks for the whole clip.
 * Leaving a track alone costs its length, pairing costs what is not shared; so the pairing that
 * costs least is the one with the most shared pictures. */
#include "src/score/track_pairs.h"

static void count_shared(struct vg_track_pairs *p)
{
    for (size_t i = 0; i < (size_t)p->truth.count * p->found.count; i++)
        p->table[i] = 0;
    for (size_t n = 0; n < p->frame_count; n++) {
        const struct vg_track_frame *f = &p->frame[n];
        for (uint32_t i = 0; i < f->truths * f->founds; i++) {
            if (p->overlap[f->first_overlap + i] >= VG_TRACK_IOU - VG_TRACK_EPSILON)
                p->table[(size_t)f->truth[i / f->founds] * p->found.count +
                         f->found[i % f->founds]] += 1;
        }
    }
}

static size_t total(const struct vg_track_side *side)
{
    size_t sum = 0;
    for (uint32_t i = 0; i < side->count; i++)
        sum += side->length[i];
    return sum;
}

void vg_identity_score(struct vg_track_pairs *p, struct vg_identity_result *result)
{
    double shared = 0;
    count_shared(p);
    vg_assignment_solve(p->assignment, p->table, p->truth.count, p->found.count, p->column);
    for (uint32_t i = 0; i < p->truth.count; i++) {
        if (p->column[i] != VG_ASSIGNMENT_NONE)
            shared += p->table[(size_t)i * p->found.count + p->column[i]];
    }
    const size_t truths = total(&p->truth), founds = total(&p->found);
    result->hits = (size_t)shared;
    result->misses = truths - result->hits;
    result->false_boxes = founds - result->hits;
    result->recall = truths ? shared / (double)truths : 0;
    result->precision = founds ? shared / (double)founds : 0;
    result->idf1 = truths + founds ? 2 * shared / (double)(truths + founds) : 0;
}
