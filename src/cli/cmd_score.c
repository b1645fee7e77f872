/* vigie score: results against a truth. Reads, calls src/score, prints. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/json.h"
#include "src/base/sha256.h"
#include "src/base/text.h"
#include "src/base/text_buffer.h"
#include "src/base/version.h"
#include "src/cli/commands.h"
#include "src/cli/options.h"
#include "src/cli/score_clips.h"
#include "src/cli/score_notes.h"
#include "src/scene/scene.h"
#include "src/score/score_sheet.h"

struct wishes {
    const char *truth, *alerts, *detections, *tracks, *profile, *before, *after, *event;
    const char *duration, *min_score, *class_name, *report;
    struct vg_score_clips run; /* clips to be analysed first */
    bool json;
};

/* What was read and computed, to be released at the end. */
struct scoring {
    enum vg_class class_id;
    struct vg_event_settings settings;
    struct vg_event_truth clips;
    struct vg_alert_file alerts;
    struct vg_event_score events;
    struct vg_ap_result boxes;
    struct vg_track_result tracks;
    struct vg_scene *scene;
    struct vg_event_sweep sweep[VG_SCORE_EVENTS];
    struct vg_case_note *notes;
    char made_of[1024];
    int batch_code; /* how the analysis ended, where there was one */
};

static enum vg_status read_seconds(const char *name, const char *text, double *value,
                                   struct vg_fault *fault)
{
    return text ? vg_option_number(name, text, 0, VG_SCORE_SECONDS, value, fault) : VG_OK;
}

static enum vg_status read_wishes(const struct wishes *w, struct scoring *s, struct vg_fault *fault)
{
    s->settings = vg_event_settings_defaults();
    s->class_id = vg_class_parse(w->class_name);
    if (!w->truth)
        return vg_fault_set(fault, VG_E_CALL, N_("a truth is needed"), N_("give --truth FILE"),
                            "vigie score");
    if (!w->alerts && !w->detections && !w->tracks)
        return vg_fault_set(fault, VG_E_CALL, N_("nothing to compare with the truth"),
                            N_("give --clips, --alerts, --detections or --tracks"), "vigie score");
    if (w->run.clips && !w->run.scene)
        return vg_fault_set(fault, VG_E_CALL, N_("a scene is needed to analyse the clips"),
                            N_("give --scene FILE"), "--clips %s", w->run.clips);
    if (w->alerts && (w->detections || w->tracks))
        return vg_fault_set(fault, VG_E_CALL,
                            N_("alerts have another truth than detections and tracks"),
                            N_("score them in two calls"), "vigie score --alerts %s", w->alerts);
    if (s->class_id == VG_CLASS_NONE)
        return vg_fault_set(fault, VG_E_CALL, N_("not a class"),
                            N_("write a class such as person or car"), "--class %s", w->class_name);
    if (strcmp(w->profile, "overlap") == 0)
        s->settings.profile = VG_PROFILE_OVERLAP;
    else if (strcmp(w->profile, "onset") != 0)
        return vg_fault_set(fault, VG_E_CALL, N_("unknown profile"), N_("write onset or overlap"),
                            "--profile %s", w->profile);
    s->settings.only_kind = w->event ? vg_event_kind_of(w->event) : -1;
    if (w->event && s->settings.only_kind < 0)
        return vg_fault_set(fault, VG_E_CALL, N_("not an event"),
                            N_("write an event such as crossing or density"), "--event %s",
                            w->event);
    enum vg_status status = read_seconds("before", w->before, &s->settings.before_s, fault);
    if (status == VG_OK)
        status = read_seconds("after", w->after, &s->settings.after_s, fault);
    if (status == VG_OK)
        status = read_seconds("duration", w->duration, &s->settings.seconds, fault);
    if (status == VG_OK && w->min_score)
        status = vg_option_number("min-score", w->min_score, 0, 1, &s->settings.min_score, fault);
    return status;
}

