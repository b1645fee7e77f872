#include "src/cli/bench_energy.h"

#include <stdio.h>

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/cli/meter_options.h"
#include "src/cli/options.h"
#include "src/cli/words.h"
#include "src/energy/account.h"
#include "src/energy/meter.h"

#define COUNT(array)   (sizeof(array) / sizeof *(array))
#define SECONDS_MOST   (24 * 3600.0)
#define BLOCKS         10                /* of the time, for an interval */
#define BLOCK_LEAST_US (3 * VG_US_PER_S) /* shorter ones are a few readings: no interval */

struct request {
    struct vg_meter_options meters;
    const char *for_text;
    bool as_json;
    double seconds; /* 0: the list alone */
};

/* A meter while it measures. */
struct watch {
    struct vg_meter *meter; /* NULL: it could not be opened */
    enum vg_status status;
    struct vg_fault fault;
    struct vg_meter_reading first, last;
    double joules[BLOCKS], seconds[BLOCKS]; /* that they stand for */
    uint32_t blocks;
};

/* ---- measuring ---- */

static void open_all(struct watch *watches, const struct vg_meter_list *list,
                     const struct vg_meter_settings *settings)
{
    for (uint32_t i = 0; i < list->count; i++) {
        struct watch *w = &watches[i];
        w->status = list->entry[i].status;
        w->fault = list->entry[i].fault;
        if (!w->status)
            w->status = vg_meter_open(&w->meter, settings, &list->entry[i].about, &w->fault);
        if (!w->status) /* the first may be older than the opening of the others */
            w->status = vg_meter_sample(w->meter, VG_METER_DEADLINE_US, &w->first, &w->fault);
        w->last = w->first;
    }
}

/* A block ends for each meter with a sample that was asked for; one that fails is left as it is. */
static void end_block(struct watch *w)
{
    struct vg_fault ignored;
    const struct vg_meter_reading before = w->last;
    if (w->status || vg_meter_sample(w->meter, VG_METER_DEADLINE_US, &w->last, &ignored))
        return;
    const int64_t covered_us = w->last.covered_us - before.covered_us;
    if (covered_us <= 0)
        return;
    w->joules[w->blocks] = w->last.joules - before.joules;
    w->seconds[w->blocks++] = (double)covered_us / (double)VG_US_PER_S;
}

static void measure(struct watch *watches, uint32_t count, double seconds)
{
    const int64_t start_us = vg_mono_now().us;
    const double block_us = seconds * (double)VG_US_PER_S / BLOCKS;
    for (int b = 1; b <= BLOCKS; b++) {
        const int64_t due_us = start_us + (int64_t)(b * block_us);
        for (int64_t now_us; (now_us = vg_mono_now().us) < due_us;)
            vg_pause_us(due_us - now_us);
        for (uint32_t i = 0; i < count; i++)
            end_block(&watches[i]);
    }
}

/* Mean watts, over what was covered. */
static struct vg_energy_figure watts_of(const struct watch *w, double seconds)
{
    const double covered_s =
        (double)(w->last.covered_us - w->first.covered_us) / (double)VG_US_PER_S;
    struct vg_energy_figure none = {0, 0, 0, 0};
    if (w->status || covered_s < VG_ENERGY_COVER_LEAST * seconds)
        return none;
    if (seconds * (double)VG_US_PER_S >= (double)BLOCK_LEAST_US * BLOCKS)
        return vg_energy_blocks(w->joules, w->seconds, w->blocks);
    none.mean = none.low = none.high = (w->last.joules - w->first.joules) / covered_s;
    none.count = 1;
    return none;
}

/* ---- telling ---- */

static void resolution_text(const struct vg_meter_about *about, char *text, size_t size)
{
    if (about->resolution > 0)
        (void)snprintf(text, size, "%g %s", about->resolution,
                       about->form == VG_METER_COUNTER ? "J" : "W");
    else
        (void)snprintf(text, size, "?");
}

static void print_found(const struct vg_meter_entry *e)
{
    char resolution[32];
    resolution_text(&e->about, resolution, sizeof resolution);
    (void)printf(_("%-34s %-8s steps of %s, read every %.1f s: %s\n"), e->about.name,
                 vg_energy_scope_name(e->about.scope), resolution,
                 (double)e->about.period_us / (double)VG_US_PER_S,
                 _(vg_energy_scope_text(e->about.scope)));
}

static void print_lack(const struct vg_meter_entry *e)
{
    char why[1024];
    const char *name = e->about.name[0] ? e->about.name : vg_meter_kind_name(e->about.kind);
    vg_fault_text(&e->fault, why, sizeof why);
    (void)printf(_("%-34s not there: %s\n"), name, why);
}

static void print_list(const struct vg_meter_list *list)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        found += list->entry[i].status == VG_OK;
        if (list->entry[i].status)
            print_lack(&list->entry[i]);
        else
            print_found(&list->entry[i]);
    }
    if (found == 0)
        (void)printf("%s\n", _("No meter: energy is not measured on this machine."));
}

