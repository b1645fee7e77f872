#include "src/cli/batch_clip.h"

#include <stdio.h>
#include <string.h>

#include "scheduler/chain.h"
#include "scheduler/decide_rate.h"
#include "scheduler/second_looks.h"
#include "src/alerts/alert_json.h"
#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/progress.h"
#include "src/base/text.h"
#include "src/base/version.h"
#include "src/cli/batch_coverage.h"
#include "src/cli/batch_gate.h"
#include "src/cli/batch_heat.h"
#include "src/cli/batch_video.h"
#include "src/engine/map_flux.h"
#include "src/media/clip.h"

struct room { /* one picture of the batch */
    uint8_t *memory;
    size_t bytes;
    struct vg_picture picture;
    struct vg_clip_picture about;
};

/* What became of the pictures since the last flush: their coverage waits for the looks at those
 * that are kept. Full: the batch is flushed early. */
#define COVERS_MAX 512

struct run {
    const struct vg_batch_settings *settings;
    const char *path;
    uint8_t digest[VG_SHA256_BYTES];
    struct vg_clip *clip;
    struct vg_map_flux *maps; /* NULL: the chain makes what its rules look at */
    struct vg_chain *chain;
    struct vg_batch_files *files;
    struct vg_batch_video *video;
    struct vg_batch_heat *heat; /* NULL: not wanted */
    struct vg_batch_gate *gate; /* NULL: all pictures are detected */
    struct vg_rate rate;
    struct vg_batch_coverage coverage;
    struct vg_progress progress;
    uint64_t total; /* pictures, by the file's head */
    struct vg_mono_time start;
    struct room room[VG_BATCH_PICTURES];
    struct vg_batch_cover cover[COVERS_MAX];
    uint32_t covers;
    struct vg_view_lens *lens;
    enum vg_coverage_view view; /* as of the last picture that was followed */
    uint32_t count;             /* rooms filled */
    struct vg_answer *answer;   /* 2 * VG_BATCH_PICTURES: tracked, then written */
    struct vg_answer *looked;   /* VG_LOOKS_MAX, of second looks; NULL: the scene wishes for none */
    char json[VG_ALERT_JSON_MAX];
    char model[VG_ALERT_MODEL_TEXT];
    struct vg_batch_result *result;
    struct vg_fault *fault;
};

static bool wants(const struct run *run, enum vg_batch_file file)
{
    return run->settings->files >> file & 1;
}

/* detections.csv asks for another suppression than the tracker: then each picture is two jobs. */
static bool writes_other_boxes(const struct run *run)
{
    const struct vg_batch_settings *s = run->settings;
    return wants(run, VG_BATCH_DETECTIONS) && (s->nms > VG_CHAIN_NMS || s->nms < VG_CHAIN_NMS);
}

/* How often a picture is looked at, as far as it is known. */
static int64_t period_us(const struct run *run)
{
    const uint32_t fps_milli = vg_clip_about(run->clip).fps_milli;
    const int64_t source_us = fps_milli ? 1000 * VG_US_PER_S / fps_milli : 0;
    return run->rate.period_us > source_us ? run->rate.period_us : source_us;
}

/* Whether the one picture of the batch takes over the answers of the one before, which still stand. */
static bool is_still(struct run *run)
{
    const struct room *room = &run->room[0];
    const bool still =
        run->gate && vg_batch_gate_look(run->gate, &room->picture, room->about.epoch,
                                        room->about.media, period_us(run)) == VG_GATE_STILL;
    run->result->still += still;
    return still;
}

/* With one suppression for both, one job at the lower threshold serves both: a weaker box never
 * suppresses a stronger one, and what finds no room is always the weakest. */