/* One line of what a report is made of: a file and its hash. */
static void add_hash(struct vg_text_buffer *text, const char *label, const char *path)
{
    uint8_t digest[VG_SHA256_BYTES];
    char hash[VG_SHA256_TEXT];
    struct vg_fault ignored;
    if (!path || vg_sha256_file(path, digest, &ignored) != VG_OK)
        return;
    vg_sha256_text(digest, hash);
    vg_text_add(text, "%s %s sha256:%s\n", label, path, hash);
}

static void say_made_of(const struct wishes *w, struct scoring *s)
{
    struct vg_text_buffer text;
    vg_text_buffer_init(&text, s->made_of, sizeof s->made_of);
    vg_text_add(&text, "Vigie %s\n", vg_version());
    add_hash(&text, _("Truth:"), w->truth);
    add_hash(&text, _("Scene:"), w->run.scene);
    if (*s->alerts.model)
        vg_text_add(&text, "%s %s\n", _("Model:"), s->alerts.model);
}

static enum vg_status note_cases(const struct wishes *w, struct scoring *s)
{
    const struct vg_notes_ask ask = {
        .truth = &s->clips,
        .score = &s->events,
        .results = w->alerts,
        .truth_path = w->truth,
        .clips = w->run.clips,
        .scene = s->scene,
        .pictures = w->report ? VG_NOTES_PICTURES : VG_NOTES_NO_PICTURES,
    };
    say_made_of(w, s);
    return vg_score_notes_make(&ask, &s->notes);
}

static enum vg_status score_alerts(const struct wishes *w, struct scoring *s,
                                   struct vg_fault *fault)
{
    enum vg_status status = vg_event_truth_open(w->truth, &s->clips, fault);
    if (status == VG_OK)
        status = vg_alert_file_open(w->alerts, &s->clips, &s->alerts, fault);
    if (status != VG_OK)
        return status;
    status = vg_event_sweep_make(&s->clips, &s->alerts, &s->settings, s->sweep);
    if (status == VG_OK)
        status = vg_event_score_make(&s->clips, &s->alerts, &s->settings, &s->events);
    if (status == VG_OK)
        status = note_cases(w, s);
    return status == VG_OK
               ? status
               : vg_fault_set(fault, status, vg_status_text(status), NULL, "%s", w->alerts);
}

/* Boxes of one class of the truth and of the results. */
static enum vg_status open_boxes(const struct wishes *w, const char *path, struct scoring *s,
                                 struct vg_mot_file both[2], struct vg_fault *fault)
{
    both[1] = (struct vg_mot_file){0};
    enum vg_status status = vg_mot_open(w->truth, &both[0], fault);
    if (status == VG_OK)
        status = vg_mot_open(path, &both[1], fault);
    vg_mot_keep_class(&both[0], s->class_id);
    vg_mot_keep_class(&both[1], s->class_id);
    return status;
}

static enum vg_status score_boxes(const struct wishes *w, struct scoring *s, struct vg_fault *fault)
{
    struct vg_mot_file both[2];
    enum vg_status status = open_boxes(w, w->detections, s, both, fault);
    if (status == VG_OK) {
        status = vg_ap_score(&both[0], &both[1], &s->boxes);
        if (status != VG_OK)
            (void)vg_fault_set(fault, status, vg_status_text(status), NULL, "%s", w->detections);
    }
    vg_mot_close(&both[0]);
    vg_mot_close(&both[1]);
    return status;
}

static enum vg_status score_tracks(const struct wishes *w, struct scoring *s,
                                   struct vg_fault *fault)
{
    struct vg_mot_file both[2];
    enum vg_status status = open_boxes(w, w->tracks, s, both, fault);
    if (status == VG_OK)
        status = vg_mot_check_tracks(w->truth, &both[0], fault);
    if (status == VG_OK)
        status = vg_mot_check_tracks(w->tracks, &both[1], fault);
    if (status == VG_OK) {
        status = vg_track_score(&both[0], &both[1], &s->tracks);
        if (status != VG_OK)
            (void)vg_fault_set(fault, status, vg_status_text(status), NULL, "%s", w->tracks);
    }
    vg_mot_close(&both[0]);
    vg_mot_close(&both[1]);
    return status;
}

