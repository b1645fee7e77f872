/* How places, boxes and tracks look. Colours: places cyan, the one of an alert orange, masks
 * grey, boxes of an alert red, tracks one of a row of colours by number. */
#include "src/draw/overlay.h"

#include <math.h>
#include <stdio.h>

#include "src/base/text.h"
#include "src/draw/font.h"

#define LABEL_SIZE 160

static const struct vg_colour white = {255, 255, 255}, black = {0, 0, 0}, grey = {60, 60, 60},
                              cyan = {0, 190, 220}, orange = {255, 140, 0}, red = {230, 30, 40},
                              green = {40, 190, 80};

/* ---- sizes -------------------------------------------------------------------------------- */

/* Pixels of a font's dot: 1 up to 359 rows, 2 at 576, 4 at 1080. */
static uint32_t font_scale(const struct vg_canvas *canvas)
{
    const uint32_t scale = (canvas->height + 108) / 270;
    return scale ? scale : 1;
}

static float line_width(const struct vg_canvas *canvas)
{
    return (float)(canvas->height / 360 + 1);
}

/* Text on a block of its own, kept within the canvas; (x, y): its upper left corner. */
static void label(struct vg_canvas *canvas, float x, float y, const char *text,
                  struct vg_colour ink, struct vg_colour ground)
{
    const uint32_t scale = font_scale(canvas);
    const float width = (float)(vg_font_width(text, scale) + 4 * scale);
    const float height = (float)(VG_FONT_HEIGHT * scale + 2 * scale);
    if (x + width > (float)canvas->width)
        x = (float)canvas->width - width;
    if (y + height > (float)canvas->height)
        y = (float)canvas->height - height;
    x = x > 0 ? floorf(x) : 0;
    y = y > 0 ? floorf(y) : 0;
    vg_canvas_block(canvas, (struct vg_box){x, y, width, height}, ground, 200);
    vg_font_draw(canvas, (int)x + 2 * (int)scale, (int)y + (int)scale, scale, text, ink);
}

/* A label whose lower edge lies at y. */
static void label_above(struct vg_canvas *canvas, float x, float y, const char *text,
                        struct vg_colour ink, struct vg_colour ground)
{
    const uint32_t scale = font_scale(canvas);
    label(canvas, x, y - (float)((VG_FONT_HEIGHT + 2) * scale), text, ink, ground);
}

static void arrow(struct vg_canvas *canvas, struct vg_point from, struct vg_point to,
                  struct vg_colour colour)
{
    const float width = line_width(canvas);
    const float dx = to.x - from.x, dy = to.y - from.y;
    const float length = sqrtf(dx * dx + dy * dy);
    if (!(length > 0))
        return;
    const float ux = dx / length, uy = dy / length;
    const float head = 4 * width < length / 2 ? 4 * width : length / 2;
    const struct vg_point barbs[2] = {
        {to.x - head * (ux + uy * 0.6f), to.y - head * (uy - ux * 0.6f)},
        {to.x - head * (ux - uy * 0.6f), to.y - head * (uy + ux * 0.6f)}};
    vg_canvas_line(canvas, from, to, width, colour);
    vg_canvas_line(canvas, barbs[0], to, width, colour);
    vg_canvas_line(canvas, barbs[1], to, width, colour);
}

/* ---- places ------------------------------------------------------------------------------- */

/* Corners of a place in pixels. */
static void to_pixels(const struct vg_canvas *canvas, const struct vg_place *place,
                      struct vg_point corner[VG_SCENE_CORNERS_MAX])
{
    for (uint32_t i = 0; i < place->corner_count; i++) {
        corner[i].x = place->corner[i].x * (float)canvas->width;
        corner[i].y = place->corner[i].y * (float)canvas->height;
    }
}

static struct vg_point mean_of(const struct vg_point *corner, uint32_t count)
{
    struct vg_point mean = {0, 0};
    for (uint32_t i = 0; i < count; i++) {
        mean.x += corner[i].x / (float)count;
        mean.y += corner[i].y / (float)count;
    }
    return mean;
}

