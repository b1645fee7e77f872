#include "src/engine/tiles.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define REACH_PX     2 /* of the input: the head's boxes end about so exactly */
#define OVERLAP_MAX  0.5
#define OVERLAP_STEP 0.01

static_assert(VG_TILES_REGIONS_MAX <= VG_BATCH_MAX, "the regions of a picture are one batch");

struct vg_tiles_settings vg_tiles_defaults(void)
{
    return (struct vg_tiles_settings){
        .rows = 1, .columns = 1, .overlap_frac = 0.15f, .double_iou = 0.45f, .part_frac = 0.6f};
}

/* ---- the regions ---- */

/* a tile's side, where `count` of them with this overlap make `whole` */
static double side_of(double whole, uint32_t count, double overlap)
{
    return whole / (count - (count - 1) * overlap);
}

/* the fewest tiles along an axis whose sides are `most` at most */
static uint32_t fewest(double whole, double most, double overlap)
{
    uint32_t count = 1;
    while (count < VG_TILES_SIDE_MAX && side_of(whole, count, overlap) > most)
        count++;
    return count;
}

/* pixels of the picture that two neighbours share; all where there is one tile */
static double shared_px(double whole, uint32_t count, double overlap)
{
    return count == 1 ? whole : side_of(whole, count, overlap) * overlap;
}

float vg_tiles_choose(struct vg_tiles_settings *s, float least_px, float wanted_px)
{
    const double width = s->picture.width, height = s->picture.height;
    const double least = (double)least_px, wanted = (double)wanted_px;
    const double whole_scale = fmin(s->input.width / width, s->input.height / height);
    double overlap = (double)s->overlap_frac;
    for (;; overlap = fmin(overlap + OVERLAP_STEP, OVERLAP_MAX)) {
        s->rows = fewest(height, s->input.height * least / wanted, overlap);
        s->columns = fewest(width, s->input.width * least / wanted, overlap);
        if (overlap >= OVERLAP_MAX ||
            (shared_px(height, s->rows, overlap) * whole_scale >= wanted &&
             shared_px(width, s->columns, overlap) * whole_scale >= wanted))
            break;
    }
    s->overlap_frac = (float)overlap;
    const double scale_x = s->input.width / side_of(width, s->columns, overlap);
    const double scale_y = s->input.height / side_of(height, s->rows, overlap);
    return (float)(least * fmin(scale_x, scale_y));
}

static int in_range(float value, float least, float most)
{
    return value >= least && value <= most; /* what is no number is not */
}

static int are_good(const struct vg_tiles_settings *s)
{
    return s->picture.width >= 2 && s->picture.height >= 2 && s->input.width && s->input.height &&
           s->rows >= 1 && s->rows <= VG_TILES_SIDE_MAX && s->columns >= 1 &&
           s->columns <= VG_TILES_SIDE_MAX && in_range(s->overlap_frac, 0, (float)OVERLAP_MAX) &&
           in_range(s->double_iou, 0, 1) && in_range(s->part_frac, 0, 1);
}

/* Of tile `index` among `count` along an axis of `whole` pixels: whole pixels, the first at the
 * picture's one border, the last at the other. */
static void span(uint32_t whole, uint32_t index, uint32_t count, double overlap, float *first,
                 float *size)
{
    const double side = side_of(whole, count, overlap);
    const double step = count > 1 ? (whole - side) / (count - 1) : 0;
    const double low = floor(index * step);
    const double high = index + 1 == count ? whole : ceil(index * step + side);
    *first = (float)low;
    *size = (float)(fmin(high, whole) - low);
}

static struct vg_tile tile_of(const struct vg_tiles_settings *s, uint32_t row, uint32_t column)
{
    const double overlap = (double)s->overlap_frac;
    struct vg_tile tile = {.cut_left = column > 0,
                           .cut_top = row > 0,
                           .cut_right = column + 1 < s->columns,
                           .cut_bottom = row + 1 < s->rows};
    span(s->picture.width, column, s->columns, overlap, &tile.region.left, &tile.region.width);
    span(s->picture.height, row, s->rows, overlap, &tile.region.top, &tile.region.height);
    const float pixels = fmaxf(tile.region.width / (float)s->input.width,
                               tile.region.height / (float)s->input.height);
    tile.reach_px = REACH_PX * pixels;
    return tile;
}

enum vg_status vg_tiles_make(struct vg_tiles *tiles, const struct vg_tiles_settings *s)
{
    memset(tiles, 0, sizeof *tiles);
    if (!are_good(s))
        return VG_E_CALL;
    tiles->settings = *s;
    tiles->count = 1;
    tiles->tile[0].region =
        (struct vg_box){0, 0, (float)s->picture.width, (float)s->picture.height};
    if (s->rows * s->columns == 1)
        return VG_OK;
    for (uint32_t i = 0; i < s->rows * s->columns; i++) {
        const struct vg_tile tile = tile_of(s, i / s->columns, i % s->columns);
        if (tile.region.width < 2 || tile.region.height < 2) {
            tiles->count = 0;
            return VG_E_CALL;
        }
        tiles->tile[tiles->count++] = tile;
    }
    return VG_OK;
}