static enum vg_status print_json(const struct vg_score_results *r, struct vg_fault *fault)
{
    json_t *object = vg_score_json(r);
    char *text = object ? vg_json_text(object) : NULL;
    json_decref(object);
    if (!text)
        return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "--json");
    (void)printf("%s\n", text);
    vg_free(text);
    return VG_OK;
}

static enum vg_status write_report(const struct wishes *w, const struct vg_score_results *r,
                                   const struct vg_sheet *sheets, size_t count,
                                   struct vg_fault *fault)
{
    char *html = NULL;
    size_t size = 0;
    enum vg_status status = vg_score_html(r, sheets, count, &html, &size);
    if (status == VG_OK)
        status = vg_file_write(w->report, html, size, 0644, VG_FILE_PLAIN, fault);
    else
        (void)vg_fault_set(fault, status, vg_status_text(status), NULL, "%s", w->report);
    vg_free(html);
    return status;
}

static enum vg_status tell(const struct wishes *w, const struct vg_score_results *r,
                           struct vg_fault *fault)
{
    struct vg_sheet *sheets = vg_alloc_array(VG_SHEETS_MAX, sizeof *sheets);
    enum vg_status status = VG_OK;
    if (!sheets)
        return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "vigie score");
    const size_t count = vg_score_sheets(r, sheets);
    if (w->json)
        status = print_json(r, fault);
    else
        vg_score_print(sheets, count, stdout);
    if (!w->json && r->events)
        vg_score_print_cases(r, stdout);
    if (status == VG_OK && w->report)
        status = write_report(w, r, sheets, count, fault);
    vg_free(sheets);
    return status;
}

/* The truth is read first, so that a mistake in it is said before the long work. */
static enum vg_status analyse(const struct wishes *w, struct scoring *s, struct vg_fault *fault)
{
    struct vg_event_truth truth;
    enum vg_status status = vg_event_truth_open(w->truth, &truth, fault);
    vg_event_truth_close(&truth);
    if (status == VG_OK)
        status = vg_score_clips_run(&w->run, &s->batch_code, fault);
    return status;
}

/* *code: the exit code of the analysis, where all else went well. */
static enum vg_status run(const struct wishes *w, int *code, struct vg_fault *fault)
{
    struct scoring s = {0};
    enum vg_status status = read_wishes(w, &s, fault);
    if (status == VG_OK && w->run.scene)
        status = vg_scene_open(w->run.scene, &s.scene, fault);
    if (status == VG_OK && w->run.clips)
        status = analyse(w, &s, fault);
    if (status == VG_OK && w->alerts)
        status = score_alerts(w, &s, fault);
    if (status == VG_OK && w->detections)
        status = score_boxes(w, &s, fault);
    if (status == VG_OK && w->tracks)
        status = score_tracks(w, &s, fault);
    const struct vg_score_results results = {
        .truth_name = w->truth,
        .class_id = s.class_id,
        .boxes = w->detections ? &s.boxes : NULL,
        .tracks = w->tracks ? &s.tracks : NULL,
        .events = w->alerts ? &s.events : NULL,
        .clips = &s.clips,
        .alerts = &s.alerts,
        .sweeps = w->alerts ? s.sweep : NULL,
        .notes = s.notes,
        .made_of = w->alerts ? s.made_of : NULL,
    };
    if (status == VG_OK)
        status = tell(w, &results, fault);
    *code = s.batch_code;
    vg_score_notes_close(&s.notes, s.events.case_count);
    vg_scene_close(&s.scene);
    vg_event_score_close(&s.events);
    vg_alert_file_close(&s.alerts);
    vg_event_truth_close(&s.clips);
    return status;
}

