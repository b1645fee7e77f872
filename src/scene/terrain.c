/* What a calibrated view says of points, heights and areas. */
#include "src/scene/terrain.h"

#include <math.h>
#include <string.h>

/* Lenses of video cameras see from 10 to 100 degrees across: focal length over picture width. */
#define FOCAL_LEAST 0.4
#define FOCAL_MOST  6.0
/* A person seen from above is at least as large as his shoulders. */
#define SHOULDERS_M 0.5
/* Heights that grow by less than this (pixels a row) have no horizon that could be told. */
#define LEAST_SLOPE 0.01
#define CORNERS_MAX 64

static void apply(const double m[9], double x, double y, double out[3])
{
    for (int r = 0; r < 3; r++)
        out[r] = m[3 * r] * x + m[3 * r + 1] * y + m[3 * r + 2];
}

static bool invert(const double m[9], double out[9])
{
    out[0] = m[4] * m[8] - m[5] * m[7];
    out[1] = m[2] * m[7] - m[1] * m[8];
    out[2] = m[1] * m[5] - m[2] * m[4];
    out[3] = m[5] * m[6] - m[3] * m[8];
    out[4] = m[0] * m[8] - m[2] * m[6];
    out[5] = m[2] * m[3] - m[0] * m[5];
    out[6] = m[3] * m[7] - m[4] * m[6];
    out[7] = m[1] * m[6] - m[0] * m[7];
    out[8] = m[0] * m[4] - m[1] * m[3];
    const double det = m[0] * out[0] + m[1] * out[3] + m[2] * out[6];
    for (int i = 0; i < 9; i++)
        out[i] /= det;
    return isfinite(out[0] + out[4] + out[8]) && fabs(det) > 0;
}

/* Focal length in pixels, for square pixels and a lens in the middle of the picture: the images of
 * the two axes of the ground are at right angles and equally long (Zhang, "A flexible new technique
 * for camera calibration", 2000, equations 3 and 4), two equations for one unknown, 1 / f^2. */
static double focal_of(const double a[3], const double b[3], double width)
{
    const double cross = a[0] * b[0] + a[1] * b[1], cross_z = a[2] * b[2];
    const double longer = a[0] * a[0] + a[1] * a[1] - b[0] * b[0] - b[1] * b[1];
    const double longer_z = a[2] * a[2] - b[2] * b[2];
    const double inverse =
        -(cross * cross_z + longer * longer_z) / (cross * cross + longer * longer);
    if (!(inverse > 0) || !isfinite(inverse))
        return width; /* seen from straight above, or too far: any lens explains it */
    const double focal = sqrt(1 / inverse);
    return fmin(fmax(focal, FOCAL_LEAST * width), FOCAL_MOST * width);
}

/* The lens and the way upwards, from to_px. */
static void find_camera(struct vg_terrain_view *view)
{
    const double cx = view->width / 2, cy = view->height / 2;
    double axis[3][3]; /* columns of to_px, from the middle of the picture */
    for (int c = 0; c < 3; c++) {
        axis[c][2] = view->to_px[6 + c];
        axis[c][0] = view->to_px[c] - cx * axis[c][2];
        axis[c][1] = view->to_px[3 + c] - cy * axis[c][2];
    }
    const double f = view->focal_px = focal_of(axis[0], axis[1], view->width);
    for (int c = 0; c < 3; c++) {
        axis[c][0] /= f;
        axis[c][1] /= f;
    }
    double length = 0;
    for (int c = 0; c < 2; c++)
        length += sqrt(axis[c][0] * axis[c][0] + axis[c][1] * axis[c][1] + axis[c][2] * axis[c][2]);
    length /= 2; /* of a metre on the ground */
    double up[3];
    for (int i = 0; i < 3; i++) {
        const int j = (i + 1) % 3, k = (i + 2) % 3;
        up[i] = (axis[0][j] * axis[1][k] - axis[0][k] * axis[1][j]) / length;
    }
    const double below = up[0] * axis[2][0] + up[1] * axis[2][1] + up[2] * axis[2][2];
    view->camera_m = fabs(below) / (length * length);
    const double side = below > 0 ? -1 : 1; /* the camera is above the ground */
    view->up[0] = side * (f * up[0] + cx * up[2]);
    view->up[1] = side * (f * up[1] + cy * up[2]);
    view->up[2] = side * up[2];
}