static enum vg_status run_batch(struct run *run)
{
    struct vg_job job[2 * VG_BATCH_PICTURES];
    const struct vg_batch_settings *s = run->settings;
    const bool both = writes_other_boxes(run);
    const bool low = wants(run, VG_BATCH_DETECTIONS) && s->threshold < VG_CHAIN_THRESHOLD;
    const uint32_t jobs = both ? 2 * run->count : run->count;
    for (uint32_t i = 0; i < jobs; i++) {
        const bool written = i >= run->count || (low && !both);
        job[i] = (struct vg_job){
            .picture = &run->room[i % run->count].picture,
            .threshold = written ? s->threshold : VG_CHAIN_THRESHOLD,
            .nms = written ? s->nms : VG_CHAIN_NMS,
            .maps = i < run->count ? run->maps : NULL,
            .time = run->room[i % run->count].about.media,
        };
    }
    if (is_still(run))
        return VG_OK;
    const enum vg_status status = vg_look_run(s->look, job, jobs, run->answer, run->fault);
    if (!status && run->gate)
        vg_batch_gate_keep(run->gate, &run->answer[0]);
    return status;
}

static void write_detections(struct run *run, uint32_t at)
{
    if (!wants(run, VG_BATCH_DETECTIONS))
        return;
    const struct vg_answer *answer = &run->answer[writes_other_boxes(run) ? run->count + at : at];
    for (uint32_t i = 0; i < answer->count; i++)
        if (answer->detection[i].score >= run->settings->threshold)
            vg_batch_write_detection(run->files, run->room[at].about.sequence + 1,
                                     &answer->detection[i]);
}

static enum vg_status write_alert(struct run *run, const struct vg_alert *alert,
                                  const struct vg_chain_input *input)
{
    char id[VG_ULID_TEXT], key[VG_ALERT_KEY_TEXT];
    size_t size;
    vg_alert_batch_id(run->digest, alert, run->settings->scene, id);
    const struct vg_alert_context context = {
        .id = id,
        .flux = run->path,
        .software = vg_version(),
        .model = run->model,
        .plan = vg_engine_plan_hash(run->settings->look->engine),
        .phase = "operational",
        .wall_known = input->moment.wall_known,
        .wall = input->moment.wall,
        .width = input->width,
        .height = input->height,
        .latency_ms = -1,
    };
    const enum vg_status status = vg_alert_json(alert, run->settings->scene, &context, run->json,
                                                sizeof run->json, &size, key);
    if (status)
        return vg_fault_set(run->fault, status, N_("the alert cannot be written"), NULL, "%s",
                            run->path);
    vg_batch_write_line(run->files, VG_BATCH_ALERTS, run->json);
    run->result->alerts++;
    return VG_OK;
}

/* The second looks that the picture before asks for: only now is it known which. They are a run of
 * the engine of their own; given: room for VG_LOOKS_MAX. */
static enum vg_status look_again(struct run *run, const struct room *room,
                                 struct vg_look_answer *given, uint32_t *count)
{
    struct vg_second_looks looks;
    struct vg_job job[VG_LOOKS_MAX];
    *count = 0;
    if (!run->looked)
        return VG_OK;
    const struct vg_look_wish *wishes;
    const uint32_t wished = vg_chain_wishes(run->chain, &room->picture, &wishes);
    vg_second_looks_ask(&looks, wishes, wished, &room->picture, VG_LOOKS_MAX, job);
    if (!looks.count)
        return VG_OK;
    const enum vg_status status =
        vg_look_run_parts(run->settings->look, job, looks.count, run->looked, run->fault);
    vg_second_looks_take(&looks, run->looked, given);
    *count = status ? 0 : looks.count;
    return status;
}

/* Those that came with the answer; where the device has failed in making them, the chain makes them
 * from here on. */
static enum vg_status maps_of(struct run *run, uint32_t at, const struct vg_maps **maps)
{
    *maps = run->maps ? vg_map_flux_maps(run->maps, at) : NULL;
    return run->maps && !*maps ? vg_chain_make_maps(run->chain) : VG_OK;
}

