/* One meter of energy, read by a thread of its own: whatever its driver, its network or its program
 * does, nobody else ever waits for it longer than he says.
 *
 * meter_list.h finds them. Each stands for one scope: watts and joules of two scopes are never added
 * (energy_scope.h), those of several meters of one scope only if they stand for different things.
 *
 * What comes out is joules since the meter was opened, and the time that they stand for: see
 * energy_tally.h for wraps, resets and gaps. */
#ifndef VG_ENERGY_METER_H
#define VG_ENERGY_METER_H

#include <stdbool.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/clock.h"
#include "src/base/fault.h"
#include "src/energy/meter_list.h"
#include "src/energy/meter_settings.h"

struct vg_meter;

/* Opens what was found, and takes a first sample. Both are copied. VG_E_TIMEOUT: not within the
 * deadline (the thread ends by itself once its driver lets it); VG_E_MEMORY, VG_E_LACK (no thread),
 * and what opening or reading fails with. The meter is given. */
enum vg_status vg_meter_open(struct vg_meter **meter, const struct vg_meter_settings *settings,
                             const struct vg_meter_about *about,
                             struct vg_fault *fault) VG_MUST_USE;
/* Waits for a reading under way, but no longer than the deadline; a thread that is kept waiting by its
 * driver is left behind with what it needs, and ends when it is let. */
void vg_meter_close(struct vg_meter **meter);

/* Fixed since open; any thread. */
const struct vg_meter_about *vg_meter_about(const struct vg_meter *meter);

enum vg_meter_state {
    VG_METER_WELL,
    VG_METER_STALLED, /* the same value for too long, see struct vg_tally */
    VG_METER_LATE,    /* no answer since the deadline */
    VG_METER_FAILING  /* unplugged, refused, not understood: the fault says */
};

struct vg_meter_reading {
    double joules;          /* since open; never falls */
    int64_t covered_us;     /* time that they stand for */
    double watts;           /* the last known; -1: none */
    struct vg_mono_time at; /* of the last sample */
    enum vg_meter_state state;
    struct vg_fault fault; /* of VG_METER_FAILING; English msgids */
    uint64_t samples, failures, wraps, resets;
};

/* What is known now: does not wait for the meter. Any thread. */
void vg_meter_read(struct vg_meter *meter, struct vg_meter_reading *reading);

/* The same with a sample that was begun after the call: for the two ends of a measure. VG_E_TIMEOUT:
 * none came within `wait_us` (reading: what is known); the meter's own failure. Any thread. */
enum vg_status vg_meter_sample(struct vg_meter *meter, int64_t wait_us,
                               struct vg_meter_reading *reading,
                               struct vg_fault *fault) VG_MUST_USE;

/* "well", "stalled", "late", "failing"; never NULL. */
const char *vg_meter_state_name(enum vg_meter_state state);
/* A sentence, a msgid. */
const char *vg_meter_state_text(enum vg_meter_state state);

#endif
