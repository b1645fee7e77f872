#include "src/cli/batch_files.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/text.h"
#include "src/track/track_rows.h"

enum {
    EXPLAIN_SLOTS = 16384
};

static const char *const file_name[VG_BATCH_FILE_COUNT] = {
    "alerts.jsonl", "detections.csv", "tracks.csv", "measures.csv", "explain.jsonl", "coverage.csv",
};

/* The last reason said of a rule and a track, in a small hash table; a place taken by another
 * pair is overwritten, which only says a reason again. */
struct last_reason {
    uint32_t rule, track;
    int why; /* enum vg_why_not + 1; 0: free */
    double value;
    struct vg_media_time said;
};

struct vg_batch_files {
    char folder[4096];
    FILE *file[VG_BATCH_FILE_COUNT];
    struct vg_track_rows *rows;
    enum vg_status failed; /* first failure of a write */
    const struct vg_scene *scene;
    struct vg_media_time time;
    struct last_reason reason[EXPLAIN_SLOTS];
};

/* The clip's name without folder and ending. */
static void stem_of(const char *clip, char *stem, size_t size)
{
    const char *slash = strrchr(clip, '/');
    (void)snprintf(stem, size, "%s", slash ? slash + 1 : clip);
    char *dot = strrchr(stem, '.');
    if (dot && dot != stem)
        *dot = '\0';
    if (strcmp(stem, ".") == 0 || strcmp(stem, "..") == 0) /* never outside of the folder */
        (void)snprintf(stem, size, "clip");
}

static bool taken(char stems[][VG_BATCH_STEM_SIZE], uint32_t count, const char *stem)
{
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(stems[i], stem) == 0)
            return true;
    return false;
}

void vg_batch_stems(char *const *clips, uint32_t count, char stems[][VG_BATCH_STEM_SIZE])
{
    for (uint32_t i = 0; i < count; i++) {
        char plain[VG_BATCH_STEM_SIZE - 8];
        stem_of(clips[i], plain, sizeof plain);
        (void)snprintf(stems[i], VG_BATCH_STEM_SIZE, "%s", plain);
        for (unsigned n = 2; taken(stems, i, stems[i]) && n < 1000000; n++)
            (void)snprintf(stems[i], VG_BATCH_STEM_SIZE, "%s-%u", plain, n % 1000000);
    }
}

static void path_of(const struct vg_batch_files *files, int which, const char *ending, char *path,
                    size_t size)
{
    (void)snprintf(path, size, "%s/%s%s", files->folder, file_name[which], ending);
}

static enum vg_status write_fault(const char *path, struct vg_fault *fault)
{
    if (errno == ENOSPC)
        return vg_fault_set(fault, VG_E_LACK, N_("the disk is full"), N_("make room on it"), "%s",
                            path);
    return vg_fault_set(fault, VG_E_IO, N_("the file cannot be written"),
                        N_("check its rights and its disk"), "%s", path);
}

static enum vg_status open_all(struct vg_batch_files *f, uint32_t wanted, struct vg_fault *fault)
{
    for (int i = 0; i < VG_BATCH_FILE_COUNT; i++) {
        char path[4200];
        if (!(wanted >> i & 1))
            continue;
        path_of(f, i, ".part", path, sizeof path);
        f->file[i] = fopen(path, "w");
        if (!f->file[i])
            return write_fault(path, fault);
    }
    if (f->file[VG_BATCH_MEASURES])
        (void)fputs("time_s,place,measure,value\n", f->file[VG_BATCH_MEASURES]);
    return f->file[VG_BATCH_TRACKS] ? vg_track_rows_open(&f->rows) : VG_OK;
}

enum vg_status vg_batch_files_open(struct vg_batch_files **files, const char *dir, const char *stem,
                                   uint32_t wanted, struct vg_fault *fault)
{
    struct vg_batch_files *f = vg_alloc(sizeof *f);
    *files = NULL;
    if (!f)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", stem);
    enum vg_status status = VG_OK;
    if (vg_path_join(f->folder, sizeof f->folder, dir, stem))
        status =
            vg_fault_set(fault, VG_E_CALL, N_("the path is too long"), NULL, "%s/%s", dir, stem);
    if (!status)
        status = vg_folder_make(f->folder, fault);
    if (!status)
        status = open_all(f, wanted | 1u << VG_BATCH_ALERTS | 1u << VG_BATCH_COVERAGE, fault);
    if (status) {
        struct vg_fault ignored;
        if (vg_batch_files_close(&f, &ignored))
            return status;
    }
    *files = f;
    return status;
}

const char *vg_batch_files_folder(const struct vg_batch_files *files)
{
    return files->folder;
}

static void note(struct vg_batch_files *files, int result)
{
    if (result < 0 && !files->failed)
        files->failed = errno == ENOSPC ? VG_E_LACK : VG_E_IO;
}

