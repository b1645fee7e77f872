/* Raising an alert from a live picture: the still picture with boxes and place drawn, the JSON
 * object, and both handed to the publisher. One per worker; its buffers are made at the start. */
#ifndef VG_SCHEDULER_LIVE_ALERT_H
#define VG_SCHEDULER_LIVE_ALERT_H

#include "scheduler/live_flux.h"
#include "scheduler/live_work.h"
#include "scheduler/stage_times.h"
#include "src/alerts/publisher.h"
#include "src/base/attr.h"
#include "src/base/ulid.h"
#include "src/media/picture.h"

struct vg_live_alerts;

struct vg_live_alert_settings {
    struct vg_publisher *publisher; /* borrowed */
    uint32_t lane;                  /* this worker's */
    const char *node;               /* borrowed */
    struct vg_stage_times *times;   /* borrowed */
};

enum vg_status vg_live_alerts_open(struct vg_live_alerts **alerts,
                                   const struct vg_live_alert_settings *settings,
                                   struct vg_fault *fault) VG_MUST_USE;
void vg_live_alerts_close(struct vg_live_alerts **alerts);

/* Worker's thread. Draws, encodes, gives, and waits until it is promised: VG_OK. An alert that
 * cannot be drawn goes without picture. VG_E_FULL, VG_E_LACK, VG_E_IO, VG_E_INPUT: refused,
 * counted and logged. VG_E_TIMEOUT: the disk stalls, it is not known yet. maker: of the batch;
 * phase: of the moment of dispatch. */
enum vg_status vg_live_alert_raise(struct vg_live_alerts *alerts, const struct vg_live_flux *flux,
                                   const struct vg_alert *alert, const struct vg_picture *picture,
                                   const struct vg_live_maker *maker,
                                   const char *phase) VG_MUST_USE;

#endif
