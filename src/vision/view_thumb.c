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

/* What is the same for all rows of a picture. */
struct plan {
    uint32_t begin[VG_VIEW_WIDTH]; /* of each cell, in the picture's columns */
    uint32_t narrow;               /* a cell is so wide, or one wider */
    uint8_t wide[VG_VIEW_WIDTH];   /* 1: it is */
    uint8_t level[256];            /* of a mean */
};

static void plan_for(struct plan *plan, const struct vg_picture *picture)
{
    const uint32_t least = picture->width / VG_VIEW_WIDTH;
    plan->narrow = least ? least : 1;
    for (uint32_t x = 0; x < VG_VIEW_WIDTH; x++) {
        plan->begin[x] = begin_of(x, VG_VIEW_WIDTH, picture->width);
        plan->wide[x] =
            (uint8_t)(end_of(x, VG_VIEW_WIDTH, picture->width) - plan->begin[x] - plan->narrow);
    }
    for (uint32_t mean = 0; mean < 256; mean++)
        plan->level[mean] = spread(mean, picture->range);
}

/* A fixed number of them at once, of which compilers make vectors. */
#define STEP 16u

static void add_step(uint16_t *restrict sum, const uint8_t *restrict in)
{
    for (uint32_t i = 0; i < STEP; i++)
        sum[i] = (uint16_t)(sum[i] + in[i]);
}

/* Of the columns under a row of cells: ten rows of the highest picture at most. */
static void sum_columns(uint16_t *sum, const struct vg_picture *picture, uint32_t top,
                        uint32_t bottom)
{
    const uint32_t width = picture->width;
    memset(sum, 0, width * sizeof *sum);
    for (uint32_t y = top; y < bottom; y++) {
        const uint8_t *in = picture->luma + (size_t)y * picture->luma_stride;
        uint32_t x = 0;
        for (; x + STEP <= width; x += STEP)
            add_step(sum + x, in + x);
        for (; x < width; x++)
            sum[x] = (uint16_t)(sum[x] + in[x]);
    }
}

/* n / count for all n below 65,536: (n * this) >> 32, as long as n * count < 2^32. */
static uint64_t reciprocal(uint32_t count)
{
    return (UINT64_C(1) << 32) / count + 1;
}

static void shrink_row(uint8_t *out, const struct vg_picture *picture, const struct plan *plan,
                       uint32_t row)
{
    uint16_t sum[VG_PICTURE_WIDTH_MAX];
    const uint32_t top = begin_of(row, VG_VIEW_HEIGHT, picture->height);
    const uint32_t bottom = end_of(row, VG_VIEW_HEIGHT, picture->height);
    const uint32_t count[2] = {(bottom - top) * plan->narrow, (bottom - top) * (plan->narrow + 1)};
    const uint64_t part[2] = {reciprocal(count[0]), reciprocal(count[1])};
    sum_columns(sum, picture, top, bottom);
    for (uint32_t x = 0; x < VG_VIEW_WIDTH; x++) {
        const uint16_t *in = sum + plan->begin[x];
        const uint32_t wide = plan->wide[x];
        uint32_t all = count[wide] / 2;
        for (uint32_t i = 0; i < plan->narrow + wide; i++)
            all += in[i];
        out[x] = plan->level[all * part[wide] >> 32];
    }
}

void vg_view_thumb_take(struct vg_view_thumb *thumb, const struct vg_picture *picture)
{
    struct plan plan;
    assert(picture->width > 0 && picture->height > 0);
    assert(picture->width <= VG_PICTURE_WIDTH_MAX && picture->height <= VG_PICTURE_HEIGHT_MAX);
    thumb->width = picture->width;
    thumb->height = picture->height;
    print_blocks(thumb, picture);
    plan_for(&plan, picture);
    for (uint32_t y = 0; y < VG_VIEW_HEIGHT; y++)
        shrink_row(thumb->luma + (size_t)y * VG_VIEW_WIDTH, picture, &plan, y);
}
