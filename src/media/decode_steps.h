/* The decisions of the decode ladder: which step a flux stands on, when it may try a higher one
 * again. The steps, from the best down: VA-API, CUDA, software, key frames in software, none.
 *
 * A hardware step that failed is tried again after a back-off that doubles with each failure in a
 * row; steps above a ceiling (left by a process that a driver had hung) are not tried before its
 * time. Of the software steps the best is taken that the budget of cores allows.
 * Pure: no clock, no allocation; one thread. */
#ifndef VG_MEDIA_DECODE_STEPS_H
#define VG_MEDIA_DECODE_STEPS_H

#include <stdbool.h>
#include <stdint.h>

#include "src/base/clock.h"

enum vg_decode_step {
    VG_DECODE_VAAPI,
    VG_DECODE_CUDA,
    VG_DECODE_FULL, /* software */
    VG_DECODE_KEYS, /* software, key frames alone */
    VG_DECODE_NONE,
    VG_DECODE_STEP_COUNT
};
#define VG_DECODE_HARDWARE_COUNT 2

/* "vaapi", "cuda", "software", "keys", "none". */
const char *vg_decode_step_name(enum vg_decode_step step);
bool vg_decode_step_is_hardware(enum vg_decode_step step);

struct vg_decode_steps_settings {
    bool present[VG_DECODE_HARDWARE_COUNT]; /* hardware steps that the machine has */
    enum vg_decode_step software;           /* VG_DECODE_FULL, _KEYS or _NONE: the best allowed */
    int64_t retry_us_min, retry_us_max;     /* of the back-off */
    int64_t stable_us; /* a step that held so long is trusted: its next failure counts as a first */
};

/* Initialise with vg_decode_steps_init. */
struct vg_decode_steps {
    struct vg_decode_steps_settings settings;
    struct {
        int64_t not_before_us, begun_us;
        uint32_t failures; /* in a row */
    } hardware[VG_DECODE_HARDWARE_COUNT];
    enum vg_decode_step ceiling; /* not above it ... */
    int64_t ceiling_us;          /* ... before this time */
};

void vg_decode_steps_init(struct vg_decode_steps *steps,
                          const struct vg_decode_steps_settings *settings);

/* The back-off after `failures` in a row (1: the first): retry_us_min, doubled each time up to
 * retry_us_max, and up to a quarter more by `spread` (0 to 1), so that flux which fell together
 * do not come back together. */
int64_t vg_decode_steps_retry_us(const struct vg_decode_steps_settings *settings, uint32_t failures,
                                 double spread);

/* The step to stand on at this time. */
enum vg_decode_step vg_decode_steps_best(const struct vg_decode_steps *steps,
                                         struct vg_mono_time now);

/* A step is begun; it failed (hardware only; software is given up for VG_DECODE_NONE by the
 * caller alone). */
void vg_decode_steps_begun(struct vg_decode_steps *steps, enum vg_decode_step step,
                           struct vg_mono_time now);
void vg_decode_steps_failed(struct vg_decode_steps *steps, enum vg_decode_step step,
                            struct vg_mono_time now, double spread);

/* Not before this time, and no failure: its device is being opened, or failed under another flux. */
void vg_decode_steps_postpone(struct vg_decode_steps *steps, enum vg_decode_step step,
                              struct vg_mono_time until);

/* Whether this step has held for stable_us; if so its failures are forgotten. */
bool vg_decode_steps_trust(struct vg_decode_steps *steps, enum vg_decode_step step,
                           struct vg_mono_time now);

/* When the next better step may be tried; INT64_MAX: there is none. */
struct vg_mono_time vg_decode_steps_retry(const struct vg_decode_steps *steps,
                                          enum vg_decode_step step);

#endif
