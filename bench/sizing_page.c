#include "bench/sizing_page.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "bench/html_out.h"
#include "bench/sizing_chart.h"
#include "bench/sizing_compare.h"
#include "bench/sizing_costs.h"
#include "bench/sizing_figure.h"
#include "src/base/text.h"
#include "src/base/version.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define NOTES_MAX    32
#define P95_MOST_MS  1000.0 /* as the bench holds them */

struct page {
    FILE *out;
    const json_t *result, *other; /* other: NULL without one */
    const char *note[NOTES_MAX];  /* reasons, each said once */
    uint32_t note_count;
};

static const char style[] =
    "@page{size:A4;margin:12mm}*{box-sizing:border-box}"
    "body{font:.94rem/1.45 system-ui,sans-serif;max-width:62rem;margin:1.5rem auto;padding:0 1rem;"
    "color:#1b1f24;background:#fff}h1{font-size:1.6rem;margin:0 0 .3rem}"
    "h2{font-size:1.2rem;margin:1.8rem 0 .5rem}h3{font-size:1rem;margin:1rem 0 .3rem}"
    "h2,h3{break-after:avoid}table{border-collapse:collapse;width:100%;font-size:.82rem;"
    "margin-bottom:.8rem}th,td{padding:.3rem .35rem;border-bottom:1px solid #d5dae0;"
    "text-align:left;vertical-align:top;overflow-wrap:anywhere}thead th{border-bottom:2px solid "
    "#57606a;overflow-wrap:normal;hyphens:auto}tr,figure,li{break-inside:avoid}"
    "thead{display:table-header-group}td{font-variant-numeric:tabular-nums}"
    ".m,.d{display:block;font-size:.72rem;line-height:1.3}.m{color:#3d444d}.d{color:#32498f}"
    ".measured,.extrapolated,.estimated{white-space:nowrap}.m.measured{color:#005a2b}"
    ".m.extrapolated,.m.estimated{color:#7a3e00;font-style:italic}"
    ".verdict{font-size:1.25rem;margin:.8rem 0}.yes{color:#005a2b;font-weight:600}"
    ".no{color:#a4161a;font-weight:600}.warn{margin:.4rem 0;padding-left:.8rem;border-left:3px "
    "solid #b26b00}.dim{color:#57606a}.facts{width:auto}figure{margin:1rem 0}"
    "figcaption{font-weight:600}svg{display:block;width:100%;max-width:720px;height:auto}"
    "svg text{font:12px system-ui,sans-serif;fill:#1b1f24}.axes path{stroke:#d5dae0;fill:none}"
    ".axes .x path{stroke:#57606a}svg text.limit{fill:#a4161a}ol.notes{font-size:.8rem;"
    "padding-left:1.6rem}footer{margin-top:2rem;color:#57606a;font-size:.82rem}"
    "#tiers td,#runs td{overflow-wrap:break-word}"
    "@media (max-width:50rem){table{display:block;overflow-x:auto}}"
    "@media print{table{display:table}html{font-size:13px}body{max-width:none;margin:0;padding:0}"
    "svg{max-width:150mm}}";

/* ---- pieces ---- */

/* The program's own words. */
static void para(struct page *p, const char *tag, const char *text)
{
    vg_html_own(p->out, tag, text);
    (void)fputc('\n', p->out);
}

/* What the result says. */
static void told(struct page *p, const char *tag, const char *text)
{
    vg_html_cell(p->out, tag, text);
    (void)fputc('\n', p->out);
}

static void heads(struct page *p, const char *const *names, size_t count)
{
    (void)fputs("<thead><tr>", p->out);
    for (size_t i = 0; i < count; i++)
        vg_html_cell(p->out, "th scope=\"col\"", _(names[i]));
    (void)fputs("</tr></thead>\n<tbody>\n", p->out);
}

/* Words that the program knows, whoever wrote them: a key of the result, or a reason in English. */
static const char *known_words(const char *text)
{
    return *text ? _(text) : text; /* "" would ask for the catalogue's own head */
}

static void mark_write(struct page *p, enum vg_sizing_mark mark)
{
    char tag[64];
    if (mark == VG_SIZING_UNMARKED)
        return;
    (void)snprintf(tag, sizeof tag, "span class=\"m %s\"", vg_sizing_mark_name(mark));
    vg_html_cell(p->out, tag, _(vg_sizing_mark_words(mark)));
}

/* The number of a reason among the notes, from 1; 0: there is no room for it. */
static uint32_t note_of(struct page *p, const char *why)
{
    for (uint32_t i = 0; i < p->note_count; i++)
        if (strcmp(p->note[i], why) == 0)
            return i + 1;
    if (p->note_count == NOTES_MAX)
        return 0;
    p->note[p->note_count++] = why;
    return p->note_count;
}

static void unknown_write(struct page *p, const struct vg_sizing_figure *figure)
{
    vg_html_cell(p->out, "span class=\"dim\"",
                 figure->mark == VG_SIZING_NOT_MEASURED || !figure->why ? _("not measured")
                                                                        : _("not known"));
    const uint32_t note = figure->why ? note_of(p, figure->why) : 0;
    if (note)
        (void)fprintf(p->out, " <sup>%u</sup>", note);
}

static void notes_write(struct page *p)
{
    if (p->note_count)
        (void)fputs("<ol class=\"notes\">\n", p->out);
    for (uint32_t i = 0; i < p->note_count; i++)
        told(p, "li", known_words(p->note[i]));
    if (p->note_count)
        (void)fputs("</ol>\n", p->out);
    p->note_count = 0;
}

struct column {
    const char *head;    /* msgid */
    const char *keys[3]; /* of the object: the first that is there; keys[0] alone with NULL after */
    const char *unit;    /* msgid, or NULL */
    double times;        /* from the object's unit to the shown one */
    int digits;
};

static struct vg_sizing_figure figure_of(const json_t *object, const struct column *column,
                                         enum vg_sizing_mark mark)
{
    for (size_t i = 0; i < COUNT(column->keys) && column->keys[i]; i++)
        if (json_object_get(object, column->keys[i]))
            return vg_sizing_figure_of(object, column->keys[i], mark);
    return (struct vg_sizing_figure){.mark = mark};
}

static void value_write(FILE *out, const struct vg_sizing_figure *figure,
                        const struct column *column)
{
    if (figure->text)
        vg_html_words(out, figure->text);
    else
        (void)fprintf(out, "%.*f", column->digits, figure->value * column->times);
    if (column->unit && !figure->text) {
        (void)fputs("\xc2\xa0", out); /* a space that does not break */
        vg_html_words(out, _(column->unit));
    }
}

/* A latency of 0 is one of no picture at all. */
static struct vg_sizing_figure latency_of(const json_t *object, const struct column *column,
                                          enum vg_sizing_mark mark)
{
    struct vg_sizing_figure figure = figure_of(object, column, mark);
    figure.known = figure.known && (figure.text || figure.value > 0);
    return figure;
}

