/* How a box moves: a Kalman filter of constant velocity for centre x, centre y, width and
 * height. With noise that does not mix the four, each is a filter of its own with two numbers,
 * place and speed; all are in double, only by + - * / and the square root, so that every
 * machine computes the same bits. Pure. */
#ifndef VG_TRACK_MOTION_H
#define VG_TRACK_MOTION_H

#include "src/base/geometry.h"

struct vg_motion_axis {
    double at, speed;              /* pixels, pixels per second */
    double var_at, cov, var_speed; /* of their errors */
};

enum {
    VG_MOTION_X,
    VG_MOTION_Y,
    VG_MOTION_WIDTH,
    VG_MOTION_HEIGHT,
    VG_MOTION_AXES
};

struct vg_motion {
    struct vg_motion_axis axis[VG_MOTION_AXES];
};

/* Noise, as shares of the box's height (at least 8 pixels): tall boxes move by more pixels. */
struct vg_motion_noise {
    double seen;       /* deviation of a detection's place, heights */
    double push;       /* of the speed after one second left alone, heights per second */
    double push_size;  /* the same of width and height */
    double speed_born; /* of the speed of a new box, heights per second */
};

void vg_motion_init(struct vg_motion *motion, struct vg_box seen,
                    const struct vg_motion_noise *noise);
/* dt_s: seconds, 0 or more. */
void vg_motion_predict(struct vg_motion *motion, double dt_s, const struct vg_motion_noise *noise);
void vg_motion_correct(struct vg_motion *motion, struct vg_box seen,
                       const struct vg_motion_noise *noise);
/* Stops growing or shrinking: the size of an unseen object stays what it was. */
void vg_motion_hold_size(struct vg_motion *motion);

struct vg_box vg_motion_box(const struct vg_motion *motion);

#endif
