#include "src/score/event_score.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/random.h"
#include "src/base/text.h"

struct vg_event_settings vg_event_settings_defaults(void)
{
    return (struct vg_event_settings){.profile = VG_PROFILE_ONSET,
                                      .before_s = VG_UNKNOWN,
                                      .after_s = VG_UNKNOWN,
                                      .only_kind = -1};
}

struct work {
    const struct vg_event_truth *truth;
    const struct vg_alert_file *alerts;
    const struct vg_event_settings *settings;
    struct vg_event_score *score;
    /* one group: the events and alerts of one kind in one clip */
    const struct vg_true_event **event;
    const struct vg_raised **alert;
    bool *matched;
    struct vg_finding_of *found;
    /* one kind */
    double *delay;
    size_t delay_count;
    double missed_sum;
    double *draw;
};

static int by_time_and_id(const void *pa, const void *pb)
{
    const struct vg_raised *a = pa, *b = pb;
    if (a->time_s < b->time_s || a->time_s > b->time_s)
        return a->time_s < b->time_s ? -1 : 1;
    return strcmp(a->id, b->id);
}

static int by_number(const void *pa, const void *pb)
{
    const double *a = pa, *b = pb;
    return *a < *b ? -1 : *a > *b;
}

static struct vg_event_window window_of(const struct vg_event_settings *s, int kind)
{
    struct vg_event_window w = vg_event_window_of(s->profile, kind);
    if (!isnan(s->before_s))
        w.before_s = s->before_s;
    if (!isnan(s->after_s))
        w.after_s = s->after_s;
    return w;
}

static void count_alerts(struct work *w, size_t count, struct vg_event_counts *c)
{
    for (size_t i = 0; i < count; i++) {
        const struct vg_finding_of *f = &w->found[i];
        switch (f->finding) {
        case VG_FINDING_TRUE:
            c->hits++;
            w->delay[w->delay_count++] = w->alert[i]->time_s - f->event->start_s;
            break;
        case VG_FINDING_DUPLICATE:
            c->duplicates++;
            break;
        case VG_FINDING_LATE:
            c->late++;
            c->false_alerts++;
            break;
        case VG_FINDING_FALSE:
            c->false_alerts++;
            break;
        case VG_FINDING_TRUE_IGNORED:
        case VG_FINDING_LATE_IGNORED:
            c->ignored++;
            break;
        }
    }
}

/* A false alert has its reasons in the seconds before it, while its condition came to hold. */
#define REASONS_S 5.0

static const struct {
    const char *name, *label;
} case_words[VG_CASE_COUNT] = {
    [VG_CASE_FOUND] = {"found", N_("found")},
    [VG_CASE_MISSED] = {"missed", N_("missed")},
    [VG_CASE_FALSE] = {"false", N_("false")},
    [VG_CASE_LATE] = {"late", N_("late")},
    [VG_CASE_REPEATED] = {"repeated", N_("repeated")},
    [VG_CASE_IGNORED] = {"ignored", N_("ignored")},
};

const char *vg_case_name(enum vg_case_what what)
{
    return case_words[what].name;
}

const char *vg_case_label(enum vg_case_what what)
{
    return case_words[what].label;
}

static enum vg_case_what case_of(enum vg_finding finding)
{
    switch (finding) {
    case VG_FINDING_TRUE:
        return VG_CASE_FOUND;
    case VG_FINDING_DUPLICATE:
        return VG_CASE_REPEATED;
    case VG_FINDING_LATE:
        return VG_CASE_LATE;
    case VG_FINDING_FALSE:
        return VG_CASE_FALSE;
    case VG_FINDING_TRUE_IGNORED:
    case VG_FINDING_LATE_IGNORED:
        break;
    }
    return VG_CASE_IGNORED;
}

/* Room: each alert and each event of the files is at most one case. */
static void keep_case(struct work *w, const struct vg_case *one)
{
    w->score->cases[w->score->case_count++] = *one;
}

static void keep_alerts(struct work *w, int kind, uint32_t clip, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const double at = w->alert[i]->time_s;
        keep_case(w, &(struct vg_case){.what = case_of(w->found[i].finding),
                                       .kind = kind,
                                       .clip = clip,
                                       .alert = w->alert[i],
                                       .event = w->found[i].event,
                                       .from_s = at - REASONS_S,
                                       .to_s = at});
    }
}

