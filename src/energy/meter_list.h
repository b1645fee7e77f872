/* Which meters of energy a machine has, and why it has not the others. */
#ifndef VG_ENERGY_METER_LIST_H
#define VG_ENERGY_METER_LIST_H

#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/energy/energy_tally.h"
#include "src/energy/meter_settings.h"

/* One meter, as found. */
struct vg_meter_about {
    char name[64];  /* "rapl:package": the same on the next day */
    char label[96]; /* what the machine calls it; may be "" */
    enum vg_meter_kind kind;
    enum vg_energy_scope scope;
    enum vg_meter_form form;
    uint32_t parts;    /* of a counter */
    double resolution; /* joules of a counter, watts else; 0: not known */
    int64_t period_us; /* between two readings */
    uint64_t wrap_uj[VG_METER_PARTS_MAX];
};

/* A meter, or why there is none of its kind. */
struct vg_meter_entry {
    struct vg_meter_about about; /* with status: kind alone, or name and scope too */
    enum vg_status status;
    struct vg_fault fault; /* with status */
};

#define VG_METERS_MAX 32

struct vg_meter_list {
    uint32_t count;
    struct vg_meter_entry entry[VG_METERS_MAX];
};

/* One line at least for each kind that is asked for: meters that can be read (VG_OK), that are there
 * but cannot (VG_E_DENIED: the remedy says how), and kinds of which there is none (no name). Each kind
 * is looked for by a thread of its own, for as long as the deadline: one that hangs is VG_E_TIMEOUT
 * and the others are there. Given; vg_free it. VG_E_MEMORY. */
enum vg_status vg_meter_find(struct vg_meter_list **list, const struct vg_meter_settings *settings,
                             struct vg_fault *fault) VG_MUST_USE;

#endif
