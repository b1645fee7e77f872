#include "scheduler/live_metrics.h"

#include <stdio.h>
#include <string.h>

#include "scheduler/live_coverage.h"

void vg_live_report_begin(struct vg_live_report *report, const struct vg_live_totals *totals,
                          const struct vg_stage_times *times,
                          const struct vg_publisher_counts *published)
{
    const struct vg_mono_time now = vg_mono_now();
    const double alive = (double)(now.us - totals->start.us);
    struct vg_text_buffer *out = &report->out;
    vg_text_buffer_init(out, report->text, sizeof report->text);
    vg_text_add(
        out, "# TYPE vigie_device_busy_ratio gauge\nvigie_device_busy_ratio{device=\"0\"} %.4f\n",
        alive > 0 ? (double)totals->busy_us / alive : 0);
    vg_text_add(out, "# TYPE vigie_batch_size gauge\nvigie_batch_size %.3f\n",
                totals->batches ? (double)totals->batched / (double)totals->batches : 0);
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
    vg_text_add(out, "# TYPE vigie_model_intact gauge\nvigie_model_intact %d\n",
                (int)totals->model_intact);
    vg_text_add(out, "# TYPE vigie_model_checks_total counter\nvigie_model_checks_total %llu\n",
                (unsigned long long)totals->model_checks);
    vg_text_add(out,
                "# TYPE vigie_coverage_rows_lost_total counter\n"
                "vigie_coverage_rows_lost_total %llu\n",
                (unsigned long long)(totals->coverage.failed + totals->coverage.dropped));
    vg_stage_times_print(times, out);
}

/* Causes that never were have no line; `analysed` always has one. */
static void report_coverage(struct vg_text_buffer *out, const struct vg_live_flux *flux)
{
    for (int c = 0; flux->ledger && c < VG_COVERAGE_CAUSES; c++) {
        const int64_t us = flux->ledger->coverage.total_us[c];
        if (us > 0 || c == VG_COVERAGE_ANALYSED)
            vg_text_add(out, "vigie_coverage_seconds_total{flux=\"%s\",cause=\"%s\"} %.3f\n",
                        flux->config.id, vg_coverage_cause_name((enum vg_coverage_cause)c),
                        (double)us / (double)VG_US_PER_S);
    }
}

static void report_fates(struct vg_text_buffer *out, const struct vg_live_view *view)
{
    for (int f = 0; f < VG_FATE_COUNT; f++)
        vg_text_add(out, "vigie_pictures_total{flux=\"%s\",fate=\"%s\"} %llu\n",
                    view->flux->config.id, vg_fate_name((enum vg_fate)f),
                    (unsigned long long)view->state.fate[f]);
}

static void report_connection(struct vg_text_buffer *out, const struct vg_live_view *view)
{
    for (int c = VG_CONNECTION_OFF; c < VG_CONNECTION_COUNT; c++)
        vg_text_add(out, "vigie_flux_state{flux=\"%s\",state=\"%s\"} %d\n", view->flux->config.id,
                    vg_connection_name((enum vg_connection)c), (int)view->state.connection == c);
}

static void report_figure(struct vg_text_buffer *out, enum vg_figure figure,
                          const struct vg_live_view *view, uint32_t count)
{
    const struct vg_figure_row *row = vg_figure_row(figure);
    if (!row->metric)
        return;
    vg_text_add(out, "# TYPE vigie_flux_%s %s\n", row->metric,
                row->kind == VG_FIGURE_COUNTER ? "counter" : "gauge");
    for (uint32_t i = 0; i < count; i++)
        vg_text_add(out, "vigie_flux_%s{flux=\"%s\"} %.9g\n", row->metric, view[i].flux->config.id,
                    (double)view[i].state.figure[figure] * row->scale);
}

void vg_live_report_flux(struct vg_live_report *report, const struct vg_live_view *view,
                         uint32_t count)
{
    struct vg_text_buffer *out = &report->out;
    vg_text_add(out, "# TYPE vigie_pictures_total counter\n");
    for (uint32_t i = 0; i < count; i++)
        report_fates(out, &view[i]);
    vg_text_add(out, "# TYPE vigie_pictures_decoded_total counter\n");
    for (uint32_t i = 0; i < count; i++)
        vg_text_add(out, "vigie_pictures_decoded_total{flux=\"%s\"} %llu\n",
                    view[i].flux->config.id, (unsigned long long)view[i].state.decoded);
    vg_text_add(out, "# TYPE vigie_pictures_wanted_total counter\n");
    for (uint32_t i = 0; i < count; i++)
        vg_text_add(out, "vigie_pictures_wanted_total{flux=\"%s\"} %llu\n", view[i].flux->config.id,
                    (unsigned long long)view[i].flux->wanted);
    vg_text_add(out, "# TYPE vigie_coverage_seconds_total counter\n");
    for (uint32_t i = 0; i < count; i++)
        report_coverage(out, view[i].flux);
    vg_text_add(out, "# TYPE vigie_flux_state gauge\n");
    for (uint32_t i = 0; i < count; i++)
        report_connection(out, &view[i]);
    for (int f = 0; f < VG_FIGURE_COUNT; f++)
        report_figure(out, (enum vg_figure)f, view, count);
}

/* The fields of one flux, each value written into `number` behind the one before. */
struct field_writer {
    struct vg_text_buffer out;
    char text[1024];
};

static const char *number(struct field_writer *w, int decimals, double value)
{
    const char *at = w->out.text + w->out.size;
    vg_text_add(&w->out, "%.*f", decimals, value);
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
    vg_text_add(&w->out, "%.9g", (double)value * row->scale);
    w->out.size++; /* keep the zero between two values */
    return (struct vg_live_field){row->name, text};
}

void vg_live_publish_flux(struct vg_publisher *publisher, const struct vg_live_view *view,
                          struct vg_mono_time now)
{
    const struct vg_live_flux *flux = view->flux;
    const struct vg_slots_state *state = &view->state;
    struct field_writer w;
    vg_text_buffer_init(&w.out, w.text, sizeof w.text);
    const double age_s =
        state->arrival.us ? (double)(now.us - state->arrival.us) / (double)VG_US_PER_S : -1;
    const struct vg_live_field own[] = {
        {"state", vg_connection_name(state->connection)},
        {"cause", vg_status_name(state->cause)},
        {"permitted", flux->permitted ? "true" : "false"},
        {"width", number(&w, 0, state->width)},
        {"height", number(&w, 0, state->height)},
        {"source_fps", number(&w, 3, (double)state->fps_milli / 1000)},
        {"rate_fps", number(&w, 3, flux->period_us ? 1e6 / (double)flux->period_us : 0)},
        {"analysed", number(&w, 0, (double)state->fate[VG_FATE_ANALYSED])},
        {"picture_age_s", number(&w, 1, age_s)},
        {"latency_ms", number(&w, 1, (double)flux->last_latency_us / 1000)},
        {"reconnects", number(&w, 0, (double)state->reconnects)},
        {"alerts", number(&w, 0, (double)flux->alerts)},
    };
    struct vg_live_field fields[sizeof own / sizeof *own + VG_FIGURE_COUNT];
    size_t count = sizeof own / sizeof *own;
    memcpy(fields, own, sizeof own);
    for (int f = 0; f < VG_FIGURE_COUNT; f++)
        if (vg_figure_row((enum vg_figure)f)->name)
            fields[count++] = figure_field(&w, (enum vg_figure)f, state->figure[f]);
    vg_publisher_flux(publisher, flux->config.id, fields, count);
}
