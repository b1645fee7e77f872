/* The share of the machine's cores that one ingest process may use for software decoding, given to its
 * flux by priority every few seconds, by what each was measured to cost. Main thread alone. */
#ifndef VG_MEDIA_INGEST_BUDGET_H
#define VG_MEDIA_INGEST_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/clock.h"
#include "src/media/decode_budget.h"
#include "src/media/decode_ladder.h"
#include "src/media/slots.h"

#define VG_INGEST_BUDGET_US (2 * VG_US_PER_S) /* between two shares */

struct vg_ingest_budget {
    struct {
        uint64_t tag; /* of the flux that this is told of; 0: none yet */
        int64_t cpu_us;
        uint64_t packets;
        enum vg_decode_step step; /* all three at the last look */
        double full_us, keys_us;  /* of a packet, measured on that step; 0: never */
        enum vg_decode_step given;
        struct vg_mono_time changed;
    } flux[VG_SLOTS_FLUX_MAX];
    struct vg_mono_time last;
};

void vg_ingest_budget_init(struct vg_ingest_budget *budget);

/* One flux as it stands; the step it may use comes back in `given`. */
struct vg_ingest_load {
    uint32_t place;
    uint64_t tag; /* vg_slots_tag: another flux in this place begins anew */
    uint32_t priority;
    struct vg_ladder_state ladder; /* all zero: not decoding now */
    uint32_t width, height, fps_milli, key_interval;
    enum vg_decode_step given;
};

/* Shares `cores` anew among `count` loads (of different places). Not due yet: nothing changes and false
 * comes back. */
bool vg_ingest_budget_share(struct vg_ingest_budget *budget, double cores,
                            struct vg_ingest_load *loads, size_t count, struct vg_mono_time now);

#endif