/* Tracker, events and rules of one answered picture, and all that is written of it. */
static enum vg_status follow(struct run *run, uint32_t at)
{
    const struct room *room = &run->room[at];
    const struct vg_explainer explainer = vg_batch_explainer(run->files);
    struct vg_look_answer looks[VG_LOOKS_MAX];
    const struct vg_maps *maps = NULL;
    enum vg_status status = maps_of(run, at, &maps);
    if (status)
        return status;
    struct vg_chain_input input = {
        .detections = run->answer[at].detection,
        .detection_count = run->answer[at].count,
        .width = room->picture.width,
        .height = room->picture.height,
        .epoch = room->about.epoch,
        .picture = &room->picture,
        .lens = run->lens,
        .source_fps_milli = vg_clip_about(run->clip).fps_milli,
        .maps = maps,
        .looks = looks,
        .known = vg_model_classes(run->settings->model),
        .moment = {.media = room->about.media,
                   .wall_known = run->settings->wall_known,
                   .wall = {run->settings->start.us + room->about.media.us},
                   .explainer = run->settings->explain ? &explainer : NULL},
    };
    struct vg_chain_output seen;
    while (input.detection_count > 0 && /* falling scores: the tail is only for detections.csv */
           input.detections[input.detection_count - 1].score < VG_CHAIN_THRESHOLD)
        input.detection_count--;
    status = look_again(run, room, looks, &input.look_count);
    if (status)
        return status;
    write_detections(run, at);
    vg_batch_explain_at(run->files, run->settings->scene, room->about.media);
    vg_chain_track(run->chain, &input, &seen);
    vg_chain_judge(run->chain, &input, &seen);
    if (run->gate)
        vg_batch_gate_follow(run->gate, run->chain, &input, &seen);
    run->view = vg_view_coverage(vg_view_watch_health(vg_chain_view(run->chain)->watch)->state);
    if (seen.watched)
        vg_batch_write_measures(run->files, run->settings->scene, room->about.media, seen.watched);
    status =
        vg_batch_add_tracks(run->files, room->about.sequence + 1, seen.tracks, seen.track_count);
    for (uint32_t i = 0; !status && i < seen.alert_count; i++)
        status = write_alert(run, &seen.alerts[i], &input);
    if (!status && run->heat)
        status = vg_batch_heat_picture(run->heat, &room->picture, run->fault);
    if (!status && run->video)
        status =
            vg_batch_video_add(run->video, &room->picture, room->about.media, &seen, run->fault);
    return status;
}

/* Follows the pictures that were kept, and between them tells the coverage of all. */
static enum vg_status follow_all(struct run *run)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < run->covers; i++) {
        const struct vg_batch_cover *cover = &run->cover[i];
        const enum vg_status status =
            cover->picture == VG_BATCH_PICTURE_ANALYSED ? follow(run, at++) : VG_OK;
        if (status)
            return status;
        vg_batch_coverage_add(&run->coverage, cover, run->view);
    }
    return VG_OK;
}

static enum vg_status flush(struct run *run)
{
    enum vg_status status = run->count ? run_batch(run) : VG_OK;
    if (!status)
        status = follow_all(run);
    run->result->analysed += run->count;
    run->count = 0;
    run->covers = 0;
    return status;
}

static enum vg_status cover(struct run *run, const struct vg_clip_picture *about,
                            enum vg_batch_picture picture)
{
    run->cover[run->covers++] = (struct vg_batch_cover){
        .media = about->media, .picture = picture, .lost = vg_clip_lost(run->clip)};
    /* the gate must know what became of a picture before it looks at the next */
    const uint32_t most = run->gate ? 1 : VG_BATCH_PICTURES;
    return run->covers == COVERS_MAX || run->count == most ? flush(run) : VG_OK;
}

/* How long the clip's head says it is, which may give the time or the pictures; 0: neither. */
static int64_t promised_us(const struct run *run)
{
    const struct vg_clip_about about = vg_clip_about(run->clip);
    const double by_pictures_us =
        about.fps_milli ? (double)about.pictures * 1e9 / (double)about.fps_milli : 0;
    return by_pictures_us < 1e15 && (double)about.duration_us < by_pictures_us
               ? (int64_t)by_pictures_us
               : about.duration_us;
}

