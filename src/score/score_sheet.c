#include "src/score/score_sheet.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "src/base/text.h"
#include "src/base/text_buffer.h"

#define ENOUGH_EVENTS 35 /* without a miss they show a recall of 0.90: Wilson's low end 0.9011 */

static struct vg_sheet_row *add(struct vg_sheet *sheet, const char *label)
{
    assert(sheet->count < VG_SHEET_ROWS_MAX);
    struct vg_sheet_row *row = &sheet->row[sheet->count++];
    *row = (struct vg_sheet_row){.label = _(label)};
    return row;
}

static void number(char *text, size_t size, double value, int digits)
{
    char all[400]; /* the longest double takes 309 digits */
    const int n = isnan(value) ? 0 : snprintf(all, sizeof all, "%.*f", digits, value);
    if (n > 0 && (size_t)n < size)
        memcpy(text, all, (size_t)n + 1);
    else
        memcpy(text, "-", 2);
}

static void add_count(struct vg_sheet *sheet, const char *label, size_t count)
{
    struct vg_sheet_row *row = add(sheet, label);
    (void)snprintf(row->value, sizeof row->value, "%zu", count);
}

static void add_number(struct vg_sheet *sheet, const char *label, double value, int digits)
{
    struct vg_sheet_row *row = add(sheet, label);
    number(row->value, sizeof row->value, value, digits);
}

static void add_interval(struct vg_sheet *sheet, const char *label, double value, int digits,
                         struct vg_interval interval)
{
    struct vg_sheet_row *row = add(sheet, label);
    number(row->value, sizeof row->value, value, digits);
    if (!isnan(value) && !isnan(interval.low))
        (void)snprintf(row->note, sizeof row->note, _("95 %%: %.*f to %.*f"), digits, interval.low,
                       digits, interval.high);
}

static void add_note(struct vg_sheet *sheet, const char *label, double value, const char *note)
{
    struct vg_sheet_row *row = add(sheet, label);
    number(row->value, sizeof row->value, value, 4);
    (void)snprintf(row->note, sizeof row->note, "%s", _(note));
}

static char *remark(struct vg_sheet *sheet)
{
    assert(sheet->remark_count < sizeof sheet->remark / sizeof *sheet->remark);
    return sheet->remark[sheet->remark_count++];
}

bool vg_case_shown(const struct vg_case *one)
{
    return one->what == VG_CASE_MISSED || one->what == VG_CASE_FALSE || one->what == VG_CASE_LATE;
}

#define REMARK_SIZE (sizeof((struct vg_sheet *)0)->remark[0])

static void add_delays(struct vg_sheet *s, const struct vg_delay_figures *d)
{
    add_number(s, N_("Delay, median (s)"), d->median, 2);
    add_number(s, N_("Delay, 90 % below (s)"), d->p90, 2);
    add_number(s, N_("Delay, longest (s)"), d->most, 2);
    add_number(s, N_("Delay, mean with missed events (s)"), d->censored_mean, 2);
    if (!isnan(d->excess_median))
        add_number(s, N_("Delay beyond the rule's own wait, median (s)"), d->excess_median, 2);
}

static void add_remarks(struct vg_sheet *s, const struct vg_event_figures *f)
{
    const size_t events = f->counts.hits + f->counts.missed;
    if (events > 0 && events < ENOUGH_EVENTS)
        (void)snprintf(remark(s), REMARK_SIZE,
                       _("Few events (%zu): a recall of 0.90 is only shown from 35 found out of "
                         "35."),
                       events);
    if (f->counts.false_alerts == 0 && f->seconds > 0)
        (void)snprintf(remark(s), REMARK_SIZE,
                       _("No false alert in %.2f h only shows that there are fewer than %.1f per "
                         "camera and day."),
                       f->seconds / 3600, f->false_per_day_interval.high);
    if (f->duplicates_per_event > 0.5)
        (void)snprintf(remark(s), REMARK_SIZE, "%s",
                       _("Many alerts repeat one event: a longer cooldown would help."));
    if (f->counts.late > 0)
        (void)snprintf(remark(s), REMARK_SIZE, "%s",
                       _("Late alerts are a sign that a rule waits too long."));
    if (!(f->seconds > 0))
        (void)snprintf(remark(s), REMARK_SIZE, "%s",
                       _("Rates want the time watched: --duration, or coverage.csv beside the "
                         "alerts."));
}

