/* EVT1 where the detector finds nobody: something that moves against a directed zone's way, seen by
 * the flow alone. For vehicles, of which it finds few from above and behind; persons are judged by
 * their tracks (wrong_way.c).
 *
 * A single cell against the way says nothing: what is alike a step further on, a shadow or an edge
 * of light moves so for a picture or two. So cells that go against it are joined to blobs, a blob is
 * looked for in the next picture where it must have come from, and it counts once it has really come
 * on: by its flow and by where it is, over twice its own length or a third of the zone, for the time
 * the rule holds. That time is counted here and not by the rulebook: who is through the zone in two
 * seconds has held before it is believed. */
#include "src/events/wrong_way_flow.h"

#include <assert.h>
#include <math.h>

#include "src/events/flow_cells.h"

#define VEHICLES    (VG_CLASS_SET_MOVING & ~(1u << VG_CLASS_PERSON))
#define SURE        32                /* of 255 */
#define STEP_LEAST  6                 /* sixteenths of a map pixel in a step: less is tremble */
#define CELL_COSINE -0.5              /* of a cell: within 60 degrees of straight against */
#define CELLS_LEAST 4                 /* of a blob: 8 x 8 map pixels */
#define UNSEEN_US   (VG_US_PER_S / 2) /* a blob may be hidden for so long */
#define PICTURES    3                 /* it must be seen in so many */
#define OWN_LENGTHS 2.0
#define ZONE_SHARE  (1.0 / 3)
#define PLACE_SHARE 0.6 /* of that way, by where it is: the flow alone may deceive */
#define NEAR_CELLS  1.5 /* around where it was: it may show more of itself */
#define PERSON_AREA 0.5 /* of the square of a person's height, two walking side by side */
#define BIRTHS_S    2.0 /* their count forgets over so long */
#define BIRTHS_MOST 8.0 /* four a second: rain, leaves; a busy road shows one or two */
#define PERSON_S    60  /* heights of persons are smoothed over so many of them */

#define SIDE_MAX  (VG_MAPS_SIDE_MAX / VG_MAPS_CELL)
#define CELLS_MAX (SIDE_MAX * SIDE_MAX)

/* ---- cells -------------------------------------------------------------------------------- */

enum mark {
    OTHER,
    AGAINST,
    JOINED
};

/* The zone's way as a unit vector. */
static bool way_of(const struct vg_watch *watch, double *x, double *y)
{
    const struct vg_place *place = vg_watch_place(watch);
    if (!place || !place->directed)
        return false;
    *x = (double)place->direction.x;
    *y = (double)place->direction.y;
    const double size = sqrt(*x * *x + *y * *y);
    if (!(size > 0))
        return false;
    *x /= size;
    *y /= size;
    return true;
}

/* Cells of persons and of what is no vehicle: their tracks are judged. */
static void unmark_others(const struct vg_watch *watch, uint8_t *mark)
{
    const struct vg_maps *maps = watch->input->maps;
    for (uint32_t i = 0; i < watch->subject_count; i++) {
        const struct vg_track *track = watch->subjects[i].track;
        if (track->class_id >= 0 && (VEHICLES & 1u << track->class_id))
            continue;
        const struct vg_flow_span span = vg_flow_span_of(maps, track->box);
        for (uint32_t row = span.top; row < span.bottom; row++)
            for (uint32_t column = span.left; column < span.right; column++)
                mark[row * maps->size.columns + column] = OTHER;
    }
}

static bool goes_against(const struct vg_maps *maps, uint32_t cell, double way_x, double way_y)
{
    const double x = maps->flow_x[cell], y = maps->flow_y[cell], size = sqrt(x * x + y * y);
    return maps->flow_sure[cell] >= SURE && size >= STEP_LEAST &&
           x * way_x + y * way_y <= CELL_COSINE * size;
}

