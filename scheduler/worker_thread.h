/* A worker: tracker, events, rules and alerts of the flux that belong to it. */
#ifndef VG_SCHEDULER_WORKER_THREAD_H
#define VG_SCHEDULER_WORKER_THREAD_H

#include "scheduler/live_alert.h"
#include "scheduler/live_flux.h"
#include "scheduler/live_work.h"
#include "scheduler/stage_times.h"
#include "src/base/attr.h"
#include "src/base/beat.h"
#include "src/base/ring.h"

struct vg_worker_thread;

struct vg_worker_settings {
    struct vg_stage_times *times;  /* borrowed */
    struct vg_live_alerts *alerts; /* borrowed; this worker's own */
};

enum vg_status vg_worker_thread_open(struct vg_worker_thread **thread,
                                     const struct vg_worker_settings *settings) VG_MUST_USE;
/* Ends after what it holds. */
void vg_worker_thread_close(struct vg_worker_thread **thread);

/* Where the devices' threads push work (struct vg_live_work *; NULL: quit), one at a time: they hold
 * vg_device_settings.hand; and where finished work comes back to the loop. Borrowed. */
struct vg_ring *vg_worker_thread_in(struct vg_worker_thread *thread);
struct vg_ring *vg_worker_thread_out(struct vg_worker_thread *thread);
struct vg_beat *vg_worker_thread_beat(struct vg_worker_thread *thread);

/* Processor time that it took until now. Any thread. */
int64_t vg_worker_thread_cpu_us(const struct vg_worker_thread *thread);

#endif
