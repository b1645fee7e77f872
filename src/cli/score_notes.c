#include "src/cli/score_notes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/text.h"
#include "src/base/text_buffer.h"
#include "src/draw/image_file.h"
#include "src/draw/overlay.h"
#include "src/events/sighting.h"
#include "src/media/clip.h"
#include "src/score/why_file.h"

#define PATH_SIZE    4096
#define SUMS_MAX     6  /* reasons told of one rule: the most said */
#define PICTURES_MAX 60 /* some 70 kB each in the page */
#define JPEG_QUALITY 60

struct noting {
    const struct vg_notes_ask *ask;
    struct vg_case_note *note;
    int64_t clip; /* whose words are open, -1: none */
    bool opened;  /* they could be */
    struct vg_why_file why;
};

static char *new_line(struct vg_case_note *note)
{
    return note->line_count < VG_CASE_LINES_MAX ? note->line[note->line_count++] : NULL;
}

static void say(struct vg_case_note *note, const char *text)
{
    char *line = new_line(note);
    if (line)
        (void)snprintf(line, sizeof note->line[0], "%s", text);
}

static bool open_words(struct noting *n, uint32_t clip)
{
    char path[PATH_SIZE];
    struct vg_fault ignored;
    if (n->clip == (int64_t)clip)
        return n->opened;
    vg_why_file_close(&n->why);
    n->clip = (int64_t)clip;
    const char *folder = n->ask->truth->clip[clip].folder;
    const int size = snprintf(path, sizeof path, "%s/%s/explain.jsonl", n->ask->results, folder);
    n->opened = *folder && size > 0 && (size_t)size < sizeof path && vg_file_exists(path) &&
                vg_why_file_open(path, &n->why, &ignored) == VG_OK;
    return n->opened;
}

/* ---- words ---- */

static const struct vg_rule *rule_named(const struct vg_scene *scene, const char *id)
{
    for (uint32_t i = 0; scene && i < scene->rule_count; i++) {
        if (strcmp(scene->rule[i].id, id) == 0)
            return &scene->rule[i];
    }
    return NULL;
}

static enum vg_why_not why_named(const char *name)
{
    int i = 0;
    while (i < VG_WHY_COUNT && strcmp(vg_why_not_name((enum vg_why_not)i), name) != 0)
        i++;
    return (enum vg_why_not)i;
}

/* By how much: the values that the reason is about, and what the rule asks. Nothing for others. */
static void add_how_much(struct vg_text_buffer *text, const struct vg_why_sum *s,
                         const struct vg_rule *rule)
{
    switch ((int)why_named(s->why)) {
    case VG_WHY_SCORE:
        vg_text_add(text, _(", score %.2f to %.2f"), s->least, s->most);
        if (rule)
            vg_text_add(text, _(", %.2f is asked"), (double)rule->min_score);
        break;
    case VG_WHY_HOLD:
        vg_text_add(text, _(", %.1f s at most"), s->most);
        if (rule)
            vg_text_add(text, _(", %.1f s are asked"), (double)rule->hold_us / 1e6);
        break;
    case VG_WHY_COOLDOWN:
        vg_text_add(text, _(", for %.1f s more"), s->most);
        break;
    case VG_WHY_FEW:
        vg_text_add(text, _(", %g to %g counted"), s->least, s->most);
        if (rule)
            vg_text_add(text, _(", more than %g are asked"), (double)rule->over);
        break;
    default:
        if (s->least < 0 || s->most > 0)
            vg_text_add(text, _(", value %.2f to %.2f"), s->least, s->most);
    }
}

static void say_sum(struct vg_case_note *note, const struct vg_why_sum *s,
                    const struct vg_scene *scene)
{
    const enum vg_why_not why = why_named(s->why);
    struct vg_text_buffer text;
    char *line = new_line(note);
    if (!line)
        return;
    vg_text_buffer_init(&text, line, sizeof note->line[0]);
    vg_text_add(&text, "%s: %s", s->rule, why < VG_WHY_COUNT ? _(vg_why_not_label(why)) : s->why);
    add_how_much(&text, s, rule_named(scene, s->rule));
    vg_text_add(&text, " (%.1f - %.1f s", s->first_s, s->last_s);
    if (s->subjects > 0)
        vg_text_add(&text, _(", of %u tracks or things"), s->subjects);
    vg_text_add(&text, ")");
}

