/* vigie batch CLIP...: the clips, one after the other or --jobs at a time (a process each). */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "scheduler/decide_rate.h"
#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/text.h"
#include "src/cli/batch_clip.h"
#include "src/cli/clip_list.h"
#include "src/cli/commands.h"
#include "src/cli/engine_options.h"
#include "src/cli/options.h"
#include "src/cli/precision.h"
#include "src/cli/words.h"

#define JOBS_MAX 64

/* Set by SIGINT and SIGTERM, read between pictures: the one variable a handler may touch. */
static volatile int interrupted;

static void on_signal(int number)
{
    interrupted = number;
}

struct batch {
    const char *scene_path, *out, *rate, *model_name, *threshold, *nms, *start, *device, *jobs;
    const char *size, *tiles, *precision, *plan, *lane_text;
    bool detections, tracks, measures, heat, video, explain, json, gate;
    enum vg_engine_precision precision_asked;
    struct vg_lane_settings lane;
    struct vg_batch_settings settings;
    struct vg_scene *scene;
    struct vg_model *model;
    struct vg_look look;
    struct vg_clip_list clips;
};

/* Calendars and times are those of the place where the clip was made: the offset that --start
 * gives holds for the whole process. Without one (local time) the machine's zone does. */
static void keep_zone(const char *start)
{
    const size_t size = strlen(start);
    char zone[16] = "UTC0";
    if (size > 0 && start[size - 1] != 'Z') {
        const char *sign = strrchr(start, '+') ? strrchr(start, '+') : strrchr(start, '-');
        if (!sign || sign < strchr(start, 'T'))
            return;
        /* POSIX counts westwards: +01:00 is "VGX-01:00" */
        (void)snprintf(zone, sizeof zone, "VGX%c%.2s:%.2s", *sign == '+' ? '-' : '+', sign + 1,
                       sign[3] == ':' ? sign + 4 : sign + 3);
    }
    (void)setenv("TZ", zone, 1);
    tzset();
}

static enum vg_status read_numbers(struct batch *b, double *jobs, struct vg_fault *fault)
{
    double threshold = 0.05, nms = (double)0.6F;
    enum vg_status status = vg_option_number("rate", b->rate, 0, 120, &b->settings.rate_fps, fault);
    if (!status && b->threshold)
        status = vg_option_number("threshold", b->threshold, 0.01, 1, &threshold, fault);
    if (!status && b->nms)
        status = vg_option_number("nms", b->nms, 0, 1, &nms, fault);
    if (!status)
        status = vg_option_count("jobs", b->jobs, 1, JOBS_MAX, jobs, fault);
    if (!status)
        status = vg_look_read(b->size, b->tiles, &b->look.request, fault);
    if (!status)
        status = vg_option_precision(b->precision, &b->precision_asked, fault);
    if (!status)
        status = vg_option_lane(b->lane_text, &b->lane, fault);
    b->settings.threshold = (float)threshold;
    b->settings.nms = (float)nms;
    if (status || !b->start)
        return status;
    b->settings.wall_known = true;
    if (vg_wall_parse(b->start, &b->settings.start))
        return vg_fault_set(fault, VG_E_CALL, N_("not a time (ISO 8601)"),
                            N_("give it as 2026-11-21T10:15:30+01:00"), "--start %s", b->start);
    keep_zone(b->start);
    return VG_OK;
}