/* A plane for heights by row: people look as tall as they are near, y - horizon says how near. The
 * camera looks nearly level and its lens is as wide as far (53 degrees across). */
static void assume_plane(struct vg_terrain_view *view)
{
    if (!(view->row_slope > LEAST_SLOPE))
        return;
    const double horizon = -view->row_base / view->row_slope;
    view->camera_m = VG_PERSON_M / view->row_slope;
    view->focal_px = view->width;
    const double plane[9] = {view->camera_m,
                             0,
                             -view->camera_m * view->width / 2,
                             0,
                             0,
                             view->camera_m * view->focal_px,
                             0,
                             1,
                             -horizon};
    memcpy(view->to_m, plane, sizeof plane);
    view->plane = view->assumed = invert(view->to_m, view->to_px);
}

void vg_terrain_view_init(struct vg_terrain_view *view, const struct vg_terrain *terrain,
                          double width, double height)
{
    *view = (struct vg_terrain_view){.width = width, .height = height, .rows = terrain->sized};
    view->row_slope = terrain->row_slope; /* height and row are in the same unit */
    view->row_base = terrain->row_base * height;
    if (!terrain->measured) {
        assume_plane(view);
        return;
    }
    for (int r = 0; r < 3; r++) {
        view->to_m[3 * r] = terrain->plane[3 * r] / width;
        view->to_m[3 * r + 1] = terrain->plane[3 * r + 1] / height;
        view->to_m[3 * r + 2] = terrain->plane[3 * r + 2];
    }
    view->plane = invert(view->to_m, view->to_px);
    if (view->plane)
        find_camera(view);
}

bool vg_terrain_metres(const struct vg_terrain_view *view, struct vg_point foot, double metres[2])
{
    double m[3];
    if (!view->plane)
        return false;
    apply(view->to_m, (double)foot.x, (double)foot.y, m);
    if (!(m[2] > 0))
        return false;
    metres[0] = m[0] / m[2];
    metres[1] = m[1] / m[2];
    return isfinite(metres[0]) && isfinite(metres[1]);
}

double vg_terrain_metres_per_px(const struct vg_terrain_view *view, struct vg_point foot)
{
    double at[2];
    if (!view->plane) {
        const double person_px = vg_terrain_person_px(view, foot);
        return person_px > 0 ? VG_PERSON_M / person_px : 0;
    }
    if (!vg_terrain_metres(view, foot, at))
        return 0;
    const double *m = view->to_m;
    const double w = m[6] * (double)foot.x + m[7] * (double)foot.y + m[8];
    const double tilt = sqrt(m[6] * m[6] + m[7] * m[7]);
    const double ex = tilt > 0 ? m[7] / tilt : 1, ey = tilt > 0 ? -m[6] / tilt : 0;
    /* along the horizon the third row does not change */
    const double dx = (m[0] * ex + m[1] * ey) / w, dy = (m[3] * ex + m[4] * ey) / w;
    return sqrt(dx * dx + dy * dy);
}

/* Of the plane alone. */
static double risen_px(const struct vg_terrain_view *view, struct vg_point foot)
{
    double at[2], low[3], high[3];
    if (!vg_terrain_metres(view, foot, at))
        return 0;
    apply(view->to_px, at[0], at[1], low);
    for (int i = 0; i < 3; i++)
        high[i] = low[i] + view->up[i] * VG_PERSON_M;
    if (!(high[2] > 0))
        return view->height; /* his head is behind the camera */
    const double dx = high[0] / high[2] - (double)foot.x, dy = high[1] / high[2] - (double)foot.y;
    const double metre = vg_terrain_metres_per_px(view, foot);
    const double shoulders = metre > 0 ? SHOULDERS_M / metre : 0;
    return fmin(fmax(sqrt(dx * dx + dy * dy), shoulders), view->height);
}

