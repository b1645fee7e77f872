/* The report as one page: no script, nothing fetched, printable. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/base/version.h"
#include "src/score/event_condition.h"
#include "src/score/score_sheet.h"

struct page {
    char *text;
    size_t size, room;
    enum vg_status status;
};

static void put(struct page *p, const char *text, size_t size)
{
    if (p->status != VG_OK)
        return;
    if (p->size + size + 1 > p->room) {
        const size_t room = (p->room + size + 4096) * 2;
        char *more = vg_alloc(room);
        if (!more) {
            p->status = VG_E_MEMORY;
            return;
        }
        if (p->size)
            memcpy(more, p->text, p->size);
        vg_free(p->text);
        p->text = more;
        p->room = room;
    }
    memcpy(p->text + p->size, text, size);
    p->size += size;
    p->text[p->size] = '\0';
}

static void raw(struct page *p, const char *text)
{
    put(p, text, strlen(text));
}

/* Text of a person or a file: nothing in it is markup. */
static void words(struct page *p, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&':
            raw(p, "&amp;");
            break;
        case '<':
            raw(p, "&lt;");
            break;
        case '>':
            raw(p, "&gt;");
            break;
        case '"':
            raw(p, "&quot;");
            break;
        default:
            put(p, text, 1);
        }
    }
}

/* tag: a name, with what else stands in its opening. */
static void cell(struct page *p, const char *tag, const char *text)
{
    raw(p, "<");
    raw(p, tag);
    raw(p, ">");
    words(p, text);
    raw(p, "</");
    put(p, tag, strcspn(tag, " "));
    raw(p, ">");
}

static const char style[] =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "color:#1b1f24;background:#fff}h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2rem}"
    "table{border-collapse:collapse;width:100%}th,td{padding:.3rem .6rem;border-bottom:1px solid "
    "#d5dae0;text-align:left;vertical-align:top}td.n{text-align:right;font-variant-numeric:"
    "tabular-nums}p.r{margin:.3rem 0;padding-left:1rem;border-left:3px solid #b26b00}"
    "h3{font-size:1rem;margin:1.5rem 0 .3rem}section{break-inside:avoid}img{max-width:100%}"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:.85rem}"
    "footer{margin-top:2rem;color:#57606a;font-size:.9rem}";

static void sheet(struct page *p, const struct vg_sheet *s)
{
    cell(p, "h2", s->title);
    raw(p, "\n<table>\n");
    for (size_t i = 0; i < s->count; i++) {
        raw(p, "<tr>");
        cell(p, "th scope=\"row\"", s->row[i].label);
        cell(p, "td class=\"n\"", s->row[i].value);
        cell(p, "td", s->row[i].note);
        raw(p, "</tr>\n");
    }
    raw(p, "</table>\n");
    for (size_t i = 0; i < s->remark_count; i++) {
        raw(p, "<p class=\"r\">");
        words(p, s->remark[i]);
        raw(p, "</p>\n");
    }
}

static void number(struct page *p, size_t value)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%zu", value);
    cell(p, "td class=\"n\"", text);
}

static void clip_rows(struct page *p, const struct vg_score_results *r, int kind)
{
    for (size_t i = 0; i < r->clips->clip_count; i++) {
        const struct vg_event_counts *c =
            &r->events->by_clip[(size_t)kind * r->events->clip_count + i];
        if (c->hits + c->false_alerts + c->missed + c->duplicates + c->ignored == 0)
            continue;
        raw(p, "<tr>");
        cell(p, "td", r->clips->clip[i].name);
        cell(p, "td", _(vg_event_kinds[kind].label));
        number(p, c->hits);
        number(p, c->missed);
        number(p, c->false_alerts);
        number(p, c->late);
        number(p, c->duplicates);
        raw(p, "</tr>\n");
    }
}

static void clips(struct page *p, const struct vg_score_results *r)
{
    static const char *const heads[] = {N_("Clip"),  N_("Event"), N_("Found"),   N_("Missed"),
                                        N_("False"), N_("Late"),  N_("Repeated")};
    cell(p, "h2", _("Clip by clip"));
    raw(p, "\n<table>\n<tr>");
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        cell(p, "th scope=\"col\"", _(heads[i]));
    raw(p, "</tr>\n");
    for (int kind = 0; kind < VG_SCORE_EVENTS; kind++)
        clip_rows(p, r, kind);
    raw(p, "</table>\n");
}

