#include "scheduler/measures_thread.h"

#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/store/measures_file.h"

enum {
    RING = 4096 /* 200 flux that measure two numbers: for ten minutes */
};

struct note {
    char flux[VG_FLUX_ID_SIZE]; /* first, and not "" */
    struct vg_measures_curve curve;
    struct vg_measure_row row;
};

struct vg_measures_thread {
    char data[4096];
    uint32_t keep_days;
    struct vg_row_thread *rows;
};

static enum vg_status write_note(void *user, const void *given, struct vg_fault *fault)
{
    const struct vg_measures_thread *t = user;
    const struct note *note = given;
    return vg_measures_add(t->data, note->flux, &note->curve, &note->row, fault);
}

static enum vg_status sweep(void *user, int64_t today, uint32_t *removed, struct vg_fault *fault)
{
    const struct vg_measures_thread *t = user;
    return vg_measures_sweep(t->data, today, t->keep_days, removed, fault);
}

enum vg_status vg_measures_thread_open(struct vg_measures_thread **thread, const char *data,
                                       uint32_t keep_days)
{
    struct vg_measures_thread *t = vg_alloc(sizeof *t);
    *thread = NULL;
    if (!t)
        return VG_E_MEMORY;
    const struct vg_row_settings settings = {.name = "measures",
                                             .note_bytes = sizeof(struct note),
                                             .ring = RING,
                                             .user = t,
                                             .write = write_note,
                                             .sweep = sweep};
    const int n = snprintf(t->data, sizeof t->data, "%s", data);
    t->keep_days = keep_days;
    enum vg_status status =
        n < 0 || (size_t)n >= sizeof t->data || keep_days < 1 ? VG_E_CALL : VG_OK;
    if (!status)
        status = vg_row_thread_open(&t->rows, &settings);
    if (status)
        vg_measures_thread_close(&t);
    *thread = t;
    return status;
}

void vg_measures_thread_close(struct vg_measures_thread **thread)
{
    struct vg_measures_thread *t = *thread;
    if (!t)
        return;
    vg_row_thread_close(&t->rows);
    vg_free(t);
    *thread = NULL;
}

/* Zeros stay behind it. */
static bool put_name(char *out, size_t size, const char *name)
{
    const size_t n = strlen(name);
    if (n >= size)
        return false;
    memcpy(out, name, n);
    return true;
}

enum vg_status vg_measures_thread_give(struct vg_measures_thread *t, const char *flux,
                                       const char *place, const char *measure,
                                       const struct vg_measure_row *row, enum vg_row_need need)
{
    struct note note = {.row = *row};
    if (!flux[0] || !put_name(note.flux, sizeof note.flux, flux) ||
        !put_name(note.curve.place, sizeof note.curve.place, place) ||
        !put_name(note.curve.measure, sizeof note.curve.measure, measure))
        return VG_E_CALL;
    return vg_row_thread_give(t->rows, &note, need);
}

struct vg_row_counts vg_measures_thread_counts(const struct vg_measures_thread *t)
{
    return vg_row_thread_counts(t->rows);
}
