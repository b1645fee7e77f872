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

/* What is known of a clip by its head; 0 and "": not known. */
struct vg_clip_facts {
    char codec[32];
    uint32_t width, height;
    double fps, seconds;
};
enum vg_status vg_clip_facts_read(struct vg_clip_facts *facts, const char *path,
                                  struct vg_fault *fault) VG_MUST_USE;

/* What the server makes of a rate: raised to the lowest that the scene's rules need, cut to the
 * source's (0: not known). `name`: of the scene, for refusals. */
enum vg_status vg_wanted_fps(const char *name, const char *scene_text, double rate_fps,
                             double source_fps, double *wanted_fps,
                             struct vg_fault *fault) VG_MUST_USE;

/* Shows what is going on, for struct vg_pipeline_run; user: struct vg_progress. */
void vg_bench_show(void *user, const char *what, double done_s, double of_s);

/* { "p50", "p95", "p99" }, milliseconds; given. */
json_t *vg_pipeline_latency_json(const struct vg_hold_latency *latency);
/* The names of what is lacking; given. */
json_t *vg_pipeline_lacks_json(const struct vg_hold *hold);

#endif