static void mark_cells(const struct vg_watch *watch, double way_x, double way_y, uint8_t *mark)
{
    const struct vg_maps *maps = watch->input->maps;
    for (uint32_t cell = 0; cell < maps->size.columns * maps->size.rows; cell++) {
        mark[cell] = OTHER;
        if (!goes_against(maps, cell, way_x, way_y))
            continue;
        const struct vg_point middle =
            vg_flow_cell_middle(watch->input, cell % maps->size.columns, cell / maps->size.columns);
        if (vg_watch_inside(watch, middle) &&
            !vg_scene_masked(watch->scene, watch->rule->event, middle))
            mark[cell] = AGAINST;
    }
    unmark_others(watch, mark);
}

/* ---- blobs -------------------------------------------------------------------------------- */

static void add_cell(struct vg_wrong_blob *blob, const struct vg_maps *maps, uint32_t cell)
{
    const double column = cell % maps->size.columns, row = (double)(cell / maps->size.columns);
    const double unit = 16 * VG_MAPS_CELL;
    if (blob->cells == 0)
        *blob = (struct vg_wrong_blob){.left = column, .top = row, .right = column, .bottom = row};
    blob->left = column < blob->left ? column : blob->left;
    blob->top = row < blob->top ? row : blob->top;
    blob->right = column + 1 > blob->right ? column + 1 : blob->right;
    blob->bottom = row + 1 > blob->bottom ? row + 1 : blob->bottom;
    blob->x += column + 0.5;
    blob->y += row + 0.5;
    blob->step_x += maps->flow_x[cell] / unit;
    blob->step_y += maps->flow_y[cell] / unit;
    blob->cells++;
}

/* Whether the cells belong together: neighbours, up to one apart, that move alike, to a cell or half
 * of the way. */
static bool joins(const struct vg_maps *maps, uint32_t a, uint32_t b)
{
    const double x = maps->flow_x[a] - maps->flow_x[b], y = maps->flow_y[a] - maps->flow_y[b];
    const double p = maps->flow_x[a], q = maps->flow_y[a];
    const double apart = sqrt(x * x + y * y), size = sqrt(p * p + q * q);
    return apart <= 16 * VG_MAPS_CELL || apart <= size / 2;
}

/* Joins what hangs together with `first`; queue: room for all cells. */
static struct vg_wrong_blob blob_from(const struct vg_maps *maps, uint8_t *mark, uint16_t *queue,
                                      uint32_t first)
{
    const int columns = (int)maps->size.columns, rows = (int)maps->size.rows;
    struct vg_wrong_blob blob = {0};
    uint32_t head = 0, tail = 0;
    queue[tail++] = (uint16_t)first;
    mark[first] = JOINED;
    while (head < tail) {
        const uint32_t at = queue[head++];
        add_cell(&blob, maps, at);
        const int column = (int)at % columns, row = (int)at / columns;
        for (int i = 0; i < 25; i++) {
            const int u = column + i % 5 - 2, v = row + i / 5 - 2;
            if (u < 0 || v < 0 || u >= columns || v >= rows)
                continue;
            const uint32_t other = (uint32_t)(v * columns + u);
            if (mark[other] != AGAINST || !joins(maps, at, other))
                continue;
            mark[other] = JOINED;
            queue[tail++] = (uint16_t)other;
        }
    }
    blob.x /= blob.cells;
    blob.y /= blob.cells;
    blob.step_x /= blob.cells;
    blob.step_y /= blob.cells;
    return blob;
}

/* ---- followers ---------------------------------------------------------------------------- */

/* How far the blob's origin lies from where the follower was; negative: it cannot be the same. */
static double distance(const struct vg_wrong_follower *f, const struct vg_wrong_blob *blob,
                       double steps)
{
    const double x = blob->x - blob->step_x * steps, y = blob->y - blob->step_y * steps;
    if (x < f->blob.left - NEAR_CELLS || x > f->blob.right + NEAR_CELLS ||
        y < f->blob.top - NEAR_CELLS || y > f->blob.bottom + NEAR_CELLS)
        return -1;
    const double u = x - f->blob.x, v = y - f->blob.y;
    return sqrt(u * u + v * v);
}

