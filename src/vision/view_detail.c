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

/* The loops over a row have its fixed length, 16-bit numbers where they suffice and nothing that
 * overlaps, so that compilers make vectors of them: each flux is looked at once a second. */

/* What the rows of a row of blocks have gathered, column by column. */
struct gathered {
    uint32_t energy[WIDTH], sharp[WIDTH];
    uint16_t grey[WIDTH]; /* 20 of 255 at most */
};

/* Moves the column sums (nine of 255 at most) from row y - 1 to row y. */
static void slide(int16_t *restrict column, const uint8_t *restrict in, const uint8_t *restrict out)
{
    for (int32_t x = 0; x < WIDTH; x++)
        column[x] = (int16_t)(column[x] + in[x] - out[x]);
}

/* padded: column sums, with REACH more on each side. All that is summed up is 81 of 255 at most. */
static void band_row(int16_t *restrict band, const uint8_t *restrict row,
                     const int16_t *restrict padded)
{
    for (int32_t x = 0; x < WIDTH; x++) {
        const int16_t *p = padded + x;
        const int16_t sum = (int16_t)(p[0] + p[1] + p[2] + p[3] + p[4] + p[5] + p[6] + p[7] + p[8]);
        const int16_t off = (int16_t)(row[x] * WINDOW * WINDOW - sum);
        band[x] = (int16_t)(off / WINDOW);
    }
}

/* row: not the first nor the last. The first and last column are of no use. */
static void laplace_row(int16_t *restrict laplace, const uint8_t *restrict row)
{
    const uint8_t *up = row - WIDTH, *down = row + WIDTH, *left = row - 1, *right = row + 1;
    for (int32_t x = 0; x < WIDTH; x++)
        laplace[x] = (int16_t)(4 * row[x] - up[x] - down[x] - left[x] - right[x]);
}

static void add_squares(uint32_t *restrict sum, const int16_t *restrict of)
{
    for (int32_t x = 0; x < WIDTH; x++)
        sum[x] += (uint32_t)(of[x] * of[x]);
}

static void add_grey_row(uint16_t *restrict grey, const uint8_t *restrict row)
{
    for (int32_t x = 0; x < WIDTH; x++)
        grey[x] = (uint16_t)(grey[x] + row[x]);
}

static void pad(int16_t padded[WIDTH + 2 * REACH], const int16_t column[WIDTH])
{
    memcpy(padded + REACH, column, WIDTH * sizeof *column);
    for (int32_t i = 0; i < REACH; i++) {
        padded[i] = column[0];
        padded[REACH + WIDTH + i] = column[WIDTH - 1];
    }
}

/* What was gathered goes to the blocks of that row. */
static void hand_over(struct vg_view_detail *detail, struct gathered *sums, int32_t block_row)
{
    sums->sharp[0] = sums->sharp[WIDTH - 1] = 0;
    for (int32_t c = 0; c < VG_VIEW_COLUMNS; c++) {
        const int32_t b = block_row * VG_VIEW_COLUMNS + c;
        uint32_t energy = 0, sharp = 0, grey = 0;
        for (int32_t x = c * SIDE; x < (c + 1) * SIDE; x++) {
            energy += sums->energy[x];
            sharp += sums->sharp[x];
            grey += sums->grey[x];
        }
        detail->energy[b] = energy;
        detail->sharp[b] = sharp;
        detail->mean[b] = (float)grey / (SIDE * SIDE);
    }
    memset(sums, 0, sizeof *sums);
}

/* The rows of a row of blocks, from top to before bottom. */
static void gather_bands(struct gathered *sums, int16_t *bands, int16_t *column,
                         const uint8_t *luma, int32_t top, int32_t bottom)
{
    int16_t padded[WIDTH + 2 * REACH];
    for (int32_t y = top; y < bottom; y++) {
        int16_t *band = bands + y * WIDTH;
        slide(column, luma + clamp(y + REACH, HEIGHT) * WIDTH,
              luma + clamp(y - REACH - 1, HEIGHT) * WIDTH);
        pad(padded, column);
        band_row(band, luma + y * WIDTH, padded);
        add_squares(sums->energy, band);
        add_grey_row(sums->grey, luma + y * WIDTH);
    }
}

static void gather_sharp(struct gathered *sums, const uint8_t *luma, int32_t top, int32_t bottom)
{
    int16_t laplace[WIDTH];
    for (int32_t y = top; y < bottom; y++) {
        laplace_row(laplace, luma + y * WIDTH);
        add_squares(sums->sharp, laplace);
    }
}

void vg_view_detail_make(struct vg_view_detail *detail, const uint8_t *luma)
{
    int16_t column[WIDTH] = {0};
    struct gathered sums = {0};
    for (int32_t y = -REACH - 1; y < REACH; y++) /* the window of the row above the first */
        for (int32_t x = 0; x < WIDTH; x++)
            column[x] = (int16_t)(column[x] + luma[clamp(y, HEIGHT) * WIDTH + x]);
    for (int32_t r = 0; r < VG_VIEW_ROWS; r++) {
        const int32_t top = r * SIDE, bottom = top + SIDE;
        gather_bands(&sums, detail->band, column, luma, top, bottom);
        gather_sharp(&sums, luma, r ? top : 1, r < VG_VIEW_ROWS - 1 ? bottom : HEIGHT - 1);
        hand_over(detail, &sums, r);
    }
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

/* Of a block's row: 20 products of 4536 at most. In two parts, the first of which is a vector's. */
static int32_t dot(const int16_t *a, const int16_t *b)
{
    int32_t sum = 0;
    for (int32_t x = 0; x < 16; x++)
        sum += a[x] * b[x];
    for (int32_t x = 16; x < SIDE; x++)
        sum += a[x] * b[x];
    return sum;
}

float vg_view_detail_likeness(const struct vg_view_detail *a, const struct vg_view_detail *b,
                              uint32_t block, int32_t dx, int32_t dy)
{
    const int16_t *pa = corner(a, block, 0, 0), *pb = corner(b, block, dx, dy);
    int64_t both = 0, square = 0;
    for (int32_t y = 0; y < SIDE; y++, pa += WIDTH, pb += WIDTH) {
        both += dot(pa, pb);
        square += dot(pb, pb);
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
        for (int32_t y = 0; y < SIDE; y++, pa += WIDTH, pb += WIDTH) {
            int16_t off[SIDE];
            for (int32_t x = 0; x < SIDE; x++)
                off[x] = (int16_t)(pa[x] - pb[x]);
            square += dot(off, off);
        }
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
