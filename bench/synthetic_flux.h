/* Flux without cameras: pictures at a camera's rate, put into slots in shared memory as ingest
 * puts them there, those that are wanted, the others counted. One thread for all of them; phases are
 * spread, pictures come early or late by a jitter.
 *
 * A picture's arrival is when it should have come: if this thread is late, that is latency too, and
 * told. Flux i is called as vg_hold_flux_name calls it. */
#ifndef VG_BENCH_SYNTHETIC_FLUX_H
#define VG_BENCH_SYNTHETIC_FLUX_H

#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/media/slots.h"

#define VG_SYNTHETIC_MAX        256
#define VG_SYNTHETIC_PER_INGEST 25
#define VG_SYNTHETIC_FPS        25
#define VG_SYNTHETIC_LEAST      96 /* width and height */

struct vg_synthetic_settings {
    uint32_t count;         /* of flux, 1 to VG_SYNTHETIC_MAX */
    uint32_t width, height; /* even, VG_SYNTHETIC_LEAST to 1920 x 1088 */
    int64_t jitter_us;
    int64_t
        decode_us; /* how long before it is put there a picture came: a decoder that is behind */
    uint32_t dear; /* the first so many are marked as those that cost more (timed_device.h) */
    uint64_t seed;
};

struct vg_synthetic;

/* Makes the slots, as many memories as needed, and assigns them; nothing comes yet. VG_E_CALL,
 * VG_E_MEMORY, VG_E_LACK. */
enum vg_status vg_synthetic_open(struct vg_synthetic **flux,
                                 const struct vg_synthetic_settings *settings,
                                 struct vg_fault *fault) VG_MUST_USE;
void vg_synthetic_close(struct vg_synthetic **flux);

/* Pictures come from now on, until stop; which drops those that nobody has taken. */
enum vg_status vg_synthetic_start(struct vg_synthetic *flux, struct vg_fault *fault) VG_MUST_USE;
void vg_synthetic_stop(struct vg_synthetic *flux);

/* For the reader; the descriptors are borrowed. */
uint32_t vg_synthetic_ingests(const struct vg_synthetic *flux);
int vg_synthetic_slots_fd(const struct vg_synthetic *flux, uint32_t ingest);
int vg_synthetic_ready_fd(const struct vg_synthetic *flux, uint32_t ingest);

void vg_synthetic_state(const struct vg_synthetic *flux, uint32_t number,
                        struct vg_slots_state *state);

/* How late its thread was at worst since the last time it was asked. */
int64_t vg_synthetic_late_us(struct vg_synthetic *flux);

#endif