/* The nearest follower that the blob may be; NULL: none. *steps: pictures since it was seen. */
static struct vg_wrong_follower *follower_of(struct vg_wrong_way_flow *memory,
                                             const struct vg_watch *watch,
                                             const struct vg_wrong_blob *blob, double *steps)
{
    struct vg_wrong_follower *best = NULL;
    double nearest = 0;
    for (uint32_t i = 0; i < VG_WRONG_WAY_BLOBS_MAX; i++) {
        struct vg_wrong_follower *f = &memory->follower[i];
        if (!f->number || f->taken)
            continue;
        const double since =
            (double)(watch->input->time.us - f->seen.us) / (double)watch->input->maps->step_us;
        const double far = distance(f, blob, since);
        if (far < 0 || (best && far >= nearest))
            continue;
        best = f;
        nearest = far;
        *steps = since;
    }
    return best;
}

static struct vg_wrong_follower *new_follower(struct vg_wrong_way_flow *memory,
                                              struct vg_media_time now)
{
    for (uint32_t i = 0; i < VG_WRONG_WAY_BLOBS_MAX; i++) {
        struct vg_wrong_follower *f = &memory->follower[i];
        if (f->number)
            continue;
        (void)vg_watch_number(&memory->numbers);
        *f = (struct vg_wrong_follower){.number = memory->numbers, .born = now, .seen = now};
        memory->births++;
        return f;
    }
    return NULL;
}

/* Where something new seems to go against the way again and again, it is the picture that is
 * restless: rain, leaves in the wind, a mast that shakes. Some of it always goes on for long enough. */
static void count_births(struct vg_wrong_way_flow *memory, struct vg_media_time now)
{
    const double part = (double)(now.us - memory->last.us) / (BIRTHS_S * (double)VG_US_PER_S);
    memory->births -= memory->births * (part > 1 ? 1 : part > 0 ? part : 0);
    memory->last = now;
}

static void forget_old(struct vg_wrong_way_flow *memory, struct vg_media_time now)
{
    for (uint32_t i = 0; i < VG_WRONG_WAY_BLOBS_MAX; i++) {
        struct vg_wrong_follower *f = &memory->follower[i];
        f->taken = false;
        if (now.us - f->seen.us > UNSEEN_US || now.us < f->seen.us)
            *f = (struct vg_wrong_follower){0};
    }
}

static double along(double x, double y, double way_x, double way_y)
{
    return -(x * way_x + y * way_y);
}

/* NULL: no room for one more. */
static struct vg_wrong_follower *follow(struct vg_wrong_way_flow *memory,
                                        const struct vg_watch *watch,
                                        const struct vg_wrong_blob *blob, double way_x,
                                        double way_y)
{
    const struct vg_media_time now = watch->input->time;
    double steps = 1;
    struct vg_wrong_follower *f = follower_of(memory, watch, blob, &steps);
    if (!f && !(f = new_follower(memory, now)))
        return NULL;
    const double step = along(blob->step_x, blob->step_y, way_x, way_y);
    const double length =
        fabs(way_x) * (blob->right - blob->left) + fabs(way_y) * (blob->bottom - blob->top);
    const double middle =
        along((blob->left + blob->right) / 2, (blob->top + blob->bottom) / 2, way_x, way_y);
    const double front = middle + length / 2, rear = middle - length / 2;
    if (f->pictures == 0) {
        f->front = front - step;
        f->rear = rear - step;
    }
    f->moved = front - f->front > f->moved ? front - f->front : f->moved;
    f->moved = rear - f->rear > f->moved ? rear - f->rear : f->moved;
    f->came += step * steps;
    f->length = length > f->length ? length : f->length;
    f->blob = *blob;
    f->seen = now;
    f->pictures++;
    f->taken = true;
    return f;
}

/* ---- what holds --------------------------------------------------------------------------- */

/* Cells from the zone's first point to its last along its way. */
static double zone_length(const struct vg_watch *watch, double way_x, double way_y)
{
    const struct vg_place *place = vg_watch_place(watch);
    const double side = vg_flow_cell_px(watch->input->maps);
    double low = 0, high = 0;
    for (uint32_t i = 0; i < place->corner_count; i++) {
        const double x = (double)place->corner[i].x * watch->input->width / side;
        const double y = (double)place->corner[i].y * watch->input->height / side;
        const double at = x * way_x + y * way_y;
        low = i == 0 || at < low ? at : low;
        high = i == 0 || at > high ? at : high;
    }
    return high - low;
}