void vg_tiles_jobs(const struct vg_tiles *tiles, const struct vg_job *job, struct vg_job *jobs)
{
    for (uint32_t i = 0; i < tiles->count; i++) {
        jobs[i] = *job;
        jobs[i].region = tiles->tile[i].region;
    }
}

/* ---- one list of all ---- */

/* which boxes a walk through the answers shows */
enum walk {
    WALK_WHOLE,
    WALK_CUT
};

/* what stands so far, and of which region each is */
struct stand {
    struct vg_answer *fused;
    uint8_t region[VG_ANSWER_DETECTIONS_MAX];
};

static int is_cut(const struct vg_tile *tile, struct vg_box box)
{
    const struct vg_box r = tile->region;
    return (tile->cut_left && box.left - r.left < tile->reach_px) ||
           (tile->cut_top && box.top - r.top < tile->reach_px) ||
           (tile->cut_right && r.left + r.width - box.left - box.width < tile->reach_px) ||
           (tile->cut_bottom && r.top + r.height - box.top - box.height < tile->reach_px);
}

static float area_of(struct vg_box box)
{
    return box.width * box.height;
}

/* the share of `part` that lies in `other` */
static float covered(struct vg_box part, struct vg_box other)
{
    const float area = area_of(part);
    return area > 0 ? area_of(vg_box_clip(part, other)) / area : 1;
}

static int is_told_already(const struct vg_tiles *tiles, const struct stand *stand,
                           const struct vg_detection *d, uint32_t region, enum walk walk)
{
    const struct vg_answer *fused = stand->fused;
    for (uint32_t i = 0; i < fused->count; i++) {
        const struct vg_detection *other = &fused->detection[i];
        if (other->class_id != d->class_id || stand->region[i] == region)
            continue;
        if (vg_box_iou(other->box, d->box) > tiles->settings.double_iou)
            return 1;
        if (walk == WALK_CUT && covered(d->box, other->box) > tiles->settings.part_frac)
            return 1;
    }
    return 0;
}

/* The next box of a walk through all answers: by falling score, then by region. at: where each
 * region's walk stands. NULL: the end. */
static const struct vg_detection *next_box(const struct vg_tiles *tiles,
                                           const struct vg_answer *answers, enum walk walk,
                                           uint32_t *at, uint32_t *region)
{
    const struct vg_detection *best = NULL;
    for (uint32_t i = 0; i < tiles->count; i++) {
        const struct vg_answer *answer = &answers[i];
        while (at[i] < answer->count &&
               is_cut(&tiles->tile[i], answer->detection[at[i]].box) != (walk == WALK_CUT))
            at[i]++;
        if (at[i] < answer->count && (!best || answer->detection[at[i]].score > best->score)) {
            best = &answer->detection[at[i]];
            *region = i;
        }
    }
    if (best)
        at[*region]++;
    return best;
}

static void walk_through(const struct vg_tiles *tiles, const struct vg_answer *answers,
                         enum walk walk, struct stand *stand)
{
    uint32_t at[VG_TILES_REGIONS_MAX] = {0}, region = 0;
    struct vg_answer *fused = stand->fused;
    const struct vg_detection *d;
    while ((d = next_box(tiles, answers, walk, at, &region)) != NULL) {
        if (fused->count == VG_ANSWER_DETECTIONS_MAX) {
            fused->overflow++;
        } else if (!is_told_already(tiles, stand, d, region, walk)) {
            stand->region[fused->count] = (uint8_t)region;
            fused->detection[fused->count++] = *d;
        }
    }
}

/* by falling score; equals keep their order */
static void insertion_sort(struct vg_detection *list, uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i < count; i++) {
        const struct vg_detection moved = list[i];
        uint32_t to = i;
        for (; to > 0 && list[to - 1].score < moved.score; to--)
            list[to] = list[to - 1];
        list[to] = moved;
    }
}

void vg_tiles_fuse(const struct vg_tiles *tiles, const struct vg_answer *answers,
                   struct vg_answer *fused)
{
    struct stand stand = {.fused = fused};
    fused->count = fused->overflow = 0;
    for (uint32_t i = 0; i < tiles->count; i++)
        fused->overflow += answers[i].overflow;
    walk_through(tiles, answers, WALK_WHOLE, &stand);
    const uint32_t whole = fused->count;
    walk_through(tiles, answers, WALK_CUT, &stand);
    insertion_sort(fused->detection, whole, fused->count);
}
