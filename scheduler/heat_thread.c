#include "scheduler/heat_thread.h"

#include "src/base/alloc.h"
#include "src/store/heat_file.h"

enum {
    RING = 256 /* each flux of a full machine once: at the hour's turn they all come; 4 MB */
};

struct note {
    char flux[VG_FLUX_ID_SIZE]; /* first, and not "" */
    struct vg_heat_grid grid;
};

struct vg_heat_thread {
    struct vg_row_thread *rows;
    struct note note; /* the loop's: too large for a stack */
};

static enum vg_status write_note(void *user, const char *data, const void *given,
                                 struct vg_fault *fault)
{
    (void)user;
    const struct note *note = given;
    return vg_heat_add(data, note->flux, &note->grid, fault);
}

enum vg_status vg_heat_thread_open(struct vg_heat_thread **thread, const char *data,
                                   uint32_t keep_days)
{
    struct vg_heat_thread *t = vg_alloc(sizeof *t);
    *thread = t;
    if (!t)
        return VG_E_MEMORY;
    const struct vg_row_settings settings = {.name = "heat",
                                             .note_bytes = sizeof(struct note),
                                             .ring = RING,
                                             .data = data,
                                             .keep_days = keep_days,
                                             .write = write_note,
                                             .sweep = vg_heat_sweep};
    const enum vg_status status = vg_row_thread_open(&t->rows, &settings);
    if (status)
        vg_heat_thread_close(thread);
    return status;
}

void vg_heat_thread_close(struct vg_heat_thread **thread)
{
    struct vg_heat_thread *t = *thread;
    if (!t)
        return;
    vg_row_thread_close(&t->rows);
    vg_free(t);
    *thread = NULL;
}

enum vg_status vg_heat_thread_give(struct vg_heat_thread *t, const char *flux,
                                   const struct vg_heat_grid *grid, enum vg_row_need need)
{
    if (!flux[0] || !vg_row_name(t->note.flux, sizeof t->note.flux, flux))
        return VG_E_CALL;
    t->note.grid = *grid;
    return vg_row_thread_give(t->rows, &t->note, need);
}

struct vg_beat *vg_heat_thread_beat(struct vg_heat_thread *t)
{
    return vg_row_thread_beat(t->rows);
}

struct vg_row_counts vg_heat_thread_counts(const struct vg_heat_thread *t)
{
    return vg_row_thread_counts(t->rows);
}