/* Model and device are opened by the process that uses them: a device does not survive fork. */
static enum vg_status open_engine(struct batch *b, struct vg_fault *fault)
{
    struct vg_engine_settings settings = vg_engine_defaults();
    settings.device = b->device ? b->device : getenv("VIGIE_DEVICE");
    settings.precision = b->precision_asked;
    settings.outputs = VG_OUTPUTS_NEEDED;
    settings.maps = vg_watcher_maps(b->scene) ? VG_ENGINE_MAPS_MADE : VG_ENGINE_MAPS_NONE;
    settings.plan_file = b->plan;
    settings.lane = b->lane_text ? &b->lane : NULL;
    settings.batch_max = 2 * VG_BATCH_PICTURES;
    settings.picture_width_max = VG_PICTURE_WIDTH_MAX;
    settings.picture_height_max = VG_PICTURE_HEIGHT_MAX;
    enum vg_status status = vg_model_find(b->model_name, &b->model, fault);
    if (!status)
        status = vg_look_check(&b->look.request, b->model, fault);
    if (status)
        return status;
    b->look.model = b->model;
    b->look.settings = settings;
    b->settings.model = b->model;
    b->settings.look = &b->look;
    /* where the size is the clips' to say, the first of them opens it */
    return b->look.request.size == VG_LOOK_SIZE_AUTO ? VG_OK : vg_look_open(&b->look, fault);
}

/* Milliseconds that add up, by cause. */
static json_t *coverage_json(const struct vg_batch_result *r)
{
    int64_t shown[VG_COVERAGE_CAUSES];
    const int64_t nominal = vg_coverage_round(r->part_us, 1000, shown);
    json_t *object = json_pack("{s:f}", "nominal_s", (double)nominal / 1000);
    for (int c = 0; c < VG_COVERAGE_CAUSES; c++) {
        char name[32];
        (void)snprintf(name, sizeof name, "%s_s",
                       vg_coverage_cause_name((enum vg_coverage_cause)c));
        if (shown[c] > 0 || c == VG_COVERAGE_ANALYSED)
            (void)json_object_set_new(object, name, json_real((double)shown[c] / 1000));
    }
    return object;
}

static void say_result(const struct batch *b, const char *path, const struct vg_batch_result *r)
{
    const double seconds = (double)r->elapsed_us / 1e6;
    if (b->json) {
        struct vg_fault fault;
        json_t *object = json_pack(
            "{s:s,s:I,s:I,s:I,s:I,s:f,s:f,s:[i,i],s:i,s:o}", "clip", path, "pictures",
            (json_int_t)r->pictures, "analysed", (json_int_t)r->analysed, "alerts",
            (json_int_t)r->alerts, "lost", (json_int_t)r->lost, "media_s",
            (double)r->media_us / 1e6, "elapsed_s", seconds, "input", (int)r->input_width,
            (int)r->input_height, "regions", (int)r->regions, "coverage", coverage_json(r));
        if (b->gate)
            (void)json_object_set_new(object, "still", json_integer((json_int_t)r->still));
        if (vg_print_json(object, &fault)) /* a path that is not UTF-8 has no JSON */
            vg_fault_print(&fault);
    } else {
        const int64_t share = vg_coverage_share(r->part_us);
        (void)printf(_("%s: %llu pictures, %llu analysed, %llu alerts, %.1f s, coverage %.2f %%\n"),
                     path, (unsigned long long)r->pictures, (unsigned long long)r->analysed,
                     (unsigned long long)r->alerts, seconds, share < 0 ? 0 : (double)share / 100);
    }
    (void)fflush(stdout);
}

/* The first failure among clips, by their order. */
struct failure {
    uint32_t clip;
    enum vg_status status; /* VG_OK: none */
};

/* The clips first, first + step, ...; goes on after a failure. The first failure's words are
 * left in fault, those of others are printed. */
static struct failure run_clips(struct batch *b, uint32_t first, uint32_t step,
                                struct vg_fault *fault)
{
    struct failure failed = {first, open_engine(b, fault)};
    uint32_t i = first;
    const bool open = !failed.status;
    for (; open && i < b->clips.count && !interrupted; i += step) {
        struct vg_batch_result result;
        struct vg_fault one = {.status = VG_OK};
        const enum vg_status status = vg_batch_clip(&b->settings, b->clips.path[i],
                                                    b->clips.stem[i], &interrupted, &result, &one);
        if (status && failed.status)
            vg_fault_print(&one); /* the first one is said at the end */
        if (status && !failed.status) {
            failed = (struct failure){i, status};
            *fault = one;
        }
        if (result.pictures)
            say_result(b, b->clips.path[i], &result);
    }
    if (interrupted && !failed.status && i < b->clips.count)
        failed = (struct failure){i, vg_fault_set(fault, VG_E_INTERRUPTED, N_("interrupted"), NULL,
                                                  "%s", b->clips.path[i])};
    vg_look_release(&b->look);
    vg_model_close(&b->model);
    return failed;
}

