/* The figures of a score as one JSON object (keys: docs/scoring.md). */
#include <math.h>

#include "src/score/event_condition.h"
#include "src/score/score_sheet.h"

/* Sets a key; *failed without memory. */
static void put(json_t *object, const char *key, json_t *value, bool *failed)
{
    if (json_object_set_new(object, key, value) != 0)
        *failed = true;
}

static json_t *real(double value)
{
    return isnan(value) ? json_null() : json_real(value);
}

static json_t *count(size_t value)
{
    return json_integer((json_int_t)value);
}

static json_t *interval(struct vg_interval v)
{
    return isnan(v.low) || isnan(v.high) ? json_null() : json_pack("[f,f]", v.low, v.high);
}

static json_t *counts_json(const struct vg_event_counts *c, bool *failed)
{
    json_t *o = json_object();
    put(o, "true", count(c->hits), failed);
    put(o, "false", count(c->false_alerts), failed);
    put(o, "late", count(c->late), failed);
    put(o, "missed", count(c->missed), failed);
    put(o, "duplicates", count(c->duplicates), failed);
    put(o, "ignored", count(c->ignored), failed);
    return o;
}

static json_t *delay_json(const struct vg_delay_figures *d, bool *failed)
{
    json_t *o = json_object();
    put(o, "median", real(d->median), failed);
    put(o, "p90", real(d->p90), failed);
    put(o, "max", real(d->most), failed);
    put(o, "mean", real(d->mean), failed);
    put(o, "censored_mean", real(d->censored_mean), failed);
    put(o, "excess_median", real(d->excess_median), failed);
    return o;
}

static json_t *figures_json(const struct vg_event_figures *f, bool *failed)
{
    static const char *const weights[VG_F_WEIGHTS] = {"0.35", "1", "10"};
    json_t *o = counts_json(&f->counts, failed), *by_weight = json_object();
    put(o, "precision", real(f->precision), failed);
    put(o, "precision_interval", interval(f->precision_interval), failed);
    put(o, "recall", real(f->recall), failed);
    put(o, "recall_interval", interval(f->recall_interval), failed);
    for (int i = 0; i < VG_F_WEIGHTS; i++)
        put(by_weight, weights[i], real(f->f[i]), failed);
    put(o, "f", by_weight, failed);
    put(o, "f1", real(f->f[1]), failed);
    put(o, "false_per_hour", real(f->false_per_hour), failed);
    put(o, "false_per_camera_day", real(f->false_per_day), failed);
    put(o, "false_per_camera_day_interval", interval(f->false_per_day_interval), failed);
    put(o, "alerts_per_camera_day", real(f->alerts_per_day), failed);
    put(o, "duplicates_per_event", real(f->duplicates_per_event), failed);
    put(o, "delay_s", delay_json(&f->delay, failed), failed);
    return o;
}

static json_t *clips_json(const struct vg_score_results *r, int kind, bool *failed)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->clips->clip_count; i++) {
        json_t *o =
            counts_json(&r->events->by_clip[(size_t)kind * r->events->clip_count + i], failed);
        put(o, "file", json_string(r->clips->clip[i].name), failed);
        put(o, "analysed", json_boolean(r->clips->clip[i].analysed), failed);
        if (json_array_append_new(list, o) != 0)
            *failed = true;
    }
    return list;
}

static json_t *conditions_json(const struct vg_score_results *r, int kind, bool *failed)
{
    struct vg_event_condition conditions[VG_CONDITIONS_MAX];
    const size_t n = vg_event_conditions(r->clips, r->events, kind, conditions);
    const struct vg_delays none = {0};
    json_t *list = n ? json_array() : NULL;
    for (size_t i = 0; i < n; i++) {
        struct vg_event_figures figures;
        vg_event_figures_of(&conditions[i].counts, conditions[i].seconds, &none, &figures);
        json_t *o = figures_json(&figures, failed);
        put(o, "condition", json_string(conditions[i].name), failed);
        put(o, "clips_of_it", count(conditions[i].clips), failed);
        put(o, "seconds", real(conditions[i].seconds > 0 ? conditions[i].seconds : VG_UNKNOWN),
            failed);
        (void)json_object_del(o, "delay_s");
        if (json_array_append_new(list, o) != 0)
            *failed = true;
    }
    return list;
}