double vg_terrain_person_px(const struct vg_terrain_view *view, struct vg_point foot)
{
    if (!view->rows)
        return risen_px(view, foot);
    const double tall = view->row_base + view->row_slope * (double)foot.y;
    return tall > 0 ? fmin(tall, view->height) : 0;
}

bool vg_terrain_horizon(const struct vg_terrain_view *view, double x, double *y)
{
    if (!view->plane || !(fabs(view->to_m[7]) > 0))
        return false;
    *y = -(view->to_m[6] * x + view->to_m[8]) / view->to_m[7];
    return isfinite(*y);
}

/* ---- areas -------------------------------------------------------------------------------- */

/* The part of the polygon where the third row is `least` or more (Sutherland and Hodgman, one
 * side). out: room for twice as many corners. */
static size_t clip(const struct vg_terrain_view *view, const struct vg_point *corner, size_t count,
                   double least, double (*out)[2])
{
    size_t kept = 0;
    double before[3] = {0};
    for (size_t i = 0; i <= count; i++) {
        const struct vg_point p = corner[i % count];
        const double x = (double)p.x * view->width, y = (double)p.y * view->height;
        const double over = view->to_m[6] * x + view->to_m[7] * y + view->to_m[8] - least;
        if (i > 0 && (over >= 0) != (before[2] >= 0)) {
            const double part = before[2] / (before[2] - over);
            out[kept][0] = before[0] + part * (x - before[0]);
            out[kept++][1] = before[1] + part * (y - before[1]);
        }
        if (i < count && over >= 0) {
            out[kept][0] = x;
            out[kept++][1] = y;
        }
        before[0] = x;
        before[1] = y;
        before[2] = over;
    }
    return kept;
}

/* The third row where a person looks VG_TERRAIN_FAR_PX tall: both grow together from the horizon
 * on, so that the nearest corner tells it. */
static double far_depth(const struct vg_terrain_view *view, const struct vg_point *corner,
                        size_t count)
{
    double least = HUGE_VAL;
    for (size_t i = 0; i < count; i++) {
        const struct vg_point p = {(float)((double)corner[i].x * view->width),
                                   (float)((double)corner[i].y * view->height)};
        double m[3];
        apply(view->to_m, (double)p.x, (double)p.y, m);
        const double tall = m[2] > 0 ? vg_terrain_person_px(view, p) : 0;
        if (tall > 0)
            least = fmin(least, m[2] / tall * VG_TERRAIN_FAR_PX);
    }
    return least;
}

double vg_terrain_area_m2(const struct vg_terrain_view *view, const struct vg_point *corner,
                          size_t count)
{
    double kept[2 * CORNERS_MAX + 2][2];
    if (!view->plane || count < 3 || count > CORNERS_MAX)
        return 0;
    const double least = far_depth(view, corner, count);
    if (!isfinite(least))
        return 0;
    const size_t n = clip(view, corner, count, least, kept);
    double twice = 0, last[2] = {0}, first[2] = {0};
    for (size_t i = 0; i <= n && n >= 3; i++) {
        double m[3];
        apply(view->to_m, kept[i % n][0], kept[i % n][1], m);
        /* from the first corner, so that large metres do not eat the small differences */
        const double x = m[0] / m[2] - first[0], y = m[1] / m[2] - first[1];
        if (i == 0) {
            first[0] = x;
            first[1] = y;
            continue;
        }
        twice += last[0] * y - x * last[1];
        last[0] = x;
        last[1] = y;
    }
    return isfinite(twice) ? fabs(twice) / 2 : 0;
}
