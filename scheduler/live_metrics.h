/* What analysis tells of itself: the state of each flux and the metrics text. */
#ifndef VG_SCHEDULER_LIVE_METRICS_H
#define VG_SCHEDULER_LIVE_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "scheduler/coverage_thread.h"
#include "scheduler/live_flux.h"
#include "scheduler/save_thread.h"
#include "scheduler/stage_times.h"
#include "src/alerts/publisher.h"
#include "src/base/text_buffer.h"
#include "src/media/slots.h"

/* Sums over the batches that the device answered: a line, start + jobs x job, and what lies off it can
 * be drawn from the differences of any two moments. */
struct vg_batch_sums {
    double count, jobs, jobs_squared; /* batches, what they held */
    double ms, ms_jobs, ms_squared;   /* what they took of the device */
};

/* The model, and in what it was to be computed; in what it is, each device tells. Static, or as long as the loop. */
struct vg_live_arithmetic {
    const char *model; /* its name; NULL: not told */
    const char *asked; /* "auto", "f32", "f16", "int8" */
    bool has_int8;     /* the model has an 8-bit form */
};

/* A device, as it fares. */
#define VG_LIVE_DEVICES_MAX 8
struct vg_live_device {
    const char *name;
    const char *precision; /* in what the model is computed: "f32", "f16", "int8"; NULL: not open */
    bool well;
    uint32_t cores;    /* that it works with, if it is the processor; 0: it is not, or not open */
    uint32_t flux;     /* that it looks at */
    uint64_t failures; /* since the start */
    int64_t busy_us;
};

/* The loop's counters. */
struct vg_live_totals {
    uint64_t batches, batched;          /* batches run, pictures in them */
    uint64_t analysed;                  /* pictures, to the end of their rules */
    uint64_t looks_done, looks_refused; /* second looks that events wished for */
    uint32_t usable_cores_milli;        /* of the machine's, by this process; 0: not known yet */
    uint32_t devices;
    struct vg_live_device device[VG_LIVE_DEVICES_MAX];
    struct vg_batch_sums sums;
    uint32_t batch_max; /* jobs that go together at the most */
    struct vg_mono_time start;
    uint64_t sealed_allocations;
    uint64_t model_checks; /* of its file against what was loaded */
    bool model_intact;     /* as the last one said */
    uint64_t lines_lost;   /* of the metrics, which found no place the time before */
    struct vg_row_counts coverage, measures, heat;
    struct vg_save_counts saves;
    struct vg_live_arithmetic arithmetic;
};

struct vg_live_report {
    struct vg_text_buffer out; /* over text */
    char text[VG_PUBLISHER_METRICS_MAX];
};

/* Begins the text with what concerns the whole process. Always from the same thread. */
void vg_live_report_begin(struct vg_live_report *report, const struct vg_live_totals *totals,
                          struct vg_stage_times *times,
                          const struct vg_publisher_counts *published);

/* A flux and what its slots say at this moment. Borrowed. */
struct vg_live_view {
    const struct vg_live_flux *flux;
    struct vg_slots_state state;
};

/* Adds the lines of all flux, metric by metric as Prometheus wants them: each decoded picture
 * under exactly one fate. */
void vg_live_report_flux(struct vg_live_report *report, const struct vg_live_view *view,
                         uint32_t count);

/* Hands the live state of a flux to the publisher (vigie:flux:ID). */
void vg_live_publish_flux(struct vg_publisher *publisher, const struct vg_live_view *view,
                          struct vg_mono_time now);

#endif
