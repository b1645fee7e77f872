/* From points or persons of a calibration to the ground. */
#include "src/scene/terrain.h"

#include <math.h>
#include <string.h>

#define SWEEPS 30 /* of the Jacobi method; 9 by 9 is done after about 8 */
/* All points lie on a line when they spread less than so much across it, as a part of along. */
#define LINE_PART 0.02
/* Of the points' equations the second least eigenvalue to the greatest. Good grounds have 1e-2
 * to 1e-5; below, a pixel of error turns the plane over. */
#define LOOSE_PART 1e-7
/* Determinant of the plane between normalised points, its length being 1. */
#define LEAST_DETERMINANT 1e-5
/* A point that the plane puts further from its place in the picture is a mistake, no inaccuracy:
 * 58 px of a picture 1920 px wide. */
#define APART_FRAC 0.03
/* Persons must stand this far apart, from the first to the last, in rows of the picture. */
#define LEAST_ROWS 0.05
#define SAME_M     1e-6

/* x -> scale * (x - centre): mean distance from the middle sqrt(2). */
struct normal {
    double x, y, scale;
};

/* The points of one side: [0] in the picture, [1] in metres. */
static void values(const struct vg_terrain_point *point, uint32_t count, int side, double (*xy)[2])
{
    for (uint32_t i = 0; i < count; i++) {
        xy[i][0] = side ? point[i].x_m : (double)point[i].at.x;
        xy[i][1] = side ? point[i].y_m : (double)point[i].at.y;
    }
}

/* Normalises in place. */
static struct normal normalise(double (*xy)[2], uint32_t count)
{
    struct normal n = {0, 0, 1};
    double distance = 0;
    for (uint32_t i = 0; i < count; i++) {
        n.x += xy[i][0] / (double)count;
        n.y += xy[i][1] / (double)count;
    }
    for (uint32_t i = 0; i < count; i++) {
        const double x = xy[i][0] - n.x, y = xy[i][1] - n.y;
        distance += sqrt(x * x + y * y) / (double)count;
    }
    if (distance > 0)
        n.scale = sqrt(2.0) / distance;
    for (uint32_t i = 0; i < count; i++) {
        xy[i][0] = n.scale * (xy[i][0] - n.x);
        xy[i][1] = n.scale * (xy[i][1] - n.y);
    }
    return n;
}

/* Principal axes of normalised points: how wide the cloud is for its length. */
static bool on_line(double (*xy)[2], uint32_t count)
{
    double a = 0, b = 0, c = 0;
    for (uint32_t i = 0; i < count; i++) {
        a += xy[i][0] * xy[i][0];
        b += xy[i][0] * xy[i][1];
        c += xy[i][1] * xy[i][1];
    }
    const double middle = (a + c) / 2, reach = sqrt((a - c) * (a - c) / 4 + b * b);
    return !(middle - reach > LINE_PART * LINE_PART * (middle + reach));
}

/* One rotation that makes m[p][q] zero; v collects them. */
static void rotate(double m[9][9], double v[9][9], int p, int q)
{
    const double turn = (m[q][q] - m[p][p]) / (2 * m[p][q]);
    const double t = (turn < 0 ? -1 : 1) / (fabs(turn) + sqrt(turn * turn + 1));
    const double c = 1 / sqrt(t * t + 1), s = t * c;
    for (int k = 0; k < 9; k++) {
        const double a = m[k][p], b = m[k][q];
        m[k][p] = c * a - s * b;
        m[k][q] = s * a + c * b;
    }
    for (int k = 0; k < 9; k++) {
        const double a = m[p][k], b = m[q][k];
        m[p][k] = c * a - s * b;
        m[q][k] = s * a + c * b;
    }
    for (int k = 0; k < 9; k++) {
        const double a = v[k][p], b = v[k][q];
        v[k][p] = c * a - s * b;
        v[k][q] = s * a + c * b;
    }
}

/* Eigenvalues on the diagonal of m, eigenvectors in the columns of v: cyclic Jacobi method (Golub
 * and Van Loan, Matrix Computations, 8.5). m is symmetric. */
static void eigen(double m[9][9], double v[9][9])
{
    for (int i = 0; i < 9; i++)
        for (int j = 0; j < 9; j++)
            v[i][j] = i == j ? 1 : 0;
    for (int sweep = 0; sweep < SWEEPS; sweep++)
        for (int p = 0; p < 9; p++)
            for (int q = p + 1; q < 9; q++)
                if (fabs(m[p][q]) > 1e-18 * (fabs(m[p][p]) + fabs(m[q][q])))
                    rotate(m, v, p, q);
}

