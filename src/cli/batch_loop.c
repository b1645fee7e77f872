#include "src/cli/batch_loop.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/foreign_cores.h"
#include "bench/live_server.h"
#include "scheduler/chain.h"
#include "src/base/alloc.h"
#include "src/base/clock.h"
#include "src/base/text.h"
#include "src/cli/bench_noise.h"
#include "src/engine/map_flux.h"
#include "src/events/watcher.h"
#include "src/scene/scene.h"

enum {
    JOBS_MOST = 4, /* that the server gives a device at once */
    WARM_UP = 5,
    ROUNDS_LEAST = 5,
    ROUNDS_MOST = 40, /* sizes take turns: what slows the machine meanwhile slows all of them */
    LONG_ENOUGH_US = 20000000, /* a slow device does fewer */
    STEP_US = 200000
};

static const uint32_t sizes[VG_BATCH_LOOP_SIZES] = {1, 2, JOBS_MOST};

struct stand {
    struct vg_model *model;
    struct vg_engine *engine;
    struct vg_map_flux *maps[JOBS_MOST]; /* NULL: none are wanted, or the device makes none */
    struct vg_bench_noise noise;
    struct vg_job job[JOBS_MOST];
    struct vg_answer *answer;
    double ms[VG_BATCH_LOOP_SIZES][ROUNDS_MOST];
    int rounds;
    int64_t cpu_us; /* of all rounds */
};

static enum vg_status read_maps(const struct vg_batch_loop_wish *wish, uint32_t *set,
                                struct vg_fault *fault)
{
    struct vg_scene *scene = NULL;
    const enum vg_status status =
        vg_scene_parse(wish->name, wish->scene, strlen(wish->scene), &scene, fault);
    *set = status ? 0 : vg_watcher_maps(scene);
    vg_scene_close(&scene);
    return status;
}

static enum vg_status open_engine(struct stand *s, const struct vg_batch_loop_wish *wish,
                                  struct vg_fault *fault)
{
    struct vg_engine_options options = wish->engine;
    struct vg_engine_settings settings = vg_engine_defaults();
    settings.outputs = VG_OUTPUTS_NEEDED;
    settings.maps = VG_ENGINE_MAPS_MADE;
    settings.batch_max = JOBS_MOST;
    settings.picture_width_max = wish->width;
    settings.picture_height_max = wish->height;
    const enum vg_status status = vg_engine_options_read(&options, fault);
    return status ? status
                  : vg_engine_options_open(&options, settings, &s->model, &s->engine, fault);
}

static enum vg_status open_jobs(struct stand *s, const struct vg_batch_loop_wish *wish,
                                struct vg_fault *fault)
{
    uint32_t set = 0;
    enum vg_status status = read_maps(wish, &set, fault);
    if (status)
        return status;
    s->answer = vg_alloc_array(JOBS_MOST, sizeof *s->answer);
    if (!s->answer)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", wish->name);
    status = vg_bench_noise_make(&s->noise, wish->width, wish->height, 1, fault);
    struct vg_map_device *device = vg_engine_maps(s->engine);
    for (uint32_t i = 0; i < JOBS_MOST && !status; i++) {
        if (set && device)
            (void)!vg_map_flux_open(&s->maps[i], device, set,
                                    1); /* else the host would make them */
        s->job[i] = (struct vg_job){.picture = &s->noise.picture,
                                    .threshold = VG_CHAIN_THRESHOLD,
                                    .nms = VG_CHAIN_NMS,
                                    .maps = s->maps[i]};
    }
    return status;
}

