#include "src/score/average_precision.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"

#define THRESHOLDS 10
#define EPSILON    1e-9 /* an IoU of 0.5 that was rounded down is 0.5 */

struct scored {
    const struct vg_mot_row *row;
    size_t order;
    bool hit[THRESHOLDS];
};

struct work {
    struct vg_mot_row *truth; /* sorted by frame */
    struct scored *found;
    bool *taken;
    double *precision, *recall;
};

static int by_frame(const void *pa, const void *pb)
{
    const struct vg_mot_row *a = pa, *b = pb;
    if (a->frame != b->frame)
        return a->frame < b->frame ? -1 : 1;
    return a->line < b->line ? -1 : a->line > b->line;
}

/* the highest score first, then the order of the file */
static int falling(const struct scored *a, const struct scored *b)
{
    if (a->row->score < b->row->score)
        return 1;
    if (a->row->score > b->row->score)
        return -1;
    return a->order < b->order ? -1 : a->order > b->order;
}

static int by_frame_and_score(const void *pa, const void *pb)
{
    const struct scored *a = pa, *b = pb;
    if (a->row->frame != b->row->frame)
        return a->row->frame < b->row->frame ? -1 : 1;
    return falling(a, b);
}

static int by_score(const void *a, const void *b)
{
    return falling(a, b);
}

/* Keeps the best of each picture; found is sorted by frame and score. */
static size_t keep_best(struct scored *found, size_t count)
{
    size_t n = 0;
    uint32_t frame = 0, in_picture = 0;
    for (size_t i = 0; i < count; i++) {
        in_picture = found[i].row->frame == frame ? in_picture + 1 : 0;
        frame = found[i].row->frame;
        if (in_picture < VG_AP_DETECTIONS_MAX)
            found[n++] = found[i];
    }
    return n;
}

/* One picture: truths [0, truths), found [0, count) by falling score. */
static void match_picture(const struct vg_mot_row *truth, size_t truths, bool *taken,
                          struct scored *found, size_t count)
{
    for (int t = 0; t < THRESHOLDS; t++) {
        const double least = 0.5 + 0.05 * t - EPSILON;
        memset(taken, 0, truths * sizeof *taken);
        for (size_t i = 0; i < count; i++) {
            double most = least;
            size_t best = truths;
            for (size_t k = 0; k < truths; k++) {
                const double v = taken[k] ? 0 : vg_mot_iou(truth[k].box, found[i].row->box);
                if (v >= most && (best == truths || v > most)) {
                    most = v;
                    best = k;
                }
            }
            if (best < truths) {
                taken[best] = true;
                found[i].hit[t] = true;
            }
        }
    }
}

static void match_all(const struct work *w, size_t truths, size_t count)
{
    size_t t = 0;
    for (size_t i = 0; i < count;) {
        const uint32_t frame = w->found[i].row->frame;
        size_t i_end = i, t_end;
        while (i_end < count && w->found[i_end].row->frame == frame)
            i_end++;
        while (t < truths && w->truth[t].frame < frame)
            t++;
        for (t_end = t; t_end < truths && w->truth[t_end].frame == frame;)
            t_end++;
        match_picture(w->truth + t, t_end - t, w->taken, w->found + i, i_end - i);
        i = i_end;
        t = t_end;
    }
}

struct curve {
    double area, at_101;
};

/* Precision and recall after each detection, at threshold t. */
static void trace(const struct work *w, size_t truths, size_t count, int t)
{
    size_t hits = 0;
    for (size_t i = 0; i < count; i++) {
        hits += w->found[i].hit[t];
        w->recall[i] = (double)hits / (double)truths;
        w->precision[i] = (double)hits / (double)(i + 1);
    }
}

static struct curve measure(const struct work *w, size_t count)
{
    struct curve c = {0, 0};
    double from = 0;
    size_t k = 0;
    for (size_t i = count; i-- > 1;) {
        if (w->precision[i - 1] < w->precision[i])
            w->precision[i - 1] = w->precision[i];
    }
    for (size_t i = 0; i < count; i++) {
        c.area += (w->recall[i] - from) * w->precision[i];
        from = w->recall[i];
    }
    for (int r = 0; r <= 100; r++) {
        while (k < count && w->recall[k] < (double)r / 100 - EPSILON)
            k++;
        if (k < count)
            c.at_101 += w->precision[k] / 101;
    }
    return c;
}

static void find_best_f1(const struct work *w, size_t count, struct vg_ap_result *result)
{
    for (size_t i = 0; i < count; i++) {
        const double p = w->precision[i], r = w->recall[i];
        const double f1 = p + r > 0 ? 2 * p * r / (p + r) : 0;
        if (f1 <= result->best_f1)
            continue;
        result->best_f1 = f1;
        result->best_score = (double)w->found[i].row->score;
        result->best_precision = p;
        result->best_recall = r;
    }
}

static void measure_all(const struct work *w, size_t truths, size_t count,
                        struct vg_ap_result *result)
{
    for (int t = 0; t < THRESHOLDS; t++) {
        trace(w, truths, count, t);
        if (t == 0)
            find_best_f1(w, count, result);
        const struct curve c = measure(w, count);
        if (t == 0) {
            result->ap50 = c.area;
            result->ap50_at_101 = c.at_101;
        }
        result->ap += c.area / THRESHOLDS;
        result->ap_at_101 += c.at_101 / THRESHOLDS;
    }
}

enum vg_status vg_ap_score(const struct vg_mot_file *truth, const struct vg_mot_file *found,
                           struct vg_ap_result *result)
{
    enum vg_status status = VG_E_MEMORY;
    struct work w = {0};
    *result = (struct vg_ap_result){.truths = truth->count};
    w.truth = vg_alloc_array(truth->count + 1, sizeof *w.truth);
    w.taken = vg_alloc_array(truth->count + 1, sizeof *w.taken);
    w.found = vg_alloc_array(found->count + 1, sizeof *w.found);
    w.precision = vg_alloc_array(found->count + 1, sizeof *w.precision);
    w.recall = vg_alloc_array(found->count + 1, sizeof *w.recall);
    if (!w.truth || !w.taken || !w.found || !w.precision || !w.recall)
        goto done;
    if (truth->count)
        memcpy(w.truth, truth->row, truth->count * sizeof *w.truth);
    qsort(w.truth, truth->count, sizeof *w.truth, by_frame);
    for (size_t i = 0; i < found->count; i++)
        w.found[i] = (struct scored){.row = &found->row[i], .order = i};
    qsort(w.found, found->count, sizeof *w.found, by_frame_and_score);
    const size_t count = keep_best(w.found, found->count);
    match_all(&w, truth->count, count);
    qsort(w.found, count, sizeof *w.found, by_score);
    result->detections = count;
    if (truth->count)
        measure_all(&w, truth->count, count, result);
    status = VG_OK;
done:
    vg_free(w.truth);
    vg_free(w.taken);
    vg_free(w.found);
    vg_free(w.precision);
    vg_free(w.recall);
    return status;
}
