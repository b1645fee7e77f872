#include "src/score/alert_file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "src/base/alloc.h"
#include "src/base/csv.h"
#include "src/base/file.h"
#include "src/base/text.h"
#include "src/score/json_lines.h"

#define PATH_SIZE   4096
#define FOLDERS_MAX 20000

/* What the first box says, as far as it says something that can be used: a score needs none. */
static void read_box(const json_t *alert, struct vg_raised *a)
{
    const json_t *first = json_array_get(json_object_get(alert, "boxes"), 0);
    const json_t *sides = json_object_get(first, "box");
    const json_int_t subject = json_integer_value(json_object_get(first, "track"));
    if (subject > 0 && subject <= UINT32_MAX)
        a->subject = (uint32_t)subject;
    a->boxed = json_array_size(sides) == 4;
    for (size_t i = 0; i < 4 && a->boxed; i++) {
        const double side = json_number_value(json_array_get(sides, i));
        a->boxed = side >= -1 && side <= 2;
        a->box[i] = a->boxed ? (float)side : 0;
    }
}

static enum vg_status read_alert(const struct vg_json *json, const struct vg_event_truth *truth,
                                 struct vg_raised *a, char *flux, int64_t *clip)
{
    char event[64] = "";
    *a = (struct vg_raised){.score = 1};
    enum vg_status status =
        vg_json_string(json, json->root, "", "id", VG_JSON_OPTIONAL, a->id, sizeof a->id);
    if (status == VG_OK)
        status = vg_json_string(json, json->root, "", "flux", VG_JSON_REQUIRED, flux,
                                VG_SCORE_NAME_SIZE);
    if (status == VG_OK)
        status =
            vg_json_string(json, json->root, "", "event", VG_JSON_REQUIRED, event, sizeof event);
    if (status == VG_OK)
        status = vg_json_number(json, json->root, "", "media_s", VG_JSON_REQUIRED,
                                -VG_SCORE_SECONDS, VG_SCORE_SECONDS, &a->time_s);
    if (status == VG_OK)
        status =
            vg_json_string(json, json->root, "", "rule", VG_JSON_OPTIONAL, a->rule, sizeof a->rule);
    if (status == VG_OK && !json_is_null(json_object_get(json->root, "score")))
        status = vg_json_number(json, json->root, "", "score", VG_JSON_OPTIONAL, 0, 1, &a->score);
    if (status != VG_OK)
        return status;
    a->kind = vg_event_kind_of(event);
    if (a->kind < 0)
        return vg_json_refuse(json, "/event", N_("not an event"), NULL);
    read_box(json->root, a);
    *clip = vg_event_truth_clip(truth, flux);
    return VG_OK;
}

static enum vg_status keep(struct vg_alert_file *file, const struct vg_raised *a)
{
    if (file->count == VG_ALERTS_MAX)
        return VG_E_FULL;
    struct vg_raised *more = vg_csv_grow(file->alert, file->count, &file->room, sizeof *more);
    if (!more)
        return VG_E_MEMORY;
    file->alert = more;
    file->alert[file->count++] = *a;
    return VG_OK;
}

/* Alerts that are added to a file, by the clips of the truth. */
struct adding {
    struct vg_alert_file *file;
    const struct vg_event_truth *truth;
};

static enum vg_status take_alert(void *user, const struct vg_json *json)
{
    const struct adding *adding = user;
    struct vg_alert_file *file = adding->file;
    struct vg_raised a;
    char flux[VG_SCORE_NAME_SIZE] = "";
    int64_t clip = -1;
    enum vg_status status = read_alert(json, adding->truth, &a, flux, &clip);
    if (status != VG_OK)
        return status;
    const char *model = json_string_value(json_object_get(json->root, "model"));
    if (model && !*file->model && strlen(model) < sizeof file->model)
        memcpy(file->model, model, strlen(model) + 1);
    if (clip < 0) {
        if (file->foreign++ == 0)
            memcpy(file->first_foreign, flux, sizeof flux);
        return VG_OK;
    }
    a.clip = (uint32_t)clip;
    status = keep(file, &a);
    return status == VG_OK ? VG_OK
                           : vg_fault_set(json->fault, status, vg_status_text(status), NULL,
                                          "%s:1:1", json->name);
}

enum vg_status vg_alert_file_parse(struct vg_alert_file *file, const char *name,
                                   const uint8_t *data, size_t size,
                                   const struct vg_event_truth *truth, struct vg_fault *fault)
{
    struct adding adding = {file, truth};
    const struct vg_json_taker taker = {take_alert, &adding};
    const size_t before = file->count;
    const enum vg_status status = vg_json_lines(name, data, size, VG_ALERT_LINE_MAX, &taker, fault);
    if (status != VG_OK)
        file->count = before;
    return status;
}

static enum vg_status read_alerts(const char *path, const struct vg_event_truth *truth,
                                  struct vg_alert_file *file, struct vg_fault *fault)
{
    uint8_t *data = NULL;
    size_t size = 0;
    enum vg_status status = vg_file_read(path, VG_CSV_FILE_MAX, &data, &size, fault);
    if (status == VG_OK)
        status = vg_alert_file_parse(file, path, data, size, truth, fault);
    vg_free(data);
    return status;
}

/* A column of numbers of a CSV with a header: its sum and its last value, 0 without one that can
 * be read. */
struct column {
    double sum, last;
};