static enum vg_status say_rule(struct noting *n, const struct vg_case *c, const char *rule,
                               struct vg_case_note *note)
{
    struct vg_why_sum sums[SUMS_MAX];
    size_t count = 0;
    const struct vg_why_ask ask = {.from_s = c->from_s,
                                   .to_s = c->to_s,
                                   .rule = rule,
                                   .subject = c->alert ? c->alert->subject : 0};
    const enum vg_status status = vg_why_file_sum(&n->why, &ask, sums, SUMS_MAX, &count);
    for (size_t i = 0; status == VG_OK && i < count; i++)
        say_sum(note, &sums[i], n->ask->scene);
    if (status == VG_OK && count == 0 && rule) {
        char text[256];
        (void)snprintf(text, sizeof text,
                       _("%s: said nothing: nobody and nothing was there for it"), rule);
        say(note, text);
    }
    return status;
}

/* What was missed: what every rule on the event said. */
static enum vg_status say_missed(struct noting *n, const struct vg_case *c,
                                 struct vg_case_note *note)
{
    const struct vg_scene *scene = n->ask->scene;
    enum vg_status status = VG_OK;
    uint32_t rules = 0;
    for (uint32_t i = 0; scene && status == VG_OK && i < scene->rule_count; i++) {
        const char *event = vg_event_name(scene->rule[i].event);
        if (strcmp(event, vg_event_kinds[c->kind].name) != 0)
            continue;
        rules++;
        status = say_rule(n, c, scene->rule[i].id, note);
    }
    if (!scene)
        return say_rule(n, c, NULL, note);
    if (rules == 0)
        say(note, _("no rule of the scene watches this event"));
    return status;
}

static enum vg_status note_case(struct noting *n, size_t at)
{
    const struct vg_case *c = &n->ask->score->cases[at];
    struct vg_case_note *note = &n->note[at];
    if (!n->ask->truth->clip[c->clip].analysed) {
        say(note, _("the clip was not analysed"));
        return VG_OK;
    }
    if (!open_words(n, c->clip)) {
        say(note, _("no explain.jsonl beside the alerts: analyse with --explain"));
        return VG_OK;
    }
    if (c->what == VG_CASE_MISSED)
        return say_missed(n, c, note);
    return say_rule(n, c, *c->alert->rule ? c->alert->rule : NULL, note);
}

/* ---- pictures ---- */

/* A case that wants its picture. */
struct wanted {
    size_t at;
    double time_s;
};

static int by_time(const void *pa, const void *pb)
{
    const struct wanted *a = pa, *b = pb;
    return a->time_s < b->time_s ? -1 : a->time_s > b->time_s;
}

static double time_of(const struct vg_case *c)
{
    if (c->alert)
        return c->alert->time_s;
    const double middle = (c->event->start_s + c->event->end_s) / 2;
    return middle < c->event->start_s + 1 ? middle : c->event->start_s + 1;
}

