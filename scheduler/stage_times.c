#include "scheduler/stage_times.h"

#include <string.h>

/* A family's rows stand together, as Prometheus wants its lines. */
static const struct stage_row {
    const char *family; /* before "_seconds" */
    const char *label;
} stage_row[VG_STAGE_COUNT] = {
    [VG_STAGE_RECEIVE] = {"vigie_stage", "stage=\"receive\""},
    [VG_STAGE_DECODE] = {"vigie_stage", "stage=\"decode\""},
    [VG_STAGE_WAIT] = {"vigie_stage", "stage=\"wait\""},
    [VG_STAGE_PREPARE] = {"vigie_stage", "stage=\"prepare\""},
    [VG_STAGE_INFER] = {"vigie_stage", "stage=\"infer\""},
    [VG_STAGE_MAPS] = {"vigie_stage", "stage=\"maps\""},
    [VG_STAGE_TRACK] = {"vigie_stage", "stage=\"track\""},
    [VG_STAGE_RULES] = {"vigie_stage", "stage=\"rules\""},
    [VG_STAGE_PUBLISH] = {"vigie_stage", "stage=\"publish\""},
    [VG_STAGE_ALERT] = {"vigie_stage", "stage=\"alert\""},
    [VG_STAGE_TOTAL] = {"vigie_latency", ""},
    [VG_STAGE_DUE] = {"vigie_latency_due", ""},
    [VG_STAGE_REDIS] = {"vigie_alert_latency", "to=\"redis\""},
};

void vg_stage_times_add(struct vg_stage_times *times, enum vg_stage stage, int64_t us)
{
    vg_time_metric_add(&times->stage[stage], us);
}

void vg_stage_times_add_due(struct vg_stage_times *times, int64_t us, int64_t interval_us,
                            uint32_t count)
{
    vg_time_metric_add_due(&times->stage[VG_STAGE_DUE], us, interval_us, count);
}

double vg_stage_times_quantile_s(const struct vg_stage_times *times, enum vg_stage stage, double q)
{
    return (double)vg_time_metric_quantile_us(&times->stage[stage], q) / (double)VG_US_PER_S;
}

/* The rows from `first` on that are of its family: how many. */
static int family_of(int first)
{
    int count = 1;
    while (first + count < VG_STAGE_COUNT &&
           strcmp(stage_row[first + count].family, stage_row[first].family) == 0)
        count++;
    return count;
}

static void print_family(struct vg_stage_times *times, int first, int count,
                         struct vg_mono_time now, struct vg_text_buffer *out)
{
    char name[64];
    struct vg_text_buffer text;
    vg_text_buffer_init(&text, name, sizeof name);
    vg_text_add(&text, "%s_seconds", stage_row[first].family);
    vg_text_add(out, "# TYPE %s histogram\n", name);
    for (int s = first; s < first + count; s++)
        vg_time_metric_print(&times->stage[s], name, stage_row[s].label, out);
    if (first >= VG_STAGES)
        vg_time_metric_print_fine(&times->stage[first], name, out);
    vg_text_buffer_init(&text, name, sizeof name);
    vg_text_add(&text, "%s_recent_seconds", stage_row[first].family);
    vg_text_add(out, "# TYPE %s gauge\n", name);
    for (int s = first; s < first + count; s++)
        vg_time_metric_print_recent(&times->stage[s], name, stage_row[s].label, now, out);
}

void vg_stage_times_print(struct vg_stage_times *times, struct vg_mono_time now,
                          struct vg_text_buffer *out)
{
    for (int s = 0; s < VG_STAGE_COUNT; s += family_of(s))
        print_family(times, s, family_of(s), now, out);
}
