#include "src/energy/meter_list.h"

#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/energy/bounded_call.h"
#include "src/energy/meter_source.h"

const struct vg_meter_source *vg_meter_source(enum vg_meter_kind kind)
{
    static const struct vg_meter_source *const sources[VG_METER_KINDS] = {
        [VG_METER_RAPL] = &vg_rapl_source,   [VG_METER_NVML] = &vg_nvml_source_row,
        [VG_METER_HWMON] = &vg_hwmon_source, [VG_METER_IPMI] = &vg_ipmi_source,
        [VG_METER_SNMP] = &vg_snmp_source,   [VG_METER_COMMAND] = &vg_command_source,
    };
    return sources[kind];
}

const char *vg_meter_kind_name(enum vg_meter_kind kind)
{
    return (unsigned)kind < VG_METER_KINDS ? vg_meter_source(kind)->name : "unknown";
}

struct vg_meter_entry *vg_meter_list_add(struct vg_meter_list *list, enum vg_meter_kind kind)
{
    if (list->count == VG_METERS_MAX)
        return NULL;
    struct vg_meter_entry *entry = &list->entry[list->count++];
    memset(entry, 0, sizeof *entry);
    entry->about.kind = kind;
    return entry;
}

/* The search for one kind: copies all, since it may outlive who asked. */
struct search {
    struct vg_meter_settings settings;
    enum vg_meter_kind kind;
    struct vg_meter_list found;
    enum vg_status status;
    struct vg_fault fault;
};

static void search_run(void *state)
{
    struct search *s = state;
    s->status = vg_meter_source(s->kind)->find(&s->settings, &s->found, &s->fault);
}

static void lack_add(struct vg_meter_list *list, enum vg_meter_kind kind, enum vg_status status,
                     const struct vg_fault *fault)
{
    struct vg_meter_entry *entry = vg_meter_list_add(list, kind);
    if (!entry)
        return;
    entry->status = status;
    entry->fault = *fault;
}

static enum vg_status kind_find(struct vg_meter_list *list,
                                const struct vg_meter_settings *settings, enum vg_meter_kind kind)
{
    struct search *s = vg_alloc(sizeof *s);
    if (!s)
        return VG_E_MEMORY;
    s->settings = *settings;
    s->kind = kind;
    const int64_t deadline_us =
        settings->deadline_us ? settings->deadline_us : VG_METER_DEADLINE_US;
    /* what answers at its deadline is still heard */
    enum vg_status status = vg_bounded_call(search_run, vg_free, s, deadline_us * 3 / 2);
    if (status == VG_E_TIMEOUT) {
        struct vg_fault late;
        (void)vg_fault_set(&late, status, N_("the meter does not answer"), NULL, "%s",
                           vg_meter_kind_name(kind));
        lack_add(list, kind, status, &late);
        return VG_OK;
    }
    for (uint32_t i = 0; !status && i < s->found.count; i++) {
        struct vg_meter_entry *entry = vg_meter_list_add(list, kind);
        if (entry)
            *entry = s->found.entry[i];
    }
    if (!status && s->status)
        lack_add(list, kind, s->status, &s->fault);
    vg_free(s);
    return status;
}

enum vg_status vg_meter_find(struct vg_meter_list **list, const struct vg_meter_settings *settings,
                             struct vg_fault *fault)
{
    *list = vg_alloc(sizeof **list);
    enum vg_status status = *list ? VG_OK : VG_E_MEMORY;
    for (int k = 0; k < VG_METER_KINDS && !status; k++)
        if (!settings->kinds || settings->kinds >> k & 1)
            status = kind_find(*list, settings, (enum vg_meter_kind)k);
    if (!status)
        return VG_OK;
    vg_free(*list);
    *list = NULL;
    return vg_fault_set(fault, status, vg_status_text(status), NULL, "%s", "vg_meter_find");
}