static void draw_mask(struct vg_canvas *canvas, const struct vg_place *place)
{
    struct vg_point corner[VG_SCENE_CORNERS_MAX] = {{0, 0}};
    to_pixels(canvas, place, corner);
    /* fainter where it hides from some events only */
    vg_canvas_fill(canvas, corner, place->corner_count, black, place->events ? 55 : 110);
    vg_canvas_hatch(canvas, corner, place->corner_count, 3, grey, 160);
}

static void draw_zone(struct vg_canvas *canvas, const struct vg_place *place,
                      struct vg_colour colour)
{
    struct vg_point corner[VG_SCENE_CORNERS_MAX] = {{0, 0}};
    const uint32_t count = place->corner_count;
    to_pixels(canvas, place, corner);
    vg_canvas_fill(canvas, corner, count, colour, 40);
    for (uint32_t i = 0; i < count; i++)
        vg_canvas_line(canvas, corner[i], corner[(i + 1) % count], line_width(canvas), colour);
    if (!place->directed)
        return;
    const struct vg_point middle = mean_of(corner, count), way = place->direction;
    const float length = sqrtf(way.x * way.x + way.y * way.y);
    const float half = (float)canvas->height / 16 / length;
    arrow(canvas, (struct vg_point){middle.x - way.x * half, middle.y - way.y * half},
          (struct vg_point){middle.x + way.x * half, middle.y + way.y * half}, colour);
}

/* An arrow from the middle of a straight line to its left (sign 1) or right (-1). */
static void side_arrow(struct vg_canvas *canvas, const struct vg_point line[2], float sign,
                       struct vg_colour colour)
{
    const float dx = line[1].x - line[0].x, dy = line[1].y - line[0].y;
    const float length = sqrtf(dx * dx + dy * dy);
    if (!(length > 0))
        return;
    const float reach = sign * (float)canvas->height / 20 / length;
    const struct vg_point middle = mean_of(line, 2);
    /* y goes down: left of the way (dx, dy) lies (dy, -dx) */
    arrow(canvas, middle, (struct vg_point){middle.x + dy * reach, middle.y - dx * reach}, colour);
}

static void draw_line(struct vg_canvas *canvas, const struct vg_scene *scene, int index,
                      struct vg_colour colour)
{
    struct vg_point line[VG_SCENE_CORNERS_MAX] = {{0, 0}};
    to_pixels(canvas, &scene->place[index], line);
    const uint32_t parts = scene->place[index].corner_count - 1;
    for (uint32_t i = 0; i < parts; i++)
        vg_canvas_line(canvas, line[i], line[i + 1], 1.5f * line_width(canvas), colour);
    const struct vg_point *middle = &line[parts / 2]; /* of a bent line the part in its middle */
    bool left = false, right = false;
    for (uint32_t i = 0; i < scene->rule_count; i++) {
        if (scene->rule[i].part_count > 0 || scene->rule[i].place != index)
            continue;
        left |= scene->rule[i].direction != VG_SIDE_RIGHT;
        right |= scene->rule[i].direction != VG_SIDE_LEFT;
    }
    if (left)
        side_arrow(canvas, middle, 1, colour);
    if (right)
        side_arrow(canvas, middle, -1, colour);
}

void vg_draw_scene(struct vg_canvas *canvas, const struct vg_scene *scene, int highlighted)
{
    for (uint32_t i = 0; i < scene->place_count; i++)
        if (scene->place[i].kind == VG_PLACE_MASK)
            draw_mask(canvas, &scene->place[i]);
    for (uint32_t i = 0; i < scene->place_count; i++) {
        const struct vg_place *place = &scene->place[i];
        const struct vg_colour colour = (int)i == highlighted ? orange : cyan;
        if (place->kind == VG_PLACE_ZONE)
            draw_zone(canvas, place, colour);
        else if (place->kind == VG_PLACE_LINE)
            draw_line(canvas, scene, (int)i, colour);
    }
    for (uint32_t i = 0; i < scene->place_count; i++) { /* labels above all places */
        const struct vg_place *place = &scene->place[i];
        if (place->kind == VG_PLACE_MASK)
            continue;
        label(canvas, place->corner[0].x * (float)canvas->width,
              place->corner[0].y * (float)canvas->height, vg_scene_place_name(scene, (int)i), white,
              (int)i == highlighted ? orange : grey);
    }
}

