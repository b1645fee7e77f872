/* Joules from what a meter says: a counter that wraps, goes back or stands still, or watts taken
 * from time to time. Pure: the clock is an argument.
 *
 * Joules never fall, and stand for `covered_us` alone: a stretch of which nothing is known (the
 * counter went back, it may have wrapped more than once, nobody answered) adds neither joules nor
 * time. Nothing is ever filled in. */
#ifndef VG_ENERGY_ENERGY_TALLY_H
#define VG_ENERGY_ENERGY_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "src/base/clock.h"

#define VG_METER_PARTS_MAX 16 /* processors of a machine */

enum vg_meter_form {
    VG_METER_COUNTER, /* microjoules since some moment */
    VG_METER_POWER    /* watts at this moment, or over a second or two */
};

/* What a meter answered. */
struct vg_meter_sample {
    uint64_t uj[VG_METER_PARTS_MAX]; /* of a counter, part by part; of watts unused */
    double watts;                    /* finite, not negative */
};

struct vg_tally_settings {
    enum vg_meter_form form;
    uint32_t parts;                       /* of a counter, 1 to VG_METER_PARTS_MAX */
    uint64_t wrap_uj[VG_METER_PARTS_MAX]; /* added when a part wraps; 0: it never does */
    int64_t stall_us;                     /* a counter that stands still for longer: stalled */
    int64_t gap_us;                       /* watts further apart are not joined */
    int64_t same_us; /* the same watts for longer, see `stalled`; 0: not judged */
};

struct vg_tally {
    struct vg_tally_settings settings;
    double joules;
    int64_t covered_us; /* time that joules stand for */
    double watts;       /* the last known; -1: none */
    uint64_t samples, failures;
    uint64_t wraps;  /* of parts */
    uint64_t resets; /* counters that went back, or said what no machine draws */
    /* A counter stands still for stall_us, though no machine draws nothing; or watts are the same to
     * the last digit for same_us while the machine's load moved by a quarter of it. */
    bool stalled;

    /* of the last sample that was counted */
    bool begun;
    struct vg_mono_time last;
    struct vg_meter_sample mark;
    struct vg_mono_time same_since;
    double load_least, load_most; /* since then */
};

/* 5 s, 10 s, 60 s: counters move every 1 to 100 ms, plugs and BMC every 1 to 10 s. */
struct vg_tally_settings vg_tally_defaults(enum vg_meter_form form, uint32_t parts);

void vg_tally_init(struct vg_tally *tally, const struct vg_tally_settings *settings);

/* load: share of the machine's processors that were busy since the last sample, 0 to 1; negative: not
 * known. A time that does not go on is not counted.
 *
 * Watts are joined by trapezes: (w0 + w1) / 2 * dt. A counter adds e1 - e0, or e1 + wrap - e0 when
 * it is less (Linux, Documentation/power/powercap/powercap.rst), where that is no more than 5 kW
 * over the time and a second more: more is not a processor nor a board but a counter set anew. So
 * long after the last sample that it may have wrapped unseen, it begins anew too. */
void vg_tally_add(struct vg_tally *tally, const struct vg_meter_sample *sample, double load,
                  struct vg_mono_time now);

/* The meter did not answer. Watts begin anew then; a counter has counted on. */
void vg_tally_fail(struct vg_tally *tally);

#endif
