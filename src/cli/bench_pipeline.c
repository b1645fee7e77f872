#include "src/cli/bench_pipeline.h"

#include <libavcodec/avcodec.h>
#include <stdio.h>
#include <string.h>

#include "bench/load_profile.h"
#include "models/model.h"
#include "scheduler/decide_rate.h"
#include "src/base/alloc.h"
#include "src/base/clock.h"
#include "src/base/file.h"
#include "src/base/progress.h"
#include "src/base/text.h"
#include "src/cli/bench_model.h"
#include "src/cli/engine_options.h"
#include "src/cli/options.h"
#include "src/cli/words.h"
#include "src/media/source.h"
#include "src/scene/scene.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define FLUX_MAX     200
#define SCENE_LIMIT  (1u << 20)

struct request {
    const char *flux_text, *rate_text, *open_text, *settle_text, *seconds_text;
    const char *clip, *rtsp, *scene, *model, *precision, *device;
    bool as_json;
    double flux, rate_fps, wanted_fps;
    struct vg_clip_facts source; /* zero for RTSP */
    char *scene_text;            /* given */
    char found[VG_MODEL_NAME_SIZE];
};

/* ---- what is asked ---- */

enum vg_status vg_clip_facts_read(struct vg_clip_facts *facts, const char *path,
                                  struct vg_fault *fault)
{
    struct vg_source *source = NULL;
    struct vg_source_settings settings = vg_source_defaults();
    settings.kind = VG_SOURCE_CLIP;
    settings.url = path;
    *facts = (struct vg_clip_facts){.width = 0};
    const enum vg_status status = vg_source_open(&source, &settings, fault);
    if (status)
        return status;
    const struct vg_source_about about = vg_source_about(source);
    const AVCodecParameters *codec = about.codec;
    (void)snprintf(facts->codec, sizeof facts->codec, "%s", avcodec_get_name(codec->codec_id));
    facts->width = codec->width > 0 ? (uint32_t)codec->width : 0;
    facts->height = codec->height > 0 ? (uint32_t)codec->height : 0;
    facts->fps = (double)about.fps_milli / 1000;
    facts->seconds = (double)about.duration_us / (double)VG_US_PER_S;
    vg_source_close(&source);
    return VG_OK;
}

enum vg_status vg_wanted_fps(const char *name, const char *scene_text, double rate_fps,
                             double source_fps, double *wanted_fps, struct vg_fault *fault)
{
    struct vg_scene *scene = NULL;
    const enum vg_status status =
        vg_scene_parse(name, scene_text, strlen(scene_text), &scene, fault);
    if (!status)
        *wanted_fps = vg_rate_choose(rate_fps, (double)vg_scene_floor_fps(scene), source_fps);
    vg_scene_close(&scene);
    return status;
}

static enum vg_status read_numbers(struct request *r, struct vg_pipeline_run *run,
                                   struct vg_fault *fault)
{
    enum vg_status status = vg_option_count("flux", r->flux_text, 1, FLUX_MAX, &r->flux, fault);
    if (!status)
        status = vg_option_number("rate", r->rate_text, 0.1, 25, &r->rate_fps, fault);
    if (!status)
        status = vg_option_number("open", r->open_text, 1, 3600, &run->open_s, fault);
    if (!status)
        status = vg_option_number("settle", r->settle_text, 0, 3600, &run->settle_s, fault);
    if (!status)
        status = vg_option_number("seconds", r->seconds_text, 2, 86400, &run->measure_s, fault);
    return status;
}

static enum vg_status read_scene(struct request *r, struct vg_fault *fault)
{
    char text[VG_LOAD_SCENE_SIZE];
    uint8_t *given = NULL;
    size_t size = 0;
    struct vg_text_buffer out;
    enum vg_status status = VG_OK;
    vg_text_buffer_init(&out, text, sizeof text);
    vg_load_scene(vg_load_profile_defaults().class[0].events, &out);
    if (r->scene)
        status = vg_file_read(r->scene, SCENE_LIMIT, &given, &size, fault);
    r->scene_text = r->scene ? (char *)given : vg_alloc_text(text);
    if (!status && !r->scene_text)
        status = vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "bench pipeline");
    return status;
}

