/* One flux in analysis. The loop owns it while no work of it is under way; while one is, its
 * worker owns the fields marked so. At most one work of a flux is under way at a time: its
 * pictures stay in order and its state needs no lock. */
#ifndef VG_SCHEDULER_LIVE_FLUX_H
#define VG_SCHEDULER_LIVE_FLUX_H

#include "scheduler/chain.h"
#include "scheduler/decide_share.h"
#include "scheduler/live_config.h"
#include "scheduler/live_folder.h"
#include "scheduler/live_heat.h"
#include "scheduler/live_measures.h"
#include "scheduler/live_sight.h"
#include "scheduler/live_timeline.h"
#include "scheduler/save_thread.h"
#include "scheduler/still_gate.h"
#include "src/base/attr.h"
#include "src/engine/map_flux.h"

struct vg_live_ledger;

struct vg_live_flux {
    /* fixed while a work is under way */
    struct vg_live_flux_config config; /* owns its scene */
    struct vg_map_flux *maps;          /* the device's; NULL: the chain makes them */
    uint32_t worker;
    vg_class_set known; /* classes that the model tells apart; 0: not known */

    /* the loop's */
    uint32_t device, next_device; /* of the loop's: where its maps are, and are to be */
    bool used;                    /* this place holds a flux */
    bool asks;                    /* for pictures: it is active, and not shed */
    bool waiting;                 /* a picture is ready */
    bool in_flight;               /* a work is under way */
    bool permitted;               /* by stop and authorisation, as last looked */
    int64_t due_us, period_us; /* period_us: as its share of the device allows; 0: every picture */
    int64_t wanted_period_us;  /* as its configuration and its rules want */
    uint64_t tag;              /* of its place in the slots */
    struct vg_share_flux share;
    bool claims;                  /* a share of the device, when that was last shared out */
    uint64_t replaced;            /* pictures that newer ones had replaced then */
    int64_t said_us;              /* that it is not looked at, or is again */
    enum vg_rules_stir told_stir; /* as of the last work that came back */
    int64_t waiting_since_us;     /* valid while waiting: how long nobody took its pictures */
    int64_t waiting_due_us;       /* as long: when the first of them was due */
    uint64_t wanted, alerts;
    double part; /* what its pictures take on the mean, of one that is detected (vg_still_part) */
    int64_t busy_us; /* of the device, for its pictures and their second looks */
    struct vg_mono_time last_done;
    int64_t last_latency_us;
    struct vg_sight_report view; /* as of the last work that came back */
    struct vg_live_folder folder;
    struct vg_live_ledger *ledger; /* of its coverage; borrowed. NULL: none */
    struct vg_live_measures measures;
    struct vg_live_heat heat;
    struct vg_live_timeline timeline;

    /* the worker's while a work is under way, the loop's otherwise */
    struct vg_chain *chain;
    struct vg_still_gate *gate; /* before it the device thread's; NULL: every picture is detected */
    struct vg_live_sight sight;
    enum vg_rules_stir stir; /* after the last picture */
    bool restored;           /* the rules' memory was read back */
    struct vg_mono_time saved;
    struct vg_save_file *memory;   /* the rules': DATA/state/ID.json */
    struct vg_wall_time last_wall; /* of the last picture that the rules saw */
};

/* Opens the chain and takes over the configuration (its scene moves in). data: data folder;
 * device: makes the maps that the scene asks for, and those by which the gate knows still pictures;
 * NULL: the chain makes the former, and there is no gate. saves: borrowed; may go when the flux is
 * closed. */
enum vg_status vg_live_flux_open(struct vg_live_flux *flux, struct vg_live_flux_config *config,
                                 const char *data, struct vg_map_device *device,
                                 struct vg_save_thread *saves, enum vg_gate_use gate) VG_MUST_USE;
void vg_live_flux_close(struct vg_live_flux *flux);

/* It goes on another device: maps begin anew there (device: as in open), unless the chain makes them.
 * Its worker is at rest; the device that it leaves may be in a call that never returns. */
void vg_live_flux_move(struct vg_live_flux *flux, struct vg_map_device *device);

/* The last picture is done: what outlives the process is given to be written. Its worker is at
 * rest. */
void vg_live_flux_leave(struct vg_live_flux *flux);

/* Reads back what the rules remembered, once, with the first picture's times. Worker's thread, which
 * waits for the disk then: for this file, and for that of the view with the same picture
 * (live_sight.h); for none later. One that cannot be read is logged: rules then start without
 * memory. */
void vg_live_flux_restore(struct vg_live_flux *flux, struct vg_media_time media,
                          struct vg_wall_time wall);
/* The flux is gone from the configuration: so are its rules' memory and its view. */
void vg_live_flux_forget(const struct vg_live_flux *flux);
enum vg_live_save {
    VG_LIVE_SAVE_WHEN_DUE, /* every 5 s */
    VG_LIVE_SAVE_SOON      /* after an alert: survives a power cut as soon as it can */
};
/* Gives what the rules remember to be written: never waits. Worker's thread. */
void vg_live_flux_save(struct vg_live_flux *flux, enum vg_live_save when,
                       struct vg_media_time media, struct vg_wall_time wall);
/* Before an alert is promised: written as untold when it returns (rulebook.h). It waits for the
 * disk. Worker's thread. One that cannot be written is logged. */
void vg_live_flux_save_untold(struct vg_live_flux *flux, struct vg_media_time media,
                              struct vg_wall_time wall);

#endif