/* "other: 3.10 (-12 %)", where both are numbers. */
static void difference_write(struct page *p, const struct vg_sizing_figure *figure,
                             const struct vg_sizing_figure *other, const struct column *column)
{
    if (!p->other || !other->known)
        return;
    (void)fputs("<span class=\"d\">", p->out);
    vg_html_words(p->out, _("other:"));
    (void)fputc(' ', p->out);
    value_write(p->out, other, column);
    if (figure->known && !figure->text && !other->text && other->value > 0)
        (void)fprintf(p->out, " (%+.0f\xc2\xa0%%)",
                      100 * fmin(figure->value / other->value - 1, 9999));
    (void)fputs("</span>", p->out);
}

static void figure_write(struct page *p, const struct vg_sizing_figure *figure,
                         const struct vg_sizing_figure *other, const struct column *column)
{
    if (figure->known) {
        value_write(p->out, figure, column);
        mark_write(p, figure->mark);
    } else {
        unknown_write(p, figure);
    }
    difference_write(p, figure, other, column);
}

static void figure_cell(struct page *p, const struct vg_sizing_figure *figure,
                        const struct vg_sizing_figure *other, const struct column *column)
{
    (void)fputs("<td>", p->out);
    figure_write(p, figure, other, column);
    (void)fputs("</td>", p->out);
}

/* A figure of an object that stands alone in its cell. */
static void plain_cell(struct page *p, const json_t *object, const struct column *column)
{
    const struct vg_sizing_figure figure = figure_of(object, column, VG_SIZING_UNMARKED);
    const struct vg_sizing_figure none = {.known = false};
    figure_cell(p, &figure, &none, column);
}

/* A table's beginning, with a head for each column. */
static void table_begin(struct page *p, const char *id, const struct column *columns, size_t count)
{
    const char *names[16];
    assert(count <= COUNT(names));
    for (size_t i = 0; i < count; i++)
        names[i] = columns[i].head;
    (void)fprintf(p->out, "<table id=\"%s\">\n", id);
    heads(p, names, count);
}

static void table_end(struct page *p, size_t count)
{
    (void)fputs("</tbody></table>\n", p->out);
    if (count > VG_SIZING_ROWS_MAX)
        vg_html_cell_of(p->out, "p class=\"dim\"", _("and %zu more"), count - VG_SIZING_ROWS_MAX);
}

static size_t rows_of(size_t count)
{
    return count < VG_SIZING_ROWS_MAX ? count : VG_SIZING_ROWS_MAX;
}

/* ---- the answer ---- */

static const json_t *tier_of(const json_t *result, double flux)
{
    size_t i;
    const json_t *tier;
    json_array_foreach(json_object_get(result, "tiers"), i, tier)
    {
        const struct vg_sizing_figure figure =
            vg_sizing_figure_of(tier, "flux", VG_SIZING_UNMARKED);
        if (figure.known && fabs(figure.value - flux) < 0.5)
            return tier;
    }
    return NULL;
}

static void verdict(struct page *p)
{
    const struct vg_sizing_figure held = vg_sizing_figure_of(p->result, "held", VG_SIZING_UNMARKED);
    const struct vg_sizing_figure other = vg_sizing_figure_of(p->other, "held", VG_SIZING_UNMARKED);
    if (!held.known || held.text)
        para(p, "p class=\"verdict\"", _("How many flux this machine holds was not measured."));
    else if (json_is_true(json_object_get(p->result, "held_is_most_tried")))
        vg_html_cell_of(p->out, "p class=\"verdict\"",
                        _("This machine holds %.0f flux at least: no more were tried (measured)."),
                        held.value);
    else
        vg_html_cell_of(p->out, "p class=\"verdict\"",
                        _("This machine holds %.0f flux (measured)."), held.value);
    if (p->other && other.known && !other.text)
        vg_html_cell_of(p->out, "p class=\"d\"", _("The other result: %.0f flux."), other.value);
    if (json_is_true(json_object_get(json_object_get(p->result, "method"), "quick")))
        para(p, "p class=\"warn\"",
             _("Short measures (--quick): measure again without it before a purchase."));
}

/* What nobody measured is what the simulation says; where it says nothing, why. */
static void foretold(struct page *p)
{
    const json_t *said = json_object_get(p->result, "predicted");
    const struct vg_sizing_figure most = vg_sizing_figure_of(said, "held", VG_SIZING_UNMARKED);
    const struct vg_sizing_figure other =
        vg_sizing_figure_of(json_object_get(p->other, "predicted"), "held", VG_SIZING_UNMARKED);
    const char *why = json_string_value(json_object_get(said, "why"));
    if (most.known && !most.text)
        vg_html_cell_of(p->out, "p id=\"predicted\"",
                        _("By the simulation, with the costs measured here, it holds %.0f flux "
                          "(extrapolated)."),
                        most.value);
    else if (why)
        vg_html_cell_of(p->out, "p id=\"predicted\" class=\"warn\"", _("Nothing is foretold: %s."),
                        known_words(why));
    if (other.known && !other.text)
        vg_html_cell_of(p->out, "p class=\"d\"", _("The other result: %.0f flux."), other.value);
}

static const char *machine_name(const json_t *result)
{
    const char *name =
        json_string_value(json_object_get(json_object_get(result, "machine"), "cpu"));
    return name && *name ? name : "?";
}

/* Which one worked, of those that the machine has; NULL: nobody says. */
static const char *device_name(const json_t *result)
{
    const char *name =
        json_string_value(json_object_get(json_object_get(result, "method"), "device"));
    return name && *name ? name : NULL;
}

static void device_compared(struct page *p)
{
    const char *device = device_name(p->result), *other = device_name(p->other);
    if (other && (!device || strcmp(device, other) != 0))
        vg_html_cell_of(p->out, "p id=\"other-device\" class=\"warn\"",
                        _("The other result is of another device: %.120s."), other);
}

/* Or said by neither. */
static bool said_alike(const json_t *one, const json_t *other)
{
    return one == other || json_equal(one, other);
}

static void compared(struct page *p)
{
    static const char *const keys[] = {"model",     "precision", "settle_s",
                                       "measure_s", "quick",     "raise"};
    if (!p->other)
        return;
    para(p, "h2", _("Compared with another result"));
    if (vg_sizing_same_machine(json_object_get(p->result, "machine"),
                               json_object_get(p->other, "machine")))
        para(p, "p id=\"other\"", _("The other result is of a machine of the same description."));
    else
        vg_html_cell_of(p->out, "p id=\"other\" class=\"warn\"",
                        _("The other result is of another machine: %.120s."),
                        machine_name(p->other));
    device_compared(p);
    for (size_t i = 0; i < COUNT(keys); i++)
        if (!said_alike(json_object_get(json_object_get(p->result, "method"), keys[i]),
                        json_object_get(json_object_get(p->other, "method"), keys[i])))
            vg_html_cell_of(p->out, "p class=\"warn\"", _("Not measured in the same way: %s."),
                            keys[i]);
}

/* ---- the tiers ---- */

