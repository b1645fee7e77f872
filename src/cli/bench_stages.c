#include "src/cli/bench_stages.h"

#include <stdio.h>

#include "scheduler/chain.h"
#include "scheduler/decide_rate.h"
#include "scheduler/second_looks.h"
#include "src/base/alloc.h"
#include "src/base/clock.h"
#include "src/base/text.h"
#include "src/cli/cold_start.h"
#include "src/cli/engine_options.h"
#include "src/cli/options.h"
#include "src/cli/words.h"
#include "src/engine/map_flux.h"
#include "src/media/clip.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define RATE_FPS     5 /* of the analysis for which the share of a core is told */

enum stage {
    STAGE_DECODE, /* every picture that the clip has */
    STAGE_CONVERT,
    STAGE_PREPARE,
    STAGE_INFER,
    STAGE_LOOKS,
    STAGE_TRACK,
    STAGE_VIEW,
    STAGE_MAPS, /* those that the scene asks for, together */
    STAGE_MAPS_SMALL,
    STAGE_MAPS_GROUND,
    STAGE_MAPS_FLOW,
    STAGE_MAPS_FLAME,
    STAGE_RULES,
    STAGE_COUNT
};

static const char *const stage_name[STAGE_COUNT] = {
    "decode", "convert",    "prepare",     "infer",     "looks",      "track", "view",
    "maps",   "maps_small", "maps_ground", "maps_flow", "maps_flame", "rules"};

/* Of the maps each is timed on its own; the small pictures, which all of them begin with, alone. */
static const uint32_t maps_set[] = {0, VG_MAPS_GROUND, VG_MAPS_FLOW, VG_MAPS_FLAME};

struct request {
    const char *model, *scene, *rate_text, *device, *clip;
    bool as_json;
    double rate_fps;
};

struct stand {
    const struct request *request;
    struct vg_clip *clip;
    struct vg_model *model;
    struct vg_engine *engine;
    struct vg_scene *scene;
    struct vg_chain *chain;
    struct vg_view_lens *lens;
    struct vg_map_flux *each[COUNT(maps_set)];
    struct vg_map_flux *wanted; /* by the scene; NULL: none */
    struct vg_answer *answer, *looked;
    uint8_t *memory; /* of the picture */
    struct vg_picture picture;
    uint64_t decoded, analysed, looks;
    int64_t cpu_us[STAGE_COUNT]; /* of the whole process: only the stage runs */
    int64_t mark_us;
};

/* ---- running ---- */

static void begin(struct stand *s)
{
    s->mark_us = vg_cpu_time_us();
}

static void end(struct stand *s, enum stage stage)
{
    const int64_t now_us = vg_cpu_time_us();
    s->cpu_us[stage] += now_us - s->mark_us;
    s->mark_us = now_us;
}

/* The device's work of a batch, in the parts that its own clock tells. */
static enum vg_status infer(struct stand *s, struct vg_fault *fault)
{
    const struct vg_job job = {
        .picture = &s->picture, .threshold = VG_CHAIN_THRESHOLD, .nms = VG_CHAIN_NMS};
    begin(s);
    const enum vg_status status = vg_engine_run(s->engine, &job, 1, s->answer, fault);
    const int64_t spent_us = vg_cpu_time_us() - s->mark_us;
    const struct vg_engine_times t = vg_engine_last_times(s->engine);
    const int64_t all_us = t.prepare_us + t.infer_us + t.boxes_us + t.maps_us;
    const int64_t prepare_us = all_us > 0 ? spent_us * t.prepare_us / all_us : 0;
    s->cpu_us[STAGE_PREPARE] += prepare_us;
    s->cpu_us[STAGE_INFER] += spent_us - prepare_us;
    return status;
}