/* Reads all, so that what is wrong is refused before anything starts. */
static enum vg_status prepare(struct request *r, struct vg_pipeline_run *run,
                              struct vg_fault *fault)
{
    enum vg_status status = read_numbers(r, run, fault);
    if (!status && r->clip)
        status = vg_clip_facts_read(&r->source, r->clip, fault);
    if (!status)
        status = read_scene(r, fault);
    if (!status)
        status = vg_wanted_fps(r->scene ? r->scene : "bench", r->scene_text, r->rate_fps,
                               r->source.fps, &r->wanted_fps, fault);
    const struct vg_bench_wish wish = {r->model, r->precision, r->device};
    if (!status)
        status = vg_bench_model(&wish, r->found, fault);
    run->server.flux = (uint32_t)r->flux;
    run->server.model = r->found;
    run->server.precision = r->precision;
    run->server.device = r->device;
    for (uint32_t i = 0; i < run->server.flux && !status; i++)
        run->server.from[i] = (struct vg_load_flux){.clip = r->clip,
                                                    .clip_s = r->source.seconds,
                                                    .url = r->rtsp,
                                                    .scene = r->scene_text,
                                                    .rate_fps = r->rate_fps,
                                                    .wanted_fps = r->wanted_fps};
    return status;
}

/* ---- telling ---- */

json_t *vg_pipeline_latency_json(const struct vg_hold_latency *latency)
{
    return json_pack("{s:f, s:f, s:f}", "p50", latency->p50_ms, "p95", latency->p95_ms, "p99",
                     latency->p99_ms);
}

json_t *vg_pipeline_lacks_json(const struct vg_hold *hold)
{
    json_t *lacks = json_array();
    for (int i = 0; i < VG_HOLD_LACKS; i++)
        if (hold->lacks >> i & 1)
            (void)json_array_append_new(lacks, json_string(vg_hold_lack_name(i)));
    return lacks;
}

static json_t *drops_json(const struct vg_hold *hold)
{
    json_t *drops = json_object();
    for (int f = 0; f < VG_FATE_COUNT; f++)
        if (f != VG_FATE_ANALYSED)
            (void)json_object_set_new(drops, vg_fate_name((enum vg_fate)f),
                                      json_integer((json_int_t)hold->drops[f]));
    return drops;
}

static json_t *minutes_json(const struct vg_hold *hold)
{
    json_t *minutes = json_array();
    for (uint32_t i = 0; i < hold->minute_count; i++)
        (void)json_array_append_new(minutes,
                                    json_pack("{s:f, s:f}", "seconds", hold->minute[i].seconds,
                                              "worst_share", hold->minute[i].worst_share));
    return minutes;
}

static json_t *source_json(const struct request *r)
{
    if (!r->clip || r->rtsp)
        return json_pack("{s:s}", "kind", "rtsp"); /* no address: it may be a camera's */
    return json_pack("{s:s, s:s, s:i, s:i, s:f, s:f}", "kind", "file", "codec", r->source.codec,
                     "width", (int)r->source.width, "height", (int)r->source.height, "fps",
                     r->source.fps, "seconds", r->source.seconds);
}