static void keep_missed(struct work *w, const struct vg_true_event *event,
                        const struct vg_event_window *window)
{
    const bool onset = window->profile == VG_PROFILE_ONSET;
    keep_case(w,
              &(struct vg_case){.what = VG_CASE_MISSED,
                                .kind = event->kind,
                                .clip = event->clip,
                                .event = event,
                                .from_s = event->start_s - window->before_s,
                                .to_s = (onset ? event->start_s : event->end_s) + window->after_s});
}

static void score_group(struct work *w, int kind, uint32_t clip, struct vg_event_counts *c)
{
    const struct vg_event_window window = window_of(w->settings, kind);
    size_t events = 0, alerts = 0;
    for (size_t i = 0; i < w->truth->event_count; i++) {
        if (w->truth->event[i].kind == kind && w->truth->event[i].clip == clip)
            w->event[events++] = &w->truth->event[i];
    }
    for (size_t i = 0; i < w->alerts->count; i++) {
        const struct vg_raised *a = &w->alerts->alert[i];
        if (a->kind == kind && a->clip == clip && a->score >= w->settings->min_score)
            w->alert[alerts++] = a;
    }
    vg_event_match(w->event, events, w->alert, alerts, &window, w->matched, w->found);
    count_alerts(w, alerts, c);
    keep_alerts(w, kind, clip, alerts);
    for (size_t i = 0; i < events; i++) {
        if (w->matched[i] || w->event[i]->ignore)
            continue;
        keep_missed(w, w->event[i], &window);
        c->missed++;
        w->missed_sum +=
            window.after_s +
            (window.profile == VG_PROFILE_OVERLAP ? w->event[i]->end_s - w->event[i]->start_s : 0);
    }
    w->score->kind[kind].present |= events + alerts > 0;
}

/* ---- intervals by clips ---- */

enum drawn {
    PRECISION,
    RECALL,
    FALSE_PER_DAY,
    DRAWN
};

static double draw_once(const struct work *w, int kind, struct vg_random *random, enum drawn what)
{
    const size_t n = w->truth->clip_count;
    struct vg_event_counts sum = {0};
    double seconds = 0;
    for (size_t i = 0; i < n; i++) {
        const uint32_t clip = vg_random_below(random, (uint32_t)n);
        vg_event_counts_add(&sum, &w->score->by_clip[(size_t)kind * n + clip]);
        seconds += w->truth->clip[clip].seconds;
    }
    const struct vg_delays none = {0};
    struct vg_event_figures f;
    vg_event_figures_of(&sum, seconds, &none, &f);
    return what == PRECISION ? f.precision : what == RECALL ? f.recall : f.false_per_day;
}

static struct vg_interval draw_many(const struct work *w, int kind, enum drawn what)
{
    struct vg_random random;
    size_t count = 0;
    vg_random_seed(&random, VG_BOOTSTRAP_SEED);
    if (w->truth->clip_count < VG_BOOTSTRAP_CLIPS || !w->score->kind[kind].present)
        return (struct vg_interval){VG_UNKNOWN, VG_UNKNOWN};
    for (int i = 0; i < VG_BOOTSTRAP_DRAWS; i++) {
        const double v = draw_once(w, kind, &random, what);
        if (!isnan(v))
            w->draw[count++] = v;
    }
    qsort(w->draw, count, sizeof *w->draw, by_number);
    return (struct vg_interval){vg_quantile(w->draw, count, 0.025),
                                vg_quantile(w->draw, count, 0.975)};
}

/* ---- sums ---- */

static double total_seconds(const struct work *w)
{
    double sum = 0;
    if (w->settings->seconds > 0)
        return w->settings->seconds;
    for (size_t i = 0; i < w->truth->clip_count; i++) {
        if (!(w->truth->clip[i].seconds > 0) && w->truth->clip[i].analysed)
            return 0; /* a part of the time would make the rates too high */
        sum += w->truth->clip[i].seconds;
    }
    return sum;
}