/* What the clip's time was, as far as it was read; a cut one ends before its head says. */
static void end_coverage(struct run *run, enum vg_status ended)
{
    vg_batch_coverage_end(&run->coverage, ended == VG_E_IO ? promised_us(run) : 0);
    memcpy(run->result->part_us, run->coverage.coverage.total_us, sizeof run->result->part_us);
}

/* Converts the picture that was just decoded into the next room. */
static enum vg_status keep(struct run *run, const struct vg_clip_picture *about)
{
    struct room *room = &run->room[run->count];
    const size_t bytes = vg_pixels_bytes(about->width, about->height);
    if (room->bytes < bytes) {
        vg_free(room->memory);
        room->memory = vg_alloc(bytes);
        room->bytes = room->memory ? bytes : 0;
        if (!room->memory)
            return vg_fault_set(run->fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s",
                                run->path);
    }
    const struct vg_pixels pixels = vg_pixels_over(room->memory, about->width, about->height);
    if (vg_clip_convert(run->clip, &pixels, &room->picture)) {
        run->result->lost++; /* a picture that cannot be converted ends here, counted */
        return cover(run, about, VG_BATCH_PICTURE_REFUSED);
    }
    room->about = *about;
    run->count++;
    return cover(run, about, VG_BATCH_PICTURE_ANALYSED);
}

static enum vg_status read_all(struct run *run, const volatile int *interrupted)
{
    struct vg_clip_picture about;
    for (;;) {
        if (*interrupted) {
            const enum vg_status status = flush(run);
            return status ? status
                          : vg_fault_set(run->fault, VG_E_INTERRUPTED, N_("interrupted"), NULL,
                                         "%s", run->path);
        }
        const enum vg_status next = vg_clip_next(run->clip, &about, run->fault);
        if (next) { /* the end, or as far as a damaged clip goes: what was read counts */
            struct vg_fault kept = *run->fault;
            const enum vg_status status = flush(run);
            if (status)
                return status;
            *run->fault = kept;
            return next == VG_E_END ? VG_OK : next;
        }
        run->result->pictures = about.sequence + 1;
        run->result->media_us = about.media.us;
        enum vg_status status;
        if (about.corrupt)
            status = cover(run, &about, VG_BATCH_PICTURE_CORRUPT);
        else if (vg_rate_wants(&run->rate, about.media.us))
            status = keep(run, &about);
        else
            status = cover(run, &about, VG_BATCH_PICTURE_UNWANTED);
        if (status)
            return status;
        vg_progress_show(&run->progress, run->path, run->result->pictures, run->total);
    }
}

/* On the device, where it makes any and a picture is one job. */
static void open_maps(struct run *run)
{
    const struct vg_look *look = run->settings->look;
    struct vg_map_device *device = vg_engine_maps(look->engine);
    const uint32_t set = vg_watcher_maps(run->settings->scene);
    if (!device || !set || run->gate || look->request.tiles != VG_LOOK_WHOLE)
        return;
    (void)!vg_map_flux_open(&run->maps, device, set,
                            VG_BATCH_PICTURES); /* else the chain makes them */
}

