#include "src/vision/view_detail.h"

#include <math.h>
#include <string.h>

#define ALIKE         0.5f  /* likeness of a block that was kept */
#define GONE          0.3f  /* of its deviation is left */
#define GONE_LEAST    1.0f  /* levels: less is nothing, however little there was */
#define DARK_MEAN     24.0f /* levels, of 255 */
#define DARK_DETAIL   2.0f
#define FLAT_DETAIL   1.5f
#define GAIN_LEAST    0.05f
#define LAPLACE_NOISE 20.0f /* 4*4 + 4: variance of white noise after the Laplacian */

enum {
    REACH = 4, /* 9x9 */
    WINDOW = 2 * REACH + 1,
    BLOCKS_LEAST = 12,
    SIDE = VG_VIEW_SIDE,
    WIDTH = VG_VIEW_WIDTH,
    HEIGHT = VG_VIEW_HEIGHT
};

static int32_t clamp(int32_t i, int32_t count)
{
    return i < 0 ? 0 : i >= count ? count - 1 : i;
}

static uint32_t block_at(int32_t x, int32_t y)
{
    return (uint32_t)(y / SIDE * VG_VIEW_COLUMNS + x / SIDE);
}

/* Moves the column sums from row y - 1 to row y. */
static void slide(int32_t column[WIDTH], const uint8_t *luma, int32_t y)
{
    const uint8_t *in = luma + clamp(y + REACH, HEIGHT) * WIDTH;
    const uint8_t *out = luma + clamp(y - REACH - 1, HEIGHT) * WIDTH;
    for (int32_t x = 0; x < WIDTH; x++)
        column[x] += in[x] - out[x];
}

static void band_row(struct vg_view_detail *detail, const uint8_t *luma,
                     const int32_t column[WIDTH], int32_t y)
{
    int32_t sum = 0;
    for (int32_t i = -REACH - 1; i < REACH; i++)
        sum += column[clamp(i, WIDTH)];
    for (int32_t x = 0; x < WIDTH; x++) {
        sum += column[clamp(x + REACH, WIDTH)] - column[clamp(x - REACH - 1, WIDTH)];
        const int32_t band = (luma[y * WIDTH + x] * WINDOW * WINDOW - sum) / WINDOW;
        detail->band[y * WIDTH + x] = (int16_t)band;
        detail->energy[block_at(x, y)] += (uint32_t)(band * band);
    }
}

static void sharp_row(struct vg_view_detail *detail, const uint8_t *luma, int32_t y)
{
    const uint8_t *row = luma + y * WIDTH;
    for (int32_t x = 1; x < WIDTH - 1; x++) {
        const int32_t l = 4 * row[x] - row[x - 1] - row[x + 1] - row[x - WIDTH] - row[x + WIDTH];
        detail->sharp[block_at(x, y)] += (uint32_t)(l * l);
    }
}

static void means(struct vg_view_detail *detail, const uint8_t *luma)
{
    uint32_t sum[VG_VIEW_BLOCKS] = {0};
    for (int32_t y = 0; y < HEIGHT; y++)
        for (int32_t x = 0; x < WIDTH; x++)
            sum[block_at(x, y)] += luma[y * WIDTH + x];
    for (uint32_t b = 0; b < VG_VIEW_BLOCKS; b++)
        detail->mean[b] = (float)sum[b] / (SIDE * SIDE);
}

void vg_view_detail_make(struct vg_view_detail *detail, const uint8_t *luma)
{
    int32_t column[WIDTH] = {0};
    memset(detail->energy, 0, sizeof detail->energy);
    memset(detail->sharp, 0, sizeof detail->sharp);
    for (int32_t y = -REACH - 1; y < REACH; y++) /* the window of the row above the first */
        for (int32_t x = 0; x < WIDTH; x++)
            column[x] += luma[clamp(y, HEIGHT) * WIDTH + x];
    for (int32_t y = 0; y < HEIGHT; y++) {
        slide(column, luma, y);
        band_row(detail, luma, column, y);
    }
    for (int32_t y = 1; y < HEIGHT - 1; y++)
        sharp_row(detail, luma, y);
    means(detail, luma);
}

float vg_view_detail_deviation(const struct vg_view_detail *detail, uint32_t block)
{
    return sqrtf((float)detail->energy[block] / (SIDE * SIDE)) / WINDOW;
}