/* A file that is not there is an input that was refused, like one that can not be read. */
static enum vg_status as_input(enum vg_status status)
{
    return status == VG_E_MISSING || status == VG_E_FULL ? VG_E_INPUT : status;
}

/* The results of clips that are analysed now are where batch puts them. */
static enum vg_status place_results(struct wishes *w, struct vg_fault *fault)
{
    if (!w->run.clips)
        return VG_OK;
    if (w->alerts || w->detections || w->tracks)
        return vg_fault_set(fault, VG_E_CALL, N_("clips are analysed, or results given"),
                            N_("leave out --clips or the results"), "--clips %s", w->run.clips);
    w->run.out = w->run.out ? w->run.out : "vigie-out";
    w->alerts = w->run.out;
    return VG_OK;
}

int vg_cmd_score(int argc, char **argv)
{
    struct wishes w = {.profile = "onset", .class_name = "person"};
    struct vg_fault fault = {0};
    int operands = 0, code = 0;
    const struct vg_option options[] = {
        {"truth", "FILE", N_("what is true: events (CSV with header) or boxes (MOTChallenge)"),
         &w.truth, NULL},
        {"clips", "DIR", N_("analyse the clips of this folder first, then score them"),
         &w.run.clips, NULL},
        {"scene", "FILE", N_("places and rules; with --alerts: those that raised them"),
         &w.run.scene, NULL},
        {"out", "DIR", N_("with --clips: folder for the results (vigie-out)"), &w.run.out, NULL},
        {"rate", "FPS", N_("with --clips: pictures analysed per second (5; 0: every one)"),
         &w.run.rate, NULL},
        {"model", "NAME", N_("with --clips: detector (nanodet-g)"), &w.run.model, NULL},
        {"jobs", "N", N_("with --clips: clips analysed at the same time (1)"), &w.run.jobs, NULL},
        {"device", "D", N_("with --clips: OpenCL device"), &w.run.device, NULL},
        {"alerts", "FILE|DIR", N_("alerts.jsonl, or the folder that batch wrote"), &w.alerts, NULL},
        {"detections", "FILE", N_("detections.csv: average precision"), &w.detections, NULL},
        {"tracks", "FILE", N_("tracks.csv: MOTA, IDF1, HOTA"), &w.tracks, NULL},
        {"profile", "NAME", N_("onset (default): near the event's start; overlap: within it"),
         &w.profile, NULL},
        {"before", "S", N_("seconds before the event in which an alert counts"), &w.before, NULL},
        {"after", "S", N_("seconds after it"), &w.after, NULL},
        {"event", "NAME", N_("score this event alone"), &w.event, NULL},
        {"min-score", "S", N_("leave weaker alerts out"), &w.min_score, NULL},
        {"duration", "S", N_("seconds watched in all, for rates per day"), &w.duration, NULL},
        {"class", "NAME", N_("class of boxes and tracks (default person)"), &w.class_name, NULL},
        {"json", NULL, N_("print JSON"), NULL, &w.json},
        {"report", "FILE.html", N_("write a page too"), &w.report, NULL},
    };
    const struct vg_usage usage = {
        .command = "score",
        .operands = "",
        .summary = N_("compare results with a truth"),
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    enum vg_status status = vg_options_read(&usage, argc, argv, &operands, &fault);
    if (status == VG_OK && operands > 0)
        status = vg_fault_set(&fault, VG_E_CALL, N_("score takes options only"),
                              N_("see vigie help score"), "%s", argv[1]);
    if (status == VG_OK)
        status = place_results(&w, &fault);
    if (status == VG_OK)
        status = as_input(run(&w, &code, &fault));
    return status == VG_OK ? code : vg_command_exit(status, &fault);
}
