#include "scheduler/live_energy.h"

#include <assert.h>

static_assert(VG_LIVE_FLUX_MAX <= VG_ENERGY_FLUX_MAX, "every flux has a place");

void vg_live_energy_step(struct vg_live_energy *e, const struct vg_live_flux *flux,
                         uint64_t pictures, struct vg_mono_time now)
{
    if (!e->thread)
        return;
    (void)vg_energy_thread_look(e->thread, &e->seen);
    e->point.now_us = now.us;
    e->point.pictures = pictures;
    e->point.meters = e->seen.count;
    for (uint32_t m = 0; m < e->seen.count; m++) {
        e->point.meter[m].joules = e->seen.meter[m].joules;
        e->point.meter[m].covered_us = e->seen.meter[m].covered_us;
    }
    for (uint32_t i = 0; i < VG_LIVE_FLUX_MAX; i++)
        e->point.busy_us[i] = flux[i].used ? flux[i].busy_us : 0;
    vg_energy_window_step(&e->window, &e->point);
}

/* The labels of a meter, and the value. */
static void line(struct vg_text_buffer *out, const char *metric, const struct vg_energy_seen *meter,
                 double value)
{
    vg_text_add(out, "vigie_%s{scope=\"%s\",meter=\"%s\"} %.9g\n", metric,
                vg_energy_scope_name(meter->scope), meter->name, value);
}

static void report_meters(const struct vg_live_energy *e, struct vg_text_buffer *out)
{
    const struct vg_energy_seen *meter = e->seen.meter;
    vg_text_add(out, "# TYPE vigie_power_watts gauge\n");
    for (uint32_t m = 0; m < e->seen.count; m++)
        if (meter[m].watts >= 0)
            line(out, "power_watts", &meter[m], meter[m].watts);
    vg_text_add(out, "# TYPE vigie_energy_joules_total counter\n");
    for (uint32_t m = 0; m < e->seen.count; m++)
        line(out, "energy_joules_total", &meter[m], meter[m].joules);
    vg_text_add(out, "# TYPE vigie_energy_covered_seconds_total counter\n");
    for (uint32_t m = 0; m < e->seen.count; m++)
        line(out, "energy_covered_seconds_total", &meter[m], (double)meter[m].covered_us * 1e-6);
    vg_text_add(out, "# TYPE vigie_energy_meter_well gauge\n");
    for (uint32_t m = 0; m < e->seen.count; m++)
        line(out, "energy_meter_well", &meter[m], meter[m].state == VG_METER_WELL);
}

static void report_pictures(const struct vg_live_energy *e, struct vg_text_buffer *out)
{
    vg_text_add(out, "# TYPE vigie_picture_joules gauge\n");
    for (uint32_t m = 0; m < e->seen.count; m++) {
        const struct vg_energy_mean mean = vg_energy_window_mean(&e->window, &e->point, m);
        if (mean.known && mean.picture_j >= 0)
            line(out, "picture_joules", &e->seen.meter[m], mean.picture_j);
    }
}

static void report_flux(const struct vg_live_energy *e, const struct vg_live_flux *flux,
                        struct vg_text_buffer *out)
{
    const int64_t total_us = vg_energy_window_busy_us(&e->window, &e->point);
    vg_text_add(out, "# TYPE vigie_flux_power_watts gauge\n");
    for (uint32_t m = 0; m < e->seen.count && total_us > 0; m++) {
        const struct vg_energy_mean mean = vg_energy_window_mean(&e->window, &e->point, m);
        const struct vg_energy_seen *meter = &e->seen.meter[m];
        for (uint32_t i = 0; i < VG_LIVE_FLUX_MAX && mean.known; i++)
            if (flux[i].used)
                vg_text_add(
                    out, "vigie_flux_power_watts{flux=\"%s\",scope=\"%s\",meter=\"%s\"} %.6g\n",
                    flux[i].config.id, vg_energy_scope_name(meter->scope), meter->name,
                    mean.watts * vg_energy_window_share(&e->window, &e->point, i, total_us));
    }
}

void vg_live_energy_report(const struct vg_live_energy *e, const struct vg_live_flux *flux,
                           struct vg_text_buffer *out)
{
    vg_text_add(out, "# TYPE vigie_flux_device_seconds_total counter\n");
    for (uint32_t i = 0; i < VG_LIVE_FLUX_MAX; i++)
        if (flux[i].used)
            vg_text_add(out, "vigie_flux_device_seconds_total{flux=\"%s\"} %.6f\n",
                        flux[i].config.id, (double)flux[i].busy_us * 1e-6);
    if (e->seen.count == 0)
        return;
    report_meters(e, out);
    report_pictures(e, out);
    report_flux(e, flux, out);
}