static const struct column latency_column = {N_("p95"), {"p95"}, N_("ms"), 1, 0};
static const struct column energy_column = {N_("energy"), {"w_per_flux"}, N_("W a flux"), 1, 2};
static const struct column needs_columns[] = {
    {N_("processor cores"), {"cpu_cores"}, NULL, 1, 1},
    {N_("decoding hardware, times this machine's"), {"decode_engines"}, "\xc3\x97", 1, 2},
    {N_("GPU, times this machine's device"), {"device_speed"}, "\xc3\x97", 1, 2},
    {N_("memory"), {"memory_mb"}, N_("GB"), 1e-3, 1},
    {N_("network"), {"network_mbit"}, N_("Mbit/s"), 1, 0},
    {N_("disk"), {"disk_gb_per_day"}, N_("GB a day"), 1, 1},
};
/* What stands below one of them, smaller. */
static const struct part {
    const char *of;
    struct column column;
} needs_parts[] = {
    {"cpu_cores", {N_("decoding:"), {"decode_cores"}, NULL, 1, 1}},
    {"cpu_cores", {N_("analysis:"), {"analysis_cores"}, NULL, 1, 1}},
    {"device_speed", {N_("or devices like this one:"), {"devices"}, NULL, 1, 0}},
    {"device_speed", {N_("memory of the device:"), {"device_memory_mb"}, N_("GB"), 1e-3, 1}},
};

/* That some flux are not held is measured where as many or fewer were not, whatever is said of what
 * they would take. */
static enum vg_sizing_mark held_mark(const json_t *result, const json_t *tier)
{
    const double flux = json_number_value(json_object_get(tier, "flux"));
    size_t i;
    const json_t *run;
    if (json_is_false(json_object_get(tier, "held")))
        json_array_foreach(json_object_get(result, "runs"), i,
                           run) if (json_is_false(json_object_get(run, "held")) &&
                                    json_number_value(json_object_get(run, "flux")) <=
                                        flux) return VG_SIZING_MEASURED;
    return vg_sizing_mark_of(json_object_get(tier, "status"));
}

static void held_cell(struct page *p, const json_t *tier)
{
    const json_t *held = json_object_get(tier, "held");
    (void)fputs("<td>", p->out);
    if (json_is_boolean(held)) {
        vg_html_cell(p->out, json_is_true(held) ? "span class=\"yes\"" : "span class=\"no\"",
                     json_is_true(held) ? _("held") : _("not held"));
        mark_write(p, held_mark(p->result, tier));
    } else {
        vg_html_cell(p->out, "span class=\"dim\"", _("not measured"));
    }
    const struct vg_sizing_figure with =
        vg_sizing_figure_of(json_object_get(tier, "needs"), "measured_flux", VG_SIZING_UNMARKED);
    if (with.known && !with.text)
        vg_html_cell_of(p->out, "span class=\"m\"", _("with %.0f flux"), with.value);
    const char *why = json_string_value(json_object_get(tier, "why"));
    const uint32_t note = why && *why ? note_of(p, why) : 0;
    if (note)
        (void)fprintf(p->out, "<sup>%u</sup>", note);
    (void)fputs("</td>", p->out);
}

static void part_write(struct page *p, const struct part *part, const json_t *needs)
{
    const struct vg_sizing_figure figure = figure_of(needs, &part->column, VG_SIZING_UNMARKED);
    if (!figure.known && !figure.why)
        return;
    (void)fputs("<span class=\"m\">", p->out);
    vg_html_words(p->out, _(part->column.head));
    (void)fputc(' ', p->out);
    if (figure.known)
        value_write(p->out, &figure, &part->column);
    else
        unknown_write(p, &figure);
    (void)fputs("</span>", p->out);
}

static void needs_cell(struct page *p, const struct column *column, const json_t *needs,
                       const json_t *other, enum vg_sizing_mark mark)
{
    const struct vg_sizing_figure need = figure_of(needs, column, mark);
    const struct vg_sizing_figure beside = figure_of(other, column, VG_SIZING_UNMARKED);
    (void)fputs("<td>", p->out);
    figure_write(p, &need, &beside, column);
    for (size_t i = 0; i < COUNT(needs_parts); i++)
        if (strcmp(needs_parts[i].of, column->keys[0]) == 0)
            part_write(p, &needs_parts[i], needs);
    (void)fputs("</td>", p->out);
}

static void energy_cell(struct page *p, const json_t *tier, const json_t *other)
{
    const json_t *energy = json_object_get(tier, "energy");
    struct vg_sizing_figure figure = vg_sizing_figure_of(
        energy, "w_per_flux", vg_sizing_mark_of(json_object_get(energy, "status")));
    if (!figure.known && json_is_string(json_object_get(energy, "why")))
        figure.why = json_string_value(json_object_get(energy, "why"));
    const json_t *beside_of = json_object_get(other, "energy");
    struct vg_sizing_figure beside =
        vg_sizing_figure_of(beside_of, "w_per_flux", VG_SIZING_UNMARKED);
    if (!json_equal(json_object_get(energy, "scope"), json_object_get(beside_of, "scope")))
        beside.known = false; /* watts of two scopes are not compared */
    (void)fputs("<td>", p->out);
    figure_write(p, &figure, &beside, &energy_column);
    if (figure.known && json_is_string(json_object_get(energy, "scope")))
        vg_html_cell(p->out, "span class=\"m\"",
                     json_string_value(json_object_get(energy, "scope")));
    (void)fputs("</td>", p->out);
}

/* p95 here, or, where the flux are not held here, that of what they take. */
static struct vg_sizing_figure tier_latency(const json_t *tier)
{
    const enum vg_sizing_mark mark = vg_sizing_mark_of(json_object_get(tier, "status"));
    const struct vg_sizing_figure here =
        latency_of(json_object_get(tier, "latency_ms"), &latency_column, mark);
    return here.known ? here
                      : latency_of(json_object_get(json_object_get(tier, "needs"), "latency_ms"),
                                   &latency_column, VG_SIZING_EXTRAPOLATED);
}

static void latency_cell(struct page *p, const json_t *tier, const json_t *other)
{
    const struct vg_sizing_figure p95 = tier_latency(tier), beside = tier_latency(other);
    figure_cell(p, &p95, &beside, &latency_column);
}

static void tier_row(struct page *p, const json_t *tier)
{
    const struct vg_sizing_figure flux = vg_sizing_figure_of(tier, "flux", VG_SIZING_UNMARKED);
    const json_t *other = flux.known && p->other ? tier_of(p->other, flux.value) : NULL;
    const enum vg_sizing_mark mark = vg_sizing_mark_of(json_object_get(tier, "status"));
    (void)fputs("<tr class=\"tier\">", p->out);
    vg_html_cell_of(p->out, "th scope=\"row\"", "%.0f", flux.value);
    held_cell(p, tier);
    latency_cell(p, tier, other);
    for (size_t i = 0; i < COUNT(needs_columns); i++)
        needs_cell(p, &needs_columns[i], json_object_get(tier, "needs"),
                   json_object_get(other, "needs"), mark);
    energy_cell(p, tier, other);
    (void)fputs("</tr>\n", p->out);
}