static enum vg_status look_again(struct stand *s, struct vg_look_answer *given, uint32_t *count,
                                 struct vg_fault *fault)
{
    struct vg_second_looks looks;
    struct vg_job job[VG_LOOKS_MAX];
    const struct vg_look_wish *wishes;
    begin(s);
    const uint32_t wished = vg_chain_wishes(s->chain, &s->picture, &wishes);
    vg_second_looks_ask(&looks, wishes, wished, &s->picture, VG_LOOKS_MAX, job);
    enum vg_status status = VG_OK;
    if (looks.count)
        status = vg_engine_run(s->engine, job, looks.count, s->looked, fault);
    vg_second_looks_take(&looks, s->looked, given);
    end(s, STAGE_LOOKS);
    *count = looks.count;
    s->looks += looks.count;
    return status;
}

static void look_at_view(struct stand *s, struct vg_media_time media, uint32_t fps_milli)
{
    struct vg_flux_view *view = vg_chain_view(s->chain);
    const struct vg_flux_look look = {
        .picture = &s->picture, .lens = s->lens, .media = media, .fps_milli = fps_milli};
    begin(s);
    if (vg_flux_view_due(view, media))
        vg_flux_view_look(view, &look);
    end(s, STAGE_VIEW);
}

/* What the maps take beyond the staging of the picture, which is the net's too. */
static enum vg_status time_maps(struct stand *s, struct vg_map_flux *maps,
                                struct vg_media_time media, enum stage stage,
                                struct vg_fault *fault)
{
    struct vg_job job = {.picture = &s->picture, .time = media};
    begin(s);
    enum vg_status status = vg_engine_make_maps(s->engine, &job, 1, fault);
    s->cpu_us[stage] -= vg_cpu_time_us() - s->mark_us;
    job.maps = maps;
    begin(s);
    if (!status)
        status = vg_engine_make_maps(s->engine, &job, 1, fault);
    end(s, stage);
    return status;
}

/* Each map by itself, then those of the scene, for its rules. */
static enum vg_status make_maps(struct stand *s, struct vg_media_time media,
                                const struct vg_maps **maps, struct vg_fault *fault)
{
    enum vg_status status = VG_OK;
    *maps = NULL;
    for (size_t i = 0; i < COUNT(maps_set) && s->each[i] && !status; i++)
        status = time_maps(s, s->each[i], media, (enum stage)(STAGE_MAPS_SMALL + i), fault);
    if (status || !s->wanted)
        return status;
    status = time_maps(s, s->wanted, media, STAGE_MAPS, fault);
    if (!status)
        *maps = vg_map_flux_maps(s->wanted, 0);
    return status;
}

static enum vg_status follow(struct stand *s, const struct vg_clip_picture *about,
                             struct vg_fault *fault)
{
    struct vg_look_answer looks[VG_LOOKS_MAX];
    struct vg_chain_input input = {
        .detections = s->answer->detection,
        .detection_count = s->answer->count,
        .width = s->picture.width,
        .height = s->picture.height,
        .epoch = about->epoch,
        .source_fps_milli = vg_clip_about(s->clip).fps_milli,
        .looks = looks,
        .moment = {.media = about->media},
    };
    struct vg_chain_output seen;
    enum vg_status status = look_again(s, looks, &input.look_count, fault);
    if (status)
        return status;
    begin(s);
    vg_chain_track(s->chain, &input, &seen);
    end(s, STAGE_TRACK);
    look_at_view(s, about->media, input.source_fps_milli);
    status = make_maps(s, about->media, &input.maps, fault);
    begin(s);
    vg_chain_judge(s->chain, &input, &seen); /* without the picture: view and maps are made */
    end(s, STAGE_RULES);
    return status;
}

static enum vg_status analyse(struct stand *s, const struct vg_clip_picture *about,
                              struct vg_fault *fault)
{
    const struct vg_clip_about first = vg_clip_about(s->clip);
    const struct vg_pixels pixels = vg_pixels_over(s->memory, first.width, first.height);
    if (about->width != first.width || about->height != first.height)
        return VG_OK; /* the times are those of one size */
    begin(s);
    if (vg_clip_convert(s->clip, &pixels, &s->picture))
        return VG_OK;
    end(s, STAGE_CONVERT);
    s->analysed++;
    const enum vg_status status = infer(s, fault);
    return status ? status : follow(s, about, fault);
}

