#include "scheduler/live_metrics.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/live_coverage.h"
#include "scheduler/live_warnings.h"

static void report_arithmetic(struct vg_text_buffer *out, const struct vg_live_totals *totals)
{
    const struct vg_live_arithmetic *a = &totals->arithmetic;
    if (!a->model)
        return;
    vg_text_add(out, "# TYPE vigie_model_precision gauge\n");
    for (uint32_t i = 0; i < totals->devices; i++)
        if (totals->device[i].precision)
            vg_text_add(out,
                        "vigie_model_precision{device=\"%u\",model=\"%s\",asked=\"%s\","
                        "precision=\"%s\",int8_form=\"%s\"} 1\n",
                        i, a->model, a->asked, totals->device[i].precision,
                        a->has_int8 ? "yes" : "no");
}

static void report_saves(struct vg_text_buffer *out, const struct vg_save_counts *saves)
{
    vg_text_add(out,
                "# TYPE vigie_state_files_total counter\n"
                "vigie_state_files_total{fate=\"written\"} %llu\n"
                "vigie_state_files_total{fate=\"failed\"} %llu\n"
                "vigie_state_files_total{fate=\"replaced\"} %llu\n",
                (unsigned long long)saves->written, (unsigned long long)saves->failed,
                (unsigned long long)saves->replaced);
}

/* A name as a label's value: what would end it is left out. */
static void add_name(struct vg_text_buffer *out, const char *name)
{
    for (; *name; name++)
        if (*name != '"' && *name != '\\' && (unsigned char)*name >= ' ')
            vg_text_add(out, "%c", *name);
}

/* What decoders, workers and a device that is the processor share, and the part of such a device. */
static void report_cores(struct vg_text_buffer *out, const struct vg_live_totals *totals)
{
    if (totals->usable_cores_milli > 0)
        vg_text_add(out, "# TYPE vigie_usable_cores gauge\nvigie_usable_cores %.3f\n",
                    totals->usable_cores_milli / 1000.0);
    vg_text_add(out, "# TYPE vigie_device_cores gauge\n");
    for (uint32_t i = 0; i < totals->devices; i++)
        if (totals->device[i].cores > 0)
            vg_text_add(out, "vigie_device_cores{device=\"%u\"} %u\n", i, totals->device[i].cores);
}

static void report_devices(struct vg_text_buffer *out, const struct vg_live_totals *totals,
                           double alive)
{
    vg_text_add(out, "# TYPE vigie_device_busy_ratio gauge\n");
    for (uint32_t i = 0; i < totals->devices; i++)
        vg_text_add(out, "vigie_device_busy_ratio{device=\"%u\"} %.4f\n", i,
                    alive > 0 ? (double)totals->device[i].busy_us / alive : 0);
    vg_text_add(out, "# TYPE vigie_device_busy_seconds_total counter\n");
    for (uint32_t i = 0; i < totals->devices; i++)
        vg_text_add(out, "vigie_device_busy_seconds_total{device=\"%u\"} %.6f\n", i,
                    (double)totals->device[i].busy_us / (double)VG_US_PER_S);
    vg_text_add(out, "# TYPE vigie_device_well gauge\n");
    for (uint32_t i = 0; i < totals->devices; i++) {
        vg_text_add(out, "vigie_device_well{device=\"%u\",name=\"", i);
        add_name(out, totals->device[i].name);
        vg_text_add(out, "\"} %d\n", (int)totals->device[i].well);
    }
    vg_text_add(out, "# TYPE vigie_device_flux gauge\n");
    for (uint32_t i = 0; i < totals->devices; i++)
        vg_text_add(out, "vigie_device_flux{device=\"%u\"} %u\n", i, totals->device[i].flux);
    vg_text_add(out, "# TYPE vigie_device_failures_total counter\n");
    for (uint32_t i = 0; i < totals->devices; i++)
        vg_text_add(out, "vigie_device_failures_total{device=\"%u\"} %llu\n", i,
                    (unsigned long long)totals->device[i].failures);
}

