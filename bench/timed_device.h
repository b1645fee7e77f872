/* A device that looks at nothing: it answers a batch of n jobs after start + n x job microseconds,
 * with three persons who walk up and down. For the bench of the scheduler, whose own work, fairness
 * and delays are then all that is measured.
 *
 * It is late by what the machine wakes it late; what follows at once makes up for that, as a device
 * of its own would have gone on meanwhile. */
#ifndef VG_BENCH_TIMED_DEVICE_H
#define VG_BENCH_TIMED_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "scheduler/device_unit.h"
#include "src/base/attr.h"

/* The first byte of a picture whose job takes `dearer` times the usual; all others' is less. */
#define VG_TIMED_DEAR 255u

struct vg_timed_device_settings {
    int64_t start_us, job_us;
    uint32_t dearer; /* 0: once */
};

/* What goes wrong there, by the number of the run, from 1; zeroed: nothing does. */
struct vg_timed_trouble {
    uint64_t fails_at, fails; /* that run, and so many in all, answer VG_E_DEVICE */
    uint64_t hangs_at;        /* that one takes hang_us more */
    int64_t hang_us;
};

struct vg_timed_device;

enum vg_status vg_timed_device_open(struct vg_timed_device **device,
                                    const struct vg_timed_device_settings *settings) VG_MUST_USE;
/* Nobody runs it any more. */
void vg_timed_device_close(struct vg_timed_device **device);

/* A run is in it, as it hangs. Any thread. */
bool vg_timed_device_runs(const struct vg_timed_device *device);

/* Before its first run. */
void vg_timed_device_trouble(struct vg_timed_device *device,
                             const struct vg_timed_trouble *trouble);

/* Borrowed: as long as the device. */
struct vg_device_unit vg_timed_device_unit(struct vg_timed_device *device);

/* Since it was opened; any thread, each true by itself. */
struct vg_timed_device_counts {
    uint64_t runs, jobs;
    int64_t busy_us;   /* that its runs should have taken */
    int64_t late_us;   /* all that they ended later than they should: the machine's other work */
    int64_t thread_us; /* processor time of the thread that runs it, without its own */
};
struct vg_timed_device_counts vg_timed_device_read(const struct vg_timed_device *device);

/* What a batch takes. Pure. */
int64_t vg_timed_device_us(const struct vg_timed_device_settings *settings,
                           const struct vg_job *jobs, uint32_t count);

/* The persons at that time, for a picture of this size; `who` shifts their steps. Pure. */
void vg_timed_device_answer(uint32_t width, uint32_t height, int64_t media_us, uint32_t who,
                            struct vg_answer *answer);

#endif
