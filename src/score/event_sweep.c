#include "src/score/event_sweep.h"

#include <stdlib.h>

#include "src/base/alloc.h"

static int by_number(const void *pa, const void *pb)
{
    const double *a = pa, *b = pb;
    return *a < *b ? -1 : *a > *b;
}

/* The different scores of the kind's alerts that the settings let through, rising. */
static size_t scores_of(const struct vg_alert_file *alerts, int kind, double least, double *score)
{
    size_t count = 0, kept = 0;
    for (size_t i = 0; i < alerts->count; i++) {
        if (alerts->alert[i].kind == kind && alerts->alert[i].score >= least)
            score[count++] = alerts->alert[i].score;
    }
    if (count)
        qsort(score, count, sizeof *score, by_number);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || score[i] > score[kept - 1])
            score[kept++] = score[i];
    }
    return kept;
}

static enum vg_status point_at(const struct vg_event_truth *truth, struct vg_alert_file *alerts,
                               const struct vg_event_settings *settings, int kind,
                               struct vg_sweep_point *point)
{
    struct vg_event_score score;
    const enum vg_status status = vg_event_score_make(truth, alerts, settings, &score);
    if (status != VG_OK)
        return status;
    const struct vg_event_figures *f = &score.kind[kind].figures;
    *point = (struct vg_sweep_point){.min_score = settings->min_score,
                                     .precision = f->precision,
                                     .recall = f->recall,
                                     .false_per_day = f->false_per_day,
                                     .hits = f->counts.hits,
                                     .missed = f->counts.missed,
                                     .false_alerts = f->counts.false_alerts};
    vg_event_score_close(&score);
    return VG_OK;
}

static enum vg_status sweep_kind(const struct vg_event_truth *truth, struct vg_alert_file *alerts,
                                 const struct vg_event_settings *settings, int kind, double *scores,
                                 struct vg_event_sweep *sweep)
{
    struct vg_event_settings one = *settings;
    const size_t count = scores_of(alerts, kind, settings->min_score, scores);
    const size_t points = count < VG_SWEEP_POINTS_MAX ? count : VG_SWEEP_POINTS_MAX;
    one.only_kind = kind;
    if (points < 2)
        return VG_OK;
    for (size_t i = 0; i < points; i++) {
        one.min_score = scores[i * (count - 1) / (points - 1)];
        const enum vg_status status = point_at(truth, alerts, &one, kind, &sweep->point[i]);
        if (status != VG_OK)
            return status;
    }
    sweep->count = points;
    return VG_OK;
}

enum vg_status vg_event_sweep_make(const struct vg_event_truth *truth, struct vg_alert_file *alerts,
                                   const struct vg_event_settings *settings,
                                   struct vg_event_sweep sweep[VG_SCORE_EVENTS])
{
    enum vg_status status = VG_OK;
    double *scores = vg_alloc_array(alerts->count + 1, sizeof *scores);
    for (int kind = 0; kind < VG_SCORE_EVENTS; kind++)
        sweep[kind].count = 0;
    if (!scores)
        return VG_E_MEMORY;
    for (int kind = 0; kind < VG_SCORE_EVENTS && status == VG_OK; kind++) {
        if (settings->only_kind < 0 || settings->only_kind == kind)
            status = sweep_kind(truth, alerts, settings, kind, scores, &sweep[kind]);
    }
    vg_free(scores);
    return status;
}
