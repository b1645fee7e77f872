/* What the machine around the devices is busy with, for admission (admission_model.h): decoding a
 * picture, following one, what a device that is the processor takes of it, and what is none of these
 * (loop, API, Redis, other programs). Means of about the last half minute, of sums that are read
 * every five seconds; kept while there is nothing to do. Pure. */
#ifndef VG_SCHEDULER_LIVE_HOST_H
#define VG_SCHEDULER_LIVE_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "scheduler/forecast/admission_model.h"
#include "scheduler/live_metrics.h"
#include "src/energy/machine_load.h"

/* Of a flux so many pictures are waited for, before it is believed what one takes. */
#define VG_HOST_PICTURES_MIN 10

/* Sums since the start. */
struct vg_host_point {
    int64_t now_us;
    int64_t process_us, loop_us, workers_us; /* of a processor, by the analysis and parts of it */
    int64_t shared_busy_us;                  /* while a device that is the processor had a batch */
    uint64_t pictures;                       /* that workers followed */
    struct vg_machine_load machine;          /* of all processors; zeroed: it does not say */
    int64_t used_us;      /* by all that share the quota of the cores (cores.h); 0: not known */
    uint32_t processors;  /* of the machine */
    uint32_t cores_milli; /* thousandths, of them, that may be used */
    uint32_t
        device_cores; /* that a batch uses at the most where the device is the processor; 0: all */
    uint32_t workers;
};

/* Zeroed: nothing is known. */
struct vg_live_host {
    struct vg_host_point before;
    double seconds, device_us, busy_us, workers_us, pictures, rest_us; /* faded */
    double could;                                                      /* cores, of a batch */
    double decode_us, decoded; /* of all flux, those that are gone too */
    struct vg_host_flux {
        uint64_t tag, decoded_before;
        int64_t decode_before_us; /* -1: not read yet */
        double decode_us, decoded;
    } flux[VG_LIVE_FLUX_MAX];
};

/* Whether a point should be taken in: it costs some readings. */
bool vg_live_host_due(const struct vg_live_host *host, int64_t now_us);

/* view: at most VG_LIVE_FLUX_MAX. */
void vg_live_host_step(struct vg_live_host *host, const struct vg_host_point *point,
                       const struct vg_live_view *view, uint32_t view_count);

/* The machine. */
struct vg_admission_host vg_live_host_tell(const struct vg_live_host *host);

/* What a picture of the view's flux takes to decode, as of the last step; 0: not known. */
uint32_t vg_live_host_decode_us(const struct vg_live_host *host, uint32_t view);

/* What a batch can use of the cores where the device is the processor, and what it had of them. */
struct vg_host_share {
    uint32_t could_milli, had_milli;
};
struct vg_host_share vg_live_host_share(const struct vg_live_host *host);

#endif
