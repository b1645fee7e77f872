#include "src/score/mot_file.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "src/base/alloc.h"
#include "src/base/csv.h"
#include "src/base/file.h"
#include "src/base/text.h"

#define COLUMNS_OURS  9
#define COLUMNS_TRUTH 10
#define PIXELS_MOST   1e6 /* far outside any picture; keeps areas finite */

static enum vg_status whole(const struct vg_csv_reader *reader, const struct vg_csv_row *row,
                            uint32_t column, double least, double most, int64_t *out)
{
    double value = 0;
    const enum vg_status status = vg_csv_number(reader, row, column, least, most, &value);
    if (status != VG_OK)
        return status;
    if (floor(value) < value)
        return vg_csv_refuse(reader, row, column, N_("not a whole number"),
                             N_("frames and ids are whole numbers"));
    *out = (int64_t)value;
    return VG_OK;
}

static enum vg_status parse_box(const struct vg_csv_reader *reader, const struct vg_csv_row *row,
                                struct vg_box *box)
{
    static const double least[4] = {-PIXELS_MOST, -PIXELS_MOST, 0, 0};
    double v[4] = {0};
    for (uint32_t i = 0; i < 4; i++) {
        const enum vg_status status =
            vg_csv_number(reader, row, 2 + i, least[i], PIXELS_MOST, &v[i]);
        if (status != VG_OK)
            return status;
    }
    *box = (struct vg_box){(float)v[0], (float)v[1], (float)v[2], (float)v[3]};
    return VG_OK;
}

static enum vg_status parse_row(const struct vg_csv_reader *reader, const struct vg_csv_row *row,
                                struct vg_mot_row *out)
{
    int64_t frame = 0;
    double score = 1;
    enum vg_status status = whole(reader, row, 0, 1, VG_MOT_FRAME_MAX, &frame);
    if (status == VG_OK)
        status = whole(reader, row, 1, -1, UINT32_MAX, &out->id);
    if (status == VG_OK)
        status = parse_box(reader, row, &out->box);
    out->frame = (uint32_t)frame;
    out->line = reader->line;
    out->class_id = VG_CLASS_NONE;
    if (status == VG_OK && row->count == COLUMNS_OURS) {
        status = vg_csv_number(reader, row, 6, 0, 1, &score);
        out->class_id = vg_class_parse(row->field[7]);
        if (status == VG_OK && out->class_id == VG_CLASS_NONE)
            return vg_csv_refuse(reader, row, 7, N_("not a class"),
                                 N_("write a class such as person or car"));
    }
    out->score = (float)score;
    return status;
}

static enum vg_status grow(struct vg_mot_file *file, size_t *room)
{
    if (file->count >= VG_MOT_ROWS_MAX)
        return VG_E_FULL;
    struct vg_mot_row *row = vg_csv_grow(file->row, file->count, room, sizeof *row);
    if (!row)
        return VG_E_MEMORY;
    file->row = row;
    return VG_OK;
}

static enum vg_status parse_rows(struct vg_csv_reader *reader, struct vg_csv_row *row,
                                 struct vg_mot_file *file)
{
    uint32_t columns = 0;
    size_t room = 0;
    for (;;) {
        enum vg_status status = vg_csv_reader_next(reader, row);
        if (status != VG_OK)
            return status == VG_E_END ? VG_OK : status;
        if (row->count != COLUMNS_OURS && row->count != COLUMNS_TRUTH)
            return vg_fault_set(reader->fault, VG_E_INPUT, N_("not 9 or 10 columns"),
                                N_("write frame,id,left,top,width,height,score,class,visibility"),
                                "%s:%u: %u", reader->name, reader->line, row->count);
        if (columns && row->count != columns)
            return vg_fault_set(reader->fault, VG_E_INPUT,
                                N_("not as many columns as the lines before"),
                                N_("write all lines with the same columns"), "%s:%u: %u",
                                reader->name, reader->line, row->count);
        columns = row->count;
        status = grow(file, &room);
        if (status != VG_OK)
            return vg_fault_set(reader->fault, status, vg_status_text(status), NULL, "%s:%u",
                                reader->name, reader->line);
        struct vg_mot_row *out = &file->row[file->count];
        status = parse_row(reader, row, out);
        if (status != VG_OK)
            return status;
        file->count++;
        if (out->frame > file->frame_max)
            file->frame_max = out->frame;
    }
}