void vg_live_report_begin(struct vg_live_report *report, const struct vg_live_totals *totals,
                          struct vg_stage_times *times, const struct vg_publisher_counts *published)
{
    const struct vg_mono_time now = vg_mono_now();
    const double alive = (double)(now.us - totals->start.us);
    struct vg_text_buffer *out = &report->out;
    vg_text_buffer_init(out, report->text, sizeof report->text);
    vg_text_add(out, "# TYPE vigie_analysis_up_seconds counter\nvigie_analysis_up_seconds %.6f\n",
                alive / (double)VG_US_PER_S);
    report_devices(out, totals, alive);
    report_cores(out, totals);
    vg_text_add(
        out,
        "# TYPE vigie_metrics_lines_lost gauge\nvigie_metrics_lines_lost{part=\"analysis\"} %llu\n",
        (unsigned long long)totals->lines_lost);
    vg_text_add(out, "# TYPE vigie_batch_size gauge\nvigie_batch_size %.3f\n",
                totals->batches ? (double)totals->batched / (double)totals->batches : 0);
    /* a comment to Prometheus; for `vigie bench sizing` */
    vg_text_add(out, "# fine vigie_batches %u %.0f %.0f %.0f %.3f %.3f %.3f\n", totals->batch_max,
                totals->sums.count, totals->sums.jobs, totals->sums.jobs_squared, totals->sums.ms,
                totals->sums.ms_jobs, totals->sums.ms_squared);
    vg_text_add(out,
                "# TYPE vigie_looks_total counter\nvigie_looks_total{fate=\"done\"} %llu\n"
                "vigie_looks_total{fate=\"refused\"} %llu\n",
                (unsigned long long)totals->looks_done, (unsigned long long)totals->looks_refused);
    vg_text_add(out, "# TYPE vigie_spool_bytes gauge\nvigie_spool_bytes %llu\n",
                (unsigned long long)published->spool.bytes);
    vg_text_add(out,
                "# TYPE vigie_alerts_promised_total counter\nvigie_alerts_promised_total %llu\n",
                (unsigned long long)published->promised);
    vg_text_add(out, "# TYPE vigie_alerts_refused_total counter\nvigie_alerts_refused_total %llu\n",
                (unsigned long long)published->refused);
    vg_text_add(
        out, "# TYPE vigie_sealed_allocations_total counter\nvigie_sealed_allocations_total %llu\n",
        (unsigned long long)totals->sealed_allocations);
    report_arithmetic(out, totals);
    vg_text_add(out, "# TYPE vigie_model_intact gauge\nvigie_model_intact %d\n",
                (int)totals->model_intact);
    vg_text_add(out, "# TYPE vigie_model_checks_total counter\nvigie_model_checks_total %llu\n",
                (unsigned long long)totals->model_checks);
    vg_text_add(out,
                "# TYPE vigie_coverage_rows_lost_total counter\n"
                "vigie_coverage_rows_lost_total %llu\n",
                (unsigned long long)(totals->coverage.failed + totals->coverage.dropped));
    vg_text_add(out,
                "# TYPE vigie_measures_rows_lost_total counter\n"
                "vigie_measures_rows_lost_total{kind=\"measures\"} %llu\n"
                "vigie_measures_rows_lost_total{kind=\"heat\"} %llu\n",
                (unsigned long long)(totals->measures.failed + totals->measures.dropped),
                (unsigned long long)(totals->heat.failed + totals->heat.dropped));
    report_saves(out, &totals->saves);
    vg_stage_times_print(times, now, out);
}