static bool try_path(char *path, size_t size, const char *folder, const char *name)
{
    return vg_path_join(path, size, folder, name) == VG_OK && vg_file_exists(path);
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The clip of that name: in the folder of clips, the clip itself, or beside the truth. */
static bool find_clip(const struct vg_notes_ask *ask, const char *name, char *path, size_t size)
{
    char beside[PATH_SIZE] = ".";
    const size_t above = (size_t)(last_part(ask->truth_path) - ask->truth_path);
    if (above > 0 && above < sizeof beside) {
        memcpy(beside, ask->truth_path, above);
        beside[above] = '\0';
    }
    if (ask->clips && strcmp(last_part(ask->clips), last_part(name)) == 0) {
        const int n = snprintf(path, size, "%s", ask->clips);
        return n > 0 && (size_t)n < size && vg_file_exists(path);
    }
    return (ask->clips && try_path(path, size, ask->clips, name)) ||
           (ask->clips && try_path(path, size, ask->clips, last_part(name))) ||
           try_path(path, size, beside, name);
}

static void draw_case(const struct noting *n, const struct vg_case *c, struct vg_canvas *canvas)
{
    char time[32];
    struct vg_text_buffer text;
    const struct vg_raised *a = c->alert;
    const struct vg_rule *rule = a ? rule_named(n->ask->scene, a->rule) : NULL;
    const float w = (float)canvas->width, h = (float)canvas->height;
    struct vg_draw_box box = {0};
    vg_text_buffer_init(&text, time, sizeof time);
    vg_text_add(&text, "%.1f s", time_of(c));
    if (a && a->boxed)
        box = (struct vg_draw_box){.track = a->subject,
                                   .class_id = VG_CLASS_OTHER,
                                   .score = (float)a->score,
                                   .box = {(float)a->box[0] * w, (float)a->box[1] * h,
                                           (float)a->box[2] * w, (float)a->box[3] * h}};
    const struct vg_draw_alert all = {
        .scene = n->ask->scene,
        .place = rule ? rule->place : -1,
        .title = _(vg_event_kinds[c->kind].label),
        .place_name = rule ? vg_scene_place_name(n->ask->scene, rule->place) : "",
        .time = time,
        .boxes = &box,
        .box_count = a && a->boxed};
    vg_draw_alert(canvas, &all);
}

/* The picture that the clip gave last, drawn on and packed for each case that wants it. */
static void keep_picture(struct noting *n, struct vg_clip *clip,
                         const struct vg_clip_picture *about, size_t at)
{
    struct vg_picture picture;
    struct vg_canvas canvas = {0};
    struct vg_case_note *note = &n->note[at];
    uint8_t *memory = vg_alloc(vg_pixels_bytes(about->width, about->height));
    const struct vg_pixels pixels =
        memory ? vg_pixels_over(memory, about->width, about->height) : (struct vg_pixels){0};
    if (memory && vg_clip_convert(clip, &pixels, &picture) == VG_OK &&
        vg_canvas_from_picture(&canvas, &picture) == VG_OK) {
        draw_case(n, &n->ask->score->cases[at], &canvas);
        if (vg_image_jpeg(&canvas, JPEG_QUALITY, &note->jpeg, &note->jpeg_size) != VG_OK)
            note->jpeg = NULL;
    }
    vg_canvas_release(&canvas);
    vg_free(memory);
}

/* Reads the clip once, to the last picture that is wanted. */
static void picture_clip(struct noting *n, const char *path, const struct wanted *wanted,
                         size_t count)
{
    struct vg_clip *clip = NULL;
    struct vg_fault ignored;
    struct vg_clip_picture about;
    size_t at = 0;
    if (vg_clip_open(&clip, path, &ignored) != VG_OK)
        return;
    while (at < count && vg_clip_next(clip, &about, &ignored) == VG_OK) {
        for (; at < count && (double)about.media.us / 1e6 >= wanted[at].time_s - 1e-6; at++)
            keep_picture(n, clip, &about, wanted[at].at);
    }
    vg_clip_close(&clip);
}

static enum vg_status note_pictures(struct noting *n)
{
    const struct vg_event_score *score = n->ask->score;
    struct wanted *wanted = vg_alloc_array(score->case_count + 1, sizeof *wanted);
    size_t left = PICTURES_MAX;
    if (!wanted)
        return VG_E_MEMORY;
    for (uint32_t clip = 0; clip < n->ask->truth->clip_count && left > 0; clip++) {
        char path[PATH_SIZE];
        size_t count = 0;
        for (size_t i = 0; i < score->case_count && count < left; i++) {
            if (score->cases[i].clip == clip && vg_case_shown(&score->cases[i]))
                wanted[count++] = (struct wanted){i, time_of(&score->cases[i])};
        }
        if (count == 0 || !find_clip(n->ask, n->ask->truth->clip[clip].name, path, sizeof path))
            continue;
        qsort(wanted, count, sizeof *wanted, by_time);
        picture_clip(n, path, wanted, count);
        left -= count;
    }
    vg_free(wanted);
    return VG_OK;
}

enum vg_status vg_score_notes_make(const struct vg_notes_ask *ask, struct vg_case_note **notes)
{
    const size_t count = ask->score->case_count;
    struct noting n = {.ask = ask, .clip = -1};
    enum vg_status status = VG_OK;
    n.note = vg_alloc_array(count + 1, sizeof *n.note);
    *notes = n.note;
    if (!n.note)
        return VG_E_MEMORY;
    size_t shown = 0;
    for (size_t i = 0; i < count && status == VG_OK && shown < VG_CASES_SHOWN_MAX; i++) {
        if (!vg_case_shown(&ask->score->cases[i]))
            continue;
        status = note_case(&n, i);
        shown++;
    }
    vg_why_file_close(&n.why);
    if (status == VG_OK && ask->pictures == VG_NOTES_PICTURES)
        status = note_pictures(&n);
    if (status != VG_OK)
        vg_score_notes_close(notes, count);
    return status;
}

void vg_score_notes_close(struct vg_case_note **notes, size_t count)
{
    for (size_t i = 0; *notes && i < count; i++)
        vg_free((*notes)[i].jpeg);
    vg_free(*notes);
    *notes = NULL;
}