static json_t *measure_json(const struct request *r, const struct vg_hold *hold,
                            const struct vg_pipeline_cost *cost)
{
    json_t *object =
        json_pack("{s:i, s:f, s:f, s:o, s:o, s:f, s:f}", "flux", (int)hold->flux, "wanted_fps",
                  hold->wanted_fps[0], "worst_flux_fps", hold->worst_flux_fps, "latency_ms",
                  vg_pipeline_latency_json(vg_hold_latency(hold)), "drops", drops_json(hold),
                  "rss_mb", (double)cost->resident_bytes / 1e6, "cpu_cores", cost->cpu_cores);
    json_t *more = json_pack(
        "{s:b, s:o, s:s, s:o, s:o, s:o, s:I, s:I, s:I, s:f, s:f, s:f, s:o, s:i, s:f, s:f, s:o}",
        "held", hold->lacks == 0, "lacks", vg_pipeline_lacks_json(hold), "latency_of",
        vg_hold_of_alerts(hold) ? "alerts" : "pictures", "picture_latency_ms",
        vg_pipeline_latency_json(&hold->rules), "due_latency_ms",
        vg_pipeline_latency_json(&hold->due), "alert_latency_ms",
        hold->redis.count ? vg_pipeline_latency_json(&hold->redis) : json_null(), "alerts",
        (json_int_t)hold->alerts, "alerts_refused", (json_int_t)hold->alerts_refused, "analysed",
        (json_int_t)hold->analysed, "unanalysed_share", hold->unanalysed_share, "mean_flux_fps",
        hold->mean_flux_fps, "seconds", hold->seconds, "minutes", minutes_json(hold), "opened",
        (int)cost->opened, "opened_s", cost->opened_s, "batch_size", cost->batch_size, "admitted",
        cost->admitted ? json_integer(cost->admitted) : json_null());
    json_t *about = json_pack("{s:s, s:s, s:s, s:o}", "model", r->found, "precision",
                              r->precision ? r->precision : "auto", "scene",
                              r->scene ? r->scene : "five events", "source", source_json(r));
    if (object && (!more || !about || json_object_update(object, more) != 0 ||
                   json_object_update(object, about) != 0)) {
        json_decref(object);
        object = NULL;
    }
    json_decref(more);
    json_decref(about);
    return object;
}

static void print_drops(const struct vg_hold *hold)
{
    (void)printf("%s", _("pictures not analysed"));
    for (int f = 0; f < VG_FATE_COUNT; f++)
        if (hold->drops[f])
            (void)printf("  %s %llu", vg_fate_name((enum vg_fate)f),
                         (unsigned long long)hold->drops[f]);
    (void)printf("\n");
}

static void print_latency(const char *what, const struct vg_hold_latency *latency)
{
    if (latency->count)
        (void)printf("%-34s %9.1f %9.1f %9.1f %9llu\n", what, latency->p50_ms, latency->p95_ms,
                     latency->p99_ms, (unsigned long long)latency->count);
}

static void print_table(const struct vg_hold *hold, const struct vg_pipeline_cost *cost)
{
    double worst = hold->minute_count ? hold->minute[0].worst_share : 0;
    for (uint32_t i = 1; i < hold->minute_count; i++)
        worst = hold->minute[i].worst_share < worst ? hold->minute[i].worst_share : worst;
    (void)printf(_("%u flux at %.2f pictures a second, measured for %.0f s: %s\n"), hold->flux,
                 hold->wanted_fps[0], hold->seconds, hold->lacks ? _("not held") : _("held"));
    (void)printf(_("worst flux: %.2f a second (mean %.2f); in its worst minute %.1f %% of what is "
                   "wanted (95 %% is)\n"),
                 hold->worst_flux_fps, hold->mean_flux_fps, 100 * worst);
    (void)printf(_("wanted pictures not analysed: %.3f %% (at most 0.1 %%)\n"),
                 100 * hold->unanalysed_share);
    print_drops(hold);
    (void)printf("%-34s %9s %9s %9s %9s\n", _("latency, ms"), "p50", "p95", "p99", _("count"));
    print_latency(_("picture, arrival to rules"), &hold->rules);
    print_latency(_("picture, due to rules"), &hold->due);
    print_latency(_("alert, arrival to Redis"), &hold->redis);
    (void)printf(_("processor: %.2f cores; memory: %.0f MB; %.1f pictures in a batch\n"),
                 cost->cpu_cores, (double)cost->resident_bytes / 1e6, cost->batch_size);
    if (cost->opened < hold->flux)
        (void)printf(_("%u flux of %u had no picture analysed when the measure began\n"),
                     hold->flux - cost->opened, hold->flux);
}