static void tiers(struct page *p)
{
    const json_t *list = json_object_get(p->result, "tiers");
    para(p, "h2", _("What each tier takes"));
    if (json_array_size(list) == 0) {
        para(p, "p class=\"dim\"", _("not measured"));
        return;
    }
    (void)fputs("<table id=\"tiers\">\n<thead><tr>", p->out);
    vg_html_cell(p->out, "th scope=\"col\"", _("flux"));
    vg_html_cell(p->out, "th scope=\"col\"", _("this machine"));
    vg_html_cell(p->out, "th scope=\"col\"", _(latency_column.head));
    for (size_t i = 0; i < COUNT(needs_columns); i++)
        vg_html_cell(p->out, "th scope=\"col\"", _(needs_columns[i].head));
    vg_html_cell(p->out, "th scope=\"col\"", _(energy_column.head));
    (void)fputs("</tr></thead>\n<tbody>\n", p->out);
    for (size_t i = 0; i < rows_of(json_array_size(list)); i++)
        tier_row(p, json_array_get(list, i));
    table_end(p, json_array_size(list));
    notes_write(p);
    para(p, "p class=\"dim\"",
         _("measured: seen on this machine with this many flux, or with more. extrapolated: "
           "simulated with the costs measured here. What a tier takes has a headroom in it (30 %); "
           "an extrapolated latency is that of such a machine, up to the end of the rules; it "
           "remains to be measured before it is bought in numbers."));
}

/* ---- charts ---- */

static void add_runs(struct vg_chart_line *line, const json_t *result, const char *group,
                     const char *key)
{
    size_t i;
    const json_t *run;
    json_array_foreach(json_object_get(result, "runs"), i, run)
    {
        const struct vg_sizing_figure flux = vg_sizing_figure_of(run, "flux", VG_SIZING_UNMARKED);
        const struct vg_sizing_figure value =
            vg_sizing_figure_of(group ? json_object_get(run, group) : run, key, VG_SIZING_UNMARKED);
        if (flux.known && value.known && !value.text)
            vg_chart_add(line, (struct vg_chart_point){flux.value, value.value,
                                                       json_is_true(json_object_get(run, "held"))});
    }
}

/* Pictures a second that a flux of the profile wants, the mean of its classes by their shares. */
static double wanted_fps(const json_t *profile)
{
    double sum = 0, shares = 0;
    size_t i;
    const json_t *class;
    json_array_foreach(json_object_get(profile, "classes"), i, class)
    {
        const double share = json_number_value(json_object_get(class, "share"));
        sum += share * json_number_value(json_object_get(class, "rate_fps"));
        shares += share;
    }
    return shares > 0 ? sum / shares : 0;
}

static void add_wanted(struct vg_chart_line *line, const json_t *result)
{
    const double fps = wanted_fps(json_object_get(result, "profile"));
    size_t i;
    const json_t *run;
    json_array_foreach(json_object_get(result, "runs"), i, run)
    {
        const struct vg_sizing_figure flux = vg_sizing_figure_of(run, "flux", VG_SIZING_UNMARKED);
        if (flux.known && fps > 0)
            vg_chart_add(line, (struct vg_chart_point){flux.value, fps * flux.value, true});
    }
}

static void throughput(struct page *p)
{
    struct vg_chart chart = {.key = "throughput",
                             .title = _("Pictures analysed, against the number of flux"),
                             .unit = _("a second")};
    struct vg_chart_line *line = &chart.line[chart.line_count++];
    line->key = "analysed";
    line->name = _("analysed");
    add_runs(line, p->result, NULL, "analysed_fps");
    line = &chart.line[chart.line_count++];
    line->key = "wanted";
    line->name = _("wanted by the profile");
    line->bare = true;
    add_wanted(line, p->result);
    if (p->other) {
        line = &chart.line[chart.line_count++];
        line->key = "other";
        line->name = _("analysed, other result");
        add_runs(line, p->other, NULL, "analysed_fps");
    }
    if (vg_chart_points(&chart))
        vg_chart_write(p->out, &chart);
    else
        para(p, "p class=\"dim\"", _("Pictures analysed: not measured."));
}

/* The simulation's p99 about the most flux that it holds. */
static void add_predicted(struct vg_chart *chart, const json_t *result)
{
    struct vg_chart_line *line = &chart->line[chart->line_count];
    size_t i;
    const json_t *of;
    json_array_foreach(json_object_get(json_object_get(result, "predicted"), "flux"), i, of)
    {
        const struct vg_sizing_figure flux = vg_sizing_figure_of(of, "flux", VG_SIZING_UNMARKED);
        const struct vg_sizing_figure p99 = vg_sizing_figure_of(of, "p99_ms", VG_SIZING_UNMARKED);
        if (flux.known && !flux.text && p99.known && !p99.text)
            vg_chart_add(line, (struct vg_chart_point){flux.value, p99.value,
                                                       json_is_true(json_object_get(of, "held"))});
    }
    if (line->count == 0)
        return;
    line->key = "predicted";
    line->name = _("p99, simulated");
    chart->line_count++;
}

static void latency(struct page *p)
{
    static const char *const keys[] = {"p50", "p95", "p99"};
    struct vg_chart chart = {.key = "latency",
                             .title = _("Latency from the last packet of a picture to its alert, "
                                        "against the number of flux"),
                             .unit = _("ms"),
                             .scale = VG_CHART_LOG,
                             .limit = P95_MOST_MS,
                             .limit_name = _("1 s: the most that p95 may be")};
    for (size_t i = 0; i < COUNT(keys); i++) {
        struct vg_chart_line *line = &chart.line[chart.line_count++];
        line->key = line->name = keys[i];
        add_runs(line, p->result, "latency_ms", keys[i]);
    }
    if (p->other) {
        struct vg_chart_line *line = &chart.line[chart.line_count++];
        line->key = "other";
        line->name = _("p95, other result");
        add_runs(line, p->other, "latency_ms", "p95");
    }
    if (!vg_chart_points(&chart)) {
        para(p, "p class=\"dim\"", _("Latency: not measured."));
        return;
    }
    add_predicted(&chart, p->result);
    vg_chart_write(p->out, &chart);
}

/* ---- energy: each meter by itself, since scopes contain each other ---- */

#define METERS_MAX 3

/* Account `i` of a run: of each meter by itself, else the one of the run. */
static const json_t *account_at(const json_t *run, size_t i)
{
    const json_t *meters = json_object_get(run, "meters"), *energy = json_object_get(run, "energy");
    if (json_array_size(meters))
        return json_array_get(meters, i);
    if (json_is_array(energy))
        return json_array_get(energy, i);
    return i == 0 ? energy : NULL;
}

/* The meter's name; `assumed` where there is none; NULL: nothing was measured. */
static const char assumed[] = N_("none: by what was assumed");

static const char *account_name(const json_t *account)
{
    const char *meter = json_string_value(json_object_get(account, "meter"));
    if (!json_is_number(json_object_get(account, "w_per_flux")))
        return NULL;
    return meter && *meter ? meter : assumed;
}

static const char *name_words(const char *name)
{
    return name == assumed ? _(assumed) : name;
}

/* Names of the meters that any run has figures of. */
static uint32_t meters_of(const json_t *result, const char *names[METERS_MAX])
{
    uint32_t count = 0;
    size_t i;
    const json_t *run, *account;
    json_array_foreach(json_object_get(result, "runs"), i, run)
    {
        for (size_t k = 0; (account = account_at(run, k)); k++) {
            const char *name = account_name(account);
            uint32_t at = 0;
            while (name && at < count && strcmp(names[at], name) != 0)
                at++;
            if (name && at == count && count < METERS_MAX)
                names[count++] = name;
        }
    }
    return count;
}

