#include "scheduler/live_folder.h"

#include <string.h>

#include "src/base/alloc.h"

#define PATH_BYTES 512

static struct vg_save_file *open_mark(struct vg_save_thread *saves, const char *data,
                                      const char *id)
{
    char path[PATH_BYTES];
    struct vg_save_file *file;
    if (vg_folder_mark_path(data, id, path, sizeof path) || vg_save_file_open(&file, saves, path))
        return NULL;
    return file;
}

static void give(struct vg_save_file *file, struct vg_folder_mark mark)
{
    char text[VG_FOLDER_MARK_BYTES];
    const size_t size = vg_folder_mark_write(mark, text);
    char *copy = vg_alloc(size);
    if (!copy)
        return;
    memcpy(copy, text, size);
    vg_save_file_give(file, copy, size, VG_SAVE_WHOLE);
}

void vg_live_folder_follow(struct vg_live_folder *folder, struct vg_save_thread *saves,
                           const char *data, const char *id, const int64_t figure[VG_FIGURE_COUNT])
{
    const struct vg_folder_mark mark = vg_folder_mark_of(figure);
    const bool steady = vg_folder_mark_same(mark, folder->seen);
    folder->seen = mark;
    if (!mark.folder || !steady || vg_folder_mark_same(mark, folder->saved))
        return;
    struct vg_save_file *file = open_mark(saves, data, id);
    if (!file)
        return;
    folder->saved = mark; /* one that cannot be written is not tried each second */
    give(file, mark);
    vg_save_file_close(&file);
}

void vg_live_folder_forget(struct vg_save_thread *saves, const char *data, const char *id)
{
    struct vg_save_file *file = open_mark(saves, data, id);
    if (!file)
        return;
    vg_save_file_remove(file);
    vg_save_file_close(&file);
}
