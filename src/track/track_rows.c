#include "src/track/track_rows.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"

/* A detection of a track. */
struct row {
    uint32_t frame, id;
    struct vg_box box;
    float score; /* 0: filled in */
};

/* What is known of a track only later: by id, from 1. */
struct fate {
    enum vg_class class_id;
    bool confirmed;
};

struct vg_track_rows {
    size_t count, room, fate_room;
    struct row *row;
    struct fate *fate;
    uint32_t last_frame;
};

enum vg_status vg_track_rows_open(struct vg_track_rows **rows)
{
    *rows = vg_alloc(sizeof **rows);
    return *rows ? VG_OK : VG_E_MEMORY;
}

void vg_track_rows_close(struct vg_track_rows **rows)
{
    if (!*rows)
        return;
    vg_free((*rows)->row);
    vg_free((*rows)->fate);
    vg_free(*rows);
    *rows = NULL;
}

/* A larger block with the old content; NULL without memory, then the old one stays. */
static void *grown(void *old, size_t used, size_t element, size_t *room, size_t wanted)
{
    size_t more = *room ? *room : 1024;
    while (more < wanted)
        more *= 2;
    void *memory = vg_alloc_array(more, element);
    if (!memory)
        return NULL;
    if (used)
        memcpy(memory, old, used * element);
    vg_free(old);
    *room = more;
    return memory;
}

static enum vg_status keep(struct vg_track_rows *rows, uint32_t frame, const struct vg_track *t)
{
    if (rows->count == rows->room) {
        struct row *more =
            grown(rows->row, rows->count, sizeof *more, &rows->room, rows->count + 1);
        if (!more)
            return VG_E_MEMORY;
        rows->row = more;
    }
    if (t->id >= rows->fate_room) {
        struct fate *more =
            grown(rows->fate, rows->fate_room, sizeof *more, &rows->fate_room, (size_t)t->id + 1);
        if (!more)
            return VG_E_MEMORY;
        rows->fate = more;
    }
    rows->row[rows->count++] = (struct row){frame, t->id, t->seen, t->score};
    rows->fate[t->id].class_id = t->class_id;
    rows->fate[t->id].confirmed |= t->state != VG_TRACK_TENTATIVE;
    return VG_OK;
}

enum vg_status vg_track_rows_add(struct vg_track_rows *rows, uint32_t frame,
                                 const struct vg_track *const *tracks, uint32_t count)
{
    assert(frame > rows->last_frame);
    rows->last_frame = frame;
    for (uint32_t i = 0; i < count; i++) {
        if (!tracks[i]->detected)
            continue;
        const enum vg_status status = keep(rows, frame, tracks[i]);
        if (status != VG_OK)
            return status;
    }
    return VG_OK;
}

static int by_id_and_frame(const void *pa, const void *pb)
{
    const struct row *a = pa, *b = pb;
    if (a->id != b->id)
        return a->id < b->id ? -1 : 1;
    return a->frame < b->frame ? -1 : a->frame > b->frame;
}

static int by_frame_and_id(const void *pa, const void *pb)
{
    const struct row *a = pa, *b = pb;
    if (a->frame != b->frame)
        return a->frame < b->frame ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

static struct vg_box between(struct vg_box a, struct vg_box b, float share)
{
    return (struct vg_box){a.left + (b.left - a.left) * share, a.top + (b.top - a.top) * share,
                           a.width + (b.width - a.width) * share,
                           a.height + (b.height - a.height) * share};
}

/* The rows of confirmed tracks with their gaps filled, into out (NULL: only counted). rows->row
 * is sorted by id and frame. */
static size_t fill(const struct vg_track_rows *rows, struct row *out)
{
    size_t n = 0;
    for (size_t i = 0; i < rows->count; i++) {
        const struct row *r = &rows->row[i], *before = i ? r - 1 : r;
        if (!rows->fate[r->id].confirmed)
            continue;
        const uint32_t gap = before->id == r->id ? r->frame - before->frame : 0;
        for (uint32_t k = 1; k < gap; k++, n++) {
            if (out)
                out[n] = (struct row){before->frame + k, r->id,
                                      between(before->box, r->box, (float)k / (float)gap), 0};
        }
        if (out)
            out[n] = *r;
        n++;
    }
    return n;
}

static enum vg_status hand_out(const struct vg_track_rows *rows, const struct row *r,
                               const struct vg_track_rows_sink *sink)
{
    char text[2048]; /* four boxes' sides of any finite size fit */
    const int n = snprintf(text, sizeof text, "%u,%u,%.2f,%.2f,%.2f,%.2f,%.4f,%s,-1\n", r->frame,
                           r->id, (double)r->box.left, (double)r->box.top, (double)r->box.width,
                           (double)r->box.height, (double)r->score,
                           vg_class_name(rows->fate[r->id].class_id));
    assert(n > 0 && (size_t)n < sizeof text);
    return sink->line(sink->user, text, (size_t)n);
}

enum vg_status vg_track_rows_write(struct vg_track_rows *rows,
                                   const struct vg_track_rows_sink *sink)
{
    enum vg_status status = VG_OK;
    if (rows->count == 0)
        return VG_OK;
    qsort(rows->row, rows->count, sizeof *rows->row, by_id_and_frame);
    const size_t count = fill(rows, NULL);
    struct row *all = vg_alloc_array(count + 1, sizeof *all);
    if (!all)
        return VG_E_MEMORY;
    (void)fill(rows, all);
    qsort(all, count, sizeof *all, by_frame_and_id);
    for (size_t i = 0; i < count && status == VG_OK; i++)
        status = hand_out(rows, &all[i], sink);
    vg_free(all);
    return status;
}
