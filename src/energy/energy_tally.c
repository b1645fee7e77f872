#include "src/energy/energy_tally.h"

#include <math.h>
#include <string.h>

/* No part of a machine draws more; a counter's steps are less than a second. */
#define WATTS_MOST     5000.0
#define STEP_US        VG_US_PER_S
#define LOAD_MOVED     0.25
#define UJ_PER_JOULE   1e6
#define MICRO          1e-6
#define WATTS_THE_SAME 1e-9

struct vg_tally_settings vg_tally_defaults(enum vg_meter_form form, uint32_t parts)
{
    return (struct vg_tally_settings){.form = form,
                                      .parts = parts,
                                      .stall_us = 5 * VG_US_PER_S,
                                      .gap_us = 10 * VG_US_PER_S,
                                      .same_us = 60 * VG_US_PER_S};
}

void vg_tally_init(struct vg_tally *tally, const struct vg_tally_settings *settings)
{
    memset(tally, 0, sizeof *tally);
    tally->settings = *settings;
    tally->watts = -1;
}

static void begin(struct vg_tally *t, const struct vg_meter_sample *sample, struct vg_mono_time now)
{
    t->begun = true;
    t->stalled = false;
    t->last = now;
    t->mark = *sample;
    t->same_since = now;
    t->load_least = 2;
    t->load_most = -1;
}

static void count(struct vg_tally *t, double joules, int64_t dt_us,
                  const struct vg_meter_sample *sample)
{
    t->joules += joules;
    t->covered_us += dt_us;
    t->last.us += dt_us;
    t->mark = *sample;
}

/* ---- watts ---- */

static bool load_moved(struct vg_tally *t, double load)
{
    if (load < 0)
        return false;
    t->load_least = load < t->load_least ? load : t->load_least;
    t->load_most = load > t->load_most ? load : t->load_most;
    return t->load_most - t->load_least >= LOAD_MOVED;
}

static void judge_same(struct vg_tally *t, const struct vg_meter_sample *sample, double load,
                       struct vg_mono_time now)
{
    if (fabs(sample->watts - t->mark.watts) > WATTS_THE_SAME) {
        t->stalled = false;
        t->same_since = now;
        t->load_least = 2;
        t->load_most = -1;
    }
    const bool moved = load_moved(t, load);
    if (t->settings.same_us > 0 && moved && now.us - t->same_since.us > t->settings.same_us)
        t->stalled = true;
}

static void add_watts(struct vg_tally *t, const struct vg_meter_sample *sample, double load,
                      struct vg_mono_time now)
{
    const int64_t dt_us = now.us - t->last.us;
    t->watts = sample->watts;
    judge_same(t, sample, load, now);
    if (dt_us > t->settings.gap_us) {
        t->last = now;
        t->mark = *sample;
        return;
    }
    count(t, 0.5 * (sample->watts + t->mark.watts) * (double)dt_us * MICRO, dt_us, sample);
}

/* ---- counters ---- */

/* False: what lies between the two readings is not known. */
static bool part_step(const struct vg_tally *t, uint32_t part, uint64_t now_uj, int64_t dt_us,
                      double *joules)
{
    const uint64_t before_uj = t->mark.uj[part], wrap_uj = t->settings.wrap_uj[part];
    const double most_uj = WATTS_MOST * (double)(dt_us + STEP_US);
    if (wrap_uj > 0 && most_uj >= (double)wrap_uj) /* it may have gone all the way round */
        return false;
    if (now_uj < before_uj && wrap_uj <= before_uj - now_uj)
        return false;
    const uint64_t delta_uj =
        now_uj > before_uj ? now_uj - before_uj : wrap_uj - (before_uj - now_uj);
    *joules += (double)delta_uj / UJ_PER_JOULE;
    return (double)delta_uj <= most_uj;
}

static bool any_part_is_still(const struct vg_tally *t, const struct vg_meter_sample *sample)
{
    for (uint32_t p = 0; p < t->settings.parts; p++)
        if (sample->uj[p] == t->mark.uj[p])
            return true;
    return false;
}

static uint32_t wraps_of(const struct vg_tally *t, const struct vg_meter_sample *sample)
{
    uint32_t wraps = 0;
    for (uint32_t p = 0; p < t->settings.parts; p++)
        wraps += sample->uj[p] < t->mark.uj[p];
    return wraps;
}

/* A part that stands still holds the mark: once it moves, its step stands for all that time. */
static void add_counter(struct vg_tally *t, const struct vg_meter_sample *sample,
                        struct vg_mono_time now)
{
    const int64_t dt_us = now.us - t->last.us;
    double joules = 0;
    bool known = true;
    if (any_part_is_still(t, sample)) {
        t->stalled = dt_us > t->settings.stall_us;
        return;
    }
    for (uint32_t p = 0; p < t->settings.parts && known; p++)
        known = part_step(t, p, sample->uj[p], dt_us, &joules);
    t->resets += !known;
    if (!known || t->stalled) { /* what a stalled one counts at once is not what was used */
        begin(t, sample, now);
        return;
    }
    t->wraps += wraps_of(t, sample);
    t->watts = joules / ((double)dt_us * MICRO);
    count(t, joules, dt_us, sample);
}

void vg_tally_add(struct vg_tally *t, const struct vg_meter_sample *sample, double load,
                  struct vg_mono_time now)
{
    t->samples++;
    if (!t->begun) {
        begin(t, sample, now);
        if (t->settings.form == VG_METER_POWER)
            t->watts = sample->watts;
        return;
    }
    if (now.us <= t->last.us)
        return;
    if (t->settings.form == VG_METER_POWER)
        add_watts(t, sample, load, now);
    else
        add_counter(t, sample, now);
}

void vg_tally_fail(struct vg_tally *t)
{
    t->failures++;
    t->watts = -1;
    if (t->settings.form == VG_METER_POWER)
        t->begun = false;
}
