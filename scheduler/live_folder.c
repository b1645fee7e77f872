#include "scheduler/live_folder.h"

#include <errno.h>
#include <unistd.h>

#include "src/base/file.h"
#include "src/base/log.h"

#define PATH_BYTES 512

void vg_live_folder_follow(struct vg_live_folder *folder, const char *data, const char *id,
                           const int64_t figure[VG_FIGURE_COUNT])
{
    char path[PATH_BYTES], text[VG_FOLDER_MARK_BYTES];
    struct vg_fault fault;
    const struct vg_folder_mark mark = vg_folder_mark_of(figure);
    const bool steady = vg_folder_mark_same(mark, folder->seen);
    folder->seen = mark;
    if (!mark.folder || !steady || vg_folder_mark_same(mark, folder->saved) ||
        vg_folder_mark_path(data, id, path, sizeof path))
        return;
    folder->saved = mark; /* one that cannot be written is not tried each second */
    if (vg_file_write(path, text, vg_folder_mark_write(mark, text), 0600, VG_FILE_WHOLE, &fault))
        vg_log(VG_LOG_WARN, "flux %s: how far its folder was read was not written: %s", id,
               fault.place);
}

void vg_live_folder_forget(const char *data, const char *id)
{
    char path[PATH_BYTES];
    if (vg_folder_mark_path(data, id, path, sizeof path))
        return;
    if (unlink(path) != 0 && errno != ENOENT)
        vg_log(VG_LOG_WARN, "flux %s: the mark of its folder could not be removed", id);
}