void vg_batch_write_line(struct vg_batch_files *files, enum vg_batch_file file, const char *text)
{
    if (files->file[file])
        note(files, fprintf(files->file[file], "%s\n", text));
}

void vg_batch_write_detection(struct vg_batch_files *files, uint64_t frame,
                              const struct vg_detection *d)
{
    FILE *out = files->file[VG_BATCH_DETECTIONS];
    if (out)
        note(files,
             fprintf(out, "%llu,-1,%.3f,%.3f,%.3f,%.3f,%.6f,%s,-1\n", (unsigned long long)frame,
                     (double)d->box.left, (double)d->box.top, (double)d->box.width,
                     (double)d->box.height, (double)d->score, vg_class_name(d->class_id)));
}

void vg_batch_write_measures(struct vg_batch_files *files, const struct vg_scene *scene,
                             struct vg_media_time time, const struct vg_watch_output *watched)
{
    FILE *out = files->file[VG_BATCH_MEASURES];
    for (uint32_t i = 0; out && i < watched->measure_count; i++) {
        const struct vg_measure *m = &watched->measure[i];
        note(files, fprintf(out, "%.3f,%s,%s,%g\n", (double)time.us / 1e6,
                            m->place < 0 ? "" : scene->place[m->place].id, m->name, m->value));
    }
}

enum vg_status vg_batch_add_tracks(struct vg_batch_files *files, uint64_t frame,
                                   const struct vg_track *const *tracks, uint32_t count)
{
    if (!files->rows)
        return VG_OK;
    return vg_track_rows_add(files->rows, (uint32_t)frame, tracks, count);
}

/* By how much a condition fails is told again when it has moved, but not with each picture. */
#define EXPLAIN_AGAIN_US VG_US_PER_S

static bool is_news(double before, double now)
{
    return fabs(now - before) > fabs(before) / 20;
}

static void say_reason(void *user, uint32_t rule, uint32_t track, enum vg_why_not why, double value)
{
    struct vg_batch_files *files = user;
    struct last_reason *last =
        &files->reason[(rule * UINT32_C(2654435761) + track * UINT32_C(40503)) % EXPLAIN_SLOTS];
    if (last->why == (int)why + 1 && last->rule == rule && last->track == track &&
        !(files->time.us - last->said.us >= EXPLAIN_AGAIN_US && is_news(last->value, value)))
        return;
    *last = (struct last_reason){rule, track, (int)why + 1, value, files->time};
    FILE *out = files->file[VG_BATCH_EXPLAIN];
    if (out)
        note(files, fprintf(out,
                            "{\"media_s\":%.3f,\"rule\":\"%s\",\"track\":%u,\"why\":\"%s\","
                            "\"value\":%g}\n",
                            (double)files->time.us / 1e6, files->scene->rule[rule].id, track,
                            vg_why_not_name(why), value));
}

struct vg_explainer vg_batch_explainer(struct vg_batch_files *files)
{
    return (struct vg_explainer){say_reason, files};
}

void vg_batch_explain_at(struct vg_batch_files *files, const struct vg_scene *scene,
                         struct vg_media_time time)
{
    files->scene = scene;
    files->time = time;
}

static enum vg_status write_row(void *user, const char *text, size_t size)
{
    return fwrite(text, 1, size, user) == size ? VG_OK : VG_E_IO;
}

/* Flushes, closes and gives the file its name. */
static enum vg_status finish(struct vg_batch_files *f, int which, struct vg_fault *fault)
{
    char part[4200], path[4200];
    path_of(f, which, ".part", part, sizeof part);
    path_of(f, which, "", path, sizeof path);
    FILE *out = f->file[which];
    f->file[which] = NULL;
    errno = 0;
    const int broken = ferror(out) || fflush(out);
    if (fclose(out) || broken || rename(part, path))
        return write_fault(path, fault);
    return VG_OK;
}

enum vg_status vg_batch_files_close(struct vg_batch_files **files, struct vg_fault *fault)
{
    struct vg_batch_files *f = *files;
    if (!f)
        return VG_OK;
    enum vg_status status = f->failed;
    if (status)
        errno = status == VG_E_LACK ? ENOSPC : EIO;
    if (status)
        status = write_fault(f->folder, fault);
    if (f->rows) {
        const struct vg_track_rows_sink sink = {write_row, f->file[VG_BATCH_TRACKS]};
        if (vg_track_rows_write(f->rows, &sink) && !status)
            status = write_fault(f->folder, fault);
        vg_track_rows_close(&f->rows);
    }
    for (int i = 0; i < VG_BATCH_FILE_COUNT; i++) {
        if (!f->file[i])
            continue;
        const enum vg_status failed = finish(f, i, status ? NULL : fault);
        if (!status)
            status = failed;
    }
    vg_free(f);
    *files = NULL;
    return status;
}
