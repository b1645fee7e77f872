/* One measure of a live server: opened, left to settle, measured by the minute, closed. */
#ifndef VG_BENCH_PIPELINE_RUN_H
#define VG_BENCH_PIPELINE_RUN_H

#include "bench/flux_hold.h"
#include "bench/live_server.h"

struct vg_pipeline_run {
    struct vg_live_server_settings server;
    double open_s; /* so long at most until each flux had its first picture analysed */
    double settle_s, measure_s;
    /* a look each second, with what is going on and how far it is; NULL: nobody looks */
    void (*look)(void *user, const char *what, double done_s, double of_s);
    /* at the begin of the measure and with each look at the counts: the analysis' own time, and
     * pictures judged until then; NULL: nobody counts */
    void (*count)(void *user, double up_s, uint64_t judged);
    void *user, *count_user;
};

/* What it took beside. */
struct vg_pipeline_cost {
    double cpu_cores;        /* busy, mean over the measure */
    uint64_t resident_bytes; /* at its end, each page once */
    double opened_s;         /* until each flux had its first picture analysed */
    uint32_t opened;         /* flux that had */
    double batch_size;
    uint32_t devices; /* that the server worked on; 0: it does not tell */
    /* for sizing_costs.h, all over the measure */
    double seconds, part_cores[VG_TREE_PARTS];
    struct vg_batch_counts batches;
    struct vg_stage_sum stage[VG_SERVER_STAGES];
    double decode_cores[VG_SERVER_FLUX_MAX]; /* of each flux */
    double surfaces;                         /* of decoding hardware, of all flux, at its end */
    uint32_t hardware_flux;                  /* that decoding hardware decodes, at both ends */
    double board_bytes;                      /* of its board's memory, at its end; -1: not known */
    double decoder_share;                    /* of decoding hardware, busy; -1: not known */
    double foreign_cores;                    /* that others kept busy meanwhile; -1: not known */
    uint32_t admitted; /* flux that admission would let in by its end, in all; 0: not known */
    double disk_bytes; /* that the data folder grew by; may be below 0 */
};

/* Statuses of vg_live_server; VG_E_TIMEOUT: not one picture was analysed within open_s (the place
 * has the server's last error); VG_E_STATE: the analysis started anew meanwhile. */
enum vg_status vg_pipeline_run(const struct vg_pipeline_run *run, struct vg_hold *hold,
                               struct vg_pipeline_cost *cost, struct vg_fault *fault) VG_MUST_USE;

#endif
