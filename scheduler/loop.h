/* The loop of analysis, its parts' own header: what it owns, and which part does what.
 *
 *   loop_dispatch.c  whose picture, when; what comes back
 *   loop_config.c    a configuration takes over
 *   loop_start.c     model, device, workers, publisher, with the first configuration
 *   loop_share.c     once a second: how often each flux is looked at
 *   loop_cores.c     the machine's cores: how they are divided, who takes them
 *   loop_device.c    devices that fail, and are opened again
 *   loop_place.c     whose flux; what all devices can do together
 *   loop_look.c      twice a second: permission, coverage, measures; in turns state and metrics
 *   analysis.c       life
 *
 * One thread. Nothing in it blocks. */
#ifndef VG_SCHEDULER_LOOP_H
#define VG_SCHEDULER_LOOP_H

#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "scheduler/analysis.h"
#include "scheduler/decide_batch.h"
#include "scheduler/decide_looks.h"
#include "scheduler/device_opener.h"
#include "scheduler/device_thread.h"
#include "scheduler/heat_thread.h"
#include "scheduler/live_capacity.h"
#include "scheduler/live_coverage.h"
#include "scheduler/live_energy.h"
#include "scheduler/live_flux.h"
#include "scheduler/live_metrics.h"
#include "scheduler/map_trial.h"
#include "scheduler/model_guard.h"
#include "scheduler/watch_thread.h"
#include "scheduler/worker_thread.h"
#include "src/base/cores.h"
#include "src/base/message.h"
#include "src/engine/device_select.h"
#include "src/media/slots.h"

#define VG_LOOP_BATCHES     2
#define VG_LOOP_DEVICES_MAX VG_LIVE_DEVICES_MAX

struct vg_loop;

struct vg_loop_ingest {
    struct vg_slots *slots;
    int ready_fd;
    uint32_t flux_count; /* its flux: places in struct vg_loop, ascending */
    uint32_t flux[VG_LIVE_FLUX_MAX];
};

enum vg_loop_device_state {
    VG_LOOP_DEVICE_AWAY, /* not open: it is tried at retry_us */
    VG_LOOP_DEVICE_OPENS,
    VG_LOOP_DEVICE_WELL,
    VG_LOOP_DEVICE_DRAINED, /* it failed; what it was given is on its way back */
    VG_LOOP_DEVICE_HANGS    /* its thread is in a call that does not return */
};

/* A device, and what goes on there. */
struct vg_loop_device {
    struct vg_loop *loop;
    enum vg_loop_device_state state;
    char word[16]; /* which one it is, for vg_device_find */
    char name[VG_DEVICE_TEXT_SIZE];
    bool last; /* shares its cores with the decoders: taken when no other one has room */
    struct vg_open_device open;
    struct vg_device_opener *opener; /* while it opens */
    struct vg_live_maker maker;
    struct vg_map_trial map_trial;
    enum vg_map_maker map_maker;
    struct event *look; /* at a batch that waits to be fuller */
    int64_t look_us;    /* when that is; VG_BATCH_NEVER: none waits */
    struct vg_live_batch batch[VG_LOOP_BATCHES];
    bool batch_busy[VG_LOOP_BATCHES];
    bool batch_lost[VG_LOOP_BATCHES]; /* busy, and given up: it hangs in it */
    struct vg_looks_credit credit;    /* of its time, for second looks */
    struct vg_batch_time batch_time;  /* what a batch takes */
    struct vg_batch_sums sums;        /* of all its batches */
    int64_t free_us;                  /* when it has done what it was given, by that */
    int64_t answer_us;                /* when a batch was back last */
    int64_t answered_us;              /* its time for pictures since the last sharing out */
    int64_t job_us;                   /* what a job of a full batch takes; 0: not known */
    int64_t busy_before_us;           /* before it was opened the last time */
    uint64_t failures;
    uint32_t times; /* that it was tried anew in a row */
    int64_t retry_us, opens_us, well_us;
};

struct vg_loop {
    const struct vg_analysis_settings *settings;
    struct vg_fault *fault;
    enum vg_status status; /* why the loop ended */

    struct event_base *base;
    struct event *control, *tick;
    int ready_set; /* epoll: the ready_fd of all ingest processes, by edges */
    struct event *ready;
    bool deaf;            /* to it, for a moment: what comes would start nothing */
    struct event *hear;   /* the moment is over */
    int64_t collected_us; /* when all that had rung were last noticed */
    struct event *back[VG_LIVE_WORKERS_MAX];
    struct vg_message_reader reader;
    char *message; /* VG_MESSAGE_MAX + 1 bytes */

