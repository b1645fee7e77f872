#include "scheduler/coverage_thread.h"

#include <string.h>

#include "src/base/alloc.h"
#include "src/store/coverage_file.h"

enum {
    RING = 2048,   /* 200 flux for seven minutes */
    FLUX_MAX = 512 /* rows under way; beyond, the oldest place is taken */
};

struct note {
    char flux[VG_FLUX_ID_SIZE]; /* first, and not "" */
    uint64_t number;
    enum vg_coverage_state state;
    struct vg_coverage_row row;
};

/* What stood at a row's minute before it. */
struct base {
    char flux[VG_FLUX_ID_SIZE];
    uint64_t number;
    bool there;
    struct vg_coverage_row row;
};

struct vg_coverage_thread {
    struct vg_row_thread *rows;

    /* the writing thread's own */
    uint32_t next_base;
    struct base base[FLUX_MAX];
};

static struct base *base_of(struct vg_coverage_thread *t, const struct note *note)
{
    for (uint32_t i = 0; i < FLUX_MAX; i++)
        if (strcmp(t->base[i].flux, note->flux) == 0)
            return &t->base[i];
    struct base *base = &t->base[t->next_base];
    t->next_base = (t->next_base + 1) % FLUX_MAX;
    *base = (struct base){.number = 0};
    memcpy(base->flux, note->flux, sizeof base->flux);
    return base;
}

static enum vg_status write_note(void *user, const char *data, const void *given,
                                 struct vg_fault *fault)
{
    struct vg_coverage_thread *t = user;
    const struct note *note = given;
    struct base *base = base_of(t, note);
    if (base->number != note->number) {
        base->number = note->number;
        base->there =
            vg_coverage_row_read(data, note->flux, note->row.minute, &base->row, fault) == VG_OK;
    }
    struct vg_coverage_row row = note->row;
    if (base->there) {
        row = base->row;
        vg_coverage_row_join(&row, &note->row);
    }
    return vg_coverage_row_write(data, note->flux, &row,
                                 note->state == VG_COVERAGE_CLOSED ? VG_FILE_SYNCED : VG_FILE_PLAIN,
                                 fault);
}

enum vg_status vg_coverage_thread_open(struct vg_coverage_thread **thread, const char *data,
                                       uint32_t keep_days)
{
    struct vg_coverage_thread *t = vg_alloc(sizeof *t);
    *thread = t;
    if (!t)
        return VG_E_MEMORY;
    const struct vg_row_settings settings = {.name = "coverage",
                                             .note_bytes = sizeof(struct note),
                                             .ring = RING,
                                             .data = data,
                                             .keep_days = keep_days,
                                             .user = t,
                                             .write = write_note,
                                             .sweep = vg_coverage_sweep};
    const enum vg_status status = vg_row_thread_open(&t->rows, &settings);
    if (status)
        vg_coverage_thread_close(thread);
    return status;
}

void vg_coverage_thread_close(struct vg_coverage_thread **thread)
{
    struct vg_coverage_thread *t = *thread;
    if (!t)
        return;
    vg_row_thread_close(&t->rows);
    vg_free(t);
    *thread = NULL;
}

void vg_coverage_thread_give(struct vg_coverage_thread *t, const char *flux, uint64_t number,
                             const struct vg_coverage_row *row, enum vg_coverage_state state)
{
    struct note note = {.number = number, .state = state, .row = *row};
    if (!flux[0] || !vg_row_name(note.flux, sizeof note.flux, flux))
        return;
    /* a row that is not taken is counted there; a running one comes again */
    (void)!vg_row_thread_give(t->rows, &note,
                              state == VG_COVERAGE_RUNNING ? VG_ROW_MAY : VG_ROW_MUST);
}

struct vg_beat *vg_coverage_thread_beat(struct vg_coverage_thread *t)
{
    return vg_row_thread_beat(t->rows);
}

struct vg_row_counts vg_coverage_thread_counts(const struct vg_coverage_thread *t)
{
    return vg_row_thread_counts(t->rows);
}
