/* The thread of one OpenCL device: takes batches, runs them, hands each picture's answer to
 * the worker of its flux. Four batches may wait in its ring, so that the device never idles
 * while the loop decides.
 *
 * The mark of the first maps (map_trial.h) is written and taken away here: the loop waits for no disk.
 *
 * A device whose driver hangs keeps its thread: that one is abandoned, answers nothing any more, and
 * ends by itself should the call ever return.
 *
 * Between batches it makes sure once an hour that the weights on the device are those that were
 * put there: once they are not, no batch is answered any more, and the analysis starts again with
 * those of the file. */
#ifndef VG_SCHEDULER_DEVICE_THREAD_H
#define VG_SCHEDULER_DEVICE_THREAD_H

#include <pthread.h>
#include <stdbool.h>

#include "scheduler/device_unit.h"
#include "scheduler/live_work.h"
#include "scheduler/stage_times.h"
#include "src/base/attr.h"
#include "src/base/beat.h"
#include "src/base/ring.h"

#define VG_LIVE_WORKERS_MAX 16
#define VG_WEIGHTS_EVERY_US (INT64_C(3600) * VG_US_PER_S)
#define VG_DEVICE_LIMIT_US  (INT64_C(60) * VG_US_PER_S)

struct vg_device_thread;

struct vg_device_settings {
    struct vg_device_unit unit;                     /* used by the thread alone */
    struct vg_ring *to_worker[VG_LIVE_WORKERS_MAX]; /* borrowed; of struct vg_live_work * */
    struct vg_stage_times *times;                   /* borrowed */
    /* of all threads that hand on to the same workers, whose rings have one writer at a time; borrowed;
     * NULL: this one is alone */
    pthread_mutex_t *hand;
    uint32_t batch_max;       /* jobs that it takes at once; 0: as many as come */
    int64_t weights_every_us; /* how often the weights are looked at; 0: VG_WEIGHTS_EVERY_US */
    int64_t limit_us;         /* longer than a batch ever takes; 0: VG_DEVICE_LIMIT_US */
};

/* VG_E_DEVICE: the weights cannot be read; VG_E_MEMORY, VG_E_LACK (no thread). */
enum vg_status vg_device_thread_open(struct vg_device_thread **thread,
                                     const struct vg_device_settings *settings) VG_MUST_USE;
/* Waits for the batch that runs; not for that of a thread that was abandoned and is not over: then
 * what it uses (unit, batches, the works' pictures) must stay until the process ends, and it says
 * false. */
bool vg_device_thread_close(struct vg_device_thread **thread);

/* Loop's thread. The batch is taken until all its works came back. VG_E_FULL: four wait. */
enum vg_status vg_device_thread_run(struct vg_device_thread *thread,
                                    struct vg_live_batch *batch) VG_MUST_USE;

/* The thread hands on nothing any more. Of the batches that it was given those are its own for good
 * that have not been handed on (vg_live_batch.handed), until it is over; the others' works come back.
 * Loop's thread. */
void vg_device_thread_abandon(struct vg_device_thread *thread);

/* It ends after what it was given, which is handed on; nobody waits. Then only abandon, over, close.
 * Loop's thread. */
void vg_device_thread_quit(struct vg_device_thread *thread);

/* A thread that was abandoned, or told to quit, has ended: nothing is used by it any more. */
bool vg_device_thread_over(const struct vg_device_thread *thread);

struct vg_beat *vg_device_thread_beat(struct vg_device_thread *thread);

/* Microseconds the device was busy since the start; any thread. */
int64_t vg_device_thread_busy_us(const struct vg_device_thread *thread);

#endif