/* What is told of each flux: a metric, and the label that parts it, or NULL. */
struct family {
    const char *metric, *label;
};

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* word: the label's. */
static void add_number(struct vg_text_buffer *out, const struct family *family, const char *id,
                       const char *word, const char *number)
{
    const char *const plain[] = {family->metric, "{flux=\"", id, "\"} ", number, "\n"};
    const char *const parted[] = {family->metric, "{flux=\"", id,     "\",",  family->label,
                                  "=\"",          word,       "\"} ", number, "\n"};
    if (family->label)
        vg_text_add_pieces(out, parted, COUNT(parted));
    else
        vg_text_add_pieces(out, plain, COUNT(plain));
}

static void add_line(struct vg_text_buffer *out, const struct family *family, const char *id,
                     const char *word, uint64_t value)
{
    char digits[VG_TEXT_DIGITS];
    add_number(out, family, id, word, vg_text_digits(value, digits));
}

/* Of a value that is not whole, three decimals; in seconds the most is 31 years. */
static void add_milli(struct vg_text_buffer *out, const struct family *family, const char *id,
                      const char *word, double value)
{
    char digits[VG_TEXT_DIGITS];
    add_number(out, family, id, word,
               vg_text_decimal(fmin(value, VG_TEXT_DECIMAL_MOST - 1), 3, digits));
}

/* Causes that never were have no line; `analysed` always has one. */
static void report_coverage(struct vg_text_buffer *out, const struct vg_live_flux *flux)
{
    static const struct family seconds = {"vigie_coverage_seconds_total", "cause"};
    for (int c = 0; flux->ledger && c < VG_COVERAGE_CAUSES; c++) {
        const int64_t us = flux->ledger->coverage.total_us[c];
        if (us > 0 || c == VG_COVERAGE_ANALYSED)
            add_milli(out, &seconds, flux->config.id,
                      vg_coverage_cause_name((enum vg_coverage_cause)c),
                      (double)us / (double)VG_US_PER_S);
    }
}

static void report_fates(struct vg_text_buffer *out, const struct vg_live_view *view)
{
    static const struct family pictures = {"vigie_pictures_total", "fate"};
    for (int f = 0; f < VG_FATE_COUNT; f++)
        add_line(out, &pictures, view->flux->config.id, vg_fate_name((enum vg_fate)f),
                 view->state.fate[f]);
}

static void report_state(struct vg_text_buffer *out, const struct vg_live_view *view,
                         struct vg_mono_time now)
{
    static const struct family flux_state = {"vigie_flux_state", "state"};
    const char *id = view->flux->config.id;
    const bool stalled = vg_live_stalled(&view->state, now);
    for (int c = VG_CONNECTION_OFF; c < VG_CONNECTION_COUNT; c++)
        add_line(out, &flux_state, id, vg_connection_name((enum vg_connection)c),
                 !stalled && (int)view->state.connection == c);
    add_line(out, &flux_state, id, "stalled", stalled);
}

static void report_view(struct vg_text_buffer *out, const struct vg_live_flux *flux)
{
    static const struct family flux_view = {"vigie_flux_view", "view"};
    for (int v = 0; flux->view.health.looks > 0 && v < VG_VIEW_STATES; v++)
        add_line(out, &flux_view, flux->config.id, vg_view_state_name((enum vg_view_state)v),
                 (int)flux->view.health.state == v);
}

static void report_warnings(struct vg_text_buffer *out, const struct vg_live_view *view)
{
    static const struct family warning = {"vigie_flux_warning", "warning"};
    const uint32_t bits = vg_live_warnings(view->flux, &view->state);
    for (int w = 0; w < VG_WARNING_COUNT; w++)
        add_line(out, &warning, view->flux->config.id,
                 vg_live_warning_name((enum vg_live_warning)w), bits >> w & 1);
}

/* Only of events that are blind. */
static void report_blind(struct vg_text_buffer *out, const struct vg_live_view *view)
{
    const uint32_t bits = vg_live_blind(view->flux, &view->state);
    for (int e = 0; e < VG_EVENT_COUNT; e++)
        if (bits >> e & 1)
            vg_text_add(out, "vigie_flux_blind{flux=\"%s\",event=\"%s\"} 1\n",
                        view->flux->config.id, vg_event_name((enum vg_event)e));
}