static json_t *sweep_json(const struct vg_event_sweep *sweep, bool *failed)
{
    json_t *list = json_array();
    for (size_t i = 0; i < sweep->count; i++) {
        const struct vg_sweep_point *p = &sweep->point[i];
        json_t *o = json_object();
        put(o, "min_score", real(p->min_score), failed);
        put(o, "true", count(p->hits), failed);
        put(o, "missed", count(p->missed), failed);
        put(o, "false", count(p->false_alerts), failed);
        put(o, "precision", real(p->precision), failed);
        put(o, "recall", real(p->recall), failed);
        put(o, "false_per_camera_day", real(p->false_per_day), failed);
        if (json_array_append_new(list, o) != 0)
            *failed = true;
    }
    return list;
}

static json_t *case_json(const struct vg_score_results *r, size_t at, bool *failed)
{
    const struct vg_case *c = &r->events->cases[at];
    json_t *o = json_object();
    put(o, "file", json_string(r->clips->clip[c->clip].name), failed);
    put(o, "event", json_string(vg_event_kinds[c->kind].name), failed);
    put(o, "what", json_string(vg_case_name(c->what)), failed);
    put(o, "start_s", c->event ? real(c->event->start_s) : json_null(), failed);
    put(o, "end_s", c->event ? real(c->event->end_s) : json_null(), failed);
    put(o, "alert_s", c->alert ? real(c->alert->time_s) : json_null(), failed);
    put(o, "id", c->alert ? json_string(c->alert->id) : json_null(), failed);
    put(o, "rule", c->alert ? json_string(c->alert->rule) : json_null(), failed);
    put(o, "score", c->alert ? real(c->alert->score) : json_null(), failed);
    if (!r->notes || !vg_case_shown(c))
        return o;
    json_t *why = json_array();
    for (size_t i = 0; i < r->notes[at].line_count; i++) {
        if (json_array_append_new(why, json_string(r->notes[at].line[i])) != 0)
            *failed = true;
    }
    put(o, "why", why, failed);
    return o;
}

static json_t *cases_json(const struct vg_score_results *r, bool *failed)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->events->case_count; i++) {
        if (json_array_append_new(list, case_json(r, i, failed)) != 0)
            *failed = true;
    }
    return list;
}

static json_t *events_json(const struct vg_score_results *r, bool *failed)
{
    const struct vg_event_score *e = r->events;
    json_t *o = json_object(), *kinds = json_object();
    put(o, "profile", json_string(e->profile == VG_PROFILE_ONSET ? "onset" : "overlap"), failed);
    put(o, "before_s", real(e->before_s), failed);
    put(o, "after_s", real(e->after_s), failed);
    put(o, "clips", count(e->clip_count), failed);
    put(o, "clips_without_results", count(e->clips_missing), failed);
    put(o, "alerts_left_out", count(r->alerts->foreign), failed);
    put(o, "seconds", real(e->seconds > 0 ? e->seconds : VG_UNKNOWN), failed);
    for (int i = 0; i < VG_SCORE_EVENTS; i++) {
        const struct vg_event_kind_score *k = &e->kind[i];
        if (!k->present)
            continue;
        json_t *one = figures_json(&k->figures, failed);
        put(one, "precision_by_clips", interval(k->precision_by_clips), failed);
        put(one, "recall_by_clips", interval(k->recall_by_clips), failed);
        put(one, "false_per_camera_day_by_clips", interval(k->false_per_day_by_clips), failed);
        if (r->sweeps && r->sweeps[i].count)
            put(one, "sweep", sweep_json(&r->sweeps[i], failed), failed);
        json_t *conditions = conditions_json(r, i, failed);
        if (conditions)
            put(one, "conditions", conditions, failed);
        put(one, "clips", clips_json(r, i, failed), failed);
        put(kinds, vg_event_kinds[i].name, one, failed);
    }
    put(o, "events", kinds, failed);
    put(o, "cases", cases_json(r, failed), failed);
    put(o, "micro", figures_json(&e->together, failed), failed);
    put(o, "macro",
        json_pack("{s:o,s:o}", "precision", real(e->mean_precision), "recall",
                  real(e->mean_recall)),
        failed);
    return o;
}

