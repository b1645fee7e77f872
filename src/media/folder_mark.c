#include "src/media/folder_mark.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* FNV-1a */
static uint64_t hash_byte(uint64_t hash, uint8_t byte)
{
    return (hash ^ byte) * UINT64_C(1099511628211);
}

static uint64_t hash_text(const char *text)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (; *text; text++)
        hash = hash_byte(hash, (uint8_t)*text);
    return hash;
}

static int64_t number_of(uint64_t hash)
{
    const int64_t number = (int64_t)(hash >> 1);
    return number ? number : 1;
}

int64_t vg_folder_mark_name(const char *name)
{
    return number_of(hash_text(name));
}

int64_t vg_folder_mark_watch(const char *path, uint64_t source)
{
    uint64_t hash = hash_text(path);
    for (; source; source >>= 8)
        hash = hash_byte(hash, (uint8_t)source);
    return number_of(hash);
}

static bool makes_sense(const struct vg_folder_mark *mark)
{
    return mark->folder > 0 && mark->changed_ns > 0 && mark->name > 0;
}

struct vg_folder_mark vg_folder_mark_of(const int64_t figure[VG_FIGURE_COUNT])
{
    const struct vg_folder_mark mark = {.folder = figure[VG_FIGURE_FOLDER],
                                        .changed_ns = figure[VG_FIGURE_FOLDER_TIME],
                                        .name = figure[VG_FIGURE_FOLDER_NAME]};
    return makes_sense(&mark) ? mark : (struct vg_folder_mark){.folder = 0};
}

struct vg_folder_mark vg_folder_mark_newer(struct vg_folder_mark a, struct vg_folder_mark b,
                                           int64_t folder)
{
    if (a.folder != folder)
        a = (struct vg_folder_mark){.folder = 0};
    return b.folder == folder && b.changed_ns > a.changed_ns ? b : a;
}

bool vg_folder_mark_same(struct vg_folder_mark a, struct vg_folder_mark b)
{
    return a.folder == b.folder && a.changed_ns == b.changed_ns && a.name == b.name;
}

size_t vg_folder_mark_write(struct vg_folder_mark mark, char text[VG_FOLDER_MARK_BYTES])
{
    const int size =
        snprintf(text, VG_FOLDER_MARK_BYTES, "folder 1 %" PRId64 " %" PRId64 " %" PRId64 "\n",
                 mark.folder, mark.changed_ns, mark.name);
    return (size_t)size;
}

/* What is not what write makes of it is refused. */
enum vg_status vg_folder_mark_parse(const char *text, size_t size, struct vg_folder_mark *mark)
{
    char copy[VG_FOLDER_MARK_BYTES] = "", again[VG_FOLDER_MARK_BYTES];
    struct vg_folder_mark read = {.folder = 0};
    *mark = read;
    if (size >= sizeof copy)
        return VG_E_INPUT;
    memcpy(copy, text, size);
    if (sscanf(copy, "folder 1 %19" SCNd64 " %19" SCNd64 " %19" SCNd64, &read.folder,
               &read.changed_ns, &read.name) != 3 ||
        !makes_sense(&read) || vg_folder_mark_write(read, again) != size ||
        memcmp(again, copy, size) != 0)
        return VG_E_INPUT;
    *mark = read;
    return VG_OK;
}

enum vg_status vg_folder_mark_path(const char *data, const char *id, char *path, size_t size)
{
    const int length = snprintf(path, size, "%s/state/%s.folder", data, id);
    return length < 0 || (size_t)length >= size ? VG_E_CALL : VG_OK;
}
