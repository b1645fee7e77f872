#include "bench/sizing_chart.h"

#include <math.h>

#include "bench/html_out.h"
#include "src/base/text.h"

/* Units of the drawing, which is as wide as a page of A4 between its margins:
 *
 *   legend, one row for each three names
 *   | LEFT: figures of the scale | PLOT_WIDTH | RIGHT |
 *   figures of the flux, and what they are */
enum {
    WIDTH = 720,
    LEFT = 64,
    RIGHT = 24,
    PLOT_WIDTH = WIDTH - LEFT - RIGHT,
    PLOT_HEIGHT = 220,
    LEGEND_COLUMNS = 3,
    LEGEND_LINE = 20,
    BELOW = 44,
    TICKS_MOST = 6
};

#define LOG_LEAST 0.001 /* a logarithmic scale shows nothing below */

/* Each has a contrast of at least 3:1 with white (WCAG 2.1, 1.4.11); after Okabe and Ito, 2008. */
static const struct {
    const char *colour, *dash;
} looks[VG_CHART_LINES_MAX] = {{"#0072b2", "none"}, {"#c04e00", "7 3"}, {"#007a59", "2 3"},
                               {"#6a63c7", "none"}, {"#7c7c86", "7 3"}, {"#8a5f00", "2 3"}};

struct axes {
    double most_flux;
    double least, most; /* of the scale: values, or powers of ten */
    enum vg_chart_scale scale;
    int top;
};

void vg_chart_add(struct vg_chart_line *line, struct vg_chart_point point)
{
    if (line->count >= VG_CHART_POINTS_MAX || !isfinite(point.flux) || !isfinite(point.value) ||
        point.flux <= 0 || point.flux > VG_CHART_VALUE_MOST || point.value < 0 ||
        point.value > VG_CHART_VALUE_MOST)
        return;
    uint32_t at = line->count++; /* by flux: measures come in the order of the search */
    for (; at > 0 && line->point[at - 1].flux > point.flux; at--)
        line->point[at] = line->point[at - 1];
    line->point[at] = point;
}

/* Those that the scale has a place for. */
static uint32_t points_shown(const struct vg_chart_line *line, enum vg_chart_scale scale)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < line->count; i++)
        count += scale != VG_CHART_LOG || line->point[i].value > 0;
    return count;
}

uint32_t vg_chart_points(const struct vg_chart *chart)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < chart->line_count; i++)
        count += chart->line[i].bare ? 0 : points_shown(&chart->line[i], chart->scale);
    return count;
}

/* The least of 1, 2, 5 times a power of ten that parts `most` into TICKS_MOST at most. */
static double step_of(double most)
{
    double step = pow(10, floor(log10(most / TICKS_MOST)));
    static const double times[] = {2, 2.5, 2};
    for (int i = 0; i < 3 && most / step > TICKS_MOST; i++)
        step *= times[i];
    return step;
}

static bool shown(const struct axes *axes, double value)
{
    return axes->scale == VG_CHART_LINEAR || value >= LOG_LEAST;
}

static double x_of(const struct axes *axes, double flux)
{
    return LEFT + PLOT_WIDTH * flux / axes->most_flux;
}

static double y_of(const struct axes *axes, double value)
{
    const double v = axes->scale == VG_CHART_LOG ? log10(value) : value;
    return axes->top + PLOT_HEIGHT * (1 - (v - axes->least) / (axes->most - axes->least));
}