    struct vg_loop_ingest ingest[VG_ANALYSIS_INGESTS_MAX];
    struct vg_live_flux flux[VG_LIVE_FLUX_MAX];
    struct vg_live_config *config;  /* in force */
    struct vg_live_config *pending; /* waits until the flux that it changes are at rest */

    struct vg_model *model;
    struct vg_loop_device device[VG_LOOP_DEVICES_MAX];
    uint32_t device_count; /* 0: before the first configuration */
    /* the writing side of every worker's ring, which all devices' threads have, and what each of these
     * is told of its being abandoned */
    pthread_mutex_t hand;
    bool hand_made;
    struct vg_cores_place cores; /* where it is said how many the process may use */
    /* of a device that is the processor, as divided at the start: threads (0: its own choice), and the
     * thousandths of a core for decoding that this was reckoned with */
    uint32_t device_threads, decode_milli;
    uint32_t batch_max, jobs_max; /* jobs of a run of the engine, of a batch of the loop */
    uint32_t worker_count;
    struct vg_worker_thread *worker[VG_LIVE_WORKERS_MAX];
    struct vg_live_alerts *alerts[VG_LIVE_WORKERS_MAX];
    struct vg_publisher *publisher;
    char node[64], model_wanted[64]; /* of the first configuration */
    struct vg_coverage_thread *coverage_writer;
    struct vg_live_coverage *coverage;
    struct vg_measures_thread *measures;
    struct vg_heat_thread *heat;
    struct vg_save_thread *saves;
    struct vg_live_report *report;
    struct vg_live_energy energy;
    struct vg_live_capacity capacity;
    uint32_t view_count; /* of the tick: all flux, as they were read when it began */
    struct vg_live_view view[VG_LIVE_FLUX_MAX];
    uint32_t told[VG_LIVE_FLUX_MAX]; /* of each place's flux, what is told at once if it changes */
    uint64_t ticks;
    struct vg_watch_thread *watch;
    struct vg_model_guard *guard; /* NULL: of a trial */
    char model_path[4096];
    struct vg_beat loop_beat;
    struct vg_stage_times *times;
    struct vg_stop stop;
    uint64_t stop_generation;
    struct vg_live_totals totals;
    uint32_t waiting; /* flux of which a picture waits; their places, in no order */
    uint32_t waits[VG_LIVE_FLUX_MAX];
    struct vg_candidate candidate[VG_LIVE_FLUX_MAX];
    struct vg_share_flux share[VG_LIVE_FLUX_MAX]; /* of vg_loop_share, while it runs */
    struct vg_share_gauge gauge;
    struct vg_share_most most;
    uint32_t measure;    /* the device in whose time that is */
    double usual_job_us; /* what a job took over the last minute; 0: not known */
    int64_t shared_us;   /* when devices' time was shared out last */
};

/* Ends the loop; the first reason stays. */
void vg_loop_end(struct vg_loop *a, enum vg_status status);

/* Of a decision, for who tries the loop out: its processor time goes to the histogram from the first
 * to the second. In operation nothing is asked. */
static inline int64_t vg_loop_timed_from(const struct vg_loop *a)
{
    return a->settings->trial ? vg_thread_cpu_time_us() : 0;
}
static inline void vg_loop_timed_to(struct vg_time_histogram *histogram, int64_t from_us)
{
    vg_time_histogram_add(histogram, vg_thread_cpu_time_us() - from_us);
}

/* ---- loop_dispatch.c ---- */

struct vg_slots *vg_loop_slots(struct vg_loop *a, const struct vg_live_flux *flux);

/* Sees which flux of the ingest process have published, and asks for their next pictures. */
void vg_loop_notice(struct vg_loop *a, uint32_t ingest, int64_t now_us);

/* How often the flux asks for a picture from now on; VG_SLOTS_NEVER: not at all. */
void vg_loop_set_period(struct vg_loop *a, struct vg_live_flux *flux, int64_t period_us);

/* The picture of a work that will not come back: its fate, and the flux is at rest. */
void vg_loop_picture_lost(struct vg_loop *a, const struct vg_live_work *work);

/* Notices what has come, and gives the devices what waits, as long as they take any. */
void vg_loop_dispatch(struct vg_loop *a);

/* libevent's callbacks: works are back; an ingest process has published, or a batch has waited. */
void vg_loop_on_back(evutil_socket_t fd, short what, void *user);
void vg_loop_on_dispatch(evutil_socket_t fd, short what, void *user);

/* ---- loop_config.c ---- */

/* A message of the supervisor; the first one starts the work. */
void vg_loop_take_config(struct vg_loop *a, const json_t *message);

/* Takes the pending configuration over once no picture is under way: works point into it. */
void vg_loop_apply(struct vg_loop *a);