/* As %.9g writes it, too. */
static bool is_whole(const struct vg_figure_row *row, int64_t value)
{
    return value == 0 || ((int64_t)row->scale == 1 && value > 0 && value < 1000000000);
}

static void report_figure(struct vg_text_buffer *out, enum vg_figure figure,
                          const struct vg_live_view *view, uint32_t count)
{
    const struct vg_figure_row *row = vg_figure_row(figure);
    if (!row->metric)
        return;
    char name[64];
    const struct family family = {name, NULL};
    (void)snprintf(name, sizeof name, "vigie_flux_%s", row->metric);
    vg_text_add(out, "# TYPE %s %s\n", name, row->kind == VG_FIGURE_COUNTER ? "counter" : "gauge");
    for (uint32_t i = 0; i < count; i++) {
        const int64_t value = view[i].state.figure[figure];
        const char *id = view[i].flux->config.id;
        if (is_whole(row, value))
            add_line(out, &family, id, NULL, (uint64_t)value);
        else
            vg_text_add(out, "%s{flux=\"%s\"} %.9g\n", name, id, (double)value * row->scale);
    }
}

/* 0: every picture, or none. */
static double fps_of(int64_t period_us)
{
    return period_us > 0 ? 1e6 / (double)period_us : 0;
}

void vg_live_report_flux(struct vg_live_report *report, const struct vg_live_view *view,
                         uint32_t count)
{
    static const struct family decoded = {"vigie_pictures_decoded_total", NULL},
                               wanted = {"vigie_pictures_wanted_total", NULL},
                               rate = {"vigie_flux_rate_fps", NULL};
    struct vg_text_buffer *out = &report->out;
    vg_text_add(out, "# TYPE vigie_pictures_total counter\n");
    for (uint32_t i = 0; i < count; i++)
        report_fates(out, &view[i]);
    vg_text_add(out, "# TYPE vigie_pictures_decoded_total counter\n");
    for (uint32_t i = 0; i < count; i++)
        add_line(out, &decoded, view[i].flux->config.id, NULL, view[i].state.decoded);
    vg_text_add(out, "# TYPE vigie_pictures_wanted_total counter\n");
    for (uint32_t i = 0; i < count; i++)
        add_line(out, &wanted, view[i].flux->config.id, NULL, view[i].flux->wanted);
    vg_text_add(out, "# TYPE vigie_flux_rate_fps gauge\n");
    for (uint32_t i = 0; i < count; i++)
        add_milli(out, &rate, view[i].flux->config.id, NULL,
                  fps_of(view[i].flux->asks ? view[i].flux->period_us : 0));
    vg_text_add(out, "# TYPE vigie_coverage_seconds_total counter\n");
    for (uint32_t i = 0; i < count; i++)
        report_coverage(out, view[i].flux);
    const struct vg_mono_time now = vg_mono_now();
    vg_text_add(out, "# TYPE vigie_flux_state gauge\n");
    for (uint32_t i = 0; i < count; i++)
        report_state(out, &view[i], now);
    vg_text_add(out, "# TYPE vigie_flux_view gauge\n");
    for (uint32_t i = 0; i < count; i++)
        report_view(out, view[i].flux);
    vg_text_add(out, "# TYPE vigie_flux_warning gauge\n");
    for (uint32_t i = 0; i < count; i++)
        report_warnings(out, &view[i]);
    vg_text_add(out, "# TYPE vigie_flux_blind gauge\n");
    for (uint32_t i = 0; i < count; i++)
        report_blind(out, &view[i]);
    for (int f = 0; f < VG_FIGURE_COUNT; f++)
        report_figure(out, (enum vg_figure)f, view, count);
}

/* The fields of one flux, each value written into `number` behind the one before. */
struct field_writer {
    struct vg_text_buffer out;
    char text[2048];
};