enum vg_status vg_mot_parse(const char *name, const uint8_t *data, size_t size,
                            struct vg_mot_file *file, struct vg_fault *fault)
{
    struct vg_csv_reader reader;
    struct vg_csv_row *row = vg_alloc(sizeof *row);
    *file = (struct vg_mot_file){0};
    if (!row)
        return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "%s", name);
    vg_csv_reader_init(&reader, name, data, size, fault);
    const enum vg_status status = parse_rows(&reader, row, file);
    if (status != VG_OK)
        vg_mot_close(file);
    vg_free(row);
    return status;
}

enum vg_status vg_mot_open(const char *path, struct vg_mot_file *file, struct vg_fault *fault)
{
    uint8_t *data = NULL;
    size_t size = 0;
    *file = (struct vg_mot_file){0};
    enum vg_status status = vg_file_read(path, VG_CSV_FILE_MAX, &data, &size, fault);
    if (status == VG_OK)
        status = vg_mot_parse(path, data, size, file, fault);
    vg_free(data);
    return status;
}

void vg_mot_close(struct vg_mot_file *file)
{
    vg_free(file->row);
    *file = (struct vg_mot_file){0};
}

void vg_mot_keep_class(struct vg_mot_file *file, enum vg_class class_id)
{
    size_t n = 0;
    for (size_t i = 0; i < file->count; i++) {
        if (file->row[i].class_id == VG_CLASS_NONE || file->row[i].class_id == class_id)
            file->row[n++] = file->row[i];
    }
    file->count = n;
}

static int by_frame_and_id(const void *pa, const void *pb)
{
    const struct vg_mot_row *a = pa, *b = pb;
    if (a->frame != b->frame)
        return a->frame < b->frame ? -1 : 1;
    if (a->id != b->id)
        return a->id < b->id ? -1 : 1;
    return a->line < b->line ? -1 : a->line > b->line;
}

enum vg_status vg_mot_check_tracks(const char *name, struct vg_mot_file *file,
                                   struct vg_fault *fault)
{
    if (file->count)
        qsort(file->row, file->count, sizeof *file->row, by_frame_and_id);
    for (size_t i = 0; i < file->count; i++) {
        const struct vg_mot_row *r = &file->row[i];
        if (r->id < 0)
            return vg_fault_set(fault, VG_E_INPUT, N_("a track has no id"),
                                N_("score detections with --detections"), "%s:%u", name, r->line);
        if (i && r[-1].frame == r->frame && r[-1].id == r->id)
            return vg_fault_set(fault, VG_E_INPUT, N_("an id stands twice in one picture"),
                                N_("give each object of a picture its own id"), "%s:%u: %" PRId64,
                                name, r->line, r->id);
    }
    return VG_OK;
}

double vg_mot_iou(struct vg_box a, struct vg_box b)
{
    const double left = a.left > b.left ? (double)a.left : (double)b.left;
    const double top = a.top > b.top ? (double)a.top : (double)b.top;
    const double ar = (double)a.left + (double)a.width, br = (double)b.left + (double)b.width;
    const double ab = (double)a.top + (double)a.height, bb = (double)b.top + (double)b.height;
    const double w = (ar < br ? ar : br) - left, h = (ab < bb ? ab : bb) - top;
    if (!(w > 0) || !(h > 0))
        return 0;
    const double inter = w * h;
    return inter /
           ((double)a.width * (double)a.height + (double)b.width * (double)b.height - inter);
}
