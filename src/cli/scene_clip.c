#include "src/cli/scene_clip.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/json.h"
#include "src/base/text.h"
#include "src/cli/batch_clip.h"
#include "src/cli/scene_ground.h"
#include "src/scene/zone_sizes.h"

#define FOLDER_SIZE 4000
#define PATH_SIZE   4096
#define STEM        "clip"
#define TEXT_MAX    (1 << 20) /* of a scene */

/* Set by SIGINT and SIGTERM, read between pictures: the one variable a handler may touch. */
static volatile int interrupted;

static void on_signal(int number)
{
    interrupted = number;
}

static void take_signals(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

/* ---- the clip's tracks ---- */

static enum vg_status make_folder(char *folder, size_t size, struct vg_fault *fault)
{
    const char *tmp = getenv("TMPDIR");
    const int n = snprintf(folder, size, "%s/vigie-calibrate-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (n < 0 || (size_t)n >= size || !mkdtemp(folder))
        return vg_fault_set(fault, VG_E_LACK, N_("the folder cannot be made"),
                            N_("check its rights and its disk"), "%s", folder);
    return VG_OK;
}

/* What batch left there, by the names that it writes. */
static void remove_folder(const char folder[FOLDER_SIZE])
{
    static const char *const names[] = {"alerts.jsonl",    "tracks.csv",
                                        "coverage.csv",    "alerts.jsonl.part",
                                        "tracks.csv.part", "coverage.csv.part"};
    char path[PATH_SIZE];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        (void)snprintf(path, sizeof path, "%s/" STEM "/%s", folder, names[i]);
        (void)unlink(path);
    }
    (void)snprintf(path, sizeof path, "%s/" STEM, folder);
    (void)rmdir(path);
    (void)rmdir(folder);
}

static enum vg_status open_look(const struct vg_scene_clip *settings, struct vg_model **model,
                                struct vg_look *look, struct vg_fault *fault)
{
    const enum vg_status status = vg_model_find(settings->model, model, fault);
    if (status)
        return status;
    look->model = *model;
    look->settings = vg_engine_defaults();
    look->settings.device = settings->device ? settings->device : getenv("VIGIE_DEVICE");
    look->settings.outputs = VG_OUTPUTS_NEEDED;
    look->settings.batch_max = VG_BATCH_PICTURES;
    look->settings.picture_width_max = VG_PICTURE_WIDTH_MAX;
    look->settings.picture_height_max = VG_PICTURE_HEIGHT_MAX;
    if (!(vg_model_classes(*model) & 1u << VG_CLASS_PERSON))
        return vg_fault_set(fault, VG_E_INPUT, N_("this model does not know persons"),
                            N_("take another one: see vigie model list"), "%s", settings->model);
    return vg_look_open(look, fault);
}

/* Writes tracks.csv of the clip in the folder; the eye gets the net's input. */
static enum vg_status follow(const struct vg_scene_clip *settings, const char *folder,
                             struct vg_eye *eye, struct vg_fault *fault)
{
    struct vg_model *model = NULL;
    struct vg_look look = {.engine = NULL};
    struct vg_batch_result result;
    enum vg_status status = open_look(settings, &model, &look, fault);
    if (!status) {
        eye->net_width = (double)model->input_width;
        eye->net_height = (double)model->input_height;
        const struct vg_batch_settings batch = {.model = model,
                                                .look = &look,
                                                .out = folder,
                                                .files = 1u << VG_BATCH_TRACKS,
                                                .rate_fps = settings->rate_fps,
                                                .threshold = 0.05F,
                                                .nms = 0.6F};
        take_signals();
        status = vg_batch_clip(&batch, settings->clip, STEM, &interrupted, &result, fault);
    }
    vg_look_release(&look);
    vg_model_close(&model);
    return status;
}

static enum vg_status propose(const struct vg_scene_clip *settings, struct vg_eye *eye,
                              struct vg_ground_proposal *proposal, struct vg_fault *fault)
{
    char folder[FOLDER_SIZE], tracks[PATH_SIZE];
    enum vg_status status = vg_scene_eye_read(settings->clip, eye, fault);
    if (!status)
        status = make_folder(folder, sizeof folder, fault);
    if (status)
        return status;
    status = follow(settings, folder, eye, fault);
    (void)snprintf(tracks, sizeof tracks, "%s/" STEM "/tracks.csv", folder);
    if (!status)
        status = vg_scene_ground_find(tracks, settings->clip, eye, proposal, fault);
    remove_folder(folder);
    return status;
}

/* ---- the scene ---- */

/* The clip's name without folder and ending. */
static json_t *bare_scene(const char *clip)
{
    char *path[1] = {NULL};
    char stem[1][VG_BATCH_STEM_SIZE];
    path[0] = strdup(clip);
    if (!path[0])
        return NULL;
    vg_batch_stems(path, 1, stem);
    free(path[0]);
    json_t *name = json_string(stem[0]); /* NULL: not UTF-8 */
    return json_pack("{s:i,s:o}", "version", 1, "name", name ? name : json_string(STEM));
}

static enum vg_status read_scene(const struct vg_scene_clip *settings, json_t **root,
                                 struct vg_fault *fault)
{
    struct vg_scene *scene;
    struct vg_json json;
    uint8_t *text;
    size_t size;
    *root = NULL;
    if (!settings->scene) {
        *root = bare_scene(settings->clip);
        return VG_OK;
    }
    enum vg_status status = vg_scene_open(settings->scene, &scene, fault); /* else it says where */
    if (status)
        return status;
    vg_scene_close(&scene);
    status = vg_file_read(settings->scene, TEXT_MAX, &text, &size, fault);
    if (status)
        return status;
    status = vg_json_open(&json, settings->scene, (const char *)text, size, TEXT_MAX, fault);
    if (!status) {
        *root = json_incref(json.root);
        vg_json_close(&json);
    }
    vg_free(text);
    return status;
}

/* The points of the ground stay, the persons are those seen. */
static enum vg_status put_persons(json_t *root, const struct vg_ground_proposal *proposal)
{
    json_t *calibration = json_object_get(root, "calibration");
    if (!calibration) {
        calibration = json_object();
        if (json_object_set_new(root, "calibration", calibration))
            return VG_E_MEMORY;
    }
    return json_object_set_new(calibration, "persons", vg_scene_ground_persons(proposal))
               ? VG_E_MEMORY
               : VG_OK;
}

static void warn_zones(const struct vg_scene *scene, const struct vg_eye *eye)
{
    struct vg_scene_warning warnings[VG_SCENE_WARNINGS_MAX];
    const uint32_t count = vg_zone_warnings(scene, eye, warnings, VG_SCENE_WARNINGS_MAX);
    for (uint32_t i = 0; i < count; i++)
        (void)fprintf(stderr, _("Warning: zone %s (%s): %s: %s\n"),
                      scene->place[warnings[i].place].id, warnings[i].detail, _(warnings[i].what),
                      _(warnings[i].remedy));
}

/* Where persons were seen, as far as the net misses most there. */
static void warn_rows(const struct vg_person_rows *rows, const struct vg_eye *eye)
{
    const double letterbox = fmin(eye->net_height, eye->net_width * eye->height / eye->width);
    const double least_px = (rows->base + rows->slope * rows->top) * letterbox;
    if (least_px < VG_ZONE_LEAST_PX && rows->slope > 0)
        (void)fprintf(stderr,
                      _("Warning: persons are %.0f px of the net's input in the distance: above "
                        "%.0f %% of the picture's height most under %d px are missed: let tiles "
                        "look there, or take a model with a larger input\n"),
                      least_px,
                      100 * fmin(1, (VG_ZONE_LEAST_PX / letterbox - rows->base) / rows->slope),
                      VG_ZONE_LEAST_PX);
}

/* What is written is a good scene, or nothing is. */
static enum vg_status write_scene(const struct vg_scene_clip *settings, json_t *root,
                                  const struct vg_eye *eye, struct vg_fault *fault)
{
    struct vg_scene *scene = NULL;
    char *text = json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    if (!text)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", settings->out);
    const size_t size = strlen(text);
    text[size] = '\n'; /* in the place of its end: the size is what counts from here */
    enum vg_status status = vg_scene_parse(settings->out, text, size, &scene, fault);
    if (!status)
        status = vg_file_write(settings->out, text, size + 1, 0644, VG_FILE_WHOLE, fault);
    if (!status) {
        (void)printf(_("The calibration is written in %s.\n"), settings->out);
        vg_scene_ground_print(scene, eye);
        warn_zones(scene, eye);
    }
    vg_scene_close(&scene);
    free(text);
    return status;
}

enum vg_status vg_scene_clip_calibrate(const struct vg_scene_clip *settings, struct vg_fault *fault)
{
    struct vg_eye eye;
    struct vg_ground_proposal proposal;
    json_t *root = NULL;
    enum vg_status status = read_scene(settings, &root, fault);
    if (!status)
        status = propose(settings, &eye, &proposal, fault);
    if (!status)
        warn_rows(&proposal.rows, &eye);
    if (!status && !settings->out)
        status = vg_scene_ground_propose(&proposal, fault);
    if (!status && settings->out && (!root || put_persons(root, &proposal)))
        status = vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", settings->out);
    if (!status && settings->out)
        status = write_scene(settings, root, &eye, fault);
    json_decref(root);
    return status;
}