static enum vg_status run_round(struct stand *s, struct vg_fault *fault)
{
    /* signals are held: whoever asks the bench to end is heard between rounds */
    enum vg_status status = vg_live_server_rest(1, fault);
    for (int i = 0; i < VG_BATCH_LOOP_SIZES && !status; i++) {
        for (uint32_t j = 0; j < sizes[i]; j++)
            s->job[j].time.us += STEP_US;
        const struct vg_mono_time start = vg_mono_now();
        const int64_t cpu_us = vg_cpu_time_us();
        status = vg_engine_run(s->engine, s->job, sizes[i], s->answer, fault);
        s->ms[i][s->rounds] = (double)(vg_mono_now().us - start.us) / 1000;
        s->cpu_us += vg_cpu_time_us() - cpu_us;
    }
    s->rounds++;
    return status;
}

static enum vg_status run_rounds(struct stand *s, double *seconds, struct vg_fault *fault)
{
    const struct vg_mono_time start = vg_mono_now();
    enum vg_status status = VG_OK;
    int64_t us = 0;
    while (s->rounds < ROUNDS_MOST && (s->rounds < ROUNDS_LEAST || us < LONG_ENOUGH_US) &&
           !status) {
        status = run_round(s, fault);
        us = vg_mono_now().us - start.us;
    }
    *seconds = (double)us / (double)VG_US_PER_S;
    return status;
}

/* By what is left of them where others keep some busy. */
static double cores_alone(const struct stand *s, const struct vg_cores_taken *before,
                          const struct vg_cores_taken *after, double seconds)
{
    const double all = vg_cores_usable_milli(&after->cores) / 1000.0;
    const double own = (double)s->cpu_us / (double)VG_US_PER_S / seconds;
    const double left = all - fmax(vg_foreign_cores(before, after, seconds, own), 0);
    return left > 0 ? fmin(own * all / left, all) : all;
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void close_all(struct stand *s)
{
    for (uint32_t i = 0; i < JOBS_MOST; i++)
        vg_map_flux_close(&s->maps[i]);
    vg_engine_close(&s->engine);
    vg_model_close(&s->model);
    vg_bench_noise_release(&s->noise);
    vg_free(s->answer);
    vg_free(s);
}

enum vg_status vg_batch_loop_run(const struct vg_batch_loop_wish *wish, struct vg_batch_loop *loop,
                                 struct vg_fault *fault)
{
    struct stand *s = vg_alloc(sizeof *s);
    *loop = (struct vg_batch_loop){.jobs = {0}};
    if (!s)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", wish->name);
    enum vg_status status = open_engine(s, wish, fault);
    if (!status)
        status = open_jobs(s, wish, fault);
    for (int round = 0; round < WARM_UP && !status; round++)
        status = run_round(s, fault);
    s->rounds = 0;
    s->cpu_us = 0;
    const struct vg_cores_taken before = vg_cores_taken_now();
    double seconds = 0;
    if (!status)
        status = run_rounds(s, &seconds, fault);
    const struct vg_cores_taken after = vg_cores_taken_now();
    for (int i = 0; i < VG_BATCH_LOOP_SIZES && !status; i++) {
        qsort(s->ms[i], (size_t)s->rounds, sizeof *s->ms[i], by_value);
        loop->jobs[i] = sizes[i];
        loop->ms[i] = (s->ms[i][(s->rounds - 1) / 2] + s->ms[i][s->rounds / 2]) / 2;
    }
    if (!status && seconds > 0)
        loop->cores = cores_alone(s, &before, &after, seconds);
    close_all(s);
    return status;
}

struct vg_size_alone vg_batch_loop_mean(const struct vg_batch_loop *a,
                                        const struct vg_batch_loop *b)
{
    double jobs[VG_BATCH_LOOP_SIZES], ms[VG_BATCH_LOOP_SIZES];
    b = b->jobs[0] ? b : a;
    for (int i = 0; i < VG_BATCH_LOOP_SIZES; i++) {
        jobs[i] = a->jobs[i];
        ms[i] = (a->ms[i] + b->ms[i]) / 2;
    }
    return (struct vg_size_alone){vg_size_line_of(jobs, ms, VG_BATCH_LOOP_SIZES),
                                  (a->cores + b->cores) / 2};
}
