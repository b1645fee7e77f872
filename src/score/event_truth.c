#include "src/score/event_truth.h"

#include <string.h>

#include "src/base/alloc.h"
#include "src/base/csv.h"
#include "src/base/file.h"
#include "src/base/text.h"

/* Windows and targets: docs/scoring.md; rule_s is the rule's default hold. */
const struct vg_event_kind vg_event_kinds[VG_SCORE_EVENTS] = {
    {"wrong_way", N_("Wrong way"), 2, 10, 1, 2},
    {"crossing", N_("Crossing or presence"), 2, 10, 0, 2},
    {"crowd_movement", N_("Crowd movement"), 5, 20, 1, 1},
    {"density", N_("Density"), 5, 20, 1, 1},
    {"abandoned_object", N_("Abandoned object"), 5, 30, 10, 2},
    {"weapon", N_("Weapon"), 2, 10, 0.5, 1},
    {"person_down", N_("Person on the ground"), 2, 15, 1.5, 1},
    {"fire", N_("Beginning fire"), 0, 30, 2, 1},
};

int vg_event_kind_of(const char *name)
{
    for (int i = 0; i < VG_SCORE_EVENTS; i++) {
        if (strcmp(vg_event_kinds[i].name, name) == 0)
            return i;
    }
    return -1;
}

enum column {
    FILE_NAME,
    EVENT,
    START,
    END,
    IGNORE,
    DURATION,
    CONDITION,
    COLUMNS
};
#define ABSENT UINT32_MAX

struct reading {
    struct vg_csv_reader reader;
    struct vg_csv_row *row;
    uint32_t at[COLUMNS];
    struct vg_event_truth *truth;
    size_t clip_room, event_room;
};

static enum vg_status read_header(struct reading *r)
{
    static const char *const names[COLUMNS] = {"file",   "event",      "start_s",  "end_s",
                                               "ignore", "duration_s", "condition"};
    const enum vg_status status = vg_csv_reader_next(&r->reader, r->row);
    if (status != VG_OK && status != VG_E_END)
        return status;
    if (status == VG_E_END)
        r->row->count = 0;
    for (int c = 0; c < COLUMNS; c++) {
        r->at[c] = ABSENT;
        for (uint32_t i = r->row->count; i-- > 0;) {
            if (strcmp(r->row->field[i], names[c]) == 0)
                r->at[c] = i;
        }
        if (c <= END && r->at[c] == ABSENT)
            return vg_fault_set(r->reader.fault, VG_E_INPUT, N_("a column is missing"),
                                N_("begin with the header file,event,start_s,end_s"), "%s:1: %s",
                                r->reader.name, names[c]);
    }
    return VG_OK;
}

static const char *field(const struct reading *r, enum column c)
{
    return r->at[c] < r->row->count ? r->row->field[r->at[c]] : "";
}

static enum vg_status refuse(const struct reading *r, enum vg_status status)
{
    return vg_fault_set(r->reader.fault, status, vg_status_text(status), NULL, "%s:%u",
                        r->reader.name, r->reader.line);
}

static enum vg_status read_clip(struct reading *r, uint32_t *clip)
{
    struct vg_event_truth *t = r->truth;
    const char *name = field(r, FILE_NAME);
    if (*name == '\0' || strlen(name) >= VG_SCORE_NAME_SIZE)
        return vg_csv_refuse(&r->reader, r->row, r->at[FILE_NAME], N_("not a file name"),
                             N_("name the clip"));
    for (size_t i = t->clip_count; i-- > 0;) { /* mostly the one of the row before */
        if (strcmp(t->clip[i].name, name) == 0) {
            *clip = (uint32_t)i;
            return VG_OK;
        }
    }
    if (t->clip_count == VG_SCORE_CLIPS_MAX)
        return refuse(r, VG_E_FULL);
    struct vg_clip *more = vg_csv_grow(t->clip, t->clip_count, &r->clip_room, sizeof *more);
    if (!more)
        return refuse(r, VG_E_MEMORY);
    t->clip = more;
    *clip = (uint32_t)t->clip_count++;
    t->clip[*clip] = (struct vg_clip){.seconds = 0};
    memcpy(t->clip[*clip].name, name, strlen(name) + 1);
    return VG_OK;
}