/* Its square without the noise's. */
static float clean(const struct vg_view_detail *detail, uint32_t block, float noise)
{
    const float deviation = vg_view_detail_deviation(detail, block);
    const float square = deviation * deviation - noise * noise;
    return square > 0 ? square : 0;
}

bool vg_view_detail_has_structure(const struct vg_view_detail *detail, uint32_t block, float noise)
{
    return clean(detail, block, noise) >= VG_VIEW_STRUCTURE * VG_VIEW_STRUCTURE;
}

static const int16_t *corner(const struct vg_view_detail *detail, uint32_t block, int32_t dx,
                             int32_t dy)
{
    const int32_t x = (int32_t)(block % VG_VIEW_COLUMNS) * SIDE + dx;
    const int32_t y = (int32_t)(block / VG_VIEW_COLUMNS) * SIDE + dy;
    return detail->band + y * WIDTH + x;
}

float vg_view_detail_likeness(const struct vg_view_detail *a, const struct vg_view_detail *b,
                              uint32_t block, int32_t dx, int32_t dy)
{
    const int16_t *pa = corner(a, block, 0, 0), *pb = corner(b, block, dx, dy);
    int64_t both = 0, square = 0;
    for (int32_t y = 0; y < SIDE; y++, pa += WIDTH, pb += WIDTH) {
        int32_t row = 0, row_square = 0; /* 20 products of 2268 at most */
        for (int32_t x = 0; x < SIDE; x++) {
            row += pa[x] * pb[x];
            row_square += pb[x] * pb[x];
        }
        both += row;
        square += row_square;
    }
    if (a->energy[block] == 0 || square == 0)
        return 0;
    return (float)((double)both / sqrt((double)a->energy[block] * (double)square));
}

/* Puts value into the first `count` of sorted, which stay sorted. */
static void sort_in(float *sorted, uint32_t count, float value)
{
    uint32_t at = count;
    for (; at > 0 && sorted[at - 1] > value; at--)
        sorted[at] = sorted[at - 1];
    sorted[at] = value;
}

float vg_view_detail_noise(const struct vg_view_detail *a, const struct vg_view_detail *b)
{
    float sorted[VG_VIEW_BLOCKS];
    for (uint32_t block = 0; block < VG_VIEW_BLOCKS; block++) {
        const int16_t *pa = corner(a, block, 0, 0), *pb = corner(b, block, 0, 0);
        int64_t square = 0;
        for (int32_t y = 0; y < SIDE; y++, pa += WIDTH, pb += WIDTH)
            for (int32_t x = 0; x < SIDE; x++)
                square += (pa[x] - pb[x]) * (pa[x] - pb[x]);
        sort_in(sorted, block, (float)square);
    }
    const float noise =
        sqrtf(sorted[VG_VIEW_BLOCKS / 2] / (2 * SIDE * SIDE)) / WINDOW; /* both have it */
    return noise < VG_VIEW_NOISE_MAX ? noise : VG_VIEW_NOISE_MAX;
}

/* Sums for the correlation of block means. */
struct greys {
    uint32_t count;
    double x, y, xx, yy, xy;
};

static void add_grey(struct greys *g, float then, float now)
{
    const double x = (double)then, y = (double)now;
    g->count++;
    g->x += x;
    g->y += y;
    g->xx += x * x;
    g->yy += y * y;
    g->xy += x * y;
}

static float grey_correlation(const struct greys *g)
{
    const double n = g->count;
    const double xx = n * g->xx - g->x * g->x, yy = n * g->yy - g->y * g->y;
    if (g->count < BLOCKS_LEAST || xx < 1 || yy < 1)
        return 0;
    return (float)((n * g->xy - g->x * g->y) / sqrt(xx * yy));
}

/* Of now over then, the brightness of both taken for equal. */
static float grey_slope(const struct greys *g)
{
    const double n = g->count, xx = n * g->xx - g->x * g->x;
    if (g->count < BLOCKS_LEAST || xx < 1 || g->x < 1)
        return 0;
    const double gain = g->y > 1 ? g->y / g->x : 1 / g->x;
    return (float)((n * g->xy - g->x * g->y) / xx / gain);
}

static float mean_of(const struct vg_view_detail *detail)
{
    float sum = 0;
    for (uint32_t b = 0; b < VG_VIEW_BLOCKS; b++)
        sum += detail->mean[b];
    return sum / VG_VIEW_BLOCKS;
}

