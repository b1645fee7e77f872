#include "src/score/why_file.h"

#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/csv.h"
#include "src/base/file.h"
#include "src/base/text.h"
#include "src/score/json_lines.h"

#define LINE_BYTES_MAX ((size_t)4096)

static enum vg_status read_said(const struct vg_json *json, struct vg_why_said *said)
{
    int64_t subject = 0;
    *said = (struct vg_why_said){0};
    enum vg_status status = vg_json_number(json, json->root, "", "media_s", VG_JSON_REQUIRED,
                                           -VG_SCORE_SECONDS, VG_SCORE_SECONDS, &said->time_s);
    if (status == VG_OK)
        status = vg_json_string(json, json->root, "", "rule", VG_JSON_REQUIRED, said->rule,
                                sizeof said->rule);
    if (status == VG_OK)
        status = vg_json_string(json, json->root, "", "why", VG_JSON_REQUIRED, said->why,
                                sizeof said->why);
    if (status == VG_OK)
        status = vg_json_integer(json, json->root, "", "track", VG_JSON_OPTIONAL, 0, UINT32_MAX,
                                 &subject);
    if (status == VG_OK && json_is_number(json_object_get(json->root, "value")))
        said->value = json_number_value(json_object_get(json->root, "value"));
    said->subject = (uint32_t)subject;
    return status;
}

static enum vg_status keep(struct vg_why_file *file, const struct vg_why_said *said)
{
    if (file->count == VG_WHY_LINES_MAX)
        return VG_E_FULL;
    struct vg_why_said *more = vg_csv_grow(file->said, file->count, &file->room, sizeof *more);
    if (!more)
        return VG_E_MEMORY;
    file->said = more;
    file->said[file->count++] = *said;
    return VG_OK;
}

static enum vg_status take_said(void *user, const struct vg_json *json)
{
    struct vg_why_said said;
    enum vg_status status = read_said(json, &said);
    if (status != VG_OK)
        return status;
    status = keep(user, &said);
    return status == VG_OK ? VG_OK
                           : vg_fault_set(json->fault, status, vg_status_text(status), NULL,
                                          "%s:1:1", json->name);
}

enum vg_status vg_why_file_parse(struct vg_why_file *file, const char *name, const uint8_t *data,
                                 size_t size, struct vg_fault *fault)
{
    const struct vg_json_taker taker = {take_said, file};
    return vg_json_lines(name, data, size, LINE_BYTES_MAX, &taker, fault);
}

enum vg_status vg_why_file_open(const char *path, struct vg_why_file *file, struct vg_fault *fault)
{
    uint8_t *data = NULL;
    size_t size = 0;
    *file = (struct vg_why_file){0};
    enum vg_status status = vg_file_read(path, VG_CSV_FILE_MAX, &data, &size, fault);
    if (status == VG_OK)
        status = vg_why_file_parse(file, path, data, size, fault);
    vg_free(data);
    return status;
}

void vg_why_file_close(struct vg_why_file *file)
{
    vg_free(file->said);
    *file = (struct vg_why_file){0};
}

/* ---- sums ---- */

static int by_rule_subject_time(const void *pa, const void *pb)
{
    const struct vg_why_said *a = *(const struct vg_why_said *const *)pa,
                             *b = *(const struct vg_why_said *const *)pb;
    const int rule = strcmp(a->rule, b->rule);
    if (rule != 0)
        return rule;
    if (a->subject != b->subject)
        return a->subject < b->subject ? -1 : 1;
    if (a->time_s < b->time_s || a->time_s > b->time_s)
        return a->time_s < b->time_s ? -1 : 1;
    return a < b ? -1 : a > b; /* as in the file */
}

static int by_rule_and_times(const void *pa, const void *pb)
{
    const struct vg_why_sum *a = pa, *b = pb;
    const int rule = strcmp(a->rule, b->rule);
    if (rule != 0)
        return rule;
    if (a->times != b->times)
        return a->times > b->times ? -1 : 1;
    return strcmp(a->why, b->why);
}

static bool asked(const struct vg_why_said *s, const struct vg_why_ask *ask)
{
    return s->time_s <= ask->to_s && (!ask->rule || strcmp(s->rule, ask->rule) == 0) &&
           (ask->subject == 0 || s->subject == 0 || s->subject == ask->subject);
}