/* RFC 4648: a picture within the page. */
static void picture(struct page *p, const uint8_t *data, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    raw(p, "<img alt=\"\" src=\"data:image/jpeg;base64,");
    for (size_t i = 0; i < size; i += 3) {
        const size_t left = size - i;
        const uint32_t three = (uint32_t)data[i] << 16 |
                               (left > 1 ? (uint32_t)data[i + 1] << 8 : 0) |
                               (left > 2 ? data[i + 2] : 0);
        const char four[] = {digits[three >> 18], digits[three >> 12 & 63],
                             left > 1 ? digits[three >> 6 & 63] : '=',
                             left > 2 ? digits[three & 63] : '='};
        put(p, four, sizeof four);
    }
    raw(p, "\">\n");
}

static void case_title(struct page *p, const struct vg_score_results *r, const struct vg_case *c)
{
    char text[VG_CASE_TITLE_SIZE];
    vg_case_title(r, c, text, sizeof text);
    cell(p, "h3", text);
    raw(p, "\n");
}

/* A curve of the recall against the false alerts per camera and day, and its points as a table:
 * the curve shows the shape, the table is what is read (by a screen reader, too). */
#define PLOT_WIDTH  360.0
#define PLOT_HEIGHT 160.0

static void curve(struct page *p, const struct vg_event_sweep *sweep)
{
    double most = 0;
    char text[700]; /* two of the longest doubles */
    for (size_t i = 0; i < sweep->count; i++)
        most = sweep->point[i].false_per_day > most ? sweep->point[i].false_per_day : most;
    if (!(most > 0) || isnan(sweep->point[0].recall))
        return;
    raw(p, "<svg viewBox=\"-6 -6 372 172\" width=\"372\" role=\"presentation\"><path d=\"M0 "
           "0V160H360\" "
           "fill=\"none\" stroke=\"#57606a\"/><polyline fill=\"none\" stroke=\"#b26b00\" "
           "stroke-width=\"2\" points=\"");
    for (size_t i = 0; i < sweep->count; i++) {
        const struct vg_sweep_point *at = &sweep->point[i];
        (void)snprintf(text, sizeof text, "%.1f,%.1f ", PLOT_WIDTH * at->false_per_day / most,
                       PLOT_HEIGHT * (1 - at->recall));
        raw(p, text);
    }
    raw(p, "\"/></svg>\n");
}

static void figure(struct page *p, double value, int digits)
{
    char text[340];
    (void)snprintf(text, sizeof text, "%.*f", digits, value);
    cell(p, "td class=\"n\"", isnan(value) ? "-" : text);
}

static void sweep(struct page *p, const struct vg_event_sweep *one, int kind)
{
    static const char *const heads[] = {N_("Least score"),
                                        N_("Found"),
                                        N_("Missed"),
                                        N_("False"),
                                        N_("Recall"),
                                        N_("Precision"),
                                        N_("False alerts per camera and day")};
    raw(p, "<h3>");
    words(p, _(vg_event_kinds[kind].label));
    raw(p, "</h3>\n");
    curve(p, one);
    raw(p, "<table>\n<tr>");
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        cell(p, "th scope=\"col\"", _(heads[i]));
    raw(p, "</tr>\n");
    for (size_t i = 0; i < one->count; i++) {
        const struct vg_sweep_point *at = &one->point[i];
        raw(p, "<tr>");
        figure(p, at->min_score, 3);
        number(p, at->hits);
        number(p, at->missed);
        number(p, at->false_alerts);
        figure(p, at->recall, 3);
        figure(p, at->precision, 3);
        figure(p, at->false_per_day, 1);
        raw(p, "</tr>\n");
    }
    raw(p, "</table>\n");
}

static void sweeps(struct page *p, const struct vg_score_results *r)
{
    bool any = false;
    for (int kind = 0; kind < VG_SCORE_EVENTS; kind++) {
        if (r->sweeps[kind].count == 0)
            continue;
        if (!any)
            cell(p, "h2", _("What a higher least score loses and spares"));
        any = true;
        sweep(p, &r->sweeps[kind], kind);
    }
}