static const json_t *energy_by(const json_t *run, const char *meter)
{
    const json_t *account;
    for (size_t k = 0; (account = account_at(run, k)); k++) {
        const char *name = account_name(account);
        if (name && strcmp(name, meter) == 0)
            return account;
    }
    return NULL;
}

static void add_energy(struct vg_chart_line *line, const json_t *result, const char *meter)
{
    size_t i;
    const json_t *run;
    json_array_foreach(json_object_get(result, "runs"), i, run)
    {
        const struct vg_sizing_figure flux = vg_sizing_figure_of(run, "flux", VG_SIZING_UNMARKED);
        const struct vg_sizing_figure watts =
            vg_sizing_figure_of(energy_by(run, meter), "w_per_flux", VG_SIZING_UNMARKED);
        if (flux.known && watts.known && !watts.text)
            vg_chart_add(line, (struct vg_chart_point){flux.value, watts.value,
                                                       json_is_true(json_object_get(run, "held"))});
    }
}

static void energy_chart(struct page *p, const char *const *meters, uint32_t count)
{
    static const char *const keys[METERS_MAX] = {"meter-1", "meter-2", "meter-3"};
    struct vg_chart chart = {.key = "energy",
                             .title = _("Power of one flux, against the number of flux"),
                             .unit = _("W a flux")};
    for (uint32_t i = 0; i < count; i++) {
        struct vg_chart_line *line = &chart.line[chart.line_count++];
        line->key = keys[i];
        line->name = name_words(meters[i]);
        add_energy(line, p->result, meters[i]);
    }
    if (p->other) {
        struct vg_chart_line *line = &chart.line[chart.line_count++];
        line->key = "other";
        line->name = _("other result, first meter");
        add_energy(line, p->other, meters[0]);
    }
    vg_chart_write(p->out, &chart);
}

static const struct column energy_columns[] = {
    {N_("energy of a picture"), {"j_per_picture"}, N_("J"), 1, 3},
    {N_("power of a flux"), {"w_per_flux"}, N_("W"), 1, 2},
    {N_("power, without idle"), {"net_w"}, N_("W"), 1, 1},
    {N_("idle"), {"idle_w"}, N_("W"), 1, 1},
    {N_("energy of a day"), {"kwh_per_day"}, N_("kWh"), 1, 2},
    {N_("of the deployment"), {"kwh_per_deployment"}, N_("kWh"), 1, 0},
};

static void interval_cell(struct page *p, const json_t *energy)
{
    const json_t *pair = json_object_get(json_object_get(energy, "interval"), "w_per_flux");
    const double low = json_number_value(json_array_get(pair, 0));
    const double high = json_number_value(json_array_get(pair, 1));
    if (json_array_size(pair) == 2 && high > 0 && low >= -1e9 && low <= high && high < 1e9)
        vg_html_cell_of(p->out, "td", "%.2f - %.2f W", low, high);
    else
        vg_html_cell(p->out, "td class=\"dim\"", _("no interval"));
}

/* What an estimate stands on, below its row. */
static void assumption_row(struct page *p, const json_t *assumption)
{
    const struct vg_sizing_figure idle =
        vg_sizing_figure_of(assumption, "idle_w", VG_SIZING_UNMARKED);
    const struct vg_sizing_figure full =
        vg_sizing_figure_of(assumption, "full_w", VG_SIZING_UNMARKED);
    if (!idle.known || !full.known)
        return;
    (void)fputs("<tr>", p->out);
    vg_html_cell_of(p->out, "td colspan=\"9\"", _("assumed: %.0f W at rest, %.0f W at full load"),
                    idle.value, full.value);
    (void)fputs("</tr>\n", p->out);
}

static void drift_row(struct page *p)
{
    (void)fputs("<tr>", p->out);
    vg_html_cell(p->out, "td colspan=\"9\"",
                 _("idle was not the same before and after: power without idle is doubtful"));
    (void)fputs("</tr>\n", p->out);
}

static void energy_row(struct page *p, const json_t *run, const json_t *energy)
{
    const json_t *assumption = json_object_get(energy, "assumption");
    static const struct column flux = {NULL, {"flux"}, NULL, 1, 0};
    static const struct column text = {NULL, {"scope"}, NULL, 1, 0};
    (void)fputs("<tr>", p->out);
    plain_cell(p, run, &flux);
    const struct vg_sizing_figure scope =
        vg_sizing_figure_of(energy, "scope", vg_sizing_mark_of(json_object_get(energy, "status")));
    const struct vg_sizing_figure none = {.known = false};
    figure_cell(p, &scope, &none, &text);
    for (size_t i = 0; i < COUNT(energy_columns); i++)
        plain_cell(p, energy, &energy_columns[i]);
    interval_cell(p, energy);
    (void)fputs("</tr>\n", p->out);
    if (json_is_object(assumption))
        assumption_row(p, assumption);
    if (json_is_true(json_object_get(energy, "idle_drifts")))
        drift_row(p);
}

/* How long the deployment is that the table speaks of: the same for all its measures. */
static void days_write(struct page *p, const char *meter)
{
    size_t i;
    const json_t *run;
    json_array_foreach(json_object_get(p->result, "runs"), i, run)
    {
        const struct vg_sizing_figure days =
            vg_sizing_figure_of(energy_by(run, meter), "days", VG_SIZING_UNMARKED);
        if (!days.known || days.text)
            continue;
        vg_html_cell_of(p->out, "p class=\"dim\"", _("The deployment: %.0f days."), days.value);
        return;
    }
}

static void energy_table(struct page *p, const char *meter)
{
    size_t i;
    const json_t *run;
    vg_html_cell_of(p->out, "h3", _("Meter %.80s"), name_words(meter));
    (void)fputs("<table class=\"energy\">\n<thead><tr>", p->out);
    vg_html_cell(p->out, "th scope=\"col\"", _("flux"));
    vg_html_cell(p->out, "th scope=\"col\"", _("scope"));
    for (i = 0; i < COUNT(energy_columns); i++)
        vg_html_cell(p->out, "th scope=\"col\"", _(energy_columns[i].head));
    vg_html_cell(p->out, "th scope=\"col\"", _("power of a flux, interval at 95 %"));
    (void)fputs("</tr></thead>\n<tbody>\n", p->out);
    const json_t *runs = json_object_get(p->result, "runs");
    json_array_foreach(runs, i, run) if (i < VG_SIZING_ROWS_MAX && energy_by(run, meter))
        energy_row(p, run, energy_by(run, meter));
    table_end(p, json_array_size(runs));
    notes_write(p);
    days_write(p, meter);
}

/* Why there is none, by the first measure that says so. */
static void no_energy(struct page *p)
{
    size_t i;
    const json_t *run;
    para(p, "p class=\"dim\" id=\"no-energy\"",
         _("Energy: not measured. This machine has no meter that could be read, or none was "
           "asked for."));
    json_array_foreach(json_object_get(p->result, "runs"), i, run)
    {
        const char *why = json_string_value(json_object_get(account_at(run, 0), "why"));
        if (why) {
            told(p, "p class=\"dim\"", known_words(why));
            return;
        }
    }
}