bool vg_loop_any_under_way(const struct vg_loop *a);

/* ---- loop_share.c ---- */

/* Thousandths; 0: none, or no rate that can be. */
static inline uint32_t vg_loop_milli(double fps)
{
    return fps > 0 && fps < 1e6 ? (uint32_t)(fps * 1000 + 0.5) : 0;
}

/* Shares the device out anew, by what the tick has read, if a second has gone by since it did. */
void vg_loop_share(struct vg_loop *a, int64_t now_us);

/* ---- loop_cores.c ---- */

/* With the first configuration, before a device is looked for: what there is, and the device's part. */
void vg_loop_divide_cores(struct vg_loop *a, const struct vg_live_config *config);

/* Another configuration may divide them otherwise: that is for the next start, and said. */
void vg_loop_compare_cores(struct vg_loop *a, const struct vg_live_config *config);

/* So many workers, if nobody says how many. */
uint32_t vg_loop_workers_of_cores(const struct vg_loop *a);

/* Threads of a device that is open and is the processor; 0: it is not. */
uint32_t vg_loop_device_cores(const struct vg_loop_device *d);

/* Says which part of the cores a device has that was opened, if it is the processor. */
void vg_loop_tell_device_cores(const struct vg_loop_device *d);

/* What the machine has done until now. Small files of the kernel's memory: nothing waits. */
struct vg_host_point vg_loop_host_point(const struct vg_loop *a, struct vg_mono_time now);

/* ---- loop_device.c ---- */

/* A device that was opened is put to use. */
void vg_loop_device_works(struct vg_loop_device *d);

/* It did not answer a batch; others are well. Its flux leave it at once. */
void vg_loop_device_fails(struct vg_loop_device *d, const char *why);

bool vg_loop_others_well(const struct vg_loop_device *d);

/* What makes maps there; NULL: the host is to, or the device is not well. */
struct vg_map_device *vg_loop_maps_of(const struct vg_loop_device *d);

/* Whether one hangs, has come to rest, is to be opened, is open. */
void vg_loop_look_at_devices(struct vg_loop *a);

/* How each fares; report: room for VG_LOOP_DEVICES_MAX. Returns how many. */
uint32_t vg_loop_report_devices(const struct vg_loop *a, struct vg_live_device *report);

/* The threads; true: one hangs, and what it uses must stay. Else the rest, later. It waits for seconds
 * at the most. */
bool vg_loop_devices_close_threads(struct vg_loop *a);
void vg_loop_devices_close(struct vg_loop *a);

/* ---- loop_place.c ---- */

/* What a picture counts for of the devices' time; 0: not known. Then, what there is of it in a second;
 * replaced_us: of pictures that newer ones replaced since the last time; and all of it, had nothing
 * ever been measured. Once for each sharing out. */
int64_t vg_loop_pool_cost_us(struct vg_loop *a, int64_t now_us);
int64_t vg_loop_pool_capacity_us(struct vg_loop *a, int64_t replaced_us);
int64_t vg_loop_pool_all_us(const struct vg_loop *a);

/* The device's own time, in that of the one by which all is counted. */
int64_t vg_loop_counted_us(const struct vg_loop_device *d, int64_t us);

/* The device for a new flux of that period. */
uint32_t vg_loop_device_for(const struct vg_loop *a, int64_t period_us);

/* Gives each flux its device; who has a picture under way goes when that is back (settle). */
void vg_loop_place(struct vg_loop *a);
void vg_loop_settle(struct vg_loop *a, struct vg_live_flux *flux);

/* ---- loop_start.c ---- */

/* What any device's thread, any engine is opened with. */
struct vg_device_settings vg_loop_thread_settings(struct vg_loop *a);
struct vg_engine_settings vg_loop_engine_settings(const struct vg_loop *a);

enum vg_status vg_loop_start(struct vg_loop *a, const struct vg_live_config *config) VG_MUST_USE;

/* ---- loop_look.c ---- */

/* libevent's callback: the tick. */
void vg_loop_on_tick(evutil_socket_t fd, short what, void *user);

/* How the flux's time is spent; also right after what decides it has changed. */
void vg_loop_look_at_coverage(struct vg_loop *a, const struct vg_live_flux *flux);
void vg_loop_look_at_folder(struct vg_loop *a, struct vg_live_flux *flux);
void vg_loop_look_at_permission(struct vg_loop *a);

/* Hands over what was measured in the minutes that are over. */
void vg_loop_look_at_measures(struct vg_loop *a, struct vg_live_flux *flux);

/* What was measured of the flux is handed over: it closes. */
void vg_loop_end_measures(struct vg_loop *a, struct vg_live_flux *flux);

#endif
