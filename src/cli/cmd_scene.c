/* vigie scene check | explain | draw | calibrate: what a scene says, how it lies on a picture, and
 * how tall persons look in it. */
#include <stdio.h>
#include <string.h>

#include "models/model.h"
#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/json.h"
#include "src/base/text.h"
#include "src/cli/commands.h"
#include "src/cli/options.h"
#include "src/cli/scene_clip.h"
#include "src/cli/scene_ground.h"
#include "src/cli/words.h"
#include "src/draw/canvas.h"
#include "src/draw/image_file.h"
#include "src/draw/overlay.h"
#include "src/media/still.h"
#include "src/scene/scene.h"
#include "src/scene/zone_sizes.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define PATH_SIZE    4096

/* Reads the options and the one operand, the scene's file; opens it. */
static enum vg_status open_operand(const struct vg_usage *usage, int argc, char **argv,
                                   struct vg_scene **scene, struct vg_fault *fault)
{
    int count = 0;
    *scene = NULL;
    enum vg_status status = vg_options_read(usage, argc, argv, &count, fault);
    if (!status)
        status = vg_options_operands(usage, count, 1, 1, fault);
    return status ? status : vg_scene_open(argv[1], scene, fault);
}

static unsigned places_of_kind(const struct vg_scene *scene, enum vg_place_kind kind)
{
    unsigned count = 0;
    for (uint32_t i = 0; i < scene->place_count; i++)
        count += scene->place[i].kind == kind;
    return count;
}

/* ---- check -------------------------------------------------------------------------------- */

/* The classes of the model of that name, and its input; none without one. */
static enum vg_status ask_model(const char *name, vg_class_set *known, struct vg_eye *eye,
                                struct vg_fault *fault)
{
    struct vg_model *model;
    *known = 0;
    if (!name)
        return VG_OK;
    const enum vg_status status = vg_model_find(name, &model, fault);
    if (status)
        return status;
    *known = vg_model_classes(model);
    eye->net_width = (double)model->input_width;
    eye->net_height = (double)model->input_height;
    vg_model_close(&model);
    return VG_OK;
}

static json_t *warnings_json(const struct vg_scene *scene, const struct vg_scene_warning *warnings,
                             uint32_t count)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < count; i++) {
        const struct vg_scene_warning *w = &warnings[i];
        const bool placed = w->place >= 0;
        (void)json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:s}", placed ? "zone" : "rule",
                            placed ? scene->place[w->place].id : scene->rule[w->rule].id,
                            placed ? "detail" : "part", w->detail, "message", _(w->what), "remedy",
                            _(w->remedy)));
    }
    return list;
}

static void print_warnings(const struct vg_scene *scene, const struct vg_scene_warning *warnings,
                           uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct vg_scene_warning *w = &warnings[i];
        if (w->place >= 0)
            (void)printf(_("Warning: zone %s (%s): %s: %s\n"), scene->place[w->place].id, w->detail,
                         _(w->what), _(w->remedy));
        else
            (void)printf(_("Warning: rule %s%s%s: %s: %s\n"), scene->rule[w->rule].id,
                         w->detail[0] ? " <- " : "", w->detail, _(w->what), _(w->remedy));
    }
}

