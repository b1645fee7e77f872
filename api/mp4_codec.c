/* moov > trak > mdia > minf > stbl > stsd > the entry. Of several tracks the first one's: our clips
 * have one. */
#include "api/mp4_codec.h"

#include <string.h>

struct span {
    const uint8_t *bytes;
    size_t size;
};

static uint32_t big_endian(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* What stands in the first box of that name; a box that is cut is taken as far as it goes. Boxes of
 * 64 bits or without an end are no head of ours: nothing is found behind them. */
static struct span find_box(struct span in, const char *name)
{
    while (in.size >= 8) {
        const uint32_t size = big_endian(in.bytes);
        if (size < 8)
            break;
        const size_t there = size < in.size ? size : in.size;
        if (memcmp(in.bytes + 4, name, 4) == 0)
            return (struct span){in.bytes + 8, there - 8};
        in.bytes += there;
        in.size -= there;
    }
    return (struct span){NULL, 0};
}

enum vg_status vg_mp4_codec(const uint8_t *bytes, size_t size, char name[5])
{
    static const char *const way[] = {"moov", "trak", "mdia", "minf", "stbl", "stsd"};
    struct span at = {bytes, size};
    memset(name, 0, 5);
    for (size_t i = 0; i < sizeof way / sizeof *way && at.bytes; i++)
        at = find_box(at, way[i]);
    /* version, flags and count, then the entry: its size and its letters */
    if (!at.bytes || at.size < 16)
        return VG_E_INPUT;
    for (size_t i = 0; i < 4; i++)
        if (at.bytes[12 + i] <= ' ' || at.bytes[12 + i] > '~')
            return VG_E_INPUT;
    memcpy(name, at.bytes + 12, 4);
    return VG_OK;
}