static void print_watts(const struct vg_meter_entry *e, const struct watch *w, double seconds)
{
    const struct vg_energy_figure f = watts_of(w, seconds);
    if (e->status)
        return;
    if (f.count > 1)
        (void)printf(_("%-34s %-8s %.2f W (95 %%: %.2f to %.2f), %.2f kWh a day\n"), e->about.name,
                     vg_energy_scope_name(e->about.scope), f.mean, f.low, f.high, f.mean * 24e-3);
    else if (f.count == 1)
        (void)printf(_("%-34s %-8s %.2f W, %.2f kWh a day\n"), e->about.name,
                     vg_energy_scope_name(e->about.scope), f.mean, f.mean * 24e-3);
    else
        (void)printf(_("%-34s not measured: %s\n"), e->about.name,
                     w->status ? _(w->fault.what) : _(vg_meter_state_text(w->last.state)));
}

static json_t *figure_json(const struct vg_energy_figure *f)
{
    return f->count > 1 ? json_pack("[f, f]", f->low, f->high) : json_null();
}

static json_t *meter_json(const struct vg_meter_entry *e, const struct watch *w, double seconds)
{
    const struct vg_energy_figure f = watts_of(w, seconds);
    const bool here = e->about.name[0] != '\0';
    const bool measured = seconds > 0 && f.count > 0;
    return json_pack(
        "{s:s, s:s?, s:s?, s:s?, s:s, s:o, s:s?, s:s?, s:s, s:o, s:o}", "kind",
        vg_meter_kind_name(e->about.kind), "name", here ? e->about.name : NULL, "scope",
        here ? vg_energy_scope_name(e->about.scope) : NULL, "label", here ? e->about.label : NULL,
        "there", e->status ? vg_status_name(e->status) : "yes", "resolution",
        !e->status && e->about.resolution > 0 ? json_real(e->about.resolution) : json_null(), "why",
        e->status ? e->fault.what : NULL, "remedy", e->status ? e->fault.remedy : NULL, "status",
        vg_energy_status_name(measured ? VG_ENERGY_MEASURED : VG_ENERGY_NOT_MEASURED), "watts",
        measured ? json_real(f.mean) : json_null(), "interval",
        measured ? figure_json(&f) : json_null());
}

static enum vg_status print_json(const struct vg_meter_list *list, const struct watch *watches,
                                 double seconds, struct vg_fault *fault)
{
    json_t *meters = json_array();
    for (uint32_t i = 0; i < list->count; i++)
        (void)json_array_append_new(meters, meter_json(&list->entry[i], &watches[i], seconds));
    return vg_print_json(json_pack("{s:o, s:f}", "meters", meters, "seconds", seconds), fault);
}

static enum vg_status tell(const struct request *r, const struct vg_meter_list *list,
                           const struct watch *watches, struct vg_fault *fault)
{
    if (r->as_json)
        return print_json(list, watches, r->seconds, fault);
    for (uint32_t i = 0; r->seconds > 0 && i < list->count; i++)
        print_watts(&list->entry[i], &watches[i], r->seconds);
    return VG_OK;
}

/* ---- life ---- */

static enum vg_status run(const struct request *r, const struct vg_meter_settings *settings,
                          struct vg_fault *fault)
{
    struct vg_meter_list *list = NULL;
    enum vg_status status = vg_meter_find(&list, settings, fault);
    if (status)
        return status;
    struct watch *watches = vg_alloc_array(VG_METERS_MAX, sizeof *watches);
    if (!watches) {
        vg_free(list);
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "bench energy");
    }
    if (!r->as_json)
        print_list(list);
    if (r->seconds > 0) {
        open_all(watches, list, settings);
        measure(watches, list->count, r->seconds);
    }
    status = tell(r, list, watches, fault);
    for (uint32_t i = 0; i < list->count; i++)
        vg_meter_close(&watches[i].meter);
    vg_free(watches);
    vg_free(list);
    return status;
}

enum vg_status vg_bench_energy(int argc, char **argv, struct vg_fault *fault)
{
    struct request r = {.for_text = "0"};
    struct vg_meter_settings settings;
    struct vg_option options[VG_METER_OPTIONS + 2] = {
        {"for", "SECONDS", N_("measures what the machine draws for so long (0: not at all)"),
         &r.for_text, NULL},
        {"json", NULL, N_("for machines"), NULL, &r.as_json},
    };
    vg_meter_options_rows(&r.meters, options + 2);
    const struct vg_usage usage = {
        "bench energy", "", N_("the meters of energy of this machine, and what it draws at rest"),
        options, COUNT(options)};
    int count = 0;
    enum vg_status status = vg_options_read(&usage, argc, argv, &count, fault);
    if (!status)
        status = vg_options_operands(&usage, count, 0, 0, fault);
    if (!status)
        status = vg_option_number("for", r.for_text, 0, SECONDS_MOST, &r.seconds, fault);
    if (!status)
        status = vg_meter_options_take(&r.meters, &settings, fault);
    return status ? status : run(&r, &settings, fault);
}
