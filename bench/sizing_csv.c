#include "bench/sizing_csv.h"

#include "bench/sizing_needs.h"

/* Words of ours alone: none has a comma or a quote. */
static void add_value(const json_t *value, struct vg_text_buffer *out)
{
    vg_text_add(out, ",");
    if (json_is_string(value))
        vg_text_add(out, "%s", json_string_value(value));
    else if (json_is_number(value))
        vg_text_add(out, "%.6g", json_number_value(value));
    else if (json_is_boolean(value))
        vg_text_add(out, "%s", json_is_true(value) ? "true" : "false");
}

static void add_keys(const json_t *object, const char *const *keys, struct vg_text_buffer *out)
{
    for (size_t i = 0; keys[i]; i++)
        add_value(json_object_get(object, keys[i]), out);
}

static const char *const own_keys[] = {"flux", "held", "status", "worst_flux_fps", NULL};
static const char *const latency_keys[] = {"p50", "p95", "p99", NULL};
static const char *const predicted_keys[] = {"predicted_p99_ms", "predicted_held", NULL};
static const char *const energy_keys[] = {"status",     "scope",       "j_per_picture",
                                          "w_per_flux", "kwh_per_day", NULL};
/* At the end of a line: what is beside the first of energy, and intervals at 95 %. */
static const char *const energy_more[] = {
    "gross_w", "idle_w", "net_w", "net_j_per_picture", "net_w_per_flux", "kwh_per_deployment",
    NULL};
static const char *const energy_sure[] = {"w_per_flux",        "net_w_per_flux", "j_per_picture",
                                          "net_j_per_picture", "kwh_per_day",    NULL};
static const char *const figure_keys[] = {"value", "bare", "status", NULL};

static void add_head(struct vg_text_buffer *out)
{
    vg_text_add(out, "kind,flux,held,status,worst_flux_fps,p50_ms,p95_ms,p99_ms,predicted_p99_ms,"
                     "predicted_held,energy_status,energy_scope,j_per_picture,w_per_flux,"
                     "kwh_per_day");
    for (int i = 0; i < VG_SIZE_NEEDS; i++) {
        const char *name = vg_size_need_name((enum vg_size_need)i);
        vg_text_add(out, ",%s,%s_bare,%s_status", name, name, name);
    }
    for (size_t i = 0; energy_more[i]; i++)
        vg_text_add(out, ",%s", energy_more[i]);
    for (size_t i = 0; energy_sure[i]; i++)
        vg_text_add(out, ",%s_low,%s_high", energy_sure[i], energy_sure[i]);
    vg_text_add(out, "\n");
}

static void add_energy(const json_t *energy, struct vg_text_buffer *out)
{
    const json_t *interval = json_object_get(energy, "interval");
    add_keys(energy, energy_more, out);
    for (size_t i = 0; energy_sure[i]; i++) {
        const json_t *pair = json_object_get(interval, energy_sure[i]);
        add_value(json_array_get(pair, 0), out);
        add_value(json_array_get(pair, 1), out);
    }
}

static void add_line(const char *kind, const json_t *object, struct vg_text_buffer *out)
{
    const json_t *needs = json_object_get(object, "needs");
    vg_text_add(out, "%s", kind);
    add_keys(object, own_keys, out);
    add_keys(json_object_get(object, "latency_ms"), latency_keys, out);
    add_keys(object, predicted_keys, out);
    add_keys(json_object_get(object, "energy"), energy_keys, out);
    for (int i = 0; i < VG_SIZE_NEEDS; i++)
        add_keys(json_object_get(needs, vg_size_need_name((enum vg_size_need)i)), figure_keys, out);
    add_energy(json_object_get(object, "energy"), out);
    vg_text_add(out, "\n");
}

void vg_size_csv(const json_t *report, struct vg_text_buffer *out)
{
    const json_t *runs = json_object_get(report, "runs"), *tiers = json_object_get(report, "tiers");
    add_head(out);
    for (size_t i = 0; i < json_array_size(runs); i++)
        add_line("run", json_array_get(runs, i), out);
    for (size_t i = 0; i < json_array_size(tiers); i++)
        add_line("tier", json_array_get(tiers, i), out);
}
