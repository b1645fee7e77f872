#include "src/track/motion.h"

#define HEIGHT_LEAST 8.0 /* pixels: below, noise does not shrink with the box */
#define SIZE_LEAST   1.0

static double scale_of(const struct vg_motion *m)
{
    const double height = m->axis[VG_MOTION_HEIGHT].at;
    return height > HEIGHT_LEAST ? height : HEIGHT_LEAST;
}

static void measure(struct vg_box box, double z[VG_MOTION_AXES])
{
    z[VG_MOTION_X] = (double)box.left + (double)box.width / 2;
    z[VG_MOTION_Y] = (double)box.top + (double)box.height / 2;
    z[VG_MOTION_WIDTH] = (double)box.width;
    z[VG_MOTION_HEIGHT] = (double)box.height;
}

void vg_motion_init(struct vg_motion *m, struct vg_box seen, const struct vg_motion_noise *noise)
{
    double z[VG_MOTION_AXES];
    measure(seen, z);
    m->axis[VG_MOTION_HEIGHT].at = z[VG_MOTION_HEIGHT];
    const double scale = scale_of(m);
    for (int i = 0; i < VG_MOTION_AXES; i++) {
        const double place = noise->seen * scale, speed = noise->speed_born * scale;
        m->axis[i] = (struct vg_motion_axis){z[i], 0, place * place, 0, speed * speed};
    }
}

/* white acceleration of density q: Bar-Shalom, Li, Kirubarajan 2001, 6.2.2 */
static void predict_axis(struct vg_motion_axis *a, double dt, double q)
{
    a->at += a->speed * dt;
    a->var_at += 2 * dt * a->cov + dt * dt * a->var_speed + q * dt * dt * dt / 3;
    a->cov += dt * a->var_speed + q * dt * dt / 2;
    a->var_speed += q * dt;
}

void vg_motion_predict(struct vg_motion *m, double dt_s, const struct vg_motion_noise *noise)
{
    const double scale = scale_of(m);
    const double place = noise->push * scale, size = noise->push_size * scale;
    for (int i = 0; i < VG_MOTION_AXES; i++)
        predict_axis(&m->axis[i], dt_s, i < VG_MOTION_WIDTH ? place * place : size * size);
    for (int i = VG_MOTION_WIDTH; i < VG_MOTION_AXES; i++) {
        if (m->axis[i].at < SIZE_LEAST)
            m->axis[i].at = SIZE_LEAST;
    }
}

static void correct_axis(struct vg_motion_axis *a, double z, double r)
{
    const double spread = a->var_at + r;
    const double gain = a->var_at / spread, gain_speed = a->cov / spread;
    const double miss = z - a->at;
    a->at += gain * miss;
    a->speed += gain_speed * miss;
    a->var_speed -= gain_speed * a->cov;
    a->cov -= gain * a->cov;
    a->var_at -= gain * a->var_at;
}

void vg_motion_correct(struct vg_motion *m, struct vg_box seen, const struct vg_motion_noise *noise)
{
    const double deviation = noise->seen * scale_of(m);
    double z[VG_MOTION_AXES];
    measure(seen, z);
    for (int i = 0; i < VG_MOTION_AXES; i++)
        correct_axis(&m->axis[i], z[i], deviation * deviation);
    for (int i = VG_MOTION_WIDTH; i < VG_MOTION_AXES; i++) {
        if (m->axis[i].at < SIZE_LEAST)
            m->axis[i].at = SIZE_LEAST;
    }
}

void vg_motion_hold_size(struct vg_motion *m)
{
    m->axis[VG_MOTION_WIDTH].speed = 0;
    m->axis[VG_MOTION_HEIGHT].speed = 0;
}

struct vg_box vg_motion_box(const struct vg_motion *m)
{
    const double w = m->axis[VG_MOTION_WIDTH].at, h = m->axis[VG_MOTION_HEIGHT].at;
    return (struct vg_box){(float)(m->axis[VG_MOTION_X].at - w / 2),
                           (float)(m->axis[VG_MOTION_Y].at - h / 2), (float)w, (float)h};
}