static void energy(struct page *p)
{
    const char *meters[METERS_MAX];
    const uint32_t count = meters_of(p->result, meters);
    para(p, "h2", _("Energy"));
    if (count == 0) {
        no_energy(p);
        return;
    }
    energy_chart(p, meters, count);
    for (uint32_t i = 0; i < count; i++)
        energy_table(p, meters[i]);
    para(p, "p class=\"dim\"",
         _("wall contains board, which contains package, dram and gpu: figures of two scopes are "
           "never added, and to buy or to pay only wall counts."));
}

static void charts(struct page *p)
{
    para(p, "h2", _("What was measured, by number of flux"));
    throughput(p);
    latency(p);
    para(p, "p class=\"dim\"",
         _("A filled point: these flux were held. A hollow one: they were not."));
}

/* ---- the measures ---- */

static const struct {
    const char *name, *words;
} lacks[] = {{"rate", N_("rate")}, {"latency", N_("latency")}, {"unanalysed", N_("pictures lost")}};

static void lack_write(struct page *p, const json_t *lack)
{
    for (size_t k = 0; json_is_string(lack) && k < COUNT(lacks); k++)
        if (strcmp(json_string_value(lack), lacks[k].name) == 0)
            vg_html_cell(p->out, "span class=\"m\"", _(lacks[k].words));
}

static void lacks_cell(struct page *p, const json_t *run)
{
    size_t i;
    const json_t *lack;
    const json_t *held = json_object_get(run, "held");
    (void)fputs("<td>", p->out);
    vg_html_cell(p->out,
                 json_is_true(held)    ? "span class=\"yes\""
                 : json_is_false(held) ? "span class=\"no\""
                                       : "span class=\"dim\"",
                 json_is_true(held)    ? _("held")
                 : json_is_false(held) ? _("not held")
                                       : _("not measured"));
    json_array_foreach(json_object_get(run, "lacks"), i, lack) lack_write(p, lack);
    (void)fputs("</td>", p->out);
}

static const struct column run_columns[] = {
    {N_("worst flux"), {"worst_flux_fps"}, N_("/s"), 1, 2},
    {N_("pictures analysed"), {"analysed_fps"}, N_("/s"), 1, 1},
    {N_("lost"), {"unanalysed_share"}, "%", 100, 2},
    {N_("cores"), {"cpu_cores"}, NULL, 1, 2},
    {N_("cores of other programs"), {"foreign_cores"}, NULL, 1, 2},
    {N_("memory"), {"rss_mb"}, N_("GB"), 1e-3, 2},
    {N_("batch"), {"batch_size"}, NULL, 1, 1},
};

static void run_latency_cell(struct page *p, const json_t *latency, const struct column *column)
{
    const struct vg_sizing_figure figure = latency_of(latency, column, VG_SIZING_UNMARKED);
    const struct vg_sizing_figure none = {.known = false};
    figure_cell(p, &figure, &none, column);
}

/* What the simulation says of the same flux, by which it is judged, and how many the server's own
 * admission would let in. */
static void run_predicted_cell(struct page *p, const json_t *run)
{
    static const struct column p99 = {NULL, {"predicted_p99_ms"}, N_("ms"), 1, 0};
    const struct vg_sizing_figure figure = figure_of(run, &p99, VG_SIZING_UNMARKED);
    const json_t *held = json_object_get(run, "predicted_held");
    const json_t *admitted = json_object_get(run, "admitted");
    (void)fputs("<td>", p->out);
    if (figure.known)
        value_write(p->out, &figure, &p99);
    else
        unknown_write(p, &figure);
    if (json_is_boolean(held))
        vg_html_cell(p->out, "span class=\"m\"", json_is_true(held) ? _("held") : _("not held"));
    if (json_is_integer(admitted))
        vg_html_cell_of(p->out, "span class=\"m\"", _("admitted: %lld"),
                        (long long)json_integer_value(admitted));
    (void)fputs("</td>", p->out);
}

static void run_row(struct page *p, const json_t *run)
{
    static const struct column flux = {NULL, {"flux"}, NULL, 1, 0};
    static const struct column latencies[] = {{N_("p50"), {"p50"}, N_("ms"), 1, 0},
                                              {N_("p95"), {"p95"}, N_("ms"), 1, 0},
                                              {N_("p99"), {"p99"}, N_("ms"), 1, 0}};
    const struct vg_sizing_figure number = vg_sizing_figure_of(run, "flux", VG_SIZING_UNMARKED);
    (void)fputs("<tr class=\"run\"><th scope=\"row\">", p->out);
    if (number.known)
        value_write(p->out, &number, &flux);
    (void)fputs("</th>", p->out);
    lacks_cell(p, run);
    for (size_t i = 0; i < COUNT(latencies); i++)
        run_latency_cell(p, json_object_get(run, "latency_ms"), &latencies[i]);
    for (size_t i = 0; i < COUNT(run_columns); i++)
        plain_cell(p, run, &run_columns[i]);
    run_predicted_cell(p, run);
    (void)fputs("</tr>\n", p->out);
}

static void runs(struct page *p)
{
    static const char *const firsts[] = {N_("flux"), N_("this machine"), N_("p50"), N_("p95"),
                                         N_("p99")};
    const json_t *list = json_object_get(p->result, "runs");
    if (json_array_size(list) == 0)
        return;
    (void)fputs("<table id=\"runs\">\n<thead><tr>", p->out);
    for (size_t i = 0; i < COUNT(firsts); i++)
        vg_html_cell(p->out, "th scope=\"col\"", _(firsts[i]));
    for (size_t i = 0; i < COUNT(run_columns); i++)
        vg_html_cell(p->out, "th scope=\"col\"", _(run_columns[i].head));
    vg_html_cell(p->out, "th scope=\"col\"", _("p99 that the simulation foretold"));
    (void)fputs("</tr></thead>\n<tbody>\n", p->out);
    for (size_t i = 0; i < rows_of(json_array_size(list)); i++)
        run_row(p, json_array_get(list, i));
    table_end(p, json_array_size(list));
    p->note_count = 0;
}

/* ---- what it rests on ---- */

/* One line of a table of two columns. */
static void fact(struct page *p, const char *label, const json_t *object,
                 const struct column *column)
{
    const struct vg_sizing_figure figure = figure_of(object, column, VG_SIZING_UNMARKED);
    if (!figure.known)
        return;
    (void)fputs("<tr>", p->out);
    vg_html_cell(p->out, "th scope=\"row\"", _(label));
    plain_cell(p, object, column);
    (void)fputs("</tr>\n", p->out);
}

static void facts(struct page *p, const json_t *object, const struct column *columns, size_t count)
{
    (void)fputs("<table class=\"facts\"><tbody>\n", p->out);
    for (size_t i = 0; i < count; i++)
        fact(p, columns[i].head, object, &columns[i]);
    (void)fputs("</tbody></table>\n", p->out);
}