static enum vg_status run_clip(struct stand *s, struct vg_fault *fault)
{
    const double floor_fps = s->scene ? (double)vg_scene_floor_fps(s->scene) : 0;
    const double wanted_fps = s->request->rate_fps; /* 0: every one */
    struct vg_rate rate =
        vg_rate_of(wanted_fps > 0 ? vg_rate_choose(wanted_fps, floor_fps, 0) : wanted_fps);
    struct vg_clip_picture about;
    for (;;) {
        begin(s);
        enum vg_status status = vg_clip_next(s->clip, &about, fault);
        end(s, STAGE_DECODE);
        if (status)
            return status == VG_E_END ? VG_OK : status;
        s->decoded++;
        if (!about.corrupt && vg_rate_wants(&rate, about.media.us))
            status = analyse(s, &about, fault);
        if (status)
            return status;
    }
}

/* ---- telling ---- */

/* What a map costs beyond the small pictures; no time is less than nothing, however short. */
static void part_maps(struct stand *s)
{
    for (size_t i = 1; i < COUNT(maps_set); i++)
        s->cpu_us[STAGE_MAPS_SMALL + i] -= s->cpu_us[STAGE_MAPS_SMALL];
    for (int i = 0; i < STAGE_COUNT; i++)
        if (s->cpu_us[i] < 0)
            s->cpu_us[i] = 0;
}

/* How often a second the stage runs for a flux that is analysed at RATE_FPS: all that the camera
 * sends is decoded. */
static double runs_per_s(const struct stand *s, enum stage stage)
{
    const uint32_t source_milli = vg_clip_about(s->clip).fps_milli;
    return stage == STAGE_DECODE && source_milli ? (double)source_milli / 1000 : RATE_FPS;
}

static enum vg_status report(const struct stand *s, struct vg_fault *fault)
{
    const struct request *r = s->request;
    json_t *stages = json_object();
    if (!r->as_json)
        (void)printf(_("%s: %llu pictures decoded, %llu analysed, %llu second looks, %s\n"),
                     r->clip, (unsigned long long)s->decoded, (unsigned long long)s->analysed,
                     (unsigned long long)s->looks, vg_engine_device_name(s->engine));
    for (int i = 0; i < STAGE_COUNT; i++) {
        const uint64_t pictures = i == STAGE_DECODE ? s->decoded : s->analysed;
        const double us = pictures ? (double)s->cpu_us[i] / (double)pictures : 0;
        const double percent = us * runs_per_s(s, (enum stage)i) / (double)VG_US_PER_S * 100;
        if (!r->as_json)
            (void)printf(
                _("%-12s %10.1f us a picture, %7.2f %% of a core at 5 analysed a second\n"),
                stage_name[i], us, percent);
        (void)json_object_set_new(
            stages, stage_name[i],
            json_pack("{s:f, s:f}", "us_per_picture", us, "core_percent_at_5fps", percent));
    }
    if (!r->as_json) {
        json_decref(stages);
        return VG_OK;
    }
    return vg_print_json(json_pack("{s:o, s:s, s:s, s:s, s:I, s:I, s:I}", "stages", stages, "clip",
                                   r->clip, "model", s->model->name, "device",
                                   vg_engine_device_name(s->engine), "decoded",
                                   (json_int_t)s->decoded, "analysed", (json_int_t)s->analysed,
                                   "looks", (json_int_t)s->looks),
                         fault);
}

/* ---- life ---- */

static enum vg_status open_engine(struct stand *s, struct vg_fault *fault)
{
    const struct vg_clip_about about = vg_clip_about(s->clip);
    struct vg_engine_settings settings = vg_engine_defaults();
    struct vg_cold_start start;
    settings.device = s->request->device;
    settings.batch_max = VG_LOOKS_MAX;
    settings.outputs = VG_OUTPUTS_NEEDED;
    settings.maps = VG_ENGINE_MAPS_MADE;
    settings.picture_width_max = about.width;
    settings.picture_height_max = about.height;
    vg_cold_start_init(&start);
    settings.listener = &start.listener;
    const enum vg_status status = vg_engine_open(&s->engine, s->model, &settings, fault);
    vg_cold_start_end(&start);
    return status;
}

