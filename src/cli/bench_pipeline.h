/* vigie bench pipeline: N live flux at their true rate through the whole server. And what `vigie
 * bench sizing` shares with it: options, their check, and how a measure is told. */
#ifndef VG_CLI_BENCH_PIPELINE_H
#define VG_CLI_BENCH_PIPELINE_H

#include <jansson.h>
#include <stdbool.h>

#include "bench/pipeline_run.h"
#include "src/base/attr.h"
#include "src/base/fault.h"

enum vg_status vg_bench_pipeline(int argc, char **argv, struct vg_fault *fault) VG_MUST_USE;

/* What is asked of a measure, as text and read. */
struct vg_pipeline_request {
    const char *rate_text, *open_text, *settle_text, *seconds_text;
    const char *clip, *rtsp, *scene, *model, *precision, *device;
    bool as_json;
    /* by vg_pipeline_prepare */
    double rate_fps, open_s, settle_s, seconds;
    char *scene_text; /* given */
    struct vg_clip_facts {
        uint32_t width, height;
        double fps, seconds; /* 0: not known */
    } source;                /* of the clip; zero for RTSP */
    double wanted_fps;       /* what the server makes of the rate, by the scene and the source */
};

/* nanodet-g, 5 a second, 180, 20 and 60 s. */
struct vg_pipeline_request vg_pipeline_request_defaults(void);

/* Reads numbers, clip, scene and model, so that what is wrong with them is refused before anything
 * starts. */
enum vg_status vg_pipeline_prepare(struct vg_pipeline_request *request,
                                   struct vg_fault *fault) VG_MUST_USE;
void vg_pipeline_release(struct vg_pipeline_request *request);

/* The measure of so many flux; borrows from the request. */
struct vg_pipeline_run vg_pipeline_run_of(const struct vg_pipeline_request *request, uint32_t flux);

/* { "p50", "p95", "p99" }, milliseconds; given. */
json_t *vg_pipeline_latency_json(const struct vg_hold_latency *latency);
/* The names of what is lacking; given. */
json_t *vg_pipeline_lacks_json(const struct vg_hold *hold);

#endif
