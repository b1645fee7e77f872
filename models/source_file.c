#include "models/source_file.h"

#include <string.h>

#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/text.h"

enum vg_status vg_source_append(struct vg_source_bytes *bytes, const char *path, size_t limit,
                                struct vg_fault *fault)
{
    uint8_t *data = NULL, *both = NULL;
    size_t size = 0;
    enum vg_status status = vg_file_read(path, limit - bytes->size, &data, &size, fault);
    if (status == VG_E_FULL)
        return vg_fault_set(fault, VG_E_INPUT, N_("the file is too large"), NULL, "%.300s: > %zu B",
                            path, limit - bytes->size);
    if (status != VG_OK)
        return status;
    if (bytes->size == 0) {
        vg_source_release(bytes);
        *bytes = (struct vg_source_bytes){data, size};
        return VG_OK;
    }
    both = vg_alloc(bytes->size + size);
    if (both) {
        memcpy(both, bytes->data, bytes->size);
        memcpy(both + bytes->size, data, size);
        vg_free(bytes->data);
        *bytes = (struct vg_source_bytes){both, bytes->size + size};
    } else {
        status = vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%.300s", path);
    }
    vg_free(data);
    return status;
}

void vg_source_release(struct vg_source_bytes *bytes)
{
    vg_free(bytes->data);
    *bytes = (struct vg_source_bytes){NULL, 0};
}
