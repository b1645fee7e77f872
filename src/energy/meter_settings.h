/* What is told to the meters of energy before they are looked for: data, copied by whoever keeps it. */
#ifndef VG_ENERGY_METER_SETTINGS_H
#define VG_ENERGY_METER_SETTINGS_H

#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/energy/energy_scope.h"

enum vg_meter_kind {
    VG_METER_RAPL,    /* counters of the processors (Intel, AMD), by Linux' powercap */
    VG_METER_NVML,    /* NVIDIA's boards */
    VG_METER_HWMON,   /* AMD's and Intel's boards, and servers that measure themselves by ACPI */
    VG_METER_IPMI,    /* the server's controller, by DCMI */
    VG_METER_SNMP,    /* a power strip of the network */
    VG_METER_COMMAND, /* a program that prints watts */
    VG_METER_KINDS
};

struct vg_meter_settings {
    char root[256];     /* before /sys, /dev and /proc; "" the machine's own, else a test's */
    char library[256];  /* NVML; "": libnvidia-ml.so.1 */
    char command[1024]; /* program and arguments, see power_command.h; "": none */
    char snmp[256];     /* "HOST[:PORT]/1.3.6.1...", see snmp_meter.c; "": none */
    char community[64]; /* of SNMP; "": public */
    double snmp_scale;  /* watts for 1 of what the strip answers; 0: 1 */
    enum vg_energy_scope command_scope;
    int64_t period_us;   /* between readings; 0: as suits each kind */
    int64_t deadline_us; /* for one reading; 0: 5 s */
    int64_t stall_us;    /* of the tally; 0: its own */
    uint32_t kinds;      /* bits 1 << enum vg_meter_kind that are looked for; 0: all */
};

#define VG_METER_DEADLINE_US INT64_C(5000000)

/* Whether what a person wrote can be a meter at all, before one is looked for: VG_E_CALL names what
 * cannot (an address of a power strip that is none). Asks nothing of the network. */
enum vg_status vg_meter_settings_check(const struct vg_meter_settings *settings,
                                       struct vg_fault *fault) VG_MUST_USE;

/* "rapl"; never NULL. */
const char *vg_meter_kind_name(enum vg_meter_kind kind);

#endif
