#include "src/score/track_pairs.h"

#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"

#define TABLE_MAX ((size_t)1 << 26) /* truth tracks times found tracks: 512 MB of doubles */

static int by_value(const void *pa, const void *pb)
{
    const int64_t *a = pa, *b = pb;
    return *a < *b ? -1 : *a > *b;
}

static uint32_t index_of(const int64_t *ids, uint32_t count, int64_t id)
{
    const int64_t *at = bsearch(&id, ids, count, sizeof *ids, by_value);
    return at ? (uint32_t)(at - ids) : 0; /* always there: ids were collected from the rows */
}

static enum vg_status open_side(struct vg_track_side *side, const struct vg_mot_file *file)
{
    int64_t *ids = vg_alloc_array(file->count + 1, sizeof *ids);
    side->track = vg_alloc_array(file->count + 1, sizeof *side->track);
    side->length = vg_alloc_array(file->count + 1, sizeof *side->length);
    if (!ids || !side->track || !side->length) {
        vg_free(ids);
        return VG_E_MEMORY;
    }
    for (size_t i = 0; i < file->count; i++)
        ids[i] = file->row[i].id;
    qsort(ids, file->count, sizeof *ids, by_value);
    for (size_t i = 0; i < file->count; i++) {
        if (i == 0 || ids[i] != ids[i - 1])
            ids[side->count++] = ids[i];
    }
    for (size_t i = 0; i < file->count; i++) {
        side->track[i] = index_of(ids, side->count, file->row[i].id);
        side->length[side->track[i]]++;
    }
    vg_free(ids);
    return VG_OK;
}

static size_t run_of(const struct vg_mot_file *file, size_t from, uint32_t frame)
{
    size_t n = 0;
    while (from + n < file->count && file->row[from + n].frame == frame)
        n++;
    return n;
}

static uint32_t frame_at(const struct vg_mot_file *file, size_t row)
{
    return row < file->count ? file->row[row].frame : UINT32_MAX;
}

/* Walks both files by rising frame; with p->frame and p->overlap set, fills them. Returns how
 * many overlaps there are. */
static size_t walk(struct vg_track_pairs *p, const struct vg_mot_file *truth,
                   const struct vg_mot_file *found)
{
    size_t t = 0, f = 0, overlaps = 0, frames = 0;
    while (t < truth->count || f < found->count) {
        const uint32_t ft = frame_at(truth, t), ff = frame_at(found, f);
        const uint32_t frame = ft < ff ? ft : ff;
        const size_t nt = run_of(truth, t, frame), nf = run_of(found, f, frame);
        if (p->overlap) {
            p->frame[frames] = (struct vg_track_frame){
                (uint32_t)nt, (uint32_t)nf, p->truth.track + t, p->found.track + f, overlaps};
            for (size_t i = 0; i < nt * nf; i++)
                p->overlap[overlaps + i] =
                    vg_mot_iou(truth->row[t + i / nf].box, found->row[f + i % nf].box);
        }
        p->truths_max = nt > p->truths_max ? (uint32_t)nt : p->truths_max;
        p->founds_max = nf > p->founds_max ? (uint32_t)nf : p->founds_max;
        overlaps += nt * nf;
        frames++;
        t += nt;
        f += nf;
    }
    p->frame_count = frames;
    return overlaps;
}

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

enum vg_status vg_track_pairs_open(struct vg_track_pairs *pairs, const struct vg_mot_file *truth,
                                   const struct vg_mot_file *found)
{
    struct vg_track_pairs p = {0};
    size_t table = 0;
    enum vg_status status = open_side(&p.truth, truth);
    if (status == VG_OK)
        status = open_side(&p.found, found);
    if (status != VG_OK)
        goto failed;
    status = vg_size_mul(p.truth.count, p.found.count, &table);
    if (status != VG_OK || table > TABLE_MAX) {
        status = VG_E_FULL;
        goto failed;
    }
    const size_t overlaps = walk(&p, truth, found);
    status = VG_E_MEMORY;
    p.frame = vg_alloc_array(p.frame_count + 1, sizeof *p.frame);
    p.overlap = vg_alloc_array(overlaps + 1, sizeof *p.overlap);
    p.gain = vg_alloc_array((size_t)p.truths_max * p.founds_max + 1, sizeof *p.gain);
    p.column = vg_alloc_array(larger(p.truths_max, p.truth.count) + 1, sizeof *p.column);
    p.table = vg_alloc_array(table + 1, sizeof *p.table);
    if (!p.frame || !p.overlap || !p.gain || !p.column || !p.table)
        goto failed;
    (void)walk(&p, truth, found);
    status = vg_assignment_open(&p.assignment, larger(p.truths_max, p.truth.count),
                                larger(p.founds_max, p.found.count));
    if (status != VG_OK)
        goto failed;
    *pairs = p;
    return VG_OK;
failed:
    vg_track_pairs_close(&p);
    *pairs = p;
    return status;
}

void vg_track_pairs_close(struct vg_track_pairs *pairs)
{
    vg_free(pairs->truth.track);
    vg_free(pairs->truth.length);
    vg_free(pairs->found.track);
    vg_free(pairs->found.length);
    vg_free(pairs->frame);
    vg_free(pairs->overlap);
    vg_free(pairs->gain);
    vg_free(pairs->column);
    vg_free(pairs->table);
    vg_assignment_close(&pairs->assignment);
    *pairs = (struct vg_track_pairs){0};
}

enum vg_status vg_track_score(const struct vg_mot_file *truth, const struct vg_mot_file *found,
                              struct vg_track_result *result)
{
    struct vg_track_pairs pairs;
    *result = (struct vg_track_result){.truth_boxes = truth->count, .boxes = found->count};
    enum vg_status status = vg_track_pairs_open(&pairs, truth, found);
    if (status != VG_OK)
        return status;
    result->truth_tracks = pairs.truth.count;
    result->tracks = pairs.found.count;
    result->frames = truth->frame_max > found->frame_max ? truth->frame_max : found->frame_max;
    status = vg_clear_score(&pairs, &result->clear);
    if (status == VG_OK)
        status = vg_hota_score(&pairs, &result->hota);
    if (status == VG_OK)
        vg_identity_score(&pairs, &result->identity);
    vg_track_pairs_close(&pairs);
    return status;
}
