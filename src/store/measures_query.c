#include "src/store/measures_query.h"

#include <string.h>

#include "src/base/alloc.h"
#include "src/base/coverage.h"
#include "src/base/text.h"

#define M VG_COVERAGE_MINUTE_US

static int64_t floor_to(int64_t minute, int64_t step)
{
    const int64_t rest = minute % step;
    return minute - (rest < 0 ? rest + step : rest);
}

static bool is_wanted(const struct vg_measures_ask *ask, const struct vg_measures_curve *curve)
{
    return curve->measure[0] && (!ask->place || strcmp(ask->place, curve->place) == 0) &&
           (!ask->measure || strcmp(ask->measure, curve->measure) == 0);
}

/* The line of that curve, begun if it is new. */
static enum vg_status line_of(struct vg_measures_answer *answer,
                              const struct vg_measures_curve *curve, struct vg_measures_line **line,
                              struct vg_fault *fault)
{
    for (uint32_t i = 0; i < answer->line_count; i++) {
        *line = &answer->line[i];
        if (strcmp((*line)->of.place, curve->place) == 0 &&
            strcmp((*line)->of.measure, curve->measure) == 0)
            return VG_OK;
    }
    if (answer->line_count == VG_MEASURES_CURVES_MAX ||
        (answer->line_count + 1) * answer->step_count > VG_MEASURES_POINTS_MAX)
        return vg_fault_set(
            fault, VG_E_CALL,
            N_("too many points: ask for a larger step, a shorter time or one place"), NULL,
            "step");
    *line = &answer->line[answer->line_count];
    (*line)->of = *curve;
    (*line)->row = answer->room + answer->line_count++ * answer->step_count;
    for (size_t i = 0; i < answer->step_count; i++)
        (*line)->row[i].minute = answer->from.us / M + (int64_t)i * answer->step;
    return VG_OK;
}

/* A curve's minutes of a day that lie in the time. */
static enum vg_status add_curve(struct vg_measures_answer *answer, const uint8_t *bytes,
                                size_t size, const struct vg_measures_day *day, uint32_t curve,
                                struct vg_fault *fault)
{
    const int64_t first = answer->from.us / M, end = answer->to.us / M;
    struct vg_measures_line *line = NULL;
    for (uint32_t i = 0; i < VG_DAY_MINUTES; i++) {
        const int64_t minute = day->day * VG_DAY_MINUTES + i;
        struct vg_measure_row row;
        if (minute < first || minute >= end)
            continue;
        const enum vg_measures_record found = vg_measures_row(bytes, size, day, curve, i, &row);
        answer->damaged += found == VG_MEASURES_DAMAGED;
        if (found != VG_MEASURES_GOOD)
            continue;
        const enum vg_status status =
            line ? VG_OK : line_of(answer, &day->curve[curve], &line, fault);
        if (status)
            return status;
        vg_measure_row_join(&line->row[(minute - first) / answer->step], &row);
    }
    return VG_OK;
}

static enum vg_status add_day(struct vg_measures_answer *answer, const struct vg_measures_ask *ask,
                              int64_t number, struct vg_measures_day *day, struct vg_fault *fault)
{
    uint8_t *bytes;
    size_t size = 0;
    enum vg_status status =
        vg_measures_read(ask->data, ask->flux, number, &bytes, &size, day, fault);
    if (status == VG_E_MISSING || status == VG_E_INPUT) {
        answer->damaged += status == VG_E_INPUT;
        return VG_OK;
    }
    if (status)
        return status;
    answer->damaged += day->damaged;
    for (uint32_t c = 0; !status && c < day->curve_count; c++)
        if (is_wanted(ask, &day->curve[c]))
            status = add_curve(answer, bytes, size, day, c, fault);
    vg_free(bytes);
    return status;
}

static enum vg_status prepare(const struct vg_measures_ask *ask, struct vg_measures_answer *answer,
                              struct vg_fault *fault)
{
    const int64_t to_us = ask->to.us < ask->now.us ? ask->to.us : ask->now.us;
    if (ask->from.us >= to_us)
        return vg_fault_set(fault, VG_E_CALL, N_("the time to begin is not before the end"), NULL,
                            "from");
    const int64_t from = floor_to(vg_coverage_minute_of(ask->from.us), ask->step);
    const int64_t to = floor_to(vg_coverage_minute_of(to_us - 1), ask->step) + ask->step;
    if ((to - from) / ask->step > VG_MEASURES_POINTS_MAX)
        return vg_fault_set(
            fault, VG_E_CALL,
            N_("too many points: ask for a larger step, a shorter time or one place"), NULL,
            "step");
    answer->from.us = from * M;
    answer->to.us = to * M;
    answer->step = ask->step;
    answer->step_count = (size_t)((to - from) / ask->step);
    answer->room = vg_alloc_array(VG_MEASURES_POINTS_MAX, sizeof *answer->room);
    return answer->room
               ? VG_OK
               : vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", ask->flux);
}

enum vg_status vg_measures_query(const struct vg_measures_ask *ask,
                                 struct vg_measures_answer **answer, struct vg_fault *fault)
{
    struct vg_measures_answer *a = vg_alloc(sizeof *a);
    struct vg_measures_day *day = vg_alloc(sizeof *day);
    enum vg_status status =
        a && day ? prepare(ask, a, fault)
                 : vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", ask->flux);
    const int64_t end = status ? 0 : vg_day_of((a->to.us - 1) / M);
    for (int64_t d = status ? 1 : vg_day_of(a->from.us / M); !status && d <= end; d++)
        status = add_day(a, ask, d, day, fault);
    vg_free(day);
    if (status)
        vg_measures_answer_free(&a);
    *answer = a;
    return status;
}

void vg_measures_answer_free(struct vg_measures_answer **answer)
{
    struct vg_measures_answer *a = *answer;
    if (!a)
        return;
    vg_free(a->room);
    vg_free(a);
    *answer = NULL;
}
