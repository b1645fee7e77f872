#include "src/store/coverage_query.h"

#include <string.h>

#include "src/base/alloc.h"
#include "src/base/text.h"

#define M VG_COVERAGE_MINUTE_US

static const struct {
    const char *name;
    enum vg_coverage_step step;
} steps[] = {
    {"minute", VG_COVERAGE_BY_MINUTE},
    {"hour", VG_COVERAGE_BY_HOUR},
    {"day", VG_COVERAGE_BY_DAY},
};

const char *vg_coverage_step_name(enum vg_coverage_step step)
{
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (steps[i].step == step)
            return steps[i].name;
    return "unknown";
}

int vg_coverage_step_parse(const char *name, enum vg_coverage_step *step)
{
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (strcmp(steps[i].name, name) == 0) {
            *step = steps[i].step;
            return 0;
        }
    return -1;
}

/* The rows so far, in the order of their minutes. */
struct walk {
    struct vg_coverage_answer *answer;
    int64_t from_us, to_us, gap_us;
    int64_t rows_end_us; /* rows from there on are of a clock that was set back since */
    bool known;          /* a row was met */
    int64_t end_us;      /* of the last one */
    enum vg_coverage_cause last;
    struct vg_coverage_gap run; /* grows while the cause stays */
};

static int64_t greater(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t lesser(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t floor_to(int64_t minute, int64_t step)
{
    const int64_t rest = minute % step;
    return minute - (rest < 0 ? rest + step : rest);
}

/* ---- gaps ---- */

static void end_run(struct walk *w)
{
    struct vg_coverage_answer *answer = w->answer;
    struct vg_coverage_gap gap = w->run;
    gap.begin.us = greater(gap.begin.us, w->from_us);
    gap.end.us = lesser(gap.end.us, w->to_us);
    w->run = (struct vg_coverage_gap){.cause = VG_COVERAGE_ANALYSED};
    if (gap.cause == VG_COVERAGE_ANALYSED || gap.cause == VG_COVERAGE_OFF ||
        gap.end.us - gap.begin.us < w->gap_us)
        return;
    if (answer->gap_count < VG_COVERAGE_GAPS_MAX)
        answer->gap[answer->gap_count++] = gap;
    else
        answer->gaps_left_out++;
}

static void add_run(struct walk *w, enum vg_coverage_cause cause, int64_t begin_us, int64_t end_us)
{
    if (end_us <= begin_us)
        return;
    if (cause != w->run.cause || begin_us != w->run.end.us) {
        end_run(w);
        w->run = (struct vg_coverage_gap){{begin_us}, {begin_us}, cause};
    }
    w->run.end.us = end_us;
}

/* ---- time ---- */

static struct vg_coverage_item *item_of(struct walk *w, int64_t minute)
{
    struct vg_coverage_answer *answer = w->answer;
    const int64_t at = (minute - answer->item[0].minute) / answer->step;
    return minute >= answer->item[0].minute && at < (int64_t)answer->count ? &answer->item[at]
                                                                           : NULL;
}

/* Time that no row holds. */
static void fill(struct walk *w, int64_t until_us)
{
    const enum vg_coverage_cause cause =
        w->last == VG_COVERAGE_OFF ? VG_COVERAGE_OFF : VG_COVERAGE_DOWN;
    add_run(w, cause, w->end_us, until_us);
    int64_t at_us = greater(w->end_us, w->from_us);
    const int64_t end_us = lesser(until_us, w->to_us);
    while (at_us < end_us) {
        const int64_t minute = vg_coverage_minute_of(at_us);
        const int64_t next_us = lesser((minute + 1) * M, end_us);
        struct vg_coverage_item *item = item_of(w, minute);
        if (item)
            item->part_us[cause] += next_us - at_us;
        at_us = next_us;
    }
    w->end_us = until_us;
    w->last = cause;
}

static void add_row(struct walk *w, const struct vg_coverage_row *row)
{
    const int64_t begin_us = row->minute * M + row->begin_us;
    const int64_t sum_us = vg_coverage_row_sum(row);
    const int64_t end_us = lesser(begin_us + sum_us, (row->minute + 1) * M);
    struct vg_coverage_item *item = item_of(w, row->minute);
    if (w->known && begin_us > w->end_us && !row->stepped)
        fill(w, begin_us);
    w->known = true;
    w->end_us = greater(end_us, w->end_us);
    add_run(w, row->first, begin_us, lesser(begin_us + row->head_us, end_us));
    if (row->head_us != sum_us) {
        end_run(w); /* what stands between is shorter than any gap that is listed */
        add_run(w, row->last, greater(end_us - row->tail_us, begin_us), end_us);
    }
    w->last = row->last;
    if (!item)
        return;
    for (int c = 0; c < VG_COVERAGE_CAUSES; c++)
        item->part_us[c] += row->part_us[c];
    item->wanted += row->wanted;
    item->analysed += row->analysed;
    item->stepped = item->stepped || row->stepped;
}

/* ---- days ---- */

/* A day's file, or none: which is no error. */
static enum vg_status read_day(const struct vg_coverage_ask *ask, int64_t number,
                               struct vg_coverage_day *day, struct vg_fault *fault)
{
    const enum vg_status status = vg_coverage_day_read(ask->data, ask->flux, number, day, fault);
    if (status == VG_E_MISSING || status == VG_E_INPUT) {
        const uint32_t damaged = status == VG_E_INPUT ? VG_COVERAGE_DAY_MINUTE : 0;
        memset(day, 0, sizeof *day);
        day->damaged = damaged;
        return VG_OK;
    }
    return status;
}

/* The last row before the first day asked for: how the flux was then. */
static enum vg_status look_back(struct walk *w, const struct vg_coverage_ask *ask, int64_t before,
                                struct vg_coverage_day *day, struct vg_fault *fault)
{
    for (int64_t d = before - 1; d >= before - VG_COVERAGE_KEEP_DAYS; d--) {
        const enum vg_status status = read_day(ask, d, day, fault);
        if (status)
            return status;
        for (int i = VG_COVERAGE_DAY_MINUTE - 1; i >= 0; i--)
            if (day->there[i]) {
                add_row(w, &day->row[i]);
                return VG_OK;
            }
    }
    return VG_OK;
}

static enum vg_status walk_days(struct walk *w, const struct vg_coverage_ask *ask,
                                struct vg_coverage_day *day, struct vg_fault *fault)
{
    const int64_t first = vg_coverage_day_of(vg_coverage_minute_of(w->from_us));
    const int64_t last = vg_coverage_day_of(vg_coverage_minute_of(w->to_us - 1));
    enum vg_status status = look_back(w, ask, first, day, fault);
    for (int64_t d = first; !status && d <= last; d++) {
        status = read_day(ask, d, day, fault);
        if (status)
            return status;
        w->answer->damaged += day->damaged;
        for (int i = 0; i < VG_COVERAGE_DAY_MINUTE; i++)
            if (day->there[i] && day->row[i].minute * M < w->rows_end_us)
                add_row(w, &day->row[i]);
    }
    return status;
}

/* What follows the last row: nothing yet, or Vigie does not run. */
static void finish(struct walk *w, int64_t now_us)
{
    struct vg_coverage_answer *answer = w->answer;
    const int64_t end_us = lesser(w->to_us, now_us);
    if (w->known && w->end_us < end_us && now_us - w->end_us > VG_COVERAGE_GRACE_US)
        fill(w, end_us);
    end_run(w);
    answer->to.us = w->known && w->end_us < end_us && w->end_us > w->from_us ? w->end_us : end_us;
    for (size_t i = 0; i < answer->count; i++) {
        const struct vg_coverage_item *item = &answer->item[i];
        for (int c = 0; c < VG_COVERAGE_CAUSES; c++)
            answer->sum.part_us[c] += item->part_us[c];
        answer->sum.wanted += item->wanted;
        answer->sum.analysed += item->analysed;
        answer->sum.stepped = answer->sum.stepped || item->stepped;
    }
}

static enum vg_status prepare(const struct vg_coverage_ask *ask, struct walk *w,
                              struct vg_coverage_answer *answer, struct vg_fault *fault)
{
    const int64_t step = ask->step;
    const int64_t to_us = lesser(ask->to.us, ask->now.us);
    if (ask->from.us >= to_us)
        return vg_fault_set(fault, VG_E_CALL, N_("the time to begin is not before the end"), NULL,
                            "from");
    const int64_t from = floor_to(vg_coverage_minute_of(ask->from.us), step);
    const int64_t to = floor_to(vg_coverage_minute_of(to_us - 1), step) + step;
    if ((to - from) / step > VG_COVERAGE_ITEMS_MAX)
        return vg_fault_set(fault, VG_E_CALL, N_("too many items: ask for a larger step"), NULL,
                            "step");
    answer->count = (size_t)((to - from) / step);
    answer->step = ask->step;
    answer->from.us = from * M;
    answer->item = vg_alloc_array(answer->count, sizeof *answer->item);
    answer->gap = vg_alloc_array(VG_COVERAGE_GAPS_MAX, sizeof *answer->gap);
    if (!answer->item || !answer->gap)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", ask->flux);
    for (size_t i = 0; i < answer->count; i++)
        answer->item[i].minute = from + (int64_t)i * step;
    *w = (struct walk){.answer = answer,
                       .from_us = from * M,
                       .to_us = to * M,
                       .gap_us = greater(ask->gap_us, M),
                       .rows_end_us = lesser(to * M, ask->now.us)};
    return VG_OK;
}

enum vg_status vg_coverage_query(const struct vg_coverage_ask *ask,
                                 struct vg_coverage_answer **answer, struct vg_fault *fault)
{
    struct walk w = {.known = false};
    struct vg_coverage_answer *a = vg_alloc(sizeof *a);
    struct vg_coverage_day *day = vg_alloc(sizeof *day);
    *answer = NULL;
    enum vg_status status =
        a && day ? prepare(ask, &w, a, fault)
                 : vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", ask->flux);
    if (!status)
        status = walk_days(&w, ask, day, fault);
    if (!status)
        finish(&w, ask->now.us);
    vg_free(day);
    if (status)
        vg_coverage_answer_free(&a);
    *answer = a;
    return status;
}

void vg_coverage_answer_free(struct vg_coverage_answer **answer)
{
    struct vg_coverage_answer *a = *answer;
    if (!a)
        return;
    vg_free(a->item);
    vg_free(a->gap);
    vg_free(a);
    *answer = NULL;
}
