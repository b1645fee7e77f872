/* The options that tell a bench which meters of energy there are, the same for each bench:
 *
 *   --power-cmd CMD  --power-scope S  --snmp HOST/OID  --snmp-scale X
 *
 * The community of SNMP comes by VIGIE_SNMP_COMMUNITY: a command line is seen by all. */
#ifndef VG_CLI_METER_OPTIONS_H
#define VG_CLI_METER_OPTIONS_H

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/cli/options.h"
#include "src/energy/meter_settings.h"

struct vg_meter_options {
    const char *command, *scope, *snmp, *scale;
};

#define VG_METER_OPTIONS 4

/* Their rows, for the command's table; options is borrowed by them. */
void vg_meter_options_rows(struct vg_meter_options *options,
                           struct vg_option rows[VG_METER_OPTIONS]);

/* What they ask for. VG_E_CALL. */
enum vg_status vg_meter_options_take(const struct vg_meter_options *options,
                                     struct vg_meter_settings *settings,
                                     struct vg_fault *fault) VG_MUST_USE;

#endif
