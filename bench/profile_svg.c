#include "bench/profile_svg.h"

#include "src/base/alloc.h"
#include "src/base/text.h"

/* Pixels. A character of the font is at most 7.3 wide, so that the columns hold:
 *
 *   | MARGIN | label, LABEL_CHARACTERS | bar, BAR_WIDTH | figures, 32 characters | MARGIN | */
enum {
    MARGIN = 16,
    LABEL_CHARACTERS = 46,
    LABEL_WIDTH = 344,
    BAR_LEFT = MARGIN + LABEL_WIDTH,
    BAR_WIDTH = 440,
    FIGURES_LEFT = BAR_LEFT + BAR_WIDTH + 10,
    WIDTH = FIGURES_LEFT + 240 + MARGIN,
    HEADING_CHARACTERS = 134,
    LINE = 18,
    LEGEND_TOP = MARGIN + 3 * LINE,
    LEGEND_COLUMNS = 4,
    LEGEND_WIDTH = (WIDTH - 2 * MARGIN) / LEGEND_COLUMNS,
    LEGEND_CHARACTERS = 32,
    TEXT_SIZE = 512
};

/* Each has a contrast of at least 3:1 with white and with the dark page (WCAG 2.1, 1.4.11), and
 * they stay apart for people who do not see red and green alike (after Okabe and Ito, 2008). */
static const char *const colours[VG_PROFILE_FAMILIES_MAX] = {
    "#0072b2", "#d55e00", "#00916a", "#c06c9b", "#a87300", "#6a63c7", "#2b8ca3", "#7c7c86"};

static const char style[] =
    "<style>\n"
    "text { font: 12px 'DejaVu Sans Mono', Menlo, Consolas, monospace; fill: #1b1b1f; }\n"
    ".page { fill: #ffffff; }\n"
    ".notch { fill: #ffffff; }\n"
    "@media (prefers-color-scheme: dark) {\n"
    "text { fill: #ececf1; }\n"
    ".page { fill: #1b1b1f; }\n"
    ".notch { fill: #1b1b1f; }\n"
    "}\n"
    "</style>\n";

struct drawing {
    const struct vg_profile *profile;
    FILE *out;
    struct vg_profile_family family[VG_PROFILE_FAMILIES_MAX];
    uint32_t family_count;
    double longest_us;
};

/* Text as XML holds it, cut to `most` characters, an ellipsis in place of the last. Control
 * characters, which XML does not have, become '?'. */
static void put_text(FILE *out, const char *text, unsigned most)
{
    unsigned all = 0, shown = 0;
    for (const char *p = text; *p; p++)
        all += ((unsigned char)*p & 0xc0) != 0x80;
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;
        if ((c & 0xc0) != 0x80 && ++shown >= most && all > most) {
            (void)fputs("\xe2\x80\xa6", out);
            return;
        }
        if (c == '&')
            (void)fputs("&amp;", out);
        else if (c == '<')
            (void)fputs("&lt;", out);
        else if (c == '>')
            (void)fputs("&gt;", out);
        else if (c == '"')
            (void)fputs("&quot;", out);
        else
            (void)fputc(c < 0x20 || c == 0x7f ? '?' : c, out);
    }
}

static void text_at(FILE *out, int x, int y, const char *text, unsigned most)
{
    (void)fprintf(out, "<text x=\"%d\" y=\"%d\">", x, y);
    put_text(out, text, most);
    (void)fputs("</text>\n", out);
}

static void heading_draw(const struct drawing *d, const struct vg_profile_heading *h)
{
    const struct vg_profile *p = d->profile;
    char text[TEXT_SIZE];
    (void)snprintf(text, sizeof text, _("%s %ux%u, batch %u, %u threads, %s, %s"), h->model,
                   h->width, h->height, p->batch, h->threads, h->precision, h->device);
    (void)fputs("<title>", d->out);
    put_text(d->out, text, TEXT_SIZE);
    (void)fputs("</title>\n", d->out);
    (void)fputs(style, d->out);
    (void)fputs("<rect class=\"page\" width=\"100%\" height=\"100%\"/>\n", d->out);
    text_at(d->out, MARGIN, MARGIN + 8, text, HEADING_CHARACTERS);
    (void)snprintf(text, sizeof text, _("steps %.2f ms, whole run %.2f ms, median of %u runs"),
                   vg_profile_steps_us(p) / 1000, p->whole_us / 1000, p->runs);
    text_at(d->out, MARGIN, MARGIN + 8 + LINE, text, HEADING_CHARACTERS);
    if (p->peak_gflop_s > 0 && p->peak_gbyte_s > 0)
        (void)snprintf(text, sizeof text,
                       _("notch: the least time by the measured peak, %.0f GFLOP/s and %.1f GB/s"),
                       p->peak_gflop_s, p->peak_gbyte_s);
    else
        (void)snprintf(text, sizeof text, "%s", _("the device's peak was not measured"));
    text_at(d->out, MARGIN, MARGIN + 8 + 2 * LINE, text, HEADING_CHARACTERS);
}