static enum vg_status read_event(struct reading *r, struct vg_true_event *e)
{
    double ignore = 0;
    e->kind = vg_event_kind_of(field(r, EVENT));
    if (e->kind < 0)
        return vg_csv_refuse(&r->reader, r->row, r->at[EVENT], N_("not an event"),
                             N_("write an event such as crossing or density, or nothing"));
    enum vg_status status = vg_csv_number(&r->reader, r->row, r->at[START], -VG_SCORE_SECONDS,
                                          VG_SCORE_SECONDS, &e->start_s);
    if (status == VG_OK)
        status =
            vg_csv_number(&r->reader, r->row, r->at[END], e->start_s, VG_SCORE_SECONDS, &e->end_s);
    if (status == VG_OK && *field(r, IGNORE) != '\0')
        status = vg_csv_number(&r->reader, r->row, r->at[IGNORE], 0, 1, &ignore);
    e->ignore = ignore > 0;
    return status;
}

static enum vg_status read_condition(struct reading *r, struct vg_clip *clip)
{
    const char *text = field(r, CONDITION);
    if (strlen(text) >= VG_CONDITION_SIZE)
        return vg_csv_refuse(&r->reader, r->row, r->at[CONDITION], N_("the condition is too long"),
                             N_("write it in at most 63 bytes"));
    if (!*clip->condition)
        memcpy(clip->condition, text, strlen(text) + 1);
    return VG_OK;
}

static enum vg_status read_row(struct reading *r)
{
    struct vg_event_truth *t = r->truth;
    struct vg_true_event e = {0};
    double seconds = 0;
    enum vg_status status = read_clip(r, &e.clip);
    if (status == VG_OK && *field(r, DURATION) != '\0')
        status = vg_csv_number(&r->reader, r->row, r->at[DURATION], 0, VG_SCORE_SECONDS, &seconds);
    if (status != VG_OK)
        return status;
    status = read_condition(r, &t->clip[e.clip]);
    if (status != VG_OK)
        return status;
    if (seconds > t->clip[e.clip].seconds)
        t->clip[e.clip].seconds = seconds;
    if (*field(r, EVENT) == '\0')
        return VG_OK;
    status = read_event(r, &e);
    if (status != VG_OK)
        return status;
    if (t->event_count == VG_SCORE_ROWS_MAX)
        return refuse(r, VG_E_FULL);
    struct vg_true_event *more =
        vg_csv_grow(t->event, t->event_count, &r->event_room, sizeof *more);
    if (!more)
        return refuse(r, VG_E_MEMORY);
    t->event = more;
    t->event[t->event_count++] = e;
    return VG_OK;
}

enum vg_status vg_event_truth_parse(const char *name, const uint8_t *data, size_t size,
                                    struct vg_event_truth *truth, struct vg_fault *fault)
{
    struct reading r = {.truth = truth, .row = vg_alloc(sizeof *r.row)};
    *truth = (struct vg_event_truth){0};
    vg_csv_reader_init(&r.reader, name, data, size, fault);
    enum vg_status status = r.row ? read_header(&r) : refuse(&r, VG_E_MEMORY);
    while (status == VG_OK) {
        status = vg_csv_reader_next(&r.reader, r.row);
        if (status == VG_OK)
            status = read_row(&r);
    }
    vg_free(r.row);
    if (status == VG_E_END)
        return VG_OK;
    vg_event_truth_close(truth);
    return status;
}

enum vg_status vg_event_truth_open(const char *path, struct vg_event_truth *truth,
                                   struct vg_fault *fault)
{
    uint8_t *data = NULL;
    size_t size = 0;
    *truth = (struct vg_event_truth){0};
    enum vg_status status = vg_file_read(path, VG_CSV_FILE_MAX, &data, &size, fault);
    if (status == VG_OK)
        status = vg_event_truth_parse(path, data, size, truth, fault);
    vg_free(data);
    return status;
}

void vg_event_truth_close(struct vg_event_truth *truth)
{
    vg_free(truth->clip);
    vg_free(truth->event);
    *truth = (struct vg_event_truth){0};
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

int64_t vg_event_truth_clip(const struct vg_event_truth *truth, const char *path)
{
    for (size_t i = 0; i < truth->clip_count; i++) {
        if (strcmp(truth->clip[i].name, path) == 0)
            return (int64_t)i;
    }
    for (size_t i = 0; i < truth->clip_count; i++) {
        if (strcmp(last_part(truth->clip[i].name), last_part(path)) == 0)
            return (int64_t)i;
    }
    return -1;
}
