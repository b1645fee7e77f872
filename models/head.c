#include "models/head.h"

#include <string.h>

static const struct {
    const char *name;
    bool bins;
} heads[] = {
    [VG_HEAD_NANODET] = {"nanodet", true},
    [VG_HEAD_NANODET_PLUS] = {"nanodet_plus", true},
    [VG_HEAD_YOLOX] = {"yolox", false},
    [VG_HEAD_FASTESTDET] = {"fastestdet", false},
};

const char *vg_head_name(enum vg_head head)
{
    if (head < VG_HEAD_NANODET || head > VG_HEAD_FASTESTDET)
        return "";
    return heads[head].name;
}

bool vg_head_parse(const char *name, enum vg_head *head)
{
    for (unsigned h = VG_HEAD_NANODET; h <= VG_HEAD_FASTESTDET; h++)
        if (strcmp(heads[h].name, name) == 0) {
            *head = (enum vg_head)h;
            return true;
        }
    return false;
}

bool vg_head_has_bins(enum vg_head head)
{
    return heads[head].bins;
}

uint32_t vg_head_box_channels(enum vg_head head, uint32_t bins)
{
    return vg_head_has_bins(head) ? 4 * bins : 4;
}
