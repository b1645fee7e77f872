#include "src/vision/view_thumb.h"

#include <assert.h>
#include <string.h>

/* FNV-1a (Fowler, Noll, Vo) with eight bytes a step: it must tell equal from not, no more. */
#define PRINT_START UINT64_C(0xcbf29ce484222325)
#define PRINT_PRIME UINT64_C(0x100000001b3)

static uint64_t print_of(uint64_t print, const uint8_t *bytes, uint32_t count)
{
    uint32_t at = 0;
    for (; at + sizeof print <= count; at += (uint32_t)sizeof print) {
        uint64_t word;
        memcpy(&word, bytes + at, sizeof word);
        print = (print ^ word) * PRINT_PRIME;
        print ^= print >> 29; /* a product alone never carries downwards */
    }
    for (; at < count; at++)
        print = (print ^ bytes[at]) * PRINT_PRIME;
    return print;
}

/* Where cell `i` of `cells` begins in `length` pixels. */
static uint32_t begin_of(uint32_t i, uint32_t cells, uint32_t length)
{
    return (uint32_t)((uint64_t)i * length / cells);
}

/* Where it ends: it holds one pixel at least. */
static uint32_t end_of(uint32_t i, uint32_t cells, uint32_t length)
{
    const uint32_t begin = begin_of(i, cells, length), end = begin_of(i + 1, cells, length);
    return end > begin ? end : begin + 1;
}

static void print_blocks(struct vg_view_thumb *thumb, const struct vg_picture *picture)
{
    for (uint32_t b = 0; b < VG_VIEW_BLOCKS; b++)
        thumb->print[b] = PRINT_START;
    for (uint32_t y = 0; y < picture->height; y++) {
        const uint8_t *row = picture->luma + (size_t)y * picture->luma_stride;
        uint64_t *print =
            thumb->print + (uint64_t)y * VG_VIEW_ROWS / picture->height * VG_VIEW_COLUMNS;
        for (uint32_t c = 0; c < VG_VIEW_COLUMNS; c++) {
            const uint32_t left = begin_of(c, VG_VIEW_COLUMNS, picture->width);
            const uint32_t right = begin_of(c + 1, VG_VIEW_COLUMNS, picture->width);
            print[c] = print_of(print[c], row + left, right - left);
        }
    }
}

static uint8_t spread(uint32_t mean, enum vg_range range)
{
    if (range == VG_RANGE_FULL)
        return (uint8_t)mean;
    if (mean <= 16)
        return 0;
    const uint32_t wide = ((mean - 16) * 255 + 109) / 219;
    return (uint8_t)(wide > 255 ? 255 : wide);
}

static void shrink_row(uint8_t *out, const struct vg_picture *picture, uint32_t row)
{
    uint32_t sum[VG_VIEW_WIDTH] = {0};
    const uint32_t top = begin_of(row, VG_VIEW_HEIGHT, picture->height);
    const uint32_t bottom = end_of(row, VG_VIEW_HEIGHT, picture->height);
    for (uint32_t y = top; y < bottom; y++) {
        const uint8_t *in = picture->luma + (size_t)y * picture->luma_stride;
        for (uint32_t x = 0; x < VG_VIEW_WIDTH; x++) {
            const uint32_t right = end_of(x, VG_VIEW_WIDTH, picture->width);
            for (uint32_t i = begin_of(x, VG_VIEW_WIDTH, picture->width); i < right; i++)
                sum[x] += in[i];
        }
    }
    for (uint32_t x = 0; x < VG_VIEW_WIDTH; x++) {
        const uint32_t count = (bottom - top) * (end_of(x, VG_VIEW_WIDTH, picture->width) -
                                                 begin_of(x, VG_VIEW_WIDTH, picture->width));
        out[x] = spread((sum[x] + count / 2) / count, picture->range);
    }
}

void vg_view_thumb_take(struct vg_view_thumb *thumb, const struct vg_picture *picture)
{
    assert(picture->width > 0 && picture->height > 0);
    thumb->width = picture->width;
    thumb->height = picture->height;
    print_blocks(thumb, picture);
    for (uint32_t y = 0; y < VG_VIEW_HEIGHT; y++)
        shrink_row(thumb->luma + (size_t)y * VG_VIEW_WIDTH, picture, y);
}
