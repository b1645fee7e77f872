#include "src/cli/meter_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/text.h"

void vg_meter_options_rows(struct vg_meter_options *options,
                           struct vg_option rows[VG_METER_OPTIONS])
{
    const struct vg_option all[VG_METER_OPTIONS] = {
        {"power-cmd", "CMD", N_("a program and its words that print watts; no shell reads it"),
         &options->command, NULL},
        {"power-scope", "S", N_("what those watts hold: wall, board, gpu, package or dram (wall)"),
         &options->scope, NULL},
        {"snmp", "HOST/OID", N_("a power strip and its value of watts, HOST:PORT/1.3.6.1..."),
         &options->snmp, NULL},
        {"snmp-scale", "X", N_("watts for 1 of that value (1)"), &options->scale, NULL},
    };
    memcpy(rows, all, sizeof all);
}

static enum vg_status copy(char *to, size_t size, const char *name, const char *text,
                           struct vg_fault *fault)
{
    if (text && !text[0])
        return vg_fault_set(fault, VG_E_CALL, N_("this is empty"), NULL, "--%s", name);
    const int n = snprintf(to, size, "%s", text ? text : "");
    return n >= 0 && (size_t)n < size
               ? VG_OK
               : vg_fault_set(fault, VG_E_CALL, N_("this is too long"), NULL, "--%s", name);
}

enum vg_status vg_meter_options_take(const struct vg_meter_options *options,
                                     struct vg_meter_settings *settings, struct vg_fault *fault)
{
    const char *scope = options->scope ? options->scope : "wall";
    const char *community = getenv("VIGIE_SNMP_COMMUNITY");
    memset(settings, 0, sizeof *settings);
    settings->command_scope = vg_energy_scope_of(scope);
    if (settings->command_scope == VG_ENERGY_SCOPES)
        return vg_fault_set(fault, VG_E_CALL, N_("there is no such scope of energy"),
                            N_("wall, board, gpu, package or dram"), "--power-scope %.80s", scope);
    enum vg_status status =
        copy(settings->command, sizeof settings->command, "power-cmd", options->command, fault);
    if (!status)
        status = copy(settings->snmp, sizeof settings->snmp, "snmp", options->snmp, fault);
    if (!status)
        status = copy(settings->community, sizeof settings->community, "snmp",
                      community && community[0] ? community : NULL, fault);
    if (!status && options->scale)
        status =
            vg_option_number("snmp-scale", options->scale, 1e-6, 1e6, &settings->snmp_scale, fault);
    return status ? status : vg_meter_settings_check(settings, fault);
}
