#include "src/cli/bench_scheduler.h"

#include <stdio.h>
#include <stdlib.h>

#include "bench/load_profile.h"
#include "bench/scheduler_run.h"
#include "src/base/alloc.h"
#include "src/base/log.h"
#include "src/base/progress.h"
#include "src/base/text.h"
#include "src/cli/bench_pipeline.h"
#include "src/cli/options.h"
#include "src/cli/words.h"
#include "src/scene/scene.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define FLUX_MAX     200
#define MB           1e6

struct request {
    const char *flux_text, *rate_text, *seconds_text, *settle_text, *load_text, *start_text,
        *job_text, *batch_text, *attack_text, *size_text, *workers_text, *devices_text;
    bool as_json;
    double flux, load, attack;
};

/* ---- what is asked ---- */

static enum vg_status read_device(struct request *r, struct vg_scheduler_run *run,
                                  struct vg_fault *fault)
{
    double start_us = 0, job_us = 0, batch = 0, devices = 1;
    enum vg_status status = vg_option_number("load", r->load_text, 0.01, 10, &r->load, fault);
    if (!status)
        status = vg_option_number("start-us", r->start_text, 0, 1e7, &start_us, fault);
    if (!status && r->job_text)
        status = vg_option_number("job-us", r->job_text, 1, 1e7, &job_us, fault);
    if (!status)
        status = vg_option_count("batch", r->batch_text, 1, VG_BATCH_MAX, &batch, fault);
    if (!status && r->attack_text)
        status = vg_option_number("attack", r->attack_text, 1, 1000, &r->attack, fault);
    if (!status)
        status =
            vg_option_count("devices", r->devices_text, 1, VG_TRIAL_DEVICES_MAX, &devices, fault);
    run->devices = (uint32_t)devices;
    run->batch_max = (uint32_t)batch;
    run->device.start_us = (int64_t)start_us;
    run->device.job_us = (int64_t)job_us;
    run->device.dearer = (uint32_t)r->attack;
    run->dear_flux = r->attack_text ? 1 : 0;
    return status;
}

/* What a job takes so that full batches of what all flux want are the asked share of the devices'
 * time; or the share that the job which was given makes. */
static enum vg_status weigh(struct request *r, struct vg_scheduler_run *run, struct vg_fault *fault)
{
    const double per_s = r->flux * run->wanted_fps / run->devices; /* of each device */
    const double start_us = (double)run->device.start_us / run->batch_max;
    if (r->job_text) {
        r->load = (start_us + (double)run->device.job_us) * per_s / 1e6;
        return VG_OK;
    }
    run->device.job_us = (int64_t)(r->load * 1e6 / per_s - start_us + 0.5);
    if (run->device.job_us > 0)
        return VG_OK;
    return vg_fault_set(fault, VG_E_CALL, N_("such batches begin too slowly for that load"),
                        N_("a greater --load or --batch, or a smaller --start-us"),
                        "--load %s --start-us %s", r->load_text, r->start_text);
}

static enum vg_status read_pictures(const struct request *r, struct vg_scheduler_run *run,
                                    struct vg_fault *fault)
{
    double workers = 0;
    enum vg_status status = vg_option_size("size", r->size_text, &run->width, &run->height, fault);
    if (!status)
        status = vg_option_count("workers", r->workers_text, 0, 16, &workers, fault);
    run->workers = (uint32_t)workers;
    return status;
}

static enum vg_status read_request(struct request *r, struct vg_scheduler_run *run,
                                   struct vg_fault *fault)
{
    enum vg_status status = vg_option_count("flux", r->flux_text, 1, FLUX_MAX, &r->flux, fault);
    if (!status)
        status =
            vg_option_number("rate", r->rate_text, 0.1, VG_SYNTHETIC_FPS, &run->rate_fps, fault);
    if (!status)
        status = vg_option_number("settle", r->settle_text, 0, 3600, &run->settle_s, fault);
    if (!status)
        status = vg_option_number("seconds", r->seconds_text, 2, 86400, &run->measure_s, fault);
    if (!status)
        status = read_pictures(r, run, fault);
    run->flux = (uint32_t)r->flux;
    if (!status)
        status = vg_wanted_fps("bench", run->scene, run->rate_fps, VG_SYNTHETIC_FPS,
                               &run->wanted_fps, fault);
    if (!status)
        status = read_device(r, run, fault);
    return status ? status : weigh(r, run, fault);
}

/* ---- telling ---- */