/* A job's process: its clips, then its first failure for the parent. */
static void run_job(struct batch *b, uint32_t job, uint32_t jobs, int report)
{
    struct vg_fault fault = {.status = VG_OK};
    const struct failure failed = run_clips(b, job, jobs, &fault);
    (void)vg_command_exit(failed.status, &fault);
    (void)fflush(NULL);
    _exit(vg_fd_write(report, &failed, sizeof failed) ? 1 : 0);
}

/* Waits for one job, handing an interruption on; its first failure. */
static struct failure wait_for_job(pid_t pid, int report)
{
    struct failure failed = {UINT32_MAX, VG_E_LACK};
    size_t got = 0;
    bool told = false;
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
        if (interrupted && !told)
            (void)kill(pid, SIGTERM);
        told = interrupted != 0;
    }
    if (vg_fd_read(report, &failed, sizeof failed, &got) || got != sizeof failed)
        failed = (struct failure){UINT32_MAX, VG_E_IO}; /* it died without a word */
    return failed;
}

/* One process per job; each takes every jobs-th clip. The first clip's error is the result,
 * whichever process met it. */
static int run_jobs(struct batch *b, uint32_t jobs)
{
    pid_t pid[JOBS_MAX];
    int report[JOBS_MAX][2];
    struct failure first = {UINT32_MAX, VG_OK};
    uint32_t started = 0;
    for (; started < jobs; started++) {
        if (pipe(report[started]) != 0)
            break;
        pid[started] = fork();
        if (pid[started] == 0)
            run_job(b, started, jobs, report[started][1]);
        (void)close(report[started][1]);
        if (pid[started] < 0) {
            (void)close(report[started][0]);
            break;
        }
    }
    if (started < jobs)
        first = (struct failure){0, VG_E_LACK};
    for (uint32_t j = 0; j < started; j++) {
        const struct failure failed = wait_for_job(pid[j], report[j][0]);
        (void)close(report[j][0]);
        if (failed.status && (!first.status || failed.clip < first.clip))
            first = failed;
    }
    return vg_status_exit(first.status);
}

