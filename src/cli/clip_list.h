/* The clips that a command was given: files, and folders whose clips are taken by name. */
#ifndef VG_CLI_CLIP_LIST_H
#define VG_CLI_CLIP_LIST_H

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/cli/batch_files.h"

#define VG_CLIP_LIST_MAX 4096

struct vg_clip_list {
    uint32_t count;
    char *path[VG_CLIP_LIST_MAX];     /* owned */
    char (*stem)[VG_BATCH_STEM_SIZE]; /* the folder of each one's results; owned */
};

/* list: zeroed. A folder without a clip stands for itself: who opens it refuses it in its turn.
 * VG_E_CALL: none, or too many; VG_E_MEMORY. On a failure release it all the same. */
enum vg_status vg_clip_list_make(struct vg_clip_list *list, char *const *operands, int count,
                                 struct vg_fault *fault) VG_MUST_USE;
void vg_clip_list_release(struct vg_clip_list *list);

#endif
