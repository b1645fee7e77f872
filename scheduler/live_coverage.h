/* The ledgers of coverage of all flux of analysis: what the slots say of a flux becomes the input
 * of decide_coverage, and the rows that come out go to the thread that writes them. A ledger
 * stays while its flux is configured, whatever else of it is opened anew. The loop's alone. */
#ifndef VG_SCHEDULER_LIVE_COVERAGE_H
#define VG_SCHEDULER_LIVE_COVERAGE_H

#include "scheduler/coverage_thread.h"
#include "scheduler/decide_coverage.h"
#include "scheduler/live_flux.h"
#include "src/media/slots.h"

struct vg_live_ledger {
    struct vg_coverage_taker taker; /* first: rows are taken by it */
    struct vg_coverage_thread *thread;
    char id[VG_LIVE_ID_SIZE]; /* "": free */
    struct vg_mono_time saved;
    struct vg_coverage coverage;
};

struct vg_live_coverage;

/* thread: borrowed until close. */
enum vg_status vg_live_coverage_open(struct vg_live_coverage **coverage,
                                     struct vg_coverage_thread *thread) VG_MUST_USE;
/* Vigie ends: the lines end here, and the time that follows is `down`. */
void vg_live_coverage_close(struct vg_live_coverage **coverage, struct vg_mono_time now,
                            struct vg_wall_time wall);

/* The ledger of that id, begun if it is new; NULL when there are VG_LIVE_FLUX_MAX others. */
struct vg_live_ledger *vg_live_coverage_find(struct vg_live_coverage *coverage, const char *id);

/* How the flux is now, by what its slots say; twice a second, and when its permission or its
 * switch changed. The running row is given to be written every 5 s. flux->ledger NULL: nothing. */
void vg_live_coverage_look(const struct vg_live_flux *flux, const struct vg_slots_state *state,
                           struct vg_mono_time now, struct vg_wall_time wall);

/* A picture of the flux was analysed; the same state, after that. */
void vg_live_coverage_picture(const struct vg_live_flux *flux, const struct vg_slots_state *state,
                              const struct vg_picture *picture, struct vg_mono_time now,
                              struct vg_wall_time wall);

/* The flux is no longer configured: what follows is no nominal time. */
void vg_live_coverage_leave(struct vg_live_ledger *ledger, struct vg_mono_time now,
                            struct vg_wall_time wall);

#endif