static enum vg_status print_check(const char *file, const struct vg_scene *scene,
                                  vg_class_set known, const struct vg_eye *eye, bool as_json,
                                  struct vg_fault *fault)
{
    struct vg_scene_warning warnings[VG_SCENE_WARNINGS_MAX];
    uint32_t count = vg_scene_warnings(scene, known, warnings, VG_SCENE_WARNINGS_MAX);
    count += vg_zone_warnings(scene, eye, warnings + count, VG_SCENE_WARNINGS_MAX - count);
    const unsigned masks = places_of_kind(scene, VG_PLACE_MASK);
    const unsigned zones = places_of_kind(scene, VG_PLACE_ZONE);
    const unsigned lines = places_of_kind(scene, VG_PLACE_LINE);
    const double floor_fps = (double)vg_scene_floor_fps(scene);
    if (as_json)
        return vg_print_json(
            json_pack("{s:s, s:s, s:i, s:i, s:i, s:i, s:f, s:b, s:o, s:o, s:o}", "file", file,
                      "name", scene->name, "masks", (int)masks, "zones", (int)zones, "lines",
                      (int)lines, "rules", (int)scene->given_count, "least_fps", floor_fps,
                      "calibrated", (int)(scene->terrain.measured || scene->terrain.sized),
                      "ground", vg_scene_ground_json(scene, eye), "zones_seen",
                      vg_scene_zones_json(scene, eye), "warnings",
                      warnings_json(scene, warnings, count)),
            fault);
    (void)printf(_("%s: \"%s\" is a good scene (masks: %u, zones: %u, lines: %u, rules: %u)\n"),
                 file, scene->name, masks, zones, lines, scene->given_count);
    if (scene->rule_count)
        (void)printf(_("Its rules want at least %g pictures per second.\n"), floor_fps);
    else
        (void)printf("%s\n", _("It has no rule: nothing will be raised."));
    vg_scene_ground_print(scene, eye);
    print_warnings(scene, warnings, count);
    return VG_OK;
}

static enum vg_status word_check(int argc, char **argv, struct vg_fault *fault)
{
    bool as_json = false;
    const char *model = NULL, *on = NULL;
    vg_class_set known = 0;
    struct vg_eye eye;
    const struct vg_option options[] = {
        {"model", "NAME", N_("says too which rules and zones this model cannot serve"), &model,
         NULL},
        {"on", "PICTURE",
         N_("a picture of the camera, or a clip, for its size; without it 1920x1080"), &on, NULL},
        {"json", NULL, N_("for machines"), NULL, &as_json},
    };
    const struct vg_usage usage = {"scene check", "FILE",
                                   N_("says whether a scene is good, and else what to correct"),
                                   options, COUNT(options)};
    struct vg_scene *scene;
    enum vg_status status = open_operand(&usage, argc, argv, &scene, fault);
    if (!status)
        status = vg_scene_eye_read(on, &eye, fault);
    if (!status)
        status = ask_model(model, &known, &eye, fault);
    if (!status)
        status = print_check(argv[1], scene, known, &eye, as_json, fault);
    vg_scene_close(&scene);
    return status;
}

/* ---- explain ------------------------------------------------------------------------------ */

static enum vg_status print_rules(const struct vg_scene *scene, const struct vg_eye *eye,
                                  bool as_json, struct vg_fault *fault)
{
    json_t *rules = as_json ? json_array() : NULL;
    json_t *masks = as_json ? json_array() : NULL;
    json_t *zones = as_json ? json_array() : NULL;
    char text[VG_SCENE_SENTENCE_MAX];
    for (uint32_t i = 0; i < scene->given_count; i++) {
        vg_scene_explain_rule(scene, &scene->rule[i], text, sizeof text);
        if (as_json)
            (void)json_array_append_new(
                rules, json_pack("{s:s, s:s}", "rule", scene->rule[i].id, "text", text));
        else
            (void)printf("%s\n", text);
    }
    for (uint32_t i = 0; i < scene->place_count; i++) {
        if (scene->place[i].kind != VG_PLACE_MASK || !scene->place[i].events)
            continue; /* what hides from all needs no words */
        vg_scene_explain_mask(scene, (int)i, text, sizeof text);
        if (as_json)
            (void)json_array_append_new(masks, json_string(text));
        else
            (void)printf("%s\n", text);
    }
    for (uint32_t i = 0; i < scene->place_count; i++) {
        if (scene->place[i].kind != VG_PLACE_ZONE ||
            !vg_zone_explain(scene, (int)i, eye, text, sizeof text))
            continue;
        if (as_json)
            (void)json_array_append_new(zones, json_string(text));
        else
            (void)printf("%s\n", text);
    }
    if (as_json)
        return vg_print_json(rules && masks && zones
                                 ? json_pack("{s:s, s:o, s:o, s:o}", "name", scene->name, "rules",
                                             rules, "masks", masks, "zones", zones)
                                 : NULL,
                             fault);
    if (!scene->rule_count)
        (void)printf("%s\n", _("It has no rule: nothing will be raised."));
    return VG_OK;
}

