/* How far the watched folder of a flux was played, kept over the life of all processes: ingest leaves
 * it in the figures of the slots and writes no file; this writes it for the next start, a file of a
 * hundred bytes each time a recorded one was finished. The loop's thread, which does not wait for the
 * disk: the file is given to saves. */
#ifndef VG_SCHEDULER_LIVE_FOLDER_H
#define VG_SCHEDULER_LIVE_FOLDER_H

#include "scheduler/save_thread.h"
#include "src/media/folder_mark.h"

struct vg_live_folder {
    struct vg_folder_mark seen;  /* at the look before: figures are read one by one */
    struct vg_folder_mark saved; /* as it stands in the file, if we wrote it */
};

/* Each second: gives a mark that was the same at two looks. saves, data, id: borrowed for the
 * call. */
void vg_live_folder_follow(struct vg_live_folder *folder, struct vg_save_thread *saves,
                           const char *data, const char *id, const int64_t figure[VG_FIGURE_COUNT]);

/* The flux is gone from the configuration. */
void vg_live_folder_forget(struct vg_save_thread *saves, const char *data, const char *id);

#endif