static void event_rows(struct vg_sheet *s, const struct vg_event_figures *f)
{
    add_count(s, N_("Events found in time"), f->counts.hits);
    add_count(s, N_("Events missed"), f->counts.missed);
    add_count(s, N_("False alerts, late ones among them"), f->counts.false_alerts);
    add_count(s, N_("Late alerts"), f->counts.late);
    add_count(s, N_("Alerts that repeat an event"), f->counts.duplicates);
    if (f->counts.ignored)
        add_count(s, N_("Alerts of events that do not count"), f->counts.ignored);
    add_interval(s, N_("Precision"), f->precision, 4, f->precision_interval);
    add_interval(s, N_("Recall"), f->recall, 4, f->recall_interval);
    add_number(s, N_("F, alpha 0.35"), f->f[0], 4);
    add_number(s, N_("F1 (alpha 1)"), f->f[1], 4);
    add_number(s, N_("F, alpha 10"), f->f[2], 4);
    add_interval(s, N_("False alerts per camera and day"), f->false_per_day, 1,
                 f->false_per_day_interval);
    add_number(s, N_("Alerts per camera and day"), f->alerts_per_day, 1);
    add_delays(s, &f->delay);
}

static void kind_sheet(const struct vg_event_score *e, int kind, struct vg_sheet *s)
{
    const struct vg_event_kind_score *k = &e->kind[kind];
    (void)snprintf(s->title, sizeof s->title, "%s (%s)", _(vg_event_kinds[kind].label),
                   vg_event_kinds[kind].name);
    event_rows(s, &k->figures);
    if (!isnan(k->recall_by_clips.low))
        (void)snprintf(remark(s), REMARK_SIZE,
                       _("By drawing whole clips (%d draws, seed %d): precision %.3f to %.3f, "
                         "recall %.3f to %.3f."),
                       VG_BOOTSTRAP_DRAWS, VG_BOOTSTRAP_SEED, k->precision_by_clips.low,
                       k->precision_by_clips.high, k->recall_by_clips.low, k->recall_by_clips.high);
    add_remarks(s, &k->figures);
}

static void together_sheet(const struct vg_score_results *r, struct vg_sheet *s)
{
    const struct vg_event_score *e = r->events;
    (void)snprintf(s->title, sizeof s->title, "%s",
                   e->profile == VG_PROFILE_ONSET
                       ? _("All events together (profile onset: near the event's start)")
                       : _("All events together (profile overlap: within the event)"));
    add_count(s, N_("Clips"), e->clip_count);
    if (e->seconds > 0)
        add_number(s, N_("Time watched (h)"), e->seconds / 3600, 3);
    event_rows(s, &e->together);
    add_number(s, N_("Precision, mean over the kinds of events"), e->mean_precision, 4);
    add_number(s, N_("Recall, mean over the kinds of events"), e->mean_recall, 4);
    if (e->clips_missing)
        (void)snprintf(remark(s), REMARK_SIZE,
                       _("Clips of the truth without results: %zu; their events count as missed."),
                       e->clips_missing);
    if (r->alerts && r->alerts->foreign)
        (void)snprintf(remark(s), REMARK_SIZE,
                       _("Alerts of clips that the truth does not name, left out: %zu; the "
                         "first: %.100s"),
                       r->alerts->foreign, r->alerts->first_foreign);
}

static void box_sheet(const struct vg_score_results *r, struct vg_sheet *s)
{
    const struct vg_ap_result *b = r->boxes;
    (void)snprintf(s->title, sizeof s->title, _("Detections (%s)"), vg_class_name(r->class_id));
    add_count(s, N_("Boxes of the truth"), b->truths);
    add_count(s, N_("Detections, at most 100 per picture"), b->detections);
    if (b->truths == 0) {
        (void)snprintf(remark(s), REMARK_SIZE, "%s",
                       _("Without a box of this class in the truth there is no precision."));
        return;
    }
    add_note(s, N_("AP50"), b->ap50, N_("IoU 0.5, area under the precision envelope"));
    add_note(s, N_("AP50, 101 points"), b->ap50_at_101, N_("IoU 0.5, as COCO"));
    add_note(s, N_("AP"), b->ap, N_("IoU 0.50 to 0.95, area"));
    add_note(s, N_("AP, 101 points"), b->ap_at_101, N_("IoU 0.50 to 0.95, as COCO"));
    add_number(s, N_("Best F1"), b->best_f1, 4);
    add_number(s, N_("  at score"), b->best_score, 3);
    add_number(s, N_("  precision"), b->best_precision, 4);
    add_number(s, N_("  recall"), b->best_recall, 4);
}

