/* What a kind of meter is made of, for meter.c and meter_list.c alone: a row of functions, called by
 * one thread at a time, which may be kept waiting by a driver for as long as it pleases. */
#ifndef VG_ENERGY_METER_SOURCE_H
#define VG_ENERGY_METER_SOURCE_H

#include "src/base/fault.h"
#include "src/energy/energy_tally.h"
#include "src/energy/meter_list.h"
#include "src/energy/meter_settings.h"

struct vg_meter_source {
    const char *name;
    /* Adds what is there to the list, those that may not be read with their fault. VG_E_MISSING and
     * others: there is none, and fault says why. */
    enum vg_status (*find)(const struct vg_meter_settings *settings, struct vg_meter_list *list,
                           struct vg_fault *fault);
    /* *state given. */
    enum vg_status (*open)(void **state, const struct vg_meter_settings *settings,
                           const struct vg_meter_about *about, struct vg_fault *fault);
    enum vg_status (*read)(void *state, struct vg_meter_sample *sample, struct vg_fault *fault);
    void (*close)(void *state);
};

const struct vg_meter_source *vg_meter_source(enum vg_meter_kind kind);

/* Room for one more in the list: zeroed but for kind; NULL: full. */
struct vg_meter_entry *vg_meter_list_add(struct vg_meter_list *list, enum vg_meter_kind kind);

extern const struct vg_meter_source vg_rapl_source, vg_nvml_source_row, vg_hwmon_source,
    vg_ipmi_source, vg_snmp_source, vg_command_source;

#endif
