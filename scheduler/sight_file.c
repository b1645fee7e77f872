#include "scheduler/sight_file.h"

#include <string.h>

#include "src/base/status.h"

static const char mark[8] = {'V', 'G', 'S', 'I', 'G', 'H', 'T', '1'};

static void put_u64(uint8_t *to, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        to[i] = (uint8_t)(value >> 8 * i);
}

static uint64_t get_u64(const uint8_t *from)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value |= (uint64_t)from[i] << 8 * i;
    return value;
}

void vg_sight_file_head(const struct vg_sight_file *file, uint8_t head[VG_SIGHT_FILE_HEAD])
{
    memcpy(head, mark, sizeof mark);
    put_u64(head + 8, file->source);
    put_u64(head + 16, file->confirmed);
}

enum vg_status vg_sight_file_parse(const uint8_t *bytes, size_t size, struct vg_sight_file *file)
{
    *file = (struct vg_sight_file){0};
    if (size != VG_SIGHT_FILE_BYTES || memcmp(bytes, mark, sizeof mark) != 0)
        return VG_E_INPUT;
    file->source = get_u64(bytes + 8);
    file->confirmed = get_u64(bytes + 16);
    file->reference = bytes + VG_SIGHT_FILE_HEAD;
    return VG_OK;
}