static json_t *fates_json(const uint64_t fate[VG_FATE_COUNT])
{
    json_t *fates = json_object();
    for (int f = 0; f < VG_FATE_COUNT; f++)
        (void)json_object_set_new(fates, vg_fate_name((enum vg_fate)f),
                                  json_integer((json_int_t)fate[f]));
    return fates;
}

static json_t *decision_json(const struct vg_decision_cost *cost)
{
    return json_pack("{s:I, s:I, s:I}", "count", (json_int_t)cost->count, "p50_us",
                     (json_int_t)cost->p50_us, "p99_us", (json_int_t)cost->p99_us);
}

static json_t *rates_json(const struct vg_scheduler_run *run,
                          const struct vg_scheduler_found *found)
{
    json_t *rates = json_array();
    for (uint32_t i = 0; i < run->flux; i++)
        (void)json_array_append_new(rates, json_real(found->share[i] * run->wanted_fps));
    return rates;
}

static json_t *device_json(const struct request *r, const struct vg_scheduler_run *run,
                           const struct vg_scheduler_found *found)
{
    json_t *jobs = json_array();
    for (uint32_t i = 0; i < run->devices; i++)
        (void)json_array_append_new(jobs, json_integer((json_int_t)found->jobs[i]));
    return json_pack("{s:I, s:I, s:i, s:f, s:f, s:i, s:o}", "start_us",
                     (json_int_t)run->device.start_us, "job_us", (json_int_t)run->device.job_us,
                     "batch_max", (int)run->batch_max, "load", r->load, "busy", found->device_busy,
                     "count", (int)run->devices, "jobs", jobs);
}

static json_t *latency_json(const struct vg_scheduler_found *found)
{
    json_t *latency = vg_pipeline_latency_json(&found->due);
    (void)json_object_set_new(latency, "max", json_real(found->due_max_ms));
    return latency;
}

static json_t *memory_json(const struct vg_scheduler_found *found)
{
    return json_pack("{s:f, s:f, s:f}", "own_mb", found->own_bytes / MB, "slope_mb_per_hour",
                     found->own_drift.per_hour / MB, "slope_error_mb_per_hour",
                     found->own_drift.error / MB);
}

/* Worst share, p99 in ms, memory of its own in MB and what the same work of the machine's took, each minute;
 * what they drift in an hour. */
static json_t *minutes_json(const struct vg_scheduler_found *found)
{
    json_t *shares = json_array(), *p99s = json_array(), *owns = json_array(),
           *speeds = json_array();
    for (uint32_t m = 0; m < found->minutes; m++) {
        (void)json_array_append_new(shares, json_real(found->minute[m].worst_share));
        (void)json_array_append_new(p99s, json_real(found->minute[m].p99_ms));
        (void)json_array_append_new(owns, json_real(found->minute[m].own_bytes / MB));
        (void)json_array_append_new(speeds, json_real(found->minute[m].speed_ms));
    }
    return json_pack("{s:o, s:o, s:o, s:o, s:f, s:f, s:f, s:f, s:f, s:f}", "worst_share", shares,
                     "p99_ms", p99s, "own_mb", owns, "speed_probe_ms", speeds,
                     "worst_share_slope_per_hour", found->share_drift.per_hour,
                     "worst_share_slope_error", found->share_drift.error, "p99_slope_ms_per_hour",
                     found->p99_drift.per_hour, "p99_slope_error", found->p99_drift.error,
                     "p99_slope_at_speed_ms_per_hour", found->p99_at_speed.per_hour,
                     "p99_slope_at_speed_error", found->p99_at_speed.error);
}