static void costs(struct page *p)
{
    static const struct column device[] = {
        {N_("device: start of a batch"), {"start_ms"}, N_("ms"), 1, 2},
        {N_("device: one picture more"), {"job_ms"}, N_("ms"), 1, 2},
        {N_("device: spread of these times"), {"spread"}, "%", 100, 0},
        {N_("device: largest batch"), {"batch_max"}, NULL, 1, 0},
        {N_("looks of the detector for a picture"), {"jobs_per_picture"}, NULL, 1, 2},
        {N_("cores that the device can use"), {"cpu_cores"}, NULL, 1, 2},
        {N_("memory of the device without flux"), {"memory_base_mb"}, N_("MB"), 1, 0},
        {N_("memory of the device, a flux"), {"memory_mb_per_flux"}, N_("MB"), 1, 1}};
    static const struct column others[] = {
        {N_("workers, a picture"), {"workers_ms_per_picture"}, N_("ms"), 1, 2},
        {N_("scheduling loop, a picture"), {"loop_ms_per_picture"}, N_("ms"), 1, 2},
        {N_("cores for the rest, without flux"), {"other_cores_base", "other_cores"}, NULL, 1, 2},
        {N_("cores for the rest, a flux"), {"other_cores_per_flux"}, NULL, 1, 3},
        {N_("memory without flux"), {"memory_base_mb"}, N_("GB"), 1e-3, 2},
        {N_("memory of a flux"), {"memory_mb_per_flux"}, N_("MB"), 1, 0},
        {N_("disk of a flux"), {"disk_gb_per_flux_day"}, N_("GB a day"), 1, 3},
        {N_("decoded pictures that a flux holds"), {"surfaces_per_flux"}, NULL, 1, 1},
        {N_("alerts of a picture"), {"alerts_per_picture"}, NULL, 1, 3},
        {N_("drawing an alert"), {"alert_ms"}, N_("ms"), 1, 1},
        {N_("delay of a picture that no stage explains"), {"rest_ms"}, N_("ms"), 1, 0},
        {N_("cores here"), {"cores_here"}, NULL, 1, 0},
        {N_("of cores that the device shares, those of use (assumed)"),
         {"cores_usable_share"},
         "%",
         100,
         0},
        {N_("cores of other programs"), {"foreign_cores"}, NULL, 1, 2},
        {N_("measures that this was learnt from"), {"measures"}, NULL, 1, 0}};
    const json_t *all = json_object_get(p->result, "costs");
    if (!json_is_object(all))
        return;
    para(p, "h2", _("Costs of the stages, which the extrapolation rests on"));
    mark_write(p, vg_sizing_mark_of(json_object_get(all, "status")));
    const char *why = json_string_value(json_object_get(all, "why"));
    if (why)
        told(p, "p class=\"dim\"", known_words(why));
    facts(p, json_object_get(all, "device"), device, COUNT(device));
    facts(p, all, others, COUNT(others));
}

/* A decoder by its name for people; one that is not known here, as the result has it. */
static void decoder_cell(struct page *p, const json_t *class)
{
    static const struct {
        const char *name, *words;
    } known[] = {{"software", N_("processor")}, {"vaapi", "VA-API"}, {"cuda", "CUDA"}};
    static const struct column plain = {NULL, {"decoder"}, NULL, 1, 0};
    const char *name = json_string_value(json_object_get(class, "decoder"));
    for (size_t i = 0; name && i < COUNT(known); i++)
        if (strcmp(name, known[i].name) == 0) {
            vg_html_cell(p->out, "td", _(known[i].words));
            return;
        }
    plain_cell(p, class, &plain);
}

/* How many flux the decoder holds; its reason has a key of its own. */
static void ceiling_cell(struct page *p, const json_t *class, const struct column *column)
{
    const struct vg_sizing_figure none = {.known = false};
    const char *why = json_string_value(json_object_get(class, "ceiling_why"));
    struct vg_sizing_figure figure =
        figure_of(class, column, why && *why ? VG_SIZING_UNMARKED : VG_SIZING_EXTRAPOLATED);
    figure.why = why && *why ? why : figure.why;
    figure_cell(p, &figure, &none, column);
}

static void decoding(struct page *p)
{
    static const struct column columns[] = {
        {N_("class"), {"class"}, NULL, 1, 0},
        {N_("codec"), {"codec"}, NULL, 1, 0},
        {N_("width"), {"width"}, NULL, 1, 0},
        {N_("height"), {"height"}, NULL, 1, 0},
        {N_("decoder"), {"decoder"}, NULL, 1, 0},
        {N_("of a core, a flux"), {"core_percent"}, "%", 1, 1},
        {N_("flux that one core decodes"), {"flux_per_core"}, NULL, 1, 1},
        {N_("flux that the decoder holds"), {"ceiling_flux"}, NULL, 1, 0},
        {N_("network of a flux"), {"network_mbit"}, N_("Mbit/s"), 1, 2},
    };
    const json_t *list = json_object_get(json_object_get(p->result, "costs"), "classes");
    if (json_array_size(list) == 0)
        return;
    table_begin(p, "decoding", columns, COUNT(columns));
    for (size_t i = 0; i < rows_of(json_array_size(list)); i++) {
        (void)fputs("<tr>", p->out);
        for (size_t k = 0; k < COUNT(columns); k++)
            if (strcmp(columns[k].keys[0], "decoder") == 0)
                decoder_cell(p, json_array_get(list, i));
            else if (strcmp(columns[k].keys[0], "ceiling_flux") == 0)
                ceiling_cell(p, json_array_get(list, i), &columns[k]);
            else
                plain_cell(p, json_array_get(list, i), &columns[k]);
        (void)fputs("</tr>\n", p->out);
    }
    table_end(p, json_array_size(list));
    notes_write(p);
}

/* By how much the last of them, the largest batch, took longer after the measures. */
static void speed_note(struct page *p, const json_t *list)
{
    const json_t *last = json_array_get(list, json_array_size(list) - 1);
    const double before = json_number_value(json_object_get(last, "before_ms"));
    const double after = json_number_value(json_object_get(last, "after_ms"));
    const double slower = before > 0 && after > 0 ? after / before - 1 : 0;
    if (fabs(slower) > VG_SIZE_SPEED_SLACK && fabs(slower) < 1000)
        vg_html_cell_of(
            p->out, "p class=\"dim\"",
            _("The time of batches alone on the device changed by %+.0f %% over the measures: "
              "this machine's speed did, and what is extrapolated lies between both."),
            100 * slower);
}

/* Whether the machine was as fast after the measures as before. */
static void alone(struct page *p)
{
    static const struct column columns[] = {
        {N_("pictures at once, the device doing nothing else"), {"pictures"}, NULL, 1, 0},
        {N_("before the measures"), {"before_ms"}, N_("ms"), 1, 2},
        {N_("after the measures"), {"after_ms"}, N_("ms"), 1, 2},
    };
    const json_t *list = json_object_get(p->result, "batches_alone");
    if (json_array_size(list) == 0)
        return;
    speed_note(p, list);
    table_begin(p, "alone", columns, COUNT(columns));
    for (size_t i = 0; i < rows_of(json_array_size(list)); i++) {
        (void)fputs("<tr>", p->out);
        for (size_t k = 0; k < COUNT(columns); k++)
            plain_cell(p, json_array_get(list, i), &columns[k]);
        (void)fputs("</tr>\n", p->out);
    }
    table_end(p, json_array_size(list));
    notes_write(p);
}