static struct column read_column(const char *dir, const char *folder, const char *file,
                                 uint32_t column)
{
    char path[PATH_SIZE];
    uint8_t *data = NULL;
    size_t size = 0;
    struct column c = {0, 0};
    struct vg_csv_reader reader;
    struct vg_csv_row *row = vg_alloc(sizeof *row);
    const int n = snprintf(path, sizeof path, "%s/%s/%s", dir, folder, file);
    if (row && n > 0 && (size_t)n < sizeof path && vg_file_exists(path) &&
        vg_file_read(path, VG_CSV_FILE_MAX, &data, &size, NULL) == VG_OK) {
        vg_csv_reader_init(&reader, path, data, size, NULL);
        enum vg_status status = vg_csv_reader_next(&reader, row); /* the header */
        while (status == VG_OK && vg_csv_reader_next(&reader, row) == VG_OK) {
            double value = 0;
            status = vg_csv_number(&reader, row, column, 0, VG_SCORE_SECONDS, &value);
            c.sum += value;
            c.last = status == VG_OK ? value : c.last;
        }
    }
    vg_free(data);
    vg_free(row);
    return c;
}

/* How long the clip was watched: what its ledger says, or the time of its last measure. */
static double watched_seconds(const char *dir, const char *folder)
{
    const double covered = read_column(dir, folder, "coverage.csv", 1).sum; /* nominal_s */
    return covered > 0 ? covered : read_column(dir, folder, "measures.csv", 0).last;
}

/* "walk.mp4" stands in folder "walk", a second one in "walk-2". */
static bool is_folder_of(const char *folder, const char *clip)
{
    const char *slash = strrchr(clip, '/');
    const char *name = slash ? slash + 1 : clip;
    const char *dot = strrchr(name, '.');
    const size_t stem = dot && dot > name ? (size_t)(dot - name) : strlen(name);
    if (strncmp(folder, name, stem) != 0)
        return false;
    const char *rest = folder + stem;
    return *rest == '\0' ||
           (rest[0] == '-' && rest[1] != '\0' && rest[1 + strspn(rest + 1, "0123456789")] == '\0');
}

static void mark_clips(const char *dir, const char *folder, struct vg_event_truth *truth)
{
    for (size_t i = 0; i < truth->clip_count; i++) {
        struct vg_clip *clip = &truth->clip[i];
        if (!is_folder_of(folder, clip->name))
            continue;
        clip->analysed = true;
        (void)snprintf(clip->folder, sizeof clip->folder, "%s", folder);
        if (!(clip->seconds > 0))
            clip->seconds = watched_seconds(dir, folder);
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* The names of dir's entries, sorted, so that two runs read them in one order. */
static enum vg_status list_folder(const char *path, char (**names)[VG_SCORE_NAME_SIZE],
                                  size_t *count, struct vg_fault *fault)
{
    enum vg_status status = VG_OK;
    size_t room = 0;
    DIR *dir = opendir(path);
    *names = NULL;
    *count = 0;
    if (!dir)
        return vg_fault_set(fault, VG_E_MISSING, N_("the folder can not be read"), NULL, "%s",
                            path);
    for (struct dirent *e; status == VG_OK && (e = readdir(dir)) != NULL;) {
        if (e->d_name[0] == '.' || strlen(e->d_name) >= VG_SCORE_NAME_SIZE)
            continue;
        char(*more)[VG_SCORE_NAME_SIZE] =
            *count < FOLDERS_MAX ? vg_csv_grow(*names, *count, &room, sizeof **names) : NULL;
        if (!more) {
            status = vg_fault_set(fault, *count < FOLDERS_MAX ? VG_E_MEMORY : VG_E_FULL,
                                  N_("too many results in one folder"), NULL, "%s", path);
            break;
        }
        *names = more;
        memcpy((*names)[(*count)++], e->d_name, strlen(e->d_name) + 1);
    }
    (void)closedir(dir);
    if (*count)
        qsort(*names, *count, sizeof **names, by_name);
    return status;
}

static enum vg_status open_folder(const char *dir, struct vg_event_truth *truth,
                                  struct vg_alert_file *file, struct vg_fault *fault)
{
    char(*names)[VG_SCORE_NAME_SIZE] = NULL;
    char path[PATH_SIZE];
    size_t count = 0, found = 0;
    enum vg_status status = list_folder(dir, &names, &count, fault);
    for (size_t i = 0; i < count && status == VG_OK; i++) {
        const int n = snprintf(path, sizeof path, "%s/%s/alerts.jsonl", dir, names[i]);
        if (n < 0 || (size_t)n >= sizeof path || !vg_file_exists(path))
            continue;
        status = read_alerts(path, truth, file, fault);
        mark_clips(dir, names[i], truth);
        found++;
    }
    vg_free(names);
    if (status == VG_OK && found == 0)
        return vg_fault_set(fault, VG_E_INPUT, N_("no alerts.jsonl in the folders of this one"),
                            N_("give the folder that batch wrote with --out"), "%s", dir);
    return status;
}

enum vg_status vg_alert_file_open(const char *path, struct vg_event_truth *truth,
                                  struct vg_alert_file *file, struct vg_fault *fault)
{
    struct stat about;
    char inside[PATH_SIZE];
    *file = (struct vg_alert_file){0};
    if (stat(path, &about) == 0 && S_ISDIR(about.st_mode)) {
        /* the folder of one clip is taken as its file */
        if (vg_path_join(inside, sizeof inside, path, "alerts.jsonl") != VG_OK ||
            !vg_file_exists(inside))
            return open_folder(path, truth, file, fault);
        path = inside;
    }
    for (size_t i = 0; i < truth->clip_count; i++)
        truth->clip[i].analysed = true;
    return read_alerts(path, truth, file, fault);
}

void vg_alert_file_close(struct vg_alert_file *file)
{
    vg_free(file->alert);
    *file = (struct vg_alert_file){0};
}