static const char *number(struct field_writer *w, unsigned decimals, double value)
{
    char digits[VG_TEXT_DIGITS];
    const char *at = w->out.text + w->out.size;
    if (fabs(value) < VG_TEXT_DECIMAL_MOST) {
        const char *text = vg_text_decimal(value, decimals, digits);
        vg_text_add_pieces(&w->out, &text, 1);
    } else {
        vg_text_add(&w->out, "%.*f", (int)decimals, value);
    }
    w->out.size++; /* keep the zero between two values */
    return at;
}

static const char *whole(struct field_writer *w, uint64_t value)
{
    char digits[VG_TEXT_DIGITS];
    const char *at = w->out.text + w->out.size, *text = vg_text_digits(value, digits);
    vg_text_add_pieces(&w->out, &text, 1);
    w->out.size++; /* keep the zero between two values */
    return at;
}

static struct vg_live_field figure_field(struct field_writer *w, enum vg_figure figure,
                                         int64_t value)
{
    const struct vg_figure_row *row = vg_figure_row(figure);
    if (row->kind == VG_FIGURE_WORD)
        return (struct vg_live_field){row->name, vg_figure_word(row, value)};
    if (row->kind == VG_FIGURE_FLAG)
        return (struct vg_live_field){row->name, value ? "true" : "false"};
    const char *text = w->out.text + w->out.size;
    if (is_whole(row, value))
        return (struct vg_live_field){row->name, whole(w, (uint64_t)value)};
    vg_text_add(&w->out, "%.9g", (double)value * row->scale);
    w->out.size++; /* keep the zero between two values */
    return (struct vg_live_field){row->name, text};
}

/* The last piece written begins at `at`: the next begins behind its zero. */
static const char *keep(struct field_writer *w, const char *at)
{
    w->out.size++;
    return at;
}

/* Names of the bits, parted by commas. */
static const char *names_of(struct field_writer *w, uint32_t bits, const char *(*name)(int))
{
    const char *at = w->out.text + w->out.size;
    const char *comma = "";
    vg_text_add(&w->out, "%s", "");
    for (int i = 0; i < 32; i++) {
        if (!(bits >> i & 1))
            continue;
        vg_text_add(&w->out, "%s%s", comma, name(i));
        comma = ",";
    }
    return keep(w, at);
}

static const char *warning_name(int warning)
{
    return vg_live_warning_name((enum vg_live_warning)warning);
}

static const char *event_name(int event)
{
    return vg_event_name((enum vg_event)event);
}

/* A row of what takes the reference to the view of now, in fractions of the picture. */
static const char *row_of(struct field_writer *w, const double matrix[3][3], int row)
{
    static const double size[3] = {VG_VIEW_WIDTH, VG_VIEW_HEIGHT, 1};
    const char *at = w->out.text + w->out.size;
    vg_text_add(&w->out, "%.6g %.6g %.6g", matrix[row][0] * size[0] / size[row],
                matrix[row][1] * size[1] / size[row], matrix[row][2] * size[2] / size[row]);
    return keep(w, at);
}

static const char *time_of(struct field_writer *w, struct vg_wall_time time)
{
    char text[32];
    const char *at = w->out.text + w->out.size;
    vg_wall_format(time, text, sizeof text);
    vg_text_add(&w->out, "%s", text);
    return keep(w, at);
}

enum {
    OWN_FIELDS = 17,
    VIEW_FIELDS = 13,
    WAY_FIELDS = 3
};