static enum vg_why_not judge(const struct vg_wrong_way_flow *memory, const struct vg_watch *watch,
                             const struct vg_wrong_follower *f, double way_x, double way_y)
{
    const double person = memory->person / vg_flow_cell_px(watch->input->maps);
    if (f->blob.cells < PERSON_AREA * person * person)
        return VG_WHY_SMALL;
    const double own = OWN_LENGTHS * f->length;
    const double share = ZONE_SHARE * zone_length(watch, way_x, way_y);
    const double least = own < share ? own : share;
    if (f->came < least || f->moved < PLACE_SHARE * least)
        return VG_WHY_STILL;
    if (memory->births > BIRTHS_MOST)
        return VG_WHY_VIEW;
    if (f->pictures < PICTURES || watch->input->time.us - f->born.us < watch->rule->hold_us)
        return VG_WHY_HOLD;
    return VG_WHY_HOLDS;
}

static void sight(const struct vg_watch *watch, const struct vg_wrong_follower *f)
{
    struct vg_sighting *sighting = vg_watch_sight(watch);
    if (!sighting)
        return;
    const float side = (float)vg_flow_cell_px(watch->input->maps);
    const struct vg_box box = {(float)f->blob.left * side, (float)f->blob.top * side,
                               (float)(f->blob.right - f->blob.left) * side,
                               (float)(f->blob.bottom - f->blob.top) * side};
    const struct vg_box picture = {0, 0, (float)watch->input->width, (float)watch->input->height};
    sighting->subject = VG_SUBJECT_THING + f->number;
    sighting->held_us = watch->input->time.us - f->born.us;
    vg_watch_show_thing(sighting, vg_box_clip(box, picture), VG_CLASS_OTHER,
                        watch->rule->min_score);
}

static void learn_persons(struct vg_wrong_way_flow *memory, const struct vg_watch *watch)
{
    for (uint32_t i = 0; i < watch->subject_count; i++) {
        const struct vg_track *track = watch->subjects[i].track;
        if (!track->detected || track->class_id != VG_CLASS_PERSON ||
            track->state == VG_TRACK_TENTATIVE)
            continue;
        const double height = (double)track->seen.height;
        memory->person += memory->person > 0 ? (height - memory->person) / PERSON_S : height;
    }
}

void vg_wrong_way_flow_watch(const struct vg_watch *watch, struct vg_wrong_way_flow *memory)
{
    double way_x, way_y;
    if (!(watch->rule->classes & VEHICLES) || !way_of(watch, &way_x, &way_y))
        return;
    const enum vg_why_not why = vg_flow_readable(watch);
    if (why != VG_WHY_HOLDS) {
        vg_watch_say(watch, 0, why, 0);
        return;
    }
    const struct vg_maps *maps = watch->input->maps;
    uint8_t mark[CELLS_MAX];
    uint16_t queue[CELLS_MAX];
    assert(maps->size.columns <= SIDE_MAX && maps->size.rows <= SIDE_MAX);
    learn_persons(memory, watch);
    count_births(memory, watch->input->time);
    forget_old(memory, watch->input->time);
    mark_cells(watch, way_x, way_y, mark);
    for (uint32_t cell = 0; cell < maps->size.columns * maps->size.rows; cell++) {
        if (mark[cell] != AGAINST)
            continue;
        const struct vg_wrong_blob blob = blob_from(maps, mark, queue, cell);
        if (blob.cells < CELLS_LEAST)
            continue;
        const struct vg_wrong_follower *f = follow(memory, watch, &blob, way_x, way_y);
        if (!f)
            continue;
        const enum vg_why_not judged = judge(memory, watch, f, way_x, way_y);
        vg_watch_say(watch, VG_SUBJECT_THING + f->number, judged, f->came);
        if (judged == VG_WHY_HOLDS)
            sight(watch, f);
    }
}
