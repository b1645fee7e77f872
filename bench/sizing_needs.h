/* What N flux take: the real scheduler's decisions are simulated (scheduler/forecast/simulation.h) with the
 * costs that were measured, first on this machine, then on devices as fast and as many as it needs.
 *
 * Of what was not measured nothing is made up: a figure is measured, extrapolated, or not known with
 * its reason. Takes memory and some tenths of a second; any thread. */
#ifndef VG_BENCH_SIZING_NEEDS_H
#define VG_BENCH_SIZING_NEEDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/sizing_costs.h"
#include "src/base/attr.h"
#include "src/base/fault.h"

#define VG_SIZE_HEADROOM 0.3 /* of what is bought that is left free */

/* A machine that is tried. */
struct vg_size_try {
    double speed;         /* of its devices, against the one that was measured */
    uint32_t devices;     /* 1 to VG_DEVICES_MAX */
    double cores;         /* 0: as many as it takes */
    double foreign_cores; /* of them, that others keep busy */
};

struct vg_size_answer {
    const char *why; /* msgid: it cannot be told; NULL: what follows is so */
    bool held;       /* as bench/flux_hold.h has it, as far as the simulation knows */
    /* from when a picture was due to the end of its rules */
    double mean_ms, p50_ms, p95_ms, p99_ms;
    double worst_share; /* of the wanted rate, of the worst flux in its worst minute */
    double unanalysed_share;
};

/* VG_E_MEMORY. */
enum vg_status vg_size_predict(const struct vg_size_costs *costs, const struct vg_size_load *load,
                               const struct vg_size_host *host, uint32_t flux,
                               const struct vg_size_try *machine, struct vg_size_answer *answer,
                               struct vg_fault *fault) VG_MUST_USE;

/* Learns rest_ms: by how much a picture took longer in the mean than it is simulated, over the
 * measures that the simulation holds. How far due times lie from a source's pictures is chance, the
 * same all the time for each flux: measures count by their flux. Most of it is a decoder that holds
 * pictures back to put them in order (B pictures), which is even between nothing and some pictures;
 * so that is how it is told (vg_sim_settings). After vg_size_costs_make. VG_E_MEMORY. */
enum vg_status vg_size_fit(struct vg_size_costs *costs, const struct vg_size_load *load,
                           const struct vg_size_host *host, const struct vg_size_measure *measure,
                           uint32_t count, struct vg_fault *fault) VG_MUST_USE;

enum vg_size_need {
    VG_SIZE_CPU_CORES,
    VG_SIZE_DECODE_CORES,   /* of them */
    VG_SIZE_ANALYSIS_CORES, /* of them: all but decoding, also of a device that is the processor */
    VG_SIZE_DECODE_ENGINES, /* each all that this machine has */
    VG_SIZE_DEVICE_SPEED,   /* of one device, against this machine's */
    VG_SIZE_DEVICES,        /* such as this machine's, instead */
    VG_SIZE_DEVICE_MEMORY_MB, /* on one board, with the surfaces of its decoders */
    VG_SIZE_MEMORY_MB,
    VG_SIZE_NETWORK_MBIT,
    VG_SIZE_DISK_GB_PER_DAY,
    VG_SIZE_NEEDS
};

enum vg_size_status {
    VG_SIZE_NOT_KNOWN,
    VG_SIZE_MEASURED,
    VG_SIZE_EXTRAPOLATED
};

struct vg_size_figure {
    enum vg_size_status status;
    double bare, value; /* without and with headroom */
    const char *why;    /* msgid, of what is not known */
};

struct vg_size_needs {
    struct vg_size_figure figure[VG_SIZE_NEEDS];
    struct vg_size_answer answer; /* of a machine with what is named, headroom in it */
    uint32_t measured_flux;       /* whose measure the measured ones are of; 0: none */
};

/* measure: one of at least that many flux that were held, or NULL. VG_E_MEMORY. */
enum vg_status vg_size_needs_make(struct vg_size_needs *needs, const struct vg_size_costs *costs,
                                  const struct vg_size_load *load, const struct vg_size_host *host,
                                  uint32_t flux, const struct vg_size_measure *measure,
                                  struct vg_fault *fault) VG_MUST_USE;

/* { "measured_flux", "headroom", "latency_ms", NAME: { "value", "bare", "status", "why" } ... };
 * given. */
json_t *vg_size_needs_json(const struct vg_size_needs *needs);
const char *vg_size_need_name(enum vg_size_need need);
/* { "p50", "p95", "p99" } or null; given. */
json_t *vg_size_answer_json(const struct vg_size_answer *answer);

#endif