static void track_sheet(const struct vg_score_results *r, struct vg_sheet *s)
{
    const struct vg_track_result *t = r->tracks;
    (void)snprintf(s->title, sizeof s->title, _("Tracks (%s), IoU 0.5"),
                   vg_class_name(r->class_id));
    add_number(s, N_("MOTA"), t->clear.mota, 4);
    add_number(s, N_("IDF1"), t->identity.idf1, 4);
    add_number(s, N_("HOTA"), t->hota.hota, 4);
    add_number(s, N_("  DetA"), t->hota.det_a, 4);
    add_number(s, N_("  AssA"), t->hota.ass_a, 4);
    add_number(s, N_("  LocA"), t->hota.loc_a, 4);
    add_number(s, N_("MOTP (mean overlap)"), t->clear.motp, 4);
    add_count(s, N_("Boxes of the truth"), t->truth_boxes);
    add_count(s, N_("Boxes found"), t->clear.hits);
    add_count(s, N_("Boxes missed"), t->clear.misses);
    add_count(s, N_("False boxes"), t->clear.false_boxes);
    add_count(s, N_("Identity switches"), t->clear.switches);
    add_count(s, N_("Interruptions"), t->clear.fragments);
    add_count(s, N_("Tracks of the truth"), t->truth_tracks);
    add_count(s, N_("Tracks"), t->tracks);
    add_count(s, N_("Mostly tracked (over 80 %)"), t->clear.mostly_tracked);
    add_count(s, N_("Partly tracked"), t->clear.partly_tracked);
    add_count(s, N_("Mostly lost (under 20 %)"), t->clear.mostly_lost);
}

size_t vg_score_sheets(const struct vg_score_results *r, struct vg_sheet *sheets)
{
    size_t n = 0;
    memset(sheets, 0, VG_SHEETS_MAX * sizeof *sheets);
    if (r->boxes)
        box_sheet(r, &sheets[n++]);
    if (r->tracks)
        track_sheet(r, &sheets[n++]);
    for (int kind = 0; r->events && kind < VG_SCORE_EVENTS; kind++) {
        if (r->events->kind[kind].present)
            kind_sheet(r->events, kind, &sheets[n++]);
    }
    if (r->events)
        together_sheet(r, &sheets[n++]);
    return n;
}

/* How many columns a text takes: continuation bytes of UTF-8 take none. */
static int width_of(const char *text)
{
    int n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static void print_sheet(const struct vg_sheet *s, FILE *out)
{
    int widest = 0;
    for (size_t i = 0; i < s->count; i++) {
        const int width = width_of(s->row[i].label);
        widest = width > widest ? width : widest;
    }
    (void)fprintf(out, "%s\n", s->title);
    for (size_t i = 0; i < s->count; i++) {
        const struct vg_sheet_row *row = &s->row[i];
        (void)fprintf(out, "  %s%*s  %10s%s%s\n", row->label, widest - width_of(row->label), "",
                      row->value, *row->note ? "   " : "", row->note);
    }
    for (size_t i = 0; i < s->remark_count; i++)
        (void)fprintf(out, "  * %s\n", s->remark[i]);
}

void vg_score_print(const struct vg_sheet *sheets, size_t count, FILE *out)
{
    for (size_t i = 0; i < count; i++) {
        if (i)
            (void)fputc('\n', out);
        print_sheet(&sheets[i], out);
    }
}

void vg_case_title(const struct vg_score_results *results, const struct vg_case *one, char *text,
                   size_t size)
{
    struct vg_text_buffer title;
    vg_text_buffer_init(&title, text, size);
    vg_text_add(&title, "%s: %s, %s", results->clips->clip[one->clip].name,
                _(vg_event_kinds[one->kind].label), _(vg_case_label(one->what)));
    if (one->event && !one->alert)
        vg_text_add(&title, _(", from %.1f to %.1f s"), one->event->start_s, one->event->end_s);
    if (one->alert)
        vg_text_add(&title, _(", alert at %.1f s"), one->alert->time_s);
    if (one->alert && *one->alert->rule)
        vg_text_add(&title, _(", rule %s"), one->alert->rule);
}

void vg_score_print_cases(const struct vg_score_results *results, FILE *out)
{
    size_t shown = 0;
    for (size_t i = 0; i < results->events->case_count && shown < VG_CASES_SHOWN_MAX; i++) {
        char title[VG_CASE_TITLE_SIZE];
        if (!vg_case_shown(&results->events->cases[i]))
            continue;
        if (shown++ == 0)
            (void)fprintf(out, "\n%s\n", _("Missed and false, one by one"));
        vg_case_title(results, &results->events->cases[i], title, sizeof title);
        (void)fprintf(out, "  %s\n", title);
        for (size_t k = 0; results->notes && k < results->notes[i].line_count; k++)
            (void)fprintf(out, "    %s\n", results->notes[i].line[k]);
    }
}
