#include "scheduler/decide_coverage.h"

/* A source slower than that does not set a pace: it is stalled. */
#define PACE_MAX_US VG_US_PER_S

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static uint64_t grown(uint64_t before, uint64_t now)
{
    return now >= before ? now - before : now;
}

static enum vg_coverage_cause duty_cause(enum vg_coverage_duty duty)
{
    return duty == VG_COVERAGE_DUTY_OFF ? VG_COVERAGE_OFF : VG_COVERAGE_STOPPED;
}

/* By the counters of the time between two looks: what most pictures met. */
static enum vg_coverage_cause counted_cause(const struct vg_coverage_input *before,
                                            const struct vg_coverage_input *now, uint64_t arrived)
{
    const uint64_t corrupt = grown(before->corrupt, now->corrupt);
    const uint64_t refused = grown(before->refused, now->refused);
    const uint64_t late = grown(before->late, now->late);
    if (refused > 0 && refused >= corrupt && refused >= late)
        return VG_COVERAGE_DECODER;
    if (corrupt > 0 && corrupt >= late)
        return VG_COVERAGE_CORRUPT;
    return late > 0 || arrived > 0 || now->waiting ? VG_COVERAGE_OVERLOAD : VG_COVERAGE_LOST;
}

/* The cause of what no picture covers, between two looks: the worse of both states. */
static enum vg_coverage_cause silence_cause(const struct vg_coverage_input *before,
                                            const struct vg_coverage_input *now, uint64_t arrived)
{
    if (before->duty != VG_COVERAGE_DUTY_WATCHED)
        return duty_cause(before->duty);
    if (now->duty != VG_COVERAGE_DUTY_WATCHED)
        return duty_cause(now->duty);
    if (!before->connected || !now->connected)
        return VG_COVERAGE_LOST;
    if (now->decoding == VG_COVERAGE_DECODES_NONE)
        return VG_COVERAGE_DECODER;
    if (now->decoding == VG_COVERAGE_DECODES_KEYS)
        return VG_COVERAGE_KEYS;
    return counted_cause(before, now, arrived);
}

/* What a picture's cover counts as: a stop holds at once, whatever was analysed just before. */
static enum vg_coverage_cause cover_cause(const struct vg_coverage_input *before)
{
    if (before->duty != VG_COVERAGE_DUTY_WATCHED)
        return duty_cause(before->duty);
    return before->view == VG_COVERAGE_VIEW_CLEAR ? VG_COVERAGE_ANALYSED : VG_COVERAGE_VIEW;
}

static bool state_changed(const struct vg_coverage_input *a, const struct vg_coverage_input *b)
{
    return a->duty != b->duty || a->connected != b->connected || a->decoding != b->decoding ||
           a->view != b->view;
}

/* ---- the line ---- */

static void begin_row(struct vg_coverage *c)
{
    const int64_t wall_us = c->settled_us + c->shift_us;
    const int64_t minute = vg_coverage_minute_of(wall_us);
    vg_coverage_row_init(&c->row, minute, (uint32_t)(wall_us - minute * VG_COVERAGE_MINUTE_US));
    c->row_number++;
}

static void begin(struct vg_coverage *c, int64_t now_us, int64_t wall_us,
                  const struct vg_coverage_input *input)
{
    c->begun = true;
    c->shift_us = wall_us - now_us;
    c->settled_us = c->covered_us = now_us;
    c->last = *input;
    begin_row(c);
}

static void give_row(struct vg_coverage *c)
{
    if (c->taker)
        c->taker->take(c->taker, c);
}

/* The watched time asks for its pictures, whether they come or not. */
static void count_wanted(struct vg_coverage *c, int64_t us)
{
    const int64_t period_us = c->last.period_us;
    if (c->last.duty != VG_COVERAGE_DUTY_WATCHED || period_us <= 0)
        return;
    c->wanted_credit_us += us;
    c->row.wanted += (uint32_t)(c->wanted_credit_us / period_us);
    c->wanted_credit_us %= period_us;
}

/* Gives all up to until_us away: what is covered, then the silence; minute by minute. */
static void settle(struct vg_coverage *c, int64_t until_us, enum vg_coverage_cause silence)
{
    while (c->settled_us < until_us) {
        const int64_t row_end_us = (c->row.minute + 1) * VG_COVERAGE_MINUTE_US - c->shift_us;
        const bool covered = c->settled_us < c->covered_us;
        int64_t end_us = least(until_us, row_end_us);
        if (covered)
            end_us = least(end_us, c->covered_us);
        const int64_t us = end_us - c->settled_us;
        const enum vg_coverage_cause cause = covered ? cover_cause(&c->last) : silence;
        vg_coverage_row_add(&c->row, cause, (uint32_t)us); /* a minute at most */
        c->total_us[cause] += us;
        c->settled_us = end_us;
        count_wanted(c, us);
        if (end_us < row_end_us)
            continue;
        give_row(c);
        begin_row(c);
    }
}

