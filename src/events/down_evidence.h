/* What one picture says for and against somebody's lying where he fell. Inside of src/events
 * only. Pure. */
#ifndef VG_EVENTS_DOWN_EVIDENCE_H
#define VG_EVENTS_DOWN_EVIDENCE_H

#include "src/events/person_down.h"

struct vg_down_evidence {
    double points;       /* seconds of evidence a second: above 0 for, below 0 against */
    float score;         /* of the best box that lies; 0: none */
    struct vg_box box;   /* it */
    enum vg_why_not why; /* what speaks against: VG_WHY_UPRIGHT, VG_WHY_MOVES, VG_WHY_NO_FALL */
};

/* Takes the looks of this picture at the body in. */
void vg_down_looked(const struct vg_watch *watch, struct vg_down_body *body);

/* How long an answer is worth something, and after how long another is wished for. */
int64_t vg_down_look_us(const struct vg_watch *watch, const struct vg_down_body *body);

struct vg_down_evidence vg_down_evidence(const struct vg_watch *watch,
                                         const struct vg_down_body *body);

/* The part of the next picture to look at for the body, within the picture. */
struct vg_box vg_down_region(const struct vg_watch *watch, const struct vg_down_body *body);

#endif