static void condition_row(struct page *p, const struct vg_event_condition *one, int kind)
{
    struct vg_event_figures f;
    const struct vg_delays none = {0};
    char text[700]; /* two of the longest doubles */
    vg_event_figures_of(&one->counts, one->seconds, &none, &f);
    raw(p, "<tr>");
    cell(p, "td", *one->name ? one->name : _("not said"));
    cell(p, "td", _(vg_event_kinds[kind].label));
    number(p, one->clips);
    number(p, one->counts.hits);
    number(p, one->counts.missed);
    number(p, one->counts.false_alerts);
    (void)snprintf(text, sizeof text, "%.2f - %.2f", f.recall_interval.low, f.recall_interval.high);
    cell(p, "td class=\"n\"", isnan(f.recall) ? "-" : text);
    figure(p, f.false_per_day, 1);
    raw(p, "</tr>\n");
}

static void conditions(struct page *p, const struct vg_score_results *r)
{
    static const char *const heads[] = {
        N_("Condition"), N_("Event"), N_("Clips"),        N_("Found"),
        N_("Missed"),    N_("False"), N_("Recall, 95 %"), N_("False alerts per camera and day")};
    bool begun = false;
    for (int kind = 0; kind < VG_SCORE_EVENTS; kind++) {
        struct vg_event_condition of[VG_CONDITIONS_MAX];
        const size_t count =
            r->events->kind[kind].present ? vg_event_conditions(r->clips, r->events, kind, of) : 0;
        if (count && !begun) {
            cell(p, "h2", _("By condition"));
            raw(p, "\n<table>\n<tr>");
            for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
                cell(p, "th scope=\"col\"", _(heads[i]));
            raw(p, "</tr>\n");
            begun = true;
        }
        for (size_t i = 0; i < count; i++)
            condition_row(p, &of[i], kind);
    }
    if (begun)
        raw(p, "</table>\n");
}

/* What was missed, false or late, one by one, with its reasons. */
static void cases(struct page *p, const struct vg_score_results *r)
{
    size_t shown = 0;
    for (size_t i = 0; i < r->events->case_count && shown < VG_CASES_SHOWN_MAX; i++) {
        const struct vg_case *c = &r->events->cases[i];
        if (!vg_case_shown(c))
            continue;
        if (shown++ == 0) {
            cell(p, "h2", _("Missed and false, one by one"));
            raw(p, "\n");
        }
        raw(p, "<section>\n");
        case_title(p, r, c);
        if (r->notes && r->notes[i].jpeg)
            picture(p, r->notes[i].jpeg, r->notes[i].jpeg_size);
        raw(p, "<ul>\n");
        for (size_t k = 0; r->notes && k < r->notes[i].line_count; k++) {
            cell(p, "li", r->notes[i].line[k]);
            raw(p, "\n");
        }
        raw(p, "</ul>\n</section>\n");
    }
}

static void made_of(struct page *p, const char *lines)
{
    raw(p, "<pre>");
    words(p, lines);
    raw(p, "</pre>\n");
}

enum vg_status vg_score_html(const struct vg_score_results *r, const struct vg_sheet *sheets,
                             size_t count, char **html, size_t *size)
{
    struct page p = {0};
    raw(&p, "<!doctype html>\n<html lang=\"");
    raw(&p, strcmp(_("Truth:"), "Truth:") == 0 ? "en" : "fr"); /* as the words came out */
    raw(&p, "\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
            "content=\"width=device-width\">\n");
    cell(&p, "title", _("Vigie: score"));
    raw(&p, "\n<style>");
    raw(&p, style);
    raw(&p, "</style>\n</head>\n<body>\n");
    cell(&p, "h1", _("Vigie: comparison with a truth"));
    raw(&p, "\n<p>");
    words(&p, _("Truth:"));
    raw(&p, " ");
    words(&p, r->truth_name);
    raw(&p, "</p>\n");
    for (size_t i = 0; i < count; i++)
        sheet(&p, &sheets[i]);
    if (r->events)
        clips(&p, r);
    if (r->events)
        conditions(&p, r);
    if (r->sweeps)
        sweeps(&p, r);
    if (r->events)
        cases(&p, r);
    if (r->made_of)
        made_of(&p, r->made_of);
    raw(&p, "<footer>");
    words(&p, _("Figures of one set of clips do not carry over to another place, season or "
                "camera. Intervals are at 95 %."));
    raw(&p, "<br>Vigie ");
    words(&p, vg_version());
    raw(&p, "</footer>\n</body>\n</html>\n");
    if (p.status != VG_OK) {
        vg_free(p.text);
        p.text = NULL;
        p.size = 0;
    }
    *html = p.text;
    *size = p.size;
    return p.status;
}
