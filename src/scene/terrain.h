/* The ground of a view: from the calibration of a scene to metres, square metres and how tall a
 * person looks where he stands.
 *
 * Two sources, each enough by itself. Points of the ground whose metres are known give the plane
 * (a homography); persons whose height in the picture is known give heights by picture row, and a
 * plane for a lens that is assumed. With both, metres are those of the points and heights those of
 * the persons. Pure functions, plain double: any thread, the same bits everywhere. */
#ifndef VG_SCENE_TERRAIN_H
#define VG_SCENE_TERRAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/geometry.h"

#define VG_TERRAIN_POINTS_MAX   64
#define VG_TERRAIN_POINTS_LEAST 4
#define VG_TERRAIN_PERSONS_MAX  64
#define VG_PERSON_M             1.7 /* how tall people are taken to be */

struct vg_terrain_point {
    struct vg_point at; /* fractions of the picture */
    double x_m, y_m;
};

struct vg_terrain_person {
    struct vg_point at; /* the foot point, fractions of the picture */
    double height;      /* fraction of the picture's height */
};

/* What a calibration says. Zeroed: nothing. */
struct vg_terrain {
    uint32_t point_count, person_count; /* as given; three points or fewer give no plane */
    bool measured;                      /* the plane is known from points */
    /* Rows of the homography from fractions of the picture to metres; the third is above zero on
     * the ground and zero on the horizon. */
    double plane[9];
    /* How far the worst point lies from where the plane puts it; 0 for four points. */
    double residual_m, residual_frac;
    bool sized; /* heights are known from persons: base + slope * y, fractions of the height */
    double row_slope, row_base;
};

enum vg_terrain_fit {
    VG_TERRAIN_FITS,
    VG_TERRAIN_FEW,     /* points or persons */
    VG_TERRAIN_SAME,    /* two points have the same metres: `index` is the second */
    VG_TERRAIN_ON_LINE, /* in the picture or in metres */
    VG_TERRAIN_LOOSE,   /* nearly on a line, or three of four are: the plane is not fixed */
    VG_TERRAIN_HORIZON, /* the point `index`, or what is below it, would lie behind the horizon */
    VG_TERRAIN_APART,   /* the point `index` does not fit the others */
    VG_TERRAIN_ONE_ROW, /* the persons stand at one picture row */
    VG_TERRAIN_UPSIDE   /* persons are smaller further down, or have no height at the bottom */
};

/* The plane of `count` points by normalised DLT (Hartley and Zisserman, Multiple View Geometry,
 * 2nd ed., algorithm 4.2), least squares over more than four. *index: the point that is wrong.
 * terrain is filled only when it fits. */
enum vg_terrain_fit vg_terrain_fit_points(struct vg_terrain *terrain,
                                          const struct vg_terrain_point *point, uint32_t count,
                                          uint32_t *index);

/* Heights by row: the line of least squares through the persons. */
enum vg_terrain_fit vg_terrain_fit_persons(struct vg_terrain *terrain,
                                           const struct vg_terrain_person *person, uint32_t count);

/* A ground as pictures of one size show it; everything below is in their pixels. */
struct vg_terrain_view {
    double width, height;
    bool plane;   /* metres are known */
    bool assumed; /* from heights alone, for a lens as wide as far: areas are rough */
    bool rows;    /* heights are those of persons, not of the plane */
    double to_m[9], to_px[9];
    double up[3];              /* what a metre upwards adds to to_px * (x, y, 1) */
    double focal_px, camera_m; /* of the lens; height of the camera. 0: not known */
    double row_slope, row_base;
};

/* width, height: above 0. A picture's shape (16 to 9) serves where its size is not known. */
void vg_terrain_view_init(struct vg_terrain_view *view, const struct vg_terrain *terrain,
                          double width, double height);

/* Where a foot point lies in metres. false: not known, or on or behind the horizon. */
bool vg_terrain_metres(const struct vg_terrain_view *view, struct vg_point foot, double metres[2]);

/* Metres that a pixel along the horizon spans where the foot stands; 0: not known there. */
double vg_terrain_metres_per_px(const struct vg_terrain_view *view, struct vg_point foot);

/* How tall a standing person looks whose foot is there; 0: not known, or nobody can stand there.
 * At most the picture's height. */
double vg_terrain_person_px(const struct vg_terrain_view *view, struct vg_point foot);

/* The row of the horizon in column `x`. false: not known, or the view has none. */
bool vg_terrain_horizon(const struct vg_terrain_view *view, double x, double *y);

/* Square metres of a polygon (fractions of the picture). What lies so far away that a person
 * looks smaller than VG_TERRAIN_FAR_PX, or behind the horizon, does not count: there the ground is
 * endless. 0: not known. */
#define VG_TERRAIN_FAR_PX 5.0
double vg_terrain_area_m2(const struct vg_terrain_view *view, const struct vg_point *corner,
                          size_t count);

#endif
