/* What a flux takes of a machine, learnt from measures of the whole server with few and many: the
 * device's line, processor time by part, memory, disk. What a picture takes of a processor and of a
 * device is that of the measure with the most flux that were held, how long its stages last that of
 * the one with the fewest; what grows with the number of flux is learnt from all. Pure. */
#ifndef VG_BENCH_SIZING_COSTS_H
#define VG_BENCH_SIZING_COSTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/load_profile.h"
#include "bench/pipeline_run.h"
#include "src/engine/device.h"

/* Of a machine's speed: what may change while it is measured. */
#define VG_SIZE_SPEED_SLACK 0.05

/* How the flux of a profile are. */
struct vg_size_load {
    struct vg_load_profile profile;
    struct vg_size_class {
        double wanted_fps, source_fps;
        double network_bits; /* a second, of the clip that stands for it; 0: not known */
    } class[VG_LOAD_CLASSES_MAX];
};

/* base + n x each, neither below 0. */
struct vg_size_line {
    double base, each;
};

/* Where it was measured. */
struct vg_size_host {
    double cores; /* logical processors that the server may use */
    enum vg_device_kind device;
    /* Batches of n pictures of its first class, on a device that does nothing else (batch_loop.h); zeroed:
     * not known, of a batch then each picture takes the same, and the device what it was seen to use. */
    struct vg_size_alone {
        struct vg_size_line ms;
        double cores; /* busy meanwhile */
    } alone;
};

/* A measure of that many flux. */
struct vg_size_measure {
    uint32_t flux;
    double pictures; /* judged by the net, or with its answer of before */
    const struct vg_pipeline_cost *cost;
    double due_mean_ms; /* from when a picture was due to the end of its rules; 0: not known */
    bool held;
};

struct vg_size_costs {
    const char *why; /* msgid: nothing is known; NULL: what follows is */
    uint32_t measures;
    double foreign_cores;         /* that others kept busy meanwhile */
    struct vg_size_line batch_ms; /* of n jobs, on a device that nobody else's work slows */
    double spread;                /* of batches about their line: standard deviation, a share */
    uint32_t batch_max;
    double jobs_per_picture; /* second looks and pictures in which nothing moves in it */
    double device_cores;     /* that it can use while it works */
    double decode_cores[VG_LOAD_CLASSES_MAX]; /* a flux of each class; -1: not known */
    double surfaces;                          /* of decoding hardware, a flux; 0: by processor */
    /* Of this machine's decoding hardware, a share of what it can do that a flux of each class takes;
     * -1: not known. Classes divide what was measured by their pixels a second. */
    double decoder_share[VG_LOAD_CLASSES_MAX];
    double loop_ms, worker_ms;        /* of a processor, a picture, its alerts in it */
    double alert_ms, alerts_share;    /* of that, an alert; alerts a picture */
    struct vg_size_line other_cores;  /* supervisor, API, Redis; n flux */
    struct vg_size_line memory_bytes; /* n flux */
    struct vg_size_line board_bytes;  /* on the board, n flux; both 0: not known */
    double disk_bytes;                /* a second and flux; -1: not known */
    double before_ms, after_ms;       /* a picture, until it may wait for a batch, and after it */
    double rest_ms; /* a picture, in the mean, beside all that is simulated (vg_size_fit) */
};

/* Least squares, each point weighing the same; with one n alone: all of it is each one's. */
struct vg_size_line vg_size_line_of(const double *n, const double *y, uint32_t count);

/* Of measures of a server that worked on one device; on more: why says so. */
void vg_size_costs_make(struct vg_size_costs *costs, const struct vg_size_load *load,
                        const struct vg_size_host *host, const struct vg_size_measure *measure,
                        uint32_t count);

/* How many of `flux` are of each class. */
void vg_size_classes(const struct vg_size_load *load, uint32_t flux,
                     uint32_t count[VG_LOAD_CLASSES_MAX]);

/* Jobs of a picture that cannot be left: second looks are paid from what the device is idle. */
double vg_size_jobs(const struct vg_size_costs *costs);

/* Pictures a second that `flux` of them want, and cores beside the device. */
double vg_size_rate(const struct vg_size_load *load, uint32_t flux);
double vg_size_decode_cores(const struct vg_size_costs *costs, const struct vg_size_load *load,
                            uint32_t flux);
double vg_size_other_cores(const struct vg_size_costs *costs, const struct vg_size_load *load,
                           uint32_t flux);
/* Of them, those of neither decoders nor workers: loop, API, Redis. */
double vg_size_ground_cores(const struct vg_size_costs *costs, const struct vg_size_load *load,
                            uint32_t flux);

/* How many times this machine's decoding hardware they take; -1: not known. */
double vg_size_decoders(const struct vg_size_costs *costs, const struct vg_size_load *load,
                        uint32_t flux);

/* Why the limit of decoding hardware is not known, where it is not; and what is in use of a board's
 * memory: NULL, it is known. msgids. */
const char *vg_size_decoders_why(const struct vg_size_costs *costs);
const char *vg_size_board_why(const struct vg_size_costs *costs, const struct vg_size_host *host);

/* The share of a machine's cores that a server at its limit makes use of: fitted where the device
 * works on the cores of the rest (docs/decisions/0052), else all. */
double vg_size_usable_share(const struct vg_size_host *host);

/* Given. */
json_t *vg_size_costs_json(const struct vg_size_costs *costs, const struct vg_size_load *load,
                           const struct vg_size_host *host);

#endif
