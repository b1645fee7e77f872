/* What the live process does about a flux's view beside looking at it: tells each change in the
 * log, takes a person's confirmation, keeps the reference over restarts (sight_file.h). Part of a
 * flux: its worker's thread. Nothing but restore waits for the disk. */
#ifndef VG_SCHEDULER_LIVE_SIGHT_H
#define VG_SCHEDULER_LIVE_SIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "scheduler/flux_view.h"
#include "scheduler/save_thread.h"

/* What is told of the view; plain data, copied from the worker to the loop. */
struct vg_sight_report {
    struct vg_view_health health;
    struct vg_wall_time since; /* of the state; 0: no look yet */
    uint64_t confirmed;        /* of the configuration's confirmations, the last that was taken */
    char reason[VG_VIEW_REASON_TEXT]; /* of the state, as it began */
};

struct vg_live_sight {
    const char *id;            /* of the flux, borrowed */
    struct vg_flux_view *view; /* borrowed */
    uint64_t source;           /* of the configuration: which address */
    struct vg_save_file *file; /* DATA/state/ID.view */
    bool restored;             /* the file was read */
    uint64_t looks;            /* of the view, when it was last followed */
    bool kept;                 /* a reference is written */
    struct vg_mono_time saved; /* valid when kept */
    struct vg_sight_report report;
};

/* id, view and saves: borrowed as long as it is used. VG_E_CALL: data is too long a path.
 * VG_E_MEMORY. */
enum vg_status vg_live_sight_init(struct vg_live_sight *sight, const char *data, const char *id,
                                  struct vg_flux_view *view,
                                  struct vg_save_thread *saves) VG_MUST_USE;
void vg_live_sight_release(struct vg_live_sight *sight);

/* Reads the reference back, once, before the first look. One of another address is removed.
 * confirmed: the configuration's; what was confirmed while no reference was there is done. */
void vg_live_sight_restore(struct vg_live_sight *sight, uint64_t confirmed);

/* After each picture; does nothing until there was another look. Takes a confirmation that the
 * reference has not seen yet, logs a change, gives the reference to be written: at once when it is new, else
 * every five minutes. Allocates and writes only then. */
void vg_live_sight_follow(struct vg_live_sight *sight, struct vg_view_lens *lens,
                          uint64_t confirmed, struct vg_wall_time wall);
/* Whether that has anything to do. */
bool vg_live_sight_stirs(const struct vg_live_sight *sight);

/* Gives the reference to be written, if there is one. */
void vg_live_sight_save(struct vg_live_sight *sight);
/* The flux is gone. */
void vg_live_sight_forget(const struct vg_live_sight *sight);

#endif
