/* HOTA (Luiten et al. 2020). How alike two tracks are over the whole clip, by shares of overlap,
 * guides the pairing in each picture; the pairs then count at 19 levels of overlap. */
#include <math.h>

#include "src/base/alloc.h"
#include "src/score/track_pairs.h"

struct level {
    double least;
    size_t hits;
    double overlap; /* sum over the hits */
};

static void add_shares(struct vg_track_pairs *p, const struct vg_track_frame *f)
{
    const double *v = p->overlap + f->first_overlap;
    for (uint32_t i = 0; i < f->truths; i++) {
        double row = 0;
        for (uint32_t k = 0; k < f->founds; k++)
            row += v[i * f->founds + k];
        for (uint32_t k = 0; k < f->founds; k++) {
            double column = 0;
            for (uint32_t m = 0; m < f->truths; m++)
                column += v[m * f->founds + k];
            const double s = v[i * f->founds + k], rest = row + column - s;
            if (rest > VG_TRACK_EPSILON)
                p->table[(size_t)f->truth[i] * p->found.count + f->found[k]] += s / rest;
        }
    }
}

static void make_likeness(struct vg_track_pairs *p)
{
    for (size_t i = 0; i < (size_t)p->truth.count * p->found.count; i++)
        p->table[i] = 0;
    for (size_t n = 0; n < p->frame_count; n++)
        add_shares(p, &p->frame[n]);
    for (uint32_t i = 0; i < p->truth.count; i++) {
        for (uint32_t k = 0; k < p->found.count; k++) {
            double *m = &p->table[(size_t)i * p->found.count + k];
            *m /= (double)p->truth.length[i] + (double)p->found.length[k] - *m;
        }
    }
}

/* chosen: pictures x truths of that picture, the overlap of the pair made there (0: none) and
 * the found track. */
struct chosen {
    double overlap;
    uint32_t truth, found;
};

static size_t choose(struct vg_track_pairs *p, struct chosen *chosen)
{
    size_t count = 0;
    for (size_t n = 0; n < p->frame_count; n++) {
        const struct vg_track_frame *f = &p->frame[n];
        const double *v = p->overlap + f->first_overlap;
        for (uint32_t i = 0; i < f->truths * f->founds; i++)
            p->gain[i] = v[i] * p->table[(size_t)f->truth[i / f->founds] * p->found.count +
                                         f->found[i % f->founds]];
        vg_assignment_solve(p->assignment, p->gain, f->truths, f->founds, p->column);
        for (uint32_t i = 0; i < f->truths; i++) {
            if (p->column[i] != VG_ASSIGNMENT_NONE)
                chosen[count++] = (struct chosen){v[i * f->founds + p->column[i]], f->truth[i],
                                                  f->found[p->column[i]]};
        }
    }
    return count;
}

/* Association accuracy of one level; the likeness table is no longer needed and counts pairs. */
static double associate(struct vg_track_pairs *p, const struct chosen *chosen, size_t count,
                        struct level *level)
{
    double sum = 0;
    for (size_t i = 0; i < (size_t)p->truth.count * p->found.count; i++)
        p->table[i] = 0;
    level->hits = 0;
    level->overlap = 0;
    for (size_t i = 0; i < count; i++) {
        if (chosen[i].overlap < level->least)
            continue;
        p->table[(size_t)chosen[i].truth * p->found.count + chosen[i].found] += 1;
        level->hits++;
        level->overlap += chosen[i].overlap;
    }
    for (uint32_t i = 0; i < p->truth.count; i++) {
        for (uint32_t k = 0; k < p->found.count; k++) {
            const double c = p->table[(size_t)i * p->found.count + k];
            if (c > 0)
                sum += c * c / ((double)p->truth.length[i] + (double)p->found.length[k] - c);
        }
    }
    return level->hits ? sum / (double)level->hits : 0;
}

static void boxes(const struct vg_track_pairs *p, size_t *truths, size_t *founds)
{
    *truths = *founds = 0;
    for (size_t n = 0; n < p->frame_count; n++) {
        *truths += p->frame[n].truths;
        *founds += p->frame[n].founds;
    }
}

enum vg_status vg_hota_score(struct vg_track_pairs *p, struct vg_hota_result *result)
{
    size_t truths, founds;
    *result = (struct vg_hota_result){0};
    boxes(p, &truths, &founds);
    struct chosen *chosen = vg_alloc_array(truths + 1, sizeof *chosen);
    if (!chosen)
        return VG_E_MEMORY;
    make_likeness(p);
    const size_t count = choose(p, chosen);
    for (int a = 0; a < VG_HOTA_LEVELS; a++) {
        struct level level = {.least = 0.05 * (a + 1) - VG_TRACK_EPSILON};
        const double ass_a = associate(p, chosen, count, &level);
        const size_t all = truths + founds - level.hits;
        const double det_a = all ? (double)level.hits / (double)all : 0;
        result->level[a] = sqrt(det_a * ass_a);
        result->hota += result->level[a] / VG_HOTA_LEVELS;
        result->det_a += det_a / VG_HOTA_LEVELS;
        result->ass_a += ass_a / VG_HOTA_LEVELS;
        result->loc_a += (level.hits ? level.overlap / (double)level.hits : 1) / VG_HOTA_LEVELS;
    }
    vg_free(chosen);
    return VG_OK;
}