/* Whether what was said before the span still held when it began: `next` is what was said after
 * it, NULL: nothing of the same subject. */
static bool counts(const struct vg_why_said *s, const struct vg_why_said *next,
                   const struct vg_why_ask *ask)
{
    if (s->time_s >= ask->from_s)
        return true;
    if (next && next->time_s <= ask->from_s)
        return false;
    return s->subject == 0 || s->time_s >= ask->from_s - VG_WHY_KEPT_S;
}

struct summing {
    struct vg_why_sum *sum;
    size_t count, room;
};

static struct vg_why_sum *find(const struct summing *w, const struct vg_why_said *s)
{
    for (size_t i = 0; i < w->count; i++) {
        if (strcmp(w->sum[i].rule, s->rule) == 0 && strcmp(w->sum[i].why, s->why) == 0)
            return &w->sum[i];
    }
    return NULL;
}

static enum vg_status add(struct summing *w, const struct vg_why_said *s, double from_s)
{
    const double at = s->time_s > from_s ? s->time_s : from_s;
    struct vg_why_sum *sum = find(w, s);
    if (!sum) {
        struct vg_why_sum *more = vg_csv_grow(w->sum, w->count, &w->room, sizeof *more);
        if (!more)
            return VG_E_MEMORY;
        w->sum = more;
        sum = &w->sum[w->count++];
        *sum =
            (struct vg_why_sum){.first_s = at, .last_s = at, .least = s->value, .most = s->value};
        memcpy(sum->rule, s->rule, sizeof sum->rule);
        memcpy(sum->why, s->why, sizeof sum->why);
    }
    sum->times++;
    sum->first_s = at < sum->first_s ? at : sum->first_s;
    sum->last_s = at > sum->last_s ? at : sum->last_s;
    sum->least = s->value < sum->least ? s->value : sum->least;
    sum->most = s->value > sum->most ? s->value : sum->most;
    return VG_OK;
}

/* Counts for each sum how many subjects it was said of. said: by rule and subject. */
static void count_subjects(const struct summing *w, const struct vg_why_said **said, size_t count)
{
    for (size_t k = 0; k < w->count; k++) {
        uint32_t last = 0; /* the place as a whole is nobody */
        for (size_t i = 0; i < count; i++) {
            const bool same = strcmp(said[i]->rule, w->sum[k].rule) == 0 &&
                              strcmp(said[i]->why, w->sum[k].why) == 0;
            if (same && said[i]->subject != last) {
                w->sum[k].subjects++;
                last = said[i]->subject;
            }
        }
    }
}

static bool same_subject(const struct vg_why_said *a, const struct vg_why_said *b)
{
    return a->subject == b->subject && strcmp(a->rule, b->rule) == 0;
}

static enum vg_status sum_all(struct summing *w, const struct vg_why_said **said, size_t count,
                              const struct vg_why_ask *ask)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const struct vg_why_said *next =
            i + 1 < count && same_subject(said[i], said[i + 1]) ? said[i + 1] : NULL;
        if (!counts(said[i], next, ask))
            continue;
        const enum vg_status status = add(w, said[i], ask->from_s);
        if (status != VG_OK)
            return status;
        said[kept++] = said[i];
    }
    count_subjects(w, said, kept);
    return VG_OK;
}

enum vg_status vg_why_file_sum(const struct vg_why_file *file, const struct vg_why_ask *ask,
                               struct vg_why_sum *sums, size_t room, size_t *count)
{
    struct summing w = {0};
    size_t said_count = 0;
    const struct vg_why_said **said = vg_alloc_array(file->count + 1, sizeof *said);
    *count = 0;
    if (!said)
        return VG_E_MEMORY;
    for (size_t i = 0; i < file->count; i++) {
        if (asked(&file->said[i], ask))
            said[said_count++] = &file->said[i];
    }
    if (said_count)
        qsort(said, said_count, sizeof *said, by_rule_subject_time);
    const enum vg_status status = sum_all(&w, said, said_count, ask);
    if (status == VG_OK && w.count) {
        qsort(w.sum, w.count, sizeof *w.sum, by_rule_and_times);
        *count = w.count < room ? w.count : room;
        memcpy(sums, w.sum, *count * sizeof *sums);
    }
    vg_free(said);
    vg_free(w.sum);
    return status;
}