static struct axes axes_of(const struct vg_chart *chart, int top)
{
    struct axes axes = {.scale = chart->scale, .top = top, .most_flux = 1};
    double least = HUGE_VAL, most = chart->limit;
    if (chart->limit > 0)
        least = chart->limit;
    for (uint32_t i = 0; i < chart->line_count; i++)
        for (uint32_t k = 0; k < chart->line[i].count; k++) {
            const struct vg_chart_point *point = &chart->line[i].point[k];
            axes.most_flux = fmax(axes.most_flux, point->flux);
            most = fmax(most, point->value);
            if (point->value >= LOG_LEAST)
                least = fmin(least, point->value);
        }
    if (!(most > 0))
        most = least = 1;
    const double flux_step = fmax(1, step_of(axes.most_flux));
    axes.most_flux = flux_step * ceil(axes.most_flux / flux_step);
    if (axes.scale == VG_CHART_LOG) {
        axes.least = floor(log10(least));
        axes.most = fmax(axes.least + 1, ceil(log10(most)));
    } else {
        const double step = step_of(most);
        axes.most = step * ceil(most / step);
    }
    return axes;
}

static void y_tick(FILE *out, const struct axes *axes, double value)
{
    const double y = y_of(axes, value);
    (void)fprintf(out,
                  "<g class=\"y\"><path d=\"M%d %.2fh%d\"/><text x=\"%d\" y=\"%.2f\" "
                  "text-anchor=\"end\">%.6g</text></g>\n",
                  LEFT, y, PLOT_WIDTH, LEFT - 8, y + 4, value);
}

static void ticks_write(FILE *out, const struct axes *axes)
{
    (void)fputs("<g class=\"axes\">\n", out);
    if (axes->scale == VG_CHART_LOG) {
        for (double power = axes->least; power <= axes->most + 0.5; power += 1)
            y_tick(out, axes, pow(10, power));
    } else {
        const double step = step_of(axes->most);
        for (int i = 0; i <= TICKS_MOST && i * step <= axes->most * (1 + 1e-9); i++)
            y_tick(out, axes, i * step);
    }
    const double step = fmax(1, step_of(axes->most_flux));
    for (int i = 0; i <= TICKS_MOST && i * step <= axes->most_flux * (1 + 1e-9); i++) {
        const double x = x_of(axes, i * step);
        (void)fprintf(out,
                      "<g class=\"x\"><path d=\"M%.2f %dv5\"/><text x=\"%.2f\" y=\"%d\" "
                      "text-anchor=\"middle\">%.6g</text></g>\n",
                      x, axes->top + PLOT_HEIGHT, x, axes->top + PLOT_HEIGHT + 19, i * step);
    }
    (void)fprintf(out, "</g>\n<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">",
                  LEFT + PLOT_WIDTH / 2, axes->top + PLOT_HEIGHT + 38);
    vg_html_words(out, _("number of flux"));
    (void)fputs("</text>\n", out);
}

/* A shape about its middle, one for each line, so that colour is not needed. */
static void mark_write(FILE *out, uint32_t shape, double x, double y)
{
    switch (shape % 3) {
    case 0:
        (void)fprintf(out, "<circle cx=\"%.2f\" cy=\"%.2f\" r=\"4\"", x, y);
        break;
    case 1:
        (void)fprintf(out, "<rect x=\"%.2f\" y=\"%.2f\" width=\"8\" height=\"8\"", x - 4, y - 4);
        break;
    default:
        (void)fprintf(out, "<path d=\"M%.2f %.2fl5 5l-5 5l-5 -5z\"", x, y - 5);
    }
}

static void point_write(FILE *out, const struct vg_chart *chart, uint32_t line,
                        const struct axes *axes, const struct vg_chart_point *point)
{
    mark_write(out, line, x_of(axes, point->flux), y_of(axes, point->value));
    (void)fprintf(out, " class=\"%s\" fill=\"%s\"><title>", point->held ? "held" : "failed",
                  point->held ? looks[line].colour : "#ffffff");
    vg_html_words(out, chart->line[line].name);
    (void)fprintf(out, ", %.6g flux : %.6g ", point->flux, point->value);
    vg_html_words(out, chart->unit);
    (void)fprintf(out, "</title></%s>\n",
                  line % 3 == 0   ? "circle"
                  : line % 3 == 1 ? "rect"
                                  : "path");
}