static enum vg_status word_explain(int argc, char **argv, struct vg_fault *fault)
{
    bool as_json = false;
    const char *on = NULL;
    struct vg_eye eye;
    const struct vg_option options[] = {
        {"on", "PICTURE",
         N_("a picture of the camera, or a clip, for its size; without it 1920x1080"), &on, NULL},
        {"json", NULL, N_("for machines"), NULL, &as_json},
    };
    const struct vg_usage usage = {"scene explain", "FILE",
                                   N_("says each rule of a scene in a sentence"), options,
                                   COUNT(options)};
    struct vg_scene *scene;
    enum vg_status status = open_operand(&usage, argc, argv, &scene, fault);
    if (!status)
        status = vg_scene_eye_read(on, &eye, fault);
    if (!status)
        status = print_rules(scene, &eye, as_json, fault);
    vg_scene_close(&scene);
    return status;
}

/* ---- draw --------------------------------------------------------------------------------- */

/* The scene's name with .png, in the working folder. */
static enum vg_status default_out(const char *scene, char *path, size_t size,
                                  struct vg_fault *fault)
{
    const char *slash = strrchr(scene, '/');
    const char *name = slash ? slash + 1 : scene;
    const char *dot = strrchr(name, '.');
    const size_t length = dot && dot > name ? (size_t)(dot - name) : strlen(name);
    if (length + sizeof ".png" > size)
        return vg_fault_set(fault, VG_E_CALL, N_("the path is too long"), N_("give --out"), "%s",
                            name);
    memcpy(path, name, length);
    memcpy(path + length, ".png", sizeof ".png");
    return VG_OK;
}

static enum vg_status load_picture(struct vg_canvas *canvas, const char *path,
                                   struct vg_fault *fault)
{
    struct vg_still *still = NULL;
    enum vg_status status = vg_still_read(path, &still, fault);
    if (status)
        return status;
    status = vg_canvas_from_picture(canvas, vg_still_picture(still));
    vg_still_close(&still);
    return status ? vg_fault_set(fault, status, vg_status_text(status), NULL, "%s", path) : VG_OK;
}

static enum vg_status save_png(const struct vg_canvas *canvas, const char *path,
                               struct vg_fault *fault)
{
    uint8_t *data;
    size_t size;
    enum vg_status status = vg_image_png(canvas, &data, &size);
    if (status)
        return vg_fault_set(fault, status, N_("the picture cannot be encoded"), NULL, "%s", path);
    status = vg_file_write(path, data, size, 0644, VG_FILE_PLAIN, fault);
    vg_free(data);
    return status;
}

static enum vg_status draw(const struct vg_scene *scene, const char *on, const char *out,
                           struct vg_fault *fault)
{
    struct vg_canvas canvas = {0};
    enum vg_status status = load_picture(&canvas, on, fault);
    if (!status) {
        vg_draw_scene(&canvas, scene, -1);
        status = save_png(&canvas, out, fault);
    }
    if (!status)
        (void)printf(_("The scene is drawn in %s (%u x %u).\n"), out, canvas.width, canvas.height);
    vg_canvas_release(&canvas);
    return status;
}