/* Fine against coarse detail: falls with the sharpness, not with contrast or light. */
static float fineness(const struct vg_view_detail *detail, uint32_t block, float noise)
{
    const float fine = (float)detail->sharp[block] / (SIDE * SIDE) - LAPLACE_NOISE * noise * noise;
    const float coarse = clean(detail, block, noise);
    return fine > 0 && coarse > 0.5f ? fine / coarse : 0;
}

static float share(uint32_t part, uint32_t whole)
{
    return whole ? (float)part / (float)whole : 0;
}

void vg_view_detail_compare(const struct vg_view_detail *then, const struct vg_view_detail *now,
                            float noise, struct vg_view_change *change)
{
    const float bright = mean_of(then), light = bright > 1 ? mean_of(now) / bright : 1;
    const float gain = light > 1 ? 1 : light < GAIN_LEAST ? GAIN_LEAST : light;
    struct greys all = {0}, uniform = {0};
    uint32_t kept = 0, gone = 0, dark = 0, flat = 0, sharps = 0;
    float sharp[VG_VIEW_BLOCKS];
    *change = (struct vg_view_change){0};
    for (uint32_t b = 0; b < VG_VIEW_BLOCKS; b++) {
        const float was = vg_view_detail_deviation(then, b), is = sqrtf(clean(now, b, noise));
        const float left = GONE * gain * was;
        add_grey(&all, then->mean[b], now->mean[b]);
        dark += now->mean[b] < DARK_MEAN && is < DARK_DETAIL;
        flat += is < FLAT_DETAIL;
        change->blocks_now += is >= VG_VIEW_STRUCTURE;
        if (was < VG_VIEW_STRUCTURE)
            continue;
        change->blocks_then++;
        kept += vg_view_detail_likeness(then, now, b, 0, 0) >= ALIKE;
        if (is < (left > GONE_LEAST ? left : GONE_LEAST)) {
            gone++;
            add_grey(&uniform, then->mean[b], now->mean[b]);
            continue;
        }
        const float before = fineness(then, b, 0);
        if (before > 0)
            sort_in(sharp, sharps++, fineness(now, b, noise) / before);
    }
    change->kept = share(kept, change->blocks_then);
    change->gone = share(gone, change->blocks_then);
    change->dark = share(dark, VG_VIEW_BLOCKS);
    change->flat = share(flat, VG_VIEW_BLOCKS);
    change->sharpness = sharps ? sharp[sharps / 2] : 1;
    change->grey = grey_correlation(&all);
    change->grey_gone = grey_correlation(&uniform);
    change->slope_gone = grey_slope(&uniform);
}

static float best_elsewhere(const struct vg_view_detail *then, const struct vg_view_detail *now,
                            uint32_t block)
{
    float best = 0;
    for (int32_t dy = -VG_VIEW_ELSEWHERE; dy <= VG_VIEW_ELSEWHERE; dy += VG_VIEW_ELSEWHERE)
        for (int32_t dx = -VG_VIEW_ELSEWHERE; dx <= VG_VIEW_ELSEWHERE; dx += VG_VIEW_ELSEWHERE) {
            const float likeness =
                dx || dy ? fabsf(vg_view_detail_likeness(then, now, block, dx, dy)) : 0;
            best = likeness > best ? likeness : best;
        }
    return best;
}

float vg_view_detail_votes(const struct vg_view_detail *then, const struct vg_view_detail *now,
                           float noise)
{
    uint32_t asked = 0, here = 0;
    for (uint32_t b = 0; b < VG_VIEW_BLOCKS; b++) {
        const uint32_t column = b % VG_VIEW_COLUMNS, row = b / VG_VIEW_COLUMNS;
        if (column == 0 || row == 0 || column == VG_VIEW_COLUMNS - 1 || row == VG_VIEW_ROWS - 1)
            continue;
        if (!vg_view_detail_has_structure(then, b, 0) ||
            !vg_view_detail_has_structure(now, b, noise))
            continue;
        asked++;
        here += fabsf(vg_view_detail_likeness(then, now, b, 0, 0)) > best_elsewhere(then, now, b);
    }
    return asked >= BLOCKS_LEAST ? share(here, asked) : 0;
}
