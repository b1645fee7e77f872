#include "scheduler/heat_thread.h"

#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/store/heat_file.h"

enum {
    RING = 256 /* each flux of a full machine once: at the hour's turn they all come; 4 MB */
};

struct note {
    char flux[VG_FLUX_ID_SIZE]; /* first, and not "" */
    struct vg_heat_grid grid;
};

struct vg_heat_thread {
    char data[4096];
    uint32_t keep_days;
    struct vg_row_thread *rows;
    struct note note; /* the loop's: too large for a stack */
};

static enum vg_status write_note(void *user, const void *given, struct vg_fault *fault)
{
    const struct vg_heat_thread *t = user;
    const struct note *note = given;
    return vg_heat_add(t->data, note->flux, &note->grid, fault);
}

static enum vg_status sweep(void *user, int64_t today, uint32_t *removed, struct vg_fault *fault)
{
    const struct vg_heat_thread *t = user;
    return vg_heat_sweep(t->data, today, t->keep_days, removed, fault);
}

enum vg_status vg_heat_thread_open(struct vg_heat_thread **thread, const char *data,
                                   uint32_t keep_days)
{
    struct vg_heat_thread *t = vg_alloc(sizeof *t);
    *thread = NULL;
    if (!t)
        return VG_E_MEMORY;
    const struct vg_row_settings settings = {.name = "heat",
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
        vg_heat_thread_close(&t);
    *thread = t;
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
    const size_t size = strlen(flux);
    if (size == 0 || size >= sizeof t->note.flux)
        return VG_E_CALL;
    memcpy(t->note.flux, flux, size + 1);
    t->note.grid = *grid;
    return vg_row_thread_give(t->rows, &t->note, need);
}

struct vg_row_counts vg_heat_thread_counts(const struct vg_heat_thread *t)
{
    return vg_row_thread_counts(t->rows);
}