static enum vg_status open_memory(struct stand *s, struct vg_fault *fault)
{
    const struct vg_clip_about about = vg_clip_about(s->clip);
    const uint32_t set = vg_watcher_maps(s->scene);
    s->memory = vg_alloc(vg_pixels_bytes(about.width, about.height));
    s->answer = vg_alloc(sizeof *s->answer);
    s->looked = vg_alloc_array(VG_LOOKS_MAX, sizeof *s->looked);
    enum vg_status status = s->memory && s->answer && s->looked ? VG_OK : VG_E_MEMORY;
    struct vg_map_device *device = vg_engine_maps(s->engine); /* NULL: no times of maps */
    for (size_t i = 0; i < COUNT(maps_set) && !status && device; i++)
        status = vg_map_flux_open(&s->each[i], device, maps_set[i], 1);
    if (!status && set && device)
        status = vg_map_flux_open(&s->wanted, device, set, 1);
    if (!status)
        status = vg_view_lens_open(&s->lens);
    if (!status)
        status = vg_chain_open(&s->chain, s->scene, VG_CHAIN_TAKES_MAPS);
    return status
               ? vg_fault_set(fault, status, vg_status_text(status), NULL, "%s", s->request->clip)
               : VG_OK;
}

static void close_all(struct stand *s)
{
    for (size_t i = 0; i < COUNT(maps_set); i++)
        vg_map_flux_close(&s->each[i]);
    vg_map_flux_close(&s->wanted);
    vg_chain_close(&s->chain);
    vg_view_lens_close(&s->lens);
    vg_scene_close(&s->scene);
    vg_engine_close(&s->engine);
    vg_model_close(&s->model);
    vg_clip_close(&s->clip);
    vg_free(s->memory);
    vg_free(s->answer);
    vg_free(s->looked);
    vg_free(s);
}

static enum vg_status run(const struct request *r, struct vg_fault *fault)
{
    struct stand *s = vg_alloc(sizeof *s);
    if (!s)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "bench stages");
    s->request = r;
    enum vg_status status = vg_clip_open(&s->clip, r->clip, fault);
    if (!status && r->scene)
        status = vg_scene_open(r->scene, &s->scene, fault);
    if (!status)
        status = vg_model_find(r->model, &s->model, fault);
    if (!status)
        status = open_engine(s, fault);
    if (!status)
        status = open_memory(s, fault);
    if (!status)
        status = run_clip(s, fault);
    part_maps(s);
    if (!status)
        status = report(s, fault);
    close_all(s);
    return status;
}

enum vg_status vg_bench_stages(int argc, char **argv, struct vg_fault *fault)
{
    struct request r = {.rate_text = "5"};
    const struct vg_option options[] = {
        {"model", "M", N_("name or file of the model"), &r.model, NULL},
        {"scene", "FILE", N_("whose rules are watched; without it tracks alone"), &r.scene, NULL},
        {"rate", "FPS", N_("pictures analysed per second of the clip (5; 0: every one)"),
         &r.rate_text, NULL},
        vg_engine_row_device(&r.device),
        {"json", NULL, N_("for machines"), NULL, &r.as_json},
    };
    const struct vg_usage usage = {
        "bench stages", "CLIP",
        N_("what each stage of a picture takes of the processor, from decoder to rules"), options,
        COUNT(options)};
    int count = 0;
    enum vg_status status = vg_options_read(&usage, argc, argv, &count, fault);
    if (!status && (count != 1 || !r.model))
        status = vg_fault_set(fault, VG_E_CALL, N_("wrong number of arguments"),
                              N_("see vigie help"), "vigie bench stages --model M CLIP");
    r.clip = argv[1];
    if (!status)
        status = vg_option_number("rate", r.rate_text, 0, 120, &r.rate_fps, fault);
    return status ? status : run(&r, fault);
}
