/* Still scenes cost less: which pictures go through the detector, and which take over the answer of
 * the last one that did (fate `still`). Pure, no allocation.
 *
 * A picture is compared with the last one that was detected, not with the one before it: what is slow
 * adds up, until it has gone far enough to be seen. Whatever is seen, a picture is detected at least
 * every VG_GATE_BOUND_US, and always while anything is under way in the flux. A picture whose noise
 * cannot be told from change is never still. */
#ifndef VG_SCHEDULER_DECIDE_GATE_H
#define VG_SCHEDULER_DECIDE_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "scheduler/decide_share.h"

/* Whether there is one. Zeroed: all pictures are detected. */
enum vg_gate_use {
    VG_GATE_OFF,
    VG_GATE_ON
};

#define VG_GATE_BOUND_US (2 * VG_US_PER_S)
#define VG_GATE_AFTER_US \
    VG_US_PER_S /* still detected, after the last thing that was seen to change */

/* Side of the cells that are compared, pixels of the small picture: of those 192 wide a person of
 * twenty pixels in a camera's 704 is five high, a cell and a bit. */
#define VG_GATE_CELL 4

/* Luma of the small picture (maps.h), rows without padding; both of one size. */
struct vg_gate_pictures {
    const uint8_t *detected, *now;
    uint32_t width, height;
};

/* How much a picture differs. Light that becomes weaker or stronger everywhere is no difference. */
struct vg_gate_change {
    uint32_t cells; /* that differ by more than `noise` allows */
    uint32_t others;
    double mean; /* of what the other cells differ by: noise; grey levels */
};

/* noise: what cells of a still scene differ by, grey levels; 0: not known yet. */
struct vg_gate_change vg_gate_compare(const struct vg_gate_pictures *pictures, double noise);

/* Of a flux. Zeroed: nothing was detected yet. */
struct vg_gate {
    bool begun;
    int64_t detected_us; /* the last one that was */
    int64_t changed_us;  /* when something was last seen to change or to be under way */
    double noise;
};

struct vg_gate_look {
    int64_t now_us, period_us;    /* of the pictures */
    struct vg_gate_change change; /* against the last one detected */
    bool begins; /* another epoch or size, or no small picture: nothing to compare */
    enum vg_stir stir;
    uint32_t moving; /* tracks that move, or are not settled */
    uint32_t judged; /* things about which an event is making up its mind, wishes to look again */
};

enum vg_gate_verdict {
    VG_GATE_STILL,   /* takes over the last answer */
    VG_GATE_BEGINS,  /* the others are detected: nothing to compare with */
    VG_GATE_BUSY,    /* something is under way */
    VG_GATE_CHANGED, /* it differs, or what did is not long ago */
    VG_GATE_BOUND    /* the last one was so long ago that the next would be too late */
};

/* Decides and remembers: what is not still counts as detected. A clock that goes back begins anew. */
enum vg_gate_verdict vg_gate_decide(struct vg_gate *gate, const struct vg_gate_look *look);

#endif