static bool clock_was_set(const struct vg_coverage *c, int64_t now_us, int64_t wall_us)
{
    const int64_t off_us = wall_us - now_us - c->shift_us;
    return off_us > VG_COVERAGE_STEP_US || off_us < -VG_COVERAGE_STEP_US;
}

static bool says_something(const struct vg_coverage_row *row)
{
    return vg_coverage_row_sum(row) > 0 || row->wanted > 0 || row->analysed > 0;
}

/* All is settled: the rows of the new time begin here. */
static void set_clock(struct vg_coverage *c, int64_t shift_us)
{
    c->row.stepped = true;
    if (says_something(&c->row))
        give_row(c);
    c->shift_us = shift_us;
    begin_row(c);
    c->row.stepped = true;
}

void vg_coverage_init(struct vg_coverage *c, struct vg_coverage_taker *taker)
{
    *c = (struct vg_coverage){.taker = taker};
}

void vg_coverage_look(struct vg_coverage *c, struct vg_mono_time now, struct vg_wall_time wall,
                      const struct vg_coverage_input *input)
{
    if (!c->begun) {
        begin(c, now.us, wall.us, input);
        return;
    }
    const bool set = clock_was_set(c, now.us, wall.us);
    const bool open = input->waiting && !set && !state_changed(&c->last, input);
    const uint64_t arrived = grown(c->last.arrived, input->arrived);
    settle(c, open ? now.us - VG_COVERAGE_LAG_US : now.us, silence_cause(&c->last, input, arrived));
    if (set)
        set_clock(c, wall.us - now.us);
    const struct vg_coverage_input before = c->last;
    c->last = *input;
    if (!open)
        return;
    /* what came in the open time is still to be told */
    c->last.arrived = before.arrived;
    c->last.corrupt = before.corrupt;
    c->last.refused = before.refused;
    c->last.late = before.late;
}

/* The source's own period, as analysed pictures show it: the greater of the last two distances. */
static int64_t pace(struct vg_coverage *c, int64_t arrival_us, uint64_t number)
{
    const uint64_t steps = grown(c->number, number);
    const int64_t us = steps && c->picture_us ? (arrival_us - c->picture_us) / (int64_t)steps : 0;
    if (us > 0 && us <= PACE_MAX_US) {
        c->interval_us[1] = c->interval_us[0];
        c->interval_us[0] = us;
    }
    c->picture_us = arrival_us;
    c->number = number;
    return most(c->interval_us[0], c->interval_us[1]);
}

/* How long a picture covers the time after it. */
static int64_t reach(struct vg_coverage *c, int64_t arrival_us, uint64_t number,
                     const struct vg_coverage_input *input)
{
    int64_t source_us = input->source_period_us;
    if (input->decoding == VG_COVERAGE_DECODES_ALL) { /* key frames are no pace of the source's */
        const int64_t measured_us = pace(c, arrival_us, number);
        source_us = measured_us ? measured_us : source_us;
    }
    return most(input->period_us, source_us) * 3 / 2;
}

void vg_coverage_picture(struct vg_coverage *c, struct vg_mono_time arrival, uint64_t number,
                         struct vg_mono_time now, struct vg_wall_time wall,
                         const struct vg_coverage_input *input)
{
    const int64_t arrival_us = least(arrival.us, now.us);
    if (!c->begun)
        begin(c, arrival_us, wall.us - (now.us - arrival_us), input);
    struct vg_coverage_input then = *input;
    then.waiting = false; /* what came behind it says nothing of the silence before it */
    settle(c, arrival_us, silence_cause(&c->last, &then, grown(c->last.arrived, number)));
    c->last.arrived = number + 1;
    c->covered_us = most(c->covered_us, arrival_us + reach(c, arrival_us, number, input));
    c->row.analysed++;
    if (input->period_us <= 0)
        c->row.wanted++;
    vg_coverage_look(c, now, wall, input);
}

void vg_coverage_end(struct vg_coverage *c, struct vg_mono_time now, struct vg_wall_time wall,
                     const struct vg_coverage_input *input, enum vg_coverage_duty after)
{
    if (!c->begun)
        return;
    struct vg_coverage_input last = *input;
    last.waiting = false;
    vg_coverage_look(c, now, wall, &last);
    if (after == VG_COVERAGE_DUTY_OFF)
        vg_coverage_row_add(&c->row, VG_COVERAGE_OFF, 0);
    if (says_something(&c->row) || after == VG_COVERAGE_DUTY_OFF)
        give_row(c);
    c->begun = false;
}