static void take_signals(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

/* As live: never below what the scene's events need, and it is said. */
static void keep_floor(struct batch *b)
{
    const double wanted = b->settings.rate_fps;
    if (wanted <= 0 || !b->scene)
        return; /* every picture, or no event */
    b->settings.rate_fps = vg_rate_choose(wanted, (double)vg_scene_floor_fps(b->scene), 0);
    if (b->settings.rate_fps > wanted)
        (void)fprintf(stderr, _("the rate is raised from %g to %g: the scene's events need it\n"),
                      wanted, b->settings.rate_fps);
}

static void choose_files(struct batch *b)
{
    struct vg_batch_settings *s = &b->settings;
    s->out = b->out;
    s->scene = b->scene;
    s->video = b->video;
    s->heat = b->heat;
    s->gate = b->gate ? VG_GATE_ON : VG_GATE_OFF;
    s->explain = b->explain && b->scene;
    s->files = 1u << VG_BATCH_ALERTS | (uint32_t)b->detections << VG_BATCH_DETECTIONS |
               (uint32_t)b->tracks << VG_BATCH_TRACKS | (uint32_t)b->measures << VG_BATCH_MEASURES |
               (uint32_t)b->explain << VG_BATCH_EXPLAIN;
}

static void close_batch(struct batch *b)
{
    vg_clip_list_release(&b->clips);
    vg_scene_close(&b->scene);
    vg_free(b);
}

int vg_cmd_batch(int argc, char **argv)
{
    struct vg_fault fault = {.status = VG_OK};
    struct batch *b = vg_alloc(sizeof *b);
    if (!b)
        return vg_status_exit(VG_E_MEMORY);
    b->out = "vigie-out";
    b->rate = "5";
    b->model_name = "nanodet-g";
    b->jobs = "1";
    const struct vg_option options[] = {
        {"scene", "FILE", N_("places and rules to watch"), &b->scene_path, NULL},
        {"out", "DIR", N_("folder for the results (vigie-out)"), &b->out, NULL},
        {"rate", "FPS", N_("pictures analysed per second of the clip (5; 0: every one)"), &b->rate,
         NULL},
        {"model", "NAME", N_("detector (nanodet-g)"), &b->model_name, NULL},
        {"size", "WxH|auto", N_("size of the net's input; auto: as the pictures' shape wants"),
         &b->size, NULL},
        {"tiles", "RxC|auto", N_("look at parts of the picture too: for small objects"), &b->tiles,
         NULL},
        {"detections", NULL, N_("write detections.csv"), NULL, &b->detections},
        {"tracks", NULL, N_("write tracks.csv"), NULL, &b->tracks},
        {"measures", NULL, N_("write measures.csv"), NULL, &b->measures},
        {"heat", NULL, N_("write heat.json and heat.png: where persons were"), NULL, &b->heat},
        {"video", NULL, N_("write video.mp4 with boxes, tracks and places"), NULL, &b->video},
        {"explain", NULL, N_("write explain.jsonl: why, and why not"), NULL, &b->explain},
        {"threshold", "T", N_("least score in detections.csv (0.05)"), &b->threshold, NULL},
        {"nms", "T", N_("overlap above which the lesser box goes, in detections.csv (0.6)"),
         &b->nms, NULL},
        {"start", "ISO", N_("clock time of the first picture; without it calendars are ignored"),
         &b->start, NULL},
        {"device", "D", N_("OpenCL device: a number, cpu, gpu, or a part of its name"), &b->device,
         NULL},
        vg_engine_row_precision(&b->precision),
        vg_engine_row_lane(&b->lane_text),
        vg_engine_row_plan(&b->plan),
        {"gate", NULL, N_("as live: pictures in which nothing moved go past the detector"), NULL,
         &b->gate},
        {"jobs", "N", N_("clips analysed at the same time (1)"), &b->jobs, NULL},
        {"json", NULL, N_("one JSON object per clip on the standard output"), NULL, &b->json},
    };
    const struct vg_usage usage = {"batch", "CLIP...",
                                   N_("analyses files or folders as fast as it can"), options,
                                   sizeof options / sizeof *options};
    int operands = 0, code = 0;
    double jobs = 1;
    enum vg_status status = vg_options_read(&usage, argc, argv, &operands, &fault);
    if (!status)
        status = read_numbers(b, &jobs, &fault);
    if (!status && b->gate && b->look.request.tiles != VG_LOOK_WHOLE)
        status = vg_fault_set(&fault, VG_E_CALL, N_("the gate knows no tiles"),
                              N_("leave one of them out"), "--gate, --tiles %s", b->tiles);
    if (!status)
        status = vg_clip_list_make(&b->clips, argv + 1, operands, &fault);
    if (!status && b->scene_path)
        status = vg_scene_open(b->scene_path, &b->scene, &fault);
    if (!status)
        status = vg_folder_make(b->out, &fault);
    if (!status) {
        choose_files(b);
        keep_floor(b);
        take_signals();
        if (jobs > 1 && b->clips.count > 1)
            code = run_jobs(b, (uint32_t)jobs < b->clips.count ? (uint32_t)jobs : b->clips.count);
        else
            status = run_clips(b, 0, 1, &fault).status;
    }
    close_batch(b);
    return status ? vg_command_exit(status, &fault) : code;
}
