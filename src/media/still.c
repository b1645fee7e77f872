/* A picture file is a clip of one picture to libavformat, so nothing is decoded here. */
#include "src/media/still.h"

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/media/clip.h"

struct vg_still {
    uint8_t *memory; /* owned */
    struct vg_picture picture;
};

static enum vg_status take_first(struct vg_clip *clip, const char *path, struct vg_still *still,
                                 struct vg_fault *fault)
{
    struct vg_clip_picture first;
    enum vg_status status = vg_clip_next(clip, &first, fault);
    if (status)
        return status;
    if (first.corrupt)
        return vg_fault_set(fault, VG_E_INPUT, N_("the picture is damaged"),
                            N_("check that the file is whole"), "%.400s", path);
    still->memory = vg_alloc(vg_pixels_bytes(first.width, first.height));
    if (!still->memory)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%.400s", path);
    const struct vg_pixels pixels = vg_pixels_over(still->memory, first.width, first.height);
    status = vg_clip_convert(clip, &pixels, &still->picture);
    if (status)
        return vg_fault_set(fault, status, N_("the picture cannot be converted"), NULL, "%.400s",
                            path);
    return VG_OK;
}

enum vg_status vg_still_read(const char *path, struct vg_still **still, struct vg_fault *fault)
{
    struct vg_clip *clip = NULL;
    *still = NULL;
    struct vg_still *s = vg_alloc(sizeof *s);
    if (!s)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%.400s", path);
    enum vg_status status = vg_clip_open(&clip, path, fault);
    if (!status)
        status = take_first(clip, path, s, fault);
    vg_clip_close(&clip);
    if (status)
        vg_still_close(&s);
    *still = s;
    return status;
}

const struct vg_picture *vg_still_picture(const struct vg_still *still)
{
    return &still->picture;
}

void vg_still_close(struct vg_still **still)
{
    if (!*still)
        return;
    vg_free((*still)->memory);
    vg_free(*still);
    *still = NULL;
}