static json_t *found_json(const struct request *r, const struct vg_scheduler_run *run,
                          const struct vg_scheduler_found *found)
{
    json_t *object = json_pack(
        "{s:i, s:f, s:f, s:f, s:i, s:f, s:f, s:f, s:i, s:f, s:o, s:o}", "flux", (int)run->flux,
        "rate_fps", run->rate_fps, "wanted_fps", run->wanted_fps, "seconds", found->seconds,
        "minutes", (int)found->minutes, "worst_share", found->worst_share, "mean_share",
        found->mean_share, "worst_minute_share", found->worst_minute, "worst_flux",
        (int)found->worst_flux, "worst_flux_fps", found->worst_share * run->wanted_fps, "rates",
        rates_json(run, found), "due_latency_ms", latency_json(found));
    json_t *more = json_pack(
        "{s:o, s:o, s:f, s:f, s:f, s:o, s:o, s:o, s:o, s:f, s:f, s:I, s:I, s:o}", "fates",
        fates_json(found->fate), "device", device_json(r, run, found), "batch_size",
        found->batch_size, "loop_percent_per_1000", found->loop_percent, "device_percent_per_1000",
        found->device_percent, "dispatch", decision_json(&found->dispatch), "share_out",
        decision_json(&found->share_out), "memory", memory_json(found), "by_minute",
        minutes_json(found), "source_late_ms", found->source_late_ms, "device_late_ms",
        found->device_late_ms, "decoded_in_all", (json_int_t)found->decoded, "without_fate",
        (json_int_t)found->left, "fates_in_all", fates_json(found->ended));
    json_t *attack =
        r->attack_text
            ? json_pack("{s:f, s:f, s:f}", "times", (double)run->device.dearer, "worst_other_share",
                        found->worst_other, "attacker_share", found->share[0])
            : json_null();
    if (!object || !more || json_object_update(object, more) ||
        json_object_set(object, "attack", attack)) {
        json_decref(object);
        object = NULL;
    }
    json_decref(attack);
    json_decref(more);
    return object;
}

static void print_decision(const char *what, const struct vg_decision_cost *cost)
{
    (void)printf("%-34s %9lld %9s %9lld %9llu\n", what, (long long)cost->p50_us, "",
                 (long long)cost->p99_us, (unsigned long long)cost->count);
}

static void print_fates(const struct vg_scheduler_found *found)
{
    (void)printf("%s", _("pictures by fate"));
    for (int f = 0; f < VG_FATE_COUNT; f++)
        if (found->fate[f])
            (void)printf("  %s %llu", vg_fate_name((enum vg_fate)f),
                         (unsigned long long)found->fate[f]);
    (void)printf("\n");
}

static void print_table(const struct request *r, const struct vg_scheduler_run *run,
                        const struct vg_scheduler_found *found)
{
    (void)printf(_("%u flux at %.2f pictures a second, measured for %.0f s; a batch of n takes "
                   "%lld + n x %lld us, load %.2f\n"),
                 run->flux, run->wanted_fps, found->seconds, (long long)run->device.start_us,
                 (long long)run->device.job_us, r->load);
    (void)printf(_("rates reached: worst flux %.1f %% of what is wanted (f%u), mean %.1f %%, worst "
                   "in a minute %.1f %%\n"),
                 100 * found->worst_share, found->worst_flux, 100 * found->mean_share,
                 100 * found->worst_minute);
    if (r->attack_text)
        (void)printf(_("attack: f0 costs %u times as much and has %.1f %% of its rate; worst other "
                       "flux %.1f %%\n"),
                     run->device.dearer, 100 * found->share[0], 100 * found->worst_other);
    print_fates(found);
    (void)printf("%-34s %9s %9s %9s %9s\n", _("latency, ms"), "p50", "p95", "p99", _("count"));
    (void)printf("%-34s %9.1f %9.1f %9.1f %9llu\n", _("picture, due to rules"), found->due.p50_ms,
                 found->due.p95_ms, found->due.p99_ms, (unsigned long long)found->due.count);
    (void)printf("%-34s %9s %9s %9s %9s\n", _("a decision, us of processor"), "p50", "", "p99",
                 _("count"));
    print_decision(_("which batch"), &found->dispatch);
    print_decision(_("sharing out"), &found->share_out);
    (void)printf(_("own work for 1,000 pictures a second: loop %.2f %% of a core, device thread "
                   "%.2f %%\n"),
                 found->loop_percent, found->device_percent);
    (void)printf(_("%.2f pictures in a batch; the device is busy %.1f %% of the time\n"),
                 found->batch_size, 100 * found->device_busy);
    for (uint32_t i = 0; i < run->devices && run->devices > 1; i++)
        (void)printf(_("device %u: %llu pictures\n"), i, (unsigned long long)found->jobs[i]);
    (void)printf(_("own memory: %.1f MB, %+.2f MB an hour (95 %%: +-%.2f)\n"),
                 found->own_bytes / MB, found->own_drift.per_hour / MB,
                 found->own_drift.error / MB);
    if (found->minutes >= 3)
        (void)printf(_("from minute to minute, an hour (95 %%): worst share %+.4f (+-%.4f), p99 "
                       "%+.2f ms (+-%.2f)\n"),
                     found->share_drift.per_hour, found->share_drift.error,
                     found->p99_drift.per_hour, found->p99_drift.error);
    if (found->minutes >= 4)
        (void)printf(_("the machine's speed accounted for: p99 %+.2f ms (+-%.2f)\n"),
                     found->p99_at_speed.per_hour, found->p99_at_speed.error);
    (void)printf(
        _("longest due to rules %.1f ms; late by the bench itself: pictures up to %.1f ms, "
          "answers %.2f ms in the mean\n"),
        found->due_max_ms, found->source_late_ms, found->device_late_ms);
    if (found->left)
        (void)printf(_("%llu pictures met no fate\n"), (unsigned long long)found->left);
}