static json_t *boxes_json(const struct vg_score_results *r, bool *failed)
{
    const struct vg_ap_result *b = r->boxes;
    const bool known = b->truths > 0;
    json_t *o = json_object();
    put(o, "class", json_string(vg_class_name(r->class_id)), failed);
    put(o, "truths", count(b->truths), failed);
    put(o, "detections", count(b->detections), failed);
    put(o, "convention", json_string("area"), failed);
    put(o, "ap50", real(known ? b->ap50 : VG_UNKNOWN), failed);
    put(o, "ap50_101", real(known ? b->ap50_at_101 : VG_UNKNOWN), failed);
    put(o, "ap", real(known ? b->ap : VG_UNKNOWN), failed);
    put(o, "ap_101", real(known ? b->ap_at_101 : VG_UNKNOWN), failed);
    put(o, "best_f1", real(b->best_f1), failed);
    put(o, "best_f1_score", real(b->best_score), failed);
    put(o, "best_f1_precision", real(b->best_precision), failed);
    put(o, "best_f1_recall", real(b->best_recall), failed);
    return o;
}

static json_t *tracks_json(const struct vg_score_results *r, bool *failed)
{
    const struct vg_track_result *t = r->tracks;
    json_t *o = json_object();
    put(o, "class", json_string(vg_class_name(r->class_id)), failed);
    put(o, "iou", json_real(0.5), failed);
    put(o, "frames", count(t->frames), failed);
    put(o, "mota", real(t->clear.mota), failed);
    put(o, "motp", real(t->clear.motp), failed);
    put(o, "idf1", real(t->identity.idf1), failed);
    put(o, "idp", real(t->identity.precision), failed);
    put(o, "idr", real(t->identity.recall), failed);
    put(o, "hota", real(t->hota.hota), failed);
    put(o, "det_a", real(t->hota.det_a), failed);
    put(o, "ass_a", real(t->hota.ass_a), failed);
    put(o, "loc_a", real(t->hota.loc_a), failed);
    put(o, "truth_boxes", count(t->truth_boxes), failed);
    put(o, "boxes", count(t->boxes), failed);
    put(o, "tp", count(t->clear.hits), failed);
    put(o, "fn", count(t->clear.misses), failed);
    put(o, "fp", count(t->clear.false_boxes), failed);
    put(o, "switches", count(t->clear.switches), failed);
    put(o, "fragments", count(t->clear.fragments), failed);
    put(o, "truth_tracks", count(t->truth_tracks), failed);
    put(o, "tracks", count(t->tracks), failed);
    put(o, "mostly_tracked", count(t->clear.mostly_tracked), failed);
    put(o, "partly_tracked", count(t->clear.partly_tracked), failed);
    put(o, "mostly_lost", count(t->clear.mostly_lost), failed);
    return o;
}

json_t *vg_score_json(const struct vg_score_results *r)
{
    bool failed = false;
    json_t *o = json_object();
    put(o, "truth", json_string(r->truth_name), &failed);
    if (r->boxes) { /* the headline figures stand on top too */
        json_t *boxes = boxes_json(r, &failed);
        put(o, "ap50", json_incref(json_object_get(boxes, "ap50")), &failed);
        put(o, "detections", boxes, &failed);
    }
    if (r->tracks) {
        put(o, "mota", real(r->tracks->clear.mota), &failed);
        put(o, "idf1", real(r->tracks->identity.idf1), &failed);
        put(o, "hota", real(r->tracks->hota.hota), &failed);
        put(o, "tracks", tracks_json(r, &failed), &failed);
    }
    if (r->events)
        put(o, "alerts", events_json(r, &failed), &failed);
    if (!failed)
        return o;
    json_decref(o);
    return NULL;
}
