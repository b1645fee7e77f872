/* Second looks at a picture: what the events of its flux wished for with the picture before, as
 * jobs for the engine, and the engine's answers as the events want them. The same in batch and
 * live; how many there is time for is the caller's to say (decide_looks.h live; all in batch).
 *
 *   judge of picture k -> wishes -> ask, with picture k + 1 -> jobs -> answers -> judge of k + 1
 *
 * Plain data, no allocation. */
#ifndef VG_SCHEDULER_SECOND_LOOKS_H
#define VG_SCHEDULER_SECOND_LOOKS_H

#include "src/engine/engine.h"
#include "src/events/watcher.h"

struct vg_second_looks {
    uint32_t count;
    uint32_t refused; /* wished for, and not made */
    struct vg_look_wish wish[VG_LOOKS_MAX];
};

/* Which of the wishes (vg_chain_wishes; VG_LOOK_WISHES_MAX at most) are made with this picture, at
 * most `most` of them; jobs: their jobs, room for VG_LOOKS_MAX, which borrow the picture. A region
 * is clipped to the picture; where too little of it is left, or its worth is no number, the wish is
 * refused. */
void vg_second_looks_ask(struct vg_second_looks *looks, const struct vg_look_wish *wishes,
                         uint32_t count, const struct vg_picture *picture, uint32_t most,
                         struct vg_job *jobs);

/* answers: of the jobs, in their order, borrowed by `given`, which has room for VG_LOOKS_MAX. */
void vg_second_looks_take(const struct vg_second_looks *looks, const struct vg_answer *answers,
                          struct vg_look_answer *given);

#endif