static void score_kind(struct work *w, int kind, struct vg_event_counts *all,
                       struct vg_delays *together)
{
    struct vg_event_kind_score *k = &w->score->kind[kind];
    struct vg_event_counts sum = {0};
    const size_t first = w->delay_count;
    const double missed_before = w->missed_sum;
    for (uint32_t clip = 0; clip < w->truth->clip_count; clip++) {
        struct vg_event_counts *c = &w->score->by_clip[(size_t)kind * w->truth->clip_count + clip];
        score_group(w, kind, clip, c);
        vg_event_counts_add(&sum, c);
    }
    const struct vg_delays delays = {w->delay + first, w->delay_count - first,
                                     w->missed_sum - missed_before, vg_event_kinds[kind].rule_s};
    if (delays.count)
        qsort(w->delay + first, delays.count, sizeof *w->delay, by_number);
    vg_event_figures_of(&sum, w->score->seconds, &delays, &k->figures);
    k->precision_by_clips = draw_many(w, kind, PRECISION);
    k->recall_by_clips = draw_many(w, kind, RECALL);
    k->false_per_day_by_clips = draw_many(w, kind, FALSE_PER_DAY);
    vg_event_counts_add(all, &sum);
    together->missed_sum = w->missed_sum;
    together->count = w->delay_count;
}

static double mean_of(const struct vg_event_score *s, enum drawn what)
{
    double sum = 0;
    size_t count = 0;
    for (int i = 0; i < VG_SCORE_EVENTS; i++) {
        const double v =
            what == PRECISION ? s->kind[i].figures.precision : s->kind[i].figures.recall;
        if (s->kind[i].present && !isnan(v)) {
            sum += v;
            count++;
        }
    }
    return count ? sum / (double)count : VG_UNKNOWN;
}

static void score_all(struct work *w)
{
    struct vg_event_score *s = w->score;
    struct vg_event_counts all = {0};
    struct vg_delays together = {.seconds = w->delay};
    for (int kind = 0; kind < VG_SCORE_EVENTS; kind++) {
        if (w->settings->only_kind < 0 || w->settings->only_kind == kind)
            score_kind(w, kind, &all, &together);
    }
    if (together.count)
        qsort(w->delay, together.count, sizeof *w->delay, by_number);
    vg_event_figures_of(&all, s->seconds, &together, &s->together);
    s->together.delay.excess_median = VG_UNKNOWN; /* the rules wait differently long */
    s->mean_precision = mean_of(s, PRECISION);
    s->mean_recall = mean_of(s, RECALL);
}

enum vg_status vg_event_score_make(const struct vg_event_truth *truth, struct vg_alert_file *alerts,
                                   const struct vg_event_settings *settings,
                                   struct vg_event_score *score)
{
    struct work w = {.truth = truth, .alerts = alerts, .settings = settings, .score = score};
    *score = (struct vg_event_score){.profile = settings->profile,
                                     .before_s = settings->before_s,
                                     .after_s = settings->after_s,
                                     .clip_count = truth->clip_count};
    enum vg_status status = VG_E_MEMORY;
    if (alerts->count)
        qsort(alerts->alert, alerts->count, sizeof *alerts->alert, by_time_and_id);
    score->by_clip =
        vg_alloc_array(VG_SCORE_EVENTS * truth->clip_count + 1, sizeof *score->by_clip);
    score->cases = vg_alloc_array(truth->event_count + alerts->count + 1, sizeof *score->cases);
    w.event = vg_alloc_array(truth->event_count + 1, sizeof *w.event);
    w.matched = vg_alloc_array(truth->event_count + 1, sizeof *w.matched);
    w.alert = vg_alloc_array(alerts->count + 1, sizeof *w.alert);
    w.found = vg_alloc_array(alerts->count + 1, sizeof *w.found);
    w.delay = vg_alloc_array(alerts->count + 1, sizeof *w.delay);
    w.draw = vg_alloc_array(VG_BOOTSTRAP_DRAWS, sizeof *w.draw);
    if (score->by_clip && score->cases && w.event && w.matched && w.alert && w.found && w.delay &&
        w.draw) {
        for (size_t i = 0; i < truth->clip_count; i++)
            score->clips_missing += !truth->clip[i].analysed;
        score->seconds = total_seconds(&w);
        score_all(&w);
        status = VG_OK;
    }
    vg_free(w.event);
    vg_free(w.matched);
    vg_free(w.alert);
    vg_free(w.found);
    vg_free(w.delay);
    vg_free(w.draw);
    if (status != VG_OK)
        vg_event_score_close(score);
    return status;
}

void vg_event_score_close(struct vg_event_score *score)
{
    vg_free(score->by_clip);
    vg_free(score->cases);
    *score = (struct vg_event_score){0};
}
