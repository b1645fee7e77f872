#include "src/base/geometry.h"

#include <math.h>

static float greatest(float a, float b)
{
    return a > b ? a : b;
}

static float least(float a, float b)
{
    return a < b ? a : b;
}

struct vg_box vg_box_clip(struct vg_box a, struct vg_box b)
{
    const float left = greatest(a.left, b.left), top = greatest(a.top, b.top);
    const float right = least(a.left + a.width, b.left + b.width);
    const float bottom = least(a.top + a.height, b.top + b.height);
    const struct vg_box clipped = {left, top, greatest(right - left, 0), greatest(bottom - top, 0)};
    return clipped;
}

float vg_box_iou(struct vg_box a, struct vg_box b)
{
    const struct vg_box both = vg_box_clip(a, b);
    const float inter = both.width * both.height;
    const float all = a.width * a.height + b.width * b.height - inter;
    return all > 0 ? inter / all : 0;
}

struct vg_point vg_box_foot(struct vg_box box)
{
    return (struct vg_point){box.left + box.width / 2, box.top + box.height};
}

/* Twice the signed area of a, b, p in double: exact enough that a point on the line is seen. */
static double orient(struct vg_point a, struct vg_point b, struct vg_point p)
{
    return ((double)b.x - (double)a.x) * ((double)p.y - (double)a.y) -
           ((double)b.y - (double)a.y) * ((double)p.x - (double)a.x);
}

enum vg_side vg_line_cross(struct vg_point from, struct vg_point to, const struct vg_point line[2])
{
    /* y goes down: a negative area is left of the way, zero counts as right */
    const bool from_left = orient(line[0], line[1], from) < 0;
    const bool to_left = orient(line[0], line[1], to) < 0;
    if (from_left == to_left)
        return VG_SIDE_NONE;
    /* the ends of the line must lie on both sides of the step, or on it */
    const double first = orient(from, to, line[0]), last = orient(from, to, line[1]);
    if ((first > 0 && last > 0) || (first < 0 && last < 0))
        return VG_SIDE_NONE;
    return to_left ? VG_SIDE_LEFT : VG_SIDE_RIGHT;
}

bool vg_polygon_contains(const struct vg_point *corners, size_t count, struct vg_point p)
{
    bool inside = false;
    for (size_t i = 0, j = count - 1; i < count; j = i++) {
        const struct vg_point a = corners[i], b = corners[j];
        if ((a.y > p.y) == (b.y > p.y))
            continue;
        const double x = (double)a.x + ((double)p.y - (double)a.y) * ((double)b.x - (double)a.x) /
                                           ((double)b.y - (double)a.y);
        if ((double)p.x < x)
            inside = !inside;
    }
    return inside;
}

static bool between(float a, float b, float v)
{
    return least(a, b) <= v && v <= greatest(a, b);
}

static bool on_segment(struct vg_point a, struct vg_point b, struct vg_point p)
{
    return between(a.x, b.x, p.x) && between(a.y, b.y, p.y);
}

static int sign(double v)
{
    return (v > 0) - (v < 0);
}

static bool segments_meet(struct vg_point a, struct vg_point b, struct vg_point c,
                          struct vg_point d)
{
    const int s1 = sign(orient(a, b, c)), s2 = sign(orient(a, b, d));
    const int s3 = sign(orient(c, d, a)), s4 = sign(orient(c, d, b));
    if (s1 != s2 && s3 != s4)
        return true;
    return (s1 == 0 && on_segment(a, b, c)) || (s2 == 0 && on_segment(a, b, d)) ||
           (s3 == 0 && on_segment(c, d, a)) || (s4 == 0 && on_segment(c, d, b));
}

/* Two sides that share a corner touch elsewhere only if they run back on each other. */
static bool folds_back(struct vg_point before, struct vg_point corner, struct vg_point after)
{
    const double dot =
        ((double)before.x - (double)corner.x) * ((double)after.x - (double)corner.x) +
        ((double)before.y - (double)corner.y) * ((double)after.y - (double)corner.y);
    return sign(orient(before, corner, after)) == 0 && dot > 0;
}

bool vg_polygon_crosses_itself(const struct vg_point *corners, size_t count, size_t *side_a,
                               size_t *side_b)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = i + 1; j < count; j++) {
            const struct vg_point a = corners[i], b = corners[(i + 1) % count];
            const struct vg_point c = corners[j], d = corners[(j + 1) % count];
            bool bad;
            if (j == i + 1)
                bad = folds_back(a, b, d);
            else if (i == 0 && j == count - 1)
                bad = folds_back(c, a, b);
            else
                bad = segments_meet(a, b, c, d);
            if (bad) {
                *side_a = i;
                *side_b = j;
                return true;
            }
        }
    }
    return false;
}