/* The equations of the plane: each point gives two rows, of which the sum of products is kept. */
static void equations(double (*from)[2], double (*to)[2], uint32_t count, double m[9][9])
{
    memset(m, 0, 81 * sizeof **m);
    for (uint32_t i = 0; i < count; i++) {
        const double x = from[i][0], y = from[i][1];
        for (int side = 0; side < 2; side++) {
            const double t = to[i][side];
            double row[9] = {0};
            row[3 * side] = -x;
            row[3 * side + 1] = -y;
            row[3 * side + 2] = -1;
            row[6] = t * x;
            row[7] = t * y;
            row[8] = t;
            for (int r = 0; r < 9; r++)
                for (int c = 0; c < 9; c++)
                    m[r][c] += row[r] * row[c];
        }
    }
}

static double determinant(const double h[9])
{
    return h[0] * (h[4] * h[8] - h[5] * h[7]) - h[1] * (h[3] * h[8] - h[5] * h[6]) +
           h[2] * (h[3] * h[7] - h[4] * h[6]);
}

/* The plane between normalised points. false: they do not fix one. */
static bool solve(double (*from)[2], double (*to)[2], uint32_t count, double h[9])
{
    double m[9][9], v[9][9];
    equations(from, to, count, m);
    eigen(m, v);
    int least = 0;
    double second = HUGE_VAL, greatest = 0;
    for (int i = 0; i < 9; i++) {
        least = m[i][i] < m[least][least] ? i : least;
        greatest = m[i][i] > greatest ? m[i][i] : greatest;
    }
    for (int i = 0; i < 9; i++)
        if (i != least && m[i][i] < second)
            second = m[i][i];
    for (int i = 0; i < 9; i++)
        h[i] = v[i][least];
    return second > LOOSE_PART * greatest && fabs(determinant(h)) > LEAST_DETERMINANT;
}

/* From the plane between normalised points to that between the points themselves. */
static void denormalise(const double h[9], struct normal from, struct normal to, double plane[9])
{
    double half[9]; /* h after the points of the picture are normalised */
    for (int r = 0; r < 3; r++) {
        half[3 * r] = h[3 * r] * from.scale;
        half[3 * r + 1] = h[3 * r + 1] * from.scale;
        half[3 * r + 2] = h[3 * r + 2] - from.scale * (h[3 * r] * from.x + h[3 * r + 1] * from.y);
    }
    for (int c = 0; c < 3; c++) {
        plane[c] = half[c] / to.scale + to.x * half[6 + c];
        plane[3 + c] = half[3 + c] / to.scale + to.y * half[6 + c];
        plane[6 + c] = half[6 + c];
    }
}

static double depth(const double plane[9], double x, double y)
{
    return plane[6] * x + plane[7] * y + plane[8];
}

/* Scales the plane so that its third row is 1 on the mean over the points; all points, and the
 * picture below each, lie before the horizon, or *index is the first that does not. */
static bool before_horizon(double plane[9], const struct vg_terrain_point *point, uint32_t count,
                           uint32_t *index)
{
    double sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += depth(plane, (double)point[i].at.x, (double)point[i].at.y) / (double)count;
    *index = 0;
    if (!(fabs(sum) > 0))
        return false;
    for (int i = 0; i < 9; i++)
        plane[i] /= sum;
    for (*index = 0; *index < count; ++*index) {
        const struct vg_point at = point[*index].at;
        if (!(depth(plane, (double)at.x, (double)at.y) > 1e-6) ||
            !(depth(plane, (double)at.x, 1) > 1e-6))
            return false;
    }
    return true;
}

/* How far the plane puts the point from its metres, and in the picture: the error in metres
 * brought back through the plane's slope there. */
static void residual(const double plane[9], const struct vg_terrain_point *point, double *metres,
                     double *frac)
{
    const double x = (double)point->at.x, y = (double)point->at.y, w = depth(plane, x, y);
    const double at_x = (plane[0] * x + plane[1] * y + plane[2]) / w;
    const double at_y = (plane[3] * x + plane[4] * y + plane[5]) / w;
    const double ex = at_x - point->x_m, ey = at_y - point->y_m;
    const double a = (plane[0] - at_x * plane[6]) / w, b = (plane[1] - at_x * plane[7]) / w;
    const double c = (plane[3] - at_y * plane[6]) / w, d = (plane[4] - at_y * plane[7]) / w;
    const double det = a * d - b * c;
    const double dx = (d * ex - b * ey) / det, dy = (a * ey - c * ex) / det;
    *metres = sqrt(ex * ex + ey * ey);
    *frac = sqrt(dx * dx + dy * dy);
}

