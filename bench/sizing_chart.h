/* A chart of a report as inline SVG: lines over the number of flux, a point for each measure. A point
 * is filled where its number of flux was held and hollow where it was not; lines differ by shape and
 * dash too, not by colour alone. */
#ifndef VG_BENCH_SIZING_CHART_H
#define VG_BENCH_SIZING_CHART_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define VG_CHART_POINTS_MAX 64
#define VG_CHART_LINES_MAX  6
#define VG_CHART_VALUE_MOST 1e9 /* what is above, below 0 or no number is left out */

enum vg_chart_scale {
    VG_CHART_LINEAR, /* from 0 */
    VG_CHART_LOG     /* whole decades; 0 is left out */
};

struct vg_chart_line {
    const char *key;  /* for machines: [a-z0-9-] */
    const char *name; /* translated */
    bool bare;        /* a line without points: what was wanted, say */
    uint32_t count;
    struct vg_chart_point {
        double flux, value;
        bool held;
    } point[VG_CHART_POINTS_MAX];
};

struct vg_chart {
    const char *key;
    const char *title, *unit; /* translated */
    enum vg_chart_scale scale;
    double limit;           /* a level drawn across; 0: none */
    const char *limit_name; /* translated */
    uint32_t line_count;
    struct vg_chart_line line[VG_CHART_LINES_MAX];
};

/* Adds a point unless it is left out or there is no room. */
void vg_chart_add(struct vg_chart_line *line, struct vg_chart_point point);

/* How many points it shows, those of bare lines not counted. */
uint32_t vg_chart_points(const struct vg_chart *chart);

/* Draws it. Nothing without points. */
void vg_chart_write(FILE *out, const struct vg_chart *chart);

#endif
