#include "src/cli/clip_list.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/text.h"
#include "src/cli/media_names.h"

static enum vg_status add_clip(struct vg_clip_list *list, const char *path, struct vg_fault *fault)
{
    if (list->count == VG_CLIP_LIST_MAX)
        return vg_fault_set(fault, VG_E_CALL, N_("too many clips"), N_("give fewer at a time"),
                            "%d", VG_CLIP_LIST_MAX);
    list->path[list->count] = vg_alloc_text(path);
    if (!list->path[list->count])
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", path);
    list->count++;
    return VG_OK;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_clip(const struct dirent *entry)
{
    return vg_is_clip_name(entry->d_name);
}

/* The clips of a folder by name. One without a clip stands for itself: it is refused in its
 * turn, after those before it were analysed. */
static enum vg_status add_folder(struct vg_clip_list *list, const char *path,
                                 struct vg_fault *fault)
{
    struct dirent **entries;
    const int n = scandir(path, &entries, is_clip, by_name);
    enum vg_status status = n <= 0 ? add_clip(list, path, fault) : VG_OK;
    for (int i = 0; i < n; i++) {
        char clip[4096];
        if (!status && !vg_path_join(clip, sizeof clip, path, entries[i]->d_name))
            status = add_clip(list, clip, fault);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
    return status;
}

enum vg_status vg_clip_list_make(struct vg_clip_list *list, char *const *operands, int count,
                                 struct vg_fault *fault)
{
    enum vg_status status = VG_OK;
    if (count == 0)
        return vg_fault_set(fault, VG_E_CALL, N_("no clip was given"), N_("see vigie help batch"),
                            "vigie batch");
    for (int i = 0; !status && i < count; i++)
        status = vg_folder_exists(operands[i]) ? add_folder(list, operands[i], fault)
                                               : add_clip(list, operands[i], fault);
    if (status)
        return status;
    list->stem = vg_alloc_array(list->count, sizeof *list->stem);
    if (!list->stem)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "vigie batch");
    vg_batch_stems(list->path, list->count, list->stem);
    return VG_OK;
}

void vg_clip_list_release(struct vg_clip_list *list)
{
    for (uint32_t i = 0; i < list->count; i++)
        vg_free(list->path[i]);
    vg_free(list->stem);
    list->count = 0;
    list->stem = NULL;
}