/* ---- the run ---- */

static enum vg_status measure(const struct request *r, struct vg_scheduler_run *run,
                              struct vg_fault *fault)
{
    struct vg_progress progress;
    struct vg_scheduler_found *found = vg_alloc(sizeof *found);
    if (!found)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "bench scheduler");
    vg_progress_init(&progress, stderr);
    progress.unit = VG_PROGRESS_SECONDS;
    run->look = vg_bench_show;
    run->user = &progress;
    enum vg_status status = vg_scheduler_run(run, found, fault);
    if (!status)
        vg_progress_end(&progress, _("measuring"), (uint64_t)found->seconds,
                        (uint64_t)run->measure_s);
    if (!status && r->as_json)
        status = vg_print_json(found_json(r, run, found), fault);
    else if (!status)
        print_table(r, run, found);
    if (!status && found->left)
        status = vg_fault_set(fault, VG_E_STATE, N_("pictures were lost without being counted"),
                              NULL, "%llu", (unsigned long long)found->left);
    vg_free(found);
    return status;
}

enum vg_status vg_bench_scheduler(int argc, char **argv, struct vg_fault *fault)
{
    struct request r = {.rate_text = "5",
                        .seconds_text = "60",
                        .settle_text = "10",
                        .load_text = "0.9",
                        .start_text = "1000",
                        .batch_text = "4",
                        .size_text = "176x144",
                        .workers_text = "0",
                        .devices_text = "1"};
    const struct vg_option options[] = {
        {"flux", "N", N_("flux, 1 to 200"), &r.flux_text, NULL},
        {"rate", "FPS", N_("pictures a second wanted of each; default 5"), &r.rate_text, NULL},
        {"seconds", "S", N_("measured time; default 60"), &r.seconds_text, NULL},
        {"settle", "S", N_("before it, once all are analysed; default 10"), &r.settle_text, NULL},
        {"load", "L", N_("share of the device's time that all flux want; default 0.9"),
         &r.load_text, NULL},
        {"start-us", "A", N_("what a batch takes beside its pictures; default 1000"), &r.start_text,
         NULL},
        {"job-us", "B", N_("what a picture takes; without it as the load says"), &r.job_text, NULL},
        {"batch", "M", N_("pictures in a batch at most; default 4"), &r.batch_text, NULL},
        {"attack", "K", N_("the first flux costs K times as much"), &r.attack_text, NULL},
        {"size", "WxH", N_("of the pictures; default 176x144, which cost the view check little"),
         &r.size_text, NULL},
        {"workers", "W", N_("threads of tracker and rules; default as in operation"),
         &r.workers_text, NULL},
        {"devices", "K", N_("timed devices; default 1"), &r.devices_text, NULL},
        {"json", NULL, N_("for machines"), NULL, &r.as_json},
    };
    const struct vg_usage usage = {"bench scheduler", "",
                                   N_("the scheduler on N synthetic flux and a timed device"),
                                   options, COUNT(options)};
    char scene[VG_LOAD_SCENE_SIZE];
    struct vg_text_buffer out;
    struct vg_scheduler_run run = {.scene = scene};
    int count = 0;
    vg_live_server_hold_signals();
    (void)setenv("VIGIE_LOG", "error", 0); /* that there is no Redis is known */
    vg_log_init("bench");
    vg_text_buffer_init(&out, scene, sizeof scene);
    vg_load_scene(1u << VG_EVENT_CROSSING | 1u << VG_EVENT_DENSITY, &out);
    enum vg_status status = vg_options_read(&usage, argc, argv, &count, fault);
    if (!status && (count > 0 || !r.flux_text))
        status = vg_fault_set(fault, VG_E_CALL, N_("wrong number of arguments"),
                              N_("see vigie help"), "vigie bench scheduler --flux N --rate FPS");
    if (!status)
        status = read_request(&r, &run, fault);
    return status ? status : measure(&r, &run, fault);
}