static int legend_lines(const struct drawing *d)
{
    return (int)(d->family_count + LEGEND_COLUMNS - 1) / LEGEND_COLUMNS;
}

static void legend_draw(const struct drawing *d)
{
    const double all_us = vg_profile_steps_us(d->profile);
    for (uint32_t i = 0; i < d->family_count; i++) {
        const struct vg_profile_family *family = &d->family[i];
        const int x = MARGIN + (int)(i % LEGEND_COLUMNS) * LEGEND_WIDTH;
        const int y = LEGEND_TOP + (int)(i / LEGEND_COLUMNS) * LINE;
        char text[TEXT_SIZE];
        (void)snprintf(text, sizeof text, "%s %.0f %%",
                       family->kernel ? family->kernel : _("others"),
                       all_us > 0 ? 100 * family->us / all_us : 0);
        (void)fprintf(d->out, "<rect x=\"%d\" y=\"%d\" width=\"12\" height=\"12\" fill=\"%s\"/>\n",
                      x, y, colours[i]);
        text_at(d->out, x + 18, y + 11, text, LEGEND_CHARACTERS);
    }
}

static void figures_draw(const struct drawing *d, const struct vg_step_time *step, int y)
{
    const double all_us = vg_profile_steps_us(d->profile);
    const double share = vg_step_share_frac(d->profile, step);
    char text[TEXT_SIZE];
    if (share > 0)
        (void)snprintf(text, sizeof text, _("%8.1f us %5.1f %%  peak %3.0f %%"), step->us,
                       all_us > 0 ? 100 * step->us / all_us : 0, 100 * share);
    else
        (void)snprintf(text, sizeof text, _("%8.1f us %5.1f %%"), step->us,
                       all_us > 0 ? 100 * step->us / all_us : 0);
    (void)fprintf(d->out, "<text x=\"%d\" y=\"%d\" xml:space=\"preserve\">%s</text>\n",
                  FIGURES_LEFT, y, text);
}

static void step_draw(const struct drawing *d, uint32_t index, int top)
{
    const struct vg_step_time *step = &d->profile->step[index];
    const uint32_t family = vg_profile_family_of(d->family, d->family_count, step);
    const double per_us = d->longest_us > 0 ? BAR_WIDTH / d->longest_us : 0;
    const double bound_us = vg_step_bound_us(d->profile, step);
    char label[TEXT_SIZE];
    (void)snprintf(label, sizeof label, "%3u %s", index, step->name);
    (void)fputs("<g><title>", d->out);
    put_text(d->out, step->name, TEXT_SIZE);
    (void)fputs(", ", d->out);
    put_text(d->out, step->kernel, TEXT_SIZE);
    (void)fputs("</title>\n", d->out);
    (void)fprintf(d->out, "<text x=\"%d\" y=\"%d\" xml:space=\"preserve\">", MARGIN, top + 12);
    put_text(d->out, label, LABEL_CHARACTERS);
    (void)fputs("</text>\n", d->out);
    (void)fprintf(d->out, "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"14\" fill=\"%s\"/>\n",
                  BAR_LEFT, top + 1, per_us * step->us, colours[family]);
    if (bound_us > 0 && bound_us < step->us)
        (void)fprintf(d->out,
                      "<rect class=\"notch\" x=\"%.1f\" y=\"%d\" width=\"2\" height=\"14\"/>\n",
                      BAR_LEFT + per_us * bound_us, top + 1);
    figures_draw(d, step, top + 12);
    (void)fputs("</g>\n", d->out);
}

enum vg_status vg_profile_svg(const struct vg_profile *profile,
                              const struct vg_profile_heading *heading, enum vg_profile_order order,
                              FILE *out, struct vg_fault *fault)
{
    struct drawing d = {.profile = profile, .out = out};
    uint32_t *index = NULL;
    const enum vg_status status = vg_profile_sort(profile, order, &index, fault);
    if (status)
        return status;
    d.family_count = vg_profile_families(profile, d.family);
    for (uint32_t i = 0; i < profile->step_count; i++)
        if (profile->step[i].us > d.longest_us)
            d.longest_us = profile->step[i].us;
    const int bars_top = LEGEND_TOP + LINE * legend_lines(&d) + 10;
    const int height = bars_top + LINE * (int)profile->step_count + MARGIN;
    (void)fprintf(out,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
                  "viewBox=\"0 0 %d %d\" role=\"img\">\n",
                  WIDTH, height, WIDTH, height);
    heading_draw(&d, heading);
    legend_draw(&d);
    for (uint32_t i = 0; i < profile->step_count; i++)
        step_draw(&d, index[i], bars_top + LINE * (int)i);
    (void)fputs("</svg>\n", out);
    vg_free(index);
    return VG_OK;
}