/* ---- boxes -------------------------------------------------------------------------------- */

static void box_label(char *text, size_t size, uint32_t track, enum vg_class class_id, float score)
{
    const char *word = _(vg_class_label(class_id));
    const unsigned hundredths = score > 0 ? score < 1 ? (unsigned)(score * 100 + 0.5f) : 100 : 0;
    if (track)
        (void)snprintf(text, size, "%s %u %u.%02u", word, track, hundredths / 100,
                       hundredths % 100);
    else
        (void)snprintf(text, size, "%s %u.%02u", word, hundredths / 100, hundredths % 100);
}

static void draw_box(struct vg_canvas *canvas, const struct vg_draw_box *box,
                     struct vg_colour colour)
{
    char text[LABEL_SIZE];
    box_label(text, sizeof text, box->track, box->class_id, box->score);
    vg_canvas_frame(canvas, box->box, line_width(canvas), colour);
    label_above(canvas, box->box.left, box->box.top, text, white, colour);
}

void vg_draw_detections(struct vg_canvas *canvas, const struct vg_detection *detections,
                        uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct vg_draw_box box = {0, detections[i].class_id, detections[i].score,
                                        detections[i].box};
        draw_box(canvas, &box, green);
    }
}

/* Neighbours in number differ most. */
static struct vg_colour track_colour(uint32_t id)
{
    static const struct vg_colour row[] = {{220, 60, 60},  {60, 130, 230}, {60, 170, 70},
                                           {200, 90, 200}, {210, 130, 20}, {20, 160, 160},
                                           {150, 90, 60},  {120, 110, 230}};
    return row[id % (sizeof row / sizeof *row)];
}

static void draw_way(struct vg_canvas *canvas, const struct vg_track *track,
                     struct vg_colour colour)
{
    for (uint32_t i = 1; i < track->history_count; i++) {
        const uint32_t before = (track->history_first + i - 1) % VG_TRACK_HISTORY_SIZE;
        const uint32_t after = (track->history_first + i) % VG_TRACK_HISTORY_SIZE;
        vg_canvas_line(canvas, track->history[before].foot, track->history[after].foot,
                       line_width(canvas), colour);
    }
}

void vg_draw_tracks(struct vg_canvas *canvas, const struct vg_track *const *tracks, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct vg_track *track = tracks[i];
        if (track->state != VG_TRACK_CONFIRMED || !track->detected)
            continue;
        const struct vg_colour colour = track_colour(track->id);
        const struct vg_draw_box box = {track->id, track->class_id, track->score, track->box};
        draw_way(canvas, track, colour);
        draw_box(canvas, &box, colour);
    }
}

/* ---- alert -------------------------------------------------------------------------------- */

void vg_draw_alert(struct vg_canvas *canvas, const struct vg_draw_alert *alert)
{
    if (alert->scene)
        vg_draw_scene(canvas, alert->scene, alert->place);
    for (uint32_t i = alert->box_count; i-- > 0;) /* the first, which raised it, on top */
        draw_box(canvas, &alert->boxes[i], red);
    char text[2 * LABEL_SIZE];
    (void)snprintf(text, sizeof text, "%s%s%s%s%s", alert->title, alert->place_name[0] ? " - " : "",
                   alert->place_name, alert->time[0] ? " - " : "", alert->time);
    const uint32_t scale = font_scale(canvas);
    const float height = (float)((VG_FONT_HEIGHT + 3) * scale);
    const struct vg_box header = {0, 0, (float)canvas->width, height};
    vg_canvas_block(canvas, header, black, 190);
    vg_font_draw(canvas, 3 * (int)scale, (int)scale, scale, text, white);
}