static enum vg_status word_draw(int argc, char **argv, struct vg_fault *fault)
{
    const char *on = NULL, *out = NULL;
    const struct vg_option options[] = {
        {"on", "PICTURE", N_("a picture of the camera, or a clip, whose first picture is taken"),
         &on, NULL},
        {"out", "FILE.png", N_("where to write; without it the scene's name, in this folder"), &out,
         NULL},
    };
    const struct vg_usage usage = {"scene draw", "FILE --on PICTURE",
                                   N_("draws the places of a scene on a picture, as PNG"), options,
                                   COUNT(options)};
    char path[PATH_SIZE];
    struct vg_scene *scene;
    enum vg_status status = open_operand(&usage, argc, argv, &scene, fault);
    if (!status && !on)
        status = vg_fault_set(fault, VG_E_CALL, N_("a picture to draw on is wanted"),
                              N_("give --on PICTURE"), "vigie scene draw");
    if (!status && !out) {
        status = default_out(argv[1], path, sizeof path, fault);
        out = path;
    }
    if (!status)
        status = draw(scene, on, out, fault);
    vg_scene_close(&scene);
    return status;
}

/* ---- calibrate ---------------------------------------------------------------------------- */

static enum vg_status calibrate_from_tracks(const char *tracks, const char *on,
                                            struct vg_fault *fault)
{
    struct vg_eye eye;
    struct vg_ground_proposal proposal;
    enum vg_status status = vg_scene_eye_read(on, &eye, fault);
    if (!status)
        status = vg_scene_ground_find(tracks, tracks, &eye, &proposal, fault);
    return status ? status : vg_scene_ground_propose(&proposal, fault);
}

static enum vg_status word_calibrate(int argc, char **argv, struct vg_fault *fault)
{
    const char *on = NULL, *rate = "5";
    struct vg_scene_clip settings = {.model = "nanodet-g"};
    int count = 0;
    const struct vg_option options[] = {
        {"on", "PICTURE", N_("of TRACKS.csv: a picture of the camera, or the clip, for its size"),
         &on, NULL},
        {"clip", "FILE", N_("instead of TRACKS.csv: a clip in which persons are looked for"),
         &settings.clip, NULL},
        {"model", "NAME", N_("detector (nanodet-g)"), &settings.model, NULL},
        {"rate", "FPS", N_("pictures analysed per second of the clip (5; 0: every one)"), &rate,
         NULL},
        {"device", "D", N_("OpenCL device: a number, cpu, gpu, or a part of its name"),
         &settings.device, NULL},
        {"scene", "FILE", N_("the scene that gets the calibration; without it one of nothing else"),
         &settings.scene, NULL},
        {"out", "FILE", N_("where to write the scene; without it the proposal is printed"),
         &settings.out, NULL},
    };
    const struct vg_usage usage = {
        "scene calibrate", "TRACKS.csv --on PICTURE | --clip FILE",
        N_("proposes a calibration from the persons that were followed, as JSON for a scene"),
        options, COUNT(options)};
    enum vg_status status = vg_options_read(&usage, argc, argv, &count, fault);
    if (!status && settings.clip)
        status = vg_option_number("rate", rate, 0, 120, &settings.rate_fps, fault);
    if (status)
        return status;
    const bool writes = settings.scene || settings.out;
    if (settings.clip ? count != 0 || on || (settings.scene && !settings.out)
                      : count != 1 || !on || writes)
        return vg_fault_set(fault, VG_E_CALL, N_("wrong number of arguments"), N_("see vigie help"),
                            "vigie %s %s", usage.command, usage.operands);
    return settings.clip ? vg_scene_clip_calibrate(&settings, fault)
                         : calibrate_from_tracks(argv[1], on, fault);
}

/* ---- words -------------------------------------------------------------------------------- */

static const struct vg_word words[] = {
    {"check", word_check, N_("says whether a scene is good, and else what to correct")},
    {"explain", word_explain, N_("says each rule of a scene in a sentence")},
    {"draw", word_draw, N_("draws the places of a scene on a picture, as PNG")},
    {"calibrate", word_calibrate,
     N_("proposes how tall persons look, from a clip or the tracks of batch")},
};

int vg_cmd_scene(int argc, char **argv)
{
    const struct vg_words scene = {"scene", N_("check, explain, draw and calibrate a scene"), words,
                                   COUNT(words)};
    return vg_words_run(&scene, argc, argv);
}
