#include "scheduler/measures_thread.h"

#include "src/base/alloc.h"
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
    struct vg_row_thread *rows;
};

static enum vg_status write_note(void *user, const char *data, const void *given,
                                 struct vg_fault *fault)
{
    (void)user;
    const struct note *note = given;
    return vg_measures_add(data, note->flux, &note->curve, &note->row, fault);
}

enum vg_status vg_measures_thread_open(struct vg_measures_thread **thread, const char *data,
                                       uint32_t keep_days)
{
    struct vg_measures_thread *t = vg_alloc(sizeof *t);
    *thread = t;
    if (!t)
        return VG_E_MEMORY;
    const struct vg_row_settings settings = {.name = "measures",
                                             .note_bytes = sizeof(struct note),
                                             .ring = RING,
                                             .data = data,
                                             .keep_days = keep_days,
                                             .write = write_note,
                                             .sweep = vg_measures_sweep};
    const enum vg_status status = vg_row_thread_open(&t->rows, &settings);
    if (status)
        vg_measures_thread_close(thread);
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

enum vg_status vg_measures_thread_give(struct vg_measures_thread *t, const char *flux,
                                       const char *place, const char *measure,
                                       const struct vg_measure_row *row, enum vg_row_need need)
{
    struct note note = {.row = *row};
    if (!flux[0] || !vg_row_name(note.flux, sizeof note.flux, flux) ||
        !vg_row_name(note.curve.place, sizeof note.curve.place, place) ||
        !vg_row_name(note.curve.measure, sizeof note.curve.measure, measure))
        return VG_E_CALL;
    return vg_row_thread_give(t->rows, &note, need);
}

struct vg_beat *vg_measures_thread_beat(struct vg_measures_thread *t)
{
    return vg_row_thread_beat(t->rows);
}

struct vg_row_counts vg_measures_thread_counts(const struct vg_measures_thread *t)
{
    return vg_row_thread_counts(t->rows);
}
