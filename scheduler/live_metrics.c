#include "scheduler/live_metrics.h"

#include <stdarg.h>
#include <stdio.h>

#include "src/base/attr.h"

static void add(struct vg_live_report *report, const char *format, ...) VG_PRINTF(2, 3);

/* A text that does not fit is cut at a line's end: never half a line. */
static void add(struct vg_live_report *report, const char *format, ...)
{
    const size_t room = sizeof report->text - report->size;
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(report->text + report->size, room, format, args);
    va_end(args);
    if (n > 0 && (size_t)n < room)
        report->size += (size_t)n;
    else
        report->text[report->size] = '\0';
}

void vg_live_report_begin(struct vg_live_report *report, const struct vg_live_totals *totals,
                          const struct vg_stage_times *times,
                          const struct vg_publisher_counts *published)
{
    const struct vg_mono_time now = vg_mono_now();
    const double alive = (double)(now.us - totals->start.us);
    report->size = 0;
    add(report,
        "# TYPE vigie_device_busy_ratio gauge\nvigie_device_busy_ratio{device=\"0\"} %.4f\n",
        alive > 0 ? (double)totals->busy_us / alive : 0);
    add(report, "# TYPE vigie_batch_size gauge\nvigie_batch_size %.3f\n",
        totals->batches ? (double)totals->batched / (double)totals->batches : 0);
    add(report, "# TYPE vigie_spool_bytes gauge\nvigie_spool_bytes %llu\n",
        (unsigned long long)published->spool.bytes);
    add(report, "# TYPE vigie_alerts_promised_total counter\nvigie_alerts_promised_total %llu\n",
        (unsigned long long)published->promised);
    add(report, "# TYPE vigie_alerts_refused_total counter\nvigie_alerts_refused_total %llu\n",
        (unsigned long long)(published->refused + published->no_item));
    add(report,
        "# TYPE vigie_sealed_allocations_total counter\nvigie_sealed_allocations_total %llu\n",
        (unsigned long long)totals->sealed_allocations);
    report->size += vg_stage_times_print(times, report->text + report->size,
                                         sizeof report->text - report->size);
}

void vg_live_report_flux(struct vg_live_report *report, const struct vg_live_flux *flux,
                         const struct vg_slots_state *state)
{
    const char *id = flux->config.id;
    for (int f = 0; f < VG_FATE_COUNT; f++) {
        uint64_t count = state->fate[f];
        if (f == VG_FATE_ANALYSED)
            count = flux->analysed;
        else if (f == VG_FATE_STOPPED)
            count += flux->stopped;
        else if (f == VG_FATE_SHUTDOWN)
            count += flux->failed;
        add(report, "vigie_pictures_total{flux=\"%s\",fate=\"%s\"} %llu\n", id,
            vg_fate_name((enum vg_fate)f), (unsigned long long)count);
    }
    add(report, "vigie_pictures_decoded_total{flux=\"%s\"} %llu\n", id,
        (unsigned long long)state->decoded);
    add(report, "vigie_pictures_wanted_total{flux=\"%s\"} %llu\n", id,
        (unsigned long long)flux->wanted);
    for (int c = VG_CONNECTION_OFF; c <= VG_CONNECTION_STOPPED; c++)
        add(report, "vigie_flux_state{flux=\"%s\",state=\"%s\"} %d\n", id,
            vg_connection_name((enum vg_connection)c), (int)state->connection == c);
}

void vg_live_publish_flux(struct vg_publisher *publisher, const struct vg_live_flux *flux,
                          const struct vg_slots_state *state, struct vg_mono_time now)
{
    char number[9][32];
    const double age_s =
        state->arrival.us ? (double)(now.us - state->arrival.us) / (double)VG_US_PER_S : -1;
    (void)snprintf(number[0], sizeof number[0], "%u", state->width);
    (void)snprintf(number[1], sizeof number[1], "%u", state->height);
    (void)snprintf(number[2], sizeof number[2], "%.3f", (double)state->fps_milli / 1000);
    (void)snprintf(number[3], sizeof number[3], "%.3f",
                   flux->period_us ? 1e6 / (double)flux->period_us : 0);
    (void)snprintf(number[4], sizeof number[4], "%llu", (unsigned long long)flux->analysed);
    (void)snprintf(number[5], sizeof number[5], "%.1f", age_s);
    (void)snprintf(number[6], sizeof number[6], "%.1f", (double)flux->last_latency_us / 1000);
    (void)snprintf(number[7], sizeof number[7], "%llu", (unsigned long long)state->reconnects);
    (void)snprintf(number[8], sizeof number[8], "%llu", (unsigned long long)flux->alerts);
    const struct vg_live_field fields[] = {
        {"state", vg_connection_name(state->connection)},
        {"cause", vg_status_name(state->cause)},
        {"permitted", flux->permitted ? "true" : "false"},
        {"width", number[0]},
        {"height", number[1]},
        {"source_fps", number[2]},
        {"rate_fps", number[3]},
        {"analysed", number[4]},
        {"picture_age_s", number[5]},
        {"latency_ms", number[6]},
        {"reconnects", number[7]},
        {"alerts", number[8]},
    };
    vg_publisher_flux(publisher, flux->config.id, fields, sizeof fields / sizeof *fields);
}
