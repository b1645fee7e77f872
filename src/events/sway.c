/* The mean light of each column (and of each row) is a line that moves as the view does. It is laid
 * over the background's line, a step at a time, and stays where they differ least. The view is cut
 * into bands and the middle one of their answers counts: somebody who passes is in some of them. */
#include "src/events/sway.h"

#include <stddef.h>

#define BANDS     4
#define CLEARLY_N 9 /* tenths: a step is one if what differs is less than so much of it unmoved */
#define CLEARLY_D 10
#define LEAST     (4 * VG_SWAY_MOST) /* samples: of fewer, too little is left to be laid over */

/* One band of the view, by its lines across the direction looked at. */
struct band {
    uint32_t first, last; /* of its lines */
    uint32_t line, step;  /* bytes from line to line, and along one */
    uint32_t count;       /* samples along */
};

/* Differences from sample to sample of the summed up lines: what a lamp adds to all is left out. */
static void profile(const uint8_t *plane, const struct band *band, int32_t *out)
{
    int32_t before = 0;
    for (uint32_t i = 0; i < band->count; i++) {
        int32_t sum = 0;
        for (uint32_t k = band->first; k < band->last; k++)
            sum += plane[(size_t)k * band->line + (size_t)i * band->step];
        out[i] = i ? sum - before : 0;
        before = sum;
    }
}

static int64_t differ(const int32_t *now, const int32_t *ever, uint32_t count, int32_t shift)
{
    int64_t sum = 0;
    for (int32_t i = 1 + VG_SWAY_MOST; i < (int32_t)count - VG_SWAY_MOST; i++) {
        const int32_t d = now[i] - ever[i - shift];
        sum += d < 0 ? -d : d;
    }
    return sum;
}

static int32_t shift_of(const struct vg_maps *maps, const struct band *band)
{
    int32_t now[VG_MAPS_SIDE_MAX], ever[VG_MAPS_SIDE_MAX], best = 0;
    if (band->count < LEAST || band->count > VG_MAPS_SIDE_MAX)
        return 0;
    profile(maps->luma, band, now);
    profile(maps->long_luma, band, ever);
    int64_t least = differ(now, ever, band->count, 0) * CLEARLY_N / CLEARLY_D;
    for (int32_t shift = -VG_SWAY_MOST; shift <= VG_SWAY_MOST; shift++) {
        const int64_t d = differ(now, ever, band->count, shift);
        if (shift == 0 || d >= least)
            continue;
        least = d;
        best = shift;
    }
    return best;
}

/* The middle one, the nearer to none of two. */
static int32_t middle(int32_t value[BANDS])
{
    for (int i = 1; i < BANDS; i++)
        for (int k = i; k > 0 && value[k] < value[k - 1]; k--) {
            const int32_t kept = value[k];
            value[k] = value[k - 1];
            value[k - 1] = kept;
        }
    const int32_t low = value[BANDS / 2 - 1], high = value[BANDS / 2];
    return low > 0 ? low : high < 0 ? high : 0;
}

struct vg_sway vg_sway_of(const struct vg_maps *maps)
{
    const uint32_t width = maps->size.width, height = maps->size.height;
    int32_t x[BANDS], y[BANDS];
    for (uint32_t i = 0; i < BANDS; i++) {
        const struct band across = {height * i / BANDS, height * (i + 1) / BANDS, width, 1, width};
        const struct band down = {width * i / BANDS, width * (i + 1) / BANDS, 1, width, height};
        x[i] = shift_of(maps, &across);
        y[i] = shift_of(maps, &down);
    }
    return (struct vg_sway){middle(x), middle(y)};
}
