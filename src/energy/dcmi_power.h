/* The power reading of a server's controller, as DCMI has it. Pure.
 * Source: Data Center Manageability Interface specification 1.5, 6.6.1 "Get Power Reading". */
#ifndef VG_ENERGY_DCMI_POWER_H
#define VG_ENERGY_DCMI_POWER_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"

#define VG_DCMI_NETFN      0x2c /* of a group; its answers come with 0x2d */
#define VG_DCMI_POWER      0x02
#define VG_DCMI_GROUP      0xdc
#define VG_DCMI_ASKED_SIZE 4

/* What is asked: this moment's statistics of the system. */
extern const uint8_t vg_dcmi_power_asked[VG_DCMI_ASKED_SIZE];

struct vg_dcmi_power {
    uint16_t watts, least, most, mean; /* of this moment; over the period of the controller */
    uint32_t period_ms;
};

/* answer: completion code, group, then the fields, little-endian:
 *
 *   0 code   1 group   2 now   4 least   6 most   8 mean   10 time   14 period ms   18 state
 *
 * Bit 6 of the state: the controller measures. VG_E_LACK: the controller refuses or does not measure
 * (place: its code), VG_E_INPUT: no such answer. */
enum vg_status vg_dcmi_power_parse(const uint8_t *answer, size_t size, struct vg_dcmi_power *power,
                                   struct vg_fault *fault) VG_MUST_USE;

#endif