static enum vg_status open_run(struct run *run, const char *stem)
{
    const struct vg_batch_settings *s = run->settings;
    enum vg_status status =
        vg_folder_exists(run->path)
            ? vg_fault_set(run->fault, VG_E_INPUT, N_("no clip in this folder"),
                           N_("give a folder with video files"), "%s", run->path)
            : vg_clip_open(&run->clip, run->path, run->fault);
    if (!status) {
        const struct vg_clip_about about = vg_clip_about(run->clip);
        status = vg_look_fit(s->look, about.width, about.height, run->fault);
        run->start = vg_mono_now(); /* an engine that had to be opened is not the clip's time */
        run->result->input_width = s->look->settings.width;
        run->result->input_height = s->look->settings.height;
        run->result->regions = s->look->tiles.count;
    }
    if (!status)
        status = vg_sha256_file(run->path, run->digest, run->fault);
    if (!status && s->gate == VG_GATE_ON && vg_batch_gate_open(&run->gate))
        status = vg_fault_set(run->fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", run->path);
    if (!status)
        open_maps(run);
    if (!status)
        status = vg_chain_open(&run->chain, s->scene,
                               run->maps ? VG_CHAIN_TAKES_MAPS : VG_CHAIN_MAKES_MAPS);
    if (!status && s->heat)
        status = vg_chain_keep_heat(run->chain);
    if (!status && s->heat)
        status = vg_batch_heat_open(&run->heat);
    if (!status)
        status = vg_view_lens_open(&run->lens);
    if (!status)
        status = vg_batch_files_open(&run->files, s->out, stem, s->files, run->fault);
    if (status)
        return status;
    const struct vg_clip_about about = vg_clip_about(run->clip);
    run->total = about.pictures;
    run->rate = vg_rate_of(s->rate_fps);
    vg_batch_coverage_begin(&run->coverage, run->files, s->rate_fps, about.fps_milli);
    vg_alert_model_text(s->model, vg_engine_precision(s->look->engine), run->model);
    run->answer = vg_alloc_array((size_t)2 * VG_BATCH_PICTURES, sizeof *run->answer);
    if (vg_watcher_wishes(s->scene))
        run->looked = vg_alloc_array(VG_LOOKS_MAX, sizeof *run->looked);
    if (!run->answer || (vg_watcher_wishes(s->scene) && !run->looked))
        return vg_fault_set(run->fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", run->path);
    if (!s->video)
        return VG_OK;
    return vg_batch_video_open(&run->video, vg_batch_files_folder(run->files), s->scene, &about,
                               s->rate_fps, run->fault);
}

enum vg_status vg_batch_clip(const struct vg_batch_settings *settings, const char *path,
                             const char *stem, const volatile int *interrupted,
                             struct vg_batch_result *result, struct vg_fault *fault)
{
    struct run *run = vg_alloc(sizeof *run);
    memset(result, 0, sizeof *result);
    if (!run)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", path);
    run->start = vg_mono_now();
    run->settings = settings;
    run->path = path;
    run->result = result;
    run->fault = fault;
    vg_progress_init(&run->progress, stderr);
    enum vg_status status = open_run(run, stem);
    if (!status) {
        status = read_all(run, interrupted);
        end_coverage(run, status);
        vg_progress_end(&run->progress, path, result->pictures, run->total);
        result->lost += vg_clip_lost(run->clip);
    }
    struct vg_fault closing;
    if (run->video) {
        const enum vg_status closed = vg_batch_video_close(&run->video, status ? &closing : fault);
        status = status ? status : closed;
    }
    if (run->files && run->heat) {
        const enum vg_status closed =
            vg_batch_heat_write(run->heat, vg_chain_heat(run->chain),
                                vg_batch_files_folder(run->files), status ? &closing : fault);
        status = status ? status : closed;
    }
    vg_batch_heat_close(&run->heat);
    if (run->files) {
        const enum vg_status closed = vg_batch_files_close(&run->files, status ? &closing : fault);
        status = status ? status : closed;
    }
    vg_chain_close(&run->chain);
    vg_map_flux_close(&run->maps);
    vg_batch_gate_close(&run->gate);
    vg_view_lens_close(&run->lens);
    vg_clip_close(&run->clip);
    for (int i = 0; i < VG_BATCH_PICTURES; i++)
        vg_free(run->room[i].memory);
    vg_free(run->answer);
    vg_free(run->looked);
    result->elapsed_us = vg_mono_now().us - run->start.us;
    vg_free(run);
    return status;
}