static void profile(struct page *p)
{
    static const struct column columns[] = {
        {N_("class"), {"name"}, NULL, 1, 0},
        {N_("share"), {"share"}, NULL, 1, 2},
        {N_("codec"), {"codec"}, NULL, 1, 0},
        {N_("width"), {"width"}, NULL, 1, 0},
        {N_("height"), {"height"}, NULL, 1, 0},
        {N_("pictures sent"), {"fps"}, N_("/s"), 1, 1},
        {N_("pictures wanted"), {"rate_fps"}, N_("/s"), 1, 1},
        {N_("tiles"), {"tiles"}, NULL, 1, 0},
    };
    const json_t *load = json_object_get(p->result, "profile");
    const json_t *list = json_object_get(load, "classes");
    const char *name = json_string_value(json_object_get(load, "name"));
    const char *names[COUNT(columns) + 1];
    vg_html_cell_of(p->out, "h2", _("The flux: profile %.80s"), name ? name : "?");
    if (json_array_size(list) == 0)
        return;
    for (size_t i = 0; i < COUNT(columns); i++)
        names[i] = columns[i].head;
    names[COUNT(columns)] = N_("events");
    (void)fputs("<table id=\"profile\">\n", p->out);
    heads(p, names, COUNT(names));
    for (size_t i = 0; i < rows_of(json_array_size(list)); i++) {
        const json_t *class = json_array_get(list, i);
        (void)fputs("<tr>", p->out);
        for (size_t k = 0; k < COUNT(columns); k++)
            plain_cell(p, class, &columns[k]);
        vg_html_cell_of(p->out, "td", "%zu", json_array_size(json_object_get(class, "events")));
        (void)fputs("</tr>\n", p->out);
    }
    table_end(p, json_array_size(list));
    p->note_count = 0;
}

static void machine(struct page *p)
{
    static const struct column columns[] = {
        {N_("processor"), {"cpu"}, NULL, 1, 0},
        {N_("cores"), {"cores"}, NULL, 1, 0},
        {N_("logical processors"), {"threads"}, NULL, 1, 0},
        {N_("logical processors in use"), {"usable_threads", "usable"}, NULL, 1, 0},
        {N_("cores that may be used"), {"usable_cores"}, NULL, 1, 1},
        {N_("memory"), {"memory_mb"}, N_("GB"), 1e-3, 1},
        {N_("kernel"), {"kernel"}, NULL, 1, 0}};
    static const struct column device[] = {{N_("device"), {"name"}, NULL, 1, 0},
                                           {N_("its driver"), {"driver"}, NULL, 1, 0},
                                           {N_("its compute units"), {"compute_units"}, NULL, 1, 0},
                                           {N_("its memory"), {"memory_mb"}, N_("GB"), 1e-3, 1}};
    static const struct column decoder[] = {{N_("decoder, not tried"), {"name"}, NULL, 1, 0},
                                            {N_("reached by"), {"by"}, NULL, 1, 0}};
    const json_t *here = json_object_get(p->result, "machine");
    size_t i;
    const json_t *one;
    para(p, "h2", _("The machine"));
    if (!json_is_object(here)) {
        para(p, "p class=\"dim\"", _("not described"));
        return;
    }
    facts(p, here, columns, COUNT(columns));
    json_array_foreach(json_object_get(here, "devices"), i, one) if (i < VG_SIZING_ROWS_MAX)
        facts(p, one, device, COUNT(device));
    json_array_foreach(json_object_get(here, "decoders"), i, one) if (i < VG_SIZING_ROWS_MAX)
        facts(p, one, decoder, COUNT(decoder));
    if (json_array_size(json_object_get(here, "decoders")) == 0)
        para(p, "p", _("No decoding hardware was found."));
    if (json_is_true(json_object_get(here, "virtual")))
        para(
            p, "p class=\"warn\"",
            _("A virtual machine: its neighbours may slow it, and its figures are not those of the "
              "hardware."));
}

static void method(struct page *p)
{
    static const struct column columns[] = {
        {N_("begun at"), {"begun_at"}, NULL, 1, 0},
        {N_("model"), {"model"}, NULL, 1, 0},
        {N_("precision"), {"precision"}, NULL, 1, 0},
        {N_("device that worked"), {"device"}, NULL, 1, 0},
        {N_("settling before each measure"), {"settle_s"}, N_("s"), 1, 0},
        {N_("each measure"), {"measure_s"}, N_("s"), 1, 0},
        {N_("idle, before and after"), {"idle_s"}, N_("s"), 1, 0},
        {N_("headroom"), {"headroom"}, "%", 100, 0}};
    const json_t *raised = json_object_get(json_object_get(p->result, "method"), "raise");
    para(p, "h2", _("The method"));
    facts(p, json_object_get(p->result, "method"), columns, COUNT(columns));
    para(
        p, "p",
        _("The whole server runs on so many live flux, replayed at their true rate: 1, 2, 4 and so "
          "on until some are not held, then the gap is halved. Held means: in every minute the "
          "worst "
          "flux keeps its wanted rate (to 95 %), p95 of the latency is at most 1 s, and hardly any "
          "wanted picture goes unanalysed (at most 0.1 %). Latency counts from the arrival of a "
          "picture's last packet to its alert in the queue. What was not measured is simulated: "
          "the "
          "server's own scheduler, on the costs measured here."));
    if (json_is_true(raised))
        para(p, "p", _("Alerts raised rates beyond the wanted ones, as in operation (--raise)."));
    if (json_is_false(raised))
        para(p, "p", _("Each flux kept its wanted rate, whatever its alerts."));
}

void vg_sizing_page_write(FILE *out, const json_t *result, const json_t *other)
{
    struct page p = {.out = out, .result = result, .other = other};
    (void)fputs("<!doctype html>\n<html lang=\"", out);
    (void)fputs(strcmp(_("not held"), "not held") == 0 ? "en" : "fr",
                out); /* as the words came out */
    (void)fputs("\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
                "content=\"width=device-width\">\n<meta name=\"color-scheme\" "
                "content=\"light\">\n",
                out);
    para(&p, "title", _("Vigie: sizing"));
    (void)fprintf(out, "<style>%s</style>\n</head>\n<body>\n", style);
    para(&p, "h1", _("Sizing: how many flux, on what hardware"));
    vg_html_cell_of(out, "p class=\"dim\"", "%.120s%s%.120s", machine_name(result),
                    device_name(result) ? ", " : "",
                    device_name(result) ? device_name(result) : "");
    verdict(&p);
    foretold(&p);
    compared(&p);
    tiers(&p);
    charts(&p);
    runs(&p);
    energy(&p);
    costs(&p);
    decoding(&p);
    alone(&p);
    profile(&p);
    machine(&p);
    method(&p);
    vg_html_cell_of(out, "footer", _("Page written by Vigie %s"), vg_version());
    (void)fputs("\n</body>\n</html>\n", out);
}