static void line_write(FILE *out, const struct vg_chart *chart, uint32_t i, const struct axes *axes)
{
    const struct vg_chart_line *line = &chart->line[i];
    (void)fprintf(out,
                  "<g class=\"line\" data-line=\"%s\" stroke=\"%s\" stroke-width=\"2\">"
                  "<polyline fill=\"none\" stroke-dasharray=\"%s\" points=\"",
                  line->key, looks[i].colour, looks[i].dash);
    for (uint32_t k = 0; k < line->count; k++)
        if (shown(axes, line->point[k].value))
            (void)fprintf(out, "%.2f,%.2f ", x_of(axes, line->point[k].flux),
                          y_of(axes, line->point[k].value));
    (void)fputs("\"/>\n", out);
    for (uint32_t k = 0; k < line->count && !line->bare; k++)
        if (shown(axes, line->point[k].value))
            point_write(out, chart, i, axes, &line->point[k]);
    (void)fputs("</g>\n", out);
}

static void legend_write(FILE *out, const struct vg_chart *chart)
{
    for (uint32_t i = 0; i < chart->line_count; i++) {
        const int x = LEFT + (int)(i % LEGEND_COLUMNS) * (PLOT_WIDTH / LEGEND_COLUMNS);
        const int y = 10 + (int)(i / LEGEND_COLUMNS) * LEGEND_LINE;
        (void)fprintf(out,
                      "<g class=\"legend\" stroke=\"%s\" stroke-width=\"2\"><path d=\"M%d %dh28\" "
                      "stroke-dasharray=\"%s\"/>",
                      looks[i].colour, x, y, looks[i].dash);
        if (!chart->line[i].bare) {
            mark_write(out, i, x + 14, y);
            (void)fprintf(out, " fill=\"%s\"/>", looks[i].colour);
        }
        (void)fprintf(out, "</g><text x=\"%d\" y=\"%d\">", x + 34, y + 4);
        vg_html_words(out, chart->line[i].name);
        (void)fputs("</text>\n", out);
    }
}

static void limit_write(FILE *out, const struct vg_chart *chart, const struct axes *axes)
{
    const double y = y_of(axes, chart->limit);
    (void)fprintf(out,
                  "<path class=\"limit\" d=\"M%d %.2fh%d\" fill=\"none\" stroke=\"#a4161a\" "
                  "stroke-width=\"1.5\"/><text class=\"limit\" x=\"%d\" y=\"%.2f\">",
                  LEFT, y, PLOT_WIDTH, LEFT + 6, y - 5);
    vg_html_words(out, chart->limit_name);
    (void)fputs("</text>\n", out);
}

void vg_chart_write(FILE *out, const struct vg_chart *chart)
{
    if (vg_chart_points(chart) == 0)
        return;
    const int rows = (int)(chart->line_count + LEGEND_COLUMNS - 1) / LEGEND_COLUMNS;
    const int top = rows * LEGEND_LINE + 12;
    const struct axes axes = axes_of(chart, top);
    (void)fprintf(out, "<figure class=\"chart\" id=\"%s\">\n", chart->key);
    (void)fputs("<figcaption>", out);
    vg_html_words(out, chart->title);
    (void)fputs(" (", out);
    vg_html_words(out, chart->unit);
    (void)fprintf(out, ")</figcaption>\n<svg viewBox=\"0 0 %d %d\" role=\"img\"><title>", WIDTH,
                  top + PLOT_HEIGHT + BELOW);
    vg_html_words(out, chart->title);
    (void)fputs("</title>\n", out);
    legend_write(out, chart);
    ticks_write(out, &axes);
    if (chart->limit > 0)
        limit_write(out, chart, &axes);
    for (uint32_t i = 0; i < chart->line_count; i++)
        line_write(out, chart, i, &axes);
    (void)fputs("</svg>\n</figure>\n", out);
}
