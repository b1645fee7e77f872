/* The gate of a flux (decide_gate.h) with what it compares and hands out: the small picture and the
 * answer of the picture that was detected last, and what its chain made of the last one. The same in
 * batch and live.
 *
 *   may -> (small picture) -> look -> still: answer
 *                                  -> else:  the detector -> keep
 *   chain -> follow
 *
 * No allocation after open, no clock; whoever holds the flux's picture holds this. */
#ifndef VG_SCHEDULER_STILL_GATE_H
#define VG_SCHEDULER_STILL_GATE_H

#include "scheduler/chain.h"
#include "scheduler/decide_gate.h"
#include "src/base/attr.h"
#include "src/engine/engine.h"
#include "src/maps/maps.h"

struct vg_still_gate;

/* *gate given; vg_still_gate_close it. VG_E_MEMORY. */
enum vg_status vg_still_gate_open(struct vg_still_gate **gate) VG_MUST_USE;
void vg_still_gate_close(struct vg_still_gate **gate);

struct vg_still_picture {
    uint32_t epoch, width, height;
    struct vg_media_time time;
    int64_t period_us; /* of the flux's pictures; 0: not known */
};

/* Whether it can be still as far as is known before its small picture: if not, nothing need be made
 * before the detector. */
bool vg_still_gate_may(const struct vg_still_gate *gate, const struct vg_still_picture *picture);

/* Compares and decides, once for each picture, in their order. maps: of the picture, of any set; NULL:
 * none were made. What is not still is detected and kept, before the next one. */
enum vg_gate_verdict vg_still_gate_look(struct vg_still_gate *gate,
                                        const struct vg_still_picture *picture,
                                        const struct vg_maps *maps);

/* The picture looked at last was detected, with this answer; the maps are those of that look. */
void vg_still_gate_keep(struct vg_still_gate *gate, const struct vg_maps *maps,
                        const struct vg_answer *answer);

/* What was looked at last may never have been detected: the next one is. */
void vg_still_gate_forget(struct vg_still_gate *gate);

/* The answer kept last, written to *answer. */
void vg_still_gate_answer(const struct vg_still_gate *gate, struct vg_answer *answer);

/* What the chain made of a picture, after its judge, with that input and output. */
void vg_still_gate_follow(struct vg_still_gate *gate, struct vg_chain *chain,
                          const struct vg_chain_input *input, const struct vg_chain_output *output);

/* Tracks that move, or that are not settled: new ones, lost ones, those that the picture does not
 * show. Pure. */
uint32_t vg_still_moving(const struct vg_track *const *tracks, uint32_t count,
                         struct vg_media_time now);

/* What a picture of the flux takes on the mean, as a part of what one takes that is detected: 1 at
 * first. now: of this picture. Where something is seen to happen half of it is new, so that who shares
 * the device out learns it at once; of pictures without one a sixteenth. */
double vg_still_part(double part, double now, enum vg_gate_verdict verdict);

#endif
