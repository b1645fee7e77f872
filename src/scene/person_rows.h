/* How tall persons look by picture row, from the boxes of many tracks: a proposal for a
 * calibration. Robust: boxes cut by the picture's edge are left out, a track has one voice in a
 * band of rows however long it stands there, and the line through the bands is that of the median
 * of slopes, which children, cyclists and half-hidden persons do not move. Pure, any thread. */
#ifndef VG_SCENE_PERSON_ROWS_H
#define VG_SCENE_PERSON_ROWS_H

#include "src/scene/terrain.h"

/* A person in one picture. */
struct vg_person_seen {
    int64_t track;
    double foot, height; /* fractions of the picture's height */
};

/* Whether the box (pixels of a picture width x height) shows a standing person whole; then *seen
 * is filled. */
bool vg_person_seen_take(struct vg_box box, int64_t track, double width, double height,
                         struct vg_person_seen *seen);

struct vg_person_rows {
    uint32_t bands, voices; /* that the line is made of; a voice is a track in a band */
    double slope, base;     /* height = base + slope * foot */
    double top, bottom;     /* rows between which persons were seen */
    double spread;          /* median distance of a band from the line, part of the height */
};

/* The line through `count` persons, which are sorted in place. VG_TERRAIN_FEW: fewer than three
 * tracks or bands; VG_TERRAIN_ONE_ROW; VG_TERRAIN_UPSIDE. rows is filled only when it fits. */
enum vg_terrain_fit vg_person_rows_fit(struct vg_person_seen *seen, size_t count,
                                       struct vg_person_rows *rows);

#endif
