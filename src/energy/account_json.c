#include "src/energy/account_json.h"

#include <stddef.h>

static const struct {
    const char *name;
    size_t offset;
} rows[] = {
#define ROW(name)                                       \
    {                                                   \
#name, offsetof(struct vg_energy_account, name) \
    }
    ROW(j_per_picture),
    ROW(w_per_flux),
    ROW(gross_w),
    ROW(idle_w),
    ROW(net_w),
    ROW(gross_j),
    ROW(net_j),
    ROW(net_j_per_picture),
    ROW(net_w_per_flux),
    ROW(kwh_per_day),
    ROW(kwh_per_deployment),
#undef ROW
};

static const struct vg_energy_figure *figure(const struct vg_energy_account *account, size_t row)
{
    const char *at = (const char *)account + rows[row].offset;
    return (const void *)at;
}

static json_t *means_and_intervals(const struct vg_energy_account *account, json_t *object)
{
    json_t *intervals = json_object();
    int failed = intervals == NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct vg_energy_figure *f = figure(account, i);
        failed |=
            json_object_set_new(object, rows[i].name, f->count ? json_real(f->mean) : json_null());
        if (f->count > 1)
            failed |=
                json_object_set_new(intervals, rows[i].name, json_pack("[f, f]", f->low, f->high));
    }
    if (!failed && json_object_size(intervals) > 0)
        return intervals;
    json_decref(intervals);
    return failed ? NULL : json_null();
}

static json_t *assumed(const struct vg_energy_assumption *a)
{
    return a ? json_pack("{s:f, s:f, s:f}", "idle_w", a->idle_w, "full_w", a->full_w, "busy",
                         a->busy)
             : json_null();
}

json_t *vg_energy_account_json(const struct vg_energy_account *account, const char *meter,
                               const struct vg_energy_assumption *assumption)
{
    const bool known = account->status != VG_ENERGY_NOT_MEASURED;
    json_t *object = json_pack(
        "{s:s, s:s?, s:s?, s:s?, s:i, s:i, s:o, s:o, s:o, s:b, s:o}", "status",
        vg_energy_status_name(account->status), "scope",
        known ? vg_energy_scope_name(account->scope) : NULL, "meter", meter, "why", account->why,
        "runs", (int)account->runs, "left_out", (int)account->left_out, "covered",
        account->status == VG_ENERGY_MEASURED ? json_real(account->cover_least) : json_null(),
        "days", known ? json_real(account->days) : json_null(), "idle_drift",
        account->idle_w.count ? json_real(account->drift) : json_null(), "idle_drifts",
        (int)account->idle_drifts, "assumption", assumed(assumption));
    json_t *interval = object ? means_and_intervals(account, object) : NULL;
    if (interval && json_object_set_new(object, "interval", interval) == 0)
        return object;
    json_decref(object);
    return NULL;
}