static size_t own_fields(struct field_writer *w, const struct vg_live_view *view,
                         struct vg_mono_time now, struct vg_live_field fields[OWN_FIELDS])
{
    const struct vg_live_flux *flux = view->flux;
    const struct vg_slots_state *state = &view->state;
    const double age_s =
        state->arrival.us ? (double)(now.us - state->arrival.us) / (double)VG_US_PER_S : -1;
    const struct vg_live_field own[OWN_FIELDS] = {
        {"state", vg_live_state_name(state, now)},
        {"cause", vg_status_name(state->cause)},
        {"permitted", flux->permitted ? "true" : "false"},
        {"width", whole(w, state->width)},
        {"height", whole(w, state->height)},
        {"source_fps", number(w, 3, (double)state->fps_milli / 1000)},
        {"rate_fps", number(w, 3, fps_of(flux->asks ? flux->period_us : 0))},
        {"wanted_fps", number(w, 3, fps_of(flux->wanted_period_us))},
        {"share", vg_share_verdict_name(flux->share.verdict)},
        {"analysed", whole(w, state->fate[VG_FATE_ANALYSED])},
        {"still", number(w, 0, (double)state->fate[VG_FATE_STILL])},
        {"picture_age_s", number(w, 1, age_s)},
        {"latency_ms", number(w, 1, (double)flux->last_latency_us / 1000)},
        {"reconnects", whole(w, state->reconnects)},
        {"alerts", whole(w, flux->alerts)},
        {"warnings", names_of(w, vg_live_warnings(flux, state), warning_name)},
        {"blind", names_of(w, vg_live_blind(flux, state), event_name)},
    };
    memcpy(fields, own, sizeof own);
    return OWN_FIELDS;
}

static size_t view_fields(struct field_writer *w, const struct vg_sight_report *report,
                          struct vg_live_field fields[VIEW_FIELDS + WAY_FIELDS])
{
    const struct vg_view_measures *m = &report->health.measures;
    if (report->health.looks == 0)
        return 0;
    const struct vg_live_field view[VIEW_FIELDS] = {
        {"view", vg_view_state_name(report->health.state)},
        {"view_since", time_of(w, report->since)},
        {"view_reason", report->reason},
        {"view_referenced", report->health.referenced ? "true" : "false"},
        {"view_confirmed", whole(w, report->confirmed)},
        {"view_kept", number(w, 3, (double)m->change.kept)},
        {"view_gone", number(w, 3, (double)m->change.gone)},
        {"view_dark", number(w, 3, (double)m->change.dark)},
        {"view_flat", number(w, 3, (double)m->change.flat)},
        {"view_sharpness", number(w, 3, (double)m->change.sharpness)},
        {"view_same", number(w, 3, (double)m->same)},
        {"view_shift", number(w, 4, (double)m->shift)},
        {"view_inliers", whole(w, m->inliers)},
    };
    memcpy(fields, view, sizeof view);
    if (m->inliers == 0)
        return VIEW_FIELDS;
    const struct vg_live_field way[WAY_FIELDS] = {{"view_row_1", row_of(w, m->matrix, 0)},
                                                  {"view_row_2", row_of(w, m->matrix, 1)},
                                                  {"view_row_3", row_of(w, m->matrix, 2)}};
    memcpy(fields + VIEW_FIELDS, way, sizeof way);
    return VIEW_FIELDS + WAY_FIELDS;
}

void vg_live_publish_flux(struct vg_publisher *publisher, const struct vg_live_view *view,
                          struct vg_mono_time now)
{
    struct vg_live_field fields[OWN_FIELDS + VIEW_FIELDS + WAY_FIELDS + VG_FIGURE_SHOWN];
    struct field_writer w;
    static_assert(sizeof fields / sizeof *fields <= VG_PUBLISHER_FIELDS_MAX, "all have a place");
    vg_text_buffer_init(&w.out, w.text, sizeof w.text);
    size_t count = own_fields(&w, view, now, fields);
    count += view_fields(&w, &view->flux->view, fields + count);
    for (int f = 0; f < VG_FIGURE_SHOWN; f++)
        fields[count++] = figure_field(&w, (enum vg_figure)f, view->state.figure[f]);
    vg_publisher_flux(publisher, view->flux->config.id, fields, count);
}