/* ---- the run ---- */

void vg_bench_show(void *user, const char *what, double done_s, double of_s)
{
    vg_progress_show(user, vg_text(what), (uint64_t)done_s, (uint64_t)of_s);
}

static enum vg_status measure(const struct request *r, struct vg_pipeline_run *run,
                              struct vg_fault *fault)
{
    struct vg_pipeline_cost cost;
    struct vg_progress progress;
    struct vg_hold *hold = vg_alloc(sizeof *hold);
    if (!hold)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "bench pipeline");
    vg_progress_init(&progress, stderr);
    progress.unit = VG_PROGRESS_SECONDS;
    run->look = vg_bench_show;
    run->user = &progress;
    enum vg_status status = vg_pipeline_run(run, hold, &cost, fault);
    if (!status)
        vg_progress_end(&progress, _("measuring"), (uint64_t)hold->seconds,
                        (uint64_t)run->measure_s);
    if (!status && r->as_json)
        status = vg_print_json(measure_json(r, hold, &cost), fault);
    else if (!status)
        print_table(hold, &cost);
    vg_free(hold);
    return status;
}

static enum vg_status run(struct request *r, struct vg_fault *fault)
{
    struct vg_pipeline_run *run = vg_alloc(sizeof *run);
    if (!run)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "bench pipeline");
    enum vg_status status = prepare(r, run, fault);
    if (!status)
        status = measure(r, run, fault);
    vg_free(r->scene_text);
    vg_free(run);
    return status;
}

enum vg_status vg_bench_pipeline(int argc, char **argv, struct vg_fault *fault)
{
    struct request r = {.rate_text = "5",
                        .open_text = "180",
                        .settle_text = "20",
                        .seconds_text = "60",
                        .model = "nanodet-g"};
    const struct vg_option options[] = {
        {"flux", "N", N_("flux, 1 to 200"), &r.flux_text, NULL},
        {"rate", "FPS", N_("pictures a second wanted of each; default 5"), &r.rate_text, NULL},
        {"seconds", "S", N_("measured time; default 60"), &r.seconds_text, NULL},
        {"settle", "S", N_("before it, once all are analysed; default 20"), &r.settle_text, NULL},
        {"open", "S", N_("how long to wait until all are analysed; default 180"), &r.open_text,
         NULL},
        {"rtsp", "URL", N_("flux from there instead of the clip; {} is the number of each"),
         &r.rtsp, NULL},
        {"model", "M", N_("name of the model; default nanodet-g"), &r.model, NULL},
        {"precision", "P",
         N_("f32, f16, auto (default) or int8, for which MODEL-int8 is taken where M has no 8-bit "
            "form"),
         &r.precision, NULL},
        {"scene", "FILE", N_("whose rules are watched; without it five events"), &r.scene, NULL},
        vg_engine_row_device(&r.device),
        {"json", NULL, N_("for machines"), NULL, &r.as_json},
    };
    const struct vg_usage usage = {"bench pipeline", "CLIP",
                                   N_("runs the whole server on N live flux and measures it"),
                                   options, COUNT(options)};
    int count = 0;
    vg_live_server_hold_signals();
    enum vg_status status = vg_options_read(&usage, argc, argv, &count, fault);
    if (!status && (count > 1 || (count == 0 && !r.rtsp) || !r.flux_text))
        status =
            vg_fault_set(fault, VG_E_CALL, N_("wrong number of arguments"), N_("see vigie help"),
                         "vigie bench pipeline --flux N --rate FPS CLIP");
    r.clip = count ? argv[1] : NULL;
    return status ? status : run(&r, fault);
}
