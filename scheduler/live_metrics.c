#include "scheduler/live_metrics.h"

#include <stdio.h>

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
                (unsigned long long)(published->refused + published->no_item));
    vg_text_add(
        out, "# TYPE vigie_sealed_allocations_total counter\nvigie_sealed_allocations_total %llu\n",
        (unsigned long long)totals->sealed_allocations);
    vg_stage_times_print(times, out);
}

void vg_live_report_flux(struct vg_live_report *report, const struct vg_live_flux *flux,
                         const struct vg_slots_state *state)
{
    struct vg_text_buffer *out = &report->out;
    const char *id = flux->config.id;
    for (int f = 0; f < VG_FATE_COUNT; f++) {
        uint64_t count = state->fate[f];
        if (f == VG_FATE_ANALYSED)
            count = flux->analysed;
        else if (f == VG_FATE_STOPPED)
            count += flux->stopped;
        else if (f == VG_FATE_SHUTDOWN)
            count += flux->failed;
        vg_text_add(out, "vigie_pictures_total{flux=\"%s\",fate=\"%s\"} %llu\n", id,
                    vg_fate_name((enum vg_fate)f), (unsigned long long)count);
    }
    vg_text_add(out, "vigie_pictures_decoded_total{flux=\"%s\"} %llu\n", id,
                (unsigned long long)state->decoded);
    vg_text_add(out, "vigie_pictures_wanted_total{flux=\"%s\"} %llu\n", id,
                (unsigned long long)flux->wanted);
    for (int c = VG_CONNECTION_OFF; c <= VG_CONNECTION_STOPPED; c++)
        vg_text_add(out, "vigie_flux_state{flux=\"%s\",state=\"%s\"} %d\n", id,
                    vg_connection_name((enum vg_connection)c), (int)state->connection == c);
}

/* The fields of one flux, each value written into `number` behind the one before. */
struct field_writer {
    struct vg_text_buffer out;
    char text[512];
};

static const char *number(struct field_writer *w, int decimals, double value)
{
    const char *at = w->out.text + w->out.size;
    vg_text_add(&w->out, "%.*f", decimals, value);
    w->out.size++; /* keep the zero between two values */
    return at;
}

void vg_live_publish_flux(struct vg_publisher *publisher, const struct vg_live_flux *flux,
                          const struct vg_slots_state *state, struct vg_mono_time now)
{
    struct field_writer w;
    vg_text_buffer_init(&w.out, w.text, sizeof w.text);
    const double age_s =
        state->arrival.us ? (double)(now.us - state->arrival.us) / (double)VG_US_PER_S : -1;
    const struct vg_live_field fields[] = {
        {"state", vg_connection_name(state->connection)},
        {"cause", vg_status_name(state->cause)},
        {"permitted", flux->permitted ? "true" : "false"},
        {"width", number(&w, 0, state->width)},
        {"height", number(&w, 0, state->height)},
        {"source_fps", number(&w, 3, (double)state->fps_milli / 1000)},
        {"rate_fps", number(&w, 3, flux->period_us ? 1e6 / (double)flux->period_us : 0)},
        {"analysed", number(&w, 0, (double)flux->analysed)},
        {"picture_age_s", number(&w, 1, age_s)},
        {"latency_ms", number(&w, 1, (double)flux->last_latency_us / 1000)},
        {"reconnects", number(&w, 0, (double)state->reconnects)},
        {"alerts", number(&w, 0, (double)flux->alerts)},
    };
    vg_publisher_flux(publisher, flux->config.id, fields, sizeof fields / sizeof *fields);
}