static enum vg_terrain_fit same_metres(const struct vg_terrain_point *point, uint32_t count,
                                       uint32_t *index)
{
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t j = 0; j < i; j++)
            if (fabs(point[i].x_m - point[j].x_m) < SAME_M &&
                fabs(point[i].y_m - point[j].y_m) < SAME_M) {
                *index = i;
                return VG_TERRAIN_SAME;
            }
    return VG_TERRAIN_FITS;
}

/* The worst point; VG_TERRAIN_APART if it is too far. */
static enum vg_terrain_fit residuals(struct vg_terrain *fitted,
                                     const struct vg_terrain_point *point, uint32_t count,
                                     uint32_t *index)
{
    for (uint32_t i = 0; i < count; i++) {
        double metres, frac;
        residual(fitted->plane, &point[i], &metres, &frac);
        if (!(frac <= fitted->residual_frac)) {
            fitted->residual_frac = frac;
            *index = i;
        }
        if (!(metres <= fitted->residual_m))
            fitted->residual_m = metres;
    }
    return fitted->residual_frac <= APART_FRAC ? VG_TERRAIN_FITS : VG_TERRAIN_APART;
}

enum vg_terrain_fit vg_terrain_fit_points(struct vg_terrain *terrain,
                                          const struct vg_terrain_point *point, uint32_t count,
                                          uint32_t *index)
{
    double from[VG_TERRAIN_POINTS_MAX][2], to[VG_TERRAIN_POINTS_MAX][2], h[9];
    *index = 0;
    if (count < VG_TERRAIN_POINTS_LEAST || count > VG_TERRAIN_POINTS_MAX)
        return VG_TERRAIN_FEW;
    if (same_metres(point, count, index))
        return VG_TERRAIN_SAME;
    values(point, count, 0, from);
    values(point, count, 1, to);
    const struct normal normal_from = normalise(from, count), normal_to = normalise(to, count);
    if (on_line(from, count) || on_line(to, count))
        return VG_TERRAIN_ON_LINE;
    if (!solve(from, to, count, h))
        return VG_TERRAIN_LOOSE;
    struct vg_terrain fitted = *terrain;
    denormalise(h, normal_from, normal_to, fitted.plane);
    if (!before_horizon(fitted.plane, point, count, index))
        return VG_TERRAIN_HORIZON;
    fitted.measured = true;
    fitted.point_count = count;
    fitted.residual_m = fitted.residual_frac = 0;
    *index = 0;
    const enum vg_terrain_fit fit = residuals(&fitted, point, count, index);
    if (fit == VG_TERRAIN_FITS)
        *terrain = fitted;
    return fit;
}

enum vg_terrain_fit vg_terrain_fit_persons(struct vg_terrain *terrain,
                                           const struct vg_terrain_person *person, uint32_t count)
{
    if (count < 2 || count > VG_TERRAIN_PERSONS_MAX)
        return VG_TERRAIN_FEW;
    double y = 0, h = 0, top = HUGE_VAL, bottom = -HUGE_VAL;
    for (uint32_t i = 0; i < count; i++) {
        const double row = (double)person[i].at.y;
        y += row / (double)count;
        h += person[i].height / (double)count;
        top = row < top ? row : top;
        bottom = row > bottom ? row : bottom;
    }
    if (!(bottom - top >= LEAST_ROWS))
        return VG_TERRAIN_ONE_ROW;
    double yy = 0, yh = 0;
    for (uint32_t i = 0; i < count; i++) {
        const double row = (double)person[i].at.y - y;
        yy += row * row;
        yh += row * (person[i].height - h);
    }
    const double slope = yh / yy, base = h - slope * y;
    if (!(slope >= -1e-3) || !(slope + base > 0)) /* people of one height, nearly from above */
        return VG_TERRAIN_UPSIDE;
    terrain->person_count = count;
    terrain->row_slope = slope > 0 ? slope : 0;
    terrain->row_base = slope > 0 ? base : h;
    terrain->sized = true;
    return VG_TERRAIN_FITS;
}
