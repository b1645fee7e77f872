/* What Vigie shows on a picture: places, boxes, tracks, and the picture of an alert. Sizes of
 * letters and lines follow the height of the canvas. Words are those of the process's language. */
#ifndef VG_DRAW_OVERLAY_H
#define VG_DRAW_OVERLAY_H

#include <stdint.h>

#include "models/detection.h"
#include "src/draw/canvas.h"
#include "src/scene/scene.h"
#include "src/track/tracker.h"

/* Masks hatched, zones tinted with their way, lines with an arrow to each side that a rule
 * watches, labels. highlighted: index of the place to stress, -1: none. */
void vg_draw_scene(struct vg_canvas *canvas, const struct vg_scene *scene, int highlighted);

/* Boxes in pixels of the canvas, with class and score. */
void vg_draw_detections(struct vg_canvas *canvas, const struct vg_detection *detections,
                        uint32_t count);

/* Confirmed tracks seen in this picture, with number, class and the way they came. */
void vg_draw_tracks(struct vg_canvas *canvas, const struct vg_track *const *tracks, uint32_t count);

/* A box of an alert; `track` 0: none. Pixels of the canvas. */
struct vg_draw_box {
    uint32_t track;
    enum vg_class class_id;
    float score;
    struct vg_box box;
};

/* The picture of an alert: its place stressed, its boxes, and a line above it all. */
struct vg_draw_alert {
    const struct vg_scene *scene;    /* may be NULL: no places */
    int place;                       /* -1: whole picture */
    const char *title, *place_name;  /* translated, such as "Densité" and "Quai"; "" if none */
    const char *time;                /* as it is to be read; "" if not known */
    const struct vg_draw_box *boxes; /* box_count of them */
    uint32_t box_count;
};
void vg_draw_alert(struct vg_canvas *canvas, const struct vg_draw_alert *alert);

#endif
