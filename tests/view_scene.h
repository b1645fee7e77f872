/* A scene made for tests of the view's health, and a camera that looks at it: turned, nearer,
 * dimmed, noisy, out of focus, covered, with text drawn into the picture and people before it. */
#ifndef VG_TESTS_VIEW_SCENE_H
#define VG_TESTS_VIEW_SCENE_H

#include <stdint.h>

#include "src/base/random.h"
#include "src/media/picture.h"

#define VG_SCENE_WIDTH  352
#define VG_SCENE_HEIGHT 288

enum vg_view_scene_passers {
    VG_SCENE_NOBODY,
    VG_SCENE_CROWD,   /* half of the picture, each elsewhere in each picture */
    VG_SCENE_VEHICLE, /* two thirds of the picture, crossing in some seconds, again and again */
    VG_SCENE_RAIN
};

/* All 0: the camera as it was set up. */
struct vg_view_scene_camera {
    double right, down; /* turned, fractions of the picture */
    double nearer;      /* zoom less 1: 0.5 is half as near again */
    double degrees;     /* about the axis of the lens */
    double gamma, gain; /* 0: 1 */
    double lift;        /* levels of grey added after both */
    double noise;       /* deviation, levels of grey */
    double blur;        /* deviation, pixels of the picture */
    double cover;       /* share of the picture, from the left */
    int cover_luma;
    double dark_side; /* share of the picture, from the right, whose lamp is out */
    double shake;     /* pixels, to and fro from picture to picture */
    enum vg_view_scene_passers passers;
    uint32_t infra;  /* 1: by infra-red: what was dark is bright, what was bright dim */
    uint32_t text;   /* 1: a line of text and a running clock in the picture */
    uint32_t frozen; /* 1: the same noise each time */
};

struct vg_view_scene;
/* Another seed is another place. Given; vg_view_scene_close. */
struct vg_view_scene *vg_view_scene_open(uint64_t seed);
void vg_view_scene_close(struct vg_view_scene **scene);

/* The picture number `n` of that camera; grey alone, borrowed until the next. */
struct vg_picture vg_view_scene_picture(struct vg_view_scene *scene,
                                        const struct vg_view_scene_camera *camera, uint32_t n);

#endif
