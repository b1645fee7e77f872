/* The line of heights by row: medians in bands, then the weighted median of slopes (Theil 1950,
 * Sen 1968). */
#include "src/scene/person_rows.h"

#include <math.h>
#include <stdlib.h>

#define BANDS 32
#define PAIRS (BANDS * (BANDS - 1) / 2)
/* A box nearer to the edge of the picture than this part of it may be cut. */
#define EDGE_PART 0.01
/* Somebody who stands is taller than wide; 1.2 leaves out who sits, rides or holds his arms out. */
#define UPRIGHT      1.2
#define TRACKS_LEAST 3
#define BANDS_LEAST  3
#define ROWS_LEAST   0.1 /* between the first band and the last: less fixes no slope */

struct band {
    double foot, height, weight;
};

struct weighed {
    double value, weight;
};

bool vg_person_seen_take(struct vg_box box, int64_t track, double width, double height,
                         struct vg_person_seen *seen)
{
    const double left = (double)box.left / width, top = (double)box.top / height;
    const double right = left + (double)box.width / width;
    const double foot = top + (double)box.height / height;
    if (!(left > EDGE_PART && top > EDGE_PART && right < 1 - EDGE_PART && foot < 1 - EDGE_PART))
        return false;
    if (!(box.width > 0 && (double)box.height > UPRIGHT * (double)box.width))
        return false;
    *seen = (struct vg_person_seen){track, foot, foot - top};
    return true;
}

static int band_of(double foot)
{
    const int band = (int)(foot * BANDS);
    return band < 0 ? 0 : band < BANDS ? band : BANDS - 1;
}

static int by_number(double a, double b)
{
    return (a > b) - (a < b);
}

static int by_band(const void *left, const void *right)
{
    const struct vg_person_seen *a = left, *b = right;
    const int band_a = band_of(a->foot), band_b = band_of(b->foot);
    if (band_a != band_b)
        return band_a - band_b;
    if (a->track != b->track)
        return a->track < b->track ? -1 : 1;
    const int height = by_number(a->height, b->height);
    return height ? height : by_number(a->foot, b->foot);
}

static int by_value(const void *left, const void *right)
{
    const struct weighed *a = left, *b = right;
    const int value = by_number(a->value, b->value);
    return value ? value : by_number(a->weight, b->weight);
}

static double median(struct weighed *list, size_t count)
{
    double total = 0, sum = 0;
    qsort(list, count, sizeof *list, by_value);
    for (size_t i = 0; i < count; i++)
        total += list[i].weight;
    for (size_t i = 0; i < count; i++) {
        sum += list[i].weight;
        if (2 * sum >= total)
            return list[i].value;
    }
    return 0;
}

/* One voice a track: the persons of a band from `from` on become those voices, in place, each the
 * median of its track. Returns how many; *end: where the next band begins. */
static size_t voices_of(struct vg_person_seen *seen, size_t count, size_t from, size_t *end)
{
    const int band = band_of(seen[from].foot);
    size_t voices = 0, at = from;
    while (at < count && band_of(seen[at].foot) == band) {
        size_t next = at;
        while (next < count && seen[next].track == seen[at].track &&
               band_of(seen[next].foot) == band)
            next++;
        seen[from + voices++] = seen[at + (next - at) / 2];
        at = next;
    }
    *end = at;
    return voices;
}

static int by_height(const void *left, const void *right)
{
    const struct vg_person_seen *a = left, *b = right;
    return by_number(a->height, b->height);
}

static size_t bands_of(struct vg_person_seen *seen, size_t count, struct band *band)
{
    size_t bands = 0;
    for (size_t from = 0, end; from < count; from = end) {
        const size_t voices = voices_of(seen, count, from, &end);
        double foot = 0;
        for (size_t i = 0; i < voices; i++)
            foot += seen[from + i].foot / (double)voices;
        qsort(seen + from, voices, sizeof *seen, by_height);
        band[bands++] = (struct band){foot, seen[from + voices / 2].height, (double)voices};
    }
    return bands;
}

/* The slope on which half of the weight of all pairs of bands lies, pairs weighing as they are
 * sure: by their voices, and by how far apart they are. */
static double slope_of(const struct band *band, size_t bands)
{
    struct weighed pair[PAIRS];
    size_t count = 0;
    for (size_t i = 0; i < bands; i++)
        for (size_t j = 0; j < i; j++) {
            const double rows = band[i].foot - band[j].foot;
            pair[count++] = (struct weighed){(band[i].height - band[j].height) / rows,
                                             band[i].weight * band[j].weight * rows};
        }
    return median(pair, count);
}

static bool fewer_tracks(const struct vg_person_seen *seen, size_t count)
{
    int64_t met[TRACKS_LEAST];
    size_t tracks = 0;
    for (size_t i = 0; i < count && tracks < TRACKS_LEAST; i++) {
        size_t k = 0;
        while (k < tracks && met[k] != seen[i].track)
            k++;
        if (k == tracks)
            met[tracks++] = seen[i].track;
    }
    return tracks < TRACKS_LEAST;
}

enum vg_terrain_fit vg_person_rows_fit(struct vg_person_seen *seen, size_t count,
                                       struct vg_person_rows *rows)
{
    struct band band[BANDS];
    struct weighed list[BANDS];
    if (fewer_tracks(seen, count))
        return VG_TERRAIN_FEW;
    qsort(seen, count, sizeof *seen, by_band);
    const size_t bands = bands_of(seen, count, band);
    if (!(band[bands - 1].foot - band[0].foot >= ROWS_LEAST))
        return VG_TERRAIN_ONE_ROW;
    if (bands < BANDS_LEAST)
        return VG_TERRAIN_FEW;
    struct vg_person_rows found = {.bands = (uint32_t)bands,
                                   .top = band[0].foot,
                                   .bottom = band[bands - 1].foot,
                                   .slope = slope_of(band, bands)};
    for (size_t i = 0; i < bands; i++) {
        list[i] = (struct weighed){band[i].height - found.slope * band[i].foot, band[i].weight};
        found.voices += (uint32_t)band[i].weight;
    }
    found.base = median(list, bands);
    for (size_t i = 0; i < bands; i++) {
        const double line = found.base + found.slope * band[i].foot;
        list[i] = (struct weighed){fabs(band[i].height - line) / band[i].height, band[i].weight};
    }
    found.spread = median(list, bands);
    if (!(found.slope >= 0) || !(found.base + found.slope * found.top > 0))
        return VG_TERRAIN_UPSIDE;
    *rows = found;
    return VG_TERRAIN_FITS;
}
