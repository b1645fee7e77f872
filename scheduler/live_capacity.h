/* What the loop tells of its devices for admission (admission_model.h): the line of their batches over
 * about a minute, kept while there is nothing to do; what a picture of each flux costs; and what the
 * machine around them is busy with (live_host.h). */
#ifndef VG_SCHEDULER_LIVE_CAPACITY_H
#define VG_SCHEDULER_LIVE_CAPACITY_H

#include "scheduler/decide_batch_time.h"
#include "scheduler/forecast/admission_model.h"
#include "scheduler/live_host.h"
#include "scheduler/live_metrics.h"

/* So many batches are waited for: the first ones are slow. */
#define VG_CAPACITY_BATCHES_MIN 24

/* A device as it is at this moment. */
struct vg_capacity_device {
    const struct vg_batch_sums *sums; /* borrowed; since the start */
    bool well;                        /* it can be given flux */
    bool last;                        /* as decide_device.h */
    bool processor;                   /* it is the machine's own */
};

/* Zeroed: nothing is known. */
struct vg_live_capacity {
    struct vg_capacity_line {
        struct vg_batch_time minute;
        struct vg_batch_sums before; /* that are in it already */
    } line[VG_DEVICES_MAX];
    int64_t step_us; /* the last one */
    struct vg_live_host host;
    struct vg_admission_model model;
    char text[VG_ADMISSION_TEXT_MAX];
};

/* What is looked at. Devices and flux are borrowed, each device always at the same place. */
struct vg_capacity_look {
    const struct vg_capacity_device *device;
    const struct vg_live_view *view;
    uint32_t device_count, view_count;
    uint32_t batch_max;                /* jobs that go together at the most */
    double job_us;                     /* what a job usually counts */
    const struct vg_host_point *point; /* NULL: none is due (vg_live_host_due). Borrowed */
};

/* Takes in the batches since the last step, and writes the text anew, once a second: its length; 0:
 * it is not time yet. Devices that are not well, or did hardly anything yet, are not in it. */
size_t vg_live_capacity_step(struct vg_live_capacity *capacity, const struct vg_capacity_look *look,
                             int64_t now_us);

#endif
